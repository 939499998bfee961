package dialog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// inGroup makes an input one of the chat G of several people.
func inGroup(in dialog.Input) dialog.Input {
	in.Group, in.Place.Address = true, "G"
	return in
}

// deskInGroup is a table whose pact P-1 has its desk in the chat G, for chat:8 and chat:9.
func deskInGroup(t *testing.T) *table {
	k := sat(t)
	k.handle(dialog.Input{ID: "share", Kind: dialog.KindOrder, Name: "share", Value: "G", Key: dialog.Key{Bot: "bot", Flow: "pact", ID: "P-1"}})
	k.newest("G", "P-1")
	return k
}

// press is a person's tap in G on a button of P-1.
func (k *table) press(who, action string) dialog.Input {
	k.Helper()
	in := k.button("G", "P-1", action)
	in.Owner = "chat:" + who
	return inGroup(in)
}

// question is the newest question for a person in G.
func (k *table) question(who string) dialogtest.Message {
	k.Helper()
	return k.newest("G", "G:chat:"+who)
}

// replies is a text of a person in G that answers a message.
func (k *table) replies(who, message, text string) dialog.Input {
	in := inGroup(k.types(who, text))
	in.Reply.Message = message
	return in
}

// asked are the people with a question in G.
func (k *table) asked() (owners []string) {
	k.Helper()
	rows, err := k.mem.List(k.Context(), dialog.Query{Flow: dialog.GroupFlow, Deep: true})
	if err != nil {
		k.Fatal(err)
	}
	for _, row := range rows {
		r, err := dialog.Decode(row)
		if err != nil {
			k.Fatal(err)
		}
		if r.Asks != nil {
			owners = append(owners, r.Owner)
		}
	}
	slices.Sort(owners)
	return owners
}

func (k *table) pactHas(want string) {
	k.Helper()
	if got := strings.TrimPrefix(string(k.row("P-1").Answers), "[]"); got != want {
		k.Errorf("the pact has %q, want %q", got, want)
	}
}

// TestGroupAsks: a button in a group asks the person who pressed it, and takes that person's reply to that message.
func TestGroupAsks(t *testing.T) {
	k := deskInGroup(t)
	if out := k.handle(k.press("8", "say")); out.Did != dialog.DidApply || out.Record.Key.ID != "G:chat:8" {
		t.Fatalf("the tap: %s", out.Did)
	}
	q := k.question("8")
	if q.Card.For != "chat:8" || q.Card.Question != "say for P-1" || len(q.Card.Quiet) > 0 {
		t.Errorf("the question: %+v", q.Card)
	}
	for name, in := range map[string]dialog.Input{
		"of another operator": k.replies("9", q.ID, "of 9"), "of a stranger": k.replies("7", q.ID, "of 7"), "of a party": k.replies("1", q.ID, "of 1"),
		"no reply": k.replies("8", "", "said"),
	} {
		if out := k.handle(in); out.Did != dialog.DidNothing && out.Did != dialog.DidForeign {
			t.Errorf("%s: %s", name, out.Did)
		}
	}
	k.pactHas("")
	if got := k.asked(); !slices.Equal(got, []string{"chat:8"}) {
		t.Errorf("asked: %v", got)
	}
	answer := k.replies("8", q.ID, "it broke")
	k.handle(answer)
	k.handle(answer) // the server delivers it again
	k.pactHas("o:it broke;")
	again := answer
	again.ID += "again"
	k.handle(again)
	k.pactHas("o:it broke;")
	if m := k.question("8"); m.ID == q.ID || m.Card.For != "" || m.Card.Band == nil || m.Card.Band.Text != dialog.CodeSentOn {
		t.Errorf("after the answer: %+v", m.Card)
	}
	if len(k.asked()) > 0 {
		t.Error("the question is still open")
	}
	for _, who := range []string{"7", "8", "9"} {
		if row, err := k.mem.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "hall", ID: "chat:" + who}); !errors.Is(err, dialog.ErrNotFound) {
			t.Errorf("%s has a row of their own: %+v %v", who, row, err)
		}
	}
}

// TestGroupReplyToCard: a reply to the card in a group goes to its conversation, from whoever may sit there, whether they
// are asked something or not. Nobody else's does, and none is begun for them.
func TestGroupReplyToCard(t *testing.T) {
	k := deskInGroup(t)
	card := k.newest("G", "P-1")
	to := func(who, text string) dialog.Input {
		in := k.replies(who, card.ID, text)
		in.Reply.Draft, in.Reply.Revision = card.Card.Draft, card.Card.Revision
		return in
	}
	other, owners := to("8", "of nobody's seat"), to("8", "of the owner's seat")
	other.Reply.Draft, owners.Reply.Draft = "P-1~none", "P-1"
	for name, in := range map[string]dialog.Input{"of a stranger": to("7", "of 7"), "of a party": to("1", "of 1"), "to no seat": other, "to the owner's": owners} {
		if out := k.handle(in); out.Did != dialog.DidNothing && out.Did != dialog.DidForeign {
			t.Errorf("%s: %s", name, out.Did)
		}
	}
	k.pactHas("")
	reply := to("9", "it broke")
	for range 2 { // the server delivers it again
		k.handle(reply)
		k.pactHas("o:it broke;")
	}
	k.handle(k.press("8", "say"))
	k.handle(to("8", "it did"))
	k.pactHas("o:it broke;o:it did;")
	if got := k.asked(); !slices.Equal(got, []string{"chat:8"}) {
		t.Errorf("asked: %v", got)
	}
	k.handle(to("9", "x"))
	k.pactHas("o:it broke;o:it did;")
	if m := k.question("9"); m.Card.Band == nil || m.Card.Band.Text != dialog.CodeNotTaken {
		t.Errorf("not taken: %+v", m.Card)
	}
	if rows, err := k.mem.List(t.Context(), dialog.Query{Flow: dialog.GroupFlow, Deep: true}); err != nil || len(rows) != 2 {
		t.Errorf("%d rows of the group: %v", len(rows), err)
	}
}

// TestGroupAsksAgain: a refused text is asked for again in a new message, and a late one is not taken.
func TestGroupAsksAgain(t *testing.T) {
	k := deskInGroup(t)
	k.handle(k.press("8", "say"))
	first := k.question("8").ID
	k.handle(k.replies("8", first, "x"))
	q := k.question("8")
	if q.ID == first || q.Edits > 0 || q.Card.For != "chat:8" || q.Card.Body[0] != "short" {
		t.Fatalf("asked again: %+v", q.Card)
	}
	if out := k.handle(k.replies("8", first, "to the first")); out.Did != dialog.DidRefuse { // or to a copy that nobody knows, after a crash
		t.Errorf("a reply to an earlier question: %s", out.Did)
	}
	k.pactHas("")
	if again := k.question("8"); again.ID == q.ID || again.Edits > 0 || again.Card.For != "chat:8" || again.Card.Body[0] != dialog.CodeNoAnswer {
		t.Errorf("asked once more: %+v", again.Card)
	}
	q = k.question("8")
	k.tap("1", "P-1", "step:next")
	k.handle(k.replies("8", q.ID, "too late"))
	k.pactHas("")
	if m := k.question("8"); m.Card.Band == nil || m.Card.Band.Text != dialog.CodeNotTaken {
		t.Errorf("too late: %+v", m.Card)
	}
}

// TestGroupOfOthers: who may not sit changes nothing in a group, whatever they press, and nothing of theirs is shown there.
func TestGroupOfOthers(t *testing.T) {
	k := deskInGroup(t)
	said := len(k.chat.Messages("G"))
	had := k.row("P-1").Version
	tap := func(who, name, draft string, revision int64) dialog.Input {
		in := inGroup(k.in(who))
		in.Kind, in.Name, in.Draft, in.Bound, in.Revision = dialog.KindTap, name, draft, draft != "", revision
		return in
	}
	revision := k.newest("G", "P-1").Card.Revision
	for name, in := range map[string]dialog.Input{
		"a stranger asks":                    k.press("7", "say"),
		"a stranger adds":                    k.press("7", "add"),
		"the buyer adds":                     k.press("1", "add"),
		"the buyer at the own seat":          tap("1", "add", "P-1", k.row("P-1").Revision),
		"the buyer asks at the own seat":     tap("1", "say", "P-1", k.row("P-1").Revision),
		"the seller at the own seat":         tap("2", "add", "P-1~s", 1),
		"the seller asks at the own seat":    tap("2", "say", "P-1~s", 1),
		"an operator at the buyer's seat":    tap("8", "add", "P-1", k.row("P-1").Revision),
		"an operator without a conversation": tap("8", "new", "", 0),
		"of no conversation":                 tap("8", "add", "P-7~o", revision),
		"of nothing":                         tap("8", "add", "x~o", revision),
	} {
		out := k.handle(in)
		if out.Did != dialog.DidNothing && out.Did != dialog.DidForeign || out.Toast == nil || out.Toast.Code != dialog.CodeForeign {
			t.Errorf("%s: %s %+v", name, out.Did, out.Toast)
		}
	}
	if k.row("P-1").Version != had || len(k.chat.Messages("G")) != said || len(k.asked()) > 0 {
		t.Errorf("version %d to %d, %d to %d messages, asked: %v", had, k.row("P-1").Version, said, len(k.chat.Messages("G")), k.asked())
	}
	k.handle(k.press("9", "add"))
	k.pactHas("[o]")
}

// TestGroupOfTwo: two operators are asked at once, each in a message of their own.
func TestGroupOfTwo(t *testing.T) {
	k := deskInGroup(t)
	var wg sync.WaitGroup
	for _, who := range []string{"8", "9"} {
		in := k.press(who, "say")
		for n := range 2 { // each presses twice at once
			in := in
			in.ID = fmt.Sprint(in.ID, n)
			wg.Go(func() {
				if _, err := k.bot.Handle(t.Context(), in); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	k.rest()
	if got := k.asked(); !slices.Equal(got, []string{"chat:8", "chat:9"}) {
		t.Fatalf("asked: %v", got)
	}
	eight, nine := k.question("8").ID, k.question("9").ID
	if out := k.handle(k.replies("8", nine, "of 8")); out.Did != dialog.DidRefuse || k.question("8").ID == eight {
		t.Errorf("an answer to another's question: %s", out.Did)
	}
	k.pactHas("")
	k.handle(k.replies("9", nine, "of 9"))
	k.handle(k.replies("8", k.question("8").ID, "of 8"))
	k.pactHas("o:of 9;o:of 8;")
	questions := 0
	for _, m := range k.chat.Messages("G") {
		if m.Card.For != "" {
			questions++
		}
	}
	if questions > 0 {
		t.Errorf("%d questions are left", questions)
	}
}

// TestGroupCrash: a question and its answer survive a crash at any write, and an answer is taken once.
func TestGroupCrash(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for at := range 4 {
			k := deskInGroup(t)
			k.handle(k.press("8", "say"))
			answer := k.replies("8", k.question("8").ID, "it broke")
			store := dialogtest.NewFaulty(k.mem)
			bot, err := dialog.New(store, dialog.Config{Now: k.clock.Now, Instance: "there.1"}, hall{}, pact{}, dialog.Groups{})
			if err != nil {
				t.Fatal(err)
			}
			bot.Attach(k.chat)
			var n atomic.Int64 // commits
			most := int64(at)
			store.Func(func(m dialogtest.Method, b *dialog.Batch) (f dialogtest.Fault) {
				if m != dialogtest.Commit {
					return f
				}
				switch i := n.Add(1); {
				case i <= most:
					return f
				case lost && i == most+1:
					return dialogtest.Fault{After: dialogtest.ErrFault}
				}
				return dialogtest.Fault{Before: dialogtest.ErrFault}
			})
			_, _ = bot.Handle(t.Context(), answer)
			soon(t, "the faults are reached, or all is done", func() bool { return n.Load() > most || bot.Stats().Couriers == 0 })
			_ = bot.Close(t.Context())
			k.start()
			k.handle(answer)
			if _, err := k.bot.Sweep(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			soon(t, "the answer is taken", func() bool { return string(k.row("P-1").Answers) != "[]" })
			k.rest()
			k.pactHas("o:it broke;")
			if len(k.asked()) > 0 {
				t.Errorf("lost %v at %d: the question is open again", lost, at)
			}
		}
	}
}

// TestGroupWithout: an engine without the flow of groups answers a tap there, and keeps nothing.
func TestGroupWithout(t *testing.T) {
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, hall{}, pact{})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(t.Context())
	out, err := bot.Handle(t.Context(), dialog.Input{ID: "1", Kind: dialog.KindTap, Name: "new", Owner: "chat:8", Group: true, Place: dialog.Place{Channel: dialogtest.ChatName, Address: "G", Push: true}})
	if err != nil || out.Did != dialog.DidForeign || out.Toast.Code != dialog.CodeForeign {
		t.Errorf("%+v %v", out, err)
	}
}
