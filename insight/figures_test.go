package insight_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
)

var at = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

const horizon = 24 * time.Hour

var config = insight.Config{Flow: "escrow", Horizon: horizon}

func collect(all []dialog.Event) *insight.Facts {
	f := insight.Collect(config)
	for i := range all {
		f.Add(&all[i])
	}
	return f
}

// plant is a month of people who leave at the usual rates.
func plant(seed uint64) insighttest.Plant {
	return insighttest.Plant{Seed: seed, N: 3000, Days: 30, End: at.Add(-horizon), Mode: "database", Leaves: []float64{.02, .02, .03, .01, .01}, Pauses: .04}
}

func events(p insighttest.Plant) []dialog.Event {
	all, _ := p.Events()
	return all
}

func figures(p insighttest.Plant) (*insight.Figures, insighttest.Counts) {
	all, c := p.Events()
	return collect(all).Figures(at, month, insight.DefaultThresholds()), c
}

// TestSameFigures: the same events give the same figures, to the last digit.
func TestSameFigures(t *testing.T) {
	p := plant(3)
	p.Loses, p.Mode, p.Pace = .5, "lightweight", 4*time.Minute
	for day := 1; day < 30; day++ {
		p.Restarts = append(p.Restarts, at.AddDate(0, 0, -day-1).Add(time.Duration(day)*17*time.Minute))
	}
	all, _ := p.Events()
	first := collect(all).Figures(at, month, insight.DefaultThresholds())
	for range 5 {
		if x := collect(all).Figures(at, month, insight.DefaultThresholds()); !reflect.DeepEqual(x, first) {
			t.Fatalf("%+v\n%+v", x, first)
		}
	}
}

// TestWindow: a creation counts in the window of its start, once it has had its horizon.
func TestWindow(t *testing.T) {
	x := collect([]dialog.Event{
		{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:1", Draft: "old", At: at.Add(-32 * 24 * time.Hour)},
		{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:2", Draft: "in", At: at.Add(-25 * time.Hour)},
		{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:3", Draft: "young", At: at.Add(-23 * time.Hour)},
		{Kind: dialog.EventStarted, Key: "lockbay:escrow:tty:1", Draft: "terminal", At: at.Add(-25 * time.Hour)},
		{Kind: dialog.EventStarted, Key: "lockbay:deal:ESC-1", Draft: "ESC-1", At: at.Add(-25 * time.Hour)},
		{Kind: dialog.EventStarted, Key: "lockbay:escrow:tg:9", Draft: "future", At: at.Add(time.Hour)},
	}).Figures(at, month, insight.DefaultThresholds())
	if x.Creations != 1 || x.UnderWay != 1 || x.Abandoned.X != 1 || x.Ended[insight.Silent] != 1 {
		t.Errorf("%+v", x)
	}
}

// TestEnds: how a creation stood at its horizon, and what came later.
func TestEnds(t *testing.T) {
	start := at.Add(-48 * time.Hour)
	ev := func(kind dialog.EventKind, after time.Duration) dialog.Event {
		return dialog.Event{Kind: kind, Key: "lockbay:escrow:tg:1", Draft: "d", At: start.Add(after), Cause: "ESC-1"}
	}
	for name, c := range map[string]struct {
		events []dialog.Event
		want   insight.End
		back   int
	}{
		"nothing more":                     {nil, insight.Silent, 0},
		"confirmed":                        {[]dialog.Event{ev("confirmed", time.Hour)}, insight.Confirmed, 0},
		"confirmed late":                   {[]dialog.Event{ev("confirmed", 25*time.Hour)}, insight.Silent, 1},
		"cancelled":                        {[]dialog.Event{ev("cancelled", time.Hour)}, insight.Cancelled, 0},
		"cancelled, undone":                {[]dialog.Event{ev("cancelled", time.Hour), ev("undone", 2*time.Hour)}, insight.Silent, 0},
		"cancelled, undone, cancelled":     {[]dialog.Event{ev("cancelled", time.Hour), ev("undone", 2*time.Hour), ev("cancelled", 3*time.Hour)}, insight.Cancelled, 0},
		"cancelled after the horizon":      {[]dialog.Event{ev("cancelled", 30*time.Hour)}, insight.Silent, 0},
		"blocked":                          {[]dialog.Event{ev("blocked", time.Hour)}, insight.Blocked, 0},
		"started over":                     {[]dialog.Event{ev("replaced", time.Hour)}, insight.Replaced, 0},
		"started over, after the horizon":  {[]dialog.Event{ev("replaced", 25*time.Hour)}, insight.Silent, 0},
		"confirmed and cancelled by a tap": {[]dialog.Event{ev("cancelled", time.Minute), ev("undone", time.Minute+time.Second), ev("confirmed", time.Hour)}, insight.Confirmed, 0},
	} {
		x := collect(append(c.events, ev(dialog.EventStarted, 0))).Figures(at, month, insight.DefaultThresholds())
		abandoned := c.want != insight.Confirmed && c.want != insight.Replaced
		if x.Ended[c.want] != 1 || x.Back != c.back || (x.Abandoned.X == 1) != abandoned || x.Abandoned.N == 0 != (c.want == insight.Replaced) {
			t.Errorf("%s: %v, %d came back, %v abandoned", name, x.Ended, x.Back, x.Abandoned)
		}
	}
}

// TestLeaves: each leaf of the tree is reached by the figures that mean it.
func TestLeaves(t *testing.T) {
	everybody := insight.DefaultThresholds()
	everybody.MultiDevice = true
	for name, c := range map[string]struct {
		change func(*insighttest.Plant)
		t      insight.Thresholds
		want   string
	}{
		"all is well":                       {func(*insighttest.Plant) {}, insight.DefaultThresholds(), "keep"},
		"three people":                      {func(p *insighttest.Plant) { p.N = 3 }, insight.DefaultThresholds(), "wait"},
		"lost in a mode that keeps all":     {func(p *insighttest.Plant) { p.Loses = 1 }, insight.DefaultThresholds(), "defect"},
		"lost, and typed again":             {func(p *insighttest.Plant) { p.Mode, p.Pauses, p.Loses = "lightweight", .3, .5 }, insight.DefaultThresholds(), "persist Rehydration Rate"},
		"40 % leave at the description":     {func(p *insighttest.Plant) { p.Leaves[2] = .4; p.Pauses = .01 }, insight.DefaultThresholds(), "ux description_input"},
		"many leave, here and there":        {func(p *insighttest.Plant) { p.Leaves = []float64{.08, .08, .08, .08, .08} }, insight.DefaultThresholds(), "performance"},
		"they leave at the price, not much": {func(p *insighttest.Plant) { p.Leaves[1] = .19 }, insight.DefaultThresholds(), "ux amount_input"},
		"people are to change devices":      {func(*insighttest.Plant) {}, everybody, "persist Business Requirement"},
		"who pauses leaves nothing behind":  {func(p *insighttest.Plant) { p.Pauses = .5 }, insight.DefaultThresholds(), "keep"},
	} {
		for seed := range uint64(5) {
			p := plant(seed)
			c.change(&p)
			x, _ := figures(p)
			d := insight.Decide(x, c.t, x.Mode)
			got := string(d.Leaf)
			if d.Step != "" {
				got += " " + d.Step
			}
			if d.Action != nil {
				got += " " + d.Action.Condition
			}
			if got != c.want && !(d.Leaf == insight.Wait && c.want != "defect") {
				t.Errorf("%s, seed %d: %s, want %s: %+v", name, seed, got, c.want, d.Asked)
			}
			if seed == 0 && got != c.want {
				t.Errorf("%s: %s: %s", name, got, d.Note)
			}
		}
	}
}

// TestRestartsThatHarm: a restart that makes people leave is seen as that, and one that does not is not.
func TestRestartsThatHarm(t *testing.T) {
	for _, harm := range []float64{0, .6} {
		p := plant(1)
		p.N, p.Mode, p.Pace = 20000, "lightweight", 4*time.Minute
		for day := 1; day < 30; day += 2 {
			p.Restarts = append(p.Restarts, at.AddDate(0, 0, -day-1).Add(time.Duration(day)*17*time.Minute))
		}
		p.Harm = harm
		x, _ := figures(p)
		if want := map[bool]string{true: "yes", false: "no"}[harm > 0]; x.Related.Verdict != want {
			t.Errorf("harm %.1f: %s: %+v", harm, want, x.Related)
		}
	}
}

// TestNothing: without creations nothing is known, and nothing divides by it.
func TestNothing(t *testing.T) {
	x := collect(nil).Figures(at, month, insight.DefaultThresholds())
	if d := insight.Decide(x, insight.DefaultThresholds(), x.Mode); d.Leaf != insight.Wait || fmt.Sprint(x.Abandoned) != "0 of 0" {
		t.Errorf("%s: %v", d.Leaf, x.Abandoned)
	}
}

// TestMoreIsSteady: as long as nothing bad comes, each creation that comes is one fewer that it takes, from none on.
func TestMoreIsSteady(t *testing.T) {
	limits := insight.DefaultThresholds()
	x := collect(nil).Figures(at, month, limits)
	first := x.TypedAgain.More
	if i := insight.Wilson(0, first, 1); x.TypedAgain.N != 0 || i.High >= limits.Rehydration || insight.Wilson(0, first-4, 1).High < limits.Rehydration {
		t.Fatalf("%v: %d more, after which it is %v", x.TypedAgain, first, i)
	}
	for n := 1; n < 30; n++ {
		p := plant(1)
		p.N, p.Pauses = n, 0
		x, _ := figures(p)
		if r := x.TypedAgain; r.N != n || r.X != 0 || r.Verdict != insight.NotSure || math.Abs(float64(n+r.More-first)) > 2 {
			t.Errorf("%v takes %d more, and nothing takes %d", r, r.More, first)
		}
	}
}

// TestMore: how many creations it takes to be sure is what it takes.
func TestMore(t *testing.T) {
	p := plant(1)
	p.N, p.Pauses = 50, 0
	x, _ := figures(p)
	r := x.TypedAgain
	if r.Verdict != insight.NotSure || r.More == 0 {
		t.Fatalf("%v is %s, %d more", r, r.Verdict, r.More)
	}
	if i := insight.Wilson(0, r.N+r.More, 1); i.High >= .05 || insight.Wilson(0, r.N+r.More-4, 1).High < .05 {
		t.Errorf("after %d more the interval is %v", r.More, i)
	}
}

// TestMoreOfTheThreshold: a rate that is the threshold is never on one side of it, however many come.
func TestMoreOfTheThreshold(t *testing.T) {
	p := plant(1)
	p.N, p.Pauses, p.Leaves = 100, 0, []float64{0, 0, .2, 0, 0}
	all, limits := collect(events(p)), insight.DefaultThresholds()
	limits.Abandonment = all.Figures(at, month, limits).Abandoned.Value()
	if x := all.Figures(at, month, limits); x.Abandoned.X == 0 || x.Abandoned.Verdict != insight.NotSure || x.Abandoned.More != 0 {
		t.Errorf("%v is %s, %d more", x.Abandoned, x.Abandoned.Verdict, x.Abandoned.More)
	}
}

// TestReadsAfterAStart: a start always rebuilds contexts; it is judged where somebody lost answers by it.
func TestReadsAfterAStart(t *testing.T) {
	limits := insight.DefaultThresholds()
	x, _ := figures(plant(1))
	x.AfterStart = insight.Rate{X: 40, N: 50, Interval: insight.Wilson(40, 50, 1), Verdict: insight.Over}
	if d := insight.Decide(x, limits, "database"); x.Felt != 0 || d.Leaf != insight.KeepOn {
		t.Errorf("after %d felt restarts it is %s: %+v", x.Felt, d.Leaf, d.Asked)
	}
	x.Felt = 1
	if d := insight.Decide(x, limits, "database"); d.Leaf == insight.KeepOn || d.Asked[1].Answer != "rehydrations after a start" {
		t.Errorf("after a felt restart it is %s: %+v", d.Leaf, d.Asked)
	}
}
