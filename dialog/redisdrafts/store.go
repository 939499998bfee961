// Package redisdrafts keeps drafts and copies of rows in Redis, alone, under
// Sentinel or as a Cluster.
//
// Correctness never depends on Redis. A copy of a row is judged by the row's
// compare-and-swap, and the engine goes on after the loss of a draft. So this
// package fails quickly. Every call is one round trip with a deadline of about
// 50 ms. While Redis is away, a circuit breaker fails calls at once and lets
// one probe a second through. A Redis that is away at the start of the program
// is connected to later.
//
// A user of Redis needs +get +set +del +eval +evalsha +getrange +ping on the
// prefix (~draft:*); under Sentinel +role; in a cluster +asking and
// +cluster|slots (from Redis 8 on +cluster|shards).
package redisdrafts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"
	"github.com/sony/gobreaker/v2"

	"github.com/lockbay/lockbay/dialog"
)

// Options of a store. The zero value works.
type Options struct {
	// Prefix of every name. Applications that share one Redis need different
	// prefixes. Defaults to "draft:".
	Prefix string
	// Timeout of one call. It includes reconnecting: three round trips, five
	// with TLS. Defaults to 50 ms.
	Timeout time.Duration
	// MaxValue is the largest value in bytes. Put rejects larger values and Get
	// ignores them. Defaults to dialog.ValueMost.
	MaxValue int
	// Breaker says when calls fail at once.
	Breaker Breaker
	// Observe is called after every call, with op get, put or delete and the
	// call's error. It must return quickly. Defaults to none.
	Observe func(op string, took time.Duration, err error)
	// Trouble is called with faults for the operator, each kind at most once a
	// minute. It gets no names, values or passwords. Defaults to none.
	Trouble func(what string, err error)
}

// Breaker of a store. It opens after Failures unanswered calls in a row, or
// when half of at least 20 calls within ten seconds stay unanswered.
type Breaker struct {
	// Failures in a row that open the breaker. Defaults to 5.
	Failures uint32
	// OpenFor is how long the breaker stays open before a probe. Defaults to 1
	// s.
	OpenFor time.Duration
	// Probes is how many probes must succeed to close the breaker, and how many
	// may run at once. Defaults to 1.
	Probes uint32
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "draft:"
	}
	if o.Timeout <= 0 {
		o.Timeout = 50 * time.Millisecond
	}
	if o.MaxValue <= 0 {
		o.MaxValue = dialog.ValueMost
	}
	if o.Breaker.Failures == 0 {
		o.Breaker.Failures = 5
	}
	if o.Breaker.OpenFor <= 0 {
		o.Breaker.OpenFor = time.Second
	}
	if o.Breaker.Probes == 0 {
		o.Breaker.Probes = 1
	}
	if o.Observe == nil {
		o.Observe = func(string, time.Duration, error) {}
	}
	if o.Trouble == nil {
		o.Trouble = func(string, error) {}
	}
	return o
}

// Store is a dialog.Drafts in Redis. Its methods may be called concurrently.
type Store struct {
	opts    Options
	address rueidis.ClientOption
	breaker *gobreaker.CircuitBreaker[[]byte]
	client  atomic.Pointer[rueidis.Client] // nil until the first connection

	mu       sync.Mutex
	attempt  *attempt
	closed   bool
	reported map[string]time.Time // kind of fault → last report
}

// attempt is one try to make the first connection.
type attempt struct {
	done chan struct{}
	err  error
}

var _ dialog.Drafts = (*Store)(nil)

// Open returns a store on the Redis at url, see [ParseURL]. It connects in the
// background; while Redis is away, later calls try again. An error is a fault
// in the url or its files.
func Open(_ context.Context, url string, opts Options) (*Store, error) {
	address, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	s := &Store{opts: opts.withDefaults(), address: address, reported: map[string]time.Time{}}
	s.address.DisableCache = true // client-side caching: values are read too rarely
	s.address.DialCtxFn = dial
	s.address.Dialer.Timeout = time.Second
	s.address.Dialer.KeepAlive = time.Second        // idle connections are pinged: a dead peer is noticed
	s.address.ConnWriteTimeout = 2 * s.opts.Timeout // within the sum of these two
	s.address.ReadBufferEachConn, s.address.WriteBufferEachConn = 64<<10, 64<<10
	s.address.RetryDelay = retryDelay
	s.address.ClientSetInfo = []string{} // do not report the client's version
	s.address.ClusterOption.ShardsRefreshInterval = 10 * time.Second
	s.address.ClusterOption.MaxMovedRedirections = 5
	s.address.Sentinel.TopologyRefreshInterval = 5 * time.Second
	s.address.Sentinel.Dialer = s.address.Dialer
	b := s.opts.Breaker
	s.breaker = gobreaker.NewCircuitBreaker[[]byte](gobreaker.Settings{
		MaxRequests:  b.Probes,
		Timeout:      b.OpenFor,
		Interval:     10 * time.Second,
		BucketPeriod: time.Second,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.ConsecutiveFailures >= b.Failures || c.Requests >= 20 && c.TotalFailures*2 >= c.Requests
		},
		IsSuccessful: answered,
		IsExcluded:   func(err error) bool { var c *canceledError; return errors.As(err, &c) },
	})
	s.connect()
	return s, nil
}

// retryDelay repeats a command of a lost connection at once, and once more a
// little later. Every call is idempotent.
func retryDelay(attempts int, _ rueidis.Completed, _ error) time.Duration {
	switch attempts {
	case 1:
		return 0
	case 2:
		return 3 * time.Millisecond
	default:
		return -1
	}
}

// Get implements dialog.Drafts. A foreign value under the name (another type,
// an unknown format) is ErrNotFound, and the next Put overwrites it.
func (s *Store) Get(ctx context.Context, name string) ([]byte, error) {
	return s.call(ctx, "get", func(ctx context.Context, c rueidis.Client) ([]byte, error) {
		b, err := c.Do(ctx, c.B().Get().Key(s.opts.Prefix+name).Build()).AsBytes()
		switch {
		case rueidis.IsRedisNil(err):
			return nil, dialog.ErrNotFound
		case wrongType(err):
			s.report("value of another type under our name", err)
			return nil, dialog.ErrNotFound
		case err != nil:
			return nil, err
		}
		payload, ok := decode(name, b, s.opts.MaxValue)
		if !ok {
			s.report("value that is not ours under our name", errors.New("unknown format or wrong checksum"))
			return nil, dialog.ErrNotFound
		}
		return payload, nil
	})
}

// Put implements dialog.Drafts. Version 0 always overwrites; another version
// leaves a newer one in place and returns nil. ttl is at least 1 ms.
func (s *Store) Put(ctx context.Context, name string, version int64, value []byte, ttl time.Duration) error {
	if len(value) > s.opts.MaxValue {
		err := fmt.Errorf("value of %d bytes, at most %d: %w", len(value), s.opts.MaxValue, dialog.ErrUnavailable)
		s.opts.Observe("put", 0, err)
		s.report("redis put", err)
		return err
	}
	raw := encode(name, version, value)
	ms := max(ttl.Milliseconds(), 1)
	_, err := s.call(ctx, "put", func(ctx context.Context, c rueidis.Client) ([]byte, error) {
		if version > 0 {
			return nil, putNewer.Exec(ctx, c, []string{s.opts.Prefix + name}, putArgs(raw, version, ms)).Error()
		}
		return nil, c.Do(ctx, c.B().Set().Key(s.opts.Prefix+name).Value(rueidis.BinaryString(raw)).PxMilliseconds(ms).Build().ToRetryable()).Error()
	})
	return err
}

// Delete implements dialog.Drafts.
func (s *Store) Delete(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := s.call(ctx, "delete", func(ctx context.Context, c rueidis.Client) ([]byte, error) {
		all := make(rueidis.Commands, len(names)) // one command a name: names may lie on several nodes
		for i, name := range names {
			all[i] = c.B().Del().Key(s.opts.Prefix + name).Build().ToRetryable()
		}
		var first error
		for _, r := range c.DoMulti(ctx, all...) {
			if err := r.Error(); err != nil && first == nil {
				first = err
			}
		}
		return nil, first
	})
	return err
}

// Ping reports whether Redis answers before ctx ends; it connects first if
// necessary. It bypasses the breaker, for diagnosis.
func (s *Store) Ping(ctx context.Context) error {
	c, err := s.connection(ctx)
	if err == nil {
		err = c.Do(ctx, c.B().Ping().Build()).Error()
	}
	if err != nil {
		return fmt.Errorf("ping redis: %w", unavailable(err))
	}
	return nil
}

// State of the breaker: closed, half-open or open.
func (s *Store) State() string { return s.breaker.State().String() }

// Close ends all connections. Later calls are ErrUnavailable.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	c := s.client.Swap(nil)
	if c == nil {
		return nil
	}
	done := make(chan struct{})
	go func() { (*c).Close(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * s.opts.Timeout): // a hung server blocks the client for a second
	}
	return nil
}

// call makes one call with its deadline through the breaker.
func (s *Store) call(ctx context.Context, op string, f func(context.Context, rueidis.Client) ([]byte, error)) ([]byte, error) {
	began := time.Now()
	b, err := s.breaker.Execute(func() ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, &canceledError{err}
		}
		// Detached from the caller: others wait for the same connection
		// attempt. The rest of the wait is short.
		limit := began.Add(s.opts.Timeout)
		own, short := ctx.Deadline()
		if short = short && own.Before(limit); short {
			limit = own
		}
		call, cancel := context.WithDeadline(context.WithoutCancel(ctx), limit)
		defer cancel()
		c, err := s.connection(call)
		if err != nil {
			err = &deadError{err}
		} else {
			var b []byte
			if b, err = s.bounded(call, c, f); err == nil {
				return b, nil
			}
		}
		if short && !answered(err) {
			return nil, &canceledError{err} // the caller's deadline was shorter than Timeout
		}
		return nil, err
	})
	switch {
	case err == nil, errors.Is(err, dialog.ErrNotFound):
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		err = fmt.Errorf("redis %s: %w: %w", op, dialog.ErrUnavailable, err)
	default:
		var canceled *canceledError
		if !errors.As(err, &canceled) {
			s.report("redis "+op, err)
		}
		err = fmt.Errorf("redis %s: %w", op, unavailable(err))
	}
	s.opts.Observe(op, time.Since(began), err)
	return b, err
}

// bounded makes a call within ctx. With several servers the client may wait for
// its own discovery of them, which has another deadline.
func (s *Store) bounded(ctx context.Context, c rueidis.Client, f func(context.Context, rueidis.Client) ([]byte, error)) ([]byte, error) {
	if s.address.ForceSingleClient {
		return f(ctx, c)
	}
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := f(ctx, c)
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		return r.b, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// connection returns the client, waiting for the first connection until ctx ends.
func (s *Store) connection(ctx context.Context) (rueidis.Client, error) {
	if c := s.client.Load(); c != nil {
		return *c, nil
	}
	d := s.connect()
	select {
	case <-d.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c := s.client.Load(); c != nil {
		return *c, nil
	}
	return nil, d.err
}

var errClosed = errors.New("closed")

// connect starts an attempt to connect, or joins the running one.
func (s *Store) connect() *attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.attempt != nil {
		return s.attempt
	}
	d := &attempt{done: make(chan struct{}), err: errClosed}
	if s.closed {
		close(d.done)
		return d
	}
	s.attempt = d
	go func() {
		option := s.address // NewClient changes it
		c, err := rueidis.NewClient(option)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err == nil && !s.closed {
			s.client.Store(&c)
		} else if c != nil {
			go c.Close()
		}
		if err != nil {
			d.err = err
		}
		s.attempt = nil
		close(d.done)
	}()
	return d
}

// report reports each kind of fault at most once a minute.
func (s *Store) report(what string, err error) {
	s.mu.Lock()
	last, had := s.reported[what]
	quiet := had && time.Since(last) < time.Minute
	if !quiet {
		s.reported[what] = time.Now()
	}
	s.mu.Unlock()
	if !quiet {
		s.opts.Trouble(what, err)
	}
}
