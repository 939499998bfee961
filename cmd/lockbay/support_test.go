package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// writing keeps the pages on which a visitor writes to the operator.
func (g *gallery) writing(r *rig) {
	v := g.visitor(r).tap("create").say(seller).at("amount_input")
	g.keep("support-help", v.open("/help"), 200)
	g.keep("support-ask", v.tap("support"), 200)
	g.keep("support-long", v.say(strings.Repeat("The page lost my answers. ", 50)), 422)
	g.keep("support-sent", v.get().say("The page is slow"), 200)
}

// written are the tickets, the newest first.
func (i *served) written() (list []ticketJSON) {
	i.t.Helper()
	if err := json.Unmarshal([]byte(i.must("tickets", "list", "--json")), &list); err != nil {
		i.t.Fatal(err)
	}
	return list
}

// TestSupportOnThePage: a visitor writes to the operator from the page at /help, from the help with an escrow, and by /support in
// a field. The draft stays where it is, and a kill -9, the same form twice or an empty text make no other ticket.
func TestSupportOnThePage(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v := visit(t, i)
	wants := func(parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(v.page, p) {
				t.Fatalf("no %q on\n%s", p, v.page)
			}
		}
	}
	const asks, sent = "What do you want to tell us?", "A person reads what you wrote: "
	v.tap("create").say("@anna_ceramics").at("amount_input")
	if v.open("/help").tap("support").at("amount_input"); v.status != http.StatusOK {
		t.Fatal(v.status)
	}
	wants(asks, "your draft waits where it is")
	i.restart()
	v.get()
	wants(asks)
	if v.say("   "); v.status != http.StatusUnprocessableEntity {
		t.Fatalf("an empty text: %d", v.status)
	}
	wants(asks, `role="alert"`)
	v.get().tap("leave").at("amount_input").has("seller", "@anna_ceramics")
	v.open("/help").tap("support").say("100").at("amount_input").has("seller", "@anna_ceramics", "amount", "")
	wants(sent, "How much is the deal?")
	if strings.Contains(v.page, "Go on with your draft") {
		t.Error("the draft is beside itself")
	}
	again := v.last
	for range 2 {
		if v.read(v.client.PostForm(i.URL("/"), again)); v.status != http.StatusSeeOther {
			t.Fatalf("the same form: %d", v.status)
		}
	}
	v.get().say("/support ضاعت إجاباتي").at("amount_input").has("amount", "")
	wants(sent)
	v.say("100 usd").say("Handmade dinner set, 24 pieces").tap("delivery:48").tap("confirm").at("payment_pending")
	id := v.draft()
	v.tap("help").tap("support").at("")
	wants(asks)
	v.say("I paid, and nothing happens").at("")
	wants(sent, id) // the escrow is listed beside what it says
	v.tap("status:" + id).at("payment_pending")
	list := i.written()
	if len(list) != 3 || list[0].Class != "payment" || list[0].Escrow != id || list[1].Step != "amount_input" || list[2].DraftID != list[1].DraftID || list[2].From != "web" {
		t.Errorf("the tickets are %+v", list)
	}
	if show := i.must("tickets", "show", list[1].ID); !strings.Contains(show, "ضاعت إجاباتي") {
		t.Errorf("it says\n%s", show)
	}
	owner := list[0].Owner
	i.must("escrows", "cancel", id)
	if out := i.must("forget", owner); strings.Count(out, "Forgotten: ticket/TCK-") != 3 || len(i.written()) != 0 {
		t.Errorf("forgotten:\n%s", out)
	}
	i.stop()
	for _, x := range list {
		if strings.Contains(i.log.String(), "ضاعت") || strings.Contains(i.log.String(), strings.TrimPrefix(owner, "web:")) {
			t.Errorf("the log tells of %s:\n%s", x.ID, &i.log)
		}
	}
}

// TestSupportOfANewVisitor: who has no draft and never came before writes, too; without a cookie or the right token nothing is taken.
func TestSupportOfANewVisitor(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v := visit(t, i)
	v.open("/help").tap("support").at("").say("Is this free?").at("")
	if list := i.written(); len(list) != 1 || list[0].Class != "other" || list[0].Step+list[0].DraftID+list[0].Escrow != "" {
		t.Errorf("the tickets are %+v", list)
	}
	v.open("/help")
	v.page = strings.ReplaceAll(v.page, `name="csrf" value="`, `name="csrf" value="x`)
	if v.tap("support"); v.status != http.StatusForbidden {
		t.Errorf("with another token: %d", v.status)
	}
}
