package deal_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// disputed is a deal of two people who disagree; the buyer opened it.
func disputed(t *testing.T) *talk {
	t.Helper()
	k := joined(t).must(by(lockbay.Seller, lockbay.MoveAccept)).must(cameAs(126563, "R-1"))
	return k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveDispute, Why: "damaged"}).as(lockbay.Buyer)
}

// writes is a text of the side, in its chat, under a button.
func (k *talk) writes(button, text string) *talk {
	k.t.Helper()
	return k.tap(button).typesWhere(text)
}

// statements are what was said, as the card of the side shows it.
func (k *talk) statements() (list []string) {
	for _, f := range k.card("en").Facts {
		if f.Field == "said" {
			list = append(list, dialog.Plain(f.Label+": "+f.Value))
		}
	}
	return list
}

// TestSay: each side says what happened by a button and a text; both read it, in order, and the other side is told.
func TestSay(t *testing.T) {
	k := disputed(t).tap("say").says("What happened?")
	anew := k.rec.As("seller").Anew
	k.typesWhere("Four plates are broken.\nTwo are missing.").says("the other side reads it now")
	if k.rec.As("seller").Anew == anew {
		t.Error("the seller is not told")
	}
	if text := k.as(lockbay.Seller).text(); !strings.HasPrefix(text, "! The buyer wrote.") || !strings.Contains(text, "Answer by Fri 27 Nov, 14:41 UTC") {
		t.Errorf("the seller reads\n%s", text)
	}
	k.writes("say", "The parcel left here whole.").as(lockbay.Buyer)
	want := "[You: Four plates are broken.\nTwo are missing. Seller: The parcel left here whole.]"
	if got := fmt.Sprint(k.statements()); got != want {
		t.Errorf("the buyer reads %s", got)
	}
	if got := fmt.Sprint(k.as(lockbay.Seller).statements()); !strings.HasPrefix(got, "[Buyer: Four") || !strings.Contains(got, "You: The parcel") {
		t.Errorf("the seller reads %s", got)
	}
	if facts := fmt.Sprint(k.card("en").Facts); !strings.Contains(facts, "It is damaged") {
		t.Errorf("the seller does not read why: %s", facts)
	}
	if k.rec.Schema < deal.Spoken {
		t.Errorf("an older program would read version %d", k.rec.Schema)
	}
	for _, e := range k.store.Logged() {
		if strings.Contains(fmt.Sprintf("%+v", e), "plates") {
			t.Errorf("an event tells what was said: %+v", e)
		}
	}
}

// TestSayRefused: what is not taken is asked for again, with what was typed, and nothing is written.
func TestSayRefused(t *testing.T) {
	k := disputed(t).tap("say")
	for text, want := range map[string]string{
		"\u200b \n": "Write what happened.", strings.Repeat("ж", 1001): "too long", strings.Repeat("字", 667): "too long", "\x00\x01": "Write what happened.",
	} {
		version := k.rec.Version
		k.typesWhere(text).says(want, "What happened?")
		if k.rec.Version != version {
			t.Errorf("%.10q was written", text)
		}
	}
	k.typesWhere("It \u202ebroke\x00.").as(lockbay.Seller)
	if got := fmt.Sprint(k.statements()); got != "[Buyer: It broke.]" {
		t.Errorf("the seller reads %q", got)
	}
}

// TestSayTooLate: the dispute ended while a side was writing. The text is not taken, and is quoted.
func TestSayTooLate(t *testing.T) {
	k := disputed(t).tap("say").must(by(lockbay.Seller, lockbay.MoveGiveBack)).as(lockbay.Buyer)
	k.typesWhere("It broke.").says("has not taken “It broke.”")
	if e := k.stored(); len(e.Statements()) > 0 {
		t.Errorf("it was said: %+v", e.Statements())
	}
}

// TestReplyIsSaid: a reply to the message of a dispute is said in it, once.
func TestReplyIsSaid(t *testing.T) {
	k := disputed(t).as(lockbay.Seller)
	in := dialog.Input{ID: "reply", Kind: dialog.KindText, Text: "it left whole", Owner: seller, Reply: dialog.Reply{Message: "77", Draft: escrow().ID + "~seller"}}
	k.handle(in)
	k.own()
	k.handle(in)
	k.own()
	e := k.stored()
	if list := e.Statements(); len(list) != 1 || list[0].By != lockbay.Seller || list[0].Text != "it left whole" {
		t.Errorf("the statements are %+v", list)
	}
}

// TestOfferAndAgree: one side offers by a button, the other reads both sums, is asked once more, and the money is divided.
func TestOfferAndAgree(t *testing.T) {
	k := disputed(t).as(lockbay.Seller).tap("offer").golden(`
	You two disagree
	# How much do you give back?
	It counts once the other side accepts it. Until then you can make another one.
	offer:10 offer:25 offer:50 offer:75 offer:other back
	`)
	k.tap("offer:25")
	if text := k.text(); !strings.Contains(text, "You offer €316.42 back, 25%.") {
		t.Errorf("the seller reads\n%s", text)
	}
	k.as(lockbay.Buyer).golden(`
	! @anna_ceramics makes an offer.
	You two disagree
	# @anna_ceramics offers you €316.42 back
	25%. Made Tue 24 Nov, 14:41 UTC.
	Back to you: €316.42
	The seller gets: €925.78
	Fee: €23.43
	Together, what we hold: €1,265.63
	A person decides once you have called them: write to @bay_help, and name ESC-0000-001AW.
	Accepting is final and asks once more. Say nothing until Fri 27 Nov, 14:41 UTC, and a person decides.
	- A person decides
	You read the decision here 24 hours before anything is sent.
	agree:1 offer say withdraw create release
	`)
	k.tap("agree:1").golden(`
	This is final
	# Accept €316.42 back, and @anna_ceramics gets €925.78?
	It ends this deal and cannot be undone.
	Back to you: €316.42
	The seller gets: €925.78
	Fee: €23.43
	Together, what we hold: €1,265.63
	agree:yes back
	`)
	k.tap("agree:yes")
	if e := k.stored(); e.Status != lockbay.Settling || e.Balances().Owed(lockbay.AccountBuyer) != 31642 {
		t.Fatalf("agreed: %s with %v", e.Status, e.Balances())
	}
	if text := k.text(); !strings.Contains(text, "€316.42 is yours") || !strings.Contains(text, "25% goes back") {
		t.Errorf("the buyer reads\n%s", text)
	}
	if text := k.as(lockbay.Seller).text(); !strings.HasPrefix(text, "! The buyer accepted your offer.") || !strings.Contains(text, "€925.78 is yours") {
		t.Errorf("the seller reads\n%s", text)
	}
}

// TestOtherShare: a share that stands on no button is typed.
func TestOtherShare(t *testing.T) {
	k := disputed(t).tap("offer").tap("offer:other").says("How many percent")
	for _, text := range []string{"101", "-5", "all", "12.345", ""} {
		k.typesWhere(text)
		if e := k.stored(); e.Spoken() {
			t.Errorf("%q is offered", text)
		}
	}
	e := k.says("from 0 to 100").typesWhere("12,5 %").stored()
	if o, stands := e.OfferOf(lockbay.Buyer); !stands || o.Share != 8750 {
		t.Errorf("the offer is %+v", o)
	}
}

// TestReplacedOffer: of an offer that was replaced while the other side read it nothing is accepted, whichever button they
// press, and they read the new one.
func TestReplacedOffer(t *testing.T) {
	for _, asked := range []bool{false, true} {
		k := disputed(t)
		offer := func(share int) {
			k.must(lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveOffer, Share: share})
		}
		offer(7000)
		k.as(lockbay.Buyer)
		button := k.button("agree:1")
		if asked {
			button = k.tap("agree:1").button("agree:yes")
		}
		revision := k.rec.As("").Revision
		offer(9000)
		if k.rec.As("").Revision != revision {
			t.Error("an offer changes what the other side's buttons mean")
		}
		if out := k.handle(button); out.Did != dialog.DidStale {
			t.Errorf("%s of an offer that was replaced: %s", button.Name, out.Did)
		}
		if e := k.load().stored(); e.Status != lockbay.Disputed {
			t.Errorf("the deal is %s", e.Status)
		}
		if k.as(lockbay.Buyer); !strings.Contains(k.text(), "offers you €126.57 back") {
			t.Errorf("the buyer reads\n%s", k.text())
		}
	}
}

// TestAgreeAndOfferAtOnce: one accepts while the other replaces the offer, many times. Either the accepted offer stands, or
// the new one and nothing was divided.
func TestAgreeAndOfferAtOnce(t *testing.T) {
	for range 20 {
		k := disputed(t).must(lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveOffer, Share: 7000}).as(lockbay.Buyer).tap("agree:1")
		yes := k.button("agree:yes")
		other := k.as(lockbay.Seller).tap("offer").button("offer:10")
		var all sync.WaitGroup
		for _, in := range []dialog.Input{yes, other} {
			all.Go(func() {
				if _, err := k.bot.Handle(context.Background(), in); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		e := k.load().stored()
		seller, _, _ := e.Quote.Split(7000)
		o, stands := e.OfferOf(lockbay.Seller)
		switch {
		case e.Status == lockbay.Settling && e.Balances().Owed(lockbay.AccountSeller) == seller:
		case e.Status == lockbay.Disputed && stands && o.Share == 9000:
		default:
			t.Errorf("%s with %v, offer %+v", e.Status, e.Balances(), o)
		}
	}
}

// TestUnanswered: a side lets its time to answer run out. Nobody is paid by it: both and the desk are told, and the two can
// still agree.
func TestUnanswered(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts)
	k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveDispute, Why: "damaged"})
	had := k.rec.As("desk").Anew
	k.alarm(lockbay.AlarmAnswer)
	if k.rec.As("desk").Anew == had || !strings.Contains(k.as(lockbay.Desk).text(), "has not answered in time") {
		t.Errorf("the desk reads\n%s", k.text())
	}
	if text := k.as(lockbay.Buyer).text(); !strings.Contains(text, "! @anna_ceramics has not answered in time.") || !strings.Contains(text, "You two can still agree") {
		t.Errorf("the buyer reads\n%s", text)
	}
	if text := k.as(lockbay.Seller).text(); !strings.HasPrefix(text, "! Your time to answer is over.") {
		t.Errorf("the seller reads\n%s", text)
	}
	if e := k.stored(); e.Status != lockbay.Disputed || e.Balances().Owed(lockbay.AccountHeld) != e.Quote.BuyerPays {
		t.Errorf("the deal is %s with %v", e.Status, e.Balances())
	}
	k.must(lockbay.Act{Role: lockbay.Seller, Move: lockbay.MoveOffer, Share: 5000}).must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveAgree})
	if e := k.stored(); e.Status != lockbay.Settling {
		t.Errorf("the deal is %s", e.Status)
	}
}

// TestDeskReadsAlong: what the two say changes the desk's message, without ringing, and leaves what the desk is asked.
func TestDeskReadsAlong(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts)
	k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveDispute, Why: "damaged"}).desk("decide")
	for _, a := range []lockbay.Act{{Role: lockbay.Buyer, Move: lockbay.MoveSay, Text: "it leaks"}, {Role: lockbay.Seller, Move: lockbay.MoveOffer, Share: 7000}} {
		had, anew := k.rec.As("desk").Updated, k.rec.As("desk").Anew
		k.now = k.now.Add(time.Minute)
		seat := k.must(a).rec.As("desk")
		if seat.Anew != anew || seat.Card <= anew || seat.Updated != had {
			t.Errorf("after %s the desk's message is %d, anew %d", a.Move, seat.Card, seat.Anew)
		}
		if text := k.as(lockbay.Desk).text(); !strings.HasPrefix(text, "! They wrote more.") || !strings.Contains(k.actions(), "decide:50") {
			t.Errorf("after %s the desk reads\n%s", a.Move, text)
		}
	}
	if facts := dialog.Plain(fmt.Sprint(k.card("en").Facts)); !strings.Contains(facts, "it leaks") || !strings.Contains(facts, "€379.70 back to the buyer") {
		t.Errorf("the desk reads %s", facts)
	}
}

// TestWordsDoNotPutTheDeskOff: the desk is reminded a day after it was called, however often the two write meanwhile.
func TestWordsDoNotPutTheDeskOff(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts)
	k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveDispute, Why: "damaged"})
	called := k.now
	for i := range 4 {
		k.now = k.now.Add(5 * time.Hour)
		k.must(lockbay.Act{Role: []lockbay.Role{lockbay.Buyer, lockbay.Seller}[i%2], Move: lockbay.MoveSay, Text: fmt.Sprint("it leaks ", i)})
	}
	had := k.rec.As("desk").Anew
	if k.alarm("desk"); !k.now.Equal(called.Add(24*time.Hour)) || k.rec.As("desk").Anew == had {
		t.Errorf("the desk is reminded after %s", k.now.Sub(called))
	}
	k.must(by(lockbay.Seller, lockbay.MoveGiveBack)).must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending}).must(sentAs("R-2"))
	for _, x := range k.rec.Timers {
		if x.Name == "desk" {
			t.Error("the desk is reminded of a deal that has ended")
		}
	}
}

// TestEarlierStatements: a message has room for the last statements; the others are read by a button, by both sides and the
// desk. A page has all of them.
func TestEarlierStatements(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts)
	k.must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveDispute, Why: "damaged"})
	var want []string
	for i := range 2 * lockbay.StatementsMost {
		text := fmt.Sprintf("%02d %s", i, strings.Repeat("ж", 997))
		want = append(want, text)
		k.must(lockbay.Act{Role: []lockbay.Role{lockbay.Buyer, lockbay.Seller}[i%2], Move: lockbay.MoveSay, Text: text})
	}
	for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller, lockbay.Desk} {
		var read []string
		for k.chat = true; ; {
			shown := k.as(role).statements()
			for i := range shown {
				_, shown[i], _ = strings.Cut(shown[i], ": ")
			}
			read = append(shown, read...)
			at := strings.Index(k.actions(), "earlier:")
			if at < 0 {
				break
			}
			if len(shown) == 0 || len(read) > len(want) {
				t.Fatalf("the %s reads %d, then %d", role, len(read), len(shown))
			}
			button, _, _ := strings.Cut(k.actions()[at:], " ")
			if role == lockbay.Desk {
				k.desk(button)
			} else {
				k.tap(button)
			}
		}
		if fmt.Sprint(read) != fmt.Sprint(want) {
			t.Errorf("the %s reads %d statements of %d", role, len(read), len(want))
		}
	}
	k.chat = false
	if n := len(k.as(lockbay.Buyer).tap("back").statements()); n != len(want) {
		t.Errorf("the page has %d statements", n)
	}
}

// TestNewsEndRereading: whoever reads earlier statements when the other side writes reads what they wrote.
func TestNewsEndRereading(t *testing.T) {
	k := disputed(t)
	say := func(by lockbay.Role, text string) {
		k.must(lockbay.Act{Role: by, Move: lockbay.MoveSay, Text: text})
	}
	for i := range 6 {
		say([]lockbay.Role{lockbay.Buyer, lockbay.Seller}[i%2], fmt.Sprint(i, strings.Repeat("ж", 990)))
	}
	k.chat = true
	k.as(lockbay.Buyer).tap("earlier:4")
	if !strings.Contains(k.text(), "What was said before") {
		t.Fatalf("the buyer reads\n%s", k.text())
	}
	say(lockbay.Seller, "it left here whole")
	if all := k.as(lockbay.Buyer).statements(); !strings.Contains(fmt.Sprint(all), "it left here whole") || !strings.Contains(k.text(), "while you two disagree") {
		t.Errorf("the buyer reads\n%s", k.text())
	}
}

// TestSayAgain: the text of a statement that is delivered twice, and whose effect is repeated as after a crash, is said once.
func TestSayAgain(t *testing.T) {
	k := disputed(t).tap("say")
	in := dialog.Input{ID: "one", Kind: dialog.KindText, Text: "It broke.", Owner: buyer}
	k.handle(in)
	k.own()
	k.handle(in)
	k.own()
	for range 2 {
		k.handle(dialog.Input{ID: "text:again", Kind: dialog.KindText, Key: k.key(), Draft: escrow().ID, Name: "say", Text: "It broke.", Owner: buyer})
	}
	e := k.load().stored()
	if n := len(e.Statements()); n != 1 {
		t.Errorf("%d statements", n)
	}
	if until := k.rec.Timers[0].At; until != begun.Add(72*time.Hour).UnixMilli() {
		t.Errorf("the answer is waited for until %d", until)
	}
}
