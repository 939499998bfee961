package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

type reportCmd struct {
	Window string `name:"window" default:"30d" placeholder:"DURATION" help:"over which starts are counted, up to 90d"`
	At     string `name:"at" placeholder:"TIME" help:"as of this time, for example 2026-12-01T00:00:00Z (default: now)"`
	Format string `name:"format" enum:"text,json" default:"text" help:"text or json"`
}

// Run counts the events of a window, and writes the figures and the decision.
func (c *reportCmd) Run(p *program, set *Settings) error {
	window, at, err := c.times(time.Now())
	if err != nil {
		return usageError{err}
	}
	thresholds, _, err := set.insight()
	if err != nil {
		return usageError{err}
	}
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	figures, since, err := set.figures(p.ctx, st, at, window)
	if err != nil {
		return err
	}
	r := report{Figures: figures, limits: thresholds, Decision: insight.Decide(figures, thresholds), Since: since}
	if c.Format == "json" {
		return writeJSON(p.out, r.json())
	}
	return r.text(p.out)
}

// times are the window, and its end.
func (c *reportCmd) times(now time.Time) (window time.Duration, at time.Time, err error) {
	if window, err = readDuration(c.Window); err != nil || window < time.Hour || window > eventsFor {
		return 0, at, badSetting("window", c.Window, "want a time from 1h to 90d, for example 30d")
	}
	if c.At == "" {
		return window, now.UTC(), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err = time.Parse(layout, c.At); err == nil {
			return window, at.UTC(), nil
		}
	}
	return 0, at, badSetting("at", c.At, "want a time such as 2026-12-01T00:00:00Z, or a day such as 2026-12-01")
}

// collect reads the events of a window page by page. since is the time of the first one; zero: there is none.
func collect(ctx context.Context, st store, counts insight.Config, at time.Time, window time.Duration) (f *insight.Facts, since time.Time, err error) {
	log, ok := st.(dialog.EventLog)
	if !ok {
		return nil, since, errors.New("this database keeps no events")
	}
	f = insight.Collect(counts)
	q := dialog.EventQuery{From: at.Add(-window - counts.Horizon - time.Hour), Until: at, Limit: 10_000}
	for more := true; more; {
		page, err := log.Events(ctx, q)
		if err != nil {
			return nil, since, err
		}
		for i := range page {
			f.Add(&page[i])
		}
		if len(page) > 0 && since.IsZero() {
			since = page[0].At
		}
		if more = len(page) >= q.Most(); more {
			q.From = page[len(page)-1].At.Add(time.Millisecond)
		}
	}
	return f, since, nil
}

// report is what lockbay report writes.
type report struct {
	*insight.Figures
	insight.Decision

	limits insight.Thresholds
	Since  time.Time
}

// decisions say what each leaf means.
var decisions = map[insight.Leaf]string{
	insight.Defect:      "an answer was lost where none can be: this is a defect",
	insight.Wait:        "too few people came to be sure: wait",
	insight.KeepOn:      "all is below its threshold: keep it as it is",
	insight.Persist:     "people lose what they typed: keep answers better",
	insight.UX:          "people leave at one question: mend the question",
	insight.Performance: "people leave, and at no question above the others: look at how fast and how clear it is",
}

func (r *report) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	line("Starts from %s to %s. Mode: %s.", rfc(r.From), rfc(r.Until), cmp.Or(r.Mode, "none"))
	line("%d creations; %d younger ones are under way.", r.Creations, r.UnderWay)
	if r.Since.After(r.From) {
		line("Events are there since %s only.", rfc(r.Since))
	}
	line("\nDecision: %s", decisions[r.Leaf])
	if r.Step != "" {
		line("  The question: %s", r.Step)
	}
	if a := r.Action; a != nil {
		line("  The strategy: %s, %s: %s. Here: %s.", a.Condition, a.Threshold, a.Does, a.Here)
	}
	if r.Note != "" {
		line("  %s", r.Note)
	}
	for _, c := range r.Changes {
		line("  %s", c)
	}
	line("\nWHY\tANSWER\t")
	for _, q := range r.Asked {
		line("%s\t%s\t", q.Asks, q.Answer)
	}
	r.metrics(line)
	r.leaves(line)
	return w.Flush()
}

// metrics are the five, with their thresholds.
func (r *report) metrics(line func(string, ...any)) {
	line("\nMETRIC\tFIGURE\tTHRESHOLD\tVERDICT")
	line("1 typed again\t%s\t%s\t%s", r.TypedAgain, percent(r.limits.Rehydration), verdict(r.TypedAgain))
	line("  rehydrated at all\t%s\t\t", r.Rehydrated)
	line("2 abandoned\t%s\t%s\t%s", r.Abandoned, percent(r.limits.Abandonment), verdict(r.Abandoned))
	line("  cancelled, blocked, silent; came back later\t%d, %d, %d; %d\t\t", r.Ended[insight.Cancelled], r.Ended[insight.Blocked], r.Ended[insight.Silent], r.Back)
	c := r.Complaints
	line("3 complaints\t%.1f a week (%.1f to %.1f; %d in %.1f weeks)\t%g a week\t%s", c.Value(), c.Low, c.High, c.N, c.Weeks, r.limits.Complaints, c.Verdict)
	line("  of people who lost answers\t%d\t\t", c.WithLost)
	line("4 rehydrated soon after a start\t%s\t%s\t%s", r.AfterStart, percent(r.limits.Restart), verdict(r.AfterStart))
	line("  starts, in episodes; felt\t%d, %d; %d\t%g felt a day\t", r.Starts, r.Episodes, r.Felt, r.limits.Felt)
	if s := r.Worst; s != nil {
		line("5 worst question\t%s: %s\t%s\t%s", s.Step, s.Left, percent(r.limits.Step), verdict(s.Left))
	} else {
		line("5 worst question\tfewer than 50 people were asked each\t%s\t%s", percent(r.limits.Step), insight.NotSure)
	}
	line("  confirmed; paid, lapsed\t%d; %d, %d\t\t", r.Ended[insight.Confirmed], r.Paid, r.Lapsed)
}

// leaves says where people stop, and why contexts were rebuilt.
func (r *report) leaves(line func(string, ...any)) {
	line("\nQUESTION\tLEFT THERE\tFIRST ANSWER AFTER\t")
	for _, s := range r.Steps {
		answer := "-"
		if s.Answer > 0 {
			answer = s.Answer.Round(time.Second).String()
		}
		line("%s\t%s\t%s\t", s.Step, s.Left, answer)
	}
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

// verdict is that of a rate, with how many creations it takes to be sure.
func verdict(r insight.Rate) string {
	if r.More > 0 {
		return fmt.Sprintf("%s, about %d more", r.Verdict, r.More)
	}
	return string(r.Verdict)
}

// jsonRate is a rate in JSON.
type jsonRate struct {
	X         int     `json:"x"`
	N         int     `json:"n"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Threshold float64 `json:"threshold"`
	Verdict   string  `json:"verdict"`
	More      int     `json:"more"`
}

func rate(r insight.Rate, threshold float64) jsonRate {
	return jsonRate{r.X, r.N, r.Low, r.High, threshold, string(r.Verdict), r.More}
}

type jsonStep struct {
	Step   string   `json:"step"`
	Left   jsonRate `json:"left"`
	Answer float64  `json:"answer_seconds"`
}

// jsonComplaints are complaints in JSON.
type jsonComplaints struct {
	N         int     `json:"n"`
	WithLost  int     `json:"with_lost"`
	Weeks     float64 `json:"weeks"`
	Low       float64 `json:"low"` // a week
	High      float64 `json:"high"`
	Threshold float64 `json:"threshold"`
	Verdict   string  `json:"verdict"`
	Related   string  `json:"related"`
}

func complaints(c insight.Complaints, threshold float64) jsonComplaints {
	return jsonComplaints{c.N, c.WithLost, c.Weeks, c.Low, c.High, threshold, string(c.Verdict), string(c.Related)}
}

type jsonReport struct {
	From       string         `json:"from"`
	Until      string         `json:"until"`
	Since      string         `json:"known_since"`
	Mode       string         `json:"mode"`
	Creations  int            `json:"creations"`
	UnderWay   int            `json:"under_way"`
	Decision   string         `json:"decision"`
	Step       string         `json:"step"`
	Condition  string         `json:"condition"`
	TypedAgain jsonRate       `json:"typed_again"`
	Rehydrated jsonRate       `json:"rehydrated"`
	Abandoned  jsonRate       `json:"abandoned"`
	Complaints jsonComplaints `json:"complaints"`
	AfterStart jsonRate       `json:"after_start"`
	Steps      []jsonStep     `json:"steps"`
	Lost       int            `json:"lost"`
	Durable    int            `json:"durable"`
	Confirmed  int            `json:"confirmed"`
	Cancelled  int            `json:"cancelled"`
	Blocked    int            `json:"blocked"`
	Silent     int            `json:"silent"`
	Replaced   int            `json:"replaced"`
	Back       int            `json:"back"`
	Paid       int            `json:"paid"`
	Lapsed     int            `json:"lapsed"`
	Starts     int            `json:"starts"`
	Episodes   int            `json:"episodes"`
	Felt       int            `json:"felt"`
	Causes     map[string]int `json:"causes"`
	Sources    map[string]int `json:"sources"`
	Ceiling    float64        `json:"ceiling"`
	Related    string         `json:"related"`
	Exposed    int            `json:"exposed"`
}

func (r *report) json() jsonReport {
	t := r.limits
	x := jsonReport{
		From: rfc(r.From), Until: rfc(r.Until), Mode: r.Mode, Creations: r.Creations, UnderWay: r.UnderWay, Decision: string(r.Leaf), Step: r.Step,
		TypedAgain: rate(r.TypedAgain, t.Rehydration), Rehydrated: rate(r.Rehydrated, t.Rehydration), Abandoned: rate(r.Abandoned, t.Abandonment), AfterStart: rate(r.AfterStart, t.Restart), Complaints: complaints(r.Complaints, t.Complaints),
		Steps: []jsonStep{}, Lost: r.Lost, Durable: r.Durable, Confirmed: r.Ended[insight.Confirmed], Cancelled: r.Ended[insight.Cancelled], Blocked: r.Ended[insight.Blocked],
		Silent: r.Ended[insight.Silent], Replaced: r.Ended[insight.Replaced], Back: r.Back, Paid: r.Paid, Lapsed: r.Lapsed, Starts: r.Starts, Episodes: r.Episodes, Felt: r.Felt,
		Causes: r.Causes, Sources: r.Sources, Ceiling: r.Ceiling, Related: r.Related.Verdict, Exposed: r.Related.Exposed,
	}
	if !r.Since.IsZero() {
		x.Since = rfc(r.Since)
	}
	if r.Action != nil {
		x.Condition = r.Action.Condition
	}
	for _, s := range r.Steps {
		x.Steps = append(x.Steps, jsonStep{s.Step, rate(s.Left, t.Step), s.Answer.Seconds()})
	}
	return x
}
