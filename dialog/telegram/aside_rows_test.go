package telegram

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// hooked is a store with hooks for rows of updates set aside.
type hooked struct {
	dialog.Store
	mu             sync.Mutex
	commit, forget func(do func() error) error
}

func (s *hooked) around(inner dialog.Store) dialog.Store {
	s.Store = inner
	return s
}

// on sets the hooks; nil means none.
func (s *hooked) on(commit, forget func(do func() error) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commit, s.forget = commit, forget
}

func (s *hooked) Commit(ctx context.Context, b *dialog.Batch) (out dialog.Committed, err error) {
	s.mu.Lock()
	f := s.commit
	s.mu.Unlock()
	do := func() error {
		out, err = s.Store.Commit(context.WithoutCancel(ctx), b)
		return err
	}
	if f == nil || len(b.Writes) == 0 || b.Writes[0].After.Key.Flow != dialog.AsideFlow {
		return out, do()
	}
	return out, f(do)
}

func (s *hooked) Forget(ctx context.Context, key dialog.Key, at dialog.Stamp) error {
	s.mu.Lock()
	f := s.forget
	s.mu.Unlock()
	do := func() error { return s.Store.Forget(context.WithoutCancel(ctx), key, at) }
	if f == nil || key.Flow != dialog.AsideFlow {
		return do()
	}
	return f(do)
}

// The process dies at each point of setting aside: every update is applied once, in
// order.
func TestDiesWhileSettingAside(t *testing.T) {
	away := func(func() error) error { return errAway }
	mute := func(do func() error) error { _ = do(); return errAway }
	for name, x := range map[string]struct {
		commit, forget func(func() error) error
		left           int64 // Anna's updates handled before the crash
		row            bool  // exists at the crash
		pending        bool  // updates wait at the server
	}{
		"no row":                           {commit: away, pending: true},
		"row, not confirmed at the server": {commit: mute, row: true, pending: true},
		"row and confirmed":                {row: true},
		"partly handled":                   {row: true, left: 20},
		"handled, row still there":         {row: true, left: 1 << 40, forget: away},
		"handled, row gone, not known":     {left: 1 << 40, forget: mute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &hooked{}
			r, g := stuck(t, s.around)
			var tried atomic.Int64
			count := func(f func(func() error) error) func(func() error) error {
				if f == nil {
					return nil
				}
				return func(do func() error) error { tried.Add(1); return f(do) }
			}
			s.on(count(x.commit), count(x.forget))
			want := r.says(0, 40)
			bob := r.Person(1000002, "", "Bob")
			bob.Say("Bob")
			if x.pending {
				r.eventually("tried again", func() bool { return tried.Load() > 2 })
				if n := strings.Count(r.logs.String(), "cannot set updates aside"); n != 1 {
					t.Errorf("%d lines say that the row cannot be written, want one", n)
				}
			} else {
				r.passed()
				r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
				g.left.Store(x.left)
				r.eventually("handled", func() bool {
					return x.left == 0 || g.left.Load() < 0 || x.left > 40 && len(r.record().Answers) == len(want)
				})
				r.eventually("tried", func() bool { return x.forget == nil || tried.Load() > 0 })
			}
			r.end()
			if got := len(r.rows()) == 1; got != x.row {
				t.Errorf("a row: %v, want %v", got, x.row)
			}
			if got := len(r.Pending()) > 0; got != x.pending {
				t.Errorf("%d at the server", len(r.Pending()))
			}
			s.on(nil, nil)
			want = r.says(40, 45)
			g.open()
			r.bot(false, g.around)
			r.wrote(want)
		})
	}
}

// After a lost answer the poller finds that the commit succeeded.
func TestSetAsideByALostAnswer(t *testing.T) {
	t.Parallel()
	s := &hooked{}
	r, g := stuck(t, s.around)
	var lost atomic.Int64
	s.on(func(do func() error) error {
		if err := do(); err != nil || lost.Add(1) > 1 {
			return err
		}
		return errAway
	}, nil)
	bob := r.Person(1000002, "", "Bob")
	bob.Say("Bob")
	bob.WaitText(patience, "Step 1") // the bot polls
	begun := r.Count("deleteWebhook")
	want := r.says(0, 40)
	r.passed()
	if n := lost.Load(); n < 2 {
		t.Errorf("%d commits", n)
	}
	if n := r.Count("deleteWebhook"); n != begun {
		t.Error("the poller restarted: it took its own row for a changed one")
	}
	g.open()
	r.wrote(want)
}

// After a change from polling to a webhook and back, updates set aside are handled
// first; newer ones wait at the server.
func TestWebhookTakesUpWhatWasSetAside(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	r.says(0, 35)
	r.passed()
	r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
	r.end()
	r.bot(true, g.around)
	r.eventually("webhook", func() bool { return len(r.CallsOf("setWebhook")) == 1 })
	want := r.says(35, 40)
	bob := r.Person(1000002, "", "Bob")
	bob.Say("Bob")
	bob.WaitText(patience, "Step 1") // the webhook works
	if n := len(r.rows()); n != 1 {
		t.Errorf("%d rows", n)
	}
	g.left.Store(3)
	r.eventually("some are handled", func() bool { return g.left.Load() < 0 })
	r.end()
	r.bot(false, g.around) // and back
	g.open()
	r.wrote(want)

	g.left.Store(0)
	r.says(40, 42)
	r.passed()
	r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
	r.end()
	g.open()
	want = r.says(42, 50)
	r.bot(true, g.around)
	r.wrote(want)
}

// heads is a store that counts the heads of updates set aside that are read.
type heads struct {
	dialog.Store
	read int
}

func (s *heads) Head(ctx context.Context, key dialog.Key) (dialog.Head, error) {
	if key.Flow == dialog.AsideFlow {
		s.read++
	}
	return s.Store.Head(ctx, key)
}

// An instance with a webhook reads the rows of another instance.
func TestWebhookWaitsForAnother(t *testing.T) {
	mem := dialog.NewMemory()
	store := &heads{Store: mem}
	c := bare(t, store, nil)
	row := &dialog.Row{Head: dialog.Head{Key: c.asideKey("tg:1000001"), Owner: "tg:1000001", Version: 1, Tag: 1, Format: dialog.AsideFormat, Expires: time.Now().Add(time.Hour)}, Answers: []byte(`{"u":[]}`)}
	if _, err := mem.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
		t.Fatal(err)
	}
	if err := c.readBacklog(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := post(c, secret, text(1, 1, "/start")); w.Code != 429 || w.Header().Get("Retry-After") != "" {
		t.Errorf("%d %v, want 429", w.Code, w.Header())
	}
	store.read = 0
	if w := post(c, secret, strings.ReplaceAll(text(2, 2, "/start"), "1000001", "1000002")); w.Code != 200 || store.read != 0 {
		t.Errorf("%d for a person without updates set aside, after %d looks for them", w.Code, store.read)
	}
	if err := mem.Forget(t.Context(), row.Key, row.Stamp()); err != nil {
		t.Fatal(err)
	}
	if w := post(c, secret, text(1, 1, "/start")); w.Code != 200 {
		t.Errorf("%d after the row has gone", w.Code)
	}
}

// Forgetting a person deletes their updates set aside, also in the poller's memory.
func TestForgetTakesAlongWhatWasSetAside(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	key := dialog.Key{Bot: "bot", Flow: "quiz", ID: "tg:1000001"}
	forget := func() error {
		other, err := dialog.New(r.store, dialog.Config{Now: r.clock.Now, Instance: "operator.1", Detached: true, Recorder: telling(quiet)}, diary{})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(context.Background())
		return other.Forget(t.Context(), key)
	}
	if err := forget(); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("there is nothing yet: %v", err)
	}
	for _, known := range []bool{false, true} {
		g.left.Store(0)
		r.anna.Say("gone")
		r.passed()
		r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
		if err := forget(); err != nil {
			t.Fatalf("with a conversation %v: %v", known, err)
		}
		if n := len(r.rows()); n != 0 {
			t.Errorf("%d rows after it", n)
		}
		n := r.Count("deleteWebhook")
		g.open()
		r.eventually("polling restarts", func() bool { return r.Count("deleteWebhook") > n })
		r.anna.Say("later")
		r.wrote("later ")
	}
}

// Updates set aside for a day are dropped; the log has their count and no text.
func TestSetAsideForADay(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	r.says(0, 3)
	r.passed()
	r.eventually("set aside", func() bool { return len(r.rows()) == 1 })
	r.clock.Add(23 * time.Hour)
	r.anna.Say("younger")
	r.passed()
	r.clock.Add(time.Hour)
	r.eventually("dropped", func() bool { return strings.Contains(r.logs.String(), "are dropped") })
	if !strings.Contains(r.logs.String(), "count=3") || strings.Contains(r.logs.String(), "w1") {
		t.Error(r.logs)
	}
	g.open()
	r.wrote("younger ")
}

// Updates of another token's bot are left to that bot for a day.
func TestAnotherTokenLeavesWhatWasSetAside(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	r.end()
	row := &dialog.Row{Head: dialog.Head{Key: dialog.Key{Bot: "bot", Flow: dialog.AsideFlow, ID: "77:tg:1000001"}, Owner: "tg:1000001",
		Version: 1, Tag: 1, Format: dialog.AsideFormat, Expires: r.clock.Now().Add(24 * time.Hour)},
		Answers: []byte(`{"u":[{"t":1790000000000,"u":` + text(1, 1, "to another") + `}]}`)}
	if _, err := r.store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
		t.Fatal(err)
	}
	r.bot(false, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	if rows := r.rows(); len(rows) != 1 || rows[0].Stamp() != row.Stamp() {
		t.Errorf("%d rows", len(rows))
	}
	r.clock.Add(25 * time.Hour)
	r.eventually("it goes", func() bool { return len(r.rows()) == 0 })
	r.eventually("the log says so", func() bool { return strings.Contains(r.logs.String(), "count=1") })
}

// Updates set aside are handled also if another program sets the webhook.
func TestPosted(t *testing.T) {
	t.Parallel()
	r, g := stuck(t)
	want := r.says(0, 5)
	r.passed()
	r.end()
	g.open()
	before := r.Count("deleteWebhook") // by the poller at its start
	r.bot(true, func(_ *rig, cfg *Config) { cfg.WebhookURL, cfg.Posted = "", true })
	r.wrote(want)
	if w := post(r.ch, secret, text(1, 1<<20, "posted")); w.Code != 200 {
		t.Errorf("a post: %d", w.Code)
	}
	r.wrote(want + "posted ")
	if n := r.Count("setWebhook") + r.Count("deleteWebhook") - before; n > 0 {
		t.Errorf("%d calls about the webhook", n)
	}
}
