package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

// giveRollout gives an order as an input, and returns the rollout as it is then. Its error is for people. ErrAlready is in that of
// an order that asks for what is there already.
func (a *app) giveRollout(ctx context.Context, o *rollout.Order, in dialog.Input) (s rollout.State, err error) {
	name, now := in.Key.ID, a.engine.Now()
	if err := a.doubts(ctx, o, name); err != nil {
		return s, err
	}
	out, err := a.engine.Handle(ctx, in)
	switch {
	case errors.Is(err, dialog.ErrSchemaNewer):
		return s, fmt.Errorf("rollout %s was written by a newer lockbay: use the newer program", name)
	case err != nil:
		return s, err
	}
	if s.Name = name; out.Record != nil {
		if s, err = rollout.Of(out.Record); err != nil {
			return s, err
		}
	}
	if out.Did == dialog.DidApply || out.Did == dialog.DidDuplicate {
		return s, nil
	}
	if err := s.Check(o, now); err != nil {
		return s, err
	}
	return s, fmt.Errorf("rollout %s: nothing was changed", name)
}

// doubts is why an order would give more people a mode that cannot be used now; nil with Force, and for an order that is not taken.
func (a *app) doubts(ctx context.Context, o *rollout.Order, name string) error {
	if o.Force || o.Verb != rollout.Start && o.Verb != rollout.Advance {
		return nil
	}
	r, _, err := a.engine.Hydrate(ctx, rollout.Key(botName, name))
	if err != nil {
		return err
	}
	s, err := rollout.Of(r)
	if err != nil || s.Check(o, a.engine.Now()) != nil {
		return nil //nolint:nilerr // whoever gives the order says why
	}
	mode, does := o.Mode, "starts it"
	if s.Begun() {
		mode, does = s.Mode, "goes on"
	}
	if err := a.set.answers(ctx, mode); err != nil {
		return &rollout.Doubt{Why: err.Error(), Does: does}
	}
	return nil
}

// warnOfRedis says that drafts in a mode lie in the database alone, while its Redis does not answer.
func (a *app) warnOfRedis(ctx context.Context, out io.Writer, mode string) {
	if err := a.set.answers(ctx, mode); err != nil {
		fmt.Fprintf(out, "%s Until it answers, these drafts lie in the database alone.\n", asSentence(err))
	}
}
