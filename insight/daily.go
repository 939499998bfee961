package insight

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// ModeFigures are those of the creations that began in a mode.
type ModeFigures struct {
	Mode       string
	TypedAgain Rate
}

// DayFigures are those of a day, which is cut in Config.Zone.
type DayFigures struct {
	Day            string // its date, as 2026-11-30
	ReadBack, Soon int    // persons' rehydrations, and those of them soon after a start
	Episodes, Felt int    // that began on this day
}

// Refusal is an answer that a question did not accept.
type Refusal struct {
	Step, Code string
	N          int // creations in which it happened
}

// LostDraft is a creation whose person typed something again.
type LostDraft struct {
	Draft, Mode string
	At          time.Time // when its answers were lost, the last time
	Left        bool      // it was abandoned
}

// lostMost is how many drafts Figures.LostDrafts has.
const lostMost = 20

// details are the figures that stand beside the measures: none of them is judged but the rate of each mode.
func (x *Figures) details(f *Facts, all []*Creation, t Thresholds) {
	modes, refused := map[string]days{}, map[[2]string]int{}
	at := map[string]int{} // creations by question
	for _, c := range all {
		if modes[c.Mode] == nil {
			modes[c.Mode] = days{}
		}
		modes[c.Mode].add(c.Started, c.TypedAgain())
		steps := map[string]bool{}
		for what := range c.Refused {
			refused[what]++
			steps[what[0]] = true
		}
		for step := range steps {
			at[step]++
		}
		if c.TypedAgain() {
			x.LostDrafts = append(x.LostDrafts, LostDraft{c.Draft, c.Mode, c.Lost, c.leaves()})
		}
	}
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		x.Modes = append(x.Modes, ModeFigures{mode, modes[mode].rate(t.Rehydration)})
	}
	for what, n := range refused {
		x.Refusals = append(x.Refusals, Refusal{what[0], what[1], n})
	}
	slices.SortFunc(x.Refusals, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Code, b.Code))
	})
	for i := range x.Steps {
		x.Steps[i].Refused = at[x.Steps[i].Step]
	}
	slices.SortFunc(x.LostDrafts, func(a, b LostDraft) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Draft, b.Draft)) })
	x.LostDrafts = x.LostDrafts[:min(len(x.LostDrafts), lostMost)]
	x.daily(f)
}

// daily counts rehydrations and episodes by day. A day without any is there, too.
func (x *Figures) daily(f *Facts) {
	zone := f.cfg.Zone
	if zone == nil {
		zone = time.UTC
	}
	index := map[string]int{}
	last := civil(x.Until.Add(-1), zone)
	for day := civil(x.From, zone); !day.After(last); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		index[date] = len(x.Days)
		x.Days = append(x.Days, DayFigures{Day: date})
	}
	of := func(at time.Time) *DayFigures { return &x.Days[index[at.In(zone).Format(time.DateOnly)]] }
	for _, p := range f.persons {
		if p.at.Before(x.From) || !p.at.Before(x.Until) {
			continue
		}
		d := of(p.at)
		d.ReadBack++
		if f.sinceUp(p.instance, p.at) <= soon {
			d.Soon++
		}
	}
	for _, e := range episodes(f.ups(x.From, x.Until)) {
		d := of(e.from)
		d.Episodes++
		if f.isFelt(e) {
			d.Felt++
		}
	}
}

// civil is the date of a time in a zone, as a day of UTC: in other zones a clock change may leave out midnight.
func civil(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// burst are starts that follow one another.
type burst struct{ from, to time.Time }

// episodes divides starts, which are in the order of time.
func episodes(ups []time.Time) (list []burst) {
	for i, up := range ups {
		if i == 0 || up.Sub(ups[i-1]) > episode {
			list = append(list, burst{up, up})
		}
		list[len(list)-1].to = up
	}
	return list
}

// ups are the starts of all instances in a window, in the order of time.
func (f *Facts) ups(from, until time.Time) (ups []time.Time) {
	for _, all := range f.lives {
		for _, s := range all {
			if s.up && !s.at.Before(from) && s.at.Before(until) {
				ups = append(ups, s.at)
			}
		}
	}
	slices.SortFunc(ups, time.Time.Compare)
	return ups
}

// isFelt reports whether somebody lost answers within the time after an episode that counts as soon.
func (f *Facts) isFelt(e burst) bool {
	for _, c := range f.creations {
		if c.TypedAgain() && !c.Lost.Before(e.from) && c.Lost.Before(e.to.Add(soon)) {
			return true
		}
	}
	return false
}

// refuse notes an answer that a question did not accept.
func (c *Creation) refuse(e *dialog.Event) {
	if c.Refused == nil {
		c.Refused = map[[2]string]bool{}
	}
	c.Refused[[2]string{e.Step, e.Cause}] = true
}
