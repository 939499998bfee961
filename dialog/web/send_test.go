package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/browser"
)

// line is the connection between browsers and the page. It can break.
type line struct {
	site  http.Handler
	cut   atomic.Bool  // nothing arrives
	drop  atomic.Int64 // so many answers to forms are lost on their way
	forms atomic.Int64 // that arrived
}

func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.cut.Load() {
		panic(http.ErrAbortHandler)
	}
	if r.Method != http.MethodPost {
		l.site.ServeHTTP(w, r)
		return
	}
	l.forms.Add(1)
	if l.drop.Add(-1) >= 0 {
		l.site.ServeHTTP(httptest.NewRecorder(), r)
		w.Header().Set("Content-Length", "1000") // a browser repeats a form by itself on a connection that ends before an answer
		_, _ = w.Write([]byte("<!doctype html>"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	l.site.ServeHTTP(w, r)
}

// breakable puts a line between browsers and the page.
func (w *world) breakable() *line {
	l := &line{site: w.srv.Config.Handler}
	w.srv.Config.Handler = l
	return l
}

const (
	header  = `document.querySelector(".saved").textContent`
	atCount = `document.querySelector("[name=question]").value == "count"`
)

// A form is sent without leaving the page: no step is in the history, so that Back never asks to send it again. What the page
// did itself is not announced.
func TestSends(t *testing.T) {
	w := newWorld(t)
	l := w.breakable()
	tab := w.beside(w.visit().open(), browser.Start(t), browser.Phone)
	l.forms.Store(0)
	browser.Eval[bool](tab, listen)
	browser.Eval[bool](tab, `document.querySelector(".saved").mine = window.setTimeout = (real => (f, ms, ...a) => ms == 400 || real(f, ms, ...a))(setTimeout), true`) // however slow
	before := browser.Eval[int](tab, `window.same = true, history.length`)
	tab.Type("#text", "Bob")
	browser.Eval[bool](tab, `document.querySelector("#answer").requestSubmit(), document.querySelector("#answer").requestSubmit(), true`) // twice
	tab.Wait(atCount)
	if n := l.forms.Load(); n != 1 {
		t.Errorf("%d forms were sent", n)
	}
	tab.Wait(`document.querySelector("#text").matches(":focus")`)
	if got := tab.Value("#text"); got != "" {
		t.Errorf("the field of the next question has %q", got)
	}
	if browser.Eval[bool](tab, `!!document.querySelector(".saved").mine`) {
		t.Error("the header is the same element, so that it says what the page did itself")
	}
	tab.Type("#text", "lots\r")
	tab.Wait(`document.title.startsWith("Error: ")`)
	if got := tab.Value("#text"); got != "lots" {
		t.Errorf("a refused field has %q", got)
	}
	tab.Wait(`document.querySelector("#text").matches(":focus")`)
	tab.Replace("#text", "7")
	tab.Press("\r")
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
	tab.Tap(`button[value="size:small"]`)
	tab.Wait(`document.querySelector("main").dataset.step == "review"`)
	tab.Wait(`document.activeElement.tagName == "H1"`)
	if after := browser.Eval[int](tab, `window.same && history.length`); after != before {
		t.Errorf("the history has %d steps more", after-before)
	}
	if got := browser.Eval[[]string](tab, `said.filter(Boolean)`); len(got) > 0 {
		t.Errorf("announced %q", got)
	}
	if got := browser.Eval[int](tab, `localStorage.length`); got != 0 {
		t.Error("a text that was saved is kept")
	}
}

// While the answer is on its way the header says so.
func TestSaving(t *testing.T) {
	w := newWorld(t)
	tab := w.beside(w.visit().open(), browser.Start(t), browser.Phone)
	browser.Eval[bool](tab, `document.querySelector(".saved").mine = true`)
	hung := make(chan struct{})
	w.store.hung.Store(&hung)
	tab.Type("#text", "Bob\r")
	tab.Wait(header + ` == "saving…"`)
	w.store.hung.Store(nil)
	close(hung)
	tab.Wait(atCount)
	tab.Wait(header + `.startsWith("Saved")`)
	if !browser.Eval[bool](tab, `!!document.querySelector(".saved").mine`) {
		t.Error("the header is another element: nobody hears that the answer was saved")
	}
}

// A text beside a button that was pressed stays, while its question is still asked; the same field of another draft is empty.
func TestTextBesideAButton(t *testing.T) {
	w := newWorld(t)
	tab := w.beside(w.visit().open(), browser.Start(t), browser.Phone)
	press := func(action string) {
		browser.Eval[bool](tab, count)
		browser.Eval[bool](tab, `(b => { b.name = "action"; b.value = "`+action+`"; document.querySelector("#answer").append(b); b.click() })(document.createElement("button")), true`)
		tab.Wait(`answered`)
	}
	tab.Type("#text", "Bob")
	press("resume")
	tab.Wait(`document.querySelector("#text").value == "Bob"`)
	tab.Wait(header + ` == "Not saved yet"`)
	draft := tab.Attribute("main", "data-draft")
	press("cancel")
	tab.Wait(`document.querySelector('button[value="undo"]')`)
	press("create")
	tab.Wait(`document.querySelector("[name=question]").value == "who"`)
	if got := tab.Value("#text"); got != "" || tab.Attribute("main", "data-draft") == draft {
		t.Errorf("the field of another draft has %q", got)
	}
	tab.Type("#text", "Bob")
	press("restart")
	tab.Wait(`document.querySelector("[name=question]").value == "who"`)
	tab.Wait(`document.querySelector("#text").value == ""`)
}

// A text that could not be saved stays in its field, and is sent again by itself, as the same input.
func TestSendsAgain(t *testing.T) {
	w := newWorld(t)
	l := w.breakable()
	tab := w.beside(w.visit().open(), browser.Start(t), browser.Phone)
	l.drop.Store(1)
	l.forms.Store(0)
	commits := w.store.commits.Load()
	tab.Type("#text", "Bob\r")
	tab.Wait(header + ` == "Not saved yet"`)
	if got := tab.Text("#band"); !strings.Contains(got, "sent again in 1 second.") {
		t.Errorf("the band says %q", got)
	}
	tab.Wait(atCount)
	if n := l.forms.Load(); n != 2 {
		t.Errorf("%d forms were sent", n)
	}
	if n := w.store.commits.Load() - commits; n != 1 {
		t.Errorf("%d commits", n)
	}
	if got := browser.Eval[int](tab, `document.querySelectorAll("#band, #again").length`); got > 0 {
		t.Error("the page says that the text is not saved")
	}
}

// The server's wish counts for how long a form waits. Try now sends it at once, and another button takes its place.
func TestTriesNow(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	w.store.writes.Store(true)
	tab.Type("#text", "Bob\r")
	tab.Wait(`document.querySelector("#again")`)
	if got := tab.Text("#band"); !strings.Contains(got, "sent again in 10 seconds.") {
		t.Errorf("the band says %q", got)
	}
	if got := browser.Eval[string](tab, `(f => [f.value, f.readOnly].join())(document.querySelector("#text"))`); got != "Bob,true" {
		t.Errorf("the field has %q", got)
	}
	w.store.writes.Store(false)
	tab.Tap("#again")
	tab.Wait(atCount)
	tab.Type("#text", "7\r")
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
	w.store.writes.Store(true)
	tab.Tap(`button[value="size:small"]`)
	tab.Wait(`document.querySelector("#again")`)
	if got := tab.Text("#band") + tab.Text(".kept"); !strings.Contains(got, "Not saved yet: small") || !strings.Contains(got, "you pressed this") {
		t.Errorf("a pressed button: %q", got)
	}
	if got := browser.Eval[int](tab, `document.querySelectorAll(".choices, #text").length`); got > 0 {
		t.Error("other answers stand beside the one that was pressed")
	}
	w.store.writes.Store(false)
	tab.Tap(`button[value="cancel"]`)
	tab.Wait(`document.querySelector('button[value="undo"]')`)
	tab.Tap(`button[value="undo"]`)
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
	tab.Tap(`button[value="size:small"]`)
	tab.Wait(`document.querySelector("main").dataset.step == "review"`)
}

// What was typed is offered after a reload, and never sent by itself. It is kept for one person, for a day, ten texts at most.
func TestUnsavedText(t *testing.T) {
	br := browser.Start(t)
	w := newWorld(t)
	l := w.breakable()
	b := w.visit().open()
	tab := w.beside(b, br, browser.Phone)
	tab.Type("#text", "Bob the builder")
	tab.Reload()
	tab.Wait(`document.querySelector("#text").value == "Bob the builder"`)
	tab.Wait(header + ` == "Not saved yet"`)
	if l.forms.Load(); b.get("/").step != "who" {
		t.Errorf("at %q", b.page.step)
	}
	texts := func(key string, owner string, age int, n int) {
		browser.Eval[bool](tab, fmt.Sprintf(`localStorage.setItem("unsaved", JSON.stringify({owner: %s, texts: Array.from({length: %d}, (_, i) => [i ? "x" + i : %s, "text " + i, Date.now() - %d * 3600000])})), true`, owner, n, key, age))
	}
	const mine, me = `document.querySelector("[name=draft]").value + " who"`, `document.querySelector("main").dataset.owner`
	texts(mine, me, 25, 1)
	tab.Reload()
	if got := browser.Eval[string](tab, `document.querySelector("#text").value + localStorage.length`); got != "0" {
		t.Errorf("a text of yesterday: %q", got)
	}
	texts(mine, `"somebody"`, 1, 1)
	tab.Reload()
	if got := browser.Eval[string](tab, `document.querySelector("#text").value + localStorage.length`); got != "0" {
		t.Errorf("a text of somebody else: %q", got)
	}
	texts(mine, me, 23, 10)
	tab.Reload()
	if got := tab.Value("#text"); got != "text 0" {
		t.Errorf("a text of today: %q", got)
	}
	tab.Replace("#text", "Ann")
	if got := browser.Eval[string](tab, `(t => t.length + t[0][1])(JSON.parse(localStorage.getItem("unsaved")).texts)`); got != "10Ann" {
		t.Errorf("kept %q", got)
	}
	tab.Press("\r")
	tab.Wait(atCount)
	if got := browser.Eval[string](tab, `JSON.parse(localStorage.getItem("unsaved")).texts.map(t => t[1]).join()`); strings.Contains(got, "Ann") || !strings.Contains(got, "text 9") {
		t.Errorf("kept %q", got)
	}
}

// A page whose server is away says so, and is current again when it is back.
func TestReconnects(t *testing.T) {
	w := newWorld(t)
	l := w.breakable()
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	browser.Eval[bool](tab, `document.activeElement.blur(), true`)
	was := browser.Eval[string](tab, header)
	l.cut.Store(true)
	asks(tab, header+` == "Reconnecting…"`)
	l.cut.Store(false)
	asks(tab, header+` == "`+was+`"`)
	l.cut.Store(true)
	asks(tab, header+` == "Reconnecting…"`)
	l.cut.Store(false)
	b.say("Bob")
	asks(tab, atCount)
	if got := browser.Eval[string](tab, header); !strings.HasPrefix(got, "Saved") {
		t.Errorf("the header says %q", got)
	}
}

// Two answers to one question: the second one is asked about, and going back does not ask to send it again.
func TestConflictInPage(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	tab.Type("#text", "Anna")
	b.say("Bob")
	tab.Press("\r")
	tab.Wait(`document.querySelector("#answer .alt")`)
	if got := tab.Value("#text"); got != "Anna" || !strings.Contains(tab.Text("#answer .alt"), "Keep Bob") {
		t.Errorf("the field has %q", got)
	}
	browser.Eval[bool](tab, `document.querySelector("#text").mine = true`)
	browser.Eval[bool](tab, count)
	asks(tab, `answered`)
	if got := tab.Text("#answer .alt") + tab.Text("#band"); !strings.Contains(got, "Keep Bob") || !strings.Contains(got, "another window") && !strings.Contains(got, "another one now") {
		t.Errorf("the choice is gone: %q", got)
	}
	b.get("/")
	b.say("3") // the place is at another question
	asks(tab, `document.querySelector("#band").textContent.includes("went on") || document.querySelector('dd[data-field="count"]')`)
	if got := tab.Text("#answer .alt") + tab.Value("#text"); got != "Keep BobAnna" {
		t.Errorf("after another answer: %q", got)
	}
	tab.Reload() // would ask, if the page were the answer to a form
	tab.Wait(`document.querySelector("main")`)
	if got := tab.Attribute("main", "data-step"); got != "size" {
		t.Errorf("after a reload at %q", got)
	}
}

// A form that came too quickly is sent again when the server wishes, and the page says why it waits.
func TestSendsTooQuickly(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(c *Config) { c.RateLimit, c.Now = 1.0/600, func() time.Time { return now } })
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	tab.Type("#text", "Bob\r")
	tab.Wait(`document.querySelector("#again")`)
	if got := tab.Text("#band"); got != "That was too quick\nYour text is kept on this device and sent again in 10 minutes." {
		t.Errorf("the band says %q", got)
	}
}

// The answer to a form that was refused goes on being kept current, and keeps what it says while nothing else has changed.
func TestRefusedStaysLive(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.say("Bob")
	tab := w.beside(b, browser.Start(t), browser.Phone)
	tab.Type("#text", "lots\r")
	tab.Wait(`document.querySelector("#error")`)
	browser.Eval[bool](tab, count)
	asks(tab, `answered`)
	if got := tab.Text("#error") + tab.Value("#text"); !strings.HasSuffix(got, "lots") {
		t.Errorf("the refusal is gone: %q", got)
	}
	b.get("/")
	b.say("3")
	asks(tab, `document.querySelector("#band")`)
	if got := tab.Value("#text"); got != "lots" {
		t.Errorf("the field has %q", got)
	}
}
