package main

import (
	"context"
	"time"

	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insightdb"
	"github.com/lockbay/lockbay/rollout"
)

// usualOf is the time before a stage whose rehydrations say how long they usually take.
const usualOf = 7 * 24 * time.Hour

// counter counts what rollouts compare.
func counter(db *insightdb.DB) rollout.Counter {
	return func(ctx context.Context, r rollout.Running) (n rollout.Counted, err error) {
		for i := range r.Stages {
			s := &r.Stages[i]
			c := rollout.Compared{Before: s.Before, Share: s.Share}
			for arm, to := range map[rollout.Arm][2]*rollout.Counts{rollout.New: {&c.All.New, &c.Fresh.New}, rollout.Old: {&c.All.Old, &c.Fresh.Old}} {
				all, fresh, err := db.Outcomes(ctx, rollout.VariantOf(r.Name, s.Number, arm), s.Resumed, s.Ended, s.Slow)
				if err != nil {
					return n, err
				}
				*to[0], *to[1] = countsOf(&all), countsOf(&fresh)
			}
			n.Stages = append(n.Stages, c)
		}
		if len(r.Stages) == 0 {
			return n, nil
		}
		last, variant := r.Stages[len(r.Stages)-1], ""
		if last.Number > 1 {
			variant = rollout.VariantOf(r.Name, last.Number-1, rollout.Old)
		}
		took, err := db.Took(ctx, last.Began.Add(-usualOf), last.Began, variant)
		n.P95 = took.P95
		return n, err
	}
}

func countsOf(n *insight.Outcomes) rollout.Counts {
	return rollout.Counts{N: n.N, Abandoned: n.Abandoned, Lost: n.Lost, Failed: n.Failed, Conflict: n.Conflict, Slow: n.Slow}
}
