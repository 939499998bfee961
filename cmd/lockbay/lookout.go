package main

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insightdb"
)

// figuresOver is the window of figures that alerts go by, as in lockbay report.
const figuresOver = 30 * 24 * time.Hour

// lookout looks for what operators are to be told of, after each fold. One goroutine uses it.
type lookout struct {
	app     *app
	lost    []dialog.Event // that were lost lately
	until   time.Time      // up to which lost was read
	slot    int64          // of leaving
	leaving []alert.Seen
}

// look looks once, and tells. What it cannot tell now it tells the next time.
func (l *lookout) look(ctx context.Context, db *insightdb.DB, now time.Time) error {
	if !l.app.alerts.Tells() {
		return nil
	}
	limits, _, err := l.app.set.insight()
	if err != nil {
		return err
	}
	lost, err := l.losses(ctx, now)
	if err != nil {
		return err
	}
	recent, err := db.Recent(ctx, now.Add(-alert.TicketsIn))
	if err != nil {
		return err
	}
	if err := l.leave(ctx, db, now, limits); err != nil {
		return err
	}
	seen := append([]alert.Seen{
		lost, alert.Restarts(recent.Ups, now, limits.Felt), alert.TypedAgain(recent.Slots, now, limits.Rehydration), alert.Tickets(recent.Slots, now, limits.Complaints),
	}, l.leaving...)
	costs, err := l.costs(ctx)
	seen = append(seen, costs...)
	for i := range seen {
		err = errors.Join(err, alert.Tell(ctx, l.app.engine, &seen[i]))
	}
	return err
}

// costs looks at what the modes of rollouts cost.
func (l *lookout) costs(ctx context.Context) (list []alert.Seen, err error) {
	costs, err := l.app.set.cost()
	if err != nil || len(costs.Month) == 0 {
		return nil, err
	}
	rollouts, _, err := readRollouts(ctx, l.app.store)
	for i := range rollouts {
		s := &rollouts[i]
		list = append(list, alert.Cost(s.Name, s.Mode, l.app.set.mode().String(), s.Reverted == 0, &costs))
	}
	return list, err
}

// losses reads the newest events of lost answers; those of a day the first time.
func (l *lookout) losses(ctx context.Context, now time.Time) (alert.Seen, error) {
	log, ok := l.app.store.(dialog.EventLog)
	if !ok {
		return alert.Seen{Name: alert.NameLost, Unsure: true}, nil
	}
	day := now.Add(-alert.LostFor)
	from := day
	if late := l.until.Add(-insightdb.Lateness); late.After(from) && !late.After(now) {
		from = late
	}
	list, err := log.Events(ctx, dialog.EventQuery{From: from, Kind: dialog.EventLost, Limit: 100_000})
	if err != nil {
		return alert.Seen{}, err
	}
	l.lost = slices.DeleteFunc(l.lost, func(e dialog.Event) bool { return e.At.Before(day) || !e.At.Before(from) })
	l.lost, l.until = append(l.lost, list...), now
	return alert.Lost(l.lost, now), nil
}

// leave reads the figures of people who leave, which change with the half hour.
func (l *lookout) leave(ctx context.Context, db *insightdb.DB, now time.Time, limits insight.Thresholds) error {
	slot := insight.SlotOf(now)
	if slot == l.slot {
		return nil
	}
	x, _, err := db.Figures(ctx, now, figuresOver, limits)
	if err != nil {
		return err
	}
	before, _, err := db.Figures(ctx, now.Add(-figuresOver), figuresOver, limits)
	if err != nil {
		return err
	}
	l.slot, l.leaving = slot, alert.Leaving(x, before)
	return nil
}

// inputsEvery is how often an instance looks at what became of its inputs.
const inputsEvery = 15 * time.Second

// inputsTold tells of inputs that fail, without the database: by this instance, from its memory.
type inputsTold struct {
	count  *alert.Counter
	flow   *alert.Flow
	at     dialog.Place
	show   func(ctx context.Context, s dialog.Showing) (message string, err error) // nil: there is no chat
	hook   func(ctx context.Context, m alert.Message, key string) error            // nil: there is none
	zone   *time.Location
	state  alert.State
	key    string // of what is to be told
	toChat bool   // is still to be told
	toHook bool
}

// watchInputs looks until ctx ends.
func (s *server) watchInputs(ctx context.Context) {
	at, hook, _ := s.app.set.notify()
	w := &inputsTold{count: &s.metrics.minutes, flow: s.app.alerts, at: at, zone: s.app.set.zone()}
	if s.tg != nil && at.Channel != "" {
		w.show = s.tg.Show
	}
	if hook != "" {
		w.hook = func(ctx context.Context, m alert.Message, key string) error { return post(ctx, hook, m, key) }
	}
	tick := time.NewTicker(inputsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := w.look(ctx, time.Now()); err != nil && ctx.Err() == nil {
				s.app.trouble("alert", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// look looks once, and tells what is still to be told. What is over before it could be told is told as over.
func (w *inputsTold) look(ctx context.Context, now time.Time) (err error) {
	seen := w.count.Seen(now)
	next, told := w.state.Next(&seen, now)
	if w.state = next; told {
		w.key, w.toChat, w.toHook = "inputs."+rand.Text(), w.show != nil, w.hook != nil
	}
	ctx, cancel := context.WithTimeout(ctx, inputsEvery)
	defer cancel()
	v := dialog.View{Place: w.at, Now: now, Zone: w.zone}
	if w.toChat {
		_, bad := w.show(ctx, dialog.Showing{Place: w.at, Card: w.flow.Card(&w.state, v)})
		w.toChat = bad != nil && !errors.Is(bad, dialog.ErrBlocked)
		err = bad
	}
	if w.toHook {
		bad := w.hook(ctx, w.flow.Message(alert.NameInputs, &w.state, v), w.key)
		w.toHook = bad != nil
		err = errors.Join(err, bad)
	}
	return err
}
