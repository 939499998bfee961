package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// hearing collects notices.
type hearing struct {
	mu      sync.Mutex
	keys    []string
	cleared int // calls without keys
}

func (h *hearing) hear(keys []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if keys == nil {
		h.cleared++
	}
	h.keys = append(h.keys, keys...)
	return nil
}

func (h *hearing) has(keys ...string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range keys {
		if !slices.Contains(h.keys, k) {
			return false
		}
	}
	return true
}

// times is how often a key was heard of.
func (h *hearing) times(key string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range h.keys {
		if k == key {
			n++
		}
	}
	return n
}

func (h *hearing) began(n int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cleared >= n
}

func TestNotices(t *testing.T) {
	direct := testdb.Postgres(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	proxy := testdb.Proxy(t, u.Host)
	// The sender writes and notifies through a pooler.
	a := openAt(t, bouncer(t, direct), WithNotices())
	b := openAt(t, direct, WithNotices())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var ofA, ofB hearing
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	listen := func(s *Store, url string, h *hearing) {
		wg.Go(func() {
			if err := s.Notices(ctx, url, h.hear, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("Notices: %v", err)
			}
		})
	}
	listen(a, direct, &ofA)
	listen(b, proxy.URL(direct), &ofB)
	soon(t, "both listen", func() bool { return ofA.began(1) && ofB.began(1) })

	r := dialogtest.NewRow(key("a \"quoted\"\nІрина"))
	w := &dialog.Write{After: r, Starts: []*dialog.Row{dialogtest.NewRow(key("deal"))}}
	mustApply(t, a, w)
	soon(t, "the other hears", func() bool { return ofB.has(r.Key.String(), key("deal").String()) })
	rows := put(t, a, 500) // more than one notice holds
	soon(t, "it hears of all", func() bool { return ofB.has(rows[0].Key.String(), rows[250].Key.String(), rows[499].Key.String()) })
	lost := dialogtest.Next(dialogtest.NewRow(rows[1].Key), 0)
	if v, err := commitOne(b, lost); v != dialog.Conflicts || err != nil {
		t.Fatal(v, err)
	}
	mustApply(t, b, dialogtest.Next(rows[0], 0))
	soon(t, "it hears back", func() bool { return ofA.has(rows[0].Key.String()) })
	if ofA.has(r.Key.String()) || ofA.has(rows[1].Key.String()) {
		t.Error("it hears of what it wrote itself, or of a turn that lost")
	}
	before := ofB.times(r.Key.String())
	if err := a.Forget(ctx, r.Key, r.Stamp()); err != nil {
		t.Fatal(err)
	}
	soon(t, "it hears what is forgotten", func() bool { return ofB.times(r.Key.String()) > before })
	proxy.Cut()
	soon(t, "it listens again, and knows that it may have missed something", func() bool { return ofB.began(2) })
	mustApply(t, a, dialogtest.Next(rows[2], 0))
	soon(t, "it hears again", func() bool { return ofB.has(rows[2].Key.String()) })
}

// TestNoticesOfAShortLife: a process that writes and ends at once, as a command does, is
// heard.
func TestNoticesOfAShortLife(t *testing.T) {
	url := testdb.Postgres(t)
	b := openAt(t, url, WithNotices())
	ctx, cancel := context.WithCancel(t.Context())
	var heard hearing
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = b.Notices(ctx, "", heard.hear, nil) })
	soon(t, "it listens", func() bool { return heard.began(1) })
	for n := range 5 {
		a, err := Open(t.Context(), url, WithNotices())
		if err != nil {
			t.Fatal(err)
		}
		k := key(fmt.Sprint("short", n))
		mustApply(t, a, &dialog.Write{After: dialogtest.NewRow(k)})
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		soon(t, "the notice arrives", func() bool { return heard.has(k.String()) })
	}
}

// TestNoticesWaitForTheirKey: a store that cannot read the key of notices neither sends nor
// hears any. Both sides tell, and begin as soon as the key can be read.
func TestNoticesWaitForTheirKey(t *testing.T) {
	url := testdb.Postgres(t)
	r := put(t, openAt(t, url), 1)[0]
	hide := func(from, to string) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), url)
		if err == nil {
			_, err = c.Exec(t.Context(), "alter table "+from+" rename to "+to)
		}
		if err != nil {
			t.Fatal(err)
		}
		closeConn(c)
	}
	hide("secrets", "hidden")
	var sender, listener atomic.Pointer[string]
	tell := func(to *atomic.Pointer[string]) func(string, error) {
		return func(what string, err error) { text := what + ": " + err.Error(); to.Store(&text) }
	}
	a, b := openAt(t, url, WithNotices(), WithTrouble(tell(&sender))), openAt(t, url, WithNotices())
	ctx, cancel := context.WithCancel(t.Context())
	var h hearing
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = b.Notices(ctx, "", h.hear, func(err error) { tell(&listener)("notices", err) }) })
	write := func() {
		w := dialogtest.Next(r, 0)
		mustApply(t, a, w)
		r = w.After
	}
	soon(t, "both tell of it", func() bool { write(); return sender.Load() != nil && listener.Load() != nil })
	for _, told := range []string{*sender.Load(), *listener.Load()} {
		if !strings.Contains(told, "notices") || !strings.Contains(told, "secret") {
			t.Errorf("told %q", told)
		}
	}
	hide("hidden", "secrets")
	soon(t, "it hears", func() bool { write(); return h.has(r.Key.String()) })
}

// TestNoticesAlone: a store that listens alone sends no notices. When another one begins to
// listen, it hears that it may have missed some, and all that follow.
func TestNoticesAlone(t *testing.T) {
	url := testdb.Postgres(t)
	raw, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close(context.Background())
	if _, err := raw.Exec(t.Context(), "listen "+channel); err != nil {
		t.Fatal(err)
	}
	a, b := openAt(t, url, WithNotices()), openAt(t, url, WithNotices())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	var ofA, ofB hearing
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = a.Notices(ctx, "", ofA.hear, nil) })
	soon(t, "it listens", func() bool { return a.notifier.until.Load() < math.MaxInt64 })
	a.notifier.until.Store(0) // as if nobody had been heard of for long
	alone := put(t, a, 1)[0]
	wg.Go(func() { _ = b.Notices(ctx, "", ofB.hear, nil) })
	soon(t, "the other hears that it may have missed notices", func() bool { return ofB.began(2) })
	next := dialogtest.Next(alone, 0)
	mustApply(t, a, next)
	soon(t, "the other hears", func() bool { return ofB.has(alone.Key.String()) })
	soon(t, "the newcomer is answered", func() bool { return b.notifier.until.Load() > time.Now().Add(noticeWithin).UnixNano() })
	seal, err := a.noticeCipher(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var sent []string // by a, in the order of commits
	for len(sent) < 2 {
		n, err := raw.WaitForNotification(ctx)
		if err != nil {
			t.Fatalf("%v: %q", err, sent)
		}
		if from, list, _ := strings.Cut(n.Payload, " "); from == a.notifier.id {
			sent = append(sent, unsealed(seal, list))
		}
	}
	if want := []string{`[""]`, `["` + alone.Key.String() + `"]`}; !slices.Equal(sent, want) {
		t.Errorf("it sent %q, want %q", sent, want)
	}
}

// TestNoticesOfAStoreThatDoesNotListen: it cannot know whether others do, and sends all.
func TestNoticesOfAStoreThatDoesNotListen(t *testing.T) {
	n := newNotifier()
	end := n.hears()
	n.until.Store(0)
	n.announce([]string{"alone"})
	end()
	n.announce([]string{"deaf"})
	if got := <-n.queue; !slices.Equal(got, []string{"deaf"}) {
		t.Errorf("it tells %q", got)
	}
}

func TestNoticesStop(t *testing.T) {
	s := openAt(t, testdb.Postgres(t))
	enough := errors.New("enough")
	if err := s.Notices(t.Context(), "", func([]string) error { return enough }, nil); !errors.Is(err, enough) {
		t.Errorf("Notices: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		done <- s.Notices(context.Background(), "", func([]string) error { return s.Close() }, nil)
	}()
	select {
	case err := <-done:
		if !errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("Notices of a closed store: %v", err)
		}
	case <-time.After(patience):
		t.Error("Notices outlive the store")
	}
	if err := s.Notices(t.Context(), "postgres://u:secret@h:port/db", nil, nil); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("Notices: %v", err)
	}
}

// TestNoticesNeverHoldUp: commits go on although the queue of notices is full.
func TestNoticesNeverHoldUp(t *testing.T) {
	n := newNotifier() // nothing reads its queue
	for i := range 10 * noticeQueue {
		n.announce([]string{fmt.Sprint(i)})
	}
	if len(n.queue) != noticeQueue {
		t.Errorf("%d in the queue", len(n.queue))
	}
	if next, after := n.whole([]string{"next"}), n.whole([]string{"next"}); !slices.Equal(next, []string{"next", anyKey}) || !slices.Equal(after, []string{"next"}) {
		t.Errorf("the notices behind say %q and %q: want once that some were dropped", next, after)
	}
}

// TestNoticesThatCannotBeSent: the connection that sends them breaks. What was lost is made good without a further commit: all
// hear that any row may have changed.
func TestNoticesThatCannotBeSent(t *testing.T) {
	url := testdb.Postgres(t)
	a, b := openAt(t, url, WithNotices()), openAt(t, url, WithNotices())
	ctx, cancel := context.WithCancel(t.Context())
	var h hearing
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = b.Notices(ctx, "", h.hear, nil) })
	soon(t, "it listens", func() bool { return h.began(1) })
	r := put(t, a, 1)[0]
	soon(t, "it hears", func() bool { return h.has(r.Key.String()) })
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer closeConn(c)
	if tag, err := c.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity where query = $1`, sendNotices); err != nil || tag.RowsAffected() != 1 {
		t.Fatal(tag, err)
	}
	mustApply(t, a, dialogtest.Next(r, 0))
	soon(t, "it hears that it may have missed something", func() bool { return h.began(2) })
}

func TestNoticeSize(t *testing.T) {
	n := newNotifier()
	var keys []string
	for i := range 2000 {
		keys = append(keys, fmt.Sprintf("bot:flow:%d-%s", i, strings.Repeat("ї", i%40)))
	}
	list := n.payloads(append(keys, strings.Repeat("x", 9000)))
	var got int
	for _, p := range list {
		if len(p) >= 8000 {
			t.Errorf("a notice of %d bytes", len(p))
		}
		got += strings.Count(p, `"bot:flow:`)
	}
	if got != len(keys) || n.payloads(nil) != nil {
		t.Errorf("%d keys of %d", got, len(keys))
	}
}

// TestNoticesTrouble: without notices trouble gets the reason, once. Through a pooler LISTEN
// works and no notice comes.
func TestNoticesTrouble(t *testing.T) {
	direct := testdb.Postgres(t)
	pooled := bouncer(t, direct)
	nowhere := strings.Replace(direct, "lockbay@", "nobody:secret@", 1)
	elsewhere := testdb.Postgres(t)
	for name, c := range map[string]struct {
		store, direct, want string
		deaf                bool
	}{
		"open":             {direct, direct, "", false},
		"open, own URL":    {direct, "", "", false},
		"open past pooler": {pooled, direct, "", false},
		"wrong user":       {direct, nowhere, "nobody", false},
		"pooler":           {pooled, "", "", true},
		"pooler, named":    {direct, pooled, "", true},
		"another database": {direct, elsewhere, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openAt(t, c.store, WithNotices())
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if c.want == "" && !c.deaf {
				time.AfterFunc(noticeWithin+time.Second, cancel) // by then it would be told
			}
			var wg sync.WaitGroup
			defer wg.Wait()
			wg.Go(func() {
				if err := Heard(t.Context(), c.store, c.direct); errors.Is(err, ErrNoNotices) != c.deaf || (err == nil) != (c.want == "" && !c.deaf) {
					t.Errorf("Heard: %v", err)
				}
			})
			var told []error
			trouble := func(err error) {
				told = append(told, err)
				time.AfterFunc(3*time.Second, cancel) // by then it would be told again
			}
			if err := s.Notices(ctx, c.direct, func([]string) error { return nil }, trouble); !errors.Is(err, context.Canceled) {
				t.Errorf("Notices: %v", err)
			}
			switch {
			case c.want == "" && !c.deaf:
				if len(told) > 0 {
					t.Errorf("trouble: %v", told)
				}
			case len(told) != 1 || errors.Is(told[0], ErrNoNotices) != c.deaf || !strings.Contains(told[0].Error(), c.want) || strings.Contains(told[0].Error(), "secret"):
				t.Errorf("told %v", told)
			}
		})
	}
}

// The URL of the store works for notices, with the settings of its pool.
func TestNoticesIgnoreThePool(t *testing.T) {
	at := testdb.Postgres(t)
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("pool_max_conns", "4")
	u.RawQuery = q.Encode()
	a, b := openAt(t, u.String(), WithNotices()), openAt(t, at, WithNotices())
	ctx, cancel := context.WithCancel(t.Context())
	var h hearing
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = a.Notices(ctx, u.String(), h.hear, nil) })
	soon(t, "it listens", func() bool { return h.began(1) })
	r := dialogtest.NewRow(key("pooled"))
	mustApply(t, b, &dialog.Write{After: r})
	soon(t, "it hears", func() bool { return h.has(r.Key.String()) })
	if err := Heard(ctx, u.String(), u.String()); err != nil {
		t.Errorf("Heard: %v", err)
	}
}

// TestNoticesAreSealed: a role that may only LISTEN learns nobody's key.
func TestNoticesAreSealed(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url, WithNotices())
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(t.Context(), "listen "+channel); err != nil {
		t.Fatal(err)
	}
	mustApply(t, s, &dialog.Write{After: dialogtest.NewRow(key("tg:1000001"))})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	n, err := c.WaitForNotification(ctx)
	if err != nil || strings.Contains(n.Payload, "1000001") || len(n.Payload) >= 8000 {
		t.Errorf("%v: the notice is %+v", err, n)
	}
	seal, err := s.noticeCipher(t.Context())
	if err != nil || seal == nil {
		t.Fatal(seal, err)
	}
	list := sealed(seal, s.notifier.payloads([]string{strings.Repeat("x", noticeMax/2-2), strings.Repeat("y", noticeMax/2-2)}))
	for _, p := range list {
		if len(p) >= 8000 {
			t.Errorf("a sealed notice of %d bytes", len(p))
		}
	}
}
