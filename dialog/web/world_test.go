package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	forms "github.com/lockbay/lockbay/dialog/form"
)

// order is the draft of the tests' form.
type order struct {
	Who, What string
	Count     int
	Size      string
}

func orderForm() forms.Form[order] {
	size := forms.Choose("size", "What size?", func(o *order) *string { return &o.Size }, "small", "large")
	size.Pose = func(_ *order, _ dialog.View, c *dialog.Card) { // also by text
		c.First, c.Field = true, &dialog.Field{Label: "Or another size"}
	}
	return forms.Form[order]{
		Name: "order", Review: true,
		Questions: []forms.Question[order]{
			forms.Text("who", "Who is it for?", func(o *order) *string { return &o.Who }, forms.Length(2, 40)),
			forms.Number("count", "How many?", func(o *order) *int { return &o.Count }, forms.Between(1, 20)),
			size,
		},
		Submit: func(_ order, t *dialog.Turn) string {
			id := "PARCEL-" + strings.ToUpper(t.ID(5))
			t.Start(&dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: t.Record.Key.Bot, Flow: "parcel", ID: id}, Owner: t.Record.Owner, Draft: id, Step: "under_way"}}, true)
			return ""
		},
	}
}

// parcel is the conversation that an order starts.
type parcel struct{}

func (parcel) FlowName() string     { return "parcel" }
func (parcel) Match(id string) bool { return strings.HasPrefix(id, "PARCEL-") }
func (parcel) Decide(t *dialog.Turn) {
	switch t.Input.Name {
	case "status":
		t.Applied()
	case "cancel":
		t.Record.Step = "cancelled"
		t.Applied()
	case "help":
		t.Record.Step = "helped"
		t.Applied()
	default:
		t.Stale()
	}
}

func (parcel) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{
		Step: r.Step, Progress: "Parcel " + r.Step, Line: lineOf(r), Question: "On its way", Refresh: true,
		Facts: []dialog.Fact{{Label: "Parcel", Value: r.Draft, Mono: true}},
		Sums:  []dialog.Sum{{Label: "To pay", Value: dialog.Isolate("€1,265.63"), Copy: "1265.63"}},
		Quiet: []dialog.Button{{Action: "create", Label: "New order", Free: true}, {Action: "help", Label: "Help with it"}, {Action: "cancel", Label: "Cancel parcel"}},
	}
}

// lineOf is a parcel in the list.
func lineOf(r *dialog.Record) *dialog.Line {
	return &dialog.Line{Who: dialog.Isolate(r.Draft), Sum: "1 kg", State: r.Step, Needs: r.Step == "waits"}
}

// faulty is a store that can be away.
type faulty struct {
	dialog.Store
	writes, reads atomic.Bool
	lists, loads  atomic.Int64
	rows          atomic.Int64 // of the lists
	commits       atomic.Int64
	hung          atomic.Pointer[chan struct{}] // not nil: nothing answers until it is closed
}

// hang blocks while the store is hung, at most until ctx ends.
func (s *faulty) hang(ctx context.Context) {
	if hung := s.hung.Load(); hung != nil {
		select {
		case <-*hung:
		case <-ctx.Done():
		}
	}
}

var errAway = errors.New("the disk is elsewhere")

func (s *faulty) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	s.hang(ctx)
	if s.writes.Load() {
		return dialog.Committed{}, errAway
	}
	s.commits.Add(int64(len(b.Writes)))
	return s.Store.Commit(ctx, b)
}

func (s *faulty) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	s.hang(ctx)
	s.lists.Add(1)
	if s.reads.Load() {
		return nil, errAway
	}
	rows, err := s.Store.List(ctx, q)
	s.rows.Add(int64(len(rows)))
	return rows, err
}

func (s *faulty) Load(ctx context.Context, key dialog.Key) (*dialog.Row, error) {
	s.hang(ctx)
	s.loads.Add(1)
	if s.reads.Load() {
		return nil, errAway
	}
	return s.Store.Load(ctx, key)
}

func (s *faulty) Head(ctx context.Context, key dialog.Key) (dialog.Head, error) {
	s.hang(ctx)
	s.loads.Add(1)
	if s.reads.Load() {
		return dialog.Head{}, errAway
	}
	return s.Store.Head(ctx, key)
}

// patience bounds a hang, not a slow machine.
const patience = time.Minute

// world is a bot with a page on a real socket.
type world struct {
	t      *testing.T
	store  *faulty
	engine *dialog.Engine
	site   *Site
	srv    *httptest.Server
	log    *bytes.Buffer
}

var testKey = bytes.Repeat([]byte("k"), 32)

func newWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	return newWorldOf(t, orderForm(), change...)
}

func newWorldOf(t *testing.T, form forms.Form[order], change ...func(*Config)) *world {
	t.Helper()
	w := &world{t: t, store: &faulty{Store: dialog.NewMemory()}, log: &bytes.Buffer{}}
	var err error
	if w.engine, err = dialog.New(w.store, dialog.Config{Bot: "Shop"}, form, parcel{}); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Engine: w.engine, Key: testKey, Name: "Shop", Log: slog.New(slog.NewTextHandler(w.log, nil))}
	for _, c := range change {
		c(&cfg)
	}
	if w.site, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	w.srv = httptest.NewServer(Server(w.site).Handler)
	t.Cleanup(func() {
		w.srv.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = w.engine.Close(ctx)
	})
	return w
}

// client is a plain client with a cookie jar and its current page.
type client struct {
	w    *world
	http *http.Client
	head http.Header // sent with every request
	page sheet
}

// sheet is a page as a plain client sees it.
type sheet struct {
	status                int
	header                http.Header
	body                  string
	draft, revision, step string
	form                  url.Values // hidden fields
}

func (w *world) visit() *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b := &client{w: w, head: http.Header{}, http: &http.Client{Jar: jar, Transport: &http.Transport{ExpectContinueTimeout: patience}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	return b
}

var (
	mainTag = regexp.MustCompile(`<main[^>]* data-draft="([^"]*)" data-revision="([^"]*)" data-step="([^"]*)"`)
	hidden  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

func (b *client) do(req *http.Request) sheet {
	b.w.t.Helper()
	for k, v := range b.head {
		if k == "Host" {
			req.Host = v[0]
		}
		req.Header[k] = v
	}
	res, err := b.http.Do(req)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.w.t.Fatal(err)
	}
	s := sheet{status: res.StatusCode, header: res.Header, body: string(body), form: url.Values{}}
	if m := mainTag.FindStringSubmatch(s.body); m != nil {
		s.draft, s.revision, s.step = m[1], m[2], m[3]
	}
	for _, m := range hidden.FindAllStringSubmatch(s.body, -1) {
		s.form.Set(m[1], html.UnescapeString(m[2]))
	}
	b.page = s
	return s
}

func (b *client) get(path string) sheet {
	b.w.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.w.srv.URL+path, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.do(req)
}

func (b *client) post(form url.Values) sheet {
	b.w.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.w.srv.URL+b.page.to(form.Get("action")), strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// to is where the form goes by the button of an action.
func (s sheet) to(action string) string {
	if m := regexp.MustCompile(`name="action" value="` + regexp.QuoteMeta(action) + `" formaction="([^"]*)"`).FindStringSubmatch(s.body); m != nil {
		return m[1]
	}
	return "/"
}

// with returns the page's form with these fields set, in pairs.
func (s sheet) with(pairs ...string) url.Values {
	v := url.Values{}
	for k, x := range s.form {
		v[k] = x
	}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// say types and presses Continue, tap presses a button; both follow a redirect.
func (b *client) say(text string) sheet {
	b.w.t.Helper()
	return b.follow(b.post(b.page.with("text", text)))
}
func (b *client) tap(action string) sheet {
	b.w.t.Helper()
	return b.follow(b.post(b.page.with("action", action)))
}

func (b *client) follow(s sheet) sheet {
	b.w.t.Helper()
	if s.status != http.StatusSeeOther {
		return s
	}
	if at := s.header.Get("Location"); at != "/" {
		b.w.t.Fatalf("sent to %q, want /", at)
	}
	return b.get("/")
}

// open begins an order.
func (b *client) open() *client {
	b.w.t.Helper()
	b.get("/")
	if s := b.tap("create"); s.step != "who" || s.status != 200 {
		b.w.t.Fatalf("after create: %d at %q", s.status, s.step)
	}
	return b
}

func (b *client) want(status int, step string, texts ...string) {
	b.w.t.Helper()
	if b.page.status != status || b.page.step != step {
		b.w.t.Fatalf("status %d at %q, want %d at %q\n%s", b.page.status, b.page.step, status, step, b.page.body)
	}
	for _, text := range texts {
		if !strings.Contains(b.page.body, text) {
			b.w.t.Fatalf("the page has no %q:\n%s", text, b.page.body)
		}
	}
}

func (w *world) rows() string {
	w.t.Helper()
	rows, err := w.store.Store.List(context.Background(), dialog.Query{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s %s v%d\n", r.Key.Flow, r.Step, r.Version)
	}
	return b.String()
}
