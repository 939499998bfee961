package console_test

import (
	"context"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
	"github.com/lockbay/lockbay/insight/report"
)

const token = "correct horse battery staple"

var (
	at  = time.Date(2026, 11, 24, 12, 49, 0, 0, time.UTC)
	key = []byte("0123456789abcdef0123456789abcdef")
)

// world is a console over a log of events, with a clock of its own.
type world struct {
	*testing.T
	memory  *dialog.Memory
	console *console.Console
	srv     *httptest.Server
	log     text

	mu    sync.Mutex
	now   time.Time
	from  netip.Addr // of the next request
	reads int        // reports
	fails error      // of Record
}

func newWorld(t *testing.T, change ...func(*console.Config)) *world {
	t.Helper()
	w := &world{T: t, memory: dialog.NewMemory(), now: at, from: netip.MustParseAddr("192.0.2.1")}
	cfg := console.Config{
		Token: token, Key: key, Bot: "lockbay", Personal: "escrow", Escrows: "deal", Log: w.memory, Report: w.report,
		Record: func(ctx context.Context, e dialog.Event) error {
			if w.fails != nil {
				return w.fails
			}
			return recordIn(w.memory)(ctx, e)
		},
		Head: func(context.Context, dialog.Key) (dialog.Head, error) { return dialog.Head{}, dialog.ErrNotFound },
		Answers: func(context.Context, dialog.Key, string) ([]console.Answer, error) {
			return []console.Answer{{Name: "seller", Text: "@anna_ceramics"}, {Name: "description", Text: "Twelve <b>stoneware</b> plates"}}, nil
		},
		Now:  func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
		Slog: slog.New(slog.NewTextHandler(&w.log, nil)),
		Client: func(*http.Request) netip.Addr {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.from
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if w.console, err = console.New(cfg); err != nil {
		t.Fatal(err)
	}
	w.srv = httptest.NewServer(w.console)
	t.Cleanup(w.srv.Close)
	return w
}

// recordIn writes events into a log.
func recordIn(m *dialog.Memory) func(context.Context, dialog.Event) error {
	return func(ctx context.Context, e dialog.Event) error {
		_, err := m.Commit(ctx, &dialog.Batch{Events: []dialog.Event{e}})
		return err
	}
}

// plant puts a month of people into the log, half of whom were in memory only.
func (w *world) plant() {
	w.Helper()
	events := month()
	if _, err := w.memory.Commit(w.Context(), &dialog.Batch{Events: events}); err != nil {
		w.Fatal(err)
	}
}

// month are the events of a month: people in mode lightweight who meet restarts, and a tenth of them in mode database.
func month() []dialog.Event {
	p := insighttest.Plant{Seed: 1, N: 1800, Days: 30, End: at.Add(-24 * time.Hour), Mode: "lightweight", Leaves: []float64{.06, .05, .24, .03, .03}, Pauses: .1, Loses: .8, Pace: 3 * time.Minute}
	for day := 2; day < 30; day += 2 {
		p.Restarts = append(p.Restarts, at.AddDate(0, 0, -day).Add(time.Duration(day)*31*time.Minute))
	}
	events, _ := p.Events()
	for i := range events {
		if strings.HasSuffix(events[i].Draft, "7") && events[i].Kind != dialog.EventLost {
			events[i].Mode = "database"
		}
	}
	kept := events[:0]
	for _, e := range events {
		if e.Kind == dialog.EventLost && strings.HasSuffix(e.Draft, "7") {
			continue
		}
		kept = append(kept, e)
	}
	for i := range 40 {
		kept = append(kept, dialog.Event{Kind: dialog.EventRefused, Key: "lockbay:escrow:tg:" + string(rune('0'+i%10)), Draft: "d" + string(rune('0'+i%10)), Step: "amount_input", Cause: []string{"two_readings", "range"}[i%2], Instance: "host", At: at.AddDate(0, 0, -9)})
	}
	return kept
}

// report counts what is in the log.
func (w *world) report(ctx context.Context, window time.Duration) (*console.Report, error) {
	w.mu.Lock()
	w.reads++
	w.mu.Unlock()
	events, err := w.memory.Events(ctx, dialog.EventQuery{Limit: 1 << 30})
	if err != nil {
		return nil, err
	}
	return reportOf(events, window), nil
}

// reportOf counts events.
func reportOf(events []dialog.Event, window time.Duration) *console.Report {
	f := insight.Collect(insight.Config{Flow: "escrow", Horizon: 24 * time.Hour})
	since := time.Time{}
	for i := range events {
		f.Add(&events[i])
		if since.IsZero() || events[i].At.Before(since) {
			since = events[i].At
		}
	}
	limits := insight.DefaultThresholds()
	x := f.Figures(at, window, limits)
	r := report.Of(x, limits, x.Mode, at, since)
	for end := at.Add(-window).Add(7 * 24 * time.Hour); !end.After(at); end = end.Add(7 * 24 * time.Hour) {
		r.Weeks = append(r.Weeks, f.Figures(end, 7*24*time.Hour, limits))
	}
	return r
}

func (w *world) advance(d time.Duration) { w.mu.Lock(); w.now = w.now.Add(d); w.mu.Unlock() }

// text is what many write at once.
type text struct {
	mu sync.Mutex
	b  strings.Builder
}

func (x *text) Write(p []byte) (int, error) { x.mu.Lock(); defer x.mu.Unlock(); return x.b.Write(p) }
func (x *text) String() string              { x.mu.Lock(); defer x.mu.Unlock(); return x.b.String() }

// operator is a browser.
type operator struct {
	w      *world
	client *http.Client
	status int
	header http.Header
	page   string
}

func (w *world) operator() *operator {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &operator{w: w, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (o *operator) read(res *http.Response, err error) *operator {
	o.w.Helper()
	if err != nil {
		o.w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		o.w.Fatal(err)
	}
	o.status, o.header, o.page = res.StatusCode, res.Header, string(b)
	return o
}

func (o *operator) get(path string) *operator {
	o.w.Helper()
	return o.read(o.client.Get(o.w.srv.URL + path))
}

// post sends a form with the words of the present page.
func (o *operator) post(path string, pairs ...string) *operator {
	o.w.Helper()
	form := url.Values{}
	for _, name := range []string{"csrf", "form", "id", "stage"} {
		form.Set(name, o.match(`name="`+name+`" value="([^"]*)"`))
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return o.read(o.client.PostForm(o.w.srv.URL+path, form))
}

func (o *operator) match(pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(o.page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// signIn signs in.
func (o *operator) signIn() *operator {
	o.w.Helper()
	if o.get("/console"); !strings.Contains(o.page, `name="token"`) {
		o.w.Fatalf("no sign-in:\n%s", o.page)
	}
	if o.post("/console", "token", token); o.status != http.StatusSeeOther {
		o.w.Fatalf("status %d:\n%s", o.status, o.page)
	}
	return o.get("/console")
}

// is wants this status, and these texts.
func (o *operator) is(status int, texts ...string) *operator {
	o.w.Helper()
	if o.status != status {
		o.w.Errorf("status %d, want %d:\n%s", o.status, status, o.page)
	}
	for _, text := range texts {
		if !strings.Contains(html.UnescapeString(o.page), text) {
			o.w.Errorf("no %q in\n%s", text, o.page)
		}
	}
	return o
}

// isIn reports whether the page of the overview is shown to this browser.
func (o *operator) isIn() bool {
	o.w.Helper()
	o.get("/console")
	return strings.Contains(o.page, "What needs you")
}

var errAway = errors.New("away")
