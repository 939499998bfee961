package dialog_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// entry is an event as the tests of this file write it: kind, the step that was found, cause
// and source.
func entry(e dialog.Event) string {
	return fmt.Sprintf("%s at=%s cause=%s source=%s", e.Kind, e.Step, e.Cause, e.Source)
}

// after are the events of this person that were logged by what f did.
func (w *world) after(f func()) (told []dialog.Event) {
	before := len(w.memory.Logged())
	f()
	for _, e := range w.memory.Logged()[before:] {
		if e.Key == w.key().String() {
			told = append(told, e)
		}
	}
	return told
}

// tells wants these events of what f does, in any order, and returns them.
func (w *world) tells(f func(), want ...string) (told []dialog.Event) {
	w.Helper()
	told = w.after(f)
	var got []string
	for _, e := range told {
		got = append(got, entry(e))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("the log has\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	return told
}

// says is an input for tells.
func (w *world) says(text string) func() { return func() { w.Helper(); w.say(text) } }

// An event has the step that the turn found. A question that is opened says which step is
// the new one, and why.
func TestEventsHaveTheStepFound(t *testing.T) {
	w := newWorld(t, dialog.Database, dialogtest.NewClock(time.Time{}))
	w.restart()
	w.tells(w.says("/create"), "started at= cause= source=", "asked at= cause=size source=start")
	w.tells(w.says("huge"), "refused at=size cause=not_offered source=")
	w.tells(w.says("large"), "answered at=size cause=size source=", "asked at=size cause=count source=next")
	w.tells(w.says("2"), "answered at=count cause=count source=", "asked at=count cause=address source=next")
	w.tells(w.says("/back"), "asked at=address cause=count source=back")
	w.tells(w.says("/continue"), "asked at=count cause=address source=next")
	w.tells(w.says("1 Infinite Loop"), "answered at=address cause=address source=", "asked at=address cause=review source=next")
	w.tells(func() { w.edit("count") }, "asked at=review cause=count source=edit")
	w.tells(w.says("/back"), "asked at=count cause=review source=back")
	w.tells(w.says("/cancel"), "cancelled at=review cause= source=")
	w.tells(w.says("/undo"), "undone at= cause= source=", "asked at= cause=review source=back")
	w.tells(w.says("/confirm"), "confirmed at=review cause= source=")
}

// edit taps the button that opens an answer again.
func (w *world) edit(question string) {
	w.Helper()
	row, err := w.memory.Load(w.Context(), w.key())
	if err != nil {
		w.Fatal(err)
	}
	w.inputs++
	in := dialog.Input{ID: fmt.Sprint(w.inputs), Kind: dialog.KindTap, Owner: w.owner, Name: "edit", Value: question,
		Bound: true, Draft: row.Draft, Revision: row.Revision}
	if _, err := w.bot.Handle(w.Context(), in); err != nil {
		w.Fatal(err)
	}
}

// A question that is asked again because its answer is lost says so, once: what follows is
// the usual order.
func TestAskedBecauseOfALoss(t *testing.T) {
	for name, c := range map[string]struct {
		says, at, asked string
	}{
		"an answer":  {"1 Infinite Loop", "address", "asked at=address cause=size source=lost"},
		"a command":  {"/resume", "address", "asked at=address cause=size source=lost"},
		"an unknown": {"/unheard", "address", "asked at=address cause=size source=lost"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := inDouble(t, dialog.Lightweight)
			w.say("/create")
			w.say("large")
			w.say("2")
			w.restart()
			told := w.after(w.says(c.says))
			if !slices.ContainsFunc(told, func(e dialog.Event) bool { return entry(e) == c.asked }) {
				t.Errorf("no %q in %v", c.asked, told)
			}
			told = w.after(w.says("small"))
			if want := "asked at=size cause=count source=next"; !slices.ContainsFunc(told, func(e dialog.Event) bool { return entry(e) == want }) {
				t.Errorf("no %q in %v", want, told)
			}
		})
	}
}

// Whatever people do, the last question that was opened is that of the step.
func TestLastAskedIsTheStep(t *testing.T) {
	lines := []string{"/create", "large", "2", "200", "1 Infinite Loop", "/back", "/continue", "/cancel", "/undo", "/restart", "/resume", "/confirm", "nonsense", "edit size", "edit address", "restart"}
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		mode := []dialog.Mode{dialog.Database, dialog.Lightweight}[seed%2]
		w, _ := inDouble(t, mode)
		w.say("/create")
		asked, draft := "size", ""
		for range 60 {
			switch says := lines[rnd.IntN(len(lines))]; {
			case says == "restart":
				w.restart()
				continue
			case strings.HasPrefix(says, "edit "):
				w.edit(strings.TrimPrefix(says, "edit "))
			default:
				w.say(says)
			}
			row, err := w.memory.Load(t.Context(), w.key())
			if err != nil {
				t.Fatal(err)
			}
			if row.Draft != draft {
				asked, draft = "", row.Draft
			}
			for _, e := range w.memory.Logged() {
				if e.Kind == form.EventAsked && e.Draft == draft {
					asked = e.Cause
				}
			}
			if row.Step != "" && asked != row.Step {
				t.Fatalf("seed %d: at %q, and %q was asked last", seed, row.Step, asked)
			}
		}
	}
}
