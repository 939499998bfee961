package insight

import (
	"cmp"
	"maps"
	"math"
	"slices"
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

// rateOf judges x of n against a threshold.
func rateOf(x, n int, phi, threshold float64) Rate {
	r := Rate{X: x, N: n, Interval: Wilson(x, n, phi), Verdict: NotSure}
	switch {
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
// enough.
func more(r Rate, phi, threshold float64) int {
	for n := float64(max(r.N, 1)); n < 1e6; n = math.Ceil(n * 1.02) {
		if i := wilson(r.Value()*n/phi, n/phi); i.Low > threshold || i.High < threshold {
			return int(n) - r.N
		}
	}
	return 0
}

// StepFigures are those of a question.
type StepFigures struct {
	Step    string
	Left    Rate          // open there at the horizon, of those ever asked it
	Answer  time.Duration // median of the time to its first answer; 0: nobody answered
	Asked   int
	Refused int // creations in which it did not accept an answer
}

// Figures are those of a window of starts.
type Figures struct {
	From, Until time.Time // starts in the window
	Mode        string    // of most creations
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
	P50, P95, P99 time.Duration
}

// Complaints are tickets about lost progress.
type Complaints struct {
	N       int
	Weeks   float64
	Verdict Verdict
}

const (
	soon       = 5 * time.Minute  // after a start
	episode    = 10 * time.Minute // between the starts of one
	worstLeast = 50               // people who were asked the worst question
)

// Figures counts the creations that started in the window before at, each of which has had its horizon.
func (f *Facts) Figures(at time.Time, window time.Duration, t Thresholds) *Figures {
	x := &Figures{Until: at.Add(-f.cfg.Horizon), Horizon: f.cfg.Horizon, Causes: map[string]int{}, Sources: map[string]int{}, Ended: map[End]int{}, Tooks: map[string]Took{}}
	x.From = x.Until.Add(-window)
	var all []*Creation
	for _, draft := range slices.Sorted(maps.Keys(f.creations)) {
		switch c := f.creations[draft]; {
		case c.Started.Before(x.From):
		case c.Started.Before(x.Until):
			all = append(all, c)
		case c.Started.Before(at):
			x.UnderWay++
		}
	}
	x.count(f, all, t)
	x.restarts(f, t)
	x.Related = f.related(all, x.From, x.Until)
	x.details(f, all, t)
	return x
}

func (x *Figures) count(f *Facts, all []*Creation, t Thresholds) {
	rehydrated, typed, abandoned := days{}, days{}, days{}
	modes := map[string]int{}
	ceiling := 0
	for _, c := range all {
		x.Creations++
		modes[c.Mode]++
		end := c.End()
		x.Ended[end]++
		rehydrated.add(c.Started, c.Rehydrated)
		typed.add(c.Started, c.TypedAgain())
		for cause := range c.Causes {
			x.Causes[cause]++
		}
		for source := range c.Sources {
			x.Sources[source]++
		}
		if c.Mode == "database" || c.Mode == "hybrid" {
			x.Durable++
			if !c.Lost.IsZero() {
				x.Lost++
			}
		}
		if end == Replaced {
			continue
		}
		left := end != Confirmed
		abandoned.add(c.Started, left)
		switch {
		case left && c.TypedAgain():
			ceiling++
		case end == Confirmed && !f.paid[c.Escrow].IsZero():
			x.Paid++
		case end == Confirmed && !f.lapsed[c.Escrow].IsZero():
			x.Lapsed++
		}
		if left && c.ConfirmedLate {
			x.Back++
		}
	}
	x.Mode = mostOf(modes)
	x.Rehydrated, x.TypedAgain, x.Abandoned = rehydrated.rate(t.Rehydration), typed.rate(t.Rehydration), abandoned.rate(t.Abandonment)
	if x.Abandoned.N > 0 {
		x.Ceiling = float64(ceiling) / float64(x.Abandoned.N)
	}
	x.Complaints = Complaints{Verdict: Unknown}
	x.steps(all, t)
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

func (d days) add(at time.Time, hit bool) {
	day := at.Unix() / 86400
	n := d[day]
	if n.N++; hit {
		n.X++
	}
	d[day] = n
}

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

// steps counts where people leave.
func (x *Figures) steps(all []*Creation, t Thresholds) {
	asked, left, answers, first := map[string]days{}, map[string]int{}, map[string][]time.Duration{}, map[string][]time.Duration{}
	for _, c := range all {
		if c.End() == Replaced {
			continue
		}
		open := ""
		if c.End() != Confirmed {
			open = c.Open()
			left[open]++
		}
		for step, s := range c.Steps {
			if s.Asked.IsZero() {
				continue
			}
			if asked[step] == nil {
				asked[step] = days{}
			}
			asked[step].add(c.Started, step == open)
			first[step] = append(first[step], s.Asked.Sub(c.Started))
			if s.Answered.After(s.Asked) {
				answers[step] = append(answers[step], s.Answered.Sub(s.Asked))
			}
		}
	}
	for step, d := range asked {
		r := d.rate(t.Step)
		x.Steps = append(x.Steps, StepFigures{Step: step, Left: r, Answer: quantile(answers[step], .5), Asked: r.N})
	}
	slices.SortFunc(x.Steps, func(a, b StepFigures) int { // as they are asked; of equal ones that with more people
		return cmp.Or(cmp.Compare(quantile(first[a.Step], .5), quantile(first[b.Step], .5)), cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.Step, b.Step))
	})
	for i := range x.Steps {
		if s := &x.Steps[i]; s.Asked >= worstLeast && (x.Worst == nil || s.Left.Value() > x.Worst.Left.Value()) {
			x.Worst = s
		}
	}
}

// quantile is the q-th of them; of none it is 0.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(q*float64(len(all))), len(all)-1)]
}

// restarts counts what starts do to people.
func (x *Figures) restarts(f *Facts, t Thresholds) {
	perDay, tooks := days{}, map[string][]time.Duration{}
	for _, p := range f.persons {
		if p.at.Before(x.From) || !p.at.Before(x.Until) {
			continue
		}
		perDay.add(p.at, f.sinceUp(p.instance, p.at) <= soon)
		tooks[p.source] = append(tooks[p.source], p.took)
	}
	x.AfterStart = perDay.rate(t.Restart)
	ups := f.ups(x.From, x.Until)
	x.Starts = len(ups)
	for _, e := range episodes(ups) {
		x.Episodes++
		x.Felt += hit(f.isFelt(e))
	}
	for source, all := range tooks {
		x.Tooks[source] = Took{len(all), quantile(all, .5), quantile(all, .95), quantile(all, .99)}
	}
}

// sinceUp is how long the instance was up; without a start it is for ever.
func (f *Facts) sinceUp(instance string, at time.Time) time.Duration {
	since := time.Duration(math.MaxInt64)
	for _, s := range f.lives[instance] {
		if s.up && !s.at.After(at) {
			since = min(since, at.Sub(s.at))
		}
	}
	return since
}
