package telegram

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// The process dies after it handled 40 messages of one person and before it
// confirmed them: the next process receives all of them again and applies none.
func TestBacklogComesAgain(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	updates := []telegramtest.Update{r.anna.Say("/start"), r.anna.Say("Anna")}
	for range 38 {
		updates = append(updates, r.anna.Say("green"))
	}
	handled := func() bool { return len(r.Pending()) == 0 && len(r.rows()) == 0 }
	r.eventually("all is confirmed", handled)
	r.settled()
	r.end()
	before := r.record()
	for _, u := range updates {
		r.Redeliver(u)
	}
	r.bot(false, nil)
	r.eventually("all is confirmed again", handled)
	if after := r.record(); after.Stamp() != before.Stamp() || after.Draft != before.Draft {
		t.Errorf("version %d of draft %s has become %d of %s", before.Version, before.Draft, after.Version, after.Draft)
	}
}

// A new token belongs to another bot, which counts its messages from 1.
func TestNewToken(t *testing.T) {
	mem := dialog.NewMemory()
	first := bare(t, mem, nil)
	for n := range int64(50) {
		post(first, secret, text(n, 1+n, "/start"))
	}
	second := bare(t, mem, func(c *Config) { c.Token = "2:T" })
	post(second, secret, text(9, 1, "Beth"))
	row, err := mem.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "quiz", ID: "tg:1000001"})
	if err != nil || string(row.Answers) != "Beth" {
		t.Errorf("the first message of the new token is not heard: %q, %v", row.Answers, err)
	}
}

// frozen is a process that stands still from a commit on until it wakes: its store and
// its connections.
type frozen struct {
	dialog.Store
	soon  atomic.Bool // at the next commit of a turn
	still chan struct{}
	wakes chan struct{}
	once  sync.Once
}

func (f *frozen) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if f.soon.Load() && len(b.Writes) > 0 {
		f.once.Do(func() { close(f.still) })
	}
	f.stand()
	return f.Store.Commit(ctx, b)
}

func (f *frozen) RoundTrip(r *http.Request) (*http.Response, error) {
	f.stand()
	return http.DefaultTransport.RoundTrip(r)
}

// stand returns at once, unless the process stands still. Then it returns true, when it
// wakes.
func (f *frozen) stand() bool {
	select {
	case <-f.still:
		<-f.wakes
		return true
	default:
		return false
	}
}

// A poller stands still with an update in its hands, and another one takes over. When the
// first one wakes, it applies nothing that the other has handled, however long ago.
func TestFrozenPoller(t *testing.T) {
	t.Parallel()
	f := &frozen{still: make(chan struct{}), wakes: make(chan struct{})}
	r := start(t, false, nil, func(s dialog.Store) dialog.Store { f.Store = s; return f })
	r.end()
	r.flow = diary{}
	r.bot(false, func(_ *rig, cfg *Config) {
		cfg.Transport = f
		cfg.Lease = func(context.Context) bool { return !f.stand() }
	})
	wake := sync.OnceFunc(func() { close(f.wakes) })
	t.Cleanup(wake)
	r.wrote(r.says(0, 1))
	f.soon.Store(true)
	r.says(1, 2)
	<-f.still
	r.store, r.host = f.Store, "there"
	r.bot(false, func(_ *rig, cfg *Config) { cfg.Lease = func(context.Context) bool { return true } })
	all := r.says(2, 45)
	r.wrote(all)
	version := r.record().Version
	wake()
	r.stays("the diary", func() bool { return r.record().Version == version && string(r.record().Answers) == all })
}
