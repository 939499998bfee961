package telegram

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// The offset passes committed updates only: the next poller gets the uncommitted
// updates of a dead one.
func TestOffsetAfterCommit(t *testing.T) {
	t.Parallel()
	s := &trouble{}
	r := start(t, false, nil, s.around)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.settled()
	s.away.Store(1 << 30)
	bob := r.Person(1000002, "", "Bob")
	r.anna.Say("Anna")
	bob.Say("/start")
	r.eventually("both are tried", func() bool { return strings.Count(r.logs.String(), "tried again") >= 4 })
	polls := r.Count("getUpdates")
	r.eventually("polled again", func() bool { return r.Count("getUpdates") >= polls+2 })
	if n := len(r.Pending()); n != 2 {
		t.Fatalf("%d updates are left at the server, want 2", n)
	}
	r.end() // the process dies
	s.away.Store(0)
	r.bot(false, nil)
	r.oneCard("Step 2")
	bob.WaitText(patience, "Step 1")
}

func TestOffset(t *testing.T) {
	p := &poller{open: map[int64]bool{}, done: make(chan struct{}, 1)}
	want := func(offset int64, busy bool, kept int) {
		t.Helper()
		if o, b := p.offset(); o != offset || b != busy || len(p.open) != kept {
			t.Errorf("offset %d busy %v, %d kept; want %d %v %d", o, b, len(p.open), offset, busy, kept)
		}
	}
	want(0, false, 0)
	p.finish(40) // one that was set aside by another poller
	want(0, false, 0)
	for _, id := range []int64{5, 6, 9} {
		if !p.take(id) || p.take(id) {
			t.Errorf("%d is not new once", id)
		}
	}
	want(5, true, 3)
	p.finish(6)
	p.finish(9)
	want(5, true, 3)
	p.finish(5)
	want(10, false, 0)
	p.take(12)
	want(12, true, 1)
	p.finish(12)
	want(13, false, 0)
	p.take(4) // of a server that repeats what is confirmed
	want(4, true, 1)
	p.finish(4)
	want(13, false, 0) // what is confirmed is asked for no more
}

// An update that cannot be committed delays its own person only.
func TestStuckUpdate(t *testing.T) {
	t.Parallel()
	var closed atomic.Bool
	closed.Store(true)
	r := start(t, false, func(_ *rig, cfg *Config) {
		cfg.allow = func(owner string) bool { return owner != "tg:1000001" || !closed.Load() }
	})
	began := time.Now()
	r.anna.Say("/start")
	bob := r.Person(1000002, "", "Bob")
	for _, step := range []string{"Step 1", "Step 2"} {
		bob.Say("/start")
		if step == "Step 2" {
			bob.Say("Bob")
		}
		bob.WaitText(patience, step)
	}
	if n, most := r.Count("getUpdates"), 60+int(time.Since(began)/glance); n > most {
		t.Errorf("%d polls, want at most %d", n, most)
	}
	closed.Store(false)
	r.oneCard("Step 1")
	r.eventually("all is confirmed", func() bool { return len(r.Pending()) == 0 })
}

func TestTwoPollersByLease(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	first, firstEnd := r.ch, r.end
	r.host = "there"
	r.bot(false, nil)
	r.stays("one polls", func() bool {
		return len(r.CallsOf("deleteWebhook")) == 1 && first.leased.Load() != 0 && r.ch.leased.Load() == 0
	})
	firstEnd()
	if held, err := r.store.Holders(t.Context(), first.leaseName()); err != nil || strings.HasPrefix(held[first.leaseName()], "here") {
		t.Errorf("the lease is not given back: %v, %v", held, err)
	}
	r.anna.Say("Anna")
	r.oneCard("Step 2")
}

// A poller that is killed and restarted takes over its own lease at once.
func TestPollerStartsAgain(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	held, err := r.store.Holders(t.Context(), r.ch.leaseName())
	holder := held[r.ch.leaseName()]
	if err != nil || !strings.HasPrefix(holder, "here.1.") {
		t.Fatalf("the lease is held by %q, %v", holder, err)
	}
	r.end()
	for _, holder := range []string{holder, "here"} { // as the killed process leaves it, and as an older version did
		if ok, err := r.store.Lease(t.Context(), r.ch.leaseName(), holder, time.Hour); !ok || err != nil { // longer than patience
			t.Fatal(ok, err)
		}
		r.bot(false, nil)
		r.eventually("it polls", func() bool { return r.ch.leased.Load() != 0 })
		r.end()
	}
	r.bot(false, nil)
	r.anna.Say("Anna")
	r.oneCard("Step 2")
}

// A lease that is lost ends the long poll at once.
func TestLostLease(t *testing.T) {
	t.Parallel()
	var mine atomic.Bool
	mine.Store(true)
	r := start(t, false, func(_ *rig, cfg *Config) {
		cfg.Lease = func(context.Context) bool { return mine.Load() }
	})
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.eventually("all is confirmed", func() bool { return len(r.Pending()) == 0 })
	r.WaitBot(patience) // until a getUpdates waits
	polls := r.Count("getUpdates")
	mine.Store(false)
	r.eventually("the poll ends", func() bool { return r.Count("getUpdates") > polls })
	r.anna.Say("Anna")
	r.stays("nobody polls without the lease", func() bool { return len(r.Pending()) == 1 })
	mine.Store(true)
	r.oneCard("Step 2")
}

func TestConflict(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	other := newClient(r.URL(), r.Token(), nil, 1)
	defer other.close()
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = call[[]any](ctx, other, "getUpdates", map[string]any{"timeout": 50}, pollTimeout)
	}()
	r.eventually("a clear line", func() bool { return strings.Contains(r.logs.String(), "another program takes this bot's updates") })
	cancel()
	<-gone
	r.anna.Say("Anna")
	r.oneCard("Step 2")
	if n := strings.Count(r.logs.String(), "another program"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

// Polling after a webhook handles the updates that wait at the server.
func TestFromWebhook(t *testing.T) {
	t.Parallel()
	r := start(t, true, func(_ *rig, cfg *Config) { cfg.WebhookURL = "http://127.0.0.1:1/nobody" })
	r.eventually("webhook", func() bool { return len(r.CallsOf("setWebhook")) == 1 })
	r.anna.Say("/start")
	r.end()
	r.bot(false, nil)
	r.oneCard("Step 1")
	if body := r.CallsOf("deleteWebhook")[0].Body; !strings.Contains(body, `"drop_pending_updates":false`) {
		t.Error(body)
	}
	if body := r.CallsOf("setWebhook")[0].Body; !strings.Contains(body, `"secret_token":"`+secret+`"`) || !strings.Contains(body, `"max_connections":100`) || !strings.Contains(body, "my_chat_member") {
		t.Error(body)
	}
}

func TestPoisonWhilePolling(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.Inject("message", map[string]any{"message_id": "seven", "chat": 5})
	r.anna.Say("/start")
	r.oneCard("Step 1")
	if !strings.Contains(r.logs.String(), "unknown shape") {
		t.Error("nothing in the log")
	}
	r.eventually("both are confirmed", func() bool { return len(r.Pending()) == 0 })
}

func TestLeaseOutlivesAStoreThatIsAway(t *testing.T) {
	mem := dialog.NewMemory()
	e, err := dialog.New(mem, dialog.Config{Detached: true, Recorder: telling(quiet)}, quiz{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	c := New(Config{Engine: e, Token: "1:T", Log: quiet})
	defer c.Close()
	if !c.lease(t.Context()) {
		t.Fatal("no lease")
	}
	_ = mem.Close()
	if !c.lease(t.Context()) {
		t.Error("polling stopped before the lease expired")
	}
	c.leased.Store(time.Now().Add(-leaseFor).UnixNano())
	if c.lease(t.Context()) {
		t.Error("polling went on after the lease expired")
	}
}
