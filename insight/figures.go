package insight

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Thresholds are those of the five metrics.
type Thresholds struct {
	Rehydration float64 // rate of creations whose person had to type something again
	Abandonment float64 // rate of creations
	Complaints  float64 // tickets about lost progress, a week
	Restart     float64 // rate of rehydrations soon after a start
	Step        float64 // rate of those asked a question who leave at it
	Felt        float64 // restarts a day in which somebody lost answers
	MultiDevice bool    // people are to go on at another device: a requirement, no figure
}

// DefaultThresholds are the strategy's.
func DefaultThresholds() Thresholds {
	return Thresholds{Rehydration: .05, Abandonment: .15, Complaints: 3, Restart: .10, Step: .20, Felt: 1}
}

// Verdict is how a figure stands to its threshold.
type Verdict string

// The verdicts. A figure is over or under if its whole interval is.
const (
	Over    Verdict = "over"
	Under   Verdict = "under"
	NotSure Verdict = "not sure yet"
	Unknown Verdict = "unknown" // it is not counted
)

// Rate is X of N, with its interval, and its verdict.
type Rate struct {
	X, N int
	Interval
	Verdict Verdict
	More    int // creations that it takes to be sure, about; 0: it is sure, or never will be
}

// Value is X by N; of nothing it is NaN.
func (r Rate) Value() float64 { return float64(r.X) / float64(r.N) }

// sureLeast is of how many a rate must be to be judged: fewer people are an anecdote, whatever its interval says.
const sureLeast = 20

// rateOf judges x of n against a threshold.
func rateOf(x, n int, phi, threshold float64) Rate {
	r := Rate{X: x, N: n, Interval: Wilson(x, n, phi), Verdict: NotSure}
	switch {
	case n < sureLeast:
		r.More = max(more(r, phi, threshold), sureLeast-n)
	case r.Low > threshold:
		r.Verdict = Over
	case r.High < threshold:
		r.Verdict = Under
	default:
		r.More = more(r, phi, threshold)
	}
	return r
}

// more is how many more of the same rate it takes until the interval is on one side of the threshold; 0: a million are not
// enough. Of nothing the rate counts as 0.
func more(r Rate, phi, threshold float64) int {
	value := float64(r.X) / float64(max(r.N, 1))
	for n := float64(max(r.N, 1)); n < 1e6; n = math.Ceil(n * 1.02) {
		if i := wilson(value*n/phi, n/phi); i.Low > threshold || i.High < threshold {
			return int(n) - r.N
		}
	}
	return 0
}

// StepFigures are those of a question.
type StepFigures struct {
	Step    string
	Left    Rate          // open there at the horizon, of those ever asked it
	Answer  time.Duration // median of the time to its first answer, within 9 %; 0: nobody answered
	Asked   int
	Refused int // creations in which it did not accept an answer
}

// Figures are those of a window of starts.
type Figures struct {
	From, Until time.Time     // starts in the window, which begins and ends with a half hour
	Known       time.Duration // of the window, as far as it is known: from the first start or ticket on
	Mode        string        // of most creations
	Horizon     time.Duration
	Creations   int
	UnderWay    int // younger ones, which have not had their time

	Rehydrated Rate           // creations with a rehydration by their person; the raw rate
	TypedAgain Rate           // of them those who lost answers that they had given: judged
	Causes     map[string]int // creations, by why
	Sources    map[string]int // and by where from
	Tooks      map[string]Took
	Lost       int // creations of modes database and hybrid that lost answers; none is to be
	Durable    int // creations of these modes

	Abandoned              Rate
	Ended                  map[End]int
	Back                   int // confirmed after the horizon
	Paid, Lapsed           int // of the confirmed ones
	Complaints             Complaints
	AfterStart             Rate // persons' rehydrations soon after a start
	Starts, Episodes, Felt int
	Steps                  []StepFigures // in the order in which they are asked
	Worst                  *StepFigures  // the worst one that enough people were asked; nil: there is none
	Related                Related
	Ceiling                float64 // creations whose person typed something again and left, of all

	Modes      []ModeFigures // by name
	Days       []DayFigures  // those of the window
	Refusals   []Refusal     // the most frequent first
	LostDrafts []LostDraft   // the newest, at most 20
}

// Took is how long rehydrations took.
type Took struct {
	N             int
	P50, P95, P99 time.Duration // within 9 %
}

const (
	// Soon is the time after a start that counts as soon.
	Soon    = 5 * time.Minute
	episode = 10 * time.Minute // between the starts of one
	// WorstLeast is how many people must have been asked the worst question.
	WorstLeast = 50
)

// Rollup is what figures are made of: the events of any number of creations come to it.
type Rollup struct {
	Slots []Slot      // those of the window, of the [Reach] before it, and later ones; each once
	Ups   []Up        // starts of instances, in the order of time
	Since time.Time   // the first half hour that is known; zero: none is
	Lost  []LostDraft // creations of the window whose person typed something again: the newest first, at least 20 if there are
}

// Up is the start of an instance. It is felt if somebody lost answers soon after it.
type Up struct {
	At       time.Time
	Instance string
	Crash    bool // how the life before on its host ended
	Felt     bool
}

// Host is the part of the instance that survives a restart.
func (u Up) Host() string {
	host, _, _ := strings.Cut(u.Instance, ".")
	return host
}

// Reach is how long before the window creations may have started whose rehydrations are counted in it.
const Reach = 7 * 24 * time.Hour

// Before is how long before the window events are needed: those of creations within Reach, and of restarts at the same time of an
// earlier day.
const Before = Reach + 24*time.Hour

// Window is the window of starts of figures as of a time: from ≤ start < until. It ends a horizon before, so that each creation
// has had the same time. It begins and ends with a slot.
func (cfg *Config) Window(at time.Time, window time.Duration) (from, until time.Time) {
	until = SlotTime(SlotOf(at.Add(-cfg.Horizon)))
	return SlotTime(SlotOf(until.Add(-window))), until
}

// Figures counts the creations that started in the window before at, each of which has had its horizon.
func (f *Facts) Figures(at time.Time, window time.Duration, t Thresholds) *Figures {
	f.Settle()
	from, until := f.cfg.Window(at, window)
	r := Rollup{Slots: f.Slots()}
	if len(r.Slots) > 0 {
		r.Since = SlotTime(r.Slots[0].At)
	}
	var lost []time.Time
	for _, c := range f.creations {
		if !c.TypedAgain() {
			continue
		}
		lost = append(lost, c.Lost)
		if !c.Started.Before(from) && c.Started.Before(until) {
			r.Lost = append(r.Lost, c.LostDraft())
		}
	}
	SortLost(r.Lost)
	for _, l := range f.Lives() {
		if l.Up {
			felt := slices.ContainsFunc(lost, func(at time.Time) bool { return !at.Before(l.At) && at.Before(l.At.Add(Soon)) })
			r.Ups = append(r.Ups, Up{l.At, l.Instance, l.Crash, felt})
		}
	}
	return r.Figures(&f.cfg, at, window, t)
}

// Figures counts the creations of the window before at.
func (r *Rollup) Figures(cfg *Config, at time.Time, window time.Duration, t Thresholds) *Figures {
	x := &Figures{Horizon: cfg.Horizon, Causes: map[string]int{}, Sources: map[string]int{}, Ended: map[End]int{}, Tooks: map[string]Took{}}
	x.From, x.Until = cfg.Window(at, window)
	n := newTally(x, cfg.Zone)
	for _, s := range r.Slots {
		switch start := SlotTime(s.At); {
		case !start.Before(at):
		case !start.Before(x.Until):
			each(s.Counts, func(word, _ string, n int) {
				if word == "creations" {
					x.UnderWay += n
				}
			})
		case !start.Before(x.From):
			n.slot(&s)
		case !start.Before(x.From.Add(-Reach)):
			each(s.Counts, func(word, of string, many int) { n.read(s.At, word, of, many) })
		}
	}
	n.restarts(r.Ups)
	n.close(t)
	x.Known = known(x, r.Since)
	n.complaints(t.Complaints)
	x.LostDrafts = r.Lost[:min(len(r.Lost), LostMost)]
	return x
}

// known is how much of the window is known. since is the first start, or ticket, that is known; zero: there is none.
func known(x *Figures, since time.Time) time.Duration {
	switch {
	case since.IsZero() || since.After(x.Until):
		return 0
	case since.After(x.From):
		return x.Until.Sub(since)
	}
	return x.Until.Sub(x.From)
}

// mostOf is the most frequent of them.
func mostOf(counts map[string]int) (most string) {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > counts[most] {
			most = name
		}
	}
	return most
}

// days are counts by day.
type days map[int64]Day

// dayOf is the day of a slot: days since 1970, UTC.
func dayOf(slot int64) int64 { return floorBy(slot, int64(24*time.Hour/SlotLength)) }

// add counts x of n.
func (d days) add(day int64, x, n int) { d[day] = Day{d[day].X + x, d[day].N + n} }

func (d days) rate(threshold float64) Rate {
	var list []Day
	for _, day := range slices.Sorted(maps.Keys(d)) { // in order, so that sums are the same each time
		list = append(list, d[day])
	}
	x, n := 0, 0
	for _, one := range list {
		x, n = x+one.X, n+one.N
	}
	return rateOf(x, n, Scatter(list), threshold)
}
