package insighttest

import (
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// creation is one that is under way.
type creation struct {
	*garden

	key, draft string
	start, at  time.Time // at: of the last input
	step       string    // that is open
	asked      []string
	answered   bool
	paused     bool // some time ago
	rehydrated bool
	lost       bool
	exposed    bool
	abandoned  bool
	hurt       bool // lost answers, here or in what it was replaced by
}

func (x *creation) event(kind dialog.EventKind, step, cause, source string) {
	x.add(dialog.Event{Kind: kind, Key: x.key, Draft: x.draft, Step: step, Cause: cause, Source: source, Mode: x.Mode, At: x.at, Took: time.Duration(x.r.IntN(5000)) * time.Microsecond})
}

// grow has it begin and end, and counts it.
func (x *creation) grow(begins time.Time) {
	x.start, x.at = x.open(begins), x.open(begins)
	x.live()
	x.hurt = x.hurt || x.lost
	x.Creations++
	x.Rehydrated += one(x.rehydrated)
	x.TypedAgain += one(x.lost)
	x.Abandoned += one(x.abandoned)
	x.RehydratedLeft += one(x.rehydrated && x.abandoned)
	x.Ceiling += one(x.lost && x.abandoned)
	x.Exposed += one(x.exposed)
	x.ExposedLeft += one(x.exposed && x.abandoned)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// live goes from question to question, until the person leaves or confirms.
func (x *creation) live() {
	x.event(dialog.EventStarted, "", "", "telegram")
	pauses := -1
	if x.chance(x.Pauses) {
		pauses = x.r.IntN(len(Steps)-1) + 1
	}
	for i, step := range Steps {
		x.step, x.asked = step, append(x.asked, step)
		x.event("asked", "", step, "next")
		next := x.at.Add(x.about(x.Pace))
		if i == pauses {
			next = next.Add(x.about(3 * time.Hour))
		}
		next = x.open(next)
		if x.chance(x.leaves(i, x.meets(next))) {
			x.leave(next, i == pauses)
			return
		}
		x.comes(next, i == pauses)
		if x.chance(x.Refuses) {
			x.refuse()
		}
		if i < len(Steps)-1 {
			x.event("answered", step, step, "")
			x.answered = true
		}
	}
	x.confirm()
}

// leaves is the rate of those in its place who leave at the i-th question.
func (x *creation) leaves(i int, met bool) float64 {
	rate := x.Leaves[i]
	if met {
		rate += x.Harm
	}
	if x.paused {
		rate += x.Tires
	}
	return min(rate, 1)
}

// meets reports whether a life ends before a time and shortly after the last input, which it took.
func (x *creation) meets(before time.Time) bool {
	up, ok := x.after(x.at)
	if !ok || !x.answered {
		return false
	}
	end := x.garden.ended(up)
	met := end.Before(before) && end.Sub(x.at) <= 10*time.Minute && end.Before(x.start.Add(horizon))
	x.exposed = x.exposed || met
	return met
}

// comes gives the next input. After a restart or a pause it rehydrates, and answers may be lost, once.
func (x *creation) comes(next time.Time, paused bool) {
	up, started := x.up(next)
	restarted := started && up.After(x.at)
	x.at, x.paused = next, x.paused || paused
	if !restarted && !paused {
		return
	}
	cause := "eviction"
	if restarted {
		cause = "restart"
	}
	x.event(dialog.EventRehydrated, x.step, cause, "database")
	x.rehydrated = true
	if next.Before(x.End) {
		x.Reads++
		if started && next.Sub(up) <= 5*time.Minute {
			x.Soon++
		}
	}
	if x.answered && !x.lost && x.chance(x.Loses) {
		x.event(dialog.EventLost, x.step, "memory", "")
		x.lost = true
		for ; started && next.Sub(up) < 5*time.Minute; up, started = x.up(up.Add(-1)) {
			x.felt[up] = true
		}
	}
}

// refuse has an answer that is not accepted, and another one.
func (x *creation) refuse() {
	x.event(dialog.EventRefused, x.step, "short", "")
	x.Refused[x.step]++
	next := x.open(x.at.Add(x.about(x.Pace)))
	x.meets(next)
	x.comes(next, false)
}

// confirm ends it well.
func (x *creation) confirm() {
	id := "ESC-" + x.draft
	x.event("confirmed", x.step, id, "")
	x.Confirmed++
	x.counts()
	settled := dialog.Event{Key: "lockbay:deal:" + id, Draft: id, Mode: x.Mode, At: x.at.Add(x.about(20 * time.Minute))}
	switch {
	case x.Pays == 0:
		return
	case x.chance(x.Pays):
		settled.Kind = "paid"
		x.Paid++
	case x.chance(.5):
		settled.Kind = "lapsed"
		x.Lapsed++
	default:
		return
	}
	x.add(settled)
}

// leave ends it otherwise. next is when the next input would have come.
func (x *creation) leave(next time.Time, paused bool) {
	switch {
	case x.chance(x.Cancels):
		x.comes(next, paused)
		x.event("cancelled", x.step, "", "")
		if x.chance(.25) {
			x.comes(x.open(x.at.Add(10*time.Second)), false)
			x.event("undone", x.step, "", "")
			x.meets(x.at.Add(time.Hour))
			x.Silent++
		} else {
			x.Cancelled++
		}
	case x.chance(x.Blocks):
		x.meets(x.at.Add(time.Hour))
		x.add(dialog.Event{Kind: dialog.EventBlocked, Key: x.key, Draft: x.draft, Mode: x.Mode, At: next})
		x.Blocked++
	case next.Before(x.End) && x.chance(x.Again):
		x.comes(next, paused)
		x.startOver()
		return
	default:
		x.meets(x.at.Add(time.Hour))
		x.Silent++
		if x.chance(x.Late) {
			at := x.start.Add(horizon + time.Duration(x.r.Int64N(int64(2*horizon))))
			x.add(dialog.Event{Kind: "confirmed", Key: x.key, Draft: x.draft, Step: x.step, Cause: "ESC-" + x.draft, Mode: x.Mode, At: at})
			x.Back++
		}
	}
	x.abandoned = true
	x.Left[x.step]++
	x.counts()
}

// startOver begins another creation instead.
func (x *creation) startOver() {
	x.event(dialog.EventReplaced, x.step, x.draft+"+", "")
	x.Replaced++
	other := creation{garden: x.garden, key: x.key, draft: x.draft + "+"}
	other.grow(x.at)
	x.hurt = other.hurt
}

// counts adds it to those who were asked: one that was replaced does not belong to them.
func (x *creation) counts() {
	for _, step := range x.asked {
		x.Asked[step]++
	}
}

// writes writes a ticket, to whose class an operator may object, once or twice.
func (x *creation) writes() {
	x.at = x.at.Add(time.Duration(x.r.Int64N(int64(time.Hour)))).Truncate(time.Millisecond)
	written := x.at
	if !written.Before(x.End) {
		return
	}
	classes := []string{"progress", "payment", "other"}
	of := x.r.IntN(3)
	x.add(dialog.Event{Kind: "ticketed", Key: x.key, Draft: x.draft, Mode: x.Mode, Cause: classes[of], Source: "TCK-" + x.draft, At: x.at})
	for x.r.IntN(3) == 0 {
		of = (of + 1 + x.r.IntN(2)) % 3
		x.at = x.at.Add(time.Second + time.Duration(x.r.IntN(3600))*time.Second)
		x.add(dialog.Event{Kind: "classed", Key: "lockbay:ticket:TCK-" + x.draft, Draft: "TCK-" + x.draft, Cause: classes[of], Source: "TCK-" + x.draft, At: x.at, Took: x.at.Sub(written)})
	}
	if classes[of] == "progress" {
		x.Complaints++
		if x.hurt {
			x.WithLost++
		}
	}
}
