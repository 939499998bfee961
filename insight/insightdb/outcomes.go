package insightdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// ripe is how much older than its horizon a creation is compared: its last events have been written by then.
const ripe = time.Minute

// ErrAnew is the error of what asks for creations while they are made anew from the events. It passes within minutes.
var ErrAnew = errors.New("the events are still being counted")

// Outcomes are those of the people who began a creation with a variant: each of them counts once, by the first attempt, once that
// is a horizon old. An attempt counts if it began before until; a zero until sets no end. fresh are those whose attempt began at
// since or later. A rehydration was slow if it took longer than limit; with a limit of 0 none was.
// While creations are made anew from the events it fails with [ErrAnew]. People who were forgotten are left out.
func (d *DB) Outcomes(ctx context.Context, variant string, since, until time.Time, limit time.Duration) (all, fresh insight.Outcomes, err error) {
	state, err := d.state(ctx, d.scratch)
	if err != nil {
		return all, fresh, fmt.Errorf("outcomes: %w", err)
	}
	if !state.read(d) {
		return all, fresh, fmt.Errorf("outcomes: %w", ErrAnew)
	}
	before := state.time("cursor").Add(-d.cfg.Horizon - ripe)
	var try insight.Try
	count := func() {
		if !try.Whole() || try.Last.After(before) || !until.IsZero() && !try.Started.Before(until) {
			return
		}
		all.Add(try.Outcome, limit)
		if !try.Started.Before(since) {
			fresh.Add(try.Outcome, limit)
		}
	}
	var last []byte
	err = rows(ctx, d.scratch, `select who, started, outcome, slowest from insight_drafts where variant = $1 and who is not null order by who, started, draft`, []any{variant}, func(scan func(...any) error) error {
		var who []byte
		var started, bits, slowest int64
		if err := scan(&who, &started, &bits, &slowest); err != nil {
			return err
		}
		if !bytes.Equal(who, last) {
			count()
			try, last = insight.Try{}, who
		}
		try.Take(time.UnixMilli(started).UTC(), outcomeOf(bits, slowest))
		return nil
	})
	if err != nil {
		return all, fresh, fmt.Errorf("outcomes: %w", err)
	}
	count()
	return all, fresh, nil
}

// outcome are the columns of a creation that rollouts compare; null without a variant.
func (d *DB) outcome(c *insight.Creation) []any {
	if c.Variant == "" {
		return []any{nil, nil, nil, nil}
	}
	o := c.Outcome(d.cfg.Horizon)
	bits := number(o.Replaced) | number(o.Abandoned)<<1 | number(o.Lost)<<2 | number(o.Failed)<<3 | number(o.Conflict)<<4
	return []any{c.Variant, c.Started.UnixMilli(), bits, o.Slowest.Microseconds()}
}

// outcomeOf reads the columns of outcome.
func outcomeOf(bits, slowest int64) insight.Outcome {
	is := func(bit int) bool { return bits>>bit&1 == 1 }
	return insight.Outcome{Replaced: is(0), Abandoned: is(1), Lost: is(2), Failed: is(3), Conflict: is(4), Slowest: time.Duration(slowest) * time.Microsecond}
}

// findTried loads the creations with a variant of people whose input failed before their row was read.
func (p *part) findTried(ctx context.Context, tx querier, page []dialog.Event) error {
	owners := map[string]string{} // by what stands for them
	var list []any
	for i := range page {
		if e := &page[i]; e.Kind == dialog.EventFailed && e.Draft == "" {
			if owner, _ := p.d.cfg.Owner(e); owner != "" && owners[string(p.d.who(owner))] == "" {
				owners[string(p.d.who(owner))] = owner
				list = append(list, p.d.who(owner))
			}
		}
	}
	return inChunks(list, 1, func(places string, some []any) error {
		return rows(ctx, tx, `select draft, data, who from insight_drafts where variant is not null and who in (`+places+`)`, some, func(scan func(...any) error) error {
			var draft, data string
			var who []byte
			err := scan(&draft, &data, &who)
			if err == nil {
				err = p.know(draft, data, owners[string(who)])
			}
			return err
		})
	})
}

// Took is how long persons' rehydrations took, in creations that began from a time on and before another one, to the half hour. An
// empty variant stands for all.
func (d *DB) Took(ctx context.Context, from, until time.Time, variant string) (insight.Took, error) {
	var list []insight.Slot
	err := rows(ctx, d.kept, `select counts from insight_slots where at >= $1 and at < $2 and (variant = $3 or $3 = '')`, []any{insight.SlotOf(from), insight.SlotOf(until), variant}, func(scan func(...any) error) error {
		var s insight.Slot
		err := scan(&s.Counts)
		list = append(list, s)
		return err
	})
	if err != nil {
		return insight.Took{}, fmt.Errorf("times of rehydrations: %w", err)
	}
	return insight.TookOf(list), nil
}
