package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/browser"
)

// beside opens the page of a plain client's visitor in a browser: two windows of one person.
func (w *world) beside(b *client, br *browser.Browser, view browser.View) *browser.Tab {
	w.t.Helper()
	tab := br.Tab(w.t, view)
	w.besideIn(tab, b)
	return tab
}

// besideIn is beside in a tab that is there.
func (w *world) besideIn(tab *browser.Tab, b *client) {
	w.t.Helper()
	u, err := url.Parse(w.srv.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range b.http.Jar.Cookies(u) {
		tab.Cookie(w.srv.URL, c.Name, c.Value)
	}
	tab.Open(w.srv.URL + "/")
}

// asks has a page ask the server, as it does by itself every ten seconds, and waits for a condition.
func asks(tab *browser.Tab, until string) {
	browser.Eval[bool](tab, `dispatchEvent(new Event("online"))`)
	tab.Wait(until)
}

// listen notes what the page announces.
const listen = `window.said = [], new MutationObserver(() => said.push(document.querySelector("#said").textContent)).observe(document.querySelector("#said"), {childList: true}), true`

// count counts what the page asks, and the answers that it has dealt with.
const count = `window.asked = 0, window.answered = 0, (real => window.fetch = async (...a) => {
	if (a[0] == "/events?show=") return real(...a); asked++; const r = await real(...a), text = r.text.bind(r); r.text = async () => { const t = await text(); setTimeout(() => answered++); return t }; return r })(fetch), true`

// A page without a text in its field shows what another window did, and says so once.
func TestLivePage(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	browser.Eval[bool](tab, listen)
	browser.Eval[bool](tab, `document.activeElement.blur(), document.querySelector(".brand").mine = true`)
	b.say("Bob")
	asks(tab, `document.querySelector("[name=question]").value == "count"`)
	if got := tab.Text(`dd[data-field="who"]`); got != "Bob" {
		t.Errorf("the page has %q", got)
	}
	if got := tab.Title(); !strings.HasPrefix(got, "How many?") {
		t.Errorf("the title is %q", got)
	}
	if !browser.Eval[bool](tab, `document.querySelector(".brand").mine`) {
		t.Error("an element that did not change was replaced")
	}
	browser.Eval[bool](tab, count)
	asks(tab, `answered`)
	if got := browser.Eval[[]string](tab, `said.filter(Boolean)`); len(got) != 1 {
		t.Errorf("announced %q", got)
	}
	if got := tab.Attribute(`[name="revision"]`, "value"); got != b.page.revision {
		t.Errorf("revision %q, want %q", got, b.page.revision)
	}
	browser.Eval[bool](tab, `document.querySelector(".known > div").mine = true`)
	b.say("3")
	asks(tab, `document.querySelector("main").dataset.step == "size"`)
	if got := browser.Eval[string](tab, `[...document.querySelectorAll(".known > div")].map(e => e.mine + e.textContent).join()`); got != "trueWhoBob,undefinedCount3" {
		t.Errorf("the lines are %q", got)
	}
}

// A text in the field stays, as do caret, selection and node, while the same question stays open: all else is swapped, and
// the form has the current revision.
func TestLiveFieldStays(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	b.say("Anna")
	b.say("3")
	b.tap("size:large")
	other := b.tap("edit:who")
	b.tap("back")
	tab := w.beside(b, browser.Start(t), browser.Desktop)
	tab.Click(`button[value="edit:count"]`)
	tab.Replace("#text", "1725")
	browser.Eval[bool](tab, listen)
	browser.Eval[bool](tab, `(f => { f.mine = true; f.setSelectionRange(1, 3, "backward") })(document.querySelector("#text")), true`)
	b.follow(b.post(other.with("text", "Bob")))
	asks(tab, `document.querySelector('dd[data-field="who"]').textContent == "Bob"`)
	if got := browser.Eval[string](tab, `(f => [f.mine, f.value, f.selectionStart, f.selectionEnd, f.selectionDirection, document.activeElement == f].join())(document.querySelector("#text"))`); got != "true,1725,1,3,backward,true" {
		t.Errorf("the field has %q", got)
	}
	if got := tab.Attribute(`[name="revision"]`, "value"); got != b.get("/").revision {
		t.Errorf("revision %q, want %q", got, b.page.revision)
	}
	if got := browser.Eval[int](tab, `document.querySelectorAll("#band").length`); got != 0 {
		t.Error("a band says that the question moved")
	}
	if got := browser.Eval[[]string](tab, `said.filter(Boolean)`); len(got) != 1 {
		t.Errorf("announced %q", got)
	}
	browser.Eval[bool](tab, `document.execCommand("undo")`)
	if got := tab.Value("#text"); got == "1725" || got == "" {
		t.Errorf("undo made %q", got)
	}
}

// A form with a text stays as it is, hidden fields too, when its question was answered elsewhere. The rest is swapped, and a
// band says so. What is sent then is judged by its base.
func TestLiveFormStays(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	tab.Type("#text", "Anna")
	was := tab.Attribute(`[name="revision"]`, "value")
	browser.Eval[bool](tab, `document.querySelector("#text").mine = true`)
	b.say("Bob")
	asks(tab, `document.querySelector("#band")`)
	if got := tab.Text("#band"); !strings.HasPrefix(got, "Who is another one now\nIt is Bob. Your answer is in the field, not saved.") && !strings.HasPrefix(got, "Who was changed in another window\nIt is Bob now, since ") {
		t.Errorf("the band says %q", got)
	}
	if got := browser.Eval[string](tab, header); got != "Not saved yet" {
		t.Errorf("the header says %q", got)
	}
	if got := tab.Attribute("#band a", "href"); got != tab.Attribute("main", "data-live") {
		t.Errorf("the band leads to %q", got)
	}
	if got := tab.Text(`dd[data-field="who"]`); got != "Bob" {
		t.Errorf("the page has %q", got)
	}
	if got := browser.Eval[string](tab, `(f => [f.mine, f.value, document.querySelector("[name=question]").value, document.querySelector("[name=revision]").value].join())(document.querySelector("#text"))`); got != "true,Anna,who,"+was {
		t.Errorf("the form has %q", got)
	}
	tab.Press("\r")
	tab.Wait(`document.querySelector("#answer .go").textContent.includes("Use mine")`)
	if got := tab.Value("#text"); got != "Anna" || b.get("/").step != "count" || !strings.Contains(b.page.body, "Bob") {
		t.Errorf("after the conflict the field has %q, the row is at %q", got, b.page.step)
	}
}

// A field with the focus stays, also when it is empty; one of a draft that is over keeps its text.
func TestLiveFormStaysWithoutText(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	br := browser.Start(t)
	tab := w.beside(b, br, browser.Phone)
	tab.Wait(`document.querySelector("#text").matches(":focus")`)
	b.say("Bob")
	asks(tab, `document.querySelector("#band")`)
	if got := tab.Text("#band"); strings.Contains(got, "in the field") {
		t.Errorf("the band says %q of an empty field", got)
	}
	if got := tab.Attribute(`[name="question"]`, "value"); got != "who" {
		t.Errorf("the form asks %q", got)
	}
	tab.Type("#text", "Anna")
	b.tap("cancel")
	b.tap("create")
	asks(tab, `document.querySelector("#band").textContent.includes("over")`)
	if got := tab.Value("#text"); got != "Anna" {
		t.Errorf("the field has %q", got)
	}
}

// Nothing moves while an input method composes. What has changed meanwhile is shown afterwards.
func TestLiveComposing(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	tab.Wait(`document.querySelector("#text").matches(":focus")`)
	tab.Compose("あん")
	browser.Eval[bool](tab, count)
	browser.Eval[bool](tab, `window.moved = 0, new MutationObserver(() => moved++).observe(document, {childList: true, subtree: true, attributes: true}), true`)
	b.say("Bob")
	asks(tab, `answered`)
	if moved := browser.Eval[int](tab, `moved`); moved > 0 {
		t.Errorf("%d changes while composing", moved)
	}
	before := browser.Eval[int](tab, `asked`)
	tab.Composed("安奈")
	if asked := browser.Eval[int](tab, `asked`); asked <= before {
		t.Errorf("after composing the page did not ask")
	}
	tab.Wait(`document.querySelector("#band")`)
	if got := tab.Value("#text"); got != "安奈" {
		t.Errorf("the field has %q", got)
	}
}

// A page asks by itself while it is visible, and first of all when it comes back.
func TestLiveAsks(t *testing.T) {
	w := newWorld(t)
	b := w.visit().open()
	tab := w.beside(b, browser.Start(t), browser.Phone)
	browser.Eval[bool](tab, `document.activeElement.blur(), true`)
	b.say("Bob")
	tab.Wait(`document.querySelector("[name=question]").value == "count"`)
	browser.Eval[bool](tab, `document.activeElement.blur(), true`)
	hide(tab, true)
	browser.Eval[bool](tab, count)
	b.say("3")
	browser.Eval[bool](tab, `dispatchEvent(new Event("online"))`)
	if asked := browser.Eval[int](tab, `asked`); asked > 0 {
		t.Errorf("a hidden page asked %d times", asked)
	}
	hide(tab, false)
	if asked := browser.Eval[int](tab, `asked`); asked != 1 {
		t.Errorf("a page that comes back asked %d times", asked)
	}
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
}

// What can be copied is copied exactly. Without scripts there is no such button.
func TestCopy(t *testing.T) {
	br := browser.Start(t)
	w := newWorld(t)
	b := w.visit().open()
	b.say("Bob")
	b.say("3")
	b.tap("size:large")
	b.tap("confirm")
	tab := w.beside(b, br, browser.Phone)
	browser.Eval[bool](tab, listen)
	browser.Eval[bool](tab, `(real => { navigator.clipboard.writeText = async text => { await real(text); window.wrote = text } })(navigator.clipboard.writeText.bind(navigator.clipboard)), true`)
	tab.Tap("[data-copy]")
	tab.Wait(`document.querySelector("[data-copy]").textContent == "Copied"`)
	if got := browser.Eval[string](tab, `window.wrote`); got != "1265.63" {
		t.Errorf("copied %q", got)
	}
	if got := browser.Eval[[]string](tab, `said`); len(got) != 1 || got[0] != "Copied" {
		t.Errorf("announced %q", got)
	}
	tab.Wait(`document.querySelector("[data-copy]").textContent == "Copy"`)
	plain := browser.Phone
	plain.NoScript = true
	quiet := w.beside(b, br, plain)
	if got := browser.Eval[string](quiet, `getComputedStyle(document.querySelector(".take")).display`); got != "none" {
		t.Errorf("without scripts the button is %q", got)
	}
}

// A browser that keeps no cookie is another visitor each time, so its page stays as it is.
func TestLiveNeedsACookie(t *testing.T) {
	w := newWorld(t)
	b := w.visit()
	if s := b.get("/"); strings.Contains(s.body, "data-live") {
		t.Error("the page of a browser without a cookie asks for changes")
	}
	if s := b.get("/"); !strings.Contains(s.body, `data-live="/?show="`) {
		t.Errorf("the page asks for no changes:\n%s", s.body)
	}
}
