package insightdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

const (
	// Lateness is how much later than its time an event may come and is still counted by the next fold.
	Lateness     = 15 * time.Minute
	recountOf    = 48 * time.Hour // of the nightly recount
	recountPages = 2              // in a fold
)

// Folded is what a fold did.
type Folded struct {
	Events, Drafts, Slots int       // that were read; that changed
	Late                  int       // creations that the nightly recount mended: their events came later than [Lateness]
	Until                 time.Time // up to which events are counted
}

// Fold counts the events since the last fold, and once a day those of the last two days again, some in each fold. What it was
// killed at, the next one does. Only one instance is to call it at a time, or work is done twice.
func (d *DB) Fold(ctx context.Context) (done Folded, err error) {
	now, err := d.log.Now(ctx)
	if err == nil {
		err = d.prepare(ctx, now)
	}
	if err != nil {
		return done, fmt.Errorf("fold: %w", err)
	}
	state, err := d.state(ctx, d.scratch)
	if err != nil {
		return done, fmt.Errorf("fold: %w", err)
	}
	cursor := state.time("cursor")
	from := cursor
	if now.Before(from) { // the clock was set back
		from = now
	}
	if !from.IsZero() {
		from = from.Add(-Lateness)
	}
	if err = d.read(ctx, from, now, &done); err == nil {
		err = d.recount(ctx, state, now, from, &done)
	}
	if err == nil {
		err = d.publish(ctx, now, &done)
	}
	if err == nil {
		err = d.change(ctx, func(tx querier) error { return d.drop(ctx, tx, now) })
	}
	if err != nil {
		return done, fmt.Errorf("fold: %w", err)
	}
	done.Until = now
	return done, nil
}

// drop deletes creations and lives that are older than events are kept.
func (d *DB) drop(ctx context.Context, tx querier, now time.Time) error {
	before := now.Add(-d.keep - 48*time.Hour)
	_, err := tx.ExecContext(ctx, `delete from insight_drafts where slot < $1`, insight.SlotOf(before))
	if err == nil {
		_, err = tx.ExecContext(ctx, `delete from insight_tickets where slot < $1`, insight.SlotOf(before))
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `delete from insight_lives where at < $1`, before.Add(-9*24*time.Hour).UnixMilli())
	}
	return err
}

// read folds the events from a time on, page by page, and moves the cursor with them to a time.
func (d *DB) read(ctx context.Context, from, until time.Time, done *Folded) error {
	q := dialog.EventQuery{From: from, Limit: d.page}
	for {
		page, err := d.log.Events(ctx, q)
		if err != nil {
			return err
		}
		more := len(page) >= q.Most()
		cursor := until
		if more && page[len(page)-1].At.Before(until) {
			cursor = page[len(page)-1].At
		}
		err = d.change(ctx, func(tx querier) error {
			n, err := d.merge(ctx, tx, page)
			done.Drafts += n
			if err == nil {
				err = setTime(ctx, tx, "cursor", cursor)
			}
			return err
		})
		done.Events += len(page)
		if err != nil || !more {
			return err
		}
		q.From = page[len(page)-1].At.Add(time.Millisecond)
	}
}

// recount reads the events of the last two days until a time again, once a day. It reads some pages in each fold, so that none
// takes long.
func (d *DB) recount(ctx context.Context, state states, now, until time.Time, done *Folded) error {
	today := now.UTC().Format(time.DateOnly)
	switch {
	case state["nightly"] == today:
		return nil
	case until.IsZero(): // all was read just now
		return d.change(ctx, func(tx querier) error { return set(ctx, tx, "nightly", today) })
	}
	q := dialog.EventQuery{From: now.Add(-recountOf), Until: until, Limit: d.page}
	if state["recounting"] == today {
		q.From = state.time("recounted")
	}
	for range recountPages {
		page, err := d.log.Events(ctx, q)
		if err != nil {
			return err
		}
		more := len(page) >= q.Most()
		if more {
			q.From = page[len(page)-1].At.Add(time.Millisecond)
		}
		err = d.change(ctx, func(tx querier) error {
			n, err := d.merge(ctx, tx, page)
			done.Late += n
			switch {
			case err != nil:
				return err
			case more:
				return errors.Join(set(ctx, tx, "recounting", today), setTime(ctx, tx, "recounted", q.From))
			}
			return set(ctx, tx, "nightly", today)
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// merge adds a page of events, in the order of time, to the creations, and returns how many creations changed.
func (d *DB) merge(ctx context.Context, tx querier, page []dialog.Event) (changed int, err error) {
	if len(page) == 0 {
		return 0, nil
	}
	p, err := d.load(ctx, tx, page)
	if err != nil {
		return 0, err
	}
	if err := p.add(ctx, tx, page); err != nil {
		return 0, err
	}
	return p.save(ctx, tx)
}
