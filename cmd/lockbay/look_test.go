package main

import (
	"testing"

	"github.com/lockbay/lockbay/internal/browser"
)

// TestLookAtAll walks through the whole flow in a real browser without scripts. Every step is checked on a phone and a
// desktop, light and dark.
func TestLookAtAll(t *testing.T) {
	i := serve(t, "--support", "@lockbay_help")
	tab := browser.Start(t).Tab(t, browser.Phone)
	tab.SetAside()
	bare := browser.Phone
	bare.NoScript = true
	views := []struct {
		name string
		view browser.View
	}{{"phone", browser.Phone}, {"phone-dark", browser.View{Width: 390, Height: 844, Dark: true}}, {"desktop", browser.Desktop}, {"desktop-dark", browser.View{Width: 1280, Height: 900, Dark: true}}}

	// look checks the page after a reload, or as it is.
	look := func(name string, again bool) {
		t.Helper()
		for _, v := range views {
			tab.See(v.view)
			if again {
				tab.Reload()
				for _, fault := range tab.Axe() {
					t.Errorf("%s, %s: %s", name, v.name, fault)
				}
				for _, torn := range tab.Torn() {
					t.Errorf("%s, %s: the parts of a text are boxes of their own: %s", name, v.name, torn)
				}
				if over := tab.Overflow(); over > 0 {
					t.Errorf("%s, %s: %v pixels beyond the edge", name, v.name, over)
				}
			}
			tab.Shot("flow-" + name + "-" + v.name)
		}
		tab.See(bare)
		if again {
			tab.Reload()
		}
	}
	at := func(step string) {
		t.Helper()
		if got := tab.Attribute("main", "data-step"); got != step {
			t.Fatalf("at %q, want %q", got, step)
		}
	}
	say := func(text, step string) {
		t.Helper()
		tab.Replace("#text", text)
		tab.Enter("#text")
		at(step)
	}
	tap := func(action, step string) {
		t.Helper()
		tab.Click(`button[value="` + action + `"]`)
		at(step)
	}

	tab.See(bare)
	tab.Open(i.URL("/"))
	look("0-menu", true)
	tap("create", "seller_input")
	look("1-seller", true)
	say("0x52908400098527886E0F7030069857D2E4169EE7", "seller_input")
	look("1-refused", false)
	tab.Open(i.URL("/"))
	say("@anna_ceramics", "amount_input")
	look("2-amount", true)
	say("1250,50 eur", "description_input")
	look("3-description", true)
	tab.Type("#text", "A dinner set, 24 pieces, celadon glaze; no chips, packed for a long journey")
	tab.Click("form#answer button.go")
	at("delivery_time")
	look("4-delivery", true)
	tap("delivery:48", "trade_review")
	look("5-review", true)
	tap("edit:fee", "trade_review")
	look("5-fee", true)
	tap("fee:seller", "trade_review")
	tap("cancel", "")
	look("6-cancelled", true)
	tap("undo", "trade_review")
	i.restart()
	tap("confirm", "payment_pending")
	look("7-pending", true)
	id := tab.Attribute("main", "data-draft")
	tap("cancel", "payment_pending") // asked first
	look("7-cancel", true)
	tap("back", "payment_pending")
	i.must("escrows", "mark-paid", id)
	tab.Open(i.URL("/"))
	at("payment_confirmed")
	look("8-paid", true)
	tap("create", "seller_input")
	say("@marko_bikes", "amount_input")
	tap("amount:100", "description_input")
	tab.Type("#text", "Gravel wheels, 700c, no play in the hubs")
	tab.Click("form#answer button.go")
	tap("delivery:24", "trade_review")
	tap("edit:amount", "amount_input")
	look("5-edit", true)
	tap("continue", "trade_review")
	tap("confirm", "payment_pending")
	tab.Open(i.URL("/list"))
	look("9-list", true)
	tab.Open(i.URL("/help"))
	look("9-help", true)
}
