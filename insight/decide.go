package insight

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Leaf is what a decision comes to.
type Leaf string

// The leaves of the strategy's tree.
const (
	Defect      Leaf = "defect"      // something was lost where nothing can be: look at the conversations
	Wait        Leaf = "wait"        // too few people to be sure
	KeepOn      Leaf = "keep"        // all is below its threshold
	Persist     Leaf = "persist"     // people lose what they typed: keep it better
	UX          Leaf = "ux"          // people leave at a question, and not because anything was lost
	Performance Leaf = "performance" // people leave, at no question above the others
)

// Question is one step of a decision.
type Question struct {
	Asks    string // in words
	Answer  string // with the value and its interval
	Yes     bool
	Verdict Verdict
	Else    string // where the other answer leads
}

// Action is a row of the strategy's table of conditions.
type Action struct {
	Condition, Threshold, Does string
	Here                       string // what does it in this mode; empty: nothing does
	Met                        bool   // this mode does it already
}

// Decision is what the figures come to, and why.
type Decision struct {
	Leaf    Leaf
	Step    string // of UX
	Action  *Action
	Asked   []Question
	Changes []string // what would change it
	Note    string
}

// Decide asks the strategy's questions in their order.
func Decide(x *Figures, t Thresholds) Decision {
	d := Decision{}
	if d.ask(Question{Asks: "Was an answer lost in a mode that keeps all of them?", Answer: fmt.Sprintf("%d of %d", x.Lost, x.Durable), Yes: x.Lost > 0, Else: "the thresholds"}) {
		return d.is(Defect, "Look at their conversations: lockbay explain KEY.")
	}
	over, unsure := x.verdicts()
	d.ask(Question{Asks: "Is a metric over its threshold?", Answer: cmp.Or(strings.Join(over, ", "), "none"), Yes: len(over) > 0, Else: "keep, or wait where too few people came"})
	switch {
	case len(over) == 0 && len(unsure) > 0 && !t.MultiDevice:
		return d.is(Wait, waits(unsure))
	case len(over) == 0 && !t.MultiDevice:
		return d.is(KeepOn, "")
	}
	why, action := related(x, t)
	if d.ask(Question{Asks: "Is it because answers were lost?", Answer: why, Yes: action != nil, Else: "the question at which most people leave"}) {
		d.Action = action
		if action.Met {
			d.Note = fmt.Sprintf("Mode %s does this already: %d of %d creations lost an answer.", x.Mode, x.Lost, x.Durable)
		}
		if x.Ceiling < .3*x.Abandoned.Value() {
			d.Changes = append(d.Changes, fmt.Sprintf("Keeping answers better can save %s of the %s points of abandonment at most: the strategy's 30 %% cannot be reached by it.", points(x.Ceiling), points(x.Abandoned.Value())))
		}
		return d.is(Persist, d.Note)
	}
	if s := x.worst(); s != nil {
		d.ask(Question{Asks: "Do most of them leave at one question?", Answer: fmt.Sprintf("%s: %s of those asked", s.Step, s.Left), Yes: true, Else: "how long answers take"})
		d.Step = s.Step
		return d.is(UX, "")
	}
	d.ask(Question{Asks: "Do most of them leave at one question?", Answer: "none stands out", Else: "how long answers take"})
	return d.is(Performance, "")
}

func (d *Decision) ask(q Question) bool {
	d.Asked = append(d.Asked, q)
	return q.Yes
}

func (d *Decision) is(leaf Leaf, note string) Decision {
	d.Leaf, d.Note = leaf, note
	return *d
}

// figure is a judged figure with its name.
type figure struct {
	name string
	Verdict
	more int
}

// judged are the figures that a decision goes by. A start always rebuilds contexts: that matters where somebody lost
// answers by it.
func (x *Figures) judged() []figure {
	list := []figure{
		{"answers typed again", x.TypedAgain.Verdict, x.TypedAgain.More}, {"abandonment", x.Abandoned.Verdict, x.Abandoned.More},
		{"complaints", x.Complaints.Verdict, 0},
	}
	if x.Felt > 0 {
		list = append(list, figure{"rehydrations after a start", x.AfterStart.Verdict, x.AfterStart.More})
	}
	if x.Worst != nil {
		list = append(list, figure{"the question " + x.Worst.Step, x.Worst.Left.Verdict, x.Worst.Left.More})
	}
	return list
}

// verdicts are the names of the figures that are over, and the ones that are not sure.
func (x *Figures) verdicts() (over []string, unsure []figure) {
	for _, f := range x.judged() {
		switch f.Verdict {
		case Over:
			over = append(over, f.name)
		case NotSure:
			unsure = append(unsure, f)
		case Under, Unknown:
		}
	}
	return over, unsure
}

// worst is the question at which people leave: the worst one if it is over, else the one that loses most.
func (x *Figures) worst() *StepFigures {
	if x.Worst != nil && x.Worst.Left.Verdict == Over {
		return x.Worst
	}
	if x.Abandoned.Verdict != Over {
		return nil
	}
	var most *StepFigures
	for i := range x.Steps {
		if s := &x.Steps[i]; s.Left.X > 0 && (most == nil || s.Left.X > most.Left.X) {
			most = s
		}
	}
	if most == nil || most.Left.X*2 < x.Abandoned.X { // not even half of them
		return nil
	}
	return most
}

// reason is a row of the strategy's table, and whether the figures say so.
type reason struct {
	is  bool
	why string
	Action
}

// related is whether people leave because answers were lost, and the strongest of the strategy's rows that says so.
func related(x *Figures, t Thresholds) (why string, action *Action) {
	durable := x.Mode == "database" || x.Mode == "hybrid"
	rows := []reason{
		{t.MultiDevice, "people are to go on at another device", Action{"Business Requirement", "Multi-device support requested", "Implement full deep hydration", "every device reads the same row", durable}},
		{float64(x.Felt) > t.Felt*x.days(), fmt.Sprintf("%d restarts in which somebody lost answers, in %.0f days", x.Felt, x.days()), Action{"Bot Restarts", ">1/day with user impact", "Implement hybrid approach", "mode hybrid, or mode database", durable}},
		{x.Complaints.Related == Over, fmt.Sprintf("%d of %d tickets about lost progress are of people who lost answers", x.Complaints.WithLost, x.Complaints.N), Action{"Support Tickets", ">3/week about lost progress", "Implement database backup", "mode database", durable}},
		{x.Related.Verdict == "yes", fmt.Sprintf("who was met by a restart leaves %.1f times as often (%.1f to %.1f)", x.Related.Ratio, x.Related.Low, x.Related.High), Action{"Abandonment Rate", ">15% AND correlated with rehydration", "Implement Redis persistence", "mode redis, hybrid or database", x.Mode != "memory"}},
		{x.TypedAgain.Verdict == Over, fmt.Sprintf("%s typed something again", x.TypedAgain), Action{"Rehydration Rate", ">5% of escrow creations", "Investigate root cause first", "mode database", durable}},
	}
	i := slices.IndexFunc(rows, func(r reason) bool { return r.is })
	if i < 0 {
		return fmt.Sprintf("no: %s typed something again, and restarts: %s", x.TypedAgain, x.Related.Verdict), nil
	}
	return rows[i].why, &rows[i].Action
}

func (x *Figures) days() float64 { return x.Until.Sub(x.From).Hours() / 24 }

// String writes a rate in percent, with its interval.
func (r Rate) String() string {
	if r.N == 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%s %% (%s to %s; %d of %d)", points(r.Value()), points(r.Low), points(r.High), r.X, r.N)
}

// points writes a rate in percent, with one decimal.
func points(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

// waits says which figures are not sure, and how many creations it takes.
func waits(unsure []figure) string {
	var list []string
	for _, f := range unsure {
		text := f.name
		if f.more > 0 {
			text = fmt.Sprintf("%s: about %d creations more", f.name, f.more)
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}
