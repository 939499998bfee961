// Package insighttest makes events as people with known habits would leave them, without an engine.
package insighttest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Steps are the questions of a creation, and the review.
var Steps = []string{"seller_input", "amount_input", "description_input", "delivery_time", "trade_review"}

// Plant says what happens to people.
type Plant struct {
	Seed     uint64
	N        int           // creations
	Days     int           // over which they are spread
	End      time.Time     // of the last day
	Mode     string        // of their drafts
	Leaves   []float64     // rate of those asked each question who leave at it
	Pauses   float64       // rate of creations whose person pauses, and is rehydrated
	Loses    float64       // of those, rate whose answers are lost
	Restarts []time.Time   // of the one instance
	Harm     float64       // by how much more often they leave who are met by a restart within its last minutes
	Writes   float64       // rate of creations whose person writes to the operator afterwards; some of these tickets get another class
	Pace     time.Duration // between inputs; 0: half a minute
}

// Counts are what was planted.
type Counts struct {
	Creations, Rehydrated, TypedAgain, Abandoned int
	Left, Asked                                  map[string]int // by question
	Complaints, WithLost                         int            // tickets about lost progress; of people who typed again
}

// Events are those of the plant, in no order, and what they come to.
func (p Plant) Events() (all []dialog.Event, c Counts) {
	r := rand.New(rand.NewPCG(p.Seed, 11)) //nolint:gosec // the same plant each time
	c.Left, c.Asked = map[string]int{}, map[string]int{}
	add := func(e dialog.Event) { e.Instance = "host"; all = append(all, e) }
	begin := p.End.AddDate(0, 0, -p.Days)
	for _, at := range p.Restarts {
		add(dialog.Event{Kind: dialog.EventDown, At: at.Add(-2 * time.Second)})
		add(dialog.Event{Kind: dialog.EventUp, Cause: "stop", At: at})
	}
	pace := p.Pace
	if pace == 0 {
		pace = 30 * time.Second
	}
	for i := range p.N {
		x := creation{at: begin.Add(time.Duration(r.Int64N(int64(p.End.Sub(begin))))), add: add, mode: p.Mode, pace: pace, r: r}
		x.key, x.draft = fmt.Sprintf("lockbay:escrow:tg:%d", i), fmt.Sprintf("d%d", i)
		x.live(&p, &c)
		if p.Writes > 0 && r.Float64() < p.Writes {
			x.writes(&p, &c)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, c
}

// creation is one that is under way.
type creation struct {
	at         time.Time
	key, draft string
	mode       string
	pace       time.Duration
	r          *rand.Rand
	add        func(dialog.Event)
	answered   bool
	lost       bool
}

func (x *creation) event(kind dialog.EventKind, step, cause, source string) {
	x.add(dialog.Event{Kind: kind, Key: x.key, Draft: x.draft, Step: step, Cause: cause, Source: source, Mode: x.mode, At: x.at, Took: time.Duration(x.r.IntN(5000)) * time.Microsecond})
}

// live goes from question to question.
func (x *creation) live(p *Plant, c *Counts) {
	c.Creations++
	x.event(dialog.EventStarted, "", "", "telegram")
	pauses := -1
	if x.r.Float64() < p.Pauses {
		pauses = x.r.IntN(len(Steps)-1) + 1
		c.Rehydrated++
	}
	for i, step := range Steps {
		x.event("asked", "", step, "next")
		c.Asked[step]++
		x.at = x.at.Add(x.pace/2 + time.Duration(x.r.Int64N(int64(x.pace))))
		if i == pauses {
			x.event(dialog.EventRehydrated, step, "restart", "database")
			pauses = -1
			if x.r.Float64() < p.Loses {
				x.event(dialog.EventLost, step, "memory", "")
				c.TypedAgain++
				x.lost = true
			}
		}
		leaves := p.Leaves[i]
		for _, at := range p.Restarts {
			if x.answered && x.at.Before(at) && at.Sub(x.at) < x.pace/2 {
				leaves = min(leaves+p.Harm, 1)
			}
		}
		if x.r.Float64() < leaves {
			if pauses >= 0 { // it never came to the pause
				c.Rehydrated--
			}
			c.Left[step]++
			c.Abandoned++
			return
		}
		if step == Steps[len(Steps)-1] {
			x.event("confirmed", step, "ESC-"+x.draft, "")
			return
		}
		x.event("answered", step, step, "")
		x.answered = true
	}
}

// writes writes a ticket, to whose class an operator may object, once or twice.
func (x *creation) writes(p *Plant, c *Counts) {
	x.at = x.at.Add(time.Duration(x.r.Int64N(int64(time.Hour)))).Truncate(time.Millisecond)
	written := x.at
	if !written.Before(p.End) {
		return
	}
	classes := []string{"progress", "payment", "other"}
	of := x.r.IntN(3)
	x.add(dialog.Event{Kind: "ticketed", Key: x.key, Draft: x.draft, Mode: x.mode, Cause: classes[of], Source: "TCK-" + x.draft, At: x.at})
	for x.r.IntN(3) == 0 {
		of = (of + 1 + x.r.IntN(2)) % 3
		x.at = x.at.Add(time.Second + time.Duration(x.r.IntN(3600))*time.Second)
		x.add(dialog.Event{Kind: "classed", Key: "lockbay:ticket:TCK-" + x.draft, Draft: "TCK-" + x.draft, Cause: classes[of], Source: "TCK-" + x.draft, At: x.at, Took: x.at.Sub(written)})
	}
	if classes[of] == "progress" {
		c.Complaints++
		if x.lost {
			c.WithLost++
		}
	}
}
