package deal_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

const seller = "tg:2000002"

// anna is the seller as Telegram knows her.
var anna = dialog.Profile{ID: "2000002", Username: "Anna_Ceramics"}

// met is a deal whose seller can come.
func met(t *testing.T) *talk {
	t.Helper()
	return beginWith(t, opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot"})
}

// payload is what the link on the buyer's card gives to /start.
func (k *talk) payload() string {
	k.t.Helper()
	k.role = ""
	c := k.bot.Render(k.rec, dialog.View{Lang: "en"})
	for _, b := range append(c.Alt, dialog.Button{}) {
		if b.URL == "" {
			continue
		}
		to, err := url.Parse(b.URL)
		if err != nil {
			k.t.Fatal(err)
		}
		if to, err = url.Parse(to.Query().Get("url")); err != nil || to.Host != "t.me" || to.Path != "/bay_bot" {
			k.t.Fatalf("the link leads to %s (%v)", to, err)
		}
		return to.Query().Get("start")
	}
	k.t.Fatal("the buyer has no link to send")
	return ""
}

// start is the command of somebody who opens a link.
func start(owner, payload string, who dialog.Profile) dialog.Input {
	return dialog.Input{Kind: dialog.KindCommand, Name: "start", Text: payload, Owner: owner, Profile: who,
		Place: dialog.Place{Channel: "tg", Address: owner, Push: true}}
}

// joined is a deal whose seller has come.
func joined(t *testing.T) *talk {
	t.Helper()
	k := met(t)
	k.handle(start(seller, k.payload(), anna))
	if k.out.Did != dialog.DidApply || k.out.Record.Role() != "seller" {
		t.Fatalf("the seller: %s %+v", k.out.Did, k.out.Toast)
	}
	return k.load()
}

// as reads and taps the card of a side from now on.
func (k *talk) as(role lockbay.Role) *talk {
	if k.role = string(role); role == lockbay.Buyer {
		k.role = ""
	}
	return k
}

// accept is the seller's button with the hash of the terms.
func (k *talk) accept() string { return "accept:" + k.hash() }

// accepted reports whether the seller has accepted.
func (k *talk) accepted() bool {
	e := k.stored()
	return e.Accepted()
}

// hash is that of the terms.
func (k *talk) hash() string {
	e := k.stored()
	return e.TermsHash()
}

var links = regexp.MustCompile(`^s_[0-9A-Z]{9}_[A-Za-z0-9_-]{22}$`)

// TestJoin: the link leads the seller to a card of their own, and works once.
func TestJoin(t *testing.T) {
	k := met(t)
	link := k.payload()
	if len(link) != 34 || !links.MatchString(link) {
		t.Errorf("the payload is %q", link)
	}
	k.handle(start(seller, link, anna))
	k.load().as(lockbay.Buyer).golden(`
	! @anna_ceramics has joined.
	We tell you here when they accept.
	Confirmed. Waiting for your payment
	# Pay €1,265.63 by 15:41 UTC
	60/60 60 minutes left, counted at 14:41 UTC
	To pay: €1,265.63
	Reference: ESC-0000-001AW
	How to pay: write to @bay_help, and name ESC-0000-001AW as the reference.
	This page changes when your payment is here. You may close it.
	- @anna_ceramics accepts, then delivers
	Within 72 hours of paying and accepting. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	help create cancel
	`)
	k.as(lockbay.Seller).golden(`
	A deal for you, not accepted yet
	# Sell this for €1,250.00?
	Nothing is paid yet: deliver only when we say that the money is here.
	Price: €1,250.00
	Your part of the fee: − €15.62
	You get: €1,234.38
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Accepting costs nothing.
	- The buyer pays us
	By 15:41 UTC. We tell you at once.
	- You deliver, then say so here
	Within 72 hours of the payment and your yes. The buyer cannot take the money back before then.
	- The buyer checks, you are paid
	Within 72 hours more, also if they say nothing.
	` + k.accept() + ` decline help create
	`)
	e := k.stored()
	if e.Sides.Joined != seller || e.Sides.Seller != "@Anna_Ceramics" || k.rec.Guest != seller {
		t.Errorf("%+v, guest %s", e.Sides, k.rec.Guest)
	}
	version := k.rec.Version
	k.handle(start(seller, link, anna)) // opened again: the card once more
	if k.out.Did != dialog.DidApply || k.load().rec.Version != version+1 || k.stored().Sides != e.Sides {
		t.Errorf("opened again: %s, %+v", k.out.Did, k.stored().Sides)
	}
	for _, x := range k.store.Logged() {
		if strings.Contains(fmt.Sprintf("%+v", x), "Anna") || strings.Contains(fmt.Sprintf("%+v", x), link) {
			t.Errorf("an event has personal data: %+v", x)
		}
	}
}

// TestWhoMayNotJoin: each refusal has its own sentence, and nothing is written.
func TestWhoMayNotJoin(t *testing.T) {
	party := func(kind lockbay.Kind, value string) func(*lockbay.Escrow) {
		return func(e *lockbay.Escrow) { e.Terms.Seller = lockbay.Party{Kind: kind, Value: value} }
	}
	email, phone := party(lockbay.KindEmail, "anna@example.com"), party(lockbay.KindPhone, "+4915112345678")
	nothing := func(*talk) {}
	for name, c := range map[string]struct {
		terms  func(*lockbay.Escrow)
		before func(*talk)
		change func(link string) string
		who    dialog.Profile
		want   string
	}{
		"the seller in other case": {who: anna},
		"by e-mail, anybody":       {terms: email, who: dialog.Profile{ID: "3"}},
		"by e-mail, on the page":   {terms: email},
		"a third person":           {who: dialog.Profile{ID: "3", Username: "mallory"}, want: "join.other"},
		"no name":                  {who: dialog.Profile{ID: "2000002"}, want: "join.nameless"},
		"on the page":              {want: "join.chat"},
		"a phone, on the page":     {terms: phone, want: "join.chat"},
		"a wrong token":            {who: anna, change: func(s string) string { return s[:len(s)-1] + "~" }, want: "join.wrong"},
		"a cut link":               {who: anna, change: func(s string) string { return s[:len(s)-3] }, want: "join.wrong"},
		"no token":                 {who: anna, change: func(s string) string { return s[:12] }, want: "join.wrong"},
		"another deal": {who: anna, want: "join.unknown", change: func(s string) string {
			return s[:2] + strings.ReplaceAll(strings.TrimPrefix(lockbay.NewEscrowID(7), "ESC-"), "-", "") + s[11:]
		}},
		"an old link": {who: anna, before: func(k *talk) { k.tap("link") }, want: "join.old"},
		"a used link": {who: dialog.Profile{ID: "3", Username: "anna_ceramics"}, want: "join.used",
			before: func(k *talk) { k.handle(start("tg:77", k.payload(), anna)) }},
		"ended":         {who: anna, before: func(k *talk) { k.tap("cancel").tap("cancel:yes") }, want: "join.ended"},
		"after decline": {who: anna, before: func(k *talk) { k.must(lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveDecline}) }, want: "join.ended"},
	} {
		t.Run(name, func(t *testing.T) {
			o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot"}
			if c.terms != nil {
				c.terms(&o.e)
			}
			k := beginWith(t, o)
			link := k.payload()
			if c.before == nil {
				c.before = nothing
			}
			c.before(k)
			if c.change != nil {
				link = c.change(link)
			}
			was := k.load().rec.Version
			owner := "tg:" + c.who.ID
			if c.who.ID == "" {
				owner = "web:visitor"
			}
			out := k.handle(start(owner, link, c.who))
			now := k.load().rec
			switch {
			case c.want == "" && (out.Did != dialog.DidApply || now.Version != was+1 || now.Guest != owner):
				t.Errorf("%s, %+v, version %d, guest %q", out.Did, out.Toast, now.Version, now.Guest)
			case c.want != "" && (out.Did != dialog.DidForeign || out.Toast == nil || out.Toast.Code != c.want || now.Version != was || out.Record != nil):
				t.Errorf("%s, %+v, version %d, was %d", out.Did, out.Toast, now.Version, was)
			}
		})
	}
}

// TestPhone: a seller named by phone shares the own contact in the chat. Another number, and another person's contact, do
// not join.
func TestPhone(t *testing.T) {
	store := dialog.NewMemory()
	now := func() time.Time { return begun }
	store.SetNow(now)
	flow := deal.New(deal.Config{SeatKey: []byte("seats"), Bot: func() string { return "bay_bot" }})
	bot, err := dialog.New(store, dialog.Config{Now: now}, intake.New(intake.Config{Start: deal.Start}), flow)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	k := &talk{t: t, store: store, now: begun, bot: bot, flow: flow}
	say := func(owner, text string) dialog.Outcome {
		in := start(owner, text, dialog.Profile{ID: strings.TrimPrefix(owner, "tg:")})
		in.Kind, in.Name = dialog.KindText, ""
		if command, is := strings.CutPrefix(text, "/"); is {
			in.Kind, in.Text = dialog.KindCommand, ""
			in.Name, in.Text, _ = strings.Cut(command, " ")
		}
		return k.handle(in)
	}
	contact := func(owner, number, of string) dialog.Outcome {
		in := start(owner, number, dialog.Profile{ID: strings.TrimPrefix(owner, "tg:")})
		in.Kind, in.Name, in.Value = dialog.KindOther, "contact", of
		return k.handle(in)
	}
	for _, line := range []string{"/create", "+4915112345678", "1250 eur", "A dinner set, 24 pieces", "72h"} {
		say(buyer, line)
	}
	confirm := start(buyer, "", dialog.Profile{ID: "1000001"})
	confirm.Kind, confirm.Name, confirm.Bound, confirm.Draft, confirm.Revision = dialog.KindTap, "confirm", true, k.out.Record.Draft, k.out.Record.Revision
	k.handle(confirm)
	id := k.out.Record.Started
	key := dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: id}
	row := func() *dialog.Record {
		r, _, err := bot.Hydrate(t.Context(), key)
		if err != nil || r.Version == 0 {
			t.Fatalf("%s: %v", id, err)
		}
		return r
	}
	k.rec = row()
	link := "/start " + k.payload()
	if out := contact("tg:3", "+4915112345678", "3"); row().Guest != "" {
		t.Errorf("a contact without a link joins: %s", out.Did)
	}
	say("tg:4", "/create")
	say("tg:4", link)
	if out := contact("tg:4", "+4915112345679", "5"); out.Record == nil || out.Record.Step != intake.StepAmount {
		t.Errorf("a contact where the draft asks who is selling: %s, %+v", out.Did, out.Record)
	}
	for _, c := range []struct{ owner, number, of, toast, guest string }{
		{"tg:3", "+4915112345679", "3", "join.phone", ""}, // another number
		{"tg:3", "+4915112345678", "2000002", "", ""},     // somebody else's contact
		{"tg:3", "+4915112345678", "", "", ""},            // a contact without an account
		{seller, "+4915112345678", "2000002", "", seller},
	} {
		version := row().Version
		if out := say(c.owner, link); out.Record == nil || !out.Record.Said.Is("join.contact") || row().Version != version {
			t.Fatalf("%s opens the link: %s, %+v", c.owner, out.Did, out.Record)
		}
		out := contact(c.owner, c.number, c.of)
		if got := row(); got.Guest != c.guest || c.toast != "" && (out.Toast == nil || out.Toast.Code != c.toast) {
			t.Errorf("%+v: guest %q, %s %+v", c, got.Guest, out.Did, out.Toast)
		}
		if foreign := c.of != strings.TrimPrefix(c.owner, "tg:"); foreign && (!out.Record.Said.Is("join.contact") || out.Record.Said.Code != "join.contact.other") {
			t.Errorf("%+v: the own conversation says %+v", c, out.Record.Said)
		}
	}
	if r := row().As("seller"); r.Role() != "seller" || r.Owner != seller {
		t.Errorf("%+v", r)
	}
	for _, x := range store.Logged() {
		if strings.Contains(fmt.Sprintf("%+v", x), "15112345678") {
			t.Errorf("an event has the number: %+v", x)
		}
	}
}

// TestBuyerOpensTheLink: the buyer reads that it is the seller's.
func TestBuyerOpensTheLink(t *testing.T) {
	k := met(t)
	had := k.stored().Sides
	k.handle(start(buyer, k.payload(), dialog.Profile{ID: "1000001", Username: "boris"}))
	if k.load(); k.rec.Guest != "" || k.stored().Sides != had || !strings.HasPrefix(k.text(), "! This link is for @anna_ceramics.") {
		t.Errorf("guest %q, %+v\n%s", k.rec.Guest, k.stored().Sides, k.text())
	}
}

// TestNewLink: only the newest link counts, and there is none once the seller has joined.
func TestNewLink(t *testing.T) {
	k := met(t)
	first := k.payload()
	second := k.tap("link").payload()
	if first == second || !strings.HasPrefix(k.text(), "! This is a new link.") {
		t.Errorf("%s, then %s\n%s", first, second, k.text())
	}
	old := k.button("link")
	k.handle(start(seller, second, anna))
	if k.load().rec.Guest != seller || strings.Contains(k.text(), "link") {
		t.Errorf("after the seller joined:\n%s", k.text())
	}
	if out := k.handle(old); out.Did != dialog.DidStale {
		t.Errorf("another link after that: %s", out.Did)
	}
}

// TestLinksOfPlaces: a link leads to where the seller can join.
func TestLinksOfPlaces(t *testing.T) {
	for name, c := range map[string]struct {
		seller          lockbay.Party
		bot, page, here string
		want            string
		says            string // instead of a link
	}{
		"a name":                 {lockbay.Party{Kind: lockbay.KindTelegram, Value: "anna"}, "bay_bot", "https://pay.example", "http://127.0.0.1:8080", "https://t.me/bay_bot?start=s_", ""},
		"a name, page only":      {lockbay.Party{Kind: lockbay.KindTelegram, Value: "anna"}, "", "https://pay.example", "", "", "We have no link for @anna. Tell them of this deal yourself: they accept by writing to @bay_help, and name ESC-0000-001AW."},
		"a name, a page here":    {lockbay.Party{Kind: lockbay.KindTelegram, Value: "anna"}, "", "", "http://127.0.0.1:8080", "", "We have no link for @anna. Tell them of this deal yourself: they accept by writing to @bay_help, and name ESC-0000-001AW."},
		"an e-mail":              {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "bay_bot", "https://pay.example/", "http://127.0.0.1:8080", "https://pay.example/s/0000001AW/", ""},
		"an e-mail, no page":     {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "bay_bot", "", "http://127.0.0.1:8080", "https://t.me/bay_bot?start=s_", ""},
		"an e-mail, a page here": {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "", "", "http://127.0.0.1:8080", "http://127.0.0.1:8080/s/0000001AW/", ""},
		"an e-mail, no place":    {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "", "", "", "", "We have no link for a@b.example. Tell them of this deal yourself: they accept by writing to @bay_help, and name ESC-0000-001AW."},
	} {
		o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: c.bot, page: c.page, here: c.here}
		o.e.Terms.Seller = c.seller
		k := beginWith(t, o)
		got := ""
		for _, p := range k.card("en").Body { // a page has the link to copy
			if _, link, is := strings.Cut(dialog.Plain(p), " this link: "); is {
				got = link
			}
		}
		if got == "" != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if says := dialog.Plain(strings.Join(k.card("en").Body, "\n")); strings.Contains(says, "no link") != (c.says != "") || !strings.Contains(says, c.says) {
			t.Errorf("%s: the buyer reads %q, want %q", name, says, c.says)
		}
	}
}

// TestDealOfBefore: a deal of before its people could meet gets its link at its first move, and never by being read.
func TestDealOfBefore(t *testing.T) {
	k := met(t)
	row, err := k.store.Load(t.Context(), k.key())
	if err != nil {
		t.Fatal(err)
	}
	before := row.Stamp()
	at := strings.Index(string(row.Answers), `,"i":{`)
	row.Answers = []byte(string(row.Answers[:at]) + "}")
	row.Schema, row.Version, row.Tag = deal.Version, row.Version+1, row.Tag+1
	if done, err := k.store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}}); err != nil || done.Verdicts[0] != dialog.Applied {
		t.Fatal(done, err)
	}
	k.bot.Evict()
	k.load()
	if _ = k.card("en"); k.stored().Sides != (lockbay.Sides{}) || strings.Contains(k.actions(), "link") {
		t.Errorf("by reading: %+v, %s", k.stored().Sides, k.actions())
	}
	if k.must(cameAs(100, "R-1")); k.stored().Sides.Link != 1 || len(k.hash()) != 10 {
		t.Errorf("after a move: %+v", k.stored().Sides)
	}
	k.handle(start(seller, k.payload(), anna))
	if k.load().rec.Guest != seller {
		t.Error("nobody can join")
	}
}

// TestJoinByAButton: the buttons on the page of a link join, and accept or ask whether to decline in the same turn. Terms
// that are not the shown ones are not accepted.
func TestJoinByAButton(t *testing.T) {
	for _, x := range []struct {
		action   func(*talk) string
		accepted bool
		open     string
	}{
		{func(k *talk) string { return k.accept() }, true, ""},
		{func(*talk) string { return "accept:0000000000" }, false, ""},
		{func(*talk) string { return "accept:" }, false, ""},
		{func(*talk) string { return "decline" }, false, "decline"},
		{func(*talk) string { return "decline:yes" }, false, ""},
		{func(*talk) string { return "join" }, false, ""},
	} {
		k := met(t)
		in := start(seller, k.payload(), anna)
		in.ID, in.Value = "once", x.action(k)
		k.handle(in)
		k.load().as(lockbay.Seller)
		if k.rec.As("seller").Owner != seller || k.accepted() != x.accepted || k.rec.As("seller").Open != x.open {
			t.Errorf("%s: joined %q, accepted: %t, open: %q", in.Value, k.rec.As("seller").Owner, k.accepted(), k.rec.As("seller").Open)
		}
		k.handle(in)
		if version := k.rec.Version; k.load().rec.Version != version {
			t.Errorf("%s: the same input again has changed the deal", in.Value)
		}
	}
}

// TestLinkByEmail: a buyer in a chat reads the link of a seller who is known by e-mail, too: a button that shares it on
// Telegram does not reach them.
func TestLinkByEmail(t *testing.T) {
	for kind, reads := range map[lockbay.Kind]bool{lockbay.KindEmail: true, lockbay.KindTelegram: false} {
		o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot", page: "https://lock.example"}
		if o.e.Terms.Seller.Kind = kind; kind == lockbay.KindEmail {
			o.e.Terms.Seller.Value = "anna@example.com"
		}
		k := beginWith(t, o)
		c := k.flow.Render(k.rec, dialog.View{Lang: "en", Now: begun})
		body := dialog.Plain(strings.Join(c.Body, "\n"))
		if got := strings.Contains(body, "Send anna@example.com this link: https://"); got != reads {
			t.Errorf("named by %v, the buyer in a chat reads\n%s", kind, body)
		}
	}
}
