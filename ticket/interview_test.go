package ticket_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/ticket"
)

// asked reports whether the card asks for an interview.
func (k *rig) asked() bool {
	c := k.card()
	body := strings.Contains(strings.Join(c.Body, "\n"), "ask what stood in the way?")
	if button := slices.ContainsFunc(c.Quiet, func(b dialog.Button) bool { return b.Action == "interview" && b.Label == "Yes, you may ask me" }); button != body {
		k.t.Errorf("the button is there: %v, the question: %v", button, body)
	}
	return body
}

// draft is a draft that has an answer.
func (k *rig) draft() *rig { return k.say("/create").say("@anna_ceramics") }

// expire lets the draft expire.
func (k *rig) expire() {
	k.t.Helper()
	k.pass(8 * 24 * time.Hour)
	for range 2 { // the reminder first
		if _, err := k.bot.Sweep(k.t.Context(), 0); err != nil {
			k.t.Fatal(err)
		}
	}
	if k.own().Step != "" {
		k.t.Fatalf("the draft is at %s", k.own().Step)
	}
	k.out.Record = k.own()
}

// TestInterview: under a cancelled and an expired draft a person says yes, once: a ticket that names the draft.
func TestInterview(t *testing.T) {
	for name, end := range map[string]func(k *rig){"cancelled": func(k *rig) { k.say("/cancel") }, "expired": (*rig).expire} {
		k := begin(t).draft()
		if k.asked() {
			t.Errorf("%s: it asks at a question", name)
		}
		draft := k.own().Draft
		end(k)
		question := k.card().Question
		if !k.asked() {
			t.Fatalf("%s: it does not ask: %+v", name, k.card())
		}
		k.tap("interview")
		k.send(k.last)
		list := k.tickets()
		if len(list) != 1 || list[0].Class != ticket.Interview || list[0].Owner != owner || list[0].Text != "Yes, you may ask me" || list[0].Draft != draft || list[0].From != "telegram" {
			t.Errorf("%s: the tickets are %+v", name, list)
		}
		if e := k.events(); len(e) != 1 || e[0].Cause != "interview" || e[0].Source != list[0].ID {
			t.Errorf("%s: the events are %+v", name, e)
		}
		c := k.card()
		said := strings.Join(c.Body, "\n")
		if c.Band != nil {
			said += c.Band.Strong
		}
		if k.asked() || c.Question != question || !strings.Contains(said, "Thank you") {
			t.Errorf("%s: the card is %+v", name, c)
		}
		if name == "cancelled" {
			if k.tap("undo"); k.own().Step != intake.StepAmount || k.own().Draft != draft {
				t.Errorf("undo leads to %s", k.own().Step)
			}
			k.say("/cancel")
		}
		if k.asked() {
			t.Errorf("%s: it asks again", name)
		}
		if k.draft().say("/cancel"); k.asked() {
			t.Errorf("%s: it asks at the next draft", name)
		}
		if _, err := k.bot.ForgetPerson(t.Context(), owner); err != nil || len(k.tickets()) != 0 {
			t.Errorf("%s: after forget: %+v, %v", name, k.tickets(), err)
		}
	}
}

// TestInterviewIsAskedOnce: who begins another draft instead is not asked again; Undo is no other draft.
func TestInterviewIsAskedOnce(t *testing.T) {
	k := begin(t).draft().say("/cancel")
	old := k.out.Record.Revision
	k.tap("undo").say("/cancel")
	if !k.asked() {
		t.Fatal("after Undo it does not ask")
	}
	if k.draft().say("/cancel"); k.asked() {
		t.Error("it asks at the second draft")
	}
	in := k.input("")
	in.Kind, in.Name, in.Bound, in.Draft, in.Revision = dialog.KindTap, "interview", true, k.own().Draft, old
	if k.send(in); k.out.Did != dialog.DidStale || len(k.tickets()) != 0 {
		t.Errorf("an old button: %s, %+v", k.out.Did, k.tickets())
	}
	if k.tap("interview"); len(k.tickets()) != 0 {
		t.Errorf("a button that is not there: %+v", k.tickets())
	}
	for k.own().Version > 0 && k.own().Updated.After(k.now().AddDate(0, 0, -200)) { // the row goes, and with it that the person was asked
		k.pass(30 * 24 * time.Hour)
		if _, err := k.bot.Sweep(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
	}
	if k.draft().say("/cancel"); !k.asked() {
		t.Error("half a year later it does not ask")
	}
}

// TestInterviewAtOnce: a yes at two instances is one ticket, and so is one whose row has forgotten the first.
func TestInterviewAtOnce(t *testing.T) {
	k := begin(t).draft().say("/cancel")
	engines := []*dialog.Engine{k.engine("c"), k.engine("d")}
	var wg sync.WaitGroup
	for _, e := range engines {
		in := k.input("")
		in.Kind, in.Name, in.Bound, in.Draft, in.Revision = dialog.KindTap, "interview", true, k.own().Draft, k.own().Revision
		wg.Go(func() {
			if _, err := e.Handle(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(k.tickets()); n != 1 {
		t.Fatalf("%d tickets", n)
	}
	if err := k.bot.Forget(t.Context(), dialog.Key{Bot: "bot", Flow: intake.FlowName, ID: owner}); err != nil {
		t.Fatal(err)
	}
	if k.draft().say("/cancel"); k.asked() {
		k.tap("interview")
	}
	if n := len(k.tickets()); n != 1 {
		t.Errorf("%d tickets of one person", n)
	}
}
