package insightdb

import (
	"context"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// Until is the time up to which the figures count events; zero: they count none. It is whole if no fold is under way: while one
// is, or while all is made anew, the figures of before stay, and more of them are replaced.
func (d *DB) Until(ctx context.Context) (until time.Time, whole bool, err error) {
	s, err := d.state(ctx, d.scratch)
	if err != nil {
		return until, false, fmt.Errorf("insight: %w", err)
	}
	n, err := numbers(ctx, d.scratch, `select slot from insight_touched limit 1`)
	if err != nil {
		return until, false, fmt.Errorf("insight: %w", err)
	}
	return s.counted(d), len(n) == 0 && s.read(d), nil
}

// read reports whether the creations are those of all events that were ever counted: they are not while they are made anew.
func (s states) read(d *DB) bool {
	return s["format"] == d.format() && s["cursor"] != "" && !s.time("cursor").Before(s.counted(d))
}

// Figures are those of [insight.Facts.Figures], of all events up to the last fold. For a time in the past they have what came
// later, too: who came back, and who paid. since is the first start that is known; zero: there is none.
func (d *DB) Figures(ctx context.Context, at time.Time, window time.Duration, t insight.Thresholds) (x *insight.Figures, since time.Time, err error) {
	from, until := d.cfg.Window(at, window)
	r, err := d.rollup(ctx, from.Add(-insight.Reach), at, from, until)
	if err == nil {
		r.Lost, err = d.lost(ctx, from, until)
	}
	first := []int64{}
	if err == nil {
		first, err = numbers(ctx, d.kept, `select at from insight_slots order by at limit 1`)
	}
	if err != nil {
		return nil, since, fmt.Errorf("figures: %w", err)
	}
	if len(first) > 0 {
		since = insight.SlotTime(first[0])
	}
	r.Since = since
	return r.Figures(&d.cfg, at, window, t), since, nil
}

// Recent are the slots of starts, and the starts of instances, since a time: also of creations that have not had their horizon.
func (d *DB) Recent(ctx context.Context, since time.Time) (insight.Rollup, error) {
	r, err := d.rollup(ctx, since, endless, since, endless)
	if err != nil {
		err = fmt.Errorf("recent counts: %w", err)
	}
	return r, err
}

var endless = time.UnixMilli(1 << 52)

// rollup reads the slots from ≤ start ≤ until, and the starts of instances of a time.
func (d *DB) rollup(ctx context.Context, from, until, upsFrom, upsUntil time.Time) (r insight.Rollup, err error) {
	err = rows(ctx, d.kept, `select at, mode, variant, counts from insight_slots where at >= $1 and at <= $2 order by at, mode, variant`, []any{insight.SlotOf(from), insight.SlotOf(until)}, func(scan func(...any) error) error {
		var s insight.Slot
		err := scan(&s.At, &s.Mode, &s.Variant, &s.Counts)
		r.Slots = append(r.Slots, s)
		return err
	})
	if err != nil {
		return r, err
	}
	err = rows(ctx, d.kept, `select at, instance, crash, felt from insight_restarts where up = 1 and at >= $1 and at < $2 order by at, instance`, []any{upsFrom.UnixMilli(), upsUntil.UnixMilli()}, func(scan func(...any) error) error {
		var at, crash, felt int64
		var up insight.Up
		err := scan(&at, &up.Instance, &crash, &felt)
		up.At, up.Crash, up.Felt = time.UnixMilli(at).UTC(), crash == 1, felt == 1
		r.Ups = append(r.Ups, up)
		return err
	})
	return r, err
}

// lost are the newest creations of the window whose person typed something again. They are found by the index of losses, which
// are few: slot + 0 keeps the databases from that of slots.
func (d *DB) lost(ctx context.Context, from, until time.Time) (list []insight.LostDraft, err error) {
	err = rows(ctx, d.scratch, `select draft, data from insight_drafts where lost is not null and slot + 0 >= $1 and slot + 0 < $2 order by lost desc, draft limit $3`,
		[]any{insight.SlotOf(from), insight.SlotOf(until), insight.LostMost}, func(scan func(...any) error) error {
			var draft, data string
			if err := scan(&draft, &data); err != nil {
				return err
			}
			c, err := insight.Restored(draft, data)
			if err == nil {
				list = append(list, c.LostDraft())
			}
			return err
		})
	insight.SortLost(list)
	return list, err
}
