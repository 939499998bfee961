// Package simulate plays people against the real bot, on a memory store and a clock of its own: a month in less than a
// minute. The same plan gives the same month.
package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// ErrPlan is the error of a plan that cannot be played.
var ErrPlan = errors.New("a plan that cannot be played")

// Span is a part of time.
type Span struct {
	At  time.Time
	For time.Duration
}

// Plan says who comes, what people do, and what happens to the service. Rates are from 0 to 1.
type Plan struct {
	Seed      uint64
	Creations int
	Days      int       // over which creations begin
	End       time.Time // of those days
	Mode      dialog.Mode
	Leaves    float64            // of those asked a question, or the review: who leave there
	LeavesAt  map[string]float64 // the same at these steps
	Cancels   float64            // of those who leave: they say so
	Late      float64            // of those who leave without a word: they come back after the horizon, and finish
	Horizon   time.Duration
	Slow      float64 // of people: minutes for an answer, where others take seconds
	Doubles   float64 // of inputs: they come twice
	Pauses    float64 // of creations: their person goes away for hours, once
	Moves     float64 // of creations: they begin in the chat and go on at the page
	Again     float64 // of those who confirmed: they begin another one
	Pays      float64 // of escrows
	Harm      float64 // by which more leave of those who had to type something again
	Restarts  []Span  // of the only instance; who comes meanwhile waits
	Crashes   bool    // it is killed instead of stopped
	Outages   []Span  // of the database
}

// Usual is a month of an ordinary service that ends at a time.
func Usual(end time.Time) Plan {
	return Plan{
		Seed: 1, Creations: 20_000, Days: 30, End: end, Leaves: .02, LeavesAt: map[string]float64{}, Cancels: .3, Late: .1, Horizon: 24 * time.Hour,
		Slow: .3, Doubles: .02, Pauses: .05, Moves: .03, Again: .2, Pays: .8,
	}
}

// Every are spans of a length, one each period, that end before the plan does.
func (p *Plan) Every(period, length time.Duration) (all []Span) {
	for at := p.begin().Add(period); at.Add(length).Before(p.End); at = at.Add(period) {
		all = append(all, Span{at, length})
	}
	return all
}

// leaves is the rate of those who leave at a step.
func (p *Plan) leaves(step string) float64 {
	if rate, ok := p.LeavesAt[step]; ok {
		return rate
	}
	return p.Leaves
}

func (p *Plan) begin() time.Time { return p.End.AddDate(0, 0, -p.Days) }

// check refuses a plan that nobody can play.
func (p *Plan) check(steps []string) error {
	if p.Creations < 1 || p.Days < 1 || p.End.IsZero() || p.Horizon <= 0 {
		return errors.New("want creations, days, an end and a horizon")
	}
	if p.Mode != dialog.Database && p.Mode != dialog.Lightweight {
		return fmt.Errorf("mode %s: want database or lightweight, which need no other service", p.Mode)
	}
	for step := range p.LeavesAt {
		if !slices.Contains(steps, step) {
			return fmt.Errorf("nothing is asked at %q: want one of %s", step, strings.Join(steps, " "))
		}
	}
	rates := []float64{p.Leaves, p.Cancels, p.Late, p.Slow, p.Doubles, p.Pauses, p.Moves, p.Again, p.Pays, p.Harm}
	for _, rate := range slices.AppendSeq(rates, maps.Values(p.LeavesAt)) {
		if !(rate >= 0 && rate <= 1) {
			return fmt.Errorf("rate %v: want 0 to 1", rate)
		}
	}
	return nil
}

// Counts are what people did and met: what the figures of the month must come to.
type Counts struct {
	Creations, Confirmed, Cancelled, Silent, Back int
	Rehydrated, TypedAgain, Ceiling               int // creations; of those who typed again: who left
	Reads, Soon                                   int // rehydrations; in the five minutes after a restart
	Starts, Episodes, Felt                        int // restarts; ten minutes apart; with somebody who typed again soon after
	Paid                                          int // of those who confirmed in time
	Left, Asked                                   map[string]int
}

// Month is what a plan came to.
type Month struct {
	Counts

	Events []dialog.Event
	Inputs int
	Failed int // tries that the outages refused
}
