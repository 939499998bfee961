package insightdb

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestTickets: a correction, a loss that is known later than the ticket, and a forgotten person: the complaints are those of
// the events, and stay when the events are gone.
func TestTickets(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		at := end.Add(-60 * time.Hour)
		own := func(kind dialog.EventKind, who string, after time.Duration) dialog.Event {
			return dialog.Event{Kind: kind, Key: "lockbay:escrow:" + who, Draft: "d" + who, Step: "a", Mode: "memory", At: at.Add(after)}
		}
		ticket := func(who, class string) dialog.Event {
			e := own("ticketed", who, time.Minute)
			e.Cause, e.Source = class, "TCK-"+who
			return e
		}
		classed := func(who, class string, after time.Duration) dialog.Event {
			return dialog.Event{Kind: "classed", Key: "lockbay:ticket:TCK-" + who, Source: "TCK-" + who, Cause: class, At: at.Add(after), Took: after - time.Minute}
		}
		var events []dialog.Event
		d := open()
		has := func(what string, n, lost int) {
			t.Helper()
			if _, err := d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
			x, _, err := d.Figures(t.Context(), end, window, limits)
			if err != nil || x.Complaints.N != n || x.Complaints.WithLost != lost {
				t.Errorf("%s: %+v, %v", what, x.Complaints, err)
			}
			agree(t, d, events, end)
		}
		comes := func(some ...dialog.Event) {
			events = append(events, some...)
			for _, e := range some {
				log.now = e.At.Add(time.Second)
			}
			log.put(t, some)
		}
		comes(own("started", "tg:1", -time.Hour), own("answered", "tg:1", -time.Hour+time.Second), ticket("tg:1", "payment"), own("started", "tg:2", 0), ticket("tg:2", "progress"))
		has("one", 1, 0)
		comes(classed("tg:1", "progress", time.Hour))
		has("two", 2, 0)
		comes(own(dialog.EventLost, "tg:1", 2*time.Hour), own(dialog.EventRehydrated, "tg:1", 2*time.Hour))
		has("a loss", 2, 1)
		if err := d.Forget(t.Context(), "tg:1"); err != nil {
			t.Fatal(err)
		}
		comes(classed("tg:2", "other", 3*time.Hour))
		comes(classed("tg:1", "other", 4*time.Hour))
		has("of another class", 0, 0)
		comes(classed("tg:1", "progress", 5*time.Hour))
		has("forgotten", 1, 1)
		for gone := 1; gone > 0; {
			var err error
			if gone, err = log.Prune(t.Context(), end); err != nil {
				t.Fatal(err)
			}
		}
		log.now = end
		if _, err := d.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if x, _, err := d.Figures(t.Context(), end, window, limits); err != nil || x.Complaints.N != 1 || x.Complaints.WithLost != 1 {
			t.Errorf("without events: %+v, %v", x.Complaints, err)
		}
	})
}

// TestTicketsGo: tickets are kept as long as creations are, and their counts stay.
func TestTicketsGo(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		log.put(t, []dialog.Event{{Kind: "ticketed", Key: "lockbay:escrow:tg:1", Source: "TCK-1", Cause: "progress", At: end.Add(-48 * time.Hour)}})
		d := open()
		for _, days := range []int{0, 100} {
			log.now = end.AddDate(0, 0, days)
			if _, err := d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, err := numbers(t.Context(), d.scratch, `select slot from insight_tickets`); err != nil || len(n) == 0 == (days == 0) {
				t.Errorf("after %d days: %v, %v", days, n, err)
			}
			if x, _, err := d.Figures(t.Context(), end, window, limits); err != nil || x.Complaints.N != 1 || x.Complaints.Verdict != insight.NotSure {
				t.Errorf("after %d days: %+v, %v", days, x.Complaints, err)
			}
		}
	})
}

// TestClassedAtOnce: a ticket that gets another class in the millisecond in which it was written has that class.
func TestClassedAtOnce(t *testing.T) {
	told(t, func(s *story) {
		at := end.Add(-48 * time.Hour)
		written := dialog.Event{Kind: "ticketed", Key: "lockbay:escrow:tg:1", Source: "TCK-1", Cause: "other", At: at}
		s.comes(at.Add(time.Minute), written)
		set := written
		set.Kind, set.Key, set.Cause = "classed", "lockbay:ticket:TCK-1", "progress"
		s.comes(at.Add(2*time.Minute), set)
		if x, _, err := s.d.Figures(t.Context(), end, window, limits); err != nil || x.Complaints.N != 1 {
			t.Errorf("%+v, %v", x.Complaints, err)
		}
	})
}
