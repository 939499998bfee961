package device_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/device"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// The way in: a link, a look at it, a sign-in, which the chat is told.
func TestSignIn(t *testing.T) {
	k := begin(t)
	k.say("/create")
	k.say("@boris_k")
	step := k.card(k.one, owner).Question
	token := k.ask()
	if got := k.card(k.one, owner).Question; got != step {
		t.Errorf("the draft asks %q, it asked %q", got, step)
	}
	d, ok, err := k.one.Offered(t.Context(), token)
	if err != nil || !ok || d.First != "Anna" || d.User != "anna_b" || d.Owner != owner {
		t.Fatalf("offered: %+v %v %v", d, ok, err)
	}
	proof := k.signIn(k.one, token, "form")
	if d, ok, err = k.one.Device(t.Context(), proof); err != nil || !ok || d.Owner != owner || d.Name != "Firefox on Linux" || d.Kind != device.Browser {
		t.Fatalf("device: %+v %v %v", d, ok, err)
	}
	k.until("the chat is told", func() bool {
		for _, m := range k.one.chat.Messages(owner) {
			if strings.Contains(dialog.Plain(m.Card.Question), "Firefox on Linux was signed in as you") && m.Card.Alt[0].Action == "out:"+d.ID {
				return true
			}
		}
		return false
	})
	if k.offered(token) {
		t.Error("the link may be used again")
	}
}

// The database has neither the link nor the secret.
func TestRowsKeepNoSecret(t *testing.T) {
	k := begin(t)
	token := k.ask()
	_, secret, _ := strings.Cut(k.signIn(k.one, token, "form"), ".")
	list, err := k.memory.List(t.Context(), dialog.Query{Deep: true})
	if err != nil || len(list) < 2 {
		t.Fatalf("%d rows, %v", len(list), err)
	}
	stored := fmt.Sprintf("%+v", k.memory.Logged())
	for _, row := range list {
		stored += fmt.Sprintf("%s %s %s %s %s", row.Key, row.Draft, row.Answers, row.State, row.Shown)
	}
	for _, x := range []string{token, secret} {
		if strings.Contains(stored, x) {
			t.Errorf("the store has %s", x)
		}
	}
}

// A link: each way to misuse it.
func TestLinks(t *testing.T) {
	for name, attack := range map[string]func(k *rig, token string) (proof string){
		"used": func(k *rig, token string) string {
			k.signIn(k.one, token, "first")
			return k.signIn(k.one, token, "second")
		},
		"expired": func(k *rig, token string) string {
			k.pass(device.OfferedFor)
			return k.signIn(k.one, token, "form")
		},
		"after all": func(k *rig, token string) string {
			k.tap("out:all")
			k.until("the link is dropped", func() bool { return !k.offered(token) })
			return k.signIn(k.one, token, "form")
		},
		"after the person was forgotten": func(k *rig, token string) string {
			if _, err := k.one.ForgetPerson(k.Context(), owner); err != nil {
				k.Fatal(err)
			}
			return k.signIn(k.one, token, "form")
		},
		"guessed":           func(k *rig, token string) string { return k.signIn(k.one, flip(token), "form") },
		"empty":             func(k *rig, _ string) string { return k.signIn(k.one, "", "form") },
		"long":              func(k *rig, token string) string { return k.signIn(k.one, token+token, "form") },
		"the id of its row": func(k *rig, _ string) string { return k.signIn(k.one, k.rows()[0].Key.ID, "form") },
		"used, by a similar form": func(k *rig, token string) string {
			k.signIn(k.one, token, "first")
			return k.signIn(k.one, token, "first ")
		},
	} {
		t.Run(name, func(t *testing.T) {
			k := begin(t)
			if proof := attack(k, k.ask()); proof != "" {
				t.Errorf("signed in: %v", k.isIn(k.one, proof))
			}
		})
	}
}

// flip changes the last character of a text.
func flip(text string) string {
	last := "0"
	if strings.HasSuffix(text, "0") {
		last = "g"
	}
	return text[:len(text)-1] + last
}

// A look at a link changes nothing, however often.
func TestLooking(t *testing.T) {
	k := begin(t)
	token := k.ask()
	before := k.rows()[0].Stamp()
	for range 50 {
		if !k.offered(token) {
			t.Fatal("the link is used up")
		}
	}
	if got := k.rows()[0].Stamp(); got != before {
		t.Errorf("stamp %v, was %v", got, before)
	}
	if k.signIn(k.one, token, "form") == "" {
		t.Error("refused")
	}
}

// The same form sent again, as after a lost answer, is the same sign-in. Of two at once one is signed in.
func TestOnce(t *testing.T) {
	k := begin(t)
	two := k.instance("b")
	token := k.ask()
	first := k.signIn(k.one, token, "form")
	if again := k.signIn(two, token, "form"); again != first || first == "" {
		t.Errorf("%q, then %q", first, again)
	}
	for range 20 {
		k.pass(device.OfferedFor)
		token := k.ask()
		proofs := make(chan string)
		for i, x := range []*instance{k.one, two} {
			go func() {
				proof, err := x.SignIn(t.Context(), token, fmt.Sprint("form", i), "Firefox")
				if err != nil {
					t.Error(err)
				}
				proofs <- proof
			}()
		}
		if a, b := <-proofs, <-proofs; (a == "") == (b == "") {
			t.Errorf("two at once got %q and %q", a, b)
		}
		k.tap("out:all")
		k.until("all are out", func() bool { return len(k.rows()) == 0 })
	}
}

// A proof: each way to misuse it.
func TestProofs(t *testing.T) {
	k := begin(t)
	two := k.instance("b")
	mine := k.signIn(k.one, k.ask(), "form")
	id, secret, _ := strings.Cut(mine, ".")
	otherID, other, _ := strings.Cut(k.signIn(k.one, k.ask(), "form"), ".")
	k.pass(time.Second) // the newest
	token := k.ask()
	offered := k.rows()[0].Key.ID
	var d device.Device
	for _, row := range k.rows() {
		if r, err := dialog.Decode(row); err == nil && row.Key.ID == id {
			d, _ = device.Of(r)
		}
	}
	for name, proof := range map[string]string{
		"empty": "", "no secret": id, "no secret after a point": id + ".", "guessed": id + "." + flip(secret), "of another device": id + "." + other, "of another device, turned": otherID + "." + secret,
		"the stored hash": id + "." + d.Secret, "long": mine + "." + secret, "space": mine + " ", "upper case": strings.ToUpper(mine), "the link": offered + "." + token, "an offered device": offered + "." + secret,
		"no device": flip(id) + "." + secret, "key of another row": "../" + mine, "the owner": owner + "." + secret,
	} {
		if k.isIn(k.one, proof) {
			t.Errorf("%s: signed in", name)
		}
	}
	if !k.isIn(two, mine) {
		t.Fatal("another instance does not know the device")
	}
	k.tap("out:" + id)
	k.until("it is out here", func() bool { return !k.isIn(k.one, mine) })
	if k.isIn(two, mine) {
		t.Error("after sign-out, another instance still knows the device")
	}
	if !k.isIn(two, otherID+"."+other) {
		t.Error("another device was signed out, too")
	}
}

// Nobody makes a device active without its link, whatever they send.
func TestNoOtherWayIn(t *testing.T) {
	k := begin(t)
	token := k.ask()
	row := k.rows()[0]
	id := row.Key.ID
	hash := strings.Repeat("0", 52)
	for _, value := range []string{"", hash, "." + hash, id + "." + hash, flip(token) + "." + hash, token, token + ".short"} {
		for _, who := range []string{owner, "tg:2", ""} {
			for _, kind := range []dialog.Kind{dialog.KindTap, dialog.KindText, dialog.KindCommand, dialog.KindOrder, dialog.KindWake} {
				in := k.input(who, "")
				in.Kind, in.Name, in.Value, in.Key = kind, "in", value, row.Key
				k.send(k.one, in)
				in.ID, in.Key, in.Bound, in.Draft, in.Revision = in.ID+"b", dialog.Key{}, true, id, row.Revision
				k.send(k.one, in)
			}
		}
	}
	in := k.input("tg:2", "") // with the link, as another person
	in.Kind, in.Name, in.Value, in.Key = dialog.KindTap, "in", token+"."+hash, row.Key
	k.send(k.one, in)
	if !k.offered(token) {
		t.Error("the device is active, or gone")
	}
}

// How long a device is kept.
func TestLives(t *testing.T) {
	day := 24 * time.Hour
	for _, x := range []struct {
		name string
		uses []time.Duration // between uses
		in   bool
	}{
		{"at once", nil, true},
		{"89 days idle", []time.Duration{89 * day}, true},
		{"90 days idle", []time.Duration{90*day + time.Minute}, false},
		{"used now and then", []time.Duration{80 * day, 80 * day}, true},
		{"used until its end", []time.Duration{80 * day, 80 * day, 19 * day}, true},
		{"beyond its end", []time.Duration{80 * day, 80 * day, 21 * day}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			k := begin(t)
			proof := k.signIn(k.one, k.ask(), "form")
			in := k.isIn(k.one, proof)
			for _, d := range x.uses {
				k.pass(d)
				in = k.isIn(k.one, proof)
			}
			if in != x.in {
				t.Errorf("signed in: %v", in)
			}
			if _, err := k.one.Sweep(t.Context(), 0); err != nil { // the rest is the sweeper's
				t.Fatal(err)
			}
			if got := len(k.rows()) == 1; got != x.in {
				t.Errorf("there is a row: %v", got)
			}
		})
	}
}

// A link that nobody uses leaves nothing behind.
func TestOfferedIsForgotten(t *testing.T) {
	k := begin(t)
	k.ask()
	k.pass(device.OfferedFor + time.Second)
	if _, err := k.one.Sweep(t.Context(), 0); err != nil || len(k.rows()) != 0 {
		t.Errorf("%d rows, %v", len(k.rows()), err)
	}
}

// A use is noted once a day, and brings no message.
func TestUse(t *testing.T) {
	k := begin(t)
	proof := k.signIn(k.one, k.ask(), "form")
	k.until("the chat is told", func() bool { return len(k.one.chat.Messages(owner)) == 2 })
	k.pass(24 * time.Hour)
	before := k.rows()[0].Version
	for range 5 {
		k.isIn(k.one, proof)
	}
	d, _, err := k.one.Device(t.Context(), proof)
	if got := k.rows()[0].Version; err != nil || got != before+1 || !d.Seen.Equal(k.now()) {
		t.Errorf("version %d, was %d; seen %v, %v", got, before, d.Seen, err)
	}
	k.say("/help") // a later card, so that a message on its way would have come
	k.until("the card is shown", func() bool { return k.one.Stats().Couriers == 0 })
	for _, m := range k.one.chat.Messages(owner) {
		if m.Edits > 0 && strings.Contains(m.Card.Question, "Firefox") {
			t.Errorf("edited %d times: %s", m.Edits, m.Card.Question)
		}
	}
}

// Links of a person are bounded, and so are devices.
func TestBounds(t *testing.T) {
	t.Run("open links", func(t *testing.T) {
		k := begin(t)
		var tokens []string
		for range device.OpenMost {
			tokens = append(tokens, k.ask())
			k.pass(time.Second)
		}
		k.say("/web")
		if k.link(k.one, owner) != "" || len(k.rows()) != device.OpenMost {
			t.Errorf("one more link, %d rows", len(k.rows()))
		}
		k.tells("ask again after 14:42 UTC")
		for i, token := range tokens {
			if !k.offered(token) {
				t.Errorf("link %d works no more", i)
			}
		}
		k.pass(device.OfferedFor - time.Second*device.OpenMost)
		k.ask()
	})
	t.Run("links in ten minutes", func(t *testing.T) {
		k := begin(t)
		for i := range device.LinksMost {
			k.signIn(k.one, k.ask(), fmt.Sprint(i))
		}
		k.say("/web")
		k.tells("You have asked for many links")
		k.pass(device.OfferedFor)
		k.ask()
	})
	t.Run("devices", func(t *testing.T) {
		k := begin(t)
		var proof string
		for i := range device.DevicesMost {
			proof = k.signIn(k.one, k.ask(), fmt.Sprint(i))
			k.pass(2 * time.Minute)
		}
		k.say("/web")
		k.tells("No link was made: you are signed in in 20 browsers")
		if n := len(k.card(k.one, owner).Others); n != device.DevicesMost+1 {
			t.Errorf("%d buttons", n)
		}
		id, _, _ := strings.Cut(proof, ".")
		k.tap("out:" + id)
		k.until("it is out", func() bool { return !k.isIn(k.one, proof) })
		k.ask()
	})
}

// The list of the chat, and its buttons.
func TestChat(t *testing.T) {
	k := begin(t)
	k.say("/devices")
	k.tells("You are signed in in no browser")
	a := k.signIn(k.one, k.ask(), "a")
	k.pass(time.Second)
	b := k.signIn(k.one, k.ask(), "b")
	k.say("/devices")
	k.tells("Where you are signed in")
	others := k.card(k.one, owner).Others
	if len(others) != 3 || dialog.Plain(others[0].Label) != "Sign out Firefox on Linux, used today" || others[2].Action != "out:all" {
		t.Fatalf("buttons %+v", others)
	}
	out := k.tap(others[0].Action)
	if out.Toast == nil || out.Toast.Code != "device.out" {
		t.Errorf("toast %+v", out.Toast)
	}
	k.tells("Firefox on Linux is signed out")
	k.until("b is out", func() bool { return !k.isIn(k.one, b) })
	k.tap(others[0].Action)
	k.tells("That one is signed out already")
	if !k.isIn(k.one, a) {
		t.Error("a is out, too")
	}
	k.tap("out:all")
	k.tells("You are signed out everywhere but in this chat")
	k.until("a is out", func() bool { return !k.isIn(k.one, a) })
	in := k.input("tg:2", "") // another person's button does nothing here
	c := k.signIn(k.one, k.ask(), "c")
	id, _, _ := strings.Cut(c, ".")
	in.Kind, in.Name, in.Value = dialog.KindTap, "out", id
	k.send(k.one, in)
	in.ID += "b"
	in.Value = "all"
	k.send(k.one, in)
	k.until("the effects are done", func() bool { return k.one.Stats().Couriers == 0 })
	if !k.isIn(k.one, c) {
		t.Error("another person has signed it out")
	}
}

// A page does not show what the chat was told, nor take the chat's buttons.
func TestNotOnAPage(t *testing.T) {
	k := begin(t)
	k.ask()
	r, _, err := k.one.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: intake.FlowName, ID: owner})
	if err != nil {
		t.Fatal(err)
	}
	c := k.one.Render(r, dialog.View{Lang: "en", Now: k.now(), Place: dialog.Place{Channel: "web", Address: "x"}, Field: true, Details: true, Visited: true})
	if c.Band != nil || len(c.Alt) != 0 && c.Alt[0].URL != "" {
		t.Errorf("the page has %+v %+v", c.Band, c.Alt)
	}
	in := k.input(owner, "/web")
	in.Place = dialog.Place{Channel: "web", Address: "x", Lang: "en"}
	k.send(k.one, in)
	if len(k.rows()) != 1 {
		t.Error("the page made a link")
	}
}

// Without a public address there is no link.
func TestNowhere(t *testing.T) {
	for _, url := range []string{"", "http://127.0.0.1:8080"} {
		k := begin(t)
		k.url = url
		k.one = k.instance("b")
		k.say("/web")
		k.tells("There is no page to go on at")
		if len(k.rows()) != 0 {
			t.Error("a device was made")
		}
	}
}

// A name says what it says, and no more.
func TestNames(t *testing.T) {
	k := begin(t)
	in := k.input(owner, "/web")
	in.Profile.Name = "An\u202ena\x00" + strings.Repeat("x", 100)
	k.send(k.one, in)
	d, _, err := k.one.Offered(t.Context(), k.link(k.one, owner))
	if err != nil || d.First != "Anna"+strings.Repeat("x", 60) {
		t.Errorf("%q, %v", d.First, err)
	}
}

// While the store is away nobody is signed out: the answer is an error.
func TestStoreAway(t *testing.T) {
	k := begin(t)
	proof := k.signIn(k.one, k.ask(), "form")
	if err := k.memory.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := k.one.Device(t.Context(), proof); ok || !errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("%v %v", ok, err)
	}
}

// A device that a newer version wrote is left to it.
func TestNewer(t *testing.T) {
	k := begin(t)
	proof := k.signIn(k.one, k.ask(), "form")
	row := k.rows()[0]
	before := row.Stamp()
	row.Schema, row.Version, row.Tag = device.Version+1, row.Version+1, row.Tag+1
	if _, err := k.memory.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := k.one.Device(t.Context(), proof); ok || !errors.Is(err, dialog.ErrSchemaNewer) {
		t.Errorf("%v %v", ok, err)
	}
}
