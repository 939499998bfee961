// Package insighttest makes events as people with known habits would leave them, without an engine, and says what it planted.
package insighttest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Steps are the questions of a creation, and the review.
var Steps = []string{"seller_input", "amount_input", "description_input", "delivery_time", "trade_review"}

// Plant says what happens to people. Rates are from 0 to 1.
type Plant struct {
	Seed     uint64
	N        int           // people, who begin a creation each
	Days     int           // over which they are spread
	End      time.Time     // of the last day
	Mode     string        // of their drafts
	Leaves   []float64     // of those asked each question: who leave at it
	Pauses   float64       // of creations: their person goes away for hours, and is rehydrated on coming back
	Tires    float64       // by how much more often they leave at each later question who paused
	Restarts []time.Time   // of the one instance, which takes two seconds, or more after a crash
	Crashes  bool          // it is killed instead of stopped
	Loses    float64       // of rehydrations: answers are lost
	Harm     float64       // by how much more often they leave who are met by a restart within their last minutes
	Refuses  float64       // of answers: they are not accepted at first
	Cancels  float64       // of those who leave: they say so. One in four takes it back, and goes
	Blocks   float64       // of those who leave: they block the bot
	Late     float64       // of those who leave without a word: they confirm after the horizon of a day
	Again    float64       // of those who leave without a word: they begin another creation instead, within the horizon
	Pays     float64       // of escrows; of the others half lapse
	Writes   float64       // of creations: their person writes to the operator afterwards; some of these tickets get another class
	Pace     time.Duration // between inputs; 0: half a minute
}

// Counts are what was planted.
type Counts struct {
	Creations, Rehydrated, TypedAgain int
	Confirmed, Cancelled, Blocked     int
	Silent, Replaced, Back            int
	Abandoned                         int            // cancelled, blocked or silent
	RehydratedLeft                    int            // of them, those who were rehydrated
	Ceiling                           int            // of them, those who typed again
	Paid, Lapsed                      int            // of the confirmed ones
	Left, Asked, Refused              map[string]int // by question
	Reads, Soon                       int            // rehydrations before the end; in the five minutes after a start
	Starts, Episodes, Felt            int            // of the instance before the end; ten minutes apart; with a loss soon after
	Exposed, ExposedLeft              int            // creations that a restart met
	Complaints, WithLost              int            // tickets about lost progress; of people who typed again
}

// horizon is in which a creation is to be confirmed.
const horizon = 24 * time.Hour

// Events are those of the plant, in no order, and what they come to.
func (p Plant) Events() ([]dialog.Event, Counts) {
	if p.Pace == 0 {
		p.Pace = 30 * time.Second
	}
	slices.SortFunc(p.Restarts, time.Time.Compare)
	g := garden{Plant: p, r: rand.New(rand.NewPCG(p.Seed, 11)), felt: map[time.Time]bool{}} //nolint:gosec // the same plant each time
	g.Left, g.Asked, g.Refused = map[string]int{}, map[string]int{}, map[string]int{}
	for _, step := range Steps {
		g.Left[step], g.Asked[step], g.Refused[step] = 0, 0, 0
	}
	begin := p.End.AddDate(0, 0, -p.Days)
	for i := range p.N {
		x := creation{garden: &g, key: fmt.Sprintf("lockbay:escrow:tg:%d", i), draft: fmt.Sprintf("d%d", i)}
		x.grow(begin.Add(time.Duration(g.r.Int64N(int64(p.End.Sub(begin))))))
		if p.Writes > 0 && g.chance(p.Writes) {
			x.writes()
		}
	}
	g.restarts(begin)
	g.r.Shuffle(len(g.all), func(i, j int) { g.all[i], g.all[j] = g.all[j], g.all[i] })
	return g.all, g.Counts
}

// garden is a plant that grows.
type garden struct {
	Plant
	Counts

	r    *rand.Rand
	all  []dialog.Event
	felt map[time.Time]bool // starts
}

func (g *garden) chance(rate float64) bool { return rate > 0 && g.r.Float64() < rate }

// about is a time that is shorter or longer by up to a half.
func (g *garden) about(d time.Duration) time.Duration {
	return d/2 + time.Duration(g.r.Int64N(int64(d)))
}

// add adds an event, with the precision of a log.
func (g *garden) add(e dialog.Event) {
	e.Instance, e.At = "host", e.At.Truncate(time.Millisecond)
	g.all = append(g.all, e)
}

// ended is when the life before a start ended, as it can be known: a crash is found by the next start.
func (g *garden) ended(start time.Time) time.Time {
	if g.Crashes {
		return start
	}
	return start.Add(-2 * time.Second)
}

// restarts adds the lives of the instance, and counts those after begin and before the end.
func (g *garden) restarts(begin time.Time) {
	var last time.Time
	felt := false
	for _, at := range g.Restarts {
		if g.Crashes {
			g.add(dialog.Event{Kind: dialog.EventUp, Cause: "crash", At: at})
		} else {
			g.add(dialog.Event{Kind: dialog.EventDown, At: g.ended(at)})
			g.add(dialog.Event{Kind: dialog.EventUp, Cause: "stop", At: at})
		}
		if at.Before(begin) || !at.Before(g.End) {
			continue
		}
		if g.Starts++; g.Starts == 1 || at.Sub(last) > 10*time.Minute {
			g.Episodes++
			felt = false
		}
		if g.felt[at] && !felt {
			g.Felt++
			felt = true
		}
		last = at
	}
}

// after is the first start after a time; ok is false where there is none.
func (g *garden) after(t time.Time) (start time.Time, ok bool) {
	i, _ := slices.BinarySearchFunc(g.Restarts, t.Add(1), time.Time.Compare)
	if i == len(g.Restarts) {
		return start, false
	}
	return g.Restarts[i], true
}

// up is the last start until a time.
func (g *garden) up(t time.Time) (start time.Time, ok bool) {
	i, _ := slices.BinarySearchFunc(g.Restarts, t.Add(1), time.Time.Compare)
	if i == 0 {
		return start, false
	}
	return g.Restarts[i-1], true
}

// open is a time, or the next one at which the instance is there.
func (g *garden) open(t time.Time) time.Time {
	t = t.Truncate(time.Millisecond)
	if start, ok := g.after(t); ok && !t.Before(g.ended(start)) {
		return start
	}
	return t
}
