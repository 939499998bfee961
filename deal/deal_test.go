package deal_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

const (
	pending = `
	Confirmed. Waiting for your payment
	# Pay €1,265.63 by 15:41 UTC
	52/60 52 minutes left, counted at 14:49 UTC
	To pay: €1,265.63
	Reference: ESC-0000-001AW
	How to pay: write to @bay_help, and name ESC-0000-001AW as the reference.
	This page changes when your payment is here. You may close it.
	- You tell @anna_ceramics; they accept, then deliver
	Within 72 hours of paying and accepting. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	help create cancel
	`
	paid = `
	Paid. The seller has not accepted yet
	# We hold €1,265.63 for you
	@anna_ceramics has until Wed 25 Nov, 14:41 UTC to accept. Else all of it comes back.
	Price: €1,250.00
	Your part of the fee: €15.63
	Paid: €1,265.63
	Tell @anna_ceramics that the money is here: we write only to you. They accept by writing to @bay_help, and name ESC-0000-001AW.
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	- @anna_ceramics accepts
	Then the time to deliver begins.
	- @anna_ceramics delivers
	Within 72 hours of accepting. We hold the money all the time.
	- You check, then release
	Only then @anna_ceramics gets €1,234.38.
	help create cancel
	`
	lapsed = `
	# No payment came by Tue 24 Nov, 15:41 UTC
	This escrow has ended. A payment on its way is safe: when it comes, the deal goes on, and we tell you here.
	Have you paid? Then do not pay again. Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`
	cancelled = `
	# ESC-0000-001AW is cancelled
	We hold no money for it, and we did not write to the seller.
	Have you paid? Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`
)

func TestPendingDealCountsDown(t *testing.T) {
	k := begin(t)
	k.now = begun.Add(8 * time.Minute)
	k.golden(pending)
	c := k.card("en")
	if !c.Refresh || c.Draft != escrow().ID || c.Step != "payment_pending" || dialog.Plain(c.SavedAs) != "As of 14:49 UTC" {
		t.Errorf("the card is %+v", c)
	}
	for field, want := range map[string]string{"escrow": escrow().ID, "seller": "@anna_ceramics", "description": "Сервиз ручной работы 🍽️, 24 предмета", "delivery": "72 hours from your payment"} {
		found := false
		for _, f := range c.Facts {
			found = found || f.Field == field && dialog.Plain(f.Value) == want
		}
		if !found {
			t.Errorf("%s is not %q in %+v", field, want, c.Facts)
		}
	}
	k.now = begun.Add(2 * time.Hour) // over, and nobody has noticed yet
	if b := k.card("en").Bar; b.Value != 0 || b.Text != "The time to pay is over" {
		t.Errorf("the bar is %+v", b)
	}
}

func TestPaidIsAnInputToTheDeal(t *testing.T) {
	k := begin(t)
	if err := k.order(deal.MarkPaid); err != nil {
		t.Fatal(err)
	}
	k.golden(paid).events(dialog.EventOrdered, deal.EventDealt, deal.EventPaid)
	if k.rec.Anew != k.rec.Version || len(k.rec.Timers) != 1 || k.rec.Timers[0].Name != lockbay.AlarmOver {
		t.Errorf("the card does not come anew, or still lapses: %+v", k.rec)
	}
	version := k.rec.Version
	for range 3 {
		if err := k.order(deal.MarkPaid); err != nil {
			t.Errorf("paid again: %v", err)
		}
	}
	if k.rec.Version != version {
		t.Error("a repeated order was a turn")
	}
	for range 2 {
		if err := k.order(deal.Cancel); !errors.Is(err, lockbay.ErrPaid) {
			t.Errorf("cancelled after it was paid: %v", err)
		}
	}
	k.golden(paid) // the buyer's card stays as it is
}

// TestOrderNamesTheSum: an order that names another sum than the buyer's changes nothing, whatever the deal's status.
func TestOrderNamesTheSum(t *testing.T) {
	sum := lockbay.Money{Minor: 126563, Currency: "EUR"}
	others := []lockbay.Money{{Minor: 126562, Currency: "EUR"}, {Minor: 126564, Currency: "EUR"}, {Minor: 126563, Currency: "USD"}, {Minor: 125050, Currency: "EUR"}, {Currency: "EUR"}}
	for before, want := range map[string]struct{ right, wrong error }{
		"payment_pending":   {nil, lockbay.ErrSum},
		"payment_lapsed":    {nil, lockbay.ErrSum},
		"payment_confirmed": {nil, lockbay.ErrSum}, // given before
		"cancelled":         {lockbay.ErrCancelled, lockbay.ErrCancelled},
	} {
		k := begin(t)
		switch before {
		case "payment_lapsed":
			k.now = begun.Add(time.Hour)
			k.wake()
		case "payment_confirmed":
			_ = k.order(deal.MarkPaid)
		case "cancelled":
			_ = k.order(deal.Cancel)
		}
		card := k.text()
		for _, other := range others {
			if err := k.give(deal.OrderSum("bot", escrow().ID, other)); !errors.Is(err, want.wrong) {
				t.Errorf("%s, %v: %v, want %v", before, other, err, want.wrong)
			}
			if k.rec.Step != before || k.text() != card {
				t.Errorf("%s, %v: is %s now\n%s", before, other, k.rec.Step, k.text())
			}
		}
		if err := k.give(deal.OrderSum("bot", escrow().ID, sum)); !errors.Is(err, want.right) {
			t.Errorf("%s: the sum itself: %v", before, err)
		}
	}
}

// TestOrdersAreTheirOwn: each call makes an order of its own, so that an order that was given before can be given again
// once it is not done any more.
func TestOrdersAreTheirOwn(t *testing.T) {
	a, b := deal.Order("bot", deal.MarkPaid, escrow().ID), deal.Order("bot", deal.MarkPaid, escrow().ID)
	if a.ID == b.ID || a.ID == "" {
		t.Errorf("two orders have the ids %q and %q", a.ID, b.ID)
	}
}

func TestOrdersBeyondMemoryAreStillAnswered(t *testing.T) {
	k := begin(t)
	if err := k.order(deal.MarkPaid); err != nil {
		t.Fatal(err)
	}
	for range 40 { // pushes the order out of the remembered inputs
		k.handle(dialog.Input{Kind: dialog.KindTap, Owner: buyer, Name: "status", Value: escrow().ID})
	}
	k.load()
	version := k.rec.Version
	if err := k.order(deal.MarkPaid); err != nil || k.rec.Version != version {
		t.Errorf("paid again: %v, version %d after %d", err, k.rec.Version, version)
	}
}

func TestUnpaidDealLapsesAndALatePaymentRevivesIt(t *testing.T) {
	k := begin(t)
	k.now = begun.Add(time.Hour)
	k.wake().golden(lapsed).events(deal.EventDealt, deal.EventLapsed)
	c := k.card("en")
	if !c.Ended || k.rec.Anew != k.rec.Version {
		t.Error("the end of a deal is not told anew")
	}
	if c.Primary != nil {
		t.Errorf("the filled button of a deal whose payment may be on its way is %+v", c.Primary)
	}
	if facts := fmt.Sprint(c.Facts); !strings.Contains(facts, "@anna_ceramics") || !strings.Contains(facts, "€1,265.63") {
		t.Errorf("seller and sum are missing in %+v", c.Facts)
	}
	if err := k.order(deal.MarkPaid); err != nil {
		t.Fatal(err)
	}
	k.golden("\n\t! Your payment came after its time.\n\tThe deal goes on.\n" + strings.Replace(paid[1:], "14:41", "15:41", 1))
	k.events(deal.EventDealt, deal.EventLapsed, dialog.EventOrdered, deal.EventDealt, deal.EventPaid)
}

func TestPaymentAtTheLastMomentIsAfterTheLapse(t *testing.T) {
	k := begin(t)
	k.atTheEnd(time.Hour) // the wake has not come yet
	if err := k.order(deal.MarkPaid); err != nil {
		t.Fatal(err)
	}
	k.events(deal.EventDealt, deal.EventLapsed, dialog.EventOrdered, deal.EventDealt, deal.EventPaid)
}

func TestCancellingAsksFirst(t *testing.T) {
	k := begin(t)
	k.tap("cancel").golden(`
	This is final
	# Cancel ESC-0000-001AW?
	There is no Undo. Keep it if you have paid: cancelling does not send money back.
	back cancel:yes
	`)
	k.now = begun.Add(8 * time.Minute)
	k.tap("back").golden(pending).tap("cancel").tap("cancel:yes").golden(cancelled).events(deal.EventDealt, deal.EventCancelled)
	for range 2 {
		if err := k.order(deal.MarkPaid); !errors.Is(err, lockbay.ErrCancelled) {
			t.Errorf("paid after it was cancelled: %v", err)
		}
		if err := k.order(deal.Cancel); err != nil {
			t.Errorf("cancelled again: %v", err)
		}
	}
	k.golden(cancelled)
}

func TestLapseWhileAskedWhetherToCancel(t *testing.T) {
	k := begin(t)
	k.tap("cancel")
	yes := dialog.Input{Kind: dialog.KindTap, Owner: buyer, Bound: true, Draft: k.rec.Draft, Revision: k.rec.Revision, Name: "cancel", Value: "yes"}
	k.atTheEnd(time.Hour)
	if out := k.handle(yes); out.Did != dialog.DidStale { // the lapse came first
		t.Errorf("cancelled what had lapsed: %s", out.Did)
	}
	if k.load().rec.Step != "payment_lapsed" {
		t.Errorf("the deal is %s", k.rec.Step)
	}
}

func TestOperatorsCancel(t *testing.T) {
	k := begin(t)
	if err := k.order(deal.Cancel); err != nil {
		t.Fatal(err)
	}
	k.golden(cancelled)
	k = begin(t)
	k.now = begun.Add(2 * time.Hour)
	if err := k.order(deal.Cancel); err != nil { // a cancelled deal is never revived
		t.Fatal(err)
	}
	if err := k.order(deal.MarkPaid); !errors.Is(err, lockbay.ErrCancelled) {
		t.Errorf("paid after it was cancelled: %v", err)
	}
	if err := k.give(deal.Order("bot", deal.MarkPaid, "ESC-0000-00000")); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("an order to no deal: %v", err)
	}
}

func TestButtonsThatAreNoneOfTheDeals(t *testing.T) {
	k := begin(t)
	bound := dialog.Input{Kind: dialog.KindTap, Owner: buyer, Bound: true, Draft: k.rec.Draft, Revision: k.rec.Revision}
	for _, name := range []string{"confirm", "undo", "amount", "continue", "back"} {
		in := bound
		in.Name, in.Revision = name, k.rec.Revision
		if out := k.handle(in); out.Did != dialog.DidStale {
			t.Errorf("%s was %s", name, out.Did)
		}
		k.load()
	}
	in := bound
	in.Name, in.Value = "cancel", "yes" // not asked
	if out := k.handle(in); out.Did != dialog.DidStale {
		t.Errorf("cancelled without having been asked: %s", out.Did)
	}
	in.Owner, in.Value = "tg:666", ""
	if out := k.handle(in); out.Did != dialog.DidForeign {
		t.Errorf("a stranger's tap was %s", out.Did)
	}
	in = bound
	in.Name = "again" // belongs to the person's own conversation
	if out := k.handle(in); out.Record.Key.Flow != "open" || out.Record.Said.Args["text"] != "again "+k.rec.Draft {
		t.Errorf("again went to %s with %v", out.Record.Key, out.Record.Said)
	}
}

func TestMatchTakesIdsAsTheyAreWritten(t *testing.T) {
	flow := deal.New(deal.Config{})
	for text, want := range map[string]bool{escrow().ID: true, "esc-0000-001aw": false, "ESC-0000-001A1": false, "": false, "7kq2mx9000": false} {
		if flow.Match(text) != want {
			t.Errorf("%q matches: %v", text, !want)
		}
	}
}

func TestInstructionsAreTheOperators(t *testing.T) {
	k := begin(t)
	flow := deal.New(deal.Config{Instructions: func(string) string { return "Send {amount}, with {id},\n\nuntil {expires}.\n" }})
	c := flow.Render(k.rec, dialog.View{Lang: "en", Now: begun})
	want := []string{"Send \u2068€1,265.63\u2069, with \u2068ESC-0000-001AW\u2069,", "until \u206815:41 UTC\u2069."}
	if len(c.Body) != 2 || c.Body[0] != want[0] || c.Body[1] != want[1] {
		t.Errorf("the instructions are %q", c.Body)
	}
}

// TestInstructionsWithLinks: a link has a plain number, which the page behind it reads; the text beside it has the amount
// as people read it.
func TestInstructionsWithLinks(t *testing.T) {
	k := begin(t)
	const amount, id = "\u2068€1,265.63\u2069", "\u2068ESC-0000-001AW\u2069"
	for text, want := range map[string]string{
		"https://pay.example/{id}?sum={amount}&until={expires} ({amount})": "https://pay.example/ESC-0000-001AW?sum=1265.63&until=2026-11-24T15:41:00Z (" + amount + ")",
		"PayPal: paypal.me/shop/{amount}EUR":                               "PayPal: paypal.me/shop/1265.63EUR",
		"bitcoin:bc1qar0?amount={amount}&label={id}":                       "bitcoin:bc1qar0?amount=1265.63&label=ESC-0000-001AW",
		"Pay by UPI://pay?pa=a@b&am={amount}.":                             "Pay by UPI://pay?pa=a@b&am=1265.63.",
		"Sum:{amount}, reference:{id}":                                     "Sum:" + amount + ", reference:" + id,
		"Questions? Name {id}. IBAN: LT12/{amount}":                        "Questions? Name " + id + ". IBAN: LT12/" + amount,
	} {
		flow := deal.New(deal.Config{Instructions: func(string) string { return text }})
		if c := flow.Render(k.rec, dialog.View{Lang: "en", Now: begun}); len(c.Body) != 1 || c.Body[0] != want {
			t.Errorf("%q reads %q", text, c.Body)
		}
	}
}

// TestInstructionsAreOfTheCurrency: a deal never shows the instructions of another currency.
func TestInstructionsAreOfTheCurrency(t *testing.T) {
	k := begin(t)
	flow := deal.New(deal.Config{Instructions: func(currency string) string {
		return map[string]string{"BTC": "To bc1q: {amount}", "EUR": "To LT12: {amount}"}[currency]
	}})
	if c := flow.Render(k.rec, dialog.View{Lang: "en", Now: begun}); strings.Join(c.Body, "|") != "To LT12: \u2068€1,265.63\u2069" {
		t.Errorf("in euros: %q", c.Body)
	}
	k.rec.Answers = []byte(strings.ReplaceAll(string(k.rec.Answers), `"EUR"`, `"GBP"`))
	if c := flow.Render(k.rec, dialog.View{Lang: "en", Now: begun}); !strings.Contains(strings.Join(c.Body, "|"), "How to pay is not written here") {
		t.Errorf("in pounds: %q", c.Body)
	}
}

// TestInstructionsThatNobodyWrote: people read whom to ask, and nobody is promised that somebody writes: no operator is told
// of a new deal.
func TestInstructionsThatNobodyWrote(t *testing.T) {
	k := begin(t)
	for support, want := range map[string]string{
		"":          "How to pay is not written here. Ask whoever runs this service, and name \u2068ESC-0000-001AW\u2069 as the reference.",
		"@bay_help": "How to pay: write to \u2068@bay_help\u2069, and name \u2068ESC-0000-001AW\u2069 as the reference.",
	} {
		for _, page := range []bool{true, false} {
			c := deal.New(deal.Config{Support: support}).Render(k.rec, dialog.View{Lang: "en", Now: begun, Visited: page})
			if got := strings.Join(c.Body, "|"); got != want {
				t.Errorf("page %t, support %q: %q", page, support, got)
			}
		}
	}
}

// TestNobodyIsCalled: without a desk no operator hears of a dispute, or of a hold that came by itself. Both sides read that they call a person, and
// whom; with one they read that a person looks.
func TestNobodyIsCalled(t *testing.T) {
	states := map[string]func(k *talk){
		"disputed": func(k *talk) {
			k.must(cameAs(126563, "R-1")).must(accepts).must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveDispute, Why: "damaged"})
		},
		"held": func(k *talk) {
			k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldPayout})
		},
	}
	calls := map[string]string{"disputed": "A person decides once you have called them: ", "held": "Nobody is called by itself: "}
	for name, begun := range states {
		for _, manned := range []bool{true, false} {
			o := opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot"}
			if manned {
				o.operators = []string{clerk}
			}
			k := beginWith(t, o)
			k.handle(start(seller, k.payload(), anna))
			begun(k.load())
			for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
				text := k.as(role).text()
				if got := strings.Contains(text, calls[name]+"write to @bay_help, and name ESC-0000-001AW."); got == manned {
					t.Errorf("%s, with a desk: %t, the %s reads\n%s", name, manned, role, text)
				}
				if name == "held" && strings.Contains(text, "A person looks at this deal") != manned {
					t.Errorf("%s, with a desk: %t, the %s reads\n%s", name, manned, role, text)
				}
			}
		}
	}
}

func TestEveryRecordEverStoredCanBeShown(t *testing.T) {
	k := begin(t)
	for _, raw := range []string{"", "{}", "null", "[", `{"s":"payment_pending","q":{"c":""}}`, `{"s":"payment_pending","q":{"c":"ZZZ"},"t":{"s":"x"}}`,
		`{"s":"payment_pending","q":{"c":"EUR"}}`, `{"s":"released","q":{"c":"EUR"}}`} {
		for _, step := range []string{"", "payment_pending", "payment_confirmed", "released"} {
			for _, schema := range []int{0, 1, 2, 3} {
				r := *k.rec
				r.Answers, r.Step, r.Schema = []byte(raw), step, schema
				r.Said = &dialog.Said{Code: "nobody knows"}
				if c := k.bot.Render(&r, dialog.View{Lang: "en"}); c.Question == "" {
					t.Errorf("%s at %q of version %d has no question", raw, step, schema)
				}
			}
		}
	}
}

func TestDealThatCannotBeReadIsLeftAlone(t *testing.T) {
	k := begin(t)
	rec := *k.rec
	for _, version := range []int{lockbay.Reads + 1, deal.Booked + lockbay.Reads + 1, deal.Met + lockbay.Reads + 1, deal.Timed + lockbay.Reads + 1, deal.Chosen + lockbay.Reads + 1, deal.Spoken + lockbay.Reads + 1, 2*deal.Spoken + 1} {
		rec.Schema = version
		if _, err := deal.Escrow(&rec); !errors.Is(err, dialog.ErrSchemaNewer) || k.flow.Knows(&rec.Head) {
			t.Errorf("a deal of version %d: %v", version, err)
		}
	}
}

// TestAwayAtTheEnd: a time that ended while nobody could reach us is longer, and both are told; unknown is waited for.
func TestAwayAtTheEnd(t *testing.T) {
	k := begin(t)
	k.now = begun.Add(2 * time.Hour)
	k.handle(dialog.Input{ID: "early", Kind: dialog.KindWake, Key: k.key(), Name: lockbay.AlarmLapse, Value: fmt.Sprint(k.rec.Timers[0].At)})
	if k.load().rec.Step != string(lockbay.PaymentPending) || len(k.rec.Timers) == 0 {
		t.Fatalf("before it is known since when we answer, the deal is %s and waits for %v", k.rec.Step, k.rec.Timers)
	}
	k.now = k.now.Add(time.Minute)
	back := k.now
	k.ringSince(back)
	if e := k.stored(); !e.Away() || !e.End().Equal(back.Add(15*time.Minute)) {
		t.Fatalf("%s until %v", e.Status, e.End())
	}
	c := k.card("en")
	if c.Band == nil || dialog.Plain(c.Band.Strong+c.Band.Text) != "We were away until 16:42 UTC.So there is more time: until 16:57 UTC." {
		t.Errorf("the card says %+v", c.Band)
	}
	k.now = back.Add(15 * time.Minute)
	if k.ringSince(back); k.rec.Step != string(lockbay.PaymentLapsed) {
		t.Errorf("after that the deal is %s", k.rec.Step)
	}
}
