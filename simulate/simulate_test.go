package simulate_test

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/simulate"
)

const horizon = 24 * time.Hour

// creations of a month; make prove has 20,000.
var creations = flag.Int("creations", 600, "creations of each month")

var end = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// figures are those of a month, in a window that has all of it.
func figures(m *simulate.Month) *insight.Figures {
	f := insight.Collect(insight.Config{Flow: "escrow", Horizon: horizon})
	for i := range m.Events {
		f.Add(&m.Events[i])
	}
	return f.Figures(end.Add(10*24*time.Hour), 60*24*time.Hour, insight.DefaultThresholds())
}

// seen are the counts that the figures come to.
func seen(x *insight.Figures) simulate.Counts {
	c := simulate.Counts{
		Creations: x.Creations, Confirmed: x.Ended[insight.Confirmed], Cancelled: x.Ended[insight.Cancelled], Silent: x.Ended[insight.Silent],
		Back: x.Back, Rehydrated: x.Rehydrated.X, TypedAgain: x.TypedAgain.X, Ceiling: int(math.Round(x.Ceiling * float64(x.Abandoned.N))),
		Reads: x.AfterStart.N, Soon: x.AfterStart.X, Starts: x.Starts, Episodes: x.Episodes, Felt: x.Felt, Paid: x.Paid, Left: map[string]int{}, Asked: map[string]int{},
	}
	for _, s := range x.Steps {
		c.Left[s.Step], c.Asked[s.Step] = s.Left.X, s.Left.N
	}
	return c
}

// TestMonths: whatever happens to the service, each figure is exactly what people did and met.
func TestMonths(t *testing.T) {
	for name, change := range map[string]func(*simulate.Plan){
		"as usual":            func(*simulate.Plan) {},
		"restarts":            func(p *simulate.Plan) { p.Restarts = p.Every(4*time.Hour, 2*time.Second) },
		"restarts, in memory": func(p *simulate.Plan) { p.Mode, p.Restarts = dialog.Lightweight, p.Every(4*time.Hour, 2*time.Second) },
		"kills, in memory": func(p *simulate.Plan) {
			p.Mode, p.Restarts, p.Crashes, p.Harm = dialog.Lightweight, p.Every(4*time.Hour, time.Minute), true, .5
		},
		"outages":                   func(p *simulate.Plan) { p.Outages = p.Every(5*time.Hour, 10*time.Minute) },
		"outages, in memory":        func(p *simulate.Plan) { p.Mode, p.Outages = dialog.Lightweight, p.Every(5*time.Hour, 10*time.Minute) },
		"everybody taps twice":      func(p *simulate.Plan) { p.Doubles = 1 },
		"everybody pauses and goes": func(p *simulate.Plan) { p.Pauses, p.Moves = 1, 1 },
		"most leave a question":     func(p *simulate.Plan) { p.LeavesAt[intake.StepDescription], p.Late = .6, .5 },
	} {
		t.Run(name, func(t *testing.T) {
			p := simulate.Usual(end)
			if p.Creations = *creations; testing.Short() {
				p.Creations, p.Days = p.Creations/4, 8
			}
			change(&p)
			m, err := simulate.Run(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			x := figures(m)
			got, want := seen(x), m.Counts
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the figures say %+v\nwhat was: %+v", got, want)
			}
			if want.Confirmed == 0 || (len(p.Restarts)+len(p.Outages) > 0) != (want.Rehydrated > 0) ||
				(p.Mode == dialog.Lightweight && len(p.Restarts) > 0) != (want.TypedAgain > 0) || len(p.Outages) > 0 != (m.Failed > 0) {
				t.Errorf("the month misses what it is for: %+v, %d tries failed", want, m.Failed)
			}
			if x.Lost != 0 || x.Starts != len(p.Restarts) || x.Abandoned.X != want.Cancelled+want.Silent || x.Abandoned.N != want.Creations {
				t.Errorf("%d drafts lost answers in mode database; %d starts of %d; abandoned: %v", x.Lost, x.Starts, len(p.Restarts), x.Abandoned)
			}
		})
	}
}

// TestSameMonth: the same plan gives the same month, and another seed another one.
func TestSameMonth(t *testing.T) {
	play := func(seed uint64) string {
		p := simulate.Usual(end)
		p.Creations, p.Seed, p.Mode = 100, seed, dialog.Lightweight
		p.Restarts, p.Outages = p.Every(30*time.Hour, time.Second), p.Every(50*time.Hour, time.Minute)
		m, err := simulate.Run(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d %+v %+v", m.Inputs, m.Counts, figures(m).Steps)
	}
	if one := play(1); one != play(1) || one == play(2) {
		t.Errorf("seed 1: %s\nagain:  %s\nseed 2: %s", one, play(1), play(2))
	}
}

// TestPlans: a plan that cannot be played is refused with the reason.
func TestPlans(t *testing.T) {
	for want, change := range map[string]func(*simulate.Plan){
		"want database or lightweight": func(p *simulate.Plan) { p.Mode = dialog.Redis },
		"nothing is asked at \"size\"": func(p *simulate.Plan) { p.LeavesAt["size"] = .1 },
		"rate 1.5: want 0 to 1":        func(p *simulate.Plan) { p.LeavesAt[intake.StepReview] = 1.5 },
		"rate 2: want 0 to 1":          func(p *simulate.Plan) { p.Leaves = 2 },
		"rate -1: want 0 to 1":         func(p *simulate.Plan) { p.Pauses = -1 },
		"rate NaN: want 0 to 1":        func(p *simulate.Plan) { p.Harm = math.NaN() },
		"want creations, days":         func(p *simulate.Plan) { p.Days = 0 },
	} {
		p := simulate.Usual(end)
		change(&p)
		if _, err := simulate.Run(t.Context(), p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
