package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/rollout"
	"github.com/lockbay/lockbay/ticket"
)

type reportCmd struct {
	Window string `name:"window" default:"30d" placeholder:"DURATION" help:"over which starts are counted, up to 90d"`
	At     string `name:"at" placeholder:"TIME" help:"as of this time, for example 2026-12-01T00:00:00Z (default: now)"`
	GoNoGo bool   `name:"go-no-go" help:"the document for a decision: figures, path, ceiling, risks, whom to ask and to tell, the checklist"`
	Format string `name:"format" enum:"text,html,json" default:"text" help:"text, html (one file, to print or to send) or json"`
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
	list, _, err := readRollouts(p.ctx, st)
	if err != nil {
		return err
	}
	r := report.Of(figures, thresholds, rollout.Choose(list, set.mode(), set.usable).Base().String(), at, since)
	if r.Costs, err = set.cost(); err != nil {
		return usageError{err}
	}
	if c.Format == "html" {
		if r.Weeks, err = weeksOf(at, window, func(at time.Time) (*insight.Figures, error) {
			x, _, err := set.figures(p.ctx, st, at, week)
			return x, err
		}); err != nil {
			return err
		}
	}
	return c.write(p, set, st, r)
}

// write writes the report, with the document for a decision where it is asked for.
func (c *reportCmd) write(p *program, set *Settings, st store, r *report.Report) error {
	if !c.GoNoGo {
		return writeReport(p, c.Format, r, set.zone())
	}
	interviews, err := interviews(p.ctx, st, r.At)
	if err != nil {
		return err
	}
	told, err := set.escalation()
	if err != nil {
		return usageError{err}
	}
	g := r.GoNoGo(report.People{Escalation: told, Interviews: interviews})
	switch c.Format {
	case "json":
		return writeJSON(p.out, struct {
			*report.Document
			GoNoGo *report.GoNoGo `json:"go_no_go"`
		}{r.Document(), g})
	case "html":
		return console.WriteHTML(p.out, r, set.zone(), g)
	}
	if err := g.Text(p.out); err != nil {
		return err
	}
	return r.Text(p.out)
}

// interviews are the ids of tickets of people who agreed to be asked, until a time.
func interviews(ctx context.Context, st store, until time.Time) (list []string, err error) {
	err = eachRow(ctx, st, dialog.Query{Flow: ticket.FlowName, Everyone: true, Deep: true}, func(row *dialog.Row) error {
		k, err := readTicket(row)
		if err == nil && k.Class == ticket.Interview && k.Written().Before(until) {
			list = append(list, k.ID)
		}
		return err
	})
	slices.Sort(list)
	return list, err
}

// writeReport writes a report in a format. Times of html are in a zone.
func writeReport(p *program, format string, r *report.Report, zone *time.Location) error {
	switch format {
	case "json":
		return writeJSON(p.out, r.Document())
	case "html":
		return console.WriteHTML(p.out, r, zone, nil)
	}
	return r.Text(p.out)
}

const week = 7 * 24 * time.Hour

// weeksOf are the figures of each whole week of a window, the oldest first.
func weeksOf(at time.Time, window time.Duration, of func(at time.Time) (*insight.Figures, error)) (list []*insight.Figures, err error) {
	for n := window / week; n > 0; n-- {
		one, err := of(at.Add(-(n - 1) * week))
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
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

// collect reads the events of a window page by page. since is the half hour of the first start that is known; zero: there is none.
func collect(ctx context.Context, st store, counts insight.Config, at time.Time, window time.Duration) (f *insight.Facts, since time.Time, err error) {
	log, ok := st.(dialog.EventLog)
	if !ok {
		return nil, since, errors.New("this database keeps no events")
	}
	first, err := log.Events(ctx, dialog.EventQuery{Kind: dialog.EventStarted, Until: at, Limit: 1})
	if err != nil {
		return nil, since, err
	}
	if len(first) > 0 {
		since = insight.SlotTime(insight.SlotOf(first[0].At))
	}
	f = insight.Collect(counts)
	from, _ := counts.Window(at, window)
	q := dialog.EventQuery{From: from.Add(-insight.Before), Until: at, Limit: 10_000}
	for more := true; more; {
		page, err := log.Events(ctx, q)
		if err != nil {
			return nil, since, err
		}
		for i := range page {
			f.Add(&page[i])
		}
		if more = len(page) >= q.Most(); more {
			q.From = page[len(page)-1].At.Add(time.Millisecond)
		}
	}
	return f, since, nil
}
