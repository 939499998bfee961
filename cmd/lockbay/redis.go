package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
)

// checkRedisURL refuses what the draft store cannot use. The error is without the URL.
func (s *Settings) checkRedisURL() error {
	if s.RedisURL == "" {
		return nil
	}
	if _, err := redisdrafts.ParseURL(string(s.RedisURL)); err != nil {
		return errors.New("--redis-url: " + strings.TrimPrefix(err.Error(), "redis url: "))
	}
	return nil
}

// openDrafts opens the draft store, nil without a Redis. A Redis that is away is
// connected to later.
func (s *Settings) openDrafts(ctx context.Context, rec dialog.Recorder, observe func(op string, took time.Duration, err error)) (dialog.Drafts, error) {
	if s.RedisURL == "" {
		return nil, nil
	}
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{Prefix: "escrow_draft:", Observe: observe, Trouble: rec.Trouble})
	if err != nil {
		return nil, usageError{errors.New("--redis-url: " + err.Error())}
	}
	return d, nil
}

// pingRedis asks whether the configured Redis answers.
func pingRedis(ctx context.Context, s *Settings) error {
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Ping(ctx)
}

// redisBytes is what a conversation takes in Redis, of those that it has.
func (s *Settings) redisBytes(ctx context.Context) (float64, error) {
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	mean, _, err := d.ValueBytes(ctx)
	return mean, err
}
