package dialog_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// types is a text of a person.
func (k *table) types(who, text string) dialog.Input {
	in := k.in(who)
	in.Kind, in.Text = dialog.KindText, text
	return in
}

// own is the person's own conversation.
func (k *table) own(who string) *dialog.Record {
	k.Helper()
	row, err := k.mem.Load(k.Context(), dialog.Key{Bot: "bot", Flow: "hall", ID: "chat:" + who})
	if err != nil {
		k.Fatal(err)
	}
	r, err := dialog.Decode(row)
	if err != nil {
		k.Fatal(err)
	}
	return r
}

// has checks the answers of a person's own conversation, and those of the pact P-1.
func (k *table) has(who, own, pact string) {
	k.Helper()
	if got := string(k.own(who).Answers); got != own {
		k.Errorf("%s has answered %q, want %q", who, got, own)
	}
	if got := strings.TrimPrefix(string(k.row("P-1").Answers), "[]"); got != pact {
		k.Errorf("the pact has %q, want %q", got, pact)
	}
}

// A text that is asked for another conversation goes there, in the seat of its sender, and
// the next one is the own conversation's again.
func TestAsks(t *testing.T) {
	k := sat(t)
	for _, c := range []struct{ who, role string }{{"1", "b"}, {"2", "s"}} {
		had := k.row("P-1").Version
		out := k.tap(c.who, "P-1", "say")
		if out.Did != dialog.DidApply || out.Record.Key.Flow != "hall" || out.Record.Asks == nil || out.Record.Asks.Key.ID != "P-1" {
			t.Fatalf("the tap: %s %+v", out.Did, out.Record)
		}
		k.sees(c.who, "chat:"+c.who, "say for P-1")
		if role := out.Record.Asks.About["as"]; role != c.role {
			t.Errorf("it asks as %q", role)
		}
		if r := k.own(c.who); r.Format != 4 || k.row("P-1").Version != had {
			t.Errorf("format %d, pact at version %d", r.Format, k.row("P-1").Version)
		}
		if out := k.handle(k.types(c.who, "it broke")); out.Did != dialog.DidApply || out.Record.Asks != nil {
			t.Errorf("the text: %s %+v", out.Did, out.Record.Asks)
		}
		k.sees(c.who, "chat:"+c.who, "sent_on")
		if r := k.own(c.who); r.Format != 3 || len(r.Pending) > 0 || r.Said.Args["id"] != "P-1" {
			t.Errorf("at rest: format %d, %v", r.Format, r.Pending)
		}
		k.sees(c.who, "P-1", c.role+":it broke;")
		k.handle(k.types(c.who, "mine"))
		k.sees(c.who, "chat:"+c.who, "plain")
	}
	k.has("1", "mine;", "b:it broke;s:it broke;")
	k.has("2", "mine;", "b:it broke;s:it broke;")
	if r := k.own("2"); len(r.Timers) == 0 || r.Timers[0].Name != dialog.ForgetTimer {
		t.Errorf("a row for a question alone stays for ever: %v", r.Timers)
	}
	k.tap("1", "P-1", "say")
	k.handle(k.types("1", "thank you"))
	k.sees("1", "chat:1", "welcome")
}

// A refused text writes nothing there. It is asked for again, with what was typed.
func TestAsksAgain(t *testing.T) {
	k := sat(t)
	k.say("1", "new")
	k.tap("1", "P-1", "say")
	had := k.row("P-1").Version
	k.handle(k.types("1", "x"))
	r := k.own("1")
	if r.Asks == nil || r.Asks.About["id"] != "P-1" || !r.Said.Refusal || r.Said.Code != "short" || r.Said.Typed != "x" || k.row("P-1").Version != had {
		t.Errorf("refused: %+v %+v, pact at %d", r.Asks, r.Said, k.row("P-1").Version)
	}
	k.sees("1", "chat:1", "say for P-1")
	k.sees("1", "chat:1", "short")
	k.handle(k.types("1", "longer"))
	k.has("1", "", "b:longer;")
}

// A refused text is asked for again while the card that it brought still stands. What shows nothing, as a block that the
// channel reports, does not count.
func TestAsksAgainAfterATurn(t *testing.T) {
	input := func(kind dialog.Kind, name string) func(*table, *dialog.Engine) {
		return func(k *table, bot *dialog.Engine) {
			in := k.in("1")
			in.Kind, in.Name = kind, name
			k.send(bot, in)
		}
	}
	command := input(dialog.KindCommand, "new")
	for name, c := range map[string]struct {
		between func(*table, *dialog.Engine)
		again   bool
	}{
		"nothing":   {func(*table, *dialog.Engine) {}, true},
		"a block":   {input(dialog.KindBlock, "blocked"), true},
		"a command": {input(dialog.KindCommand, "new"), false},
		"a reminder": {func(k *table, bot *dialog.Engine) {
			k.clock.Advance(time.Hour)
			if _, err := bot.Sweep(k.Context(), 0); err != nil {
				k.Fatal(err)
			}
			soon(k.T, "it is shown", func() bool { return k.own("1").Said.Code != dialog.CodeSentOn })
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := sat(t)
			store := dialogtest.NewFaulty(k.mem)
			bot, err := dialog.New(store, dialog.Config{Now: k.clock.Now, Instance: "there.1"}, hall{}, pact{})
			if err != nil {
				t.Fatal(err)
			}
			defer bot.Close(t.Context())
			bot.Attach(k.chat)
			command(k, bot)
			k.send(bot, k.button("1", "P-1", "say"))
			store.Func(func(m dialogtest.Method, _ *dialog.Batch) dialogtest.Fault {
				return dialogtest.Fault{Hang: m == dialogtest.Load}
			})
			k.send(bot, k.types("1", "x"))
			k.clock.Advance(time.Second)
			c.between(k, bot)
			store.Heal()
			soon(t, "the text has its answer", func() bool { return len(k.own("1").Pending) == 0 })
			r := k.own("1")
			if (r.Asks != nil) != c.again || r.Said.Typed != "x" || (r.Said.Code == "short") != c.again {
				t.Errorf("after the answer: %+v %+v", r.Asks, r.Said)
			}
		})
	}
}

// What comes too late is not taken. The own card says so, with what was typed.
func TestAsksTooLate(t *testing.T) {
	k := sat(t)
	k.tap("1", "P-1", "say")
	k.tap("2", "P-1", "step:next")
	k.handle(k.types("1", "4111 it broke"))
	r := k.own("1")
	if r.Asks != nil || r.Said.Code != dialog.CodeNotTaken || r.Said.Typed != " it broke" || r.Said.Args["id"] != "P-1" || r.Said.Reason.Code != dialog.CodeTooLate {
		t.Errorf("too late: %+v %+v", r.Asks, r.Said)
	}
	k.has("1", "", "")
	if out := k.tap("1", "P-1", "say"); out.Did != dialog.DidStale || out.Toast.Code != "closed" || out.Record.Asks != nil {
		t.Errorf("a button that asks too late: %s %+v", out.Did, out.Toast)
	}
	k.sees("1", "chat:1", "closed")
	for _, draft := range []string{"P-1", "P-1~s", "P-7"} { // of others, or of nobody
		in := k.in("3")
		in.Kind, in.Name, in.Bound, in.Draft = dialog.KindTap, "say", true, draft
		if out := k.handle(in); out.Did != dialog.DidStale || out.Toast.Code != dialog.CodeForeign || out.Record.Asks != nil {
			t.Errorf("a stranger asks at %s: %s %+v", draft, out.Did, out.Toast)
		}
	}
}

// Whatever brings the own card back takes the question away.
func TestAsksLeft(t *testing.T) {
	k := sat(t)
	for name, leave := range map[string]func(){
		"the button": func() { k.tap("1", "chat:1", dialog.ActionLeave) },
		"a command":  func() { k.say("1", "resume") },
		"a reminder": func() {
			k.clock.Advance(time.Hour)
			if _, err := k.bot.Sweep(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			k.rest()
		},
	} {
		k.say("1", "new")
		k.tap("1", "P-1", "say")
		leave()
		if k.own("1").Asks != nil {
			t.Errorf("after %s it asks", name)
		}
		k.sees("1", "chat:1", "own")
	}
	k.tap("1", "P-1", "say")
	old := k.button("1", "chat:1", dialog.ActionLeave)
	k.handle(k.types("1", "said"))
	if out := k.handle(old); out.Did != dialog.DidStale {
		t.Errorf("a button of the question that is over: %s", out.Did)
	}
	k.has("1", "", "b:said;")
}

// A button or a command that is rejected leaves the question open, and so does what is no text.
func TestAsksStays(t *testing.T) {
	k := sat(t)
	k.say("1", "new")
	home := k.button("1", "chat:1", "home")
	k.tap("1", "P-1", "say")
	if out := k.handle(home); out.Did != dialog.DidStale || k.own("1").Asks == nil {
		t.Errorf("a button of the card before: %s, %+v", out.Did, k.own("1").Asks)
	}
	in := k.types("1", "edited")
	in.Kind, in.Name, in.Edit = dialog.KindOther, "edited", true
	k.handle(in)
	in = k.in("1")
	in.Kind, in.Name = dialog.KindOther, "sticker"
	k.handle(in)
	if k.own("1").Asks == nil {
		t.Error("an edit or a sticker has taken the question away")
	}
	k.has("1", "", "")
}

// Another instance that has an old row of the person gives the text to what is asked now.
func TestAsksAtTwoInstances(t *testing.T) {
	k := sat(t)
	k.tap("1", "P-1", "say")
	other, err := dialog.New(k.mem, dialog.Config{Now: k.clock.Now, Instance: "there.1"}, hall{}, pact{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.Background()) }()
	in := k.in("1")
	in.Kind, in.Name = dialog.KindOther, "sticker"
	k.send(other, in) // it has the row with the question
	k.say("1", "new")
	k.send(other, k.types("1", "an answer"))
	k.has("1", "an answer;", "")
	k.tap("1", "P-1", "say")
	k.send(other, k.types("1", "a statement"))
	soon(t, "it is said", func() bool { s := other.Stats(); return s.Couriers == 0 && s.Marks == 0 })
	k.has("1", "an answer;", "b:a statement;")
}

// pactAway is a store whose commits of pacts fail, before or after they are done.
func pactAway(k *table) (store *dialogtest.Faulty, fault *dialogtest.Fault) {
	store, fault = dialogtest.NewFaulty(k.mem), &dialogtest.Fault{}
	store.Func(func(m dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
		if m == dialogtest.Commit {
			for _, w := range b.Writes {
				if w.After.Key.Flow == "pact" {
					return *fault
				}
			}
		}
		return dialogtest.Fault{}
	})
	return store, fault
}

// A process that dies after it has acknowledged a text leaves it to the next one, and the
// other conversation takes it once: also if it had taken it already.
func TestAsksSurvivesDeath(t *testing.T) {
	for name, f := range map[string]dialogtest.Fault{"before it is given": {Before: dialogtest.ErrFault}, "after it is taken": {After: dialogtest.ErrFault}} {
		t.Run(name, func(t *testing.T) {
			k := sat(t)
			store, dead := dialogtest.NewFaulty(k.mem), make(chan struct{})
			var gone atomic.Bool
			dies, err := dialog.New(store, dialog.Config{Now: k.clock.Now, Instance: "there.1"}, hall{}, pact{})
			if err != nil {
				t.Fatal(err)
			}
			k.send(dies, k.button("1", "P-1", "say"))
			store.Func(func(m dialogtest.Method, b *dialog.Batch) dialogtest.Fault {
				switch {
				case gone.Load():
					return dialogtest.Fault{Before: dialogtest.ErrFault}
				case m == dialogtest.Commit && slices.ContainsFunc(b.Writes, func(w *dialog.Write) bool { return w.After.Key.Flow == "pact" }):
					gone.Store(true) // it dies here
					close(dead)
					return f
				}
				return dialogtest.Fault{}
			})
			if out := k.send(dies, k.types("1", "kept")); out.Did != dialog.DidApply {
				t.Fatal(out.Did)
			}
			<-dead
			over, cancel := context.WithCancel(t.Context())
			cancel()
			_ = dies.Close(over)
			if r := k.own("1"); len(r.Pending) != 1 || r.Format != 4 {
				t.Fatalf("pending %v, format %d", r.Pending, r.Format)
			}
			k.start()
			if _, err := k.bot.Sweep(t.Context(), 2*time.Hour); err != nil {
				t.Fatal(err)
			}
			k.rest()
			k.has("1", "", "b:kept;")
			if r := k.own("1"); len(r.Pending) > 0 {
				t.Errorf("pending %v", r.Pending)
			}
		})
	}
}

// One text is under way at a time: the next one is refused, and the question stays.
func TestAsksOneAtATime(t *testing.T) {
	k := sat(t)
	store, fault := pactAway(k)
	_ = k.bot.Close(t.Context())
	bot, err := dialog.New(store, dialog.Config{Now: k.clock.Now, Instance: "there.1"}, hall{}, pact{})
	if err != nil {
		t.Fatal(err)
	}
	bot.Attach(k.chat)
	*fault = dialogtest.Fault{Before: dialogtest.ErrFault}
	insist := func(in dialog.Input) (out dialog.Outcome) { // it may share a batch with the pact, which fails whole
		soon(t, "the input is taken", func() (done bool) {
			out, err = bot.Handle(t.Context(), in)
			return err == nil
		})
		return out
	}
	insist(k.button("1", "P-1", "say"))
	insist(k.types("1", "first"))
	insist(k.button("1", "P-1", "say"))
	if out := insist(k.types("1", "second")); out.Did != dialog.DidRefuse || out.Record.Asks == nil || out.Record.Said.Code != dialog.CodeUnderWay || out.Record.Said.Typed != "second" {
		t.Errorf("the second: %s %+v", out.Did, out.Record.Said)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_ = bot.Close(over)
	k.start()
	if _, err := k.bot.Sweep(t.Context(), 2*time.Hour); err != nil {
		t.Fatal(err)
	}
	k.rest()
	k.handle(k.types("1", "second"))
	k.has("1", "", "b:first;b:second;")
}

// A text that has no room is refused with what was typed: a very long one, or one beside a full draft.
func TestAsksHasRoom(t *testing.T) {
	k := sat(t)
	k.tap("1", "P-1", "say")
	for name, text := range map[string]string{"in bytes": strings.Repeat("\U0001f511", 4000), "in characters": strings.Repeat("x", 5000)} {
		if out := k.handle(k.types("1", text)); out.Did != dialog.DidRefuse || out.Record.Said.Code != dialog.CodeTooMuch || out.Record.Asks == nil {
			t.Errorf("%s: %s %+v", name, out.Did, out.Record.Said.Code)
		}
	}
	row, err := k.mem.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "hall", ID: "chat:1"})
	if err != nil {
		t.Fatal(err)
	}
	before := row.Stamp()
	row.Version, row.Tag, row.Answers = row.Version+1, row.Tag+1, []byte(strings.Repeat("a", 45<<10))
	if done, err := k.mem.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}}); err != nil || done.Verdicts[0] != dialog.Applied {
		t.Fatal(done, err)
	}
	k.bot.Evict()
	if out := k.handle(k.types("1", strings.Repeat("x", 4096))); out.Did != dialog.DidRefuse || out.Record.Said.Code != dialog.CodeTooMuch {
		t.Errorf("beside a full draft: %s", out.Did)
	}
	k.handle(k.types("1", "short enough"))
	if got := string(k.row("P-1").Answers); got != "[]b:short enough;" {
		t.Errorf("the pact has %q", got)
	}
}

// A reply goes to what it answers: the own card, another conversation, or nothing.
func TestReplies(t *testing.T) {
	k := sat(t)
	k.say("1", "new")
	k.say("1", "sell P-2")
	k.say("1", "new")
	reply := func(m dialogtest.Message, text string) dialog.Outcome {
		in := k.types("1", text)
		in.Reply = dialog.Reply{Message: m.ID, Draft: m.Card.Draft, Revision: m.Card.Revision}
		return k.handle(in)
	}
	if out := reply(k.newest("1", "P-1"), "for the pact"); out.Did != dialog.DidApply {
		t.Errorf("to a pact: %s", out.Did)
	}
	if out := reply(k.newest("1", "chat:1"), "an answer"); out.Did != dialog.DidApply {
		t.Errorf("to the own card: %s", out.Did)
	}
	k.has("1", "an answer;", "b:for the pact;")
	for name, m := range map[string]dialogtest.Message{"an old card of ours": {ID: "m0", Card: dialog.Card{Draft: "draft", Revision: 99}}, "a message without buttons": {ID: "m0"}} {
		out := reply(m, "4111 what is this")
		if out.Did != dialog.DidRefuse || out.Record.Said.Code != dialog.CodeNoAnswer || out.Record.Said.Typed != " what is this" {
			t.Errorf("to %s: %s %+v", name, out.Did, out.Record.Said)
		}
	}
	contact := k.types("1", "+491511234567")
	contact.Kind, contact.Name, contact.Reply = dialog.KindOther, "contact", dialog.Reply{Message: "m0"}
	if out := k.handle(contact); out.Did != dialog.DidApply {
		t.Errorf("a contact in reply to a message without buttons: %s", out.Did)
	}
	contact.ID, contact.Reply.Draft = "again", "P-1"
	if out := k.handle(contact); out.Did != dialog.DidRefuse || out.Record.Said.Code != dialog.CodeNoAnswer {
		t.Errorf("a contact in reply to a pact: %s", out.Did)
	}
	k.tap("1", "P-2", "say")
	reply(k.newest("1", "P-1"), "first of all")
	if r := k.own("1"); r.Asks == nil || r.Asks.Key.ID != "P-2" {
		t.Errorf("a reply to another has taken the question away: %+v", r.Asks)
	}
	reply(k.newest("1", "chat:1"), "for P-2")
	if got := string(k.row("P-2").Answers); got != "[]b:for P-2;" {
		t.Errorf("P-2 has %q", got)
	}
	k.has("1", "an answer;", "b:for the pact;b:first of all;")
	k.tap("1", "P-1", "step:next")
	reply(k.newest("1", "P-1"), "too late")
	if s := k.own("1").Said; s.Code != dialog.CodeNotTaken || s.Typed != "too late" {
		t.Errorf("a reply that comes too late: %+v", s)
	}
	in := k.types("2", "for the owner")
	in.Reply = dialog.Reply{Message: "m0", Draft: "P-1"}
	k.handle(in)
	if s := k.own("2").Said; s.Code != dialog.CodeNotTaken || s.Reason.Code != dialog.CodeForeign {
		t.Errorf("a reply in another's seat: %+v", s)
	}
}

// A page's form gives the text to the conversation itself, at any revision, and a refusal stands there.
func TestTextOfAPage(t *testing.T) {
	k := sat(t)
	form := func(text string) dialog.Outcome {
		in := k.types("2", text)
		in.Place = dialog.Place{Channel: "web", Address: "v"}
		in.Name, in.Bound, in.Draft = "say", true, "P-1~s"
		return k.handle(in)
	}
	if out := form("x"); out.Did != dialog.DidRefuse || out.Record.Key.Flow != "pact" || out.Record.Said.Typed != "x" {
		t.Errorf("refused: %s %+v", out.Did, out.Record)
	}
	k.tap("1", "P-1", "step:next")
	k.tap("1", "P-1", "step:open")
	if out := form("from a page"); out.Did != dialog.DidApply {
		t.Errorf("after moves of the other: %s", out.Did)
	}
	if got := string(k.row("P-1").Answers); got != "[]s:from a page;" {
		t.Errorf("the pact has %q", got)
	}
}

// A person in a shared seat is asked in the own chat, and the text comes in that seat.
func TestAsksInASharedSeat(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	k.seat("P-1", dialog.Seat{Role: "o"})
	in := k.in("8")
	in.Kind, in.Name, in.Bound, in.Draft = dialog.KindTap, "say", true, "P-1~o"
	k.handle(in)
	k.handle(k.types("8", "a decision"))
	k.has("8", "", "o:a decision;")
}

// A flow that says too much of its conversation has a defect.
func TestAsksAbout(t *testing.T) {
	k := sat(t)
	in := k.button("1", "P-1", "say")
	in.Value = "long"
	if _, err := k.bot.Handle(t.Context(), in); !errors.Is(err, dialog.ErrSchemaNewer) {
		t.Error(err)
	}
	if k.own("1").Asks != nil {
		t.Error("it asks")
	}
}
