package insightdb

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestAnew: while all is made anew from the events, wherever that stops, the figures of before stay; nothing says that the events
// may go, and rollouts compare nothing.
func TestAnew(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(6, 200, 8)
		log.put(t, events)
		d := open()
		if until, whole, err := d.Until(t.Context()); err != nil || !until.IsZero() || whole {
			t.Errorf("before the first fold: %s, %t, %v", until, whole, err)
		}
		for stop := 1; ; stop += 1 + stop/3 { // the first fold, too, may stop anywhere
			n := 0
			d.killed = func() bool { n++; return n == stop }
			_, err := d.Fold(t.Context())
			d.killed = nil
			if err == nil {
				break
			}
			if _, _, err := d.Outcomes(t.Context(), "new", log.now, time.Time{}, 0); creations(t, d) == 0 && !errors.Is(err, ErrAnew) {
				t.Fatalf("the first fold stopped at statement %d: of no creations it compares some: %v", stop, err)
			}
		}
		agree(t, d, events, log.now)
		first := log.now
		want := withoutLost(t, d, first)
		d.page, log.now = 500, log.now.Add(3*time.Minute)
		counted, all := first, creations(t, d)
		for stop := 1; ; stop += 1 + stop/3 {
			n := 0
			d.killed = func() bool { n++; return n == stop }
			_, err := d.Rebuild(t.Context())
			d.killed = nil
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			until, whole, err := d.Until(t.Context())
			if err != nil || !until.Equal(counted) && !(whole && until.Equal(log.now)) {
				t.Fatalf("stopped at statement %d: counted until %s, %t, %v", stop, until, whole, err)
			}
			if got := withoutLost(t, d, first); !reflect.DeepEqual(got, want) {
				t.Fatalf("stopped at statement %d:\n%+v\n%+v", stop, got, want)
			}
			counted = until
			n = creations(t, d)
			if _, _, err := d.Outcomes(t.Context(), "new", first, time.Time{}, 0); n < all && !errors.Is(err, ErrAnew) {
				t.Fatalf("stopped at statement %d: of %d creations it compares some: %v", stop, n, err)
			}
		}
		agree(t, d, events, log.now)
		if until, whole, err := d.Until(t.Context()); err != nil || !until.Equal(log.now) || !whole {
			t.Errorf("in the end it is counted until %s, %t, %v", until, whole, err)
		}
	})
}

// creations is how many are kept.
func creations(t *testing.T, d *DB) int {
	t.Helper()
	list, err := numbers(t.Context(), d.scratch, `select 1 from insight_drafts`)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// withoutLost are figures without the drafts that lost answers: these come from the creations.
func withoutLost(t *testing.T, d *DB, at time.Time) *insight.Figures {
	t.Helper()
	x, _, err := d.Figures(t.Context(), at, window, limits)
	if err != nil {
		t.Fatal(err)
	}
	x.LostDrafts = nil
	return x
}

// TestRestartTouches: a restart has the slots counted again of the creations that stood there, or at that time of another day, and
// no others. A start after a stop has only its own slot counted.
func TestRestartTouches(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		restart := insight.SlotTime(insight.SlotOf(end.Add(-6 * time.Hour))).Add(15 * time.Minute)
		var events []dialog.Event
		at := func(ago time.Duration, kind dialog.EventKind, draft string) {
			events = append(events, dialog.Event{Kind: kind, Key: "lockbay:escrow:tg:" + draft, Draft: draft, Step: "a", Cause: "a", At: restart.Add(-ago)})
		}
		day := 24 * time.Hour
		var want []int64
		for i, c := range []struct {
			started, answered time.Duration // before the restart
			touched           bool
		}{
			{time.Minute, time.Minute / 2, true},
			{20 * time.Hour, 9 * time.Minute, true},
			{20 * time.Hour, 19 * time.Hour, false},
			{26 * time.Hour, day + time.Minute, true}, // a control of the day before
			{40 * time.Hour, day + 10*time.Minute, true},
			{40*time.Hour + 30*time.Minute, day + 10*time.Minute + time.Millisecond, false}, // it stood there no longer
			{10 * time.Hour, 39 * time.Minute, true},                                        // a control, perhaps, of a time that is quiet no longer
			{3*day + time.Hour, 3 * day, false},
			{7*day + time.Hour, 7*day + time.Minute, true},
			{7*day + 3*time.Hour, 7*day + 2*time.Hour, false},
			{5 * time.Hour, 41 * time.Minute, false},
			{4 * time.Hour, 0, false},               // nothing was answered
			{25 * time.Hour, 22 * time.Hour, false}, // it stood there after the time of the day before
		} {
			draft := string(rune('a' + i))
			at(c.started, dialog.EventStarted, draft)
			if c.answered > 0 {
				at(c.answered, "answered", draft)
			}
			if c.touched {
				want = append(want, insight.SlotOf(restart.Add(-c.started)))
			}
		}
		at(23*time.Hour, dialog.EventStarted, "z") // it was answered before and after, and not when the life ended
		at(22*time.Hour, "answered", "z")
		events[len(events)-1].Step = "b"
		at(-41*time.Minute, "answered", "z")
		want = append(want, insight.SlotOf(restart))
		slices.Sort(want)
		want = slices.Compact(want)
		log.put(t, events)
		log.now = restart
		d := open()
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, e := range []dialog.Event{{Kind: dialog.EventUp, Cause: "crash", Instance: "x", At: restart}, {Kind: dialog.EventUp, Cause: "stop", Instance: "y", At: restart}} {
			log.put(t, []dialog.Event{e})
			log.now = restart.Add(time.Minute)
			done, err := d.Fold(t.Context())
			if err != nil || done.Slots != len(want) {
				t.Errorf("%s: %d slots were counted again, want %d, %v", e.Cause, done.Slots, len(want), err)
			}
			want = []int64{insight.SlotOf(restart)}
		}
	})
}

// TestRecountInParts: the nightly recount reads some pages in each fold, and mends as much as at once; a process that dies goes
// on where it was, and the next day begins anew.
func TestRecountInParts(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(7, 150, 3)
		slices.SortFunc(events, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
		late := func(i int) bool {
			e := events[i]
			return i%9 == 0 && e.At.Before(end.Add(-time.Hour)) && e.At.After(end.Add(-34*time.Hour))
		}
		var early, rest []dialog.Event
		for i, e := range events {
			if late(i) {
				rest = append(rest, e)
			} else {
				early = append(early, e)
			}
		}
		log.put(t, early)
		d := open()
		d.page = 100
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		log.put(t, rest)
		mended, folds := 0, 0
		for log.now = end.Add(13 * time.Hour); folds < 100; folds++ { // the next day
			after := 20 * (folds + 1)
			d.killed = func() bool { after--; return after == 0 }
			done, err := d.Fold(t.Context())
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			mended += done.Late
			log.now = log.now.Add(time.Minute)
			if list, err := d.Check(t.Context()); err == nil && len(list) == 0 {
				break
			}
		}
		d.killed = nil
		if folds < 3 || folds > 30 || mended < len(rest)/8 || mended > len(rest) {
			t.Errorf("%d of %d events were mended in %d folds", mended, len(rest), folds)
		}
		for range 20 { // until the recount has ended
			if _, err := d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		agree(t, d, events, log.now)
		log.put(t, []dialog.Event{event(end.Add(-2*time.Hour), dialog.EventStarted, "later")})
		for day, want := range []int{0, 1} {
			log.now = end.Add(time.Duration(14+24*day) * time.Hour)
			got := 0
			for range 20 {
				done, err := d.Fold(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				got += done.Late
			}
			if got != want {
				t.Errorf("on day %d it mended %d", day, got)
			}
		}
	})
}

// TestPrunedInASlot: the counts of the half hour in which the events begin stay as they are when all is made anew: some of its
// events are gone.
func TestPrunedInASlot(t *testing.T) {
	told(t, func(s *story) {
		slot := insight.SlotTime(insight.SlotOf(end.Add(-40 * time.Hour)))
		s.comes(end, event(slot.Add(-time.Hour), dialog.EventStarted, "a"), event(slot.Add(5*time.Minute), dialog.EventStarted, "b"), event(slot.Add(20*time.Minute), dialog.EventStarted, "c"), event(slot.Add(time.Hour), dialog.EventStarted, "d"))
		before := s.slots()
		if _, err := s.log.Prune(t.Context(), slot.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.d.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := creations(t, s.d); n != 2 || !slices.Equal(s.slots(), before) {
			t.Errorf("of %d creations:\n%+v\nwant\n%+v", n, s.slots(), before)
		}
		if list, err := s.d.Check(t.Context()); err != nil || len(list) > 0 {
			t.Errorf("check: %v, %v", list, err)
		}
	})
}
