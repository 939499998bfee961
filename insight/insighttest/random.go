package insighttest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Random are the events of n creations that begin within some days before end, in no order. Anything happens in them, at any time
// and any number of times, as no person would do it: around the horizon of a day, around restarts, at the same millisecond. Some
// belong to owners tg:7 and tty:1, some to another flow. A third are of few people, who come often, and take part in two stages of
// the rollout "fast".
func Random(seed uint64, n, days int, end time.Time) []dialog.Event {
	x := anything{r: rand.New(rand.NewPCG(seed, 23)), begin: end.AddDate(0, 0, -days), end: end} //nolint:gosec // the same each time
	x.lives()
	for i := range n {
		x.creation(fmt.Sprintf("%d.%d", seed, i))
	}
	for i := range x.all {
		x.all[i].At = x.all[i].At.Truncate(time.Millisecond)
	}
	x.r.Shuffle(len(x.all), func(i, j int) { x.all[i], x.all[j] = x.all[j], x.all[i] })
	return x.all
}

// anything makes events.
type anything struct {
	r          *rand.Rand
	begin, end time.Time
	ends       []time.Time // of lives
	all        []dialog.Event
}

func oneOf[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// below is a random time of less than d.
func (x *anything) below(d time.Duration) time.Duration { return time.Duration(x.r.Int64N(int64(d))) }

// lives are starts and ends of two instances, some days with many, some with none.
func (x *anything) lives() {
	for day := x.begin; day.Before(x.end); day = day.AddDate(0, 0, 1) {
		for range x.r.IntN(7) {
			at, instance := day.Add(x.below(24*time.Hour)), oneOf(x.r, "a", "b")
			for range oneOf(x.r, 1, 1, 1, 3) {
				ended := oneOf(x.r, "crash", "stop", "")
				if ended == "stop" {
					x.all = append(x.all, dialog.Event{Kind: dialog.EventDown, Instance: instance, At: at.Add(-x.below(4 * time.Second))})
				}
				x.all = append(x.all, dialog.Event{Kind: dialog.EventUp, Instance: instance, Cause: ended, At: at})
				x.ends = append(x.ends, at)
				at = at.Add(oneOf(x.r, x.below(time.Second), x.below(12*time.Minute), 10*time.Minute))
			}
		}
	}
}

// after is a time after the start of a creation.
func (x *anything) after(start time.Time) time.Time {
	switch x.r.IntN(8) {
	case 0:
		return start.Add(x.below(48 * time.Hour))
	case 1: // about the horizon
		return start.Add(24*time.Hour + time.Duration(x.r.IntN(3)-1)*time.Millisecond)
	case 2, 3, 4: // about a restart
		if len(x.ends) > 0 {
			days := oneOf(x.r, 0, 0, 0, 1, 7)
			at := oneOf(x.r, x.ends...).AddDate(0, 0, days).Add(x.below(18*time.Minute) - 12*time.Minute)
			if !at.Before(start) {
				return at
			}
		}
	}
	return start.Add(x.below(oneOf(x.r, time.Second, 20*time.Minute, 3*time.Hour)))
}

// creation makes the events of one.
func (x *anything) creation(draft string) {
	r := x.r
	key := oneOf(r, "escrow:tg:1"+draft, "escrow:tg:2"+draft, "escrow:web:3"+draft, "escrow:tg:4"+draft, oneOf(r, "escrow:tg:7", "escrow:tty:1", "deal:"+draft))
	start := x.begin.Add(x.below(x.end.Sub(x.begin)))
	if len(x.ends) > 0 && r.IntN(2) == 0 {
		start = oneOf(r, x.ends...).Add(-x.below(30 * time.Minute))
	}
	variant := oneOf(r, "", "", "new")
	if r.IntN(3) == 0 {
		key, variant = x.rollout(start)
	}
	e := dialog.Event{Kind: dialog.EventStarted, Key: "lockbay:" + key, Draft: draft, Mode: oneOf(r, "database", "lightweight", "hybrid", "memory"), Variant: variant, At: start}
	x.all = append(x.all, e)
	for range oneOf(r, 0, 2, 6, 12, 25, 150) {
		x.all = append(x.all, x.event(e, start))
	}
	if r.IntN(2) == 0 {
		return
	}
	e.Kind, e.Cause, e.At = "confirmed", "ESC-"+draft, x.after(start)
	x.all = append(x.all, e)
	for range r.IntN(4) {
		x.all = append(x.all, dialog.Event{Kind: oneOf[dialog.EventKind](r, "paid", "lapsed"), Key: "lockbay:deal:" + e.Cause, Draft: e.Cause, At: e.At.Add(x.below(5 * time.Hour))})
	}
}

// rollout is the key of somebody who takes part in the rollout, and the variant of what that person begins at a time. Some inputs of
// such people fail before their draft is known.
func (x *anything) rollout(start time.Time) (key, variant string) {
	who := x.r.IntN(12)
	key = fmt.Sprintf("escrow:tg:9%d", who)
	if x.r.IntN(3) == 0 {
		x.all = append(x.all, dialog.Event{Kind: dialog.EventFailed, Key: "lockbay:" + key, Cause: "text", Source: "unavailable", Instance: "a", At: x.after(start)})
	}
	if stage := 2 * start.Sub(x.begin) / x.end.Sub(x.begin); stage < 1 {
		return key, "fast/1/" + []string{"new", "old", "old"}[who%3]
	}
	return key, "fast/2/" + []string{"earlier", "new", "old"}[who%3]
}

// event is one of a creation.
func (x *anything) event(e dialog.Event, start time.Time) dialog.Event {
	r, step := x.r, oneOf(x.r, Steps...)
	e.Kind = oneOf[dialog.EventKind](r, "asked", "asked", "answered", "answered", "refused", "rehydrated", "rehydrated", "lost", "moved", "failed", "conflict", "cancelled", "undone", "blocked", "replaced", "reminded", "duplicate")
	e.Step, e.At, e.Instance = step, x.after(start), oneOf(r, "a", "b")
	switch e.Kind {
	case "asked":
		e.Step, e.Cause = "", step
	case "answered":
		e.Cause = step
	case dialog.EventRefused:
		e.Cause = oneOf(r, "short", "range", "odd name/of a code")
	case dialog.EventRehydrated:
		e.Cause, e.Source, e.Took = oneOf(r, "restart", "device", "eviction"), oneOf(r, "database", "redis"), time.Duration(r.IntN(50_000))*time.Microsecond
	}
	if (e.Kind == "lost" || e.Kind == "blocked" || e.Kind == "replaced" || e.Kind == "failed" || e.Kind == "conflict") && r.IntN(3) > 0 {
		e.Kind = "reminded" // else hardly a creation is without
	}
	return e
}
