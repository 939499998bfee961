package console

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// overview is what the first page shows, and the report.
type overview struct {
	Headline, Reason, Window string
	Windows                  []navigation
	Needs                    []Need
	Proof                    []proof
	Measures                 []measure
	Cost                     string
	Why                      []question
	Leaf                     string
	Says                     []string // under the path
	Funnel                   string
	Steps                    []step
	Refusals                 []refusal
	Days                     *columns
	DaysSay                  string
	First, Last              string // days
	Table                    []day
	Tooks                    []speed
	Rollouts                 []*trial
	Causes                   string
	Open                     bool   // tables are shown: in a file nobody needs to look for them
	Query                    string // of the window
}

// proof is a mode: how many of its creations had to be typed again.
type proof struct {
	Mode, X, N, Says string
	Over             bool
}

// measure is one of the five.
type measure struct {
	ID, Name, Class, Value, Word, Says string
	Interval, Limit, Verdict, Counted  string // of the table
	Rule                               rule
	Trend                              *trend
}

// question is a knot of the path to the decision.
type question struct{ Asks, Answer, Exit string }

type step struct {
	Name, Asked, Left, Rate, Time, Refused string
	Bar                                    bar
}

type refusal struct{ What, N string }

type day struct{ Day, ReadBack, Soon, Restarts string }

type speed struct{ Source, N, P50, P95, P99 string }

// overviewOf describes a report. It asks nobody, so that the same report has the same page.
func overviewOf(r *Report, zone *time.Location) *overview {
	x := &overview{}
	x.Headline, x.Reason = plainly(r.Headline()), reasonOf(r)
	x.Window = fmt.Sprintf("%s to %s, %s, %s more under way.", span(r), r.Until.In(zone).Format("2 Jan"), things(r.Creations, "creation"), number(r.UnderWay))
	if r.Mode != "" {
		x.Window += " Mode " + r.Mode + "."
	}
	switch {
	case r.Since.IsZero():
		x.Window += " Nothing is known yet."
	default:
		x.Window += " Known since " + r.Since.In(zone).Format("2 Jan") + "."
	}
	x.proofs(r)
	x.Measures, x.Cost = measures(r), "A month costs: "+r.Cost()+"."
	x.path(r)
	x.funnel(r)
	x.daily(r)
	return x
}

// span is the length of the window.
func span(r *Report) string {
	d := r.Until.Sub(r.From)
	if n := int(d.Hours() / 24); n > 0 {
		return things(n, "day")
	}
	return things(int(d.Hours()), "hour")
}

// reasonOf gives the reason, and the strategy's row that says so.
func reasonOf(r *Report) string {
	over := 0
	for _, m := range measures(r) {
		if m.Class == "over" {
			over++
		}
	}
	are := fmt.Sprintf("%s of five measures are over.", numerals[min(over, 5)])
	if over == 1 {
		are = "One of five measures is over."
	}
	text := are + " " + plainly(r.Reason())
	if r.Leaf == insight.Wait {
		text = are + " " + plainly(r.Note)
	}
	if a := r.Action; a != nil {
		text += fmt.Sprintf(" The strategy’s row: %s, %s: %s. Here: %s.", a.Condition, a.Threshold, a.Does, a.Here)
	}
	return text
}

// proofs are the modes: that of most creations first.
func (x *overview) proofs(r *Report) {
	modes := slices.Clone(r.Modes)
	slices.SortStableFunc(modes, func(a, b insight.ModeFigures) int { return cmp.Compare(b.TypedAgain.N, a.TypedAgain.N) })
	for _, m := range modes {
		t := m.TypedAgain
		p := proof{Mode: cmp.Or(m.Mode, "unknown"), X: number(t.X), N: number(t.N), Over: t.Verdict == insight.Over}
		switch {
		case t.N == 0:
			p.Says = "nobody began in it"
		case t.X == 0:
			p.Says = "so at most " + percent(t.High)
		case t.Verdict == insight.NotSure:
			p.Says = percent(t.Value()) + ", not sure yet"
		default:
			p.Says = fmt.Sprintf("%s, %s %s", percent(t.Value()), t.Verdict, percent(r.Limits.Rehydration))
		}
		x.Proof = append(x.Proof, p)
	}
}

// path is the way to the decision.
func (x *overview) path(r *Report) {
	for _, q := range r.Asked {
		yes, other := "no", "yes"
		if q.Yes {
			yes, other = "yes", "no"
		}
		x.Why = append(x.Why, question{q.Asks, yes + ": " + plainly(q.Answer), other + ": " + plainly(q.Else)})
	}
	x.Leaf = plainly(r.Headline())
	for _, text := range []string{r.Note, r.Reach} {
		if text != "" && r.Leaf != insight.Wait {
			x.Says = append(x.Says, plainly(text))
		}
	}
	for _, text := range r.Changes {
		x.Says = append(x.Says, "It would change if "+plainly(text)+".")
	}
}

// plainly writes percents and names of questions as pages do.
func plainly(text string) string {
	text = strings.ReplaceAll(text, " %", "%")
	for step, name := range stepNames {
		text = strings.ReplaceAll(text, step, name)
	}
	return text
}

// funnel is where people stop.
func (x *overview) funnel(r *Report) {
	confirmed := r.Ended[insight.Confirmed]
	x.Funnel = fmt.Sprintf("%s of %s confirm", number(confirmed), number(r.Abandoned.N))
	if confirmed > 0 {
		x.Funnel += fmt.Sprintf("; %s are paid, %s lapsed", number(r.Paid), number(r.Lapsed))
	}
	x.Funnel += "."
	var slow, refused *insight.StepFigures
	first := 0
	for i := range r.Steps {
		s := &r.Steps[i]
		first = max(first, s.Asked)
		if s.Answer > 0 && (slow == nil || s.Answer > slow.Answer) {
			slow = s
		}
		if s.Refused > 0 && (refused == nil || s.Refused > refused.Refused) {
			refused = s
		}
	}
	if slow != nil {
		x.Funnel += " " + stepName(slow.Step) + " takes longest."
	}
	if refused != nil {
		x.Funnel += " " + stepName(refused.Step) + " is refused most often."
	}
	for _, s := range r.Steps {
		x.Steps = append(x.Steps, step{stepName(s.Step), number(s.Asked), number(s.Left.X), percent(s.Left.Value()), readable(s.Answer), number(s.Refused), barOf(first, s.Asked, s.Left.X)})
	}
	for _, f := range r.Refusals[:min(len(r.Refusals), 5)] {
		x.Refusals = append(x.Refusals, refusal{stepName(f.Step) + ": " + refusalWords(f.Code), number(f.N)})
	}
}

// daily is what was read back, by day.
func (x *overview) daily(r *Report) {
	var list [][4]int
	least, most := math.MaxInt, 0
	for _, d := range r.Days {
		list = append(list, [4]int{d.ReadBack, d.Soon, d.Episodes, d.Felt})
		least, most = min(least, d.ReadBack), max(most, d.ReadBack)
		restarts := "none"
		if d.Episodes > 0 {
			restarts = fmt.Sprintf("%d, %d felt", d.Episodes, d.Felt)
		}
		x.Table = append(x.Table, day{shortDay(d.Day), number(d.ReadBack), number(d.Soon), restarts})
	}
	if len(list) > 0 {
		x.First, x.Last = x.Table[0].Day, x.Table[len(list)-1].Day
		x.Days = columnsOf(list, fmt.Sprintf("Read back a day from %s to %s, %d to %d a day, with %s", x.First, x.Last, least, most, things(r.Episodes, "restart")))
	}
	rel := r.Related
	switch rel.Verdict {
	case "yes":
		x.DaysSay = fmt.Sprintf("After a restart %.1f times as many leave (%.1f to %.1f), %s exposed.", rel.Ratio, rel.Low, rel.High, things(rel.Exposed, "creation"))
	case "no":
		x.DaysSay = fmt.Sprintf("After a restart as many leave as without one: %.1f times (%.1f to %.1f), %s exposed.", rel.Ratio, rel.Low, rel.High, things(rel.Exposed, "creation"))
	default:
		x.DaysSay = fmt.Sprintf("Not sure yet whether a restart makes people leave: it met %s, and 100 are needed.", things(rel.Exposed, "creation"))
	}
	if r.Episodes > 0 {
		x.DaysSay += fmt.Sprintf(" People felt %d of %s.", r.Felt, things(r.Episodes, "restart"))
	}
	for _, source := range slices.Sorted(maps.Keys(r.Tooks)) {
		t := r.Tooks[source]
		x.Tooks = append(x.Tooks, speed{source, number(t.N), readable(t.P50), readable(t.P95), readable(t.P99)})
	}
	var causes []string
	for _, cause := range slices.Sorted(maps.Keys(r.Causes)) {
		causes = append(causes, fmt.Sprintf("%s %s", plainWords(cause), number(r.Causes[cause])))
	}
	x.Causes = strings.Join(causes, ", ")
}

// shortDay writes 2026-11-24 as 24 Nov.
func shortDay(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.Format("2 Jan")
}

// needsMost is how many lines an operator is asked to look at.
const needsMost = 3

// overview shows the first page.
func (c *Console) overview(v *visit) {
	r := c.current(v)
	if r == nil {
		return
	}
	x := overviewOf(r, c.cfg.Zone)
	x.Windows = windowLinks(v)
	for _, w := range x.Windows {
		if w.Here {
			x.Query = w.To
		}
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	list, err := c.trials(ctx)
	if err != nil {
		c.away(v, "rollouts", err)
		return
	}
	now := c.cfg.Now()
	x.Needs = c.needs(ctx, r, c.rolloutNeeds(list, now))
	for i := range list {
		if list[i].Reverted == 0 {
			x.Rollouts = append(x.Rollouts, c.trialOf(&list[i], now))
		}
	}
	c.send(v, 200, "overview", "Overview", "", r.At, x)
}

// windowLinks lead to the same page for other windows.
func windowLinks(v *visit) (list []navigation) {
	now := windowOf(v.r)
	for _, w := range windows {
		list = append(list, navigation{"?window=" + w.name, things(int(w.d.Hours()/24), "day"), w.d == now})
	}
	return list
}

// needs are the lines that wait for an operator: what was lost where nothing can be, then what else waits, then stores, then
// rollouts.
func (c *Console) needs(ctx context.Context, r *Report, rollouts []Need) (list []Need) {
	for _, l := range r.LostDrafts {
		if l.Mode == "database" || l.Mode == "hybrid" {
			list = append(list, Need{What: "A draft lost answers in mode " + l.Mode, Why: "On " + l.At.In(c.cfg.Zone).Format("2 Jan, 15:04") + ". This must not happen",
				Label: "See why", To: Path + "/conversations/" + l.Draft})
		}
	}
	if c.cfg.Needs != nil {
		more, err := c.cfg.Needs(ctx)
		if err != nil {
			c.cfg.Slog.Warn("console: what needs an operator", "err", err)
			more = []Need{{What: "The list of what else waits cannot be read", Why: "The database does not answer", Label: "Look at it", To: Path + "/stores"}}
		}
		for _, x := range more {
			if x.Key != (dialog.Key{}) {
				x.To = Path + "/conversations/" + c.seal.close(x.Key)
			}
			list = append(list, x)
		}
	}
	if c.cfg.Stores != nil {
		for _, k := range c.cfg.Stores(ctx) {
			if !k.OK {
				list = append(list, Need{What: "Mend the check " + k.Name, Why: k.Note, Label: "Look at it", To: Path + "/stores"})
			}
		}
	}
	list = append(list, rollouts...)
	return list[:min(len(list), needsMost)]
}
