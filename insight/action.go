package insight

import (
	"fmt"
	"slices"
)

// Action is a row of the strategy's table of conditions, in its words.
type Action struct {
	Condition, Threshold, Does string
	Here                       string // what does it here
	Met                        bool   // drafts are written in a mode that does it
}

// reason is a row, and whether the figures say so.
type reason struct {
	is    bool
	why   string
	ends  string   // what would change it
	modes []string // that do it
	Action
}

// keepAll are the modes in which nothing that was acknowledged is lost; keepMost has redis, too, which may lose what it
// acknowledged.
var keepAll, keepMost = []string{"database", "hybrid"}, []string{"database", "hybrid", "redis"}

// here is what does the rows here: docs/decisions/0001-database-is-the-default.md.
const here = "mode database, with one query and no service"

// investigate is the row that asks for the cause first.
var investigate = Action{Condition: "Rehydration Rate", Threshold: ">5% of escrow creations", Does: "Investigate root cause first", Here: here + "; the causes are below"}

// reasons are the strategy's rows, the strongest first.
func reasons(x *Figures, t Thresholds) []reason {
	leaves := x.Related.Verdict == "yes"
	said := fmt.Sprintf("after a restart %.1f times as many leave (%.1f to %.1f)", x.Related.Ratio, x.Related.Low, x.Related.High)
	return []reason{
		{t.MultiDevice, "people are to go on at another device", "multi_device was no longer set", keepAll,
			Action{Condition: "Business Requirement", Threshold: "Multi-device support requested", Does: "Implement full deep hydration", Here: here}},
		{float64(x.Felt) > t.Felt*x.days(), fmt.Sprintf("%s in which somebody lost answers, in %s", Things(x.Felt, "restart"), Things(int(x.days()+.5), "day")),
			fmt.Sprintf("at most %g restarts a day took answers from somebody", t.Felt), keepAll,
			Action{Condition: "Bot Restarts", Threshold: ">1/day with user impact", Does: "Implement hybrid approach", Here: here}},
		{x.Complaints.Related == Over, fmt.Sprintf("%s about lost progress are of people who lost answers", ofThings(x.Complaints.WithLost, x.Complaints.N, "ticket")),
			fmt.Sprintf("surely fewer than %g tickets a week were of people who lost answers", t.Complaints), keepAll,
			Action{Condition: "Support Tickets", Threshold: ">3/week about lost progress", Does: "Implement database backup", Here: here}},
		{leaves && x.Abandoned.Verdict == Over, said, "no restart made people leave", keepMost,
			Action{Condition: "Abandonment Rate", Threshold: ">15% AND correlated with rehydration", Does: "Implement Redis persistence", Here: here + "; mode redis does it, too"}},
		{x.TypedAgain.Verdict == Over, fmt.Sprintf("%s typed something again", x.TypedAgain), fmt.Sprintf("surely fewer than %s %% typed something again", short(t.Rehydration)), keepAll, investigate},
		{leaves, said, "no restart made people leave", keepAll, investigate},
	}
}

// related is the strongest of the strategy's rows that says that people leave because answers were lost; nil: none does.
func related(x *Figures, t Thresholds, mode string) (row *reason, why string) {
	rows := reasons(x, t)
	i := slices.IndexFunc(rows, func(r reason) bool { return r.is })
	if i < 0 {
		return nil, fmt.Sprintf("%s typed something again; that restarts make people leave: %s", x.TypedAgain, x.Related.Verdict)
	}
	rows[i].Met = slices.Contains(rows[i].modes, mode)
	return &rows[i], rows[i].why
}

// note says what a mode that does the row already has lost.
func (a *Action) note(x *Figures, mode string) string {
	if !a.Met {
		return ""
	}
	lost := Rate{}
	for _, m := range x.Modes {
		if m.Mode == mode {
			lost = m.TypedAgain
		}
	}
	if lost.N == 0 {
		return fmt.Sprintf("Mode %s does this already, and no creation of the window began in it.", mode)
	}
	text := fmt.Sprintf("Mode %s does this already; met: %s creations in it typed something again.", mode, ofAll(lost.X, lost.N))
	if lost.N < x.Creations {
		text += fmt.Sprintf(" The other %s began in other modes.", Number(x.Creations-lost.N))
	}
	return text
}

// enough is the share of the abandonment that the strategy wants from keeping answers.
const enough = .3

// reach says how much of the abandonment keeping answers can save.
func (x *Figures) reach() string {
	if x.Abandoned.X == 0 {
		return "Nobody abandoned, so keeping answers better saves nobody."
	}
	text := fmt.Sprintf("Keeping answers better saves at most %s of the %s points of abandonment: so many typed something again and left.", points(x.Ceiling), points(x.Abandoned.Value()))
	if x.Ceiling < enough*x.Abandoned.Value() {
		text += " It cannot reach the strategy's 30 %."
	}
	return text
}

// Options are the strategy's rows, the strongest first.
func Options() (list []Action) {
	for _, r := range reasons(&Figures{}, Thresholds{}) {
		if !slices.Contains(list, r.Action) {
			list = append(list, r.Action)
		}
	}
	return list
}
