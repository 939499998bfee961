package device_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/device"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/intake"
)

const (
	owner  = "tg:1000001"
	public = "https://pay.example"
)

// begun is when each test begins.
var begun = time.Date(2026, 11, 24, 14, 32, 0, 0, time.UTC)

// patience bounds a hang.
const patience = time.Minute

var key = []byte("a key of thirty-two bytes, for tests")

// instance is one process on the store.
type instance struct {
	*dialog.Engine
	*device.Registry
	chat *dialogtest.Chat
}

// rig is a person in a chat, on instances with one store.
type rig struct {
	*testing.T
	store  dialog.Store
	memory *dialog.Memory // the store itself
	at     atomic.Int64   // unix nanoseconds: engines ask from other goroutines
	url    string
	one    *instance
	n      int
}

func begin(t *testing.T) *rig {
	k := &rig{T: t, memory: dialog.NewMemory(), url: public}
	k.store = k.memory
	k.at.Store(begun.UnixNano())
	k.memory.SetNow(k.now)
	k.one = k.instance("a")
	return k
}

func (k *rig) now() time.Time { return time.Unix(0, k.at.Load()).UTC() }

// pass lets time pass.
func (k *rig) pass(d time.Duration) { k.at.Add(int64(d)) }

// instance begins a process on the store.
func (k *rig) instance(name string) *instance {
	k.Helper()
	x := &instance{chat: dialogtest.NewChat(k.now), Registry: &device.Registry{}}
	rules := lockbay.DefaultRules()
	of := func() *lockbay.Rules { return rules }
	devices := device.New(device.Config{Key: key, PublicURL: k.url, SignOut: x.Registry.SignOut})
	form := intake.New(intake.Config{Rules: of, Start: deal.Start, Devices: devices})
	deals := deal.New(deal.Config{Rules: of, Instructions: func(string) string { return "Send {amount} with {id}." }})
	e, err := dialog.New(k.store, dialog.Config{Now: k.now, Instance: name + ".1"}, form, deals, devices)
	if err != nil {
		k.Fatal(err)
	}
	e.Attach(x.chat)
	x.Engine, x.Registry.Engine, x.Registry.Flow = e, e, devices
	k.Cleanup(func() { _ = e.Close(k.Context()) })
	return x
}

// input is what a person sends: a text, or a command with a slash.
func (k *rig) input(owner, text string) dialog.Input {
	k.n++
	in := dialog.Input{ID: fmt.Sprint("in", k.n), Kind: dialog.KindText, Text: text, Owner: owner, Place: dialog.Place{Channel: dialogtest.ChatName, Address: owner, Push: true, Lang: "en"},
		Profile: dialog.Profile{ID: strings.TrimPrefix(owner, "tg:"), Username: "anna_b", Name: "Anna"}}
	if name, arg, _ := strings.Cut(text, " "); strings.HasPrefix(name, "/") {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name[1:], arg
	}
	return in
}

func (k *rig) send(x *instance, in dialog.Input) dialog.Outcome {
	k.Helper()
	out, err := x.Handle(k.Context(), in)
	if err != nil {
		k.Fatalf("%s %s: %v", in.Kind, in.Name, err)
	}
	return out
}

// say writes to the bot.
func (k *rig) say(text string) { k.Helper(); k.send(k.one, k.input(owner, text)) }

// tap presses a free button.
func (k *rig) tap(action string) dialog.Outcome {
	k.Helper()
	in := k.input(owner, "")
	in.Kind = dialog.KindTap
	in.Name, in.Value, _ = strings.Cut(action, ":")
	return k.send(k.one, in)
}

// card is what a person's own conversation shows in the chat.
func (k *rig) card(x *instance, owner string) *dialog.Card {
	k.Helper()
	r, _, err := x.Hydrate(k.Context(), dialog.Key{Bot: "bot", Flow: intake.FlowName, ID: owner})
	if err != nil {
		k.Fatal(err)
	}
	c := x.Render(r, dialog.View{Lang: "en", Now: k.now(), Place: dialog.Place{Channel: dialogtest.ChatName, Address: owner, Push: true}})
	return &c
}

// link is the token of the link on a person's card; empty: it has none.
func (k *rig) link(x *instance, owner string) string {
	k.Helper()
	for _, b := range k.card(x, owner).Alt {
		if token, ok := strings.CutPrefix(b.URL, public+"/in/"); ok {
			return token
		}
	}
	return ""
}

// ask asks for a link.
func (k *rig) ask() string {
	k.Helper()
	k.say("/web")
	token := k.link(k.one, owner)
	if token == "" {
		k.Fatalf("no link: %s", k.told())
	}
	return token
}

// told is the band of the card.
func (k *rig) told() string {
	k.Helper()
	b := k.card(k.one, owner).Band
	if b == nil {
		return ""
	}
	return dialog.Plain(b.Strong + "\n" + b.Text)
}

// tells wants the card to tell something.
func (k *rig) tells(text string) {
	k.Helper()
	if got := k.told(); !strings.Contains(got, text) {
		k.Errorf("the card tells %q, not %q", got, text)
	}
}

// signIn uses a link; empty: it was refused.
func (k *rig) signIn(x *instance, token, once string) string {
	k.Helper()
	proof, err := x.SignIn(k.Context(), token, once, "Firefox on Linux")
	if err != nil {
		k.Fatal(err)
	}
	return proof
}

// isIn reports whether a proof is that of an active device of the person.
func (k *rig) isIn(x *instance, proof string) bool {
	k.Helper()
	d, ok, err := x.Device(k.Context(), proof)
	if err != nil {
		k.Fatal(err)
	}
	if ok && d.Owner != owner {
		k.Errorf("the device is of %s", d.Owner)
	}
	return ok
}

// offered reports whether a link may be used.
func (k *rig) offered(token string) bool {
	k.Helper()
	_, ok, err := k.one.Offered(k.Context(), token)
	if err != nil {
		k.Fatal(err)
	}
	return ok
}

// until waits for a condition.
func (k *rig) until(what string, ok func() bool) {
	k.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.Fatalf("waited too long: %s", what)
		}
	}
}

// rows are those of devices.
func (k *rig) rows() []*dialog.Row {
	k.Helper()
	rows, err := k.store.List(k.Context(), dialog.Query{Bot: "bot", Flow: device.FlowName, Newest: true, Everyone: true, Deep: true})
	if err != nil {
		k.Fatal(err)
	}
	return rows
}
