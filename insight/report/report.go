// Package report writes what was counted of a window, and what to do about it: as a text, and as a document for programs. The
// same report has the same text. It asks nobody, and names nobody.
package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// Report is what was counted of a window, and what to do about it.
type Report struct {
	*insight.Figures
	insight.Decision

	Limits insight.Thresholds
	Costs  insight.Costs      // as the operator says; unknown by default
	Now    string             // the mode in which drafts are written now
	At     time.Time          // as of then
	Since  time.Time          // of the first event, or half hour, that is known; zero: there is none
	Weeks  []*insight.Figures // of the window, the oldest first; may be nil
}

// Of decides by figures as of a time.
func Of(x *insight.Figures, limits insight.Thresholds, mode string, at, since time.Time) *Report {
	return &Report{Figures: x, Decision: insight.Decide(x, limits, mode), Limits: limits, Costs: insight.Costs{Most: insight.CostMost}, Now: mode, At: at, Since: since}
}

// Headline is the decision as an order.
func (r *Report) Headline() string {
	switch r.Leaf {
	case insight.Defect:
		return "Find out why answers were lost"
	case insight.Wait:
		return "Wait: too few people came to be sure"
	case insight.Persist:
		if r.Action.Met {
			return "Keep answers as they are: mode " + r.Now + " does it already"
		}
		if r.Move() == "" {
			return r.Action.Does
		}
		return "Move all drafts to the database"
	case insight.UX:
		return "Mend the question " + r.Step
	case insight.Performance:
		return "Look at how fast and how clear it is"
	case insight.KeepOn:
	}
	return "Keep it as it is"
}

// Reason gives the reason of the decision in a sentence.
func (r *Report) Reason() string {
	switch r.Leaf {
	case insight.Defect:
		return fmt.Sprintf("%s of %s in modes that keep all answers lost some. That must not happen.", insight.Number(r.Lost), insight.Things(r.Durable, "creation"))
	case insight.Wait:
		return "No figure is surely over its threshold, and not all are surely under."
	case insight.Persist:
		why := r.Asked[len(r.Asked)-1].Answer
		return strings.ToUpper(why[:1]) + why[1:] + "."
	case insight.UX:
		return "People leave at this question, and not because anything was lost."
	case insight.Performance:
		if r.Abandoned.Verdict != insight.Over {
			return "Something is over its threshold, and not because anything was lost."
		}
		return "People leave, at no question above the others, and not because anything was lost."
	case insight.KeepOn:
	}
	return r.under()
}

// under says what is surely under its threshold: all that decides. Whatever is shown and decides nothing is named, with why.
func (r *Report) under() string {
	var but []string
	if r.AfterStart.Verdict != insight.Under {
		but = append(but, "rehydrations after a start do not, as none of them lost an answer")
	}
	if r.Worst == nil {
		but = append(but, fmt.Sprintf("the questions do not, as fewer than %d people were asked each", insight.WorstLeast))
	}
	if len(but) == 0 {
		return "Every figure is surely under its threshold."
	}
	return "Every figure that decides is surely under its threshold; " + strings.Join(but, ", and ") + "."
}

// rfc writes a time as in JSON; of none nothing.
func rfc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
