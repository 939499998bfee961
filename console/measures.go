package console

import (
	"fmt"
	"math"

	"github.com/lockbay/lockbay/insight"
)

// measures are the five, in the strategy's order.
func measures(r *Report) []measure {
	return []measure{typedAgain(r), abandonment(r), complaints(r), restarts(r), worstStep(r)}
}

// class is how a measure is drawn: red only if its whole interval is over.
func class(v insight.Verdict) string {
	switch v {
	case insight.Over:
		return "over"
	case insight.Under:
		return "under"
	case insight.NotSure, insight.Unknown:
	}
	return "open"
}

// rateMeasure is the measure of a rate; says is the sentence behind its interval.
func rateMeasure(id, name string, x insight.Rate, threshold float64, weeks []float64, says string) measure {
	m := measure{ID: id, Name: name, Class: class(x.Verdict), Value: percent(x.Value()), Limit: percent(threshold), Counted: fmt.Sprintf("%s / %s", number(x.X), number(x.N))}
	m.Verdict, m.Word = string(x.Verdict), fmt.Sprintf("%s %s", x.Verdict, m.Limit)
	if m.Class == "open" {
		m.Word = m.Limit + ", not sure yet"
	}
	m.Interval = points(x.Low) + " to " + points(x.High)
	m.Rule = ruleOf(fmt.Sprintf("%s %s, interval %s, threshold %s", name, m.Value, m.Interval, m.Limit), x.Value(), x.Low, x.High, threshold)
	m.Says = m.Interval + ". " + says
	if x.N == 0 {
		m.Interval, m.Says = "unknown", "Nobody came yet."
		m.Rule.Label = name + ": nobody came yet"
	}
	if x.N > 0 && x.More > 0 {
		m.Says += fmt.Sprintf(" Sure after about %s more.", number(x.More))
	}
	m.Trend = trendOf(name, weeks, threshold)
	return m
}

// weekly is a value of each week.
func weekly(r *Report, value func(*insight.Figures) float64) (list []float64) {
	for _, w := range r.Weeks {
		list = append(list, value(w))
	}
	return list
}

func typedAgain(r *Report) measure {
	says := fmt.Sprintf("%s of %s gave an answer twice. %s read back, %s.", number(r.TypedAgain.X), things(r.TypedAgain.N, "creation"), wereRead(r.Rehydrated.X), percent(r.Rehydrated.Value()))
	if free := r.Rehydrated.X - r.TypedAgain.X; free > 0 {
		says += fmt.Sprintf(" %s of them had lost nothing.", number(free))
	}
	return rateMeasure("typed", "Typed again", r.TypedAgain, r.Limits.Rehydration, weekly(r, func(f *insight.Figures) float64 { return f.TypedAgain.Value() }), says)
}

func wereRead(n int) string {
	if n == 1 {
		return "1 was"
	}
	return number(n) + " were"
}

func abandonment(r *Report) measure {
	says := fmt.Sprintf("%s of %s were not confirmed within %s: %s cancelled, %s blocked the bot, %s silent; %s came back later.", number(r.Abandoned.X), things(r.Abandoned.N, "creation"),
		readable(r.Horizon), number(r.Ended[insight.Cancelled]), number(r.Ended[insight.Blocked]), number(r.Ended[insight.Silent]), number(r.Back))
	return rateMeasure("abandonment", "Abandonment", r.Abandoned, r.Limits.Abandonment, weekly(r, func(f *insight.Figures) float64 { return f.Abandoned.Value() }), says)
}

func complaints(r *Report) measure {
	c := r.Complaints
	limit := fmt.Sprintf("%g a week", r.Limits.Complaints)
	m := measure{ID: "complaints", Name: "Complaints", Class: class(c.Verdict), Value: fmt.Sprintf("%.1f", c.Value()), Verdict: string(c.Verdict), Limit: limit,
		Word: fmt.Sprintf("%s %s", c.Verdict, limit), Interval: fmt.Sprintf("%.1f to %.1f", c.Low, c.High), Counted: fmt.Sprintf("%s / %.1f weeks", number(c.N), c.Weeks)}
	if m.Class == "open" {
		m.Word = limit + ", not sure yet"
	}
	m.Says = fmt.Sprintf("%s. %s about lost progress in %s, %s of people who lost an answer.", m.Interval, things(c.N, "ticket"), span(r), number(c.WithLost))
	m.Rule = ruleOf(fmt.Sprintf("Complaints %s a week, interval %s, threshold %s", m.Value, m.Interval, limit), c.Value(), c.Low, c.High, r.Limits.Complaints)
	m.Trend = trendOf(m.Name, weekly(r, func(f *insight.Figures) float64 { return f.Complaints.Value() }), r.Limits.Complaints)
	return m
}

func restarts(r *Report) measure {
	says := fmt.Sprintf("%s of %s came within 5 minutes of a restart. People felt %d of %s.", number(r.AfterStart.X), number(r.AfterStart.N), r.Felt, things(r.Episodes, "restart"))
	return rateMeasure("restarts", "Restart impact", r.AfterStart, r.Limits.Restart, weekly(r, func(f *insight.Figures) float64 { return f.AfterStart.Value() }), says)
}

func worstStep(r *Report) measure {
	if r.Worst == nil {
		m := rateMeasure("steps", "Worst step", insight.Rate{Verdict: insight.NotSure, Interval: insight.Interval{High: 1}}, r.Limits.Step, nil, "")
		m.Says, m.Rule.Label = "No question was asked of 50 people yet.", "Worst step: too few were asked"
		return m
	}
	says := fmt.Sprintf("%s loses the most, %s of %s.", stepName(r.Worst.Step), number(r.Worst.Left.X), number(r.Worst.Left.N))
	if r.Worst.Left.Verdict == insight.Under {
		says += " No step is a problem by itself."
	}
	week := func(f *insight.Figures) float64 {
		for _, s := range f.Steps {
			if s.Step == r.Worst.Step {
				return s.Left.Value()
			}
		}
		return math.NaN()
	}
	return rateMeasure("steps", "Worst step", r.Worst.Left, r.Limits.Step, weekly(r, week), says)
}
