package telegram

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// asked is a store that counts the calls of an idle bot.
type asked struct {
	dialog.Store
	mu     sync.Mutex
	asides int
	leases map[string]int
}

func (a *asked) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	a.mu.Lock()
	if q.Flow == dialog.AsideFlow {
		a.asides++
	}
	a.mu.Unlock()
	return a.Store.List(ctx, q)
}

func (a *asked) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	a.mu.Lock()
	a.leases[name]++
	a.mu.Unlock()
	return a.Store.Lease(ctx, name, holder, ttl)
}

// TestIdle: a bot to which nobody writes looks for rows set aside every asideLook, however it
// receives its updates. With a webhook it leaves the poller's lease alone while there are none.
func TestIdle(t *testing.T) {
	for _, hook := range []string{"", "https://bot.example/telegram"} {
		t.Run(hook, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &asked{Store: dialog.NewMemory(), leases: map[string]int{}}
				engine, err := dialog.New(store, dialog.Config{Recorder: telling(quiet)}, quiz{})
				if err != nil {
					t.Fatal(err)
				}
				ch := New(Config{Engine: engine, Token: "1:x", Transport: &hasty{updates: `[]`}, Log: quiet, WebhookURL: hook, Secret: secret})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				_ = ch.Run(ctx)
				_ = engine.Close(context.Background())
				most := int(10*time.Minute/asideLook) + 2
				if store.asides < most/2 || store.asides > most {
					t.Errorf("looked %d times in ten minutes, want at most %d and half of it at least", store.asides, most)
				}
				leased := 0
				for name, n := range store.leases {
					if strings.Contains(name, ch.leaseName()) {
						leased += n
					}
				}
				if (leased == 0) != (hook != "") {
					t.Errorf("took the poller's lease %d times", leased)
				}
			})
		})
	}
}

// TestEndingIsReadOnce: which bot the store served first is read once, and kept.
func TestEndingIsReadOnce(t *testing.T) {
	store := &secrets{Store: dialog.NewMemory()}
	ch := bare(t, store, nil)
	for range 3 {
		if _, err := ch.ending(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if store.read != 1 {
		t.Errorf("read %d times", store.read)
	}
}

// secrets is a store that counts how often a secret is asked for.
type secrets struct {
	dialog.Store
	read int
}

func (s *secrets) Secret(ctx context.Context, name string, value []byte) ([]byte, error) {
	s.read++
	return s.Store.Secret(ctx, name, value)
}

// TestRipe: which lanes have a row to write. A row is written anew when it is outdated, and
// when its lane has no update left; it takes up each update that is not in it.
func TestRipe(t *testing.T) {
	now := time.UnixMilli(1_790_000_000_000)
	jobs := func(n int, j job) (all []*job) {
		for range n {
			all = append(all, &j)
		}
		return all
	}
	fresh, old, stored := job{came: now}, job{came: now.Add(-asideAfter - 1)}, job{came: now, stored: true}
	row := dialog.Stamp{Version: 1}
	for name, c := range map[string]struct {
		lane *lane
		want bool
	}{
		"nothing":                    {&lane{}, false},
		"fresh":                      {&lane{jobs: jobs(1, fresh)}, false},
		"as many as may wait":        {&lane{jobs: jobs(laneMost, fresh)}, false},
		"one more":                   {&lane{jobs: jobs(laneMost+1, fresh)}, true},
		"as long as one may wait":    {&lane{jobs: jobs(1, job{came: now.Add(-asideAfter)})}, false},
		"longer":                     {&lane{jobs: jobs(1, old)}, true},
		"begun":                      {&lane{aside: aside{write: &asideWrite{}}}, true},
		"a row that has all":         {&lane{jobs: jobs(1, stored), aside: aside{stamp: row}}, false},
		"a row, and one beside it":   {&lane{jobs: jobs(1, fresh), aside: aside{stamp: row}}, true},
		"a row that is stale":        {&lane{jobs: jobs(1, stored), aside: aside{stamp: row, stale: true}}, true},
		"a row, some handled":        {&lane{jobs: jobs(1, stored), aside: aside{stamp: row, handled: handledMost - 1}}, false},
		"a row, as many as it keeps": {&lane{jobs: jobs(1, stored), aside: aside{stamp: row, handled: handledMost}}, true},
		"a row, all handled":         {&lane{aside: aside{stamp: row}}, true},
		"a row with words to say":    {&lane{aside: aside{stamp: row, overflow: &overflow{}}}, false},
	} {
		c.lane.owner = "tg:1"
		if got := c.lane.ripe(now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (&lane{jobs: jobs(1, old)}).ripe(now) {
		t.Error("nobody's updates need a row")
	}
}
