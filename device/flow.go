package device

import (
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// Config of the flow.
type Config struct {
	// Key derives links and secrets: at least 32 bytes, shared by all instances.
	Key []byte
	// PublicURL is the address of the page. Links exist only where it begins with https://.
	PublicURL string
	// SignOut signs devices of a person out, see [Registry.SignOut].
	SignOut SignOut
	// Words are the texts. Defaults to texts.Words.
	Words dialog.Words
}

// Flow is the flow of devices. It is a dialog.Flow.
type Flow struct{ cfg Config }

var (
	_ dialog.Flow    = (*Flow)(nil)
	_ dialog.Matcher = (*Flow)(nil)
	_ dialog.Passer  = (*Flow)(nil)
	_ dialog.Knower  = (*Flow)(nil)
	_ dialog.Speaker = (*Flow)(nil)
)

// New makes the flow.
func New(cfg Config) *Flow {
	if len(cfg.Key) < 32 {
		panic("device: the key has fewer than 32 bytes")
	}
	if cfg.Words == nil {
		cfg.Words = texts.Words
	}
	cfg.PublicURL = strings.TrimSuffix(cfg.PublicURL, "/")
	return &Flow{cfg}
}

// FlowName implements dialog.Flow.
func (*Flow) FlowName() string { return FlowName }

// Match reports whether an input with this draft id belongs to a device.
func (*Flow) Match(id string) bool { return isID(id) }

// Passes implements dialog.Passer: signing out is a tap of the person's own conversation, wherever the button stands.
func (*Flow) Passes(in *dialog.Input) bool { return in.Kind == dialog.KindTap && in.Name == actionOut }

// Knows implements dialog.Knower.
func (*Flow) Knows(h *dialog.Head) bool { return h.Schema <= Version && h.Step == "" }

// Text implements dialog.Speaker.
func (f *Flow) Text(lang, code string, args map[string]string) string {
	return f.cfg.Words(lang, code, args)
}

// What a device is told. Only [Registry] makes these inputs: no card has such buttons.
const (
	signIn = "in"   // value: the token, a point and the hash of the secret; text: the name of the browser
	use    = "seen" // it was used
)

// Decide implements dialog.Flow. A sign-in needs the token, so that it cannot come from elsewhere.
func (f *Flow) Decide(t *dialog.Turn) {
	r, in := t.Record, t.Input
	if r.Schema > Version || r.Step != "" {
		t.Park()
		return
	}
	if in.Kind != dialog.KindTap {
		return
	}
	d, err := Of(r)
	if err != nil {
		t.Park()
		return
	}
	switch in.Name {
	case signIn:
		f.signIn(t, &d)
	case use:
		if d.is(Active, t.Now) && day(d.Seen) != day(t.Now) {
			d.Seen = t.Now
			t.WakeAt(dialog.ForgetTimer, d.Until())
			t.Applied()
		}
	}
}

// signIn makes an offered device active, once.
func (f *Flow) signIn(t *dialog.Turn, d *Device) {
	r, in := t.Record, t.Input
	token, hash, _ := strings.Cut(in.Value, ".")
	if !d.is(Offered, t.Now) || idOf(token) != r.Key.ID || len(hash) != len(hashOf("")) {
		return
	}
	at := d.At
	d.State, d.Secret, d.Name, d.Since, d.Seen, d.At = Active, hash, called(in.Text), t.Now.UnixMilli(), t.Now, dialog.Place{}
	d.save(r)
	t.WakeAt(dialog.ForgetTimer, d.Until())
	t.Log(dialog.Event{Kind: EventSignedIn, Cause: d.Kind, Source: d.ID})
	if at.Channel != "" {
		r.Places = []dialog.Place{at}
	}
	t.Anew()
}

// day is the number of a day since 1970, in UTC.
func day(at time.Time) int64 { return at.UnixMilli() / (24 * time.Hour).Milliseconds() }

// Render implements dialog.Flow: what a chat is told of a sign-in. It says what happened, so that it stays true.
func (f *Flow) Render(r *dialog.Record, v dialog.View) dialog.Card {
	d, err := Of(r)
	if err != nil || d.State != Active {
		return dialog.Card{Ended: true, Question: f.cfg.Words.Say(v, "device.link.made", nil)}
	}
	args := map[string]string{"device": d.Name, "at": dialog.Isolate(f.cfg.Words.ClockDay(v, time.UnixMilli(d.Since)))}
	return dialog.Card{
		Ended: true, Progress: f.cfg.Words.Say(v, "device.told.title", nil), Question: f.cfg.Words.Say(v, "device.told", args), Hint: f.cfg.Words.Say(v, "device.told.hint", args),
		Alt: []dialog.Button{{Action: actionOut + ":" + d.ID, Label: f.cfg.Words.Say(v, "device.out.it", args), Free: true}},
	}
}
