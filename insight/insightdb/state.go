package insightdb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// states are the rows of insight_state.
type states map[string]string

func (s states) number(name string) int64 {
	n, _ := strconv.ParseInt(s[name], 10, 64)
	return n
}

func (s states) time(name string) time.Time {
	if s[name] == "" {
		return time.Time{}
	}
	return time.UnixMilli(s.number(name)).UTC()
}

// counted is the time up to which the kept slots were counted by the rules of d; zero: they were not.
func (s states) counted(d *DB) time.Time {
	if s["rules"] != d.rules() {
		return time.Time{}
	}
	return s.time("counted")
}

func setCounted(ctx context.Context, tx querier, d *DB, until time.Time) error {
	return errors.Join(set(ctx, tx, "rules", d.rules()), setTime(ctx, tx, "counted", until))
}

func (d *DB) state(ctx context.Context, q querier) (s states, err error) {
	s = states{}
	err = rows(ctx, q, `select name, value from insight_state`, nil, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		s[name] = value
		return err
	})
	return s, err
}

func set(ctx context.Context, tx querier, name, value string) error {
	_, err := tx.ExecContext(ctx, `insert into insight_state (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, name, value)
	return err
}

func setTime(ctx context.Context, tx querier, name string, at time.Time) error {
	return set(ctx, tx, name, strconv.FormatInt(at.UnixMilli(), 10))
}

// format says how the scratch tables were made, and by which rules. Others are made anew.
func (d *DB) format() string { return fmt.Sprintf("%d %s", insight.StoredFormat, d.rules()) }

// rules say what is counted. Slots that were counted by others do not stand for the events.
func (d *DB) rules() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %q %x", d.cfg.Flow, d.cfg.Horizon, slices.Sorted(slices.Values(d.cfg.Exclude)), d.key())
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// prepare empties scratch tables that were made by other rules, or were lost.
func (d *DB) prepare(ctx context.Context, now time.Time) error {
	if d.key() == nil {
		initial := make([]byte, 32)
		_, _ = rand.Read(initial)
		if err := d.know(ctx, initial); err != nil {
			return err
		}
	}
	s, err := d.state(ctx, d.scratch)
	if err != nil || s["format"] == d.format() {
		return err
	}
	return d.reset(ctx, now)
}

// reset empties the scratch tables, so that the next fold reads all events. What is kept of slots before the first event
// stays as it is.
func (d *DB) reset(ctx context.Context, now time.Time) error {
	first, err := d.log.Events(ctx, dialog.EventQuery{Limit: 1})
	if err != nil {
		return err
	}
	begins := now
	if len(first) > 0 {
		begins = first[0].At
	}
	return d.change(ctx, func(tx querier) error {
		was, err := d.state(ctx, tx)
		if err != nil {
			return err
		}
		for _, table := range []string{"insight_drafts", "insight_tickets", "insight_lives", "insight_touched", "insight_state"} {
			if _, err := tx.ExecContext(ctx, `delete from `+table); err != nil {
				return err
			}
		}
		since, kept := insight.SlotOf(begins)+1, []int64{}
		err = rows(ctx, d.kept, `select at from insight_slots union select at / 1800000 from insight_restarts order by 1`, nil, func(scan func(...any) error) error {
			var at int64
			err := scan(&at)
			kept = append(kept, at)
			return err
		})
		if err != nil {
			return err
		}
		if len(kept) == 0 || kept[0] >= since-1 { // nothing was ever pruned
			since = 0
		}
		kept = slices.DeleteFunc(kept, func(at int64) bool { return at < since })
		if err := touch(ctx, tx, kept...); err != nil {
			return err
		}
		if counted := was.counted(d); !counted.IsZero() { // the kept slots stand until they are replaced
			err = setCounted(ctx, tx, d, counted)
		}
		return errors.Join(err, set(ctx, tx, "format", d.format()), set(ctx, tx, "since", strconv.FormatInt(since, 10)))
	})
}

// touch notes slots that are to be counted.
func touch(ctx context.Context, tx querier, slots ...int64) error {
	slices.Sort(slots)
	var list []any
	for _, slot := range slices.Compact(slots) {
		list = append(list, slot)
	}
	return inChunks(list, 1, func(places string, some []any) error {
		_, err := tx.ExecContext(ctx, `insert into insight_touched (slot) values `+places+` on conflict do nothing`, some...)
		return err
	})
}
