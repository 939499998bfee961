package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

// rolloutEvery is how often an instance reads the rollouts: it knows a change within that time.
const rolloutEvery = 2 * time.Second

// usable is why a mode cannot be used; nil: it can.
func (s *Settings) usable(m dialog.Mode) error {
	if (m == dialog.Redis || m == dialog.Hybrid) && s.RedisURL == "" {
		return fmt.Errorf("mode %s needs --redis-url", m)
	}
	return nil
}

// answers is why drafts in a mode would not lie where the mode says, now: its Redis is not set, or does not do what serve needs.
func (s *Settings) answers(ctx context.Context, mode string) error {
	m, err := dialog.ParseMode(mode)
	if err != nil {
		return err
	}
	if m != dialog.Redis && m != dialog.Hybrid {
		return nil
	}
	if err := s.usable(m); err != nil {
		return err
	}
	if _, err := s.tryRedis(ctx); err != nil {
		why, mend := redisTrouble(err)
		return fmt.Errorf("the Redis of mode %s: %s; %s", m, why, mend)
	}
	return nil
}

// readRollouts reads all rollouts, by their names. bad says which ones this program cannot read.
func readRollouts(ctx context.Context, st dialog.Store) (list []rollout.State, bad, err error) {
	const page = 100
	q := dialog.Query{Bot: botName, Flow: rollout.FlowName, Deep: true, Limit: page}
	for {
		rows, err := st.List(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range rows {
			s, err := readRollout(row)
			if err != nil {
				bad = errors.Join(bad, fmt.Errorf("rollout %s decides nothing: %w", row.Key.ID, err))
				continue
			}
			list = append(list, s)
		}
		if len(rows) < page {
			return list, bad, nil
		}
		q.After = rows[len(rows)-1].Key.String()
	}
}

func readRollout(row *dialog.Row) (s rollout.State, err error) {
	r, err := dialog.Decode(row)
	if err == nil {
		s, err = rollout.Of(r)
	}
	if errors.Is(err, dialog.ErrSchemaNewer) {
		err = errors.New("it was written by a newer lockbay: use the newer program")
	}
	return s, err
}

// choose reads who gets which mode. After an error everything stays as it was.
func (a *app) choose(ctx context.Context) (list []rollout.State, bad, err error) {
	if list, bad, err = readRollouts(ctx, a.store); err == nil {
		a.chosen.Store(rollout.Choose(list, a.set.mode(), a.set.usable))
	}
	return list, bad, err
}

// rolloutFlow makes the flow of rollouts.
func (a *app) rolloutFlow() *rollout.Flow {
	return rollout.NewFlow(rollout.Config{
		Count: func(ctx context.Context, r rollout.Running) (rollout.Counted, error) {
			db := a.counts.Load()
			if db == nil {
				return rollout.Counted{}, errors.New("events are not counted yet")
			}
			return counter(db)(ctx, r)
		},
		Tell: func(ctx context.Context, name string, t rollout.Telling) error {
			if !a.alerts.Tells() {
				return nil
			}
			return alert.Tell(ctx, a.engine, &alert.Seen{Name: alert.NameRollout + "." + name, Over: t.Over, What: t.What})
		},
	})
}

// watchRollouts reads the rollouts again and again, until ctx ends.
func (s *server) watchRollouts(ctx context.Context) {
	tick := time.NewTicker(rolloutEvery)
	defer tick.Stop()
	quiet, said := &everyMinute{last: map[string]time.Time{}}, ""
	for {
		list, bad, err := s.app.choose(ctx)
		if err = cmp.Or(err, bad); err != nil && ctx.Err() == nil && quiet.may("rollout") {
			s.app.trouble("rollout", err)
		}
		if chosen := s.app.chosen.Load(); list != nil || err == nil {
			s.metrics.rollouts(list)
			said = tellChosen(s.log, chosen, list, said)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// tellChosen logs which rollouts decide, where that is other than it said before, and returns what it says.
func tellChosen(log *slog.Logger, c *rollout.Chosen, list []rollout.State, before string) string {
	trouble := strings.Join(rolloutTrouble(c), "; ")
	says := trouble
	for i := range list {
		says += fmt.Sprintf("; %s %s %d", list[i].Name, list[i].Mode, list[i].Share())
	}
	if says == before {
		return says
	}
	for i := range list {
		log.Info("rollout", "name", list[i].Name, "mode", list[i].Mode, "percent", list[i].Share(), "paused", list[i].Paused)
	}
	if trouble != "" {
		log.Warn(trouble)
	}
	return says
}

// rolloutTrouble says which rollouts decide nothing, and why.
func rolloutTrouble(c *rollout.Chosen) (list []string) {
	for _, u := range c.Unusable {
		list = append(list, fmt.Sprintf("rollout %s decides nothing: %s; everybody has mode %s", u.Name, u.Err, c.Base()))
	}
	for _, name := range c.Waiting {
		list = append(list, fmt.Sprintf("rollout %s decides nothing as long as rollout %s compares", name, c.Decides()))
	}
	return list
}

// checkRollouts is doctor's check of rollouts.
func (s *Settings) checkRollouts(ctx context.Context) check {
	k := check{Name: "rollout", OK: true, Note: "none"}
	if s.isReady(ctx) != nil { // the check of the database says why
		return k
	}
	st, err := s.openExisting(ctx)
	if err != nil {
		return k
	}
	defer st.Close()
	list, bad, err := readRollouts(ctx, st)
	if err != nil {
		return k
	}
	var notes []string
	for i := range list {
		if list[i].Reverted == 0 {
			notes = append(notes, fmt.Sprintf("%s gives mode %s to %d %%", list[i].Name, list[i].Mode, list[i].Share()))
		}
	}
	if len(notes) > 0 {
		k.Note = strings.Join(notes, ", ")
	}
	chosen := rollout.Choose(list, s.mode(), s.usable)
	trouble := rolloutTrouble(chosen)
	if bad != nil {
		trouble = append(trouble, flatLine(bad))
	}
	if len(trouble) > 0 {
		k.OK, k.Note, k.Mend = len(chosen.Unusable) == 0 && bad == nil, strings.Join(trouble, "; "), "lockbay rollout revert NAME --reason TEXT, or the setting that its mode needs"
	}
	return k
}
