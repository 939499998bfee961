package insight

import (
	"cmp"
	"fmt"
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
	Asks   string // in words
	Answer string // with the value and its interval
	Yes    bool
	Else   string // where the other answer leads
}

// Decision is what the figures come to, and why.
type Decision struct {
	Leaf    Leaf
	Step    string  // of UX
	Action  *Action // of Persist
	Asked   []Question
	Note    string   // what else there is to know, in a sentence or more
	Reach   string   // of Persist: how much of the abandonment it can save
	Changes []string // what would change it
}

// Decide asks the strategy's questions in their order. mode is the one in which drafts are written now; the creations of the
// figures may have begun in others.
func Decide(x *Figures, t Thresholds, mode string) Decision {
	d := Decision{}
	if d.ask(Question{Asks: "Was an answer lost in a mode that keeps all of them?", Answer: ofAll(x.Lost, x.Durable), Yes: x.Lost > 0, Else: otherwise(x.Lost > 0, "the thresholds", "a defect, mended first")}) {
		return d.is(Defect, x.lostIn(), "no draft of these modes lost anything for the whole window")
	}
	over, unsure := x.verdicts(t)
	d.ask(Question{Asks: "Is anything over its threshold?", Answer: cmp.Or(strings.Join(over, ", "), "nothing"), Yes: len(over) > 0, Else: otherwise(len(over) > 0, "keep what there is, or wait where too few came", "whether answers were lost")})
	switch {
	case len(over) == 0 && len(unsure) > 0:
		return d.is(Wait, x.waits(unsure), "more people came")
	case len(over) == 0:
		return d.is(KeepOn, "", "a metric was surely over its threshold")
	}
	row, why := related(x, t, mode)
	if d.ask(Question{Asks: "Is it because answers were lost?", Answer: why, Yes: row != nil, Else: otherwise(row != nil, "the question at which most people leave", "keep answers better")}) {
		d.Action, d.Reach = &row.Action, x.reach()
		return d.is(Persist, row.note(x, mode), row.ends)
	}
	return x.leave(d, t)
}

// leave is where people leave for another reason than lost answers.
func (x *Figures) leave(d Decision, t Thresholds) Decision {
	const asks = "Do most of them leave at one question?"
	s := x.worst()
	if s == nil {
		d.ask(Question{Asks: asks, Answer: "none stands out", Else: "that question"})
		return d.is(Performance, x.elsewhere(), "no figure was over its threshold")
	}
	d.ask(Question{Asks: asks, Answer: fmt.Sprintf("%s, %s", s.Step, s.Left), Yes: true, Else: "how fast and how clear it is"})
	d.Step = s.Step
	return d.is(UX, x.refusedAt(s.Step), fmt.Sprintf("surely fewer than %s %% left at %s, and fewer than %s %% in all", short(t.Step), s.Step, short(t.Abandonment)))
}

func otherwise(yes bool, no, is string) string {
	if yes {
		return no
	}
	return is
}

func (d *Decision) ask(q Question) bool {
	d.Asked = append(d.Asked, q)
	return q.Yes
}

func (d *Decision) is(leaf Leaf, note string, changes ...string) Decision {
	d.Leaf, d.Note, d.Changes = leaf, note, changes
	return *d
}

// figure is a judged figure with its name.
type figure struct {
	name string
	Verdict
	wait string // until it is sure
}

// judged are the figures that a decision goes by. A start always rebuilds contexts: that matters where somebody lost
// answers by it.
func (x *Figures) judged() []figure {
	of := func(name, thing string, r Rate) figure { return figure{name, r.Verdict, x.until(r, thing)} }
	list := []figure{
		of("answers typed again", "creation", x.TypedAgain), of("abandonment", "creation", x.Abandoned),
		{"complaints", x.Complaints.Verdict, x.Complaints.until()},
	}
	if x.Felt > 0 {
		list = append(list, of("rehydrations after a start", "rehydration", x.AfterStart))
	}
	if x.Worst != nil {
		list = append(list, of("the question "+x.Worst.Step, "person", x.Worst.Left))
	}
	return list
}

// verdicts are the names of the figures that are over, and the ones that are not sure. A requirement is over.
func (x *Figures) verdicts(t Thresholds) (over []string, unsure []figure) {
	for _, f := range x.judged() {
		switch f.Verdict {
		case Over:
			over = append(over, f.name)
		case NotSure:
			unsure = append(unsure, f)
		case Under, Unknown:
		}
	}
	if t.MultiDevice {
		over = append(over, "people are to go on at another device")
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
