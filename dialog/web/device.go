package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Device is where a person is signed in, or may be by a link.
type Device struct {
	ID, Owner, Name string
	Key             dialog.Key // of its conversation; an open page hears there that it is signed out
	First, User     string     // what the person is called, and the username without @; both may be empty
	Since, Seen     time.Time  // of the sign-in, and of the last day on which it was used
}

// Devices sign people in and out. Each method reads the store, and never a cache: whoever is signed out at one instance is signed out at
// all of them. Errors are those of the engine. Methods may be called concurrently.
type Devices interface {
	// Device reads the device of a proof, which SignIn has given; ok is false for any other text.
	Device(ctx context.Context, proof string) (d Device, ok bool, err error)
	// Offered reads what a link offers, and changes nothing; ok is false for a link that was used, is over, or never was.
	Offered(ctx context.Context, token string) (d Device, ok bool, err error)
	// SignIn uses a link, once, and returns the proof that the browser keeps; empty: the link may not be used. once names the form
	// that was sent: sent again it gets the same proof. name is that of the browser.
	SignIn(ctx context.Context, token, once, name string) (proof string, err error)
	// List reads the devices of a person, the newest first.
	List(ctx context.Context, owner string) ([]Device, error)
	// SignOut signs the device of an id out, all of a person's ("all"), or all but keep ("others"). All and others drop the links that wait
	// to be used, too. Given twice it is harmless.
	SignOut(ctx context.Context, owner, which, keep string) error
}

const (
	deviceSuffix = "-device"
	deviceAge    = 180 * 24 * 60 * 60 // seconds
	deviceFor    = time.Second        // timeout of the store for the device of a request
)

// signedIn is the visitor of a request with the cookie of a device: the person whom it belongs to. While the store is away nobody
// knows; a cookie that leads to nothing is that of an anonymous visitor.
func (s *Site) signedIn(r *http.Request, anonymous visitor) visitor {
	name, _ := s.cookieFor(r, deviceSuffix)
	c, err := r.Cookie(name)
	if s.cfg.Devices == nil || err != nil {
		return anonymous
	}
	ctx, cancel := context.WithTimeout(r.Context(), deviceFor)
	defer cancel()
	d, ok, err := s.cfg.Devices.Device(ctx, c.Value)
	switch {
	case err != nil:
		id, _, _ := strings.Cut(c.Value, ".")
		return visitor{id: id, away: err}
	case !ok:
		anonymous.gone = true
		return anonymous
	}
	return visitor{id: d.ID, device: &d}
}

// owner is who owns the conversations of a visitor.
func (s *Site) owner(v visitor) string {
	if v.device != nil {
		return v.device.Owner
	}
	return s.cfg.Owner + v.id
}

// profile is what is known of a person who is signed in.
func (v visitor) profile() dialog.Profile {
	if v.device == nil {
		return dialog.Profile{}
	}
	_, id, _ := strings.Cut(v.device.Owner, ":")
	return dialog.Profile{ID: id, Username: v.device.User, Name: v.device.First}
}

// unreachable answers while nobody knows whose cookie a request has.
func (s *Site) unreachable(w http.ResponseWriter, v visitor, lang string) bool {
	if v.away == nil {
		return false
	}
	s.warn("read a device", v.away)
	s.unreached(w, lang, v.away)
	return true
}

// signedOut deletes the cookie of a device that is not there any more, and returns the band that says so; nil for any other visitor. What the
// script of a page asks for is not shown to the person as it is: the cookie stays until a page is opened.
func (s *Site) signedOut(w http.ResponseWriter, r *http.Request, v visitor, lang string) *dialog.Band {
	if !v.gone {
		return nil
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode == "" || mode == "navigate" {
		s.setCookie(w, r, deviceSuffix, "", -1)
	}
	return s.band(lang, "page.signed_out", nil)
}

// devicesPath is the page with the devices of a person.
const devicesPath = "/devices"

// devicesPage is the data of the template "devices".
type devicesPage struct {
	frame
	InputID, CSRF           string
	Heading, As             string
	Items                   []deviceItem
	Others, OthersHint, All string
}

// deviceItem is a device of the list.
type deviceItem struct {
	Name, State, Since  string
	Action, Label, Aria string
	This                bool
}

// devices shows where the visitor is signed in.
func (s *Site) devices(w http.ResponseWriter, r *http.Request, lang string) {
	if wait := s.limitAddress(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	v := s.visitor(r)
	switch {
	case s.unreachable(w, v, lang):
		return
	case v.gone:
		s.lead303(w, "/")
		return
	case v.device == nil:
		s.bare(w, lang, http.StatusOK, "page.devices.none", nil)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerFor)
	defer cancel()
	list, err := s.cfg.Devices.List(ctx, v.device.Owner)
	if err != nil {
		s.warn("list the devices", err)
		s.unreached(w, lang, err)
		return
	}
	p := &devicesPage{frame: s.frame(lang, &dialog.Card{}), InputID: random(), CSRF: s.token(v), Heading: s.say(lang, "page.devices", nil)}
	p.Title, p.Foot = s.title(lang, p.Heading), s.foot(lang)
	p.As = s.say(lang, "page.devices.as", map[string]string{"person": s.person(lang, v.device)})
	for _, d := range list {
		p.Items = append(p.Items, s.deviceItem(lang, &d, d.ID == v.device.ID))
	}
	p.Others, p.OthersHint, p.All = s.say(lang, "page.out.others", nil), s.say(lang, "page.out.after", nil), s.say(lang, "page.out.all", nil)
	s.send(w, http.StatusOK, "devices", p)
}

// deviceItem is a device as a line of the list.
func (s *Site) deviceItem(lang string, d *Device, this bool) deviceItem {
	v := dialog.View{Lang: lang, Now: s.engine.Now(), Zone: s.engine.Zone()}
	it := deviceItem{Name: d.Name, This: this, Action: "out:" + d.ID, Label: s.say(lang, "page.out", nil),
		Since: s.say(lang, "page.device.since", map[string]string{"at": s.cfg.Words.ClockDay(v, d.Since)}),
		State: s.say(lang, "page.device.used", map[string]string{"day": s.cfg.Words.Day(v, d.Seen)}),
		Aria:  s.say(lang, "page.out.named", map[string]string{"device": d.Name})}
	if this {
		it.State, it.Label, it.Aria = s.say(lang, "page.device.this", nil), s.say(lang, "page.out.here", nil), ""
	}
	return it
}

// signOut takes the form of the list of devices. Before it answers they are signed out.
func (s *Site) signOut(p *post) {
	verb, which, _ := strings.Cut(p.action, ":")
	own := p.v.device
	if own == nil || verb != "out" || which == "" {
		s.lead303(p.w, devicesPath)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.r.Context()), answerFor)
	defer cancel()
	if err := s.cfg.Devices.SignOut(ctx, own.Owner, which, own.ID); err != nil {
		s.warn("sign out", err)
		s.unreached(p.w, p.lang, err)
		return
	}
	if which != own.ID && which != "all" {
		s.lead303(p.w, devicesPath)
		return
	}
	s.setCookie(p.w, p.r, deviceSuffix, "", -1)
	s.setCookie(p.w, p.r, "-look", "", -1)
	s.lead303(p.w, "/")
}

// ofDevices reports whether a path is of a page that signs in or out.
func (s *Site) ofDevices(path string) bool {
	return s.cfg.Devices != nil && (path == devicesPath || strings.HasPrefix(path, inPath))
}

// awayFrom answers a form while nobody knows whose cookie it came with. Only the page of that device gets it back.
func (s *Site) awayFrom(p *post, at door) {
	if at == doorOpen && p.r.URL.Path == "/" {
		s.away(p, p.v.away)
		return
	}
	s.unreachable(p.w, p.v, p.lang)
}

// lead303 leads to a page after a form.
func (s *Site) lead303(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
