package deal_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// own is the personal conversation of the side whose card is read, when all effects are done.
func (k *talk) own() *dialog.Record {
	k.t.Helper()
	return k.load().ownOf(k.rec.As(k.role).Owner)
}

// ownOf is the personal conversation of somebody, when all effects are done.
func (k *talk) ownOf(owner string) *dialog.Record {
	k.t.Helper()
	key := dialog.Key{Bot: "bot", Flow: "open", ID: owner}
	own := func() *dialog.Record {
		r, _, err := k.bot.Hydrate(context.Background(), key)
		if err != nil {
			k.t.Fatal(err)
		}
		return r
	}
	for end := time.Now().Add(time.Minute); len(own().Pending) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatal("an effect is not done")
		}
	}
	k.load()
	return own()
}

// asked is the card of the personal conversation.
func (k *talk) asked() string {
	k.t.Helper()
	own, v := k.own(), dialog.View{Lang: "en", Field: true}
	c := k.bot.Render(own, v)
	return dialog.Plain(c.Tell(texts.Words, v, own.Said) + "\n" + c.Question)
}

// typesWhere is a text of the side, in its chat.
func (k *talk) typesWhere(text string) *talk {
	k.t.Helper()
	k.handle(dialog.Input{Kind: dialog.KindText, Text: text, Owner: k.rec.As(k.role).Owner})
	k.own()
	return k
}

// says wants the card of the personal conversation to hold these words.
func (k *talk) says(want ...string) *talk {
	k.t.Helper()
	got := k.asked()
	for _, w := range want {
		if !strings.Contains(got, w) {
			k.t.Errorf("the own card is\n%s\nwithout %q", got, w)
		}
	}
	return k
}

// settles is a deal whose seller is owed the money.
func settles(t *testing.T) *talk {
	t.Helper()
	k := joined(t).must(by(lockbay.Seller, lockbay.MoveAccept)).must(cameAs(126563, "R-1")).must(by(lockbay.Buyer, lockbay.MoveRelease))
	return k.as(lockbay.Seller)
}

func (k *talk) goesTo(want string) *talk {
	k.t.Helper()
	if e := k.stored(); e.WhereTo(lockbay.Seller) != want {
		k.t.Errorf("the money goes to %q, want %q", e.WhereTo(lockbay.Seller), want)
	}
	return k
}

// TestWhereByCurrency: who is paid by a bank is asked for an account, who is paid in a coin for an address. A question that an
// earlier version asked has no currency, and asks as for a bank.
func TestWhereByCurrency(t *testing.T) {
	for currency, want := range map[string]string{"EUR": "Write the account, and the name on it.", "USDT": "Write your USDT address, and its network."} {
		e := escrow()
		e.Quote.Currency, e.Terms.Amount.Currency = currency, currency
		k := wholly(t, opener{e: e, format: deal.Version})
		k.must(accepts).must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true}).must(releases).as(lockbay.Seller).tap("where")
		own := k.own()
		if c := k.bot.Render(own, dialog.View{Lang: "en", Field: true}); dialog.Plain(c.Hint) != want {
			t.Errorf("%s: they read %q, want %q", currency, c.Hint, want)
		}
		delete(own.Asks.About, "currency")
		if c := k.bot.Render(own, dialog.View{Lang: "en", Field: true}); c.Hint != "Write the account, and the name on it." {
			t.Errorf("a question of before: %q", c.Hint)
		}
	}
}

// TestSayWhere: the payee is asked where to send the money, reads it back, and may change it until it is sent. The other
// side reads nothing of it.
func TestSayWhere(t *testing.T) {
	k := settles(t).tap("where").says("€1,234.38 is yours. Where shall we send it?")
	k.typesWhere("LT60 1010 0123 4567 8901\nAnna K.").says("ESC-0000-001AW goes to …a K.").goesTo("LT60 1010 0123 4567 8901 Anna K.")
	if text, facts := k.text(), fmt.Sprint(k.card("en").Facts); !strings.Contains(text, "Sending €1,234.38 to …a K.") || !strings.Contains(facts, "LT60 1010 0123 4567 8901 Anna K.") {
		t.Errorf("the payee reads\n%s\n%s", text, facts)
	}
	if card := fmt.Sprintf("%+v", k.as(lockbay.Buyer).card("en")); strings.Contains(card, "LT60") || strings.Contains(k.actions(), "where") {
		t.Errorf("the other side reads\n%s", card)
	}
	for _, e := range k.store.Logged() {
		if strings.Contains(fmt.Sprintf("%+v", e), "LT60") {
			t.Errorf("an event tells where: %+v", e)
		}
	}
	k.as(lockbay.Seller).tap("where")
	for text, want := range map[string]string{
		" \u200b ":               "Write where to send the money.",
		strings.Repeat("x", 201): "At most 200 characters",
	} {
		k.typesWhere(text).says(want, "Where shall we send it?").goesTo("LT60 1010 0123 4567 8901 Anna K.")
	}
	k.typesWhere("\u202aLT99\u202c 2020").goesTo("LT99 2020")
}

// TestReplySaysWhere: a reply to the message that asks where to send the money says it. A later one changes nothing: that
// takes the button.
func TestReplySaysWhere(t *testing.T) {
	k := settles(t)
	in := dialog.Input{Kind: dialog.KindText, Text: "LT60 1010", Owner: seller, Reply: dialog.Reply{Message: "77", Draft: escrow().ID + "~seller"}}
	k.handle(in)
	k.says("goes to …1010").goesTo("LT60 1010")
	version := k.rec.Version
	in.Text = "thanks"
	k.handle(in)
	k.says("has not taken “thanks”", "Use the buttons").goesTo("LT60 1010")
	if k.rec.Version != version {
		t.Error("a second reply has changed the deal")
	}
}

// TestWhereTooLate: a payout began after the question. The text is not taken, and is quoted.
func TestWhereTooLate(t *testing.T) {
	k := settles(t).tap("where").must(sends)
	k.typesWhere("LT60 1010").says("has not taken “LT60 1010”", "nothing more of this kind").goesTo("")
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveFailed, Text: "no such account"}).tap("where").typesWhere("LT60 1010").goesTo("LT60 1010")
}

// TestWhereTwice: a text that is delivered twice, and whose effect is repeated, is said once.
func TestWhereTwice(t *testing.T) {
	k := settles(t).tap("where")
	in := dialog.Input{ID: "one", Kind: dialog.KindText, Text: "LT60 1010", Owner: seller}
	k.handle(in)
	k.own()
	k.handle(in)
	k.says("goes to …1010").goesTo("LT60 1010")
	version := k.rec.Version
	for range 2 { // the effect, as after a crash
		k.handle(dialog.Input{ID: "text:" + "again", Kind: dialog.KindText, Key: k.key(), Draft: escrow().ID + "~seller", Name: "where", Text: "LT60 1010", Owner: seller})
	}
	e := k.goesTo("LT60 1010").stored()
	if n := strings.Count(fmt.Sprint(e.Log), "where"); n != 1 || k.rec.Version > version+2 {
		t.Errorf("%d entries in version %d, had %d", n, k.rec.Version, version)
	}
}

// TestWhereOfBoth: each side of a divided deal says its own, at the same time.
func TestWhereOfBoth(t *testing.T) {
	k := joined(t).must(by(lockbay.Seller, lockbay.MoveAccept)).must(cameAs(126563, "R-1"))
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: 7000, Text: "half of it broke"})
	k.as(lockbay.Seller).tap("where").as(lockbay.Buyer).tap("where").says("€379.70 is yours")
	k.typesWhere("DE12").as(lockbay.Seller).typesWhere("LT60").goesTo("LT60")
	if e := k.stored(); e.WhereTo(lockbay.Buyer) != "DE12" {
		t.Errorf("the buyer's goes to %q", e.WhereTo(lockbay.Buyer))
	}
}

// TestWhereAfterAHold: after 90 days without a word the deal is held. Resumed, its payee can still say where.
func TestWhereAfterAHold(t *testing.T) {
	k := settles(t).tap("where").must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk})
	k.typesWhere("LT60 1010").says("has not taken “LT60 1010”").goesTo("")
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume}).alarm(lockbay.AlarmOver)
	if e := k.stored(); e.OnHold() != lockbay.HoldPayout {
		t.Fatalf("on hold: %q", e.OnHold())
	}
	k.now = k.now.Add(24 * time.Hour)
	k.must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume}).ring()
	k.tap("where").typesWhere("LT60 1010").says("goes to").goesTo("LT60 1010")
}

var _ dialog.Asker = (*deal.Flow)(nil)
