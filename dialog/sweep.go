package dialog

import (
	"context"
	"errors"
	"strings"
	"time"
)

const (
	leaseFor   = 8 * time.Second // a dead sweeper is followed within this
	sweepEvery = time.Second
	sweepPage  = 200
	pruneEvery = time.Hour
)

// wakeInput is the input of a timer that is due.
func wakeInput(key Key, t Timer) *Input {
	return &Input{ID: "wake:" + t.Name + ":" + itoa(t.At), Kind: KindWake, Key: key, Name: t.Name, Value: itoa(t.At)}
}

// clean makes what came in fit for every store: valid UTF-8 without NUL.
func (in *Input) clean() {
	for _, s := range []*string{&in.Text, &in.Name, &in.Value, &in.ID, &in.Draft, &in.Owner} {
		if strings.IndexByte(*s, 0) >= 0 {
			*s = strings.ReplaceAll(*s, "\x00", "")
		}
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
}

// Run sweeps until ctx ends: whoever holds the lease fires timers and finishes
// what is unfinished. After a start, a takeover, or when another instance has
// gone, it looks at every row that is due within the hour ahead.
func (e *Engine) Run(ctx context.Context) error {
	if err := e.Sync(ctx); err != nil {
		e.trouble("clock", err)
	}
	e.batch.log(Event{Kind: EventUp, Instance: e.cfg.Instance, At: e.Now()})
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	held := false
	var pruned time.Time
	ours := &peers{e: e, slot: -1, held: map[int]bool{}}
	for {
		if err := ours.stay(ctx); err != nil && ctx.Err() == nil {
			e.trouble("lease", err)
		}
		got, err := e.store.Lease(ctx, "sweeper:"+e.cfg.Bot, e.cfg.Instance, leaseFor)
		if err != nil && ctx.Err() == nil {
			e.trouble("lease", err)
		}
		if got && err == nil {
			ahead := time.Duration(0)
			if !held || ours.fallen(ctx) {
				ahead = time.Hour
			}
			if _, err := e.Sweep(ctx, ahead); err != nil {
				e.trouble("sweep", err)
			} else {
				held = true
			}
			if now := e.Now(); now.Sub(pruned) > pruneEvery {
				if _, err := e.store.Prune(ctx, now.Add(-e.cfg.EventsFor)); err != nil {
					e.trouble("prune", err)
				}
				pruned = now
			}
		} else {
			held = false
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			e.batch.log(Event{Kind: EventDown, Instance: e.cfg.Instance, At: e.Now()})
			_, _ = e.store.Lease(last, "sweeper:"+e.cfg.Bot, e.cfg.Instance, 0)
			ours.leave(last)
			return nil
		}
	}
}

// Sweep looks once at every row that is due until ahead from now: fires its
// timers, finishes what is unfinished, and sets the exact time of its next
// wake. It returns how many rows it looked at.
func (e *Engine) Sweep(ctx context.Context, ahead time.Duration) (n int, err error) {
	q := DueQuery{Until: e.Now().Add(ahead), Limit: sweepPage}
	for {
		rows, err := e.store.Due(ctx, q)
		if err != nil {
			return n, err
		}
		var marks []DueMark
		for _, row := range rows {
			if m, ok := e.sweep(ctx, row); ok {
				marks = append(marks, m)
			}
			n++
		}
		if len(marks) > 0 {
			e.batch.mark(nil, marks)
		}
		if len(rows) < sweepPage || ctx.Err() != nil {
			return n, ctx.Err()
		}
		last := rows[len(rows)-1]
		q.After, q.AfterKey = last.Due, last.Key.String()
	}
}

// sweep looks at one row. The mark is the exact time of its next wake.
func (e *Engine) sweep(ctx context.Context, row *Row) (DueMark, bool) {
	now := e.Now()
	again := DueMark{Key: row.Key, Version: row.Version, Due: now.Add(5 * time.Minute).UnixMilli()}
	if row.Key.Bot != e.cfg.Bot || e.flows[row.Key.Flow] == nil {
		again.Due = now.Add(time.Hour).UnixMilli() // of another bot on this database
		return again, true
	}
	r, err := row.record()
	if err != nil {
		e.trouble("sweep "+row.Key.Flow, err)
		return again, true
	}
	if cached := e.cache.get(r.Key); cached != nil && cached.Version >= r.Version {
		r = cached // the page of rows was read a while ago
	} else if r.Where != InRow {
		if r, _, err = e.Hydrate(ctx, row.Key); err != nil {
			return again, true
		}
	}
	if t, due := r.dueTimer(now.UnixMilli()); due {
		if _, err := e.Handle(ctx, *wakeInput(r.Key, t)); err != nil {
			e.trouble("wake "+t.Name, err)
			return again, true
		}
		return DueMark{}, false // its turn has set a new time
	}
	if t := r.nextTimer(); t.At != 0 && t.At <= now.UnixMilli() { // forget
		if err := e.forget(ctx, r); err != nil {
			e.trouble("forget", err)
			return again, true
		}
		return DueMark{}, false
	}
	if r.unfinished() {
		e.courier.wake(r.Key)
		again.Due = now.Add(time.Minute).UnixMilli()
		if t := r.nextTimer(); t.At != 0 {
			again.Due = min(again.Due, t.At)
		}
		return again, again.Due != row.Due
	}
	due := r.nextTimer().At
	return DueMark{Key: r.Key, Version: r.Version, Due: due}, due != row.Due
}

// forget deletes a conversation that has ended, unless it has gone on meanwhile.
func (e *Engine) forget(ctx context.Context, r *Record) error {
	if err := e.locks.lock(ctx, r.Key); err != nil {
		return err
	}
	defer e.locks.unlock(r.Key)
	e.cache.drop(r.Key)
	e.courier.forget(r.Key)
	err := e.store.Forget(ctx, r.Key, r.Stamp())
	if errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		e.forgetDrafts(ctx, &r.Head)
	}
	return err
}
