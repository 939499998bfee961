package web

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/internal/limit"
)

// inPath begins the path of a link that signs a browser in.
const inPath = "/in/"

// signInsMost is how many sign-ins a person and a network may try in signInsIn.
const (
	signInsMost = 10
	signInsIn   = 10 * time.Minute
)

// newSignIns makes the limiter of sign-ins.
func newSignIns() *limit.Limiter {
	return limit.New(signInsMost/signInsIn.Seconds(), signInsMost)
}

// signing is the data of the template "signin".
type signing struct {
	frame
	InputID, CSRF, Post string
	Question, Who, Hint string
	Yes, No, After      string
}

// signInPage serves a link that signs in. Opening it changes nothing, however often: messengers, scanners and browsers open
// links ahead. The form on its page signs in.
func (s *Site) signInPage(w http.ResponseWriter, r *http.Request, lang string) {
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if r.Method == http.MethodPost {
		s.post(w, r, lang)
		return
	}
	if wait := s.limitAddress(r); wait > 0 {
		s.slow(w, lang, wait)
		return
	}
	v := s.visitor(r)
	if s.unreachable(w, v, lang) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerFor)
	defer cancel()
	d, ok, err := s.cfg.Devices.Offered(ctx, strings.TrimPrefix(r.URL.Path, inPath))
	switch {
	case err != nil:
		s.warn("show a sign-in", err)
		s.unreached(w, lang, err)
		return
	case !ok:
		s.bare(w, lang, http.StatusNotFound, "page.signin.used", nil)
		return
	}
	if v.renew {
		s.welcome(w, r, v)
	}
	p := s.signing(r, v, lang)
	person := cmp.Or(d.First, "@"+d.User)
	if d.First == "" && d.User == "" {
		person = s.say(lang, "page.signin.somebody", nil)
	}
	p.Question = s.say(lang, "page.signin", map[string]string{"person": dialog.Isolate(person)})
	p.Who = s.say(lang, "page.signin.who", map[string]string{"person": s.person(lang, &d), "device": dialog.Isolate(s.browserOf(r, lang))})
	p.Hint, p.Yes, p.After = s.say(lang, "page.signin.hint", nil), s.say(lang, "page.signin.yes", map[string]string{"person": dialog.Isolate(person)}), s.say(lang, "page.signin.after", nil)
	s.send(w, http.StatusOK, "signin", p)
}

// signing makes the page of a sign-in, without what it says. It leads nowhere but to its form.
func (s *Site) signing(r *http.Request, v visitor, lang string) *signing {
	p := &signing{frame: s.frame(lang, &dialog.Card{}), InputID: random(), CSRF: s.token(v), Post: r.URL.Path, No: s.say(lang, "page.signin.no", nil)}
	p.Title, p.Foot = s.title(lang, s.say(lang, "page.signin.title", nil)), nil
	return p
}

// person is what somebody is called, with the username.
func (s *Site) person(lang string, d *Device) string {
	switch {
	case d.First != "" && d.User != "":
		return dialog.Isolate(d.First) + ", " + dialog.Isolate("@"+d.User)
	case d.First != "" || d.User != "":
		return dialog.Isolate(cmp.Or(d.First, "@"+d.User))
	}
	return s.say(lang, "page.signin.somebody", nil)
}

// enter takes the form of a sign-in. The same form sent again gets the same cookie, so that a lost answer signs nobody out.
func (s *Site) enter(p *post) {
	if p.action != "in" {
		s.lead303(p.w, "/")
		return
	}
	token := strings.TrimPrefix(p.r.URL.Path, inPath)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.r.Context()), answerFor)
	defer cancel()
	d, ok, err := s.cfg.Devices.Offered(ctx, token)
	if err != nil {
		s.signInAgain(p, err)
		return
	}
	if wait := s.takeSignIn(p.r, d.Owner, ok); wait > 0 {
		s.slow(p.w, p.lang, wait)
		return
	}
	proof, err := s.cfg.Devices.SignIn(ctx, token, p.v.id+" "+p.inputID, s.browserOf(p.r, p.lang))
	switch {
	case err != nil:
		s.signInAgain(p, err)
		return
	case proof == "":
		s.bare(p.w, p.lang, http.StatusNotFound, "page.signin.used", nil)
		return
	}
	if old := p.v.device; old != nil { // its cookie is replaced, so that nobody can use it
		if err := s.cfg.Devices.SignOut(ctx, old.Owner, old.ID, ""); err != nil {
			s.warn("sign the device before out", err)
		}
	}
	s.setCookie(p.w, p.r, deviceSuffix, proof, deviceAge)
	s.setCookie(p.w, p.r, "-look", "", -1)
	s.lead303(p.w, "/")
}

// takeSignIn takes a token of the network of a request, and of the person whom a link is of. Loopback has no limit of its own.
func (s *Site) takeSignIn(r *http.Request, owner string, known bool) (wait time.Duration) {
	now := s.cfg.Now()
	if a := s.Client(r); !a.IsLoopback() {
		wait = s.signInsAt.take(a, now)
	}
	if wait == 0 && known {
		wait = s.signIns.Take(owner, now)
	}
	return wait
}

// signInAgain answers while the store is away: with the same form, because the sign-in may have been written.
func (s *Site) signInAgain(p *post, err error) {
	s.warn("sign in", err)
	page := s.signing(p.r, p.v, p.lang)
	page.InputID, page.Question, page.Yes = p.inputID, s.say(p.lang, "page.signin.away", nil), s.say(p.lang, "page.now", nil)
	page.Hint = s.say(p.lang, "page.once", nil)
	p.w.Header().Set("Retry-After", seconds(healFor*time.Second))
	s.send(p.w, http.StatusServiceUnavailable, "signin", page)
}

// browsers and systems are marks of a User-Agent and what they stand for, the more special ones first.
var (
	browsers = [][2]string{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"YaBrowser", "Yandex"}, {"Firefox", "Firefox"}, {"FxiOS", "Firefox"},
		{"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}}
	systems = [][2]string{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"}}
)

// browserOf is the name of the browser of a request, such as: Firefox on Linux. It says no more of it.
func (s *Site) browserOf(r *http.Request, lang string) string {
	agent := r.Header.Get("User-Agent")
	marked := func(list [][2]string) string {
		for _, x := range list {
			if strings.Contains(agent, x[0]) {
				return x[1]
			}
		}
		return ""
	}
	browser, system := marked(browsers), marked(systems)
	switch {
	case browser == "":
		return s.say(lang, "page.browser.unknown", nil)
	case system == "":
		return browser
	}
	return s.say(lang, "page.browser", map[string]string{"browser": browser, "system": system})
}
