package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// hearing is an open stream of a page.
type hearing struct {
	t      *testing.T
	status int
	header http.Header
	ids    chan string // of events; closed when the stream has ended
	close  func()

	mu    sync.Mutex
	lines []string
}

// hears opens a stream for a page that shows state.
func (b *client) hears(path, state string) *hearing {
	b.w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.w.srv.URL+path, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	req.Header = b.head.Clone()
	req.Header.Set("Last-Event-ID", state)
	res, err := b.http.Do(req)
	if err != nil {
		b.w.t.Fatal(err)
	}
	h := &hearing{t: b.w.t, status: res.StatusCode, header: res.Header, ids: make(chan string, 99), close: cancel}
	over := make(chan struct{})
	go func() {
		defer close(over)
		defer close(h.ids)
		defer func() { _ = res.Body.Close() }()
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			h.mu.Lock()
			h.lines = append(h.lines, lines.Text())
			h.mu.Unlock()
			if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				h.ids <- id
			}
		}
	}()
	b.w.t.Cleanup(func() { cancel(); <-over })
	return h
}

// next is the id of the next event.
func (h *hearing) next() string {
	h.t.Helper()
	select {
	case id, ok := <-h.ids:
		if !ok {
			h.t.Fatal("the stream has ended")
		}
		return id
	case <-time.After(patience):
		h.t.Fatal("no event")
	}
	return ""
}

// ended waits for the end of the stream.
func (h *hearing) ended() {
	h.t.Helper()
	for {
		select {
		case _, ok := <-h.ids:
			if !ok {
				return
			}
		case <-time.After(patience):
			h.t.Fatal("the stream goes on")
		}
	}
}

// tab is another page of the same browser.
func (b *client) tab() *client {
	other := *b
	other.page = sheet{}
	return &other
}

func (s sheet) state() string { return strings.Trim(s.header.Get("ETag"), `"`) }

// An open page hears that something has changed, and nothing of what. It asks for the page with the state that it has.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	state := b.page.state()
	if state == "" || !strings.Contains(b.page.body, `data-state="`+state+`"`) {
		t.Fatalf("state %q is not in the page\n%s", state, b.page.body)
	}
	page := b.tab()
	h := page.hears("/events", state)
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store", "Content-Encoding": ""} {
		if got := h.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	ask := func(state string) sheet {
		page.head.Set("If-None-Match", `"`+state+`"`)
		defer page.head.Del("If-None-Match")
		return page.get("/")
	}
	if got := ask(state); got.status != http.StatusNotModified || got.body != "" || got.state() != state {
		t.Errorf("asked without a change: %d %q %s", got.status, got.state(), got.body)
	}
	b.say("Bob")
	next := h.next()
	if next == state || next != b.page.state() {
		t.Errorf("told of %q, the page was %q and is %q", next, state, b.page.state())
	}
	if got := ask(state); got.status != http.StatusOK || got.state() != next || !strings.Contains(got.body, "How many?") {
		t.Errorf("asked after a change: %d %q", got.status, got.state())
	}
	b.say("999") // refused, which shows, too
	if refused := h.next(); refused == next || ask(refused).status != http.StatusNotModified {
		t.Errorf("told of %q", refused)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	line := regexp.MustCompile(`^(retry: [1-8]\d\d\d|event: card|id: [\w-]{22}|data:|)$`)
	for _, l := range h.lines {
		if !line.MatchString(l) {
			t.Errorf("the stream says %q", l)
		}
	}
}

// A page that shows another state is told at once; one that shows the current state hears of the next.
func TestEventsAfterAGap(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	old := b.page.state()
	b.say("Bob")
	now := b.page.state()
	for _, had := range []string{old, "", "of another program"} {
		if got := b.hears("/events", had).next(); got != now {
			t.Errorf("a page with %q is told of %q, want %q", had, got, now)
		}
	}
	h := b.hears("/events", now)
	b.say("3")
	if got := h.next(); got != b.page.state() {
		t.Errorf("the first word is of %q, want %q", got, b.page.state())
	}
}

// Pages of two visitors, languages and conversations have different states.
func TestStates(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Languages = []string{"en", "eo"} })
	a := w.visit()
	first := a.get("/").state()
	if again := a.get("/").state(); again != first {
		t.Errorf("the same page has the states %q and %q", first, again)
	}
	b := w.visit()
	b.get("/")
	b.head.Set("Accept-Language", "eo")
	seen := []string{first, b.get("/").state(), w.visit().get("/").state(), a.open().page.state()}
	b.head.Del("Accept-Language")
	seen = append(seen, b.get("/").state())
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 5 {
		t.Errorf("states %q", seen)
	}
}

// A page hears of the conversations that it shows: one that its own has started, one that it opened by its link, and the
// personal one beside it.
func TestEventsOfOtherConversations(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	state := b.page.state()
	h := b.hears("/events", state)
	b.say("Bob")
	b.say("3")
	b.tap("size:large")
	b.tap("confirm")
	b.want(200, "under_way")
	for h.next() != b.page.state() {
	}
	parcel := dialog.Key{Bot: w.engine.Bot(), Flow: "parcel", ID: b.page.draft}
	opened := b.hears("/events?show="+parcel.ID, b.get("/?show="+parcel.ID).state())
	move := func(id, name string) {
		t.Helper()
		out, err := w.engine.Handle(t.Context(), dialog.Input{ID: id, Kind: dialog.KindOrder, Key: parcel, Name: name})
		if err != nil || out.Did != dialog.DidApply {
			t.Fatal(out.Did, err)
		}
	}
	move("1", "help")
	if got, want := h.next(), b.get("/").state(); got != want {
		t.Errorf("told of %q, want %q", got, want)
	}
	if got, want := opened.next(), b.get("/?show="+parcel.ID).state(); got != want {
		t.Errorf("the opened page is told of %q, want %q", got, want)
	}
	if got := b.hears("/events?show=PARCEL-OFNOBODY", b.get("/?show=PARCEL-OFNOBODY").state()); got.status != http.StatusOK {
		t.Error(got.status)
	}
	if err := w.engine.Forget(t.Context(), parcel); err != nil {
		t.Fatal(err)
	}
	if got, want := opened.next(), b.get("/?show="+parcel.ID).state(); got != want {
		t.Errorf("after its end the opened page is told of %q, want %q", got, want)
	}
}

// Another person's page hears nothing of a conversation, whatever its link says.
func TestEventsOfAnother(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.say("Bob")
	b.say("3")
	b.tap("size:large")
	b.tap("confirm")
	id := b.page.draft
	other := w.visit().open()
	h := other.hears("/events?show="+id, other.get("/?show="+id).state())
	b.tap("help")
	other.say("Eve")
	if got, want := h.next(), other.get("/?show="+id).state(); got != want {
		t.Errorf("the first word is of %q, want its own change %q", got, want)
	}
}

// Streams are bounded: in all, and of a visitor. A stream that ends makes room. A visitor without a cookie has none.
func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.LivePages = streamsVisitor + 1 })
	b, other, third := w.visit().open(), w.visit().open(), w.visit().open()
	var open []*hearing
	for range streamsVisitor {
		open = append(open, b.hears("/events", b.page.state()))
	}
	want := func(what string, b *client, status int) {
		t.Helper()
		h := b.hears("/events", b.page.state())
		defer h.close()
		if h.status != status {
			t.Errorf("%s: %d, want %d", what, h.status, status)
		}
	}
	want("one more of a visitor", b, http.StatusNoContent)
	want("without a cookie", w.visit(), http.StatusNoContent)
	last := other.hears("/events", other.page.state())
	if last.status != http.StatusOK || w.site.LivePages() != streamsVisitor+1 {
		t.Errorf("another visitor: %d, %d pages", last.status, w.site.LivePages())
	}
	want("one more in all", third, http.StatusNoContent)
	open[0].close()
	until(t, "the end of a stream makes room", func() bool { return w.site.LivePages() == streamsVisitor })
	want("then", third, http.StatusOK)
	until(t, "and of another", func() bool { return w.site.LivePages() == streamsVisitor })
	for _, h := range append(open, last) {
		h.close()
	}
	until(t, "nothing is kept", func() bool {
		w.site.audience.mu.Lock()
		defer w.site.audience.mu.Unlock()
		return w.site.audience.all+len(w.site.audience.of)+w.engine.Watchers() == 0
	})
	none := newWorld(t, func(c *Config) { c.LivePages = -1 })
	want("switched off", none.visit().open(), http.StatusNoContent)
}

// Visitors are free to get, so an address and its network have bounds, too. This machine has none.
func TestStreamsOfANetwork(t *testing.T) {
	x, n := newAudience(1<<20), 0
	open := func(from string, most int) (opened int) {
		for range most {
			n++
			if _, ok := x.enter(fmt.Sprint("visitor", n), netip.MustParseAddr(from)); !ok {
				break
			}
			opened++
		}
		return opened
	}
	for _, c := range []struct {
		from string
		want int
	}{
		{"203.0.113.9", connsAddress}, {"203.0.113.9", 0}, {"203.0.113.10", connsAddress}, {"203.0.113.11", connsAddress}, {"203.0.113.12", connsAddress}, {"203.0.113.13", 0},
		{"2001:db8:1:1::1", connsAddress}, {"2001:db8:1:1::2", 0}, {"198.51.100.1", connsAddress}, {"127.0.0.1", 2000},
	} {
		if got := open(c.from, 2000); got != c.want {
			t.Errorf("%s: %d, want %d", c.from, got, c.want)
		}
	}
}

// At drain streams end at once, and later ones say when to come again. Shutdown waits for none.
func TestStreamsEndAtDrain(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	h := b.hears("/events", b.page.state())
	w.site.Drain()
	w.site.Drain()
	h.ended()
	late := b.hears("/events", b.page.state())
	late.ended()
	if late.status != http.StatusOK || len(late.lines) == 0 || !strings.HasPrefix(late.lines[0], "retry: ") {
		t.Errorf("a later one: %d %q", late.status, late.lines)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.srv.Config.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// While the store is away a stream stays, and the page hears of what has changed when the store is back.
func TestEventsWhileTheStoreIsAway(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	h := b.hears("/events", b.page.state())
	lists := w.store.lists.Load()
	w.store.reads.Store(true)
	in := dialog.Input{ID: "1", Kind: dialog.KindText, Text: "Bob", Owner: VisitorPrefix + b.visitor(), Bound: false}
	if _, err := w.engine.Handle(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	loads := w.store.loads.Load()
	until(t, "the stream has tried", func() bool { return w.store.loads.Load() > loads || w.store.lists.Load() > lists })
	w.store.reads.Store(false)
	if got, want := h.next(), b.get("/").state(); got != want {
		t.Errorf("told of %q, want %q", got, want)
	}
}

// visitor is the id of a client's cookie.
func (b *client) visitor() string {
	for _, c := range b.http.Jar.Cookies(b.w.url()) {
		if id, _, ok := strings.Cut(c.Value, "."); ok {
			return id
		}
	}
	return ""
}

// slowClient is a response whose deadlines and writes are seen.
type slowClient struct {
	*httptest.ResponseRecorder
	writeBy time.Time
	gone    atomic.Bool
	wrote   []time.Time
}

func (c *slowClient) SetReadDeadline(time.Time) error    { return nil }
func (c *slowClient) SetWriteDeadline(t time.Time) error { c.writeBy = t; return nil }
func (c *slowClient) Write(b []byte) (int, error) {
	if c.gone.Load() || time.Until(c.writeBy) != writeFor {
		return 0, errors.New("gone")
	}
	c.wrote = append(c.wrote, time.Now())
	return c.ResponseRecorder.Write(b)
}

// A stream says something each 20 seconds, and gives a client five to receive it. A client that is gone ends it.
func TestQuietStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: &faulty{Store: dialog.NewMemory()}}
		var err error
		if w.engine, err = dialog.New(w.store, dialog.Config{Bot: "Shop"}, orderForm(), parcel{}); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.engine.Close(t.Context()) }()
		if w.site, err = New(Config{Engine: w.engine, Key: testKey}); err != nil {
			t.Fatal(err)
		}
		c := &slowClient{ResponseRecorder: httptest.NewRecorder()}
		v := visitor{id: random()}
		req := httptest.NewRequest(http.MethodGet, "http://localhost/events", nil).WithContext(t.Context())
		req.AddCookie(&http.Cookie{Name: w.site.cookie, Value: v.id + "." + mac(w.site.keys[0], forCookie, v.id)}) //nolint:gosec // of a request
		over := make(chan struct{})
		began := time.Now()
		go func() { w.site.ServeHTTP(c, req); close(over) }()
		time.Sleep(65 * time.Second)
		synctest.Wait()
		if got := c.Body.String(); strings.Count(strings.ReplaceAll(got, "\n", "\n\n"), "\n:\n") != 3 || !strings.HasPrefix(got, "retry: ") {
			t.Errorf("a minute of %q", got)
		}
		if last := c.wrote[len(c.wrote)-1].Sub(began); last != 60*time.Second {
			t.Errorf("the last word came after %v", last)
		}
		c.gone.Store(true)
		time.Sleep(quietFor)
		synctest.Wait()
		select {
		case <-over:
		default:
			t.Error("the stream of a client that is gone goes on")
		}
	})
}

func (w *world) url() *url.URL {
	u, err := url.Parse(w.srv.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}
