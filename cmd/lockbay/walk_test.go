package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/browser"
)

// TestWalk walks through the whole flow in a real browser without scripts. TestStates looks at its pages.
func TestWalk(t *testing.T) {
	i := serve(t, "--support", "@lockbay_help")
	tab := browser.Start(t).Tab(t, browser.Phone)
	bare := browser.Phone
	bare.NoScript = true
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
	tap("create", "seller_input")
	say("0x52908400098527886E0F7030069857D2E4169EE7", "seller_input")
	tab.Open(i.URL("/"))
	say("@anna_ceramics", "amount_input")
	say("1250,50 eur", "description_input")
	tab.Type("#text", "A dinner set, 24 pieces, celadon glaze; no chips, packed for a long journey")
	tab.Click("form#answer button.go")
	at("delivery_time")
	tap("delivery:48", "trade_review")
	tap("edit:fee", "trade_review")
	tap("fee:seller", "trade_review")
	tap("cancel", "")
	tap("undo", "trade_review")
	i.restart()
	tap("confirm", "payment_pending")
	id := tab.Attribute("main", "data-draft")
	tap("cancel", "payment_pending") // asked first
	tap("back", "payment_pending")
	i.must("escrows", "mark-paid", id)
	tab.Open(i.URL("/"))
	at("payment_confirmed")
	tap("create", "seller_input")
	say("@marko_bikes", "amount_input")
	tap("amount:100", "description_input")
	tab.Type("#text", "Gravel wheels, 700c, no play in the hubs")
	tab.Click("form#answer button.go")
	tap("delivery:24", "trade_review")
	tap("edit:amount", "amount_input")
	tap("continue", "trade_review")
	tap("confirm", "payment_pending")
	tab.Open(i.URL("/list"))
	if got := tab.Text(".items"); !strings.Contains(got, "@marko_bikes") || !strings.Contains(got, "@anna_ceramics") {
		t.Errorf("the list is %q", got)
	}
	tab.Open(i.URL("/help"))
	if got := tab.Text("main"); !strings.Contains(got, "@lockbay_help") {
		t.Errorf("the help is %q", got)
	}
}
