package alert

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// said is the text of an alert.
func said(code string, args map[string]string, since time.Time) dialog.Said {
	s := dialog.Said{Code: code, Args: args}
	if !since.IsZero() {
		s.Times = map[string]dialog.Moment{"since": dialog.At(since)}
	}
	return s
}

// LostFor is how long a loss of answers is told: for so long after the last one the alert fires.
const LostFor = 24 * time.Hour

// Lost finds answers that were lost in a mode that keeps all of them, among events of the kind lost.
func Lost(events []dialog.Event, now time.Time) Seen {
	drafts, first := map[string]bool{}, time.Time{}
	for _, e := range events {
		durable := e.Mode == dialog.Database.String() || e.Mode == dialog.Hybrid.String()
		if e.Kind != dialog.EventLost || !durable || now.Sub(e.At) > LostFor {
			continue
		}
		drafts[e.Draft] = true
		if first.IsZero() || e.At.Before(first) {
			first = e.At
		}
	}
	return Seen{Name: NameLost, Over: len(drafts) > 0, What: said("alert.lost", counts{"n": len(drafts)}.args(), first)}
}

// counts are numbers as arguments of a text.
type counts map[string]int

func (c counts) args() map[string]string {
	args := map[string]string{}
	for name, n := range c {
		args[name] = strconv.Itoa(n)
	}
	return args
}

const (
	burst      = 10 * time.Minute
	burstLeast = 3         // starts after a crash in that time
	burstTold  = time.Hour // after its last start
	feltIn     = 24 * time.Hour
	episode    = 10 * time.Minute // between the starts of one
)

// RestartsIn is how far back [Restarts] looks.
const RestartsIn = feltIn

// Restarts finds a process that crashes again and again, and days on which more restarts than felt made people lose answers.
// ups are the starts of the last [RestartsIn], in the order of time.
func Restarts(ups []insight.Up, now time.Time, felt float64) Seen {
	seen := Seen{Name: NameRestarts}
	n, first := bursts(ups, now)
	if n >= burstLeast {
		seen.Over, seen.What = true, said("alert.restarts", counts{"n": n}.args(), first)
		return seen
	}
	if n, first = hurts(ups, now); float64(n) > felt {
		seen.Over, seen.What = true, said("alert.felt", counts{"n": n}.args(), first)
	}
	return seen
}

// bursts is how many starts after a crash one host had within ten minutes, at most, lately.
func bursts(ups []insight.Up, now time.Time) (most int, first time.Time) {
	hosts := map[string][]time.Time{}
	for _, up := range ups {
		if up.Crash {
			hosts[up.Host()] = append(hosts[up.Host()], up.At)
		}
	}
	for _, list := range hosts {
		begin := 0
		for end, at := range list {
			for at.Sub(list[begin]) > burst {
				begin++
			}
			if n := end - begin + 1; now.Sub(at) <= burstTold && (n > most || n == most && list[begin].After(first)) {
				most, first = n, list[begin]
			}
		}
	}
	return most, first
}

// hurts is how many episodes of restarts made people lose answers lately.
func hurts(ups []insight.Up, now time.Time) (n int, first time.Time) {
	var last time.Time
	felt := false
	for _, up := range ups {
		if now.Sub(up.At) > feltIn {
			continue
		}
		if last.IsZero() || up.At.Sub(last) > episode {
			felt = false
		}
		last = up.At
		if !up.Felt || felt {
			continue
		}
		if felt = true; n == 0 {
			first = up.At
		}
		n++
	}
	return n, first
}

const (
	typedLong  = 24 * time.Hour
	typedShort = time.Hour
	typedLeast = 50 // creations
)

// TypedIn is how far back [TypedAgain] looks.
const TypedIn = typedLong

// TypedAgain finds a rate of people who had to type something again that is surely over the threshold: among those who began in
// the last day, and in the last hour. Both are cut to the half hour.
func TypedAgain(slots []insight.Slot, now time.Time, threshold float64) Seen {
	var day, hour, since insight.Day
	var first int64
	for _, s := range slots {
		x, n := s.Count("typed"), s.Count("creations")
		if s.At < insight.SlotOf(now.Add(-typedLong)) {
			continue
		}
		add(&day, x, n)
		if s.At >= insight.SlotOf(now.Add(-typedShort)) {
			add(&hour, x, n)
		}
		if x > 0 && (first == 0 || s.At < first) {
			first = s.At
		}
	}
	for _, s := range slots {
		if first != 0 && s.At >= first {
			add(&since, s.Count("typed"), s.Count("creations"))
		}
	}
	seen := Seen{Name: NameTyped, Over: day.N >= typedLeast && surely(day, threshold) && surely(hour, threshold)}
	if seen.Over {
		seen.What = said("alert.typed", counts{"percent": whole(float64(since.X) / float64(since.N)), "n": since.X, "of": since.N}.args(), insight.SlotTime(first))
	}
	return seen
}

func add(d *insight.Day, x, n int) { d.X, d.N = d.X+x, d.N+n }

// surely reports whether the whole interval of a rate is over a threshold.
func surely(d insight.Day, threshold float64) bool {
	return insight.Wilson(d.X, d.N, 1).Low > threshold
}

// whole is a rate in whole percent.
func whole(rate float64) int { return int(math.Round(100 * rate)) }

// Leaving finds people who leave: all in all, and at each question. Each verdict is that of the figures; a question that few
// people were asked has none, and one that nobody was asked any more is over. before are the figures of the window before; nil:
// nothing is known of it.
func Leaving(x, before *insight.Figures) (list []Seen) {
	was := map[string]insight.Rate{}
	if before != nil {
		was[""] = before.Abandoned
		for _, s := range before.Steps {
			was[s.Step] = s.Left
		}
	}
	seen := func(step string, over bool, r insight.Rate) {
		one := Seen{Name: NameAbandonment, Over: over}
		if step != "" {
			one.Name = NameStep + "." + step
		}
		if over {
			one.What = leaves(step, r, was[step])
		}
		list = append(list, one)
		delete(was, step)
	}
	seen("", x.Abandoned.Verdict == insight.Over, x.Abandoned)
	for _, s := range x.Steps {
		seen(s.Step, s.Asked >= insight.WorstLeast && s.Left.Verdict == insight.Over, s.Left)
	}
	for step := range was { // of the window before alone
		seen(step, false, insight.Rate{})
	}
	slices.SortFunc(list, func(a, b Seen) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// leaves is the text of a rate of people who leave, at a step or all in all, beside the one before.
func leaves(step string, r, was insight.Rate) dialog.Said {
	code, args := "alert.abandonment", counts{"percent": whole(r.Value()), "low": whole(r.Low), "high": whole(r.High)}.args()
	if step != "" {
		code, args["step"] = "alert.step", step
	}
	if was.N >= insight.WorstLeast {
		code += ".was"
		args["before"] = strconv.Itoa(whole(was.Value()))
	}
	return said(code, args, time.Time{})
}

// Cost finds a rollout that gives people a mode in which a month costs more, by more than the operator wants, than in the mode of
// the settings. runs: it gives the mode to somebody.
func Cost(rollout, mode, base string, runs bool, costs *insight.Costs) Seen {
	seen := Seen{Name: NameCost + "." + rollout, Over: runs && costs.Verdict(base, mode) == insight.Over}
	if more, _ := costs.More(base, mode); seen.Over {
		seen.What = said("alert.cost", map[string]string{
			"rollout": rollout, "mode": mode, "base": base, "sum": insight.Dollars(more), "after": insight.Dollars(costs.Month[mode]), "before": insight.Dollars(costs.Month[base]),
		}, time.Time{})
	}
	return seen
}

// TicketsIn is how far back [Tickets] looks.
const TicketsIn = 7 * 24 * time.Hour

// Tickets finds more tickets about lost progress in 7 days than the threshold. The days are cut to the half hour.
func Tickets(slots []insight.Slot, now time.Time, threshold float64) Seen {
	n, lost := 0, 0
	for _, s := range slots {
		if s.At >= insight.SlotOf(now.Add(-TicketsIn)) {
			n, lost = n+s.Count("ticket/progress"), lost+s.Count("hurt/progress")
		}
	}
	return Seen{Name: NameTickets, Over: float64(n) > threshold, What: said("alert.tickets", counts{"n": n, "lost": lost}.args(), time.Time{})}
}
