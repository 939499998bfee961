package insightdb

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// story is a log that a test writes event by event, folding in between.
type story struct {
	t      *testing.T
	log    *clocked
	d      *DB
	events []dialog.Event
}

// comes puts events into the log, folds at a time, and sees that the counts are those of all events.
func (s *story) comes(at time.Time, some ...dialog.Event) (done Folded) {
	s.t.Helper()
	s.log.put(s.t, some)
	s.events = append(s.events, some...)
	s.log.now = at
	done, err := s.d.Fold(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if !done.Until.Equal(at) {
		s.t.Errorf("a fold at %s says that it counted until %s", at, done.Until)
	}
	agree(s.t, s.d, s.events, at)
	return done
}

func told(t *testing.T, tell func(s *story)) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) { tell(&story{t: t, log: log, d: open()}) })
}

// event is one of a draft of its own person.
func event(at time.Time, kind dialog.EventKind, draft string) dialog.Event {
	return dialog.Event{Kind: kind, Key: "lockbay:escrow:tg:" + draft, Draft: draft, Step: "a", Cause: "a", Mode: "database", Instance: "x", At: at}
}

func up(at time.Time) dialog.Event {
	return dialog.Event{Kind: dialog.EventUp, Instance: "x", Cause: "crash", At: at}
}

// TestClockSetBack: after the clock was set back, by minutes or by days, what comes then is counted, and what came before stays. A
// restart then is one for those who stood there at that time of later days, too.
func TestClockSetBack(t *testing.T) {
	for _, back := range []time.Duration{5 * time.Minute, 26 * time.Hour, 8 * 24 * time.Hour} {
		t.Run(fmt.Sprint(back), func(t *testing.T) {
			told(t, func(s *story) {
				now := end.Add(-back)
				var first []dialog.Event
				for day := -8; day <= 8; day++ {
					if at, draft := now.AddDate(0, 0, day), fmt.Sprint("d", day); at.Before(end) {
						first = append(first, event(at.Add(-4*time.Minute), dialog.EventStarted, draft), event(at.Add(-2*time.Minute), "answered", draft))
					}
				}
				s.comes(end, first...)
				s.comes(now, event(now.Add(-time.Minute), dialog.EventStarted, "e"))
				s.comes(now.Add(time.Minute), up(now), event(now.Add(30*time.Second), "answered", "e"))
				if until, whole, err := s.d.Until(t.Context()); err != nil || !whole || !until.Equal(s.log.now) {
					t.Errorf("it is counted until %s, %t, %v", until, whole, err)
				}
				s.comes(end.Add(time.Hour), event(end.Add(time.Minute), "answered", "e"))
			})
		})
	}
}

// TestLateRestart: a restart that is told a day late is one for all who stood there, on that day and on those around it.
func TestLateRestart(t *testing.T) {
	for _, days := range []int{-7, -1, 0, 1} {
		t.Run(fmt.Sprint(days), func(t *testing.T) {
			told(t, func(s *story) {
				met := end.Add(-26*time.Hour + 10*time.Minute)
				at := met.AddDate(0, 0, days)
				s.comes(end, event(at.Add(-3*time.Minute), dialog.EventStarted, "a"), event(at.Add(-2*time.Minute), "asked", "a"), event(at.Add(-time.Minute), "answered", "a"))
				done := s.comes(end.Add(12*time.Hour), up(met)) // another day: two of them are counted again
				if want := map[bool]int{true: 1, false: 2}[days == 0]; done.Slots != want {
					t.Errorf("%d slots were counted, want %d", done.Slots, want)
				}
				want := map[bool]string{true: "exposed/a/3m", false: "control/a/3m"}[days == 0]
				if slots := s.slots(); !slices.ContainsFunc(slots, func(x insight.Slot) bool { return x.Count(want) == 1 }) {
					t.Errorf("no %s in %+v", want, slots)
				}
			})
		})
	}
}

// slots are those that are kept.
func (s *story) slots() []insight.Slot {
	s.t.Helper()
	r, err := s.d.Recent(s.t.Context(), time.UnixMilli(0))
	if err != nil {
		s.t.Fatal(err)
	}
	return r.Slots
}

// TestNoLongerQuiet: who stood at a quiet time of another day is a control no longer once a life ended within half an hour of it.
func TestNoLongerQuiet(t *testing.T) {
	for _, away := range []time.Duration{-30 * time.Minute, -30*time.Minute + time.Millisecond, 0, 30*time.Minute - time.Millisecond, 30 * time.Minute} {
		t.Run(fmt.Sprint(away), func(t *testing.T) {
			told(t, func(s *story) {
				at := end.Add(-3 * time.Hour)
				count := func() (n int) {
					for _, x := range s.slots() {
						n += x.Count("control/a/10m")
					}
					return n
				}
				// It stood until ten minutes after its answer, which came a day after its start, or nearly.
				s.comes(at, up(at.AddDate(0, 0, -1)), event(at.Add(-24*time.Hour+time.Millisecond), dialog.EventStarted, "a"), event(at.Add(-20*time.Minute), "asked", "a"), event(at.Add(-10*time.Minute), "answered", "a"))
				if count() != 1 {
					t.Fatalf("it is no control: %+v", s.slots())
				}
				s.comes(at.Add(16*time.Hour), up(at.Add(away))) // it may be told late
				if quiet := away <= -30*time.Minute || away >= 30*time.Minute; (count() == 1) != quiet && away != 0 {
					t.Errorf("%s away: %d controls", away, count())
				}
			})
		})
	}
}

// TestFelt: a start is felt once a loss soon after it is known, in whatever slot it was, and no longer if that loss was not the
// last one of its creation.
func TestFelt(t *testing.T) {
	told(t, func(s *story) {
		start := insight.SlotTime(insight.SlotOf(end.Add(-30 * time.Hour))).Add(-2 * time.Minute) // a slot ends soon after
		felt := func(what string, want bool) {
			t.Helper()
			r, err := s.d.Recent(t.Context(), time.UnixMilli(0))
			if err != nil || len(r.Ups) != 1 || r.Ups[0].Felt != want {
				t.Errorf("%s: %+v, %v", what, r.Ups, err)
			}
		}
		began := start.Add(-5 * time.Hour)
		s.comes(start.Add(time.Minute), up(start), event(began, dialog.EventStarted, "a"), event(began, "answered", "a"))
		felt("nothing was lost", false)
		s.comes(start.Add(4*time.Minute), event(start.Add(3*time.Minute), dialog.EventLost, "a"))
		felt("nobody knows of the loss", false)
		s.comes(start.Add(2*time.Hour), event(start.Add(time.Hour), "answered", "a"))
		felt("the person came back", true)
		s.comes(start.Add(4*time.Hour), event(start.Add(3*time.Hour), dialog.EventLost, "a"), event(start.Add(3*time.Hour), "answered", "a"))
		felt("it was lost again later", false)
		s.comes(start.Add(20*time.Hour), event(began, dialog.EventStarted, "b"), event(began.Add(time.Second), "answered", "b"), event(start, dialog.EventLost, "b"), event(start, dialog.EventRehydrated, "b"))
		felt("another lost something as it started, which is told the next day", true)
	})
}

// TestFinal: the counts of a time whose creations are gone stay as they are, whatever is read again; those of the first day that
// is kept are still counted.
func TestFinal(t *testing.T) {
	told(t, func(s *story) {
		s.comes(end, event(end.Add(-time.Hour), dialog.EventStarted, "a"), event(end.Add(-40*time.Hour), dialog.EventStarted, "b"))
		count := func() (n int) {
			for _, x := range s.slots() {
				n += x.Count("creations")
			}
			return n
		}
		if count() != 2 {
			t.Fatalf("%d creations", count())
		}
		for _, x := range []struct{ days, want int }{{89, 2}, {95, 0}} {
			s.log.now = end.AddDate(0, 0, x.days)
			if _, err := s.d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := creations(t, s.d); n != x.want {
				t.Errorf("after %d days %d creations are kept", x.days, n)
			}
		}
		if err := s.d.change(t.Context(), func(tx querier) error { return touch(t.Context(), tx, insight.SlotOf(end.Add(-time.Hour))) }); err != nil {
			t.Fatal(err)
		}
		if _, err := s.d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		if count() != 2 {
			t.Errorf("then %d creations are counted", count())
		}
	})
}

// TestWindowBeforeAll: a window that ends before anything is counted has no creations, and says since when something is.
func TestWindowBeforeAll(t *testing.T) {
	told(t, func(s *story) {
		s.comes(end, event(end.Add(-time.Hour), dialog.EventStarted, "a"), up(end.Add(-2*time.Hour)))
		x, since, err := s.d.Figures(t.Context(), end.AddDate(0, -2, 0), window, limits)
		if err != nil || x.Creations != 0 || x.Starts != 0 || !since.Equal(insight.SlotTime(insight.SlotOf(end.Add(-time.Hour)))) {
			t.Errorf("%+v, since %s, %v", x, since, err)
		}
	})
}
