package insight_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// asked are n creations that are asked a question, of whom some leave at it; the others confirm.
func asked(step string, n, leave int) (all []dialog.Event) {
	for i := range n {
		e := begin(fmt.Sprint(step, i), 48*time.Hour)
		all = append(all, e, later(e, "asked", time.Second, step))
		if i >= leave {
			all = append(all, later(e, "confirmed", time.Minute, fmt.Sprint("ESC-", step, i)))
		}
	}
	return all
}

// TestWorst: the worst question is the one at which most of those leave who are asked it, if 50 are.
func TestWorst(t *testing.T) {
	for want, events := range map[string][]dialog.Event{
		"a": append(append(asked("a", 60, 30), asked("b", 200, 40)...), asked("c", 49, 49)...),
		"b": append(append(asked("a", 60, 10), asked("b", 50, 25)...), asked("c", 100, 45)...),
		"c": append(append(asked("a", 100, 0), asked("b", 100, 1)...), asked("c", 100, 2)...),
		"":  append(asked("a", 49, 40), asked("b", 40, 0)...),
	} {
		x, got := monthOf(events), ""
		if x.Worst != nil {
			got = x.Worst.Step
		}
		if got != want {
			t.Errorf("the worst is %q, want %q: %+v", got, want, x.Steps)
		}
	}
}

// TestQuestionsInOrder: questions stand as they are asked; of those asked at once, the more frequent ones are first.
func TestQuestionsInOrder(t *testing.T) {
	a, b := begin("a", 48*time.Hour), begin("b", 48*time.Hour)
	x := monthOf([]dialog.Event{
		a, later(a, "asked", 0, "z"), later(a, "asked", time.Minute, "k"), later(a, "asked", time.Hour, "a"), later(a, "asked", time.Minute, "x"),
		b, later(b, "asked", 0, "z"), later(b, "asked", time.Minute, "x"), later(b, "asked", time.Minute, "j"),
	})
	got := ""
	for _, s := range x.Steps {
		got += s.Step
	}
	if got != "zxjka" {
		t.Errorf("the questions are in the order %s", got)
	}
}

// TestAnswerTimes: a question has the median time to its first answer; who answered before it was asked has none.
func TestAnswerTimes(t *testing.T) {
	var all []dialog.Event
	answer := func(e dialog.Event, after time.Duration) dialog.Event {
		e = later(e, "answered", after, "q")
		e.Step = "q"
		return e
	}
	for i, after := range []time.Duration{time.Second, 2 * time.Second, 40 * time.Second, time.Hour, time.Hour} {
		e := begin(fmt.Sprint(i), 48*time.Hour)
		all = append(all, e, later(e, "asked", 0, "q"), answer(e, after), answer(e, after+time.Hour))
	}
	before := begin("before", 48*time.Hour)
	all = append(all, before, later(before, "asked", time.Minute, "q"), answer(before, time.Second))
	x := monthOf(all)
	if got := x.Steps[0].Answer; got < 36*time.Second || got > 44*time.Second || x.Steps[0].Asked != 6 {
		t.Errorf("answers take %s: %+v", got, x.Steps)
	}
}

// TestPayments: an escrow that was paid has not lapsed, whatever else happened to it, and what was confirmed late is neither.
func TestPayments(t *testing.T) {
	settled := func(id string, kinds ...dialog.EventKind) (all []dialog.Event) {
		for _, kind := range kinds {
			all = append(all, dialog.Event{Kind: kind, Key: "lockbay:deal:" + id, Draft: id, At: at.Add(-time.Hour)})
		}
		return all
	}
	var all []dialog.Event
	for id, after := range map[string]time.Duration{"ESC-paid": time.Hour, "ESC-both": time.Hour, "ESC-lapsed": time.Hour, "ESC-none": time.Hour, "ESC-late": 30 * time.Hour} {
		e := begin(id, 72*time.Hour)
		all = append(all, e, later(e, "confirmed", after, id))
	}
	all = append(all, settled("ESC-paid", "paid")...)
	all = append(all, settled("ESC-both", "lapsed", "paid")...)
	all = append(all, settled("ESC-lapsed", "lapsed", "lapsed")...)
	all = append(all, settled("ESC-late", "paid", "lapsed")...)
	if x := monthOf(all); x.Paid != 2 || x.Lapsed != 1 || x.Back != 1 || x.Ended[insight.Confirmed] != 4 {
		t.Errorf("%d paid, %d lapsed, %d came back: %v", x.Paid, x.Lapsed, x.Back, x.Ended)
	}
}

// TestBordersOfTheWindow: starts, rehydrations, and drafts that lost something belong to the window in which they were.
func TestBordersOfTheWindow(t *testing.T) {
	until := at.Add(-horizon)
	from := until.Add(-month)
	ms := time.Millisecond
	lost := func(draft string, started, then time.Time) []dialog.Event {
		e := begin(draft, at.Sub(started))
		return []dialog.Event{e, later(e, "answered", 0, ""), later(e, dialog.EventLost, then.Sub(started), ""), later(e, dialog.EventRehydrated, then.Sub(started), "")}
	}
	for name, c := range map[string]struct {
		events                       []dialog.Event
		creations, drafts, rehydrate int
	}{
		"as it begins":                    {lost("a", from, from.Add(time.Minute)), 1, 1, 1},
		"just before":                     {lost("a", from.Add(-ms), from.Add(time.Minute)), 0, 0, 1},
		"six days before":                 {lost("a", from.AddDate(0, 0, -6), from.Add(time.Minute)), 0, 0, 1},
		"eight days before":               {lost("a", from.AddDate(0, 0, -8), from.Add(time.Minute)), 0, 0, 0},
		"just before, and lost before":    {lost("a", from.Add(-2*ms), from.Add(-ms)), 0, 0, 0},
		"just before it ends":             {lost("a", until.Add(-2*ms), until.Add(-ms)), 1, 1, 1},
		"just before it ends, lost later": {lost("a", until.Add(-ms), until), 1, 1, 0},
		"as it ends":                      {lost("a", until, until.Add(time.Minute)), 0, 0, 0},
	} {
		x := monthOf(c.events)
		if x.Creations != c.creations || len(x.LostDrafts) != c.drafts || x.AfterStart.N != c.rehydrate || x.Creations+x.UnderWay > 1 {
			t.Errorf("%s: %d creations, %d lost something, %d rehydrations", name, x.Creations, len(x.LostDrafts), x.AfterStart.N)
		}
	}
	for start, want := range map[time.Time]int{from: 1, from.Add(-ms): 0, until.Add(-ms): 1, until: 0} {
		if x := monthOf([]dialog.Event{{Kind: dialog.EventUp, Instance: "host", At: start}}); x.Starts != want || x.Episodes != want {
			t.Errorf("a start at %s: %d starts, %d episodes", start, x.Starts, x.Episodes)
		}
	}
}

// TestNoTickets: what names no ticket, or nobody whom it could be of, is none.
func TestNoTickets(t *testing.T) {
	good := dialog.Event{Kind: "ticketed", Key: "lockbay:escrow:tg:1", Cause: "progress", Source: "TCK-1", At: at.Add(-48 * time.Hour)}
	for name, change := range map[string]func(*dialog.Event){
		"a ticket":     func(*dialog.Event) {},
		"no id":        func(e *dialog.Event) { e.Source = "" },
		"no key":       func(e *dialog.Event) { e.Key = "lockbay" },
		"a terminal's": func(e *dialog.Event) { e.Key = "lockbay:escrow:tty:1" },
	} {
		e := good
		change(&e)
		if x := monthOf([]dialog.Event{e}); (x.Complaints.N == 1) != (name == "a ticket") {
			t.Errorf("%s: %+v", name, x.Complaints)
		}
	}
}
