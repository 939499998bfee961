package insightdb

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// tried is a creation of a variant, as the events tell of it.
type tried struct {
	start  time.Time
	draft  string
	events []dialog.Event // in the order of time, with those that have no draft
}

// within reports whether an event of a kind came before the horizon.
func (c *tried) within(kind dialog.EventKind) bool {
	return slices.ContainsFunc(c.events, func(e dialog.Event) bool { return e.Kind == kind && e.At.Before(c.start.Add(config.Horizon)) })
}

// last is when an event of a kind came the last time before the horizon.
func (c *tried) last(kind dialog.EventKind) (at time.Time) {
	for _, e := range c.events {
		if e.Kind == kind && e.At.Before(c.start.Add(config.Horizon)) {
			at = e.At
		}
	}
	return at
}

// ended is how and when the creation ended; cancelled only if that was not undone.
func (c *tried) ended() (how dialog.EventKind, at time.Time) {
	for _, e := range c.events {
		if e.Kind == "confirmed" && e.At.Before(c.start.Add(config.Horizon)) {
			return e.Kind, e.At
		}
	}
	if at = c.last("replaced"); !at.IsZero() {
		return "replaced", at
	}
	if at = c.last("cancelled"); at.After(c.last("undone")) {
		return "cancelled", at
	}
	return "", c.start.Add(config.Horizon)
}

// failed reports whether an input got no turn while the creation was under way.
func (c *tried) failed(over time.Time) bool {
	return slices.ContainsFunc(c.events, func(e dialog.Event) bool {
		return e.Kind == dialog.EventFailed && e.At.Before(c.start.Add(config.Horizon)) && !e.At.After(over) && (e.Draft != "" || !e.At.Before(c.start))
	})
}

// recounted are the outcomes of a variant at a time, of the events alone.
func recounted(events []dialog.Event, variant string, since, until, at time.Time, limit time.Duration) (all, fresh insight.Outcomes) {
	people := map[string][]*tried{}
	for key, c := range begun(events, variant) {
		people[key.key] = append(people[key.key], c)
	}
	for _, list := range people {
		slices.SortFunc(list, func(a, b *tried) int { return cmp.Or(a.start.Compare(b.start), cmp.Compare(a.draft, b.draft)) })
		last := slices.IndexFunc(list, func(c *tried) bool { how, _ := c.ended(); return how != "replaced" })
		if last < 0 || list[last].start.Add(config.Horizon+time.Minute).After(at) || !until.IsZero() && !list[0].start.Before(until) {
			continue
		}
		one := insight.Outcomes{N: 1}
		if how, _ := list[last].ended(); how != "confirmed" {
			one.Abandoned = 1
		}
		for _, c := range list[:last+1] {
			_, over := c.ended()
			one.Lost, one.Conflict = max(one.Lost, bit(c.within("lost"))), max(one.Conflict, bit(c.within("conflict")))
			one.Failed = max(one.Failed, bit(c.failed(over)))
			for _, e := range c.events {
				if e.Kind == "rehydrated" && e.At.Before(c.start.Add(config.Horizon)) && e.Took > limit {
					one.Slow = 1
				}
			}
		}
		sum(&all, one)
		if !list[0].start.Before(since) {
			sum(&fresh, one)
		}
	}
	return all, fresh
}

func bit(is bool) int { return int(number(is)) }

func sum(to *insight.Outcomes, n insight.Outcomes) {
	to.N, to.Abandoned, to.Lost, to.Failed, to.Conflict, to.Slow = to.N+n.N, to.Abandoned+n.Abandoned, to.Lost+n.Lost, to.Failed+n.Failed, to.Conflict+n.Conflict, to.Slow+n.Slow
}

type began struct{ key, draft string }

// begun are the creations of a variant, with their events in the order of time.
func begun(events []dialog.Event, variant string) map[began]*tried {
	list := map[began]*tried{}
	for _, e := range events {
		if e.Kind == dialog.EventStarted && e.Variant == variant && strings.HasPrefix(e.Key, "lockbay:escrow:") && e.Key != "lockbay:escrow:tg:7" && e.Key != "lockbay:escrow:tty:1" {
			list[began{e.Key, e.Draft}] = &tried{start: e.At, draft: e.Draft}
		}
	}
	for _, e := range events {
		for of, c := range list {
			if of.key == e.Key && (of.draft == e.Draft || e.Draft == "") {
				c.events = append(c.events, e)
			}
		}
	}
	for _, c := range list {
		slices.SortStableFunc(c.events, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
	}
	return list
}

// agreeOnOutcomes fails unless what rollouts compare is what the events say.
func agreeOnOutcomes(t *testing.T, d *DB, events []dialog.Event, at time.Time) (sums insight.Outcomes) {
	t.Helper()
	for _, variant := range []string{"fast/1/new", "fast/1/old", "fast/2/new", "fast/2/old", "new", "none"} {
		for _, before := range []time.Duration{0, 40 * time.Hour, 4 * 24 * time.Hour} {
			since, limit := at.Add(-before), 10*time.Millisecond
			for _, until := range []time.Time{{}, since.Add(40 * time.Hour)} {
				all, fresh, err := d.Outcomes(t.Context(), variant, since, until, limit)
				wantAll, wantFresh := recounted(events, variant, since, until, at, limit)
				if err != nil || all != wantAll || fresh != wantFresh {
					t.Errorf("%s: %+v and %+v, want %+v and %+v, %v", variant, all, fresh, wantAll, wantFresh, err)
				}
				sum(&sums, all)
			}
		}
	}
	return sums
}

// TestOutcomes: what rollouts compare is what the events say, at any time, over random histories: who comes often counts once,
// what is younger than a horizon does not count, and the arm that is left out is left out.
func TestOutcomes(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		d := open()
		var events []dialog.Event
		sums := insight.Outcomes{}
		for seed := range uint64(3) {
			from := end.AddDate(0, 0, 20*int(seed))
			log.now = from
			some := insighttest.Random(seed, 150, 9, from)
			slices.SortFunc(some, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
			for len(some) > 0 {
				n := min(1+len(some)/3, len(some))
				log.now = some[n-1].At.Add(time.Minute)
				log.put(t, some[:n])
				events, some = append(events, some[:n]...), some[n:]
				if _, err := d.Fold(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n > 100 || len(some) == 0 {
					sum(&sums, agreeOnOutcomes(t, d, events, log.now))
				}
			}
		}
		if sums.N < 500 || sums.Abandoned == 0 || sums.Abandoned == sums.N || sums.Lost == 0 || sums.Failed == 0 || sums.Conflict == 0 || sums.Slow == 0 || sums.Slow == sums.N {
			t.Errorf("nothing is told apart: %+v", sums)
		}
	})
}

// TestForgottenOutcomes: who was forgotten is compared no longer, and nobody is put in that place.
func TestForgottenOutcomes(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		var events []dialog.Event
		for i, who := range []string{"tg:1", "tg:1", "tg:2", "tg:3"} {
			events = append(events, dialog.Event{Kind: dialog.EventStarted, Key: "lockbay:escrow:" + who, Draft: string(rune('a' + i)), Variant: "fast/1/new", At: end.Add(time.Duration(i)*time.Minute - 48*time.Hour)})
		}
		log.put(t, events)
		d := open()
		if all, _, err := d.Outcomes(t.Context(), "fast/1/new", end, time.Time{}, 0); !errors.Is(err, ErrAnew) || all.N > 0 {
			t.Errorf("before the first fold: %+v, %v", all, err)
		}
		for want := 3; want > 1; want-- {
			if _, err := d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
			if all, _, err := d.Outcomes(t.Context(), "fast/1/new", end, time.Time{}, 0); err != nil || all.N != want || all.Abandoned != want {
				t.Errorf("%+v, want %d, %v", all, want, err)
			}
			if err := d.Forget(t.Context(), "tg:1"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRipe: a creation is compared a horizon and a minute after its start, and not a millisecond before; one that begins when the
// stage has ended is not.
func TestRipe(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		log.put(t, []dialog.Event{{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:1", Draft: "a", Variant: "fast/1/new", At: end}})
		d := open()
		for want, after := range []time.Duration{-time.Millisecond, 0} {
			log.now = end.Add(config.Horizon + time.Minute + after)
			if _, err := d.Fold(t.Context()); err != nil {
				t.Fatal(err)
			}
			for since, fresh := range map[time.Time]int{end: want, end.Add(time.Millisecond): 0} {
				if all, some, err := d.Outcomes(t.Context(), "fast/1/new", since, time.Time{}, 0); err != nil || all.N != want || some.N != fresh {
					t.Errorf("%s: %+v, %+v, %v", after, all, some, err)
				}
			}
			for until, n := range map[time.Time]int{end: 0, end.Add(time.Millisecond): want} {
				if all, some, err := d.Outcomes(t.Context(), "fast/1/new", end, until, 0); err != nil || all.N != n || some.N != n {
					t.Errorf("until %s: %+v, %+v, %v", until, all, some, err)
				}
			}
		}
	})
}
