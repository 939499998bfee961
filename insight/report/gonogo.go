package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// GoNoGo is the document that the strategy's investigation delivers: whether to go on, and what is known.
type GoNoGo struct {
	Title  string `json:"title"`
	Answer string `json:"answer"`
	Parts  []Part `json:"parts"`
}

// Part is a part of it.
type Part struct {
	Name  string   `json:"name"`
	Says  string   `json:"says"`
	List  []string `json:"list"`
	Boxes bool     `json:"boxes"` // a checklist
}

// People are who is asked and told: Escalation in order, by a name and a way to reach it, and Interviews, the ids of tickets whose
// people agreed to be asked.
type People struct{ Escalation, Interviews []string }

// GoNoGo is the document of the report.
func (r *Report) GoNoGo(people People) *GoNoGo {
	g := &GoNoGo{Title: "No-go", Answer: r.Headline() + ". " + r.Reason()}
	if r.Leaf == insight.Persist && !r.Action.Met {
		g.Title = "Go"
	}
	add := func(name, says string, list ...string) {
		g.Parts = append(g.Parts, Part{Name: name, Says: says, List: append([]string{}, list...)})
	}
	add("Figures", fmt.Sprintf("Starts from %s to %s: %s.", rfc(r.From), rfc(r.Until), insight.Things(r.Creations, "creation")), r.figures()...)
	add("Path", "", r.path()...)
	add("Ceiling", cmp.Or(r.Reach, r.ceiling()))
	add("Risks", "", r.risks()...)
	if len(people.Escalation) == 0 {
		add("Escalation", "Nobody is named: set [escalation].")
	} else {
		add("Escalation", "In this order.", people.Escalation...)
	}
	if len(people.Interviews) == 0 {
		add("Interviews", "Nobody has agreed to be asked yet.")
	} else {
		add("Interviews", fmt.Sprintf("%s: lockbay tickets show ID.", insight.Things(len(people.Interviews), "ticket")), people.Interviews...)
	}
	phase, list := r.phase()
	add(phase, "", list...)
	g.Parts[len(g.Parts)-1].Boxes = true
	return g
}

// figures are the five, a line each.
func (r *Report) figures() []string {
	c := r.Complaints
	list := []string{
		fmt.Sprintf("Typed again: %s, threshold %s, %s", r.TypedAgain, percent(r.Limits.Rehydration), verdict(r.TypedAgain)),
		fmt.Sprintf("Abandoned: %s, threshold %s, %s", r.Abandoned, percent(r.Limits.Abandonment), verdict(r.Abandoned)),
		fmt.Sprintf("Complaints: %.1f a week (%.1f to %.1f), threshold %g a week, %s", c.Value(), c.Low, c.High, r.Limits.Complaints, sure(c.Verdict, c.More, "week")),
		fmt.Sprintf("Rehydrated soon after a start: %s, threshold %s, %s", r.AfterStart, percent(r.Limits.Restart), verdict(r.AfterStart)),
	}
	if r.Worst == nil {
		return append(list, fmt.Sprintf("Worst question: fewer than %d people were asked each", insight.WorstLeast))
	}
	return append(list, fmt.Sprintf("Worst question: %s, %s, threshold %s, %s", r.Worst.Step, r.Worst.Left, percent(r.Limits.Step), verdict(r.Worst.Left)))
}

func (r *Report) path() (list []string) {
	for _, q := range r.Asked {
		answer := "No"
		if q.Yes {
			answer = "Yes"
		}
		list = append(list, fmt.Sprintf("%s %s: %s.", q.Asks, answer, strings.TrimSuffix(q.Answer, ".")))
	}
	if a := r.Action; a != nil {
		list = append(list, fmt.Sprintf("%s, %s: %s. Here: %s.", a.Condition, a.Threshold, a.Does, a.Here))
	}
	return list
}

// ceiling is how much keeping answers better could save, where it is not what is decided.
func (r *Report) ceiling() string {
	if r.Abandoned.N == 0 {
		return "Unknown: nobody has had the time to confirm."
	}
	return fmt.Sprintf("Keeping answers better could save at most %.1f of the %.1f points of abandonment.", 100*r.Ceiling, 100*r.Abandoned.Value())
}

// The strategy's contingency plan: what is to be reached, and what is not to be exceeded.
const (
	reduction = .3                    // of abandonment
	slower    = 50 * time.Millisecond // a rehydration
)

// risks are those of the strategy's contingency plan, and what is not sure.
func (r *Report) risks() []string {
	list := []string{"Reduction of abandonment by more than 30 %: within reach of keeping answers."}
	switch {
	case r.Abandoned.X == 0:
		list[0] = "Reduction of abandonment by more than 30 %: unknown, nobody has left."
	case r.Ceiling < reduction*r.Abandoned.Value():
		list[0] = "Reduction of abandonment by more than 30 %: out of reach of keeping answers alone. Judge a rollout by its doing no harm."
	}
	speed := "Slower by more than 50 ms: unknown, nothing was rehydrated."
	var slow time.Duration
	for _, source := range slices.Sorted(maps.Keys(r.Tooks)) {
		slow = max(slow, r.Tooks[source].P95)
	}
	switch {
	case slow > slower:
		speed = fmt.Sprintf("Slower by more than 50 ms: possible, the slowest source takes %s (p95).", slow)
	case slow > 0:
		speed = fmt.Sprintf("Slower by more than 50 ms: not seen, the slowest source takes %s (p95).", slow)
	}
	list = append(list, speed, r.costRisk())
	if r.Related.Verdict == string(insight.NotSure) {
		list = append(list, fmt.Sprintf("Whether restarts make people leave is not sure yet: they met %s, and at least 100 are needed.", insight.Things(r.Related.Exposed, "creation")))
	}
	return list
}

// phase is the strategy's phase that comes next, with its checklist.
func (r *Report) phase() (name string, list []string) {
	switch r.Leaf {
	case insight.Wait, insight.KeepOn:
		return "Observation (30 days)", []string{"Review metrics monthly for first 3 months: lockbay report", "Track escrow funnel completion rates", "Categorize support tickets related to session/progress loss: lockbay tickets list", "Document escalation path if thresholds are exceeded: [escalation]"}
	case insight.Persist:
		if r.Action.Met {
			return "Validation Phase", []string{"Measure impact on abandonment rates: the same report over a window of the new mode alone", "Collect user feedback and iterate", "Production rollout decision"}
		}
		return "Development Phase", []string{"Implement draft persistence, update all handlers to save drafts, TTL-based cleanup: there already, --mode database", "Deploy to staging and A/B test", "Then gradual production rollout (10% → 50% → 100%)"}
	case insight.Defect, insight.UX, insight.Performance:
	}
	return "Investigation Phase", []string{"Analyze 30-day metrics and identify patterns: this document", "User interviews to understand pain points", "Go/No-Go decision document: this one, signed"}
}

// Text writes the document for a terminal.
func (g *GoNoGo) Text(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. %s\n", g.Title, g.Answer)
	for _, p := range g.Parts {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(p.Name))
		if p.Says != "" {
			fmt.Fprintf(&b, "  %s\n", p.Says)
		}
		for _, line := range p.List {
			mark := "-"
			if p.Boxes {
				mark = "[ ]"
			}
			fmt.Fprintf(&b, "  %s %s\n", mark, line)
		}
	}
	_, err := io.WriteString(out, b.String()+"\n")
	return err
}
