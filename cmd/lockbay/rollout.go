package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

type rolloutCmd struct {
	Start   rolloutStartCmd   `cmd:"" help:"give a new mode to a share of people, and compare them with the others"`
	Status  rolloutStatusCmd  `cmd:"" help:"how a rollout stands, or all of them: guardrails, what is due, and the orders so far"`
	Advance rolloutAdvanceCmd `cmd:"" help:"begin the next stage"`
	Pause   rolloutPauseCmd   `cmd:"" help:"let the share stay as it is; the guardrails are watched on"`
	Resume  rolloutResumeCmd  `cmd:"" help:"go on after a pause"`
	Revert  rolloutRevertCmd  `cmd:"" help:"take the new mode back from everybody; an open draft moves with its next answer"`
}

type rolloutStartCmd struct {
	Name   string `arg:"" help:"1 to 32 of a-z, 0-9 and -; the name decides who comes first"`
	Goal   string `name:"goal" enum:"safe,fewer" default:"safe" help:"safe: the new does no harm; fewer: abandonment falls by more than 30 %"`
	Stages []int  `name:"stages" example:"10,50,100" placeholder:"PERCENT,…" help:"shares that rise to 100 (default: 10,50,100)"`
	Days   []int  `name:"days" example:"7,14,0" placeholder:"DAYS,…" help:"how long each stage lasts at least (default: 7,14,0)"`
	Reason string `name:"reason" placeholder:"TEXT" help:"why; it is kept with the figures"`
	Force  bool   `name:"force" help:"also where Redis does not answer, or with --goal fewer no mode is known to lower abandonment by 30 %"`
}

// Run begins a rollout of the mode that --mode names.
func (c *rolloutStartCmd) Run(p *program, set *Settings) error {
	args, given := withoutMode(p.args)
	if !given {
		return usageError{errors.New("want --mode, the new mode: lightweight, database, redis or hybrid")}
	}
	usual, err := p.settingsOf(args)
	if err != nil {
		return err
	}
	plan, err := rollout.PlanOf(c.Stages, c.Days)
	if err != nil {
		return usageError{fmt.Errorf("--stages, --days: %w", err)}
	}
	if !rollout.IsName(c.Name) {
		return usageError{fmt.Errorf("NAME: %q: want 1 to 32 of a-z, 0-9 and -, for example database-1", c.Name)}
	}
	a, err := openApp(p.ctx, usual)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	o := &rollout.Order{Verb: rollout.Start, Mode: set.Mode, Goal: rollout.Goal(c.Goal), Plan: plan, Reason: c.Reason, Force: c.Force}
	if o.Pace, o.Ceiling, err = a.pace(p.ctx); err != nil {
		return err
	}
	if err := a.mayStart(p.ctx, c.Name, set.mode()); err != nil {
		return err
	}
	s, err := a.giveRollout(p.ctx, o, o.Input(botName, c.Name, "cli"))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Rollout %s: mode %s instead of %s for %d %% of people, within 5 seconds everywhere.\n", s.Name, s.Mode, a.chosen.Load().Base(), s.Share())
	if costs, err := usual.cost(); err == nil {
		fmt.Fprintln(p.out, costsMore(&costs, usual.Mode, s.Mode))
	}
	a.warnOfRedis(p.ctx, p.out, s.Mode)
	if mode, _ := dialog.ParseMode(s.Mode); mode == dialog.Lightweight || mode == dialog.Redis {
		fmt.Fprintf(p.out, "Drafts in mode %s may lose answers: %s.\n", mode, map[dialog.Mode]string{
			dialog.Lightweight: "they lie in memory, and a restart takes them along", dialog.Redis: "what Redis loses is lost",
		}[mode])
	}
	for _, line := range seesLines(&s) {
		fmt.Fprintln(p.out, line)
	}
	if next := s.Next(); next > 0 {
		fmt.Fprintf(p.out, "It may go on to %d %% after %s, once %d creations in new and in old were compared.\n", next, count(s.Days[0], "day"), rollout.Enough)
	} else {
		fmt.Fprintln(p.out, "Nothing is left to compare: only the alerts remain.")
	}
	return nil
}

// withoutMode are arguments without --mode. given: it was among them.
func withoutMode(args []string) (rest []string, given bool) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--mode":
			i++
			given = true
		case strings.HasPrefix(args[i], "--mode="):
			given = true
		default:
			rest = append(rest, args[i])
		}
	}
	return rest, given
}

// settingsOf are the settings that arguments, the environment and the file give.
func (p *program) settingsOf(args []string) (*Settings, error) {
	var c cli
	q := &program{ctx: p.ctx, in: p.in, out: io.Discard, err: io.Discard, fromFile: p.fromFile}
	k, err := q.newParser(&c)
	if err != nil {
		return nil, err
	}
	if _, err := k.Parse(withGroup(args)); err != nil {
		return nil, usageError{q.explained(err)}
	}
	return &c.Settings, nil
}

// mayStart is an error if a rollout of this name and mode would compare nothing.
func (a *app) mayStart(ctx context.Context, name string, mode dialog.Mode) error {
	list, _, err := a.choose(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(s rollout.State) bool { return s.Name == name }) {
		return nil // it exists, as the order will find
	}
	chosen := a.chosen.Load()
	switch {
	case chosen.Decides() != "":
		return fmt.Errorf("rollout %s compares now; one at a time", chosen.Decides())
	case chosen.Base() == mode:
		return fmt.Errorf("everybody has mode %s already", mode)
	}
	return nil
}

// paceOver is the window of figures that a start reckons with.
const paceOver = 30 * 24 * time.Hour

// pace is what a rollout may reckon with, and by which part a mode can lower abandonment at most; negative: unknown.
func (a *app) pace(ctx context.Context) (pace rollout.Pace, ceiling float64, err error) {
	_, cfg, err := a.set.insight()
	if err != nil {
		return pace, -1, usageError{err}
	}
	x, since, err := a.set.figures(ctx, a.store, a.engine.Now(), paceOver)
	if err != nil {
		return pace, -1, err
	}
	pace.Horizon, ceiling = cfg.Horizon, -1
	from := x.From
	if since.After(from) {
		from = since
	}
	if days := x.Until.Sub(from).Hours() / 24; days > 0 && x.Creations > 0 {
		pace.PerDay = float64(x.Creations) / max(days, 1)
		if pace.Abandoned = x.Abandoned.Value(); math.IsNaN(pace.Abandoned) {
			pace.Abandoned = 0
		}
		if pace.Abandoned > 0 && !math.IsNaN(x.Ceiling) {
			ceiling = x.Ceiling / pace.Abandoned
		}
	}
	return pace, ceiling, nil
}

// seesLines say what a rollout can see, and when.
func seesLines(s *rollout.State) []string {
	if s.Next() == 0 && s.Stage() <= 1 {
		return nil
	}
	few, ok := s.Sees(s.Pace, .02)
	many, soon := s.Sees(s.Pace, .1)
	text := "10 or 2 points more abandonment are perhaps never seen"
	switch {
	case ok:
		text = fmt.Sprintf("10 points more abandonment are seen after about %s, 2 points after about %s", count(many, "day"), count(few, "day"))
	case soon:
		text = fmt.Sprintf("10 points more abandonment are seen after about %s, 2 points perhaps never", count(many, "day"))
	}
	return []string{fmt.Sprintf("%s: %.0f creations a day so far.", text, s.Pace.PerDay), "False alarms: at most 5 of 100 rollouts."}
}

// rolloutArg is an order for a rollout.
type rolloutArg struct {
	Name   string `arg:"" help:"of the rollout"`
	Reason string `name:"reason" required:"" placeholder:"TEXT" help:"why; it is kept with the figures"`
}

type (
	rolloutAdvanceCmd struct {
		rolloutArg
		Force bool `name:"force" help:"also before its days are over or it has compared enough, or where its Redis does not answer"`
	}
	rolloutPauseCmd  struct{ rolloutArg }
	rolloutResumeCmd struct{ rolloutArg }
	rolloutRevertCmd struct{ rolloutArg }
)

// Run begins the next stage.
func (c *rolloutAdvanceCmd) Run(p *program, set *Settings) error {
	return c.give(p, set, &rollout.Order{Verb: rollout.Advance, Force: c.Force})
}

// Run pauses the rollout.
func (c *rolloutPauseCmd) Run(p *program, set *Settings) error {
	return c.give(p, set, &rollout.Order{Verb: rollout.Pause})
}

// Run lets the rollout go on.
func (c *rolloutResumeCmd) Run(p *program, set *Settings) error {
	return c.give(p, set, &rollout.Order{Verb: rollout.Resume})
}

// Run reverts the rollout.
func (c *rolloutRevertCmd) Run(p *program, set *Settings) error {
	return c.give(p, set, &rollout.Order{Verb: rollout.Revert})
}

func (c *rolloutArg) give(p *program, set *Settings, o *rollout.Order) error {
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	r, _, err := a.engine.Hydrate(p.ctx, rollout.Key(botName, c.Name))
	if err != nil {
		return err
	}
	before, err := rollout.Of(r)
	if err != nil {
		return err
	}
	o.Stage, o.Reason = before.Stage(), c.Reason
	s, err := a.giveRollout(p.ctx, o, o.Input(botName, c.Name, "cli"))
	switch {
	case errors.Is(err, rollout.ErrAlready):
		fmt.Fprintln(p.out, asSentence(err))
	case err != nil:
		return err
	case o.Verb == rollout.Advance:
		fmt.Fprintf(p.out, "Rollout %s: from %d %% to %d %%, within 5 seconds everywhere.\n", s.Name, before.Share(), s.Share())
		a.warnOfRedis(p.ctx, p.out, s.Mode)
		if s.Next() == 0 {
			fmt.Fprintf(p.out, "Nothing is left to compare: only the alerts remain. --mode %s keeps it without the rollout.\n", s.Mode)
		}
	case o.Verb == rollout.Pause:
		fmt.Fprintf(p.out, "Rollout %s is paused at %d %%: its share stays, and the guardrails are watched on.\n", s.Name, s.Share())
	case o.Verb == rollout.Resume:
		fmt.Fprintf(p.out, "Rollout %s goes on at %d %%.\n", s.Name, s.Share())
	default:
		fmt.Fprintf(p.out, "Rollout %s is reverted to 0 %%, within 5 seconds everywhere. An open draft moves with its next answer.\n", s.Name)
	}
	return nil
}

// asSentence is an error as a sentence.
func asSentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
