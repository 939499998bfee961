package report

import (
	"fmt"
	"strings"

	"github.com/lockbay/lockbay/insight"
)

// Move is the mode to which the decision moves all drafts; empty: they stay where they are.
func (r *Report) Move() string {
	if r.Leaf != insight.Persist || r.Action.Met || strings.HasPrefix(r.Action.Does, "Investigate") { // the causes come before any move
		return ""
	}
	return "database"
}

// Cost says what a month costs now, and after the move.
func (r *Report) Cost() string {
	text := r.costOf(r.Now)
	if to := r.Move(); to != "" {
		text += ", " + r.costOf(to)
	}
	return text
}

func (r *Report) costOf(mode string) string {
	if month, known := r.Costs.Month[mode]; known {
		return fmt.Sprintf("%s in mode %s", insight.Dollars(month), mode)
	}
	return "unknown in mode " + mode
}

// costVerdict judges the move; empty: there is none.
func (r *Report) costVerdict() string {
	if to := r.Move(); to != "" {
		return string(r.Costs.Verdict(r.Now, to))
	}
	return ""
}

// costRisk is the strategy's risk that costs rise.
func (r *Report) costRisk() string {
	text := fmt.Sprintf("Costs more than %s a month more: ", insight.Dollars(r.Costs.Most))
	switch to := r.Move(); {
	case to == "":
		text += "no, drafts stay where they are. A month costs: " + r.Cost() + "."
	case r.Costs.Verdict(r.Now, to) == insight.Over:
		text += "yes, evaluate cost-benefit trade-offs. A month costs: " + r.Cost() + "."
	case r.Costs.Verdict(r.Now, to) == insight.Under:
		text += "no. A month costs: " + r.Cost() + "."
	default:
		text += "unknown, [cost] does not say. A month costs: " + r.Cost() + ". Mode " + to + " needs no other service."
	}
	return text
}
