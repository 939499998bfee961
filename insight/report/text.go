package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// Text writes the report for a terminal.
func (r *Report) Text(out io.Writer) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	line("Starts from %s to %s. Mode: %s.", rfc(r.From), rfc(r.Until), cmp.Or(r.Mode, "none"))
	line("%s; %s more under way.", insight.Things(r.Creations, "creation"), insight.Number(r.UnderWay))
	if r.Now != r.Mode && r.Mode != "" {
		line("Drafts are written in mode %s now.", r.Now)
	}
	if r.Since.IsZero() {
		line("Nothing is known yet.")
	} else {
		line("Known since %s.", rfc(r.Since))
	}
	r.decision(line)
	r.metrics(line)
	r.steps(line)
	r.modes(line)
	r.reads(line)
	if err := w.Flush(); err != nil {
		return err
	}
	for text := range strings.Lines(b.String()) { // the last cells of a line may be empty
		if _, err := io.WriteString(out, strings.TrimRight(text, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// decision is what to do, why, and what would change it.
func (r *Report) decision(line func(string, ...any)) {
	line("\nDecision: %s.", r.Headline())
	line("  %s", r.Reason())
	if a := r.Action; a != nil {
		line("  The strategy: %s, %s: %s. Here: %s.", a.Condition, a.Threshold, a.Does, a.Here)
	}
	for _, text := range []string{r.Note, r.Reach} {
		if text != "" {
			line("  %s", text)
		}
	}
	for _, c := range r.Changes {
		line("  It would change if %s.", c)
	}
	line("\nWHY\tANSWER\tOTHERWISE")
	for _, q := range r.Asked {
		answer := "no: "
		if q.Yes {
			answer = "yes: "
		}
		line("%s\t%s\t%s", q.Asks, answer+q.Answer, q.Else)
	}
}

// metrics are the five, with their thresholds.
func (r *Report) metrics(line func(string, ...any)) {
	n := insight.Number
	line("\nMETRIC\tFIGURE\tTHRESHOLD\tVERDICT")
	line("1 typed again\t%s\t%s\t%s", r.TypedAgain, percent(r.Limits.Rehydration), verdict(r.TypedAgain))
	line("  rehydrated at all\t%s\t\t", r.Rehydrated)
	line("2 abandoned\t%s\t%s\t%s", r.Abandoned, percent(r.Limits.Abandonment), verdict(r.Abandoned))
	line("  cancelled, blocked, silent; came back later\t%s, %s, %s; %s\t\t", n(r.Ended[insight.Cancelled]), n(r.Ended[insight.Blocked]), n(r.Ended[insight.Silent]), n(r.Back))
	c := r.Complaints
	line("3 complaints\t%.1f a week (%.1f to %.1f; %d in %.1f weeks)\t%g a week\t%s", c.Value(), c.Low, c.High, c.N, c.Weeks, r.Limits.Complaints, sure(c.Verdict, c.More, "week"))
	line("  of people who lost answers\t%d\t\t", c.WithLost)
	line("4 rehydrated soon after a start\t%s\t%s\t%s", r.AfterStart, percent(r.Limits.Restart), verdict(r.AfterStart))
	line("  starts, in episodes; felt\t%s, %s; %s\t%g felt a day\t", n(r.Starts), n(r.Episodes), n(r.Felt), r.Limits.Felt)
	line("  after a restart people leave more often\t%s\t\t%s", r.experiment(), r.Related.Verdict)
	if s := r.Worst; s != nil {
		line("5 worst question\t%s: %s\t%s\t%s", s.Step, s.Left, percent(r.Limits.Step), verdict(s.Left))
	} else {
		line("5 worst question\tfewer than %d people were asked each\t%s\t%s", insight.WorstLeast, percent(r.Limits.Step), insight.NotSure)
	}
	line("  a month costs\t%s\t%s more\t%s", r.Cost(), insight.Dollars(r.Costs.Most), r.costVerdict())
	line("  confirmed, started over; paid, lapsed\t%s, %s; %s, %s\t\t", n(r.Ended[insight.Confirmed]), n(r.Ended[insight.Replaced]), n(r.Paid), n(r.Lapsed))
}

// experiment is how the creations that a restart met compare with others.
func (r *Report) experiment() string {
	x := r.Related
	if x.Ratio == 0 {
		return fmt.Sprintf("unknown (%s met, %s others)", insight.Number(x.Exposed), insight.Number(x.Control))
	}
	return fmt.Sprintf("%.1f times (%.1f to %.1f; %s met, %s others)", x.Ratio, x.Low, x.High, insight.Number(x.Exposed), insight.Number(x.Control))
}

// steps say where people stop, and what is refused.
func (r *Report) steps(line func(string, ...any)) {
	if len(r.Steps) == 0 {
		return
	}
	line("\nQUESTION\tLEFT THERE\tFIRST ANSWER AFTER\tREFUSED IN")
	for _, s := range r.Steps {
		answer := "-"
		if s.Answer > 0 {
			answer = s.Answer.Round(time.Second).String()
		}
		line("%s\t%s\t%s\t%d", s.Step, s.Left, answer, s.Refused)
	}
	if len(r.Refusals) == 0 {
		return
	}
	var list []string
	for _, x := range r.Refusals[:min(len(r.Refusals), refusalsTold)] {
		list = append(list, fmt.Sprintf("%s: %s %d", x.Step, x.Code, x.N))
	}
	line("refused most: %s", strings.Join(list, ", "))
}

// refusalsTold is how many refusals the text and the page tell.
const refusalsTold = 5

// modes are those in which the creations began, if there are several.
func (r *Report) modes(line func(string, ...any)) {
	if len(r.Modes) < 2 {
		return
	}
	line("\nMODE\tTYPED AGAIN\t\tVERDICT")
	for _, m := range r.Modes {
		line("%s\t%s\t\t%s", cmp.Or(m.Mode, "unknown"), m.TypedAgain, verdict(m.TypedAgain))
	}
}

// reads are the contexts that were rebuilt: how fast, and why.
func (r *Report) reads(line func(string, ...any)) {
	if len(r.Tooks) == 0 {
		return
	}
	line("\nREHYDRATED FROM\tN\tP50\tP95\tP99")
	for _, source := range slices.Sorted(maps.Keys(r.Tooks)) {
		t := r.Tooks[source]
		line("%s\t%d\t%s\t%s\t%s", source, t.N, t.P50, t.P95, t.P99)
	}
	var causes []string
	for _, cause := range slices.Sorted(maps.Keys(r.Causes)) {
		causes = append(causes, fmt.Sprintf("%s %d", cause, r.Causes[cause]))
	}
	line("by cause: %s", strings.Join(causes, ", "))
}

func percent(v float64) string { return fmt.Sprintf("%g %%", 100*v) }

// verdict is that of a rate, with how many it takes to be sure.
func verdict(r insight.Rate) string { return sure(r.Verdict, r.More, "") }

func sure(v insight.Verdict, more int, thing string) string {
	switch {
	case more == 0:
		return string(v)
	case thing == "":
		return fmt.Sprintf("%s, about %s more", v, insight.Number(more))
	}
	return fmt.Sprintf("%s, about %s", v, insight.Things(more, "more "+thing))
}
