package main

import (
	"context"

	"github.com/lockbay/lockbay/dialog"
)

// openDrafts opens the draft store, nil without a Redis.
func (s *Settings) openDrafts(ctx context.Context, rec dialog.Recorder) (dialog.Drafts, error) {
	return nil, nil
}

// pingRedis asks whether the configured Redis answers.
func pingRedis(ctx context.Context, s *Settings) error {
	d, err := s.openDrafts(ctx, dialog.Recorder{})
	if err != nil {
		return err
	}
	if p, ok := d.(interface{ Ping(context.Context) error }); ok {
		return p.Ping(ctx)
	}
	return nil
}
