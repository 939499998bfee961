package insightdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// Rebuild makes all counts of the time that still has events anew. Those of older times stay as they are.
func (d *DB) Rebuild(ctx context.Context) (done Folded, err error) {
	now, err := d.log.Now(ctx)
	if err == nil {
		err = d.prepare(ctx, now)
	}
	if err == nil {
		err = d.reset(ctx, now)
	}
	if err != nil {
		return done, fmt.Errorf("rebuild: %w", err)
	}
	return d.Fold(ctx)
}

// Check compares the counts with the events, and returns the differences in words: creations that events would change, and
// slots whose counts are not those of their creations. Events of the last [Lateness] before the last fold, and later ones, are
// left out, and so are slots that are to be counted.
func (d *DB) Check(ctx context.Context) (list []string, err error) {
	state, err := d.state(ctx, d.scratch)
	if err == nil {
		list, err = d.checkDrafts(ctx, state)
	}
	if err == nil {
		var more []string
		more, err = d.checkSlots(ctx, state)
		list = append(list, more...)
	}
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	return list, nil
}

// checkDrafts looks for creations that the events would change.
func (d *DB) checkDrafts(ctx context.Context, state states) (list []string, err error) {
	cursor := state.time("cursor")
	if cursor.IsZero() || state["format"] != d.format() {
		return []string{"nothing was counted yet, or by other settings: lockbay insight rebuild"}, nil
	}
	q := dialog.EventQuery{Until: cursor.Add(-Lateness), Limit: d.page}
	for more := true; more; {
		page, err := d.log.Events(ctx, q)
		if err != nil {
			return nil, err
		}
		if more = len(page) >= q.Most(); len(page) == 0 {
			break
		}
		p, err := d.load(ctx, d.scratch, page)
		if err != nil {
			return nil, err
		}
		some, err := p.differences(page, insight.SlotOf(cursor.Add(-d.keep)))
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
		q.From = page[len(page)-1].At.Add(time.Millisecond)
	}
	return list, nil
}

// differences are the creations and lives that a page would change, from a slot on.
func (p *part) differences(page []dialog.Event, first int64) (list []string, err error) {
	for i := range page {
		if l, ok := insight.LifeOf(&page[i]); ok && insight.SlotOf(l.At) >= first && p.facts.Live(l) {
			list = append(list, "an event was not counted: "+lifeLine(l, false))
		}
		p.facts.Add(&page[i])
	}
	p.facts.Settle()
	for _, draft := range slices.Sorted(maps.Keys(p.facts.Creations())) {
		c := p.facts.Creations()[draft]
		data, err := c.Stored()
		if err != nil {
			return nil, err
		}
		if data != p.before[draft] && c.Slot().At >= first {
			list = append(list, "events of draft "+draft+" were not counted")
		}
	}
	for _, t := range p.changed() {
		if insight.SlotOf(t.Written) >= first {
			list = append(list, "events of ticket "+t.ID+" were not counted")
		}
	}
	return list, nil
}

// checkSlots counts all slots again, and compares.
func (d *DB) checkSlots(ctx context.Context, state states) (list []string, err error) {
	err = d.change(ctx, func(tx querier) error {
		first := max(state.number("since"), insight.SlotOf(state.time("cursor").Add(-d.keep)))
		slots, err := d.slotsFrom(ctx, tx, first)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(slots, countAtOnce) {
			counted, err := d.count(ctx, tx, some)
			if err != nil {
				return err
			}
			for _, slot := range some {
				n := counted[slot]
				have, err := keptLines(ctx, d.kept, slot)
				if err != nil {
					return err
				}
				if want := n.lines(); want != have {
					list = append(list, fmt.Sprintf("%s: the counts are\n%sand should be\n%s", insight.SlotTime(slot).Format(time.RFC3339), have, want))
				}
			}
		}
		return nil
	})
	return list, err
}

// slotsFrom are the slots from one on that have creations, lives or counts, without those that are to be counted.
func (d *DB) slotsFrom(ctx context.Context, tx querier, first int64) ([]int64, error) {
	slots, err := numbers(ctx, tx, `select slot from insight_drafts where slot >= $1 union select slot from insight_tickets where slot >= $1 union select at / 1800000 from insight_lives where at >= $2`, first, insight.SlotTime(first).UnixMilli())
	if err != nil {
		return nil, err
	}
	kept, err := numbers(ctx, d.kept, `select at from insight_slots where at >= $1 union select at / 1800000 from insight_restarts where at >= $2`, first, insight.SlotTime(first).UnixMilli())
	if err != nil {
		return nil, err
	}
	waiting, err := numbers(ctx, tx, `select slot from insight_touched`)
	slots = append(slots, kept...)
	slices.Sort(slots)
	return slices.DeleteFunc(slices.Compact(slots), func(slot int64) bool { return slices.Contains(waiting, slot) }), err
}

// keptLines are the kept rows of a slot, as [counts.lines] has them.
func keptLines(ctx context.Context, kept querier, slot int64) (string, error) {
	n, text := counts{}, ""
	err := rows(ctx, kept, `select mode, variant, counts from insight_slots where at = $1 order by mode, variant`, []any{slot}, func(scan func(...any) error) error {
		var s insight.Slot
		err := scan(&s.Mode, &s.Variant, &s.Counts)
		n.slots = append(n.slots, s)
		return err
	})
	if err != nil {
		return "", err
	}
	from, to := bounds(slot)
	err = rows(ctx, kept, `select at, instance, up, crash, felt from insight_restarts where at >= $1 and at < $2 order by at, instance, up, crash`, []any{from, to}, func(scan func(...any) error) error {
		var at, up, crash, felt int64
		var l insight.Life
		err := scan(&at, &l.Instance, &up, &crash, &felt)
		l.At, l.Up, l.Crash = time.UnixMilli(at).UTC(), up == 1, crash == 1
		text += lifeLine(l, felt == 1)
		return err
	})
	return n.lines() + text, err
}
