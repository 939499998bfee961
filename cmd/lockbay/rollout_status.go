package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/rollout"
	"github.com/lockbay/lockbay/texts"
)

type rolloutStatusCmd struct {
	Name string `arg:"" optional:"" help:"of the rollout; without it all of them"`
	JSON bool   `name:"json" help:"one JSON array"`
}

// rolloutJSON is a rollout of rollout status --json.
type rolloutJSON struct {
	Name       string       `json:"name"`
	Mode       string       `json:"mode"`
	Goal       string       `json:"goal"`
	Situation  string       `json:"situation"`
	Percent    int          `json:"percent"`
	Stages     []int        `json:"stages"`
	Days       []int        `json:"days"`
	BeganAt    string       `json:"began_at"`
	StageAt    string       `json:"stage_began_at"`
	UntilAt    string       `json:"until_at"` // when the stage has lasted as long as it was to
	LookedAt   string       `json:"looked_at"`
	New        int          `json:"new"` // creations that the stage has compared
	Old        int          `json:"old"`
	Guardrails []guardJSON  `json:"guardrails"`
	Cost       costJSON     `json:"cost"`
	Changes    []changeJSON `json:"changes"`
}

// costJSON is what the mode costs more than that of the settings, in dollars a month.
type costJSON struct {
	Known     bool    `json:"known"` // false: More is 0
	More      float64 `json:"more"`
	Threshold float64 `json:"threshold"` // over which it is told
}

// costsMore says what a month costs more in one mode than in another.
func costsMore(costs *insight.Costs, base, mode string) string {
	more, known := costs.More(base, mode)
	switch {
	case base == mode:
		return "A month costs the same: mode " + mode + " is that of the settings."
	case !known:
		return "What a month costs more is unknown: [cost] does not say it of both modes."
	}
	return fmt.Sprintf("A month costs %s more: %s in mode %s, %s in mode %s. Over %s it is told.", insight.Dollars(more), insight.Dollars(costs.Month[mode]), mode, insight.Dollars(costs.Month[base]), base, insight.Dollars(costs.Most))
}

type guardJSON struct {
	Name     string  `json:"name"`
	New      string  `json:"new"` // bad outcomes of all
	Old      string  `json:"old"`
	Evidence float64 `json:"evidence"` // to 1
	BrokenAt float64 `json:"broken_at"`
	Does     string  `json:"does"`
}

type changeJSON struct {
	At     string `json:"at"`
	What   string `json:"what"`
	From   int    `json:"from"`
	To     int    `json:"to"`
	By     string `json:"by"` // empty: by itself
	Reason string `json:"reason"`
	New    int    `json:"new"` // creations compared then
	Old    int    `json:"old"`
}

// Run shows how rollouts stand.
func (c *rolloutStatusCmd) Run(p *program, set *Settings) error {
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	list, bad, err := readRollouts(p.ctx, st)
	if err = cmp.Or(err, bad); err != nil {
		return err
	}
	chosen := rollout.Choose(list, set.mode(), set.usable)
	if c.Name != "" {
		list = slices.DeleteFunc(list, func(s rollout.State) bool { return s.Name != c.Name })
		if len(list) == 0 {
			return fmt.Errorf("there is no rollout %s", c.Name)
		}
	}
	now, base := time.Now(), set.mode().String()
	costs, err := set.cost()
	if err != nil {
		return usageError{err}
	}
	if c.JSON {
		all := make([]rolloutJSON, 0, len(list))
		for i := range list {
			x := rolloutOf(&list[i], now)
			x.Cost.Threshold = costs.Most
			if more, known := costs.More(base, x.Mode); known {
				x.Cost.More, x.Cost.Known = more, true
			}
			all = append(all, x)
		}
		return writeJSON(p.out, all)
	}
	if len(list) == 0 {
		fmt.Fprintln(p.out, "No rollouts.")
	}
	for i := range list {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		if err := printRollout(p.out, &list[i], now, costsMore(&costs, base, list[i].Mode)); err != nil {
			return err
		}
	}
	for _, line := range rolloutTrouble(chosen) {
		fmt.Fprintf(p.out, "\n%s.\n", strings.ToUpper(line[:1])+line[1:])
	}
	return nil
}

func rolloutOf(s *rollout.State, now time.Time) rolloutJSON {
	last := s.Last()
	ms := func(n int64) string {
		if n == 0 {
			return ""
		}
		return rfc(time.UnixMilli(n))
	}
	x := rolloutJSON{Name: s.Name, Mode: s.Mode, Goal: string(s.Goal), Situation: string(s.Situation(now)), Percent: s.Share(), Stages: s.Stages, Days: s.Days,
		BeganAt: rfc(s.Began()), StageAt: ms(last.Began), UntilAt: ms(last.Until), LookedAt: ms(s.Looked), New: last.All.New.N, Old: last.All.Old.N, Guardrails: []guardJSON{}, Changes: []changeJSON{}}
	for _, r := range s.Readings() {
		x.Guardrails = append(x.Guardrails, guardJSON{r.Guard, ofAll(r.NewX, r.NewN, r.Guard), ofAll(r.OldX, r.OldN, r.Guard), min(r.Evidence, 1e12), r.BrokenAt, string(r.Does)})
	}
	for _, h := range s.Changes {
		x.Changes = append(x.Changes, changeJSON{ms(h.At), h.What, h.From, h.To, h.By, reasonOf(&h), h.All.New.N, h.All.Old.N})
	}
	return x
}

// ofAll is x of n; of the share, n alone.
func ofAll(x, n int, guard string) string {
	if guard == rollout.Share {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d of %d", x, n)
}

// reasonOf is why a change was made.
func reasonOf(h *rollout.Change) string {
	if h.Why != nil {
		if h.Why.Guard == rollout.ByGoal {
			return fmt.Sprintf("goal: abandonment falls by %.0f to %.0f %%", 100*h.Why.New, 100*h.Why.Old)
		}
		return fmt.Sprintf("guardrail %s: evidence %s", h.Why.Guard, odds(h.Why.Evidence))
	}
	return h.Reason
}

func printRollout(out io.Writer, s *rollout.State, now time.Time, cost string) error {
	x := rolloutOf(s, now)
	fmt.Fprintf(out, "Rollout %s: mode %s for %d %% of people, goal %s, stages %s %%\n%s\n", s.Name, s.Mode, s.Share(), s.Goal, strings.Trim(fmt.Sprint(s.Stages), "[]"), stands(s, now))
	if s.Blind {
		fmt.Fprintln(out, "The last look at the counts failed; the log of serve says why.")
	}
	if s.Reverted == 0 && s.Share() < 100 {
		fmt.Fprintf(out, "Compared at this stage: first creations, %s old at least, %d in new and %d in old. Looked at: %s.\n", shortly(s.Pace.Horizon), x.New, x.Old, cmp.Or(x.LookedAt, "never"))
		for _, line := range seesLines(s) {
			fmt.Fprintln(out, line)
		}
	}
	if s.Reverted == 0 {
		fmt.Fprintln(out, cost)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "GUARDRAIL\tNEW\tOLD\tEVIDENCE\tAT")
	for _, g := range x.Guardrails {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.0f to 1: %s\n", g.Name, g.New, g.Old, odds(g.Evidence), g.BrokenAt, g.Does)
	}
	fmt.Fprintln(w, "\nWHEN\tORDER\tSHARE\tBY\tWHY")
	for _, h := range x.Changes {
		fmt.Fprintf(w, "%s\t%s\t%d to %d %%\t%s\t%s\n", h.At, h.What, h.From, h.To, cmp.Or(h.By, "itself"), cmp.Or(plain(h.Reason), "no reason given"))
	}
	return w.Flush()
}

// odds are written as 3 to 1, or 1 to 3.
func odds(e float64) string {
	if e >= 1 {
		return fmt.Sprintf("%.0f to 1", e)
	}
	return fmt.Sprintf("1 to %.0f", min(1/max(e, 1e-12), 1e12))
}

// shortly is a duration without parts that are zero.
func shortly(d time.Duration) string {
	text := d.String()
	text = strings.TrimSuffix(text, "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// stands says how a rollout stands, in a sentence or two.
func stands(s *rollout.State, now time.Time) string {
	last := s.Last()
	switch s.Situation(now) {
	case rollout.Comparing:
		return fmt.Sprintf("It compares until %s; then it may go on to %d %%.", rfc(time.UnixMilli(last.Until)), s.Next())
	case rollout.TooFewYet:
		wait := "it is not known how much longer that takes"
		if d, ok := s.Patience(s.Pace.Horizon); ok {
			wait = "about " + count(int(d.Hours()/24)+1, "day") + " more"
		}
		return fmt.Sprintf("It waits: %d more creations are to be compared before it may go on to %d %%; %s.", s.Lacks(), s.Next(), wait)
	case rollout.Full:
		return fmt.Sprintf("Everybody has it, and nothing is left to compare: only the alerts remain. --mode %s keeps it without the rollout.", s.Mode)
	}
	said := s.Said(now)
	return dialog.Plain(strings.ReplaceAll(texts.Words(texts.Default, said.Code, said.Args), "\n", " "))
}
