package telegram

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// slow is a store whose commits and leases take this long, one after another.
type slow struct {
	dialog.Store
	takes time.Duration
	away  atomic.Bool
	turn  chan struct{} // of one
}

func slowly(takes time.Duration) *slow {
	return &slow{Store: dialog.NewMemory(), takes: takes, turn: make(chan struct{}, 1)}
}

func (s *slow) enter(ctx context.Context) error {
	if s.away.Load() {
		return dialog.ErrUnavailable
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !sleep(ctx, s.takes) {
		return ctx.Err()
	}
	return nil
}

func (s *slow) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if err := s.enter(ctx); err != nil {
		return dialog.Committed{}, err
	}
	return s.Store.Commit(ctx, b)
}

func (s *slow) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	return s.Store.Lease(ctx, name, holder, ttl)
}

// polls are the times at which a bot has polled, beside the answers of an empty server.
type polls struct {
	hasty
	mu sync.Mutex
	at []time.Time
}

func (p *polls) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/getUpdates") {
		p.mu.Lock()
		p.at = append(p.at, time.Now())
		p.mu.Unlock()
	}
	return p.hasty.RoundTrip(r)
}

// since counts the polls since a time, and gives the longest pause between them.
func (p *polls) since(from time.Time) (n int, longest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := from
	for _, at := range p.at {
		if !at.Before(from) {
			longest, last = max(longest, at.Sub(last)), at
			n++
		}
	}
	return n, max(longest, time.Since(last))
}

// machine polls in a bubble of time until it is ended.
func machine(t *testing.T, store dialog.Store, instance string) (p *polls, ch *Channel, end func()) {
	t.Helper()
	p = &polls{hasty: hasty{updates: `[]`}}
	engine, err := dialog.New(store, dialog.Config{Instance: instance, Recorder: telling(quiet)}, quiz{})
	if err != nil {
		t.Fatal(err)
	}
	ch = New(Config{Engine: engine, Token: "1:x", Transport: p, Log: quiet})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { _ = ch.Run(ctx); close(done) }()
	var once sync.Once
	end = func() {
		once.Do(func() {
			cancel()
			<-done
			_ = engine.Close(ctx)
		})
	}
	t.Cleanup(end)
	return p, ch, end
}

// However slow the store is, the poller keeps its lease and polls.
func TestSlowStorePolls(t *testing.T) {
	for _, takes := range []time.Duration{0, 500 * time.Millisecond, 1900 * time.Millisecond, 2500 * time.Millisecond, 4 * time.Second,
		5 * time.Second, 6 * time.Second, 7 * time.Second, 7900 * time.Millisecond} {
		t.Run(takes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _, end := machine(t, slowly(takes), "here.1")
				time.Sleep(time.Minute)
				from := time.Now()
				time.Sleep(10 * time.Minute)
				if n, longest := p.since(from); longest > 2*time.Second {
					t.Errorf("%d polls, the longest pause was %v", n, longest)
				}
				end()
			})
		})
	}
}

// Two machines never poll at the same time for long, whatever their names are and
// however slow the store is; one of them always polls.
func TestOneOfTwoPolls(t *testing.T) {
	for _, names := range [][2]string{{"here.1", "there.1"}, {"here.1", "here.2"}, {"here.1", "here.1"}, {"here", "here"}} {
		for _, takes := range []time.Duration{0, 2500 * time.Millisecond, 6 * time.Second} {
			t.Run(fmt.Sprint(names, takes), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := slowly(takes)
					p, _, end := machine(t, store, names[0])
					time.Sleep(30 * time.Second)
					q, _, endOther := machine(t, store, names[1])
					time.Sleep(3 * time.Minute)
					from := time.Now()
					time.Sleep(10 * time.Minute)
					n, _ := p.since(from)
					m, _ := q.since(from)
					if n > 0 && m > 0 || n+m < 9*60 {
						t.Errorf("%d and %d polls in ten minutes", n, m)
					}
					end()
					from = time.Now()
					time.Sleep(time.Minute)
					if m, _ := q.since(from); m < 20 {
						t.Errorf("%d polls in a minute of the one that is left", m)
					}
					endOther()
				})
			})
		}
	}
}

// Polling goes on while the store is away, and stops before another machine may begin.
func TestPollingWithoutStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := slowly(0)
		p, _, end := machine(t, store, "here.1")
		time.Sleep(time.Minute)
		store.away.Store(true)
		from := time.Now()
		time.Sleep(10 * time.Minute)
		p.mu.Lock()
		lasted := p.at[len(p.at)-1].Sub(from)
		p.mu.Unlock()
		if lasted < 4*time.Second || lasted > leaseFor {
			t.Errorf("polled for %v without a store, want most of %v", lasted, leaseFor)
		}
		end()
	})
}
