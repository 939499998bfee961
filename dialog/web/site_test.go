package web

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

func TestWholeOrder(t *testing.T) {
	w := newWorld(t)
	b := w.visit()
	s := b.get("/")
	b.want(200, "", `name="action" value="create"`)
	if s.draft != "" {
		t.Errorf("data-draft %q without a draft", s.draft)
	}
	if got := w.rows(); got != "" {
		t.Errorf("GET stored something:\n%s", got)
	}
	b.tap("create")
	b.want(200, "who", "<h1><label for=\"text\">Who is it for?</label></h1>", "Step 1 of 4", "<!doctype html>")
	first := b.page.body[strings.Index(b.page.body, "<form"):]
	if i := strings.Index(first, "<button"); !strings.HasPrefix(first[i:], `<button class="go">Continue`) {
		t.Errorf("the first submit is %s", first[i:i+60])
	}
	b.say("Ánna <b>\"&")
	b.want(200, "count", `<dd data-field="who"><bdi>Ánna &lt;b&gt;&#34;&amp;</bdi></dd>`)
	b.say("lots")
	b.want(422, "count", `role="alert"`, `aria-invalid="true" autofocus`, `value="lots"`, "<title>Error: How many? · Shop</title>")
	b.get("/")
	b.want(200, "count", `value="lots"`)
	b.say("7")
	b.want(200, "size", `<dd data-field="count">7</dd>`, `<button class="vh" tabindex="-1" aria-hidden="true">Continue</button>`, `name="action" value="size:small"`)
	b.tap("size:small")
	b.want(200, "review", `form="answer" name="action" value="edit:who"`, `class="review"`)
	draft := b.page.draft
	b.tap("edit:count")
	b.want(200, "count", `value="7"`)
	b.say("8")
	b.want(200, "review", `<dd data-field="count">8</dd>`)
	if b.page.draft != draft {
		t.Errorf("draft %q, was %q", b.page.draft, draft)
	}
	b.tap("confirm")
	b.want(200, "under_way", "PARCEL-")
	if !strings.HasPrefix(b.page.draft, "PARCEL-") {
		t.Errorf("data-draft %q, want the parcel", b.page.draft)
	}
	if got := w.rows(); strings.Count(got, "parcel") != 1 {
		t.Errorf("want one parcel:\n%s", got)
	}
}

// The page lists several conversations. An opened one stays open until the visitor
// opens another.
func TestOthers(t *testing.T) {
	w := newWorld(t)
	b := w.visit()
	for range 2 {
		b.open()
		b.say("Bob")
		b.say("3")
		b.tap("size:large")
		b.tap("confirm")
		b.want(200, "under_way")
	}
	second := b.page.draft
	i := strings.Index(b.page.body, `value="status:PARCEL-`)
	if i < 0 {
		t.Fatal("the other parcel is not listed")
	}
	first := b.page.body[i+len(`value="status:`):][:len(second)]
	if first == second || strings.Count(b.page.body, "status:PARCEL-") != 1 {
		t.Fatalf("listed %s beside %s", first, second)
	}
	b.tap("status:" + first)
	b.want(200, "under_way")
	if b.page.draft != first {
		t.Fatalf("shows %s, want %s", b.page.draft, first)
	}
	b.get("/")
	if b.page.draft != first {
		t.Fatalf("shows %s after a while, want %s", b.page.draft, first)
	}
	b.tap("create")
	b.want(200, "who", "status:"+first, "status:"+second)
	b.say("Eve")
	b.want(200, "count")
	b.tap("status:" + second)
	b.want(200, "under_way", `value="resume"`)
	b.tap("cancel")
	b.want(200, "cancelled")
	if b.page.draft != second {
		t.Fatalf("shows %s, want %s", b.page.draft, second)
	}
	b.tap("resume")
	b.want(200, "count")

	// another visitor's conversation cannot be opened by cookie or by tap
	e := w.visit()
	e.get("/")
	e.tap("status:" + first)
	e.want(409, "")
	e.head.Add("Cookie", "shop-look="+first)
	e.get("/")
	e.want(200, "")
	if strings.Contains(e.page.body, first) {
		t.Error("a cookie opens another visitor's parcel")
	}
	e.post(e.page.with("draft", first, "revision", "1", "action", "cancel"))
	e.want(409, "")
	if got := w.rows(); strings.Count(got, "cancelled") != 1 {
		t.Errorf("another visitor cancelled:\n%s", got)
	}
}

func TestSameInputAgain(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	form := b.page.with("text", "Bob")
	for range 3 {
		if s := b.post(form); s.status != http.StatusSeeOther {
			t.Fatalf("status %d", s.status)
		}
	}
	b.get("/")
	b.want(200, "count")
	if b.page.revision != "2" {
		t.Errorf("revision %s", b.page.revision)
	}
	one, two := b.get("/").form.Get("input_id"), b.get("/").form.Get("input_id")
	if one == two || one == "" {
		t.Errorf("input ids %q and %q", one, two)
	}
}

func TestEarlierForm(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	old := b.page
	b.get("/") // another rendering of the same card
	b.say("Bob")
	s := b.post(old.with("text", "Eve <i>"))
	b.want(409, "who", `value="Eve &lt;i&gt;"`, ">Keep Bob<", `role="status"><strong>`)
	if s.revision != "2" {
		t.Errorf("revision %s", s.revision)
	}
	b.post(old.with("action", "cancel", "text", "what I typed", "input_id", "another"))
	b.want(409, "count", "what I typed")
	b.post(b.get("/").with("revision", "many", "base", "", "text", "3"))
	b.want(409, "count")
	b.get("/")
	b.want(200, "count")
}

func TestStoreAway(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	form := b.page.with("text", "Bob \"&<")
	id := form.Get("input_id")

	w.store.writes.Store(true)
	b.post(form)
	b.want(503, "who", "note wait", `value="Bob &#34;&amp;&lt;"`, "readonly", "Try now", `class="saved not"`, "Not saved yet")
	if b.page.form.Get("input_id") != id || b.page.form.Get("draft") != form.Get("draft") || b.page.form.Get("revision") != form.Get("revision") {
		t.Errorf("the form is another input: %v", b.page.form)
	}
	w.store.reads.Store(true)
	w.engine.Evict()
	b.post(b.page.with("text", "Bob \"&<"))
	b.want(503, "who", "note wait", `value="Bob &#34;&amp;&lt;"`)
	if b.page.form.Get("input_id") != id {
		t.Error("the form is another input")
	}
	tap := url.Values{"action": {"cancel"}, "text": {""}}
	for _, k := range []string{"draft", "revision", "input_id", "csrf"} {
		tap.Set(k, form.Get(k))
	}
	b.post(tap)
	b.want(503, "who", `name="action" value="cancel"`, "Not saved yet: <bdi>Cancel</bdi>", "Who is it for?")
	if strings.Contains(scriptless(b.page.body), "Your text") || strings.Contains(scriptless(b.page.body), "Your answer") {
		t.Error("the page of a button promises to keep a text")
	}
	b.get("/")
	b.want(503, "", "The server does not answer")
	if b.page.header.Get("Refresh") == "" {
		t.Error("a failed GET does not reload")
	}
	if strings.Contains(w.log.String(), "Bob") {
		t.Error("the log has the text of the visitor")
	}
	w.store.writes.Store(false)
	w.store.reads.Store(false)
	b.follow(b.post(form))
	b.want(200, "count", "Bob")
}

// A draft of a newer version stays untouched. For a minute a retry may reach a newer
// instance; then the person is told.
func TestNewerDraft(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	form := b.page.with("text", "Bob")
	rows, err := w.store.Store.List(context.Background(), dialog.Query{Deep: true})
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	newer := *rows[0]
	newer.Schema, newer.Version, newer.Tag = 7, newer.Version+1, newer.Tag+1
	if _, err := w.store.Store.Commit(context.Background(), &dialog.Batch{Writes: []*dialog.Write{{Before: rows[0].Stamp(), After: &newer}}}); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	old, err := dialog.New(w.store, dialog.Config{Bot: "Shop", Now: func() time.Time { return now }}, orderForm(), parcel{})
	if err != nil {
		t.Fatal(err)
	}
	if w.srv.Config.Handler, err = New(Config{Engine: old, Key: testKey, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.post(form)
		b.want(503, "who", "A newer version", `value="Bob"`, "Try now")
		now = now.Add(2 * time.Minute)
	}
	b.get("/")
	b.want(200, "who", "A newer version")
	after, err := w.store.Store.List(context.Background(), dialog.Query{})
	if err != nil || after[0].Version != newer.Version {
		t.Errorf("it was touched: %+v, %v", after[0].Head, err)
	}
}

// reloads is how a browser without scripts reloads the page; empty: not.
func reloads(s sheet) string {
	_, rest, _ := strings.Cut(s.body, `<noscript><meta http-equiv="refresh" content="`)
	how, _, _ := strings.Cut(rest, `"`)
	return html.UnescapeString(how)
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	if reloads(b.page) != "" {
		t.Error("a page with a field reloads by itself")
	}
	b.say("Bob")
	b.say("3")
	b.tap("size:large")
	b.tap("confirm")
	at := "/?show=" + b.page.draft
	if reloads(b.page) != "15; url="+at {
		t.Error("a card that may change by itself does not reload")
	}
	b.want(200, "under_way", `href="`+at+`&amp;still"`)
	b.get(at + "&still")
	b.want(200, "under_way", "Let this page reload by itself", `href="`+at+`"`)
	if reloads(b.page) != "" {
		t.Error("a page without reloading reloads")
	}
}

// A page reloads to what it shows, whatever other tabs of the browser have opened since.
func TestRefreshesToWhatItShows(t *testing.T) {
	reload := func(b *client, s sheet) {
		t.Helper()
		_, at, _ := strings.Cut(reloads(s), "url=")
		if b.get(at); b.page.draft != s.draft {
			t.Errorf("%s reloads to %q, want %s", s.draft, b.page.draft, s.draft)
		}
	}
	w := newWorld(t)
	b := w.visit().open()
	w.parcels(w.ownerOf(b), 3)
	b.post(b.page.with("action", "status:PARCEL-00000"))
	first := b.get("/")
	b.post(first.with("action", "status:PARCEL-00001"))
	second := b.get("/")
	b.tap("resume")
	b.want(200, "who")
	reload(b, first)
	reload(b, second)
	stranger := w.visit()
	if stranger.get("/?show=" + first.draft); stranger.page.step != "" || stranger.page.status != 200 {
		t.Errorf("a link of another visitor: %d at %q", stranger.page.status, stranger.page.step)
	}
}

func TestRestless(t *testing.T) {
	for name, c := range map[string]*dialog.Card{
		"field": {Refresh: true, Field: &dialog.Field{}}, "question": {Refresh: true, Primary: &dialog.Button{}},
		"choices": {Refresh: true, Choices: []dialog.Button{{}}}, "alternative": {Refresh: true, Alt: []dialog.Button{{}}}, "still": {},
	} {
		if restless(c) {
			t.Errorf("a card with a %s reloads by itself", name)
		}
	}
	if !restless(cards()["pending"]) {
		t.Error("a pending payment does not reload")
	}
}

// While the store is away another visitor's conversation stays hidden.
func TestForeignWhileAway(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.say("Bob the Secret")
	b.say("3")
	b.tap("size:large")
	b.tap("confirm")
	form := b.page.with("action", "cancel")
	e := w.visit()
	e.get("/")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.engine.Close(ctx); err != nil {
		t.Fatal(err)
	}
	e.post(e.page.with("action", "cancel", "draft", form.Get("draft"), "revision", form.Get("revision")))
	e.want(503, "")
	if strings.Contains(e.page.body, "On its way") {
		t.Error("another visitor's parcel is shown")
	}
	b.post(form)
	b.want(503, "under_way", "On its way", "Try now")
}

func TestPlacesAndLanguages(t *testing.T) {
	w := newWorld(t, func(c *Config) {
		c.Languages = []string{"en", "uk", "ar"}
		c.Words = func(lang, code string, _ map[string]string) string {
			if lang == "ar" && code == "page.help" {
				return "مساعدة"
			}
			return ""
		}
	})
	b := w.visit()
	b.head.Set("Accept-Language", "de, uk-UA;q=0.8, en;q=0.5")
	b.open()
	b.want(200, "who", `<html lang="uk" dir="ltr">`)
	rows, err := w.store.Store.List(context.Background(), dialog.Query{Deep: true})
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	rec, err := dialog.Decode(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	if p := rec.Places[0]; p.Channel != "web" || p.Lang != "uk" || p.Push || "web:"+p.Address != rec.Owner {
		t.Errorf("place %+v of %s", p, rec.Owner)
	}
	a := w.visit()
	a.head.Set("Accept-Language", "ar-EG")
	a.get("/nothing/here")
	a.want(404, "", `<html lang="ar" dir="rtl">`, "مساعدة")
}

func TestBdi(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                                              "plain",
		"<\u2068a&b\u2069>":                                  "&lt;<bdi>a&amp;b</bdi>&gt;",
		"\u2068open":                                         "<bdi>open</bdi>",
		"name \u2068ESC-7K4M-92QXA\u2069":                    `name <bdi><span class="nb">ESC-7K4M-92QXA</span></bdi>`,
		"by \u2068Sat 28 Nov, 06:32 UTC+2\u2069":             `by <bdi><span class="nb">Sat 28 Nov, 06:32 UTC+2</span></bdi>`,
		"by \u2068Sat 2 Jan 2027, 06:32 UTC+2\u2069":         `by <bdi><span class="nb">Sat 2 Jan 2027,</span> <span class="nb">06:32 UTC+2</span></bdi>`,
		"until \u2068tomorrow, 05:32 UTC−3:30\u2069":         `until <bdi><span class="nb">tomorrow, 05:32 UTC−3:30</span></bdi>`,
		"on \u206817 Nov\u2069, \u20680.010125 BTC\u2069":    `on <bdi><span class="nb">17 Nov</span></bdi>, <bdi><span class="nb">0.010125 BTC</span></bdi>`,
		"\u2068a \u206817 Nov\u2069 06:32\u2069":             `<bdi>a <bdi><span class="nb">17 Nov</span></bdi> 06:32</bdi>`,
		"\u2068Friday 7 o'clock or 12:30, as you like\u2069": `<bdi>Friday 7 o&#39;clock or 12:30, as you like</bdi>`,
		"closed\u2069":                                       "closed",
		"\u2068a\u2068<script>\u2069\u2069c":                 "<bdi>a<bdi>&lt;script&gt;</bdi></bdi>c",
	} {
		if got := string(bdi(in)); got != want {
			t.Errorf("bdi(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	w := &world{store: &faulty{Store: dialog.NewMemory()}}
	w.engine, _ = dialog.New(w.store, dialog.Config{}, orderForm(), parcel{})
	s, err := New(Config{Engine: w.engine, Key: testKey})
	if err != nil {
		b.Fatal(err)
	}
	c := cards()["review"]
	out := discard{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		s.send(out, 200, "page", s.page(visitor{id: "x"}, "en", c))
	}
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// A double click sends a form twice, and two windows send Confirm at once.
func TestAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	send := func(forms ...url.Values) {
		var wg sync.WaitGroup
		for _, f := range forms {
			for range 8 {
				wg.Go(func() {
					req, err := http.NewRequest(http.MethodPost, w.srv.URL+"/", strings.NewReader(f.Encode()))
					if err != nil {
						t.Error(err)
						return
					}
					req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					res, err := b.http.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					_ = res.Body.Close()
					if res.StatusCode != http.StatusSeeOther {
						t.Errorf("status %d", res.StatusCode)
					}
				})
			}
		}
		wg.Wait()
	}
	send(b.page.with("text", "Bob"))
	b.get("/")
	b.want(200, "count")
	send(b.page.with("text", "3"))
	b.get("/")
	b.want(200, "size")
	b.tap("size:large")
	one, two := b.page, b.get("/")
	send(one.with("action", "confirm"), two.with("action", "confirm"))
	b.get("/")
	b.want(200, "under_way")
	if got := w.rows(); strings.Count(got, "parcel") != 1 {
		t.Errorf("want one parcel:\n%s", got)
	}
}

// The page at /help names the support, if there is one.
func TestHelpNamesTheSupport(t *testing.T) {
	for _, support := range []string{"", "@bay_help"} {
		w := newWorld(t, func(c *Config) {
			c.Support = support
			c.Help = func(string) []Answer { return []Answer{{"May I ask?", "Write to \u2068" + support + "\u2069."}} }
		})
		b := w.visit()
		b.get("/help")
		b.want(200, "", "How this page works", "<dt>May I ask?</dt>", "Back to Shop")
		if linked := strings.Contains(b.page.body, `<bdi><a href="https://t.me/bay_help"`); linked != (support != "") {
			t.Errorf("support %q: linked %t\n%s", support, linked, b.page.body)
		}
		if said := strings.Contains(b.page.body, "A person answers at"); said != (support != "") || !strings.Contains(b.page.body, support) {
			t.Errorf("support %q:\n%s", support, b.page.body)
		}
	}
}
