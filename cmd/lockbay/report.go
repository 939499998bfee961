package main

import (
	"context"
	"errors"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/report"
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
	return writeReport(p, c.Format, report.Of(figures, thresholds, set.mode().String(), at, since))
}

// writeReport writes a report in a format.
func writeReport(p *program, format string, r *report.Report) error {
	if format == "json" {
		return writeJSON(p.out, r.Document())
	}
	return r.Text(p.out)
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
