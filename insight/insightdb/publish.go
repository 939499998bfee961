package insightdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/insight"
)

// countAtOnce is how many slots are counted in one transaction.
const countAtOnce = 100

// publish counts the slots that were touched, whole, from their creations.
func (d *DB) publish(ctx context.Context, now time.Time, done *Folded) error {
	for {
		n := 0
		err := d.change(ctx, func(tx querier) error {
			state, err := d.state(ctx, tx)
			if err != nil {
				return err
			}
			touched, err := numbers(ctx, tx, `select slot from insight_touched order by slot limit $1`, countAtOnce)
			if n = len(touched); err == nil && n < countAtOnce {
				err = setCounted(ctx, tx, d, state.time("cursor"))
			}
			if err != nil || n == 0 {
				return err
			}
			// What is older has lost creations, or will: its counts are final.
			first := max(state.number("since"), insight.SlotOf(now.Add(-d.keep)))
			counted, err := d.count(ctx, tx, slices.DeleteFunc(slices.Clone(touched), func(slot int64) bool { return slot < first }))
			if err != nil {
				return err
			}
			if err := d.keeping(ctx, tx, func(kept querier) error { return write(ctx, kept, counted) }); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `delete from insight_touched where slot <= $1`, touched[n-1])
			done.Slots += len(counted)
			return err
		})
		if err != nil || n < countAtOnce {
			return err
		}
	}
}

func numbers(ctx context.Context, q querier, text string, args ...any) (list []int64, err error) {
	err = rows(ctx, q, text, args, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		list = append(list, n)
		return err
	})
	return list, err
}

// counts are what a slot comes to.
type counts struct {
	slots []insight.Slot // by mode and variant
	lives []insight.Life
	felt  map[time.Time]bool // starts
}

// count counts slots from their creations.
func (d *DB) count(ctx context.Context, tx querier, slots []int64) (map[int64]counts, error) {
	if len(slots) == 0 {
		return nil, nil
	}
	all, err := lives(ctx, tx, time.UnixMilli(0), time.UnixMilli(1<<52))
	if err != nil {
		return nil, err
	}
	list := map[int64]counts{}
	for _, slot := range slots {
		one := counts{felt: map[time.Time]bool{}}
		creations, err := creationsOf(ctx, tx, slot)
		if err != nil {
			return nil, err
		}
		tickets, err := ticketsOf(ctx, tx, slot)
		if err != nil {
			return nil, err
		}
		one.slots = d.cfg.Slots(slices.Values(creations), slices.Values(tickets), all)
		for _, l := range all {
			if insight.SlotOf(l.At) != slot {
				continue
			}
			one.lives = append(one.lives, l)
			hurt, err := numbers(ctx, tx, `select lost from insight_drafts where lost >= $1 and lost < $2 limit 1`, l.At.UnixMilli(), l.At.Add(insight.Soon).UnixMilli())
			if err != nil {
				return nil, err
			}
			one.felt[l.At] = l.Up && len(hurt) > 0
		}
		list[slot] = one
	}
	return list, nil
}

func creationsOf(ctx context.Context, q querier, slot int64) (list []*insight.Creation, err error) {
	err = rows(ctx, q, `select draft, data from insight_drafts where slot = $1`, []any{slot}, func(scan func(...any) error) error {
		var draft, data string
		if err := scan(&draft, &data); err != nil {
			return err
		}
		c, err := insight.Restored(draft, data)
		list = append(list, c)
		return err
	})
	return list, err
}

// write replaces the kept rows of slots.
func write(ctx context.Context, kept querier, all map[int64]counts) error {
	for _, slot := range slices.Sorted(maps.Keys(all)) {
		from, to := bounds(slot)
		for text, args := range map[string][]any{
			`delete from insight_slots where at = $1`:                 {slot},
			`delete from insight_restarts where at >= $1 and at < $2`: {from, to},
		} {
			if _, err := kept.ExecContext(ctx, text, args...); err != nil {
				return err
			}
		}
		if err := insert(ctx, kept, all[slot]); err != nil {
			return err
		}
	}
	return nil
}

// bounds are those of a slot in unix milliseconds.
func bounds(slot int64) (from, to int64) {
	return insight.SlotTime(slot).UnixMilli(), insight.SlotTime(slot + 1).UnixMilli()
}

func insert(ctx context.Context, kept querier, n counts) error {
	for _, s := range n.slots {
		if _, err := kept.ExecContext(ctx, `insert into insight_slots (at, mode, variant, counts) values ($1, $2, $3, $4)`, s.At, s.Mode, s.Variant, s.Counts); err != nil {
			return err
		}
	}
	for _, l := range n.lives {
		if _, err := kept.ExecContext(ctx, `insert into insight_restarts (at, instance, up, crash, felt) values ($1, $2, $3, $4, $5)`,
			l.At.UnixMilli(), l.Instance, number(l.Up), number(l.Crash), number(n.felt[l.At])); err != nil {
			return err
		}
	}
	return nil
}

// lines are the kept rows of a slot, as text.
func (n *counts) lines() string {
	var b strings.Builder
	for _, s := range n.slots {
		b.WriteString(s.Mode + "/" + s.Variant + "\n" + s.Counts)
	}
	for _, l := range n.lives {
		b.WriteString(lifeLine(l, n.felt[l.At]))
	}
	return b.String()
}

func lifeLine(l insight.Life, felt bool) string {
	return strings.Join([]string{l.At.UTC().Format(time.RFC3339Nano), l.Instance, map[bool]string{true: "up", false: "down"}[l.Up],
		map[bool]string{true: "crash"}[l.Crash], map[bool]string{true: "felt"}[felt]}, " ") + "\n"
}

// CopyTo copies the slots and restarts of d that to lacks.
func (d *DB) CopyTo(ctx context.Context, to *DB) error {
	err := to.change(ctx, func(tx querier) error {
		return to.keeping(ctx, tx, func(kept querier) error { return d.copyRows(ctx, kept) })
	})
	if err != nil {
		return fmt.Errorf("copy counts: %w", err)
	}
	return nil
}

func (d *DB) copyRows(ctx context.Context, kept querier) error {
	err := rows(ctx, d.kept, `select at, mode, variant, counts from insight_slots`, nil, func(scan func(...any) error) error {
		var s insight.Slot
		if err := scan(&s.At, &s.Mode, &s.Variant, &s.Counts); err != nil {
			return err
		}
		_, err := kept.ExecContext(ctx, `insert into insight_slots (at, mode, variant, counts) values ($1, $2, $3, $4) on conflict do nothing`, s.At, s.Mode, s.Variant, s.Counts)
		return err
	})
	if err != nil {
		return err
	}
	return rows(ctx, d.kept, `select at, instance, up, crash, felt from insight_restarts`, nil, func(scan func(...any) error) error {
		var at, up, crash, felt int64
		var instance string
		if err := scan(&at, &instance, &up, &crash, &felt); err != nil {
			return err
		}
		_, err := kept.ExecContext(ctx, `insert into insight_restarts (at, instance, up, crash, felt) values ($1, $2, $3, $4, $5) on conflict do nothing`, at, instance, up, crash, felt)
		return err
	})
}
