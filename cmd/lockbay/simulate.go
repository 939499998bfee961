package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/simulate"
)

// simulated is the end of a simulated month: always the same, so that its report is.
var simulated = time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)

type simulateCmd struct {
	Creations    int           `name:"creations" placeholder:"N" default:"20000" least:"1" help:"escrows that people begin"`
	Days         int           `name:"days" placeholder:"N" default:"30" least:"1" help:"over which they begin"`
	Seed         uint64        `name:"seed" placeholder:"N" default:"1" help:"another one has other people; the same one has the same figures"`
	Leave        string        `name:"leave" placeholder:"STEP=PERCENT,…" help:"of those asked a question, or at the review: who leave there (default: 2 each)"`
	Pause        percentage    `name:"pause" placeholder:"PERCENT" default:"5" help:"who go away for hours in between"`
	Twice        percentage    `name:"twice" placeholder:"PERCENT" default:"2" help:"of inputs: they come twice"`
	Harm         percentage    `name:"harm" placeholder:"PERCENT" default:"0" help:"by which more leave of those who had to type something again"`
	RestartEvery time.Duration `name:"restart-every" placeholder:"DURATION" least:"1h" help:"restarts of the service, of two seconds (default: none)"`
	Kill         bool          `name:"kill" help:"restarts are kills (kill -9)"`
	OutageEvery  time.Duration `name:"outage-every" placeholder:"DURATION" least:"1h" help:"outages of the database, of ten minutes (default: none)"`
	Format       string        `name:"format" enum:"text,json" default:"text" help:"text or json"`
}

// percentage is from 0 to 100: unlike other numbers of commands it may be 0.
type percentage float64

// Run plays a month, and writes its report.
func (c *simulateCmd) Run(p *program, set *Settings) error {
	limits, counts, err := set.insight()
	if err != nil {
		return usageError{err}
	}
	plan, err := c.plan(set.mode(), counts.Horizon)
	if err != nil {
		return usageError{err}
	}
	month, err := simulate.Run(p.ctx, plan)
	if errors.Is(err, simulate.ErrPlan) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	facts := insight.Collect(counts)
	for i := range month.Events {
		facts.Add(&month.Events[i])
	}
	figures := facts.Figures(plan.End.Add(counts.Horizon), time.Duration(c.Days)*24*time.Hour, limits)
	r := report.Of(figures, limits, plan.Mode.String(), plan.End.Add(counts.Horizon), figures.From)
	if r.Costs, err = set.cost(); err != nil {
		return usageError{err}
	}
	if c.Format == "text" {
		fmt.Fprintf(p.out, "Simulated: %d inputs. %d people had to type something again, %d left or cancelled, %d tries met an outage.\n", month.Inputs, month.TypedAgain, month.Silent+month.Cancelled, month.Failed)
	}
	return writeReport(p, c.Format, r, set.zone())
}

// plan is what the options ask for.
func (c *simulateCmd) plan(mode dialog.Mode, horizon time.Duration) (plan simulate.Plan, err error) {
	plan = simulate.Usual(simulated)
	plan.Creations, plan.Days, plan.Seed, plan.Mode, plan.Horizon, plan.Crashes = c.Creations, c.Days, c.Seed, mode, horizon, c.Kill
	if mode != dialog.Database && mode != dialog.Lightweight {
		return plan, badSetting("mode", mode.String(), "want database or lightweight here, which need no other service")
	}
	for name, rate := range map[string]struct {
		percent percentage
		into    *float64
	}{"pause": {c.Pause, &plan.Pauses}, "twice": {c.Twice, &plan.Doubles}, "harm": {c.Harm, &plan.Harm}} {
		if !(rate.percent >= 0 && rate.percent <= 100) {
			return plan, badSetting(name, fmt.Sprint(rate.percent), "want a number from 0 to 100")
		}
		*rate.into = float64(rate.percent) / 100
	}
	leaves, err := pairs("leave", c.Leave)
	if err != nil {
		return plan, err
	}
	for step, text := range leaves {
		percent, err := strconv.ParseFloat(text, 64)
		if err != nil || !(percent >= 0 && percent <= 100) {
			return plan, badSetting("leave", step+"="+text, "want a number from 0 to 100, for example description_input=40")
		}
		plan.LeavesAt[step] = percent / 100
	}
	if c.RestartEvery > 0 {
		plan.Restarts = plan.Every(c.RestartEvery, 2*time.Second)
	}
	if c.OutageEvery > 0 {
		plan.Outages = plan.Every(c.OutageEvery, 10*time.Minute)
	}
	return plan, nil
}
