package insight

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tally adds up the slots of a window.
type tally struct {
	x                            *Figures
	zone                         *time.Location
	index                        map[string]int // of x.Days, by date
	began                        *DayFigures    // of the last episode
	rehydrated, typed, abandoned days
	reads                        days // by when they were
	modes                        map[string]int
	typedBy                      map[string]days // by mode
	asked                        map[string]days // and who left, by question
	first, answer, took          map[string]histogram
	refused                      map[string]int
	strata                       map[string]Stratum
	ceiling                      int
}

func newTally(x *Figures, zone *time.Location) *tally {
	n := &tally{
		x: x, zone: cmp.Or(zone, time.UTC), index: map[string]int{}, rehydrated: days{}, typed: days{}, abandoned: days{}, reads: days{}, modes: map[string]int{},
		typedBy: map[string]days{}, asked: map[string]days{}, first: map[string]histogram{}, answer: map[string]histogram{}, took: map[string]histogram{},
		refused: map[string]int{}, strata: map[string]Stratum{},
	}
	n.daily()
	return n
}

// slot adds a slot of the window.
func (n *tally) slot(s *Slot) {
	day := dayOf(s.At)
	each(s.Counts, func(word, of string, many int) {
		if !n.creations(s, word, of, many) && !n.steps(day, word, of, many) && !n.stratum(word, of, many) && !n.tickets(word, of, many) {
			n.read(s.At, word, of, many)
		}
	})
}

// creations adds a count of whole creations.
func (n *tally) creations(s *Slot, word, of string, many int) bool {
	x, day, durable := n.x, dayOf(s.At), s.Mode == "database" || s.Mode == "hybrid"
	switch word {
	case "creations":
		x.Creations += many
		x.Durable += many * hit(durable)
		n.modes[s.Mode] += many
		n.rehydrated.add(day, 0, many)
		n.typed.add(day, 0, many)
		at(n.typedBy, s.Mode).add(day, 0, many)
	case "end":
		end := End(of)
		x.Ended[end] += many
		if end != Replaced {
			n.abandoned.add(day, many*hit(end != Confirmed), many)
		}
	case "rehydrated":
		n.rehydrated.add(day, many, 0)
	case "typed":
		n.typed.add(day, many, 0)
		at(n.typedBy, s.Mode).add(day, many, 0)
	case "lost":
		x.Lost += many * hit(durable)
	case "ceiling":
		n.ceiling += many
	case "back":
		x.Back += many
	case "paid":
		x.Paid += many
	case "lapsed":
		x.Lapsed += many
	case "cause":
		x.Causes[of] += many
	case "source":
		x.Sources[of] += many
	default:
		return false
	}
	return true
}

// steps adds a count of a question, or of how long something took.
func (n *tally) steps(day int64, word, of string, many int) bool {
	switch word {
	case "asked":
		at(n.asked, of).add(day, 0, many)
	case "left":
		at(n.asked, of).add(day, many, 0)
	case "refused":
		n.refused[of] += many
	case "code":
		step, code, _ := strings.Cut(of, "/")
		n.x.Refusals = addRefusal(n.x.Refusals, Refusal{step, code, many})
	case "first":
		measure(n.first, of, many)
	case "answer":
		measure(n.answer, of, many)
	case "took":
		measure(n.took, of, many)
	default:
		return false
	}
	return true
}

func addRefusal(list []Refusal, r Refusal) []Refusal {
	i := slices.IndexFunc(list, func(have Refusal) bool { return have.Step == r.Step && have.Code == r.Code })
	if i < 0 {
		return append(list, r)
	}
	list[i].N += r.N
	return list
}

// stratum adds a count of creations that a restart met, or that stood at the same time of another day.
func (n *tally) stratum(word, of string, many int) bool {
	s := n.strata[of]
	switch word {
	case "exposed":
		s.N1 += many
	case "exposed-left":
		s.A += many
	case "control":
		s.N0 += many
	case "control-left":
		s.B += many
	default:
		return false
	}
	n.strata[of] = s
	return true
}

// at is the days of a name, which may be new.
func at(by map[string]days, name string) days {
	if by[name] == nil {
		by[name] = days{}
	}
	return by[name]
}

// measure adds to a bucket of a histogram: of is its name and the number of the bucket.
func measure(by map[string]histogram, of string, many int) {
	i := strings.LastIndexByte(of, '/')
	b, err := strconv.Atoi(of[i+1:])
	if i < 0 || err != nil {
		return
	}
	if by[of[:i]] == nil {
		by[of[:i]] = histogram{}
	}
	by[of[:i]][b] += many
}

// close judges what was counted.
func (n *tally) close(t Thresholds) {
	x := n.x
	x.Mode = mostOf(n.modes)
	x.Rehydrated, x.TypedAgain, x.Abandoned = n.rehydrated.rate(t.Rehydration), n.typed.rate(t.Rehydration), n.abandoned.rate(t.Abandonment)
	x.AfterStart = n.reads.rate(t.Restart)
	if x.Abandoned.N > 0 {
		x.Ceiling = float64(n.ceiling) / float64(x.Abandoned.N)
	}
	for _, mode := range slices.Sorted(maps.Keys(n.typedBy)) {
		x.Modes = append(x.Modes, ModeFigures{mode, n.typedBy[mode].rate(t.Rehydration)})
	}
	for source, h := range n.took {
		x.Tooks[source] = Took{h.n(), h.quantile(.5), h.quantile(.95), h.quantile(.99)}
	}
	slices.SortFunc(x.Refusals, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Code, b.Code))
	})
	n.closeSteps(t)
	x.Related = compare(n.strata)
}

// closeSteps puts the questions into the order in which they are asked; of equal ones that with more people is first.
func (n *tally) closeSteps(t Thresholds) {
	x := n.x
	for step, d := range n.asked {
		r := d.rate(t.Step)
		x.Steps = append(x.Steps, StepFigures{Step: step, Left: r, Answer: n.answer[step].quantile(.5), Asked: r.N, Refused: n.refused[step]})
	}
	first := func(s StepFigures) time.Duration { return n.first[s.Step].quantile(.5) }
	slices.SortFunc(x.Steps, func(a, b StepFigures) int {
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.Step, b.Step))
	})
	for i := range x.Steps {
		if s := &x.Steps[i]; s.Asked >= WorstLeast && (x.Worst == nil || s.Left.Value() > x.Worst.Left.Value()) {
			x.Worst = s
		}
	}
}
