package deal_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
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
	They read the terms now.
	Confirmed. Waiting for your payment
	# Pay €1,265.63 by 15:41 UTC
	60/60 60 minutes left, counted at 14:41 UTC
	To pay: €1,265.63
	Reference: ESC-0000-001AW
	How to pay: write to @bay_help, and name ESC-0000-001AW as the reference.
	This page changes when your payment is here. You may close it.
	- You tell @anna_ceramics; they accept, then deliver
	Within 72 hours of paying and accepting. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	create cancel
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
	` + k.accept() + ` decline create
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
		"a phone":                  {terms: phone, who: anna, want: "join.phone"},
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
		seller    lockbay.Party
		bot, page string
		want      string
	}{
		"a name":              {lockbay.Party{Kind: lockbay.KindTelegram, Value: "anna"}, "bay_bot", "https://pay.example", "https://t.me/bay_bot?start=s_"},
		"a name, page only":   {lockbay.Party{Kind: lockbay.KindTelegram, Value: "anna"}, "", "https://pay.example", ""},
		"an e-mail":           {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "bay_bot", "https://pay.example/", "https://pay.example/s/0000001AW/"},
		"an e-mail, no page":  {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "bay_bot", "", "https://t.me/bay_bot?start=s_"},
		"an e-mail, no place": {lockbay.Party{Kind: lockbay.KindEmail, Value: "a@b.example"}, "", "", ""},
	} {
		o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: c.bot, page: c.page}
		o.e.Terms.Seller = c.seller
		k := beginWith(t, o)
		got := ""
		for _, s := range k.card("en").Sums { // a page has the link to copy
			if strings.HasPrefix(dialog.Plain(s.Value), "https://") {
				got = dialog.Plain(s.Value)
			}
		}
		if got == "" != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestBothSides: a happy deal by the buttons of both. Each move brings both a new card.
func TestBothSides(t *testing.T) {
	k := joined(t).as(lockbay.Seller)
	k.tap(k.accept()).golden(`
	Accepted. Not paid yet
	# The buyer pays by 15:41 UTC
	Do not deliver yet. We tell you here when the money has come.
	Price: €1,250.00
	Your part of the fee: − €15.62
	You get: €1,234.38
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- You deliver, then say so here
	Within 72 hours of the payment and your yes. The buyer cannot take the money back before then.
	- The buyer checks, you are paid
	Within 72 hours more, also if they say nothing.
	decline create
	`)
	if text := k.as(lockbay.Buyer).text(); !strings.HasPrefix(text, "! @anna_ceramics has accepted.") {
		t.Errorf("the buyer reads\n%s", text)
	}
	for _, move := range []func(){
		func() { k.must(cameAs(126563, "R-1")) },
		func() { k.as(lockbay.Seller).tap("delivered") },
		func() { k.as(lockbay.Buyer).tap("release").tap("release:yes") },
	} {
		had := [2]int64{k.rec.As("").Anew, k.rec.As("seller").Anew}
		move()
		if now := [2]int64{k.rec.As("").Anew, k.rec.As("seller").Anew}; now[1] == had[1] && now[0] == had[0] {
			t.Errorf("%s: new cards at %v, had %v", k.rec.Step, now, had)
		}
	}
	k.as(lockbay.Seller).golden(`
	! The buyer has it, and releases the money.
	It is settled
	# €1,234.38 is yours
	Tell @bay_help where to send it, and name ESC-0000-001AW.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
	k.as(lockbay.Buyer).golden(`
	It is settled
	# Done on your side
	@anna_ceramics is being paid €1,234.38.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
	k.must(sends).must(sentAs("R-77")).as(lockbay.Seller).golden(`
	Receipt
	# Done. You were paid €1,234.38
	You were paid €1,234.38 on Tue 24 Nov, 14:41 UTC, reference R-77.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
}

// TestSellersCards: the seller's card in each status that the happy deal passes quickly.
func TestSellersCards(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.golden(`
	Paid. You have not accepted yet
	# Sell this for €1,250.00?
	The money is here. Accept by Wed 25 Nov, 14:41 UTC, else all of it goes back.
	Price: €1,250.00
	Your part of the fee: − €15.62
	You get: €1,234.38
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Accepting costs nothing.
	- You deliver, then say so here
	Within 72 hours of the payment and your yes. The buyer cannot take the money back before then.
	- The buyer checks, you are paid
	Within 72 hours more, also if they say nothing.
	` + k.accept() + ` decline create
	`)
	k.tap(k.accept()).golden(`
	Paid and accepted
	# Deliver by Fri 27 Nov, 14:41 UTC
	We hold the money; the buyer cannot take it back before then.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Say it here: from then on the buyer has 72 hours to check.
	- The buyer checks it
	For 72 hours. Then you are paid, also if they say nothing.
	- You are paid €1,234.38
	We ask you then where to send it.
	delivered dispute giveback create
	`)
	k.alarm(lockbay.AlarmLate).golden(`
	! You let the time to deliver run out.
	The time to deliver is over
	# Have you delivered?
	If you have, say so here. Else all of it goes back to the buyer by itself on Mon 30 Nov, 14:41 UTC, or before if they take it.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	Say it here: from then on the buyer has 72 hours to check.
	delivered dispute giveback create
	`)
	k.tap("delivered").golden(`
	Delivered
	# You are paid by Mon 30 Nov, 14:41 UTC
	The buyer checks it until then. You are paid also if they say nothing.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- You are paid €1,234.38
	We ask you then where to send it.
	dispute giveback create
	`)
	k.tap("dispute").golden(`
	Something is wrong
	# What is wrong?
	Nothing is sent until you two agree, or a person has decided.
	dispute:buyer_silent dispute:other back
	`)
	k.tap("dispute:buyer_silent").golden(`
	You two disagree
	# We hold the money until a person has decided
	No time runs out, and nothing is sent before that.
	Write to @bay_help what happened, and name ESC-0000-001AW.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- A person decides
	You read the decision here a day before anything is sent.
	giveback withdraw create
	`)
	if text := k.as(lockbay.Buyer).text(); !strings.HasPrefix(text, "! @anna_ceramics says: The buyer does not answer\n") || strings.Contains(k.actions(), "withdraw") {
		t.Errorf("the buyer reads\n%s", text)
	}
	k.as(lockbay.Seller).tap("withdraw").tap("giveback").golden(`
	This is final
	# Give the money back to the buyer?
	It ends this deal and cannot be undone. You are paid nothing.
	back giveback:yes
	`)
	k.tap("giveback:yes").golden(`
	It is settled
	# Done on your side
	The buyer gets €1,265.63 back.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
	k.as(lockbay.Buyer).golden(`
	! @anna_ceramics gives all of it back.
	It is settled
	# €1,265.63 is yours
	Tell @bay_help where to send it, and name ESC-0000-001AW.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
	k.must(sends).must(sentAs("R-78")).as(lockbay.Seller).golden(`
	Receipt
	# This deal has ended. The buyer got the money back
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
}

// TestDeclined: a seller who declines asks once, and both read who ended it.
func TestDeclined(t *testing.T) {
	k := joined(t).as(lockbay.Seller).tap("decline").golden(`
	This is final
	# Decline this deal?
	There is no Undo. The buyer reads that you declined, and what came goes back.
	back decline:yes
	`)
	link := k.stored().Sides.Link
	k.tap("decline:yes").golden(`
	# You declined this deal
	You owe nothing.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
	if now := k.stored().Sides.Link; now != link+1 {
		t.Errorf("link %d after %d", now, link)
	}
	k.as(lockbay.Buyer).golden(`
	! @anna_ceramics declined the deal.
	# @anna_ceramics declined ESC-0000-001AW
	We hold no money for it.
	Have you paid? Write to @bay_help, and name ESC-0000-001AW.
	again create
	`)
	k = joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller).tap("decline").golden(`
	This is final
	# Decline this deal?
	There is no Undo. The buyer gets all of the money back.
	back decline:yes
	`).tap("decline:yes")
	if e := k.stored(); e.Status != lockbay.Settling || e.Balances().Owed(lockbay.AccountBuyer) != e.Quote.BuyerPays {
		t.Errorf("%s, %v", e.Status, e.Balances())
	}
}

// TestSilentSeller: each side reads who let the time run out.
func TestSilentSeller(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).alarm(lockbay.AlarmOver)
	if text := k.as(lockbay.Seller).text(); !strings.HasPrefix(text, "! You let the time to accept run out.\nIt is settled\n# Done on your side\n") {
		t.Errorf("the seller reads\n%s", text)
	}
	if text := k.as(lockbay.Buyer).text(); !strings.HasPrefix(text, "! @anna_ceramics let the time to accept run out.\nIt is settled\n# €1,265.63 is yours\n") {
		t.Errorf("the buyer reads\n%s", text)
	}
	joined(t).alarm(lockbay.AlarmLapse).as(lockbay.Seller).golden(`
	! The buyer let the time to pay run out.
	Do not deliver.
	# No payment came by Tue 24 Nov, 15:41 UTC
	You owe nothing. If the payment still comes, we tell you here.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	create
	`)
}

// TestTermsOfAnotherCard: the seller accepts the terms that the card showed, and no others.
func TestTermsOfAnotherCard(t *testing.T) {
	k := joined(t).as(lockbay.Seller)
	for _, hash := range []string{"", "AAAAAAAAAA", "yes"} {
		in := k.button("accept:" + hash)
		if out := k.handle(in); out.Did != dialog.DidStale || k.accepted() {
			t.Errorf("accepted with the hash %q: %s", hash, out.Did)
		}
	}
	k.tap(k.accept())
	if !k.accepted() {
		t.Error("the hash on the card is not accepted")
	}
	if hash := k.hash(); !strings.Contains(dialog.Plain(fmt.Sprint(k.card("en").Facts, k.as(lockbay.Buyer).card("en").Facts)), hash[:5]+"-"+hash[5:]) {
		t.Error("the hash is not on the cards")
	}
}

// TestSeatsAtOnce: both tap opposite ends at once, each twice. One end counts.
func TestSeatsAtOnce(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.tap(k.accept()).tap("delivered").tap("giveback")
	k.as(lockbay.Buyer).tap("release")
	taps := []dialog.Input{k.as(lockbay.Buyer).button("release:yes"), k.as(lockbay.Seller).button("giveback:yes")}
	var all sync.WaitGroup
	for i := range 8 {
		in := taps[i%2]
		in.ID = fmt.Sprint("tap ", i)
		all.Go(func() {
			if _, err := k.bot.Handle(context.Background(), in); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if e := k.stored(); e.Status != lockbay.Settling || len(e.Log) != 5 {
		t.Errorf("%s after %d entries: %+v", e.Status, len(e.Log), e.Log)
	}
	k = joined(t)
	old := k.as(lockbay.Seller).button(k.accept())
	k.as(lockbay.Buyer).tap("cancel").tap("cancel:yes")
	if out := k.handle(old); out.Did != dialog.DidStale || k.accepted() {
		t.Errorf("a button of an earlier status: %s", out.Did)
	}
}

// TestSeenIsTheBuyers: that the seller was here, and was shown a card, tells nothing of the buyer.
func TestSeenIsTheBuyers(t *testing.T) {
	k := joined(t).must(cameAs(126563, "R-1")).as(lockbay.Seller)
	k.tap(k.accept())
	k.now = k.now.Add(time.Minute)
	k.tap("delivered")
	k.now = k.now.Add(time.Minute)
	k.handle(start(seller, "s_0000001AW_x", anna))
	k.load().alarm(lockbay.AlarmOver)
	if e := k.stored(); e.OnHold() != lockbay.HoldUnreachable {
		t.Errorf("paid although the buyer was shown nothing: %s", e.Status)
	}
}

// TestOwnQuestions: each side has the question that it opened.
func TestOwnQuestions(t *testing.T) {
	k := joined(t).as(lockbay.Seller)
	revision := k.rec.As("").Revision
	k.tap("decline").as(lockbay.Buyer)
	if k.rec.As("").Revision != revision || strings.Contains(k.text(), "Decline") {
		t.Errorf("the buyer reads\n%s", k.text())
	}
	k.tap("cancel")
	if text := k.as(lockbay.Seller).text(); !strings.Contains(text, "Decline this deal?") {
		t.Errorf("the seller reads\n%s", text)
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
