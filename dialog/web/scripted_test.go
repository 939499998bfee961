package web

import (
	"testing"

	"github.com/lockbay/lockbay/internal/browser"
)

// looks looks at what a page shows now: on a phone and a desktop, light and dark, and on the narrowest phone.
func looks(t *testing.T, tab *browser.Tab, name string) {
	t.Helper()
	for _, x := range []struct {
		name string
		view browser.View
	}{
		{"phone", browser.Phone}, {"phone-dark", browser.View{Width: 390, Height: 844, Dark: true}},
		{"desktop", browser.Desktop}, {"desktop-dark", browser.View{Width: 1280, Height: 900, Dark: true}},
		{"narrow", browser.View{Width: 320, Height: 600}},
	} {
		tab.See(x.view)
		tab.Shot("script-" + name + "-" + x.name)
		for _, fault := range tab.Axe() {
			t.Errorf("%s, %s: %s", name, x.name, fault)
		}
		for _, torn := range tab.Torn() {
			t.Errorf("%s, %s: the parts of a text are boxes of their own: %s", name, x.name, torn)
		}
		if over := tab.Overflow(); over > 0 {
			t.Errorf("%s, %s: %v pixels beyond the edge", name, x.name, over)
		}
	}
}

// TestLookOfScript looks at the states that only the script makes.
func TestLookOfScript(t *testing.T) {
	w := newWorld(t)
	l := w.breakable()
	b := w.visit().open()
	tab := browser.Start(t).Tab(t, browser.Phone)
	tab.BypassPolicy()
	w.besideIn(tab, b)
	tab.Type("#text", "Anna")
	b.say("Bob")
	asks(tab, `document.querySelector("#band")`)
	looks(t, tab, "changed")
	tab.Tap("#answer .go")
	tab.Wait(`document.querySelector("#answer .alt")`)
	looks(t, tab, "conflict")
	tab.Tap("#answer .alt")
	tab.Wait(atCount)
	tab.Type("#text", "7")
	b.tap("back")
	asks(tab, `document.querySelector("#band")`)
	looks(t, tab, "moved")
	b.tap("cancel")
	asks(tab, `document.querySelector("#band").textContent.includes("over")`)
	looks(t, tab, "over")
	b.tap("undo")
	tab.Open(w.srv.URL + "/")
	tab.Wait(`document.querySelector("#text")`)
	l.cut.Store(true)
	asks(tab, header+` == "Reconnecting…"`)
	looks(t, tab, "reconnecting")
	l.cut.Store(false)
	w.store.writes.Store(true)
	tab.Replace("#text", "8")
	tab.Press("\r")
	tab.Wait(`document.querySelector("#again")`)
	looks(t, tab, "unsaved")
	tab.Reload()
	tab.Wait(header + ` == "Not saved yet"`)
	looks(t, tab, "offered")
	w.store.writes.Store(false)
	tab.Press("\r")
	tab.Wait(`document.querySelector("main").dataset.step == "size"`)
	w.store.writes.Store(true)
	tab.Tap(`button[value="size:small"]`)
	tab.Wait(`document.querySelector("#again")`)
	looks(t, tab, "unsaved-choice")
}
