package console

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

// trial is a rollout, as pages show it.
type trial struct {
	Name, To      string
	Headline, How string
	Goal          string
	Stages        []stage
	Guards        []guard
	Sees          string
	Past          []past
	Form          *orderForm // nil: it takes no order
}

// stage is a share of a rollout.
type stage struct {
	Share, Note string
	Done, Now   bool
}

// guard is what a guardrail says.
type guard struct {
	Name, Class, Value, Verdict, Says string
	Label, From, To, At               string // of the scale
	New, Old, BrokenAt                string // of the table
}

// past is a line of the history.
type past struct{ At, What, By, Reason, Evidence string }

// orderForm is where an operator gives an order.
type orderForm struct {
	ID              string // of the input: sent twice it is one order
	Stage           int
	Reason, Trouble string
	Next            string // share of the stage that advance begins; empty: there is none
	Due, Doubt      bool   // advance is what waits for the operator; it wants a tick
	Pause, Resume   bool
}

// trialOf describes a rollout at a time.
func (c *Console) trialOf(s *rollout.State, now time.Time) *trial {
	x := &trial{Name: s.Name, To: Path + "/rollouts/" + s.Name}
	x.Headline, x.How = c.stands(s, now)
	x.Stages = c.stages(s, now)
	return x
}

// whole is trialOf with all that its own page shows.
func (c *Console) whole(s *rollout.State, now time.Time) *trial {
	x := c.trialOf(s, now)
	last := s.Last()
	goal := "safe: no harm"
	if s.Goal == rollout.Fewer {
		goal = fmt.Sprintf("fewer: abandonment is to fall by more than %.0f%%", 100*rollout.Wanted)
	}
	x.Goal = fmt.Sprintf("Mode %s. Goal %s. %s compared at this stage, %s in new and %s in old, each %s old at least.", s.Mode, goal,
		things(last.All.New.N+last.All.Old.N, "first creation"), number(last.All.New.N), number(last.All.Old.N), readable(s.Pace.Horizon))
	for _, r := range s.Readings() {
		x.Guards = append(x.Guards, guardOf(s, &r))
	}
	x.Sees = sees(s)
	for i := len(s.Changes) - 1; i >= 0; i-- {
		x.Past = append(x.Past, c.pastOf(&s.Changes[i]))
	}
	takes := func(v rollout.Verb, force bool) bool {
		return s.Check(&rollout.Order{Verb: v, Stage: s.Stage(), Reason: "-", Force: force}, now) == nil
	}
	if takes(rollout.Revert, false) {
		f := &orderForm{ID: rand.Text(), Stage: s.Stage(), Pause: takes(rollout.Pause, false), Resume: takes(rollout.Resume, false)}
		if takes(rollout.Advance, true) {
			f.Next, f.Doubt = fmt.Sprintf("%d%%", s.Next()), !takes(rollout.Advance, false)
			f.Due = s.Situation(now) == rollout.MayAdvance
		}
		x.Form = f
	}
	return x
}

// stands says how a rollout stands: a headline, and why.
func (c *Console) stands(s *rollout.State, now time.Time) (headline, how string) {
	last := s.Last()
	at, days := fmt.Sprintf("%d%%", s.Share()), things(int(now.Sub(time.UnixMilli(last.Began)).Hours()/24), "day")
	headline = "Rollout " + s.Name
	switch s.Situation(now) {
	case rollout.Comparing:
		headline += " is at " + at
		how = fmt.Sprintf("%s at %s, and no guardrail is broken. The stage lasts until %s.", upper(days), at, c.minute(last.Until))
	case rollout.TooFewYet:
		headline += " waits at " + at + " for more people"
		how = fmt.Sprintf("%s at %s, as planned, and too few came: the smaller side still lacks %s", upper(days), at, things(s.Lacks(), "creation"))
		if wait, ok := s.Patience(s.Pace.Horizon); ok {
			how += fmt.Sprintf(", about %s as they come now", things(max(int(wait.Hours()/24+.5), 1), "day"))
		}
		how += ". It never reverts for that."
	case rollout.MayAdvance:
		headline += fmt.Sprintf(" may go to %d%%", s.Next())
		how = fmt.Sprintf("%s at %s, as planned, and no guardrail is broken.", upper(days), at)
		if s.Finding == rollout.Proved {
			how = "The goal is proved: " + reduced(last.All) + "."
		}
		if s.Next() == 100 {
			how += " From 100% on nothing is left to compare: only the alerts remain."
		}
	case rollout.Unsure:
		headline += " has not shown yet whether fewer leave"
		how = fmt.Sprintf("%s: neither surely more than %.0f%% nor surely less. It goes on until %s, or you decide.", upper(reduced(last.All)), 100*rollout.Wanted, c.minute(last.Until))
	case rollout.Full:
		headline += " is at 100%"
		how = "Everybody has mode " + s.Mode + ". Nothing is left to compare: only the alerts remain."
	case rollout.Paused:
		headline += " is paused at " + at
		how = "Nobody else gets mode " + s.Mode + ". " + whyOf(s.Why)
	case rollout.Reverted:
		headline += " is reverted"
		how = fmt.Sprintf("Nobody has mode %s by it since %s. %s", s.Mode, c.minute(s.Reverted), whyOf(s.Why))
	}
	if s.Blind {
		how += " The counts could not be read at the last look."
	}
	return headline, how
}

// minute writes a time of a rollout.
func (c *Console) minute(ms int64) string {
	return time.UnixMilli(ms).In(c.cfg.Zone).Format("2 Jan, 15:04")
}

// reduced says by how much abandonment is lower.
func reduced(p rollout.Pair) string {
	r := rollout.ReductionOf(p)
	if p.New.N == 0 || p.Old.N == 0 {
		return "nobody is compared yet"
	}
	return fmt.Sprintf("abandonment is lower by %s to %s%%", points(r.Low), points(r.High))
}

// whyOf says why a rollout was paused or reverted.
func whyOf(w *rollout.Why) string {
	switch {
	case w == nil:
		return ""
	case w.Guard == "":
		return "An operator did that: " + w.Reason + "."
	case w.Guard == rollout.ByGoal:
		return fmt.Sprintf("Abandonment is lower by %s to %s%%, surely less than %.0f%%.", points(w.New), points(w.Old), 100*rollout.Wanted)
	case w.Guard == rollout.Share:
		return fmt.Sprintf("It did that by itself: %s came to new, and %s should; evidence %s.", percent(w.New), percent(w.Old), odds(w.Evidence))
	}
	return fmt.Sprintf("It did that by itself: %s, %s in new and %s in old; evidence %s.", lower(guards[w.Guard]), percent(w.New), percent(w.Old), odds(w.Evidence))
}

// odds writes evidence as 1 to 37, or 64 to 1.
func odds(e float64) string {
	switch {
	case e >= 1e6:
		return "over 1,000,000 to 1"
	case e >= 1:
		return number(int(e+.5)) + " to 1"
	case e <= 1e-6:
		return "1 to over 1,000,000"
	}
	return "1 to " + number(int(1/e+.5))
}

// stages are those of the plan, with 0 before them. Of a reverted rollout none is done: nobody has the mode by it.
func (c *Console) stages(s *rollout.State, now time.Time) []stage {
	day := func(ms int64) string { return time.UnixMilli(ms).In(c.cfg.Zone).Format("2 Jan") }
	over := s.Reverted != 0
	list := []stage{{Share: "0%", Note: day(s.Parts[0].Began), Done: true}}
	for i, share := range s.Plan.Stages {
		g := stage{Share: fmt.Sprintf("%d%%", share)}
		switch {
		case i >= len(s.Parts):
			if i == len(s.Parts) && !over && s.Situation(now) == rollout.MayAdvance {
				g.Note = "may begin now"
			}
		case s.Parts[i].Ended != 0:
			g.Note, g.Done = day(s.Parts[i].Began)+" to "+day(s.Parts[i].Ended), !over
		default:
			g.Note, g.Now = "since "+day(s.Parts[i].Began), true
		}
		list = append(list, g)
	}
	if over {
		list[0].Now, list[0].Done, list[0].Note = true, false, "since "+day(s.Reverted)
	}
	return list
}

// guards :: guardrail → its name for people.
var guards = map[string]string{
	rollout.Abandonment: "Abandonment", rollout.LostAnswers: "Lost answers", rollout.FailedInput: "Failed inputs", rollout.Conflicts: "Conflicts",
	rollout.Speed: "Speed", rollout.Share: "Share",
}

// guardOf is what a guardrail says. On its scale even odds are at 80, and the guardrail breaks at 200.
func guardOf(s *rollout.State, r *rollout.Reading) guard {
	g := guard{Name: guards[r.Guard], Class: "under", Value: odds(r.Evidence), Verdict: "holds", BrokenAt: odds(r.BrokenAt)}
	if r.Broken() {
		g.Class, g.Verdict = "over", "broken"
	}
	g.Label = fmt.Sprintf("%s: evidence of harm %s, limit %s", g.Name, g.Value, g.BrokenAt)
	x := 80 + 120*logOf(r.Evidence)/logOf(r.BrokenAt)
	x = max(6, min(294, x))
	g.At, g.From, g.To = coordinate(x), coordinate(min(x, 80)), coordinate(max(x, 80))
	does := map[rollout.Does]string{rollout.Reverts: "Reverts", rollout.Pauses: "Pauses"}[r.Does] + " at " + g.BrokenAt + "."
	g.New, g.Old = number(r.NewX)+" / "+number(r.NewN), number(r.OldX)+" / "+number(r.OldN)
	rates := fmt.Sprintf("%s in new, %s in old", percent(share(r.NewX, r.NewN)), percent(share(r.OldX, r.OldN)))
	switch {
	case r.NewN+r.OldN == 0:
		g.Says = "Nobody is compared yet."
	case r.Guard == rollout.Share:
		g.New, g.Old = number(r.NewN), number(r.OldN)
		g.Says = fmt.Sprintf("%s of %s came to new.", number(r.NewN), number(r.NewN+r.OldN))
	case r.Guard == rollout.Speed && s.Last().Slow > 0:
		g.Says = fmt.Sprintf("%s were read back in more than %s.", rates, readable(s.Last().Slow))
	case r.Guard == rollout.Speed:
		g.Says = "Not known yet which read is slow."
	default:
		g.Says = rates + "."
	}
	g.Says += " " + does
	return g
}

// sees says what the rollout can see, and when.
func sees(s *rollout.State) string {
	text := fmt.Sprintf("At %.0f creations a day ", s.Pace.PerDay)
	if days, ok := s.Sees(s.Pace, .1); ok {
		text += fmt.Sprintf("10 points more abandonment are seen after about %s", things(days, "day"))
	} else {
		text += "10 points more abandonment are seen late, perhaps never"
	}
	return text + ". False alarms: at most 5 in 100 rollouts."
}

// pastOf is a line of the history.
func (c *Console) pastOf(x *rollout.Change) past {
	done := map[rollout.Verb]string{rollout.Pause: "paused", rollout.Resume: "resumed", rollout.Revert: "reverted"}[rollout.Verb(x.What)]
	p := past{At: c.minute(x.At), What: cmp.Or(done, x.What), By: x.By, Reason: cmp.Or(x.Reason, "no reason given")}
	if x.From != x.To {
		p.What = strings.TrimPrefix(fmt.Sprintf("%s: %d to %d%%", done, x.From, x.To), ": ")
	}
	if x.By == "" {
		p.By = "by itself"
		if x.Why != nil {
			p.Reason = whyShort(x.Why)
		}
	}
	if x.All.New.N+x.All.Old.N > 0 {
		p.Evidence = odds(x.Odds)
	}
	return p
}

// whyShort names what a rollout did something by itself for.
func whyShort(w *rollout.Why) string {
	if w.Guard == rollout.ByGoal {
		return fmt.Sprintf("the goal: lower by %s to %s%%", points(w.New), points(w.Old))
	}
	return fmt.Sprintf("%s: %s against %s", lower(guards[w.Guard]), percent(w.New), percent(w.Old))
}

// trials reads all rollouts.
func (c *Console) trials(ctx context.Context) (list []rollout.State, err error) {
	if c.cfg.Rollouts == nil {
		return nil, nil
	}
	return c.cfg.Rollouts(ctx)
}

// rollouts lists the rollouts.
func (c *Console) rollouts(v *visit) {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	list, err := c.trials(ctx)
	if err != nil {
		c.away(v, "rollouts", err)
		return
	}
	now, all := c.cfg.Now(), []*trial{}
	for i := range list {
		all = append(all, c.trialOf(&list[i], now))
	}
	c.send(v, http.StatusOK, "rollouts", "Rollouts", "/rollouts", now, all)
}

// rollout shows one.
func (c *Console) rollout(v *visit) { c.showRollout(v, http.StatusOK, "", nil) }

// showRollout shows it, with an order's reason and why the order was not taken (nil: there was none).
func (c *Console) showRollout(v *visit, status int, reason string, trouble error) {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	list, err := c.trials(ctx)
	if err != nil {
		c.away(v, "rollout", err)
		return
	}
	now := c.cfg.Now()
	for i := range list {
		if list[i].Name != v.rest {
			continue
		}
		x := c.whole(&list[i], now)
		title := "Rollout " + x.Name
		if trouble != nil && x.Form != nil {
			x.Form.refused(reason, trouble)
			title = "Error: " + title
		}
		c.send(v, status, "trial", title, "/rollouts", now, x)
		return
	}
	c.tell(v.w, http.StatusNotFound, "There is no such rollout", "")
}

// refused has the form say why it was refused. What a command does with --force, the form does with a tick.
func (f *orderForm) refused(reason string, why error) {
	f.Reason, f.Trouble = reason, upper(why.Error())+"."
	if d, ok := errors.AsType[*rollout.Doubt](why); ok {
		f.Trouble = upper(d.Why) + ". Tick the box below to go on all the same."
		f.Doubt = f.Next != ""
	}
}

var isInput = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// order gives an operator's order to a rollout. A button of a form that is sent twice is one order; another button is another.
func (c *Console) order(v *visit) {
	f := v.r.PostForm
	stage, err := strconv.Atoi(f.Get("stage"))
	if err != nil || !isInput.MatchString(f.Get("id")) || !rollout.IsName(v.rest) || c.cfg.Order == nil {
		c.tell(v.w, http.StatusBadRequest, "This form is of another page", "Nothing was done. Open the page again.")
		return
	}
	o := &rollout.Order{Verb: rollout.Verb(f.Get("order")), Reason: strings.Join(strings.Fields(f.Get("reason")), " "), Stage: stage, Force: f.Get("force") != ""}
	switch o.Verb {
	case rollout.Advance, rollout.Pause, rollout.Resume, rollout.Revert:
	default: // start is a command
		c.tell(v.w, http.StatusBadRequest, "There is no such order", "Nothing was done.")
		return
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	switch err := c.cfg.Order(ctx, v.rest, "console "+f.Get("id")+" "+string(o.Verb), o); {
	case errors.Is(err, dialog.ErrUnavailable):
		c.away(v, "order", err)
	case err != nil && !errors.Is(err, rollout.ErrAlready):
		c.showRollout(v, http.StatusUnprocessableEntity, o.Reason, err)
	default:
		http.Redirect(v.w, v.r, Path+"/rollouts/"+v.rest, http.StatusSeeOther)
	}
}

// rolloutNeeds are the rollouts that wait for an operator.
func (c *Console) rolloutNeeds(list []rollout.State, now time.Time) (needs []Need) {
	for i := range list {
		switch s := &list[i]; s.Situation(now) {
		case rollout.MayAdvance, rollout.Unsure, rollout.Paused:
			x := c.trialOf(s, now)
			why, _, _ := strings.Cut(x.How, ". ")
			needs = append(needs, Need{What: x.Headline, Why: strings.TrimSuffix(why, "."), Label: "Look at it", To: x.To})
		default:
		}
	}
	return needs
}
