package lockbay

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
)

func says(role Role, text string) Act { return Act{Role: role, Move: MoveSay, Text: text} }

func offers(role Role, share int) Act { return Act{Role: role, Move: MoveOffer, Share: share} }

func agrees(role Role, number int) Act { return Act{Role: role, Move: MoveAgree, Offer: number} }

// TestStatements: what the two say is kept in order, ten of each, and nothing of it moves money.
func TestStatements(t *testing.T) {
	e := in(t, Disputed)
	before := e.Balances()
	for i := range StatementsMost {
		e.moved(t, says(Buyer, fmt.Sprint("broken ", i))).moved(t, says(Seller, fmt.Sprint("whole\nhere ", i)))
	}
	for _, role := range party {
		e.refusedAct(t, says(role, "more"), "10 things")
	}
	list := e.Statements()
	if len(list) != 2*StatementsMost || list[0].Text != "broken 0" || list[19].Text != "whole\nhere 9" || list[19].By != Seller {
		t.Errorf("the statements are %+v", list)
	}
	if !reflect.DeepEqual(before, e.Balances()) || e.Status != Disputed {
		t.Errorf("statements moved %v to %v", before, e.Balances())
	}
	if err := e.moved(t, decides(5000)).Forget(); err == nil {
		t.Error("a deal that holds money was forgotten")
	}
}

// TestStatementBounds: a statement has at most 1,000 characters and 2,000 bytes.
func TestStatementBounds(t *testing.T) {
	for text, taken := range map[string]bool{
		strings.Repeat("a", 1000): true, strings.Repeat("a", 1001): false, strings.Repeat("ж", 1000): true, strings.Repeat("<", 1000): true, strings.Repeat("\"", 1000): true,
		strings.Repeat("字", 666): true, strings.Repeat("字", 667): false, strings.Repeat("a\n", 500): true, " \n": false, "": false, "a\x00b": false, "a\xff": false, "שלום\u200f": true,
	} {
		e := in(t, Disputed)
		if changed, err := e.try(says(Buyer, text)); changed != taken || (err == nil) != taken {
			t.Errorf("%.10q of %d bytes: %t, %v", text, len(text), changed, err)
		}
	}
}

// TestSaidTwice: a statement that is sent twice is said once, as it was typed, and can be said again after another.
func TestSaidTwice(t *testing.T) {
	e := in(t, Disputed).moved(t, says(Buyer, "  broken\n\n\nplates "))
	if changed, err := e.try(says(Buyer, "  broken\n\n\nplates ")); changed || err != nil {
		t.Errorf("sent twice: %t, %v", changed, err)
	}
	e.moved(t, says(Seller, "broken")).moved(t, says(Buyer, "broken"))
	if n := len(e.Statements()); n != 3 {
		t.Errorf("%d statements", n)
	}
}

// TestOffers: an offer takes the place of the own one before, and only what stands is accepted, once.
func TestOffers(t *testing.T) {
	e := in(t, Disputed)
	e.refusedAct(t, agrees(Buyer, 0), "no offer")
	e.moved(t, offers(Seller, 7000))
	e.refusedAct(t, agrees(Seller, 1), "no offer")
	e.moved(t, offers(Buyer, 5000)).moved(t, offers(Seller, 6000))
	if o, stands := e.OfferOf(Seller); !stands || o.Number != 3 || o.Share != 6000 {
		t.Errorf("the seller's offer is %+v, %t", o, stands)
	}
	if o, stands := e.OfferOf(Buyer); !stands || o.Number != 2 {
		t.Errorf("the buyer's offer is %+v, %t", o, stands)
	}
	e.refusedAct(t, agrees(Buyer, 1), "offer 1 does not stand")
	if changed, err := e.try(offers(Seller, 6000)); changed || err != nil {
		t.Errorf("the same offer: %t, %v", changed, err)
	}
	seller, fee, buyer := e.Quote.Split(6000)
	e.moved(t, agrees(Buyer, 3))
	if b := e.Balances(); e.Status != Settling || b.Owed(AccountSeller) != seller || b.Owed(AccountFee) != fee || b.Owed(AccountBuyer) != buyer {
		t.Errorf("agreed: %s with %v", e.Status, b)
	}
	if changed, err := e.try(agrees(Buyer, 3)); changed || err != nil {
		t.Errorf("agreed twice: %t, %v", changed, err)
	}
	e.refusedAct(t, agrees(Seller, 2), "agree")
	if share, agreed := e.Agreed(); !agreed || share != 6000 {
		t.Errorf("agreed to %d, %t", share, agreed)
	}
	for _, to := range party {
		a := sends
		a.To = to
		e.moved(t, a)
		a = sentAs("S-" + string(to))
		a.To = to
		e.moved(t, a)
	}
	if err := e.Verify(); e.Status != Completed || err != nil {
		t.Errorf("at the end: %s, %v", e.Status, err)
	}
}

// TestOfferBounds: a share from 0 to 100 %, and ten offers of each party.
func TestOfferBounds(t *testing.T) {
	e := in(t, Disputed)
	for _, share := range []int{-1, ShareAll + 1} {
		e.refusedAct(t, offers(Buyer, share), "want 0 to 100")
	}
	for i := range OffersMost {
		e.moved(t, offers(Buyer, i))
	}
	e.refusedAct(t, offers(Buyer, 99), "10 offers")
	e.moved(t, offers(Seller, 99))
}

// TestOfferEndsWithItsDispute: an offer of a dispute that was withdrawn does not stand in the next one.
func TestOfferEndsWithItsDispute(t *testing.T) {
	e := in(t, Disputed).moved(t, offers(Seller, 7000)).moved(t, Act{Role: Buyer, Move: MoveWithdraw})
	if _, stands := e.OfferOf(Seller); stands {
		t.Error("an offer stands without a dispute")
	}
	e.moved(t, disputes)
	e.refusedAct(t, agrees(Buyer, 1), "no offer")
	e.moved(t, offers(Seller, 7000)).moved(t, agrees(Buyer, 2))
}

// TestAgreedSumsAreExact: whatever is offered, the three sums are what was held.
func TestAgreedSumsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		e := in(t, Disputed).moved(t, offers(Buyer, r.IntN(ShareAll+1))).moved(t, agrees(Seller, 0))
		b := e.Balances()
		if sum := b.Owed(AccountSeller) + b.Owed(AccountFee) + b.Owed(AccountBuyer); sum != e.Quote.BuyerPays || e.Verify() != nil {
			t.Fatalf("%v, %v", b, e.Verify())
		}
	}
}

// TestAnswerBy: each word gives the other side its time anew, and a hold or an end stops it.
func TestAnswerBy(t *testing.T) {
	e := in(t, Disputed)
	e.Times.Answer = 60
	check := func(who Role, at time.Time) {
		t.Helper()
		if role, until := e.AnswerBy(); role != who || !until.Equal(at) {
			t.Errorf("%s until %s, want %s until %s", role, until, who, at)
		}
		want := []Alarm{{AlarmAnswer, at}}
		if at.IsZero() {
			want = nil
		}
		if got := e.Alarms(noon); !reflect.DeepEqual(got, want) {
			t.Errorf("it waits for %v, want %v", got, want)
		}
	}
	check(Seller, noon.Add(time.Hour))
	a := says(Seller, "whole")
	a.At = noon.Add(30 * time.Minute)
	e.moved(t, a)
	check(Buyer, noon.Add(90*time.Minute))
	if alarms := e.Alarms(noon.Add(2 * time.Hour)); len(alarms) > 0 {
		t.Errorf("after its time it waits for %v", alarms)
	}
	if e.moved(t, Act{Role: Desk, Move: MoveHold, Why: HoldDesk}); len(e.Alarms(noon)) > 0 {
		t.Error("a deal on hold waits for an answer")
	}
	e.moved(t, decides(5000))
	if who, until := e.AnswerBy(); who != "" || !until.IsZero() {
		t.Errorf("decided, and %s has until %s", who, until)
	}
}

// TestSayAfterDecision: until a decision counts both may still say something.
func TestSayAfterDecision(t *testing.T) {
	e := in(t, Disputed).moved(t, decides(5000)).moved(t, says(Seller, "there is a photo"))
	a := says(Buyer, "it shows nothing")
	a.At = noon.Add(DecisionDelay)
	e.refusedAct(t, a, "no dispute")
	in(t, Settling).refusedAct(t, says(Buyer, "it broke"), "no dispute")
}

// TestQuarrelFitsItsRow: with the usual description all statements of both are taken, and a deal at all its limits has
// room in a row, of which a flow has 49 KiB.
func TestQuarrelFitsItsRow(t *testing.T) {
	for _, text := range []string{strings.Repeat("ж", 1000), strings.Repeat("\"", 1000), strings.Repeat("a", 1000), strings.Repeat("字", 666)} {
		e := in(t, Disputed)
		e.Terms.Description = strings.Repeat("ж", DefaultRules().DescriptionMax)
		for i := range 2 * StatementsMost { // another text each time
			e.moved(t, says(party[i%2], strings.Replace(text, text[:len(text)/len([]rune(text))], string(rune('а'+i)), 1)))
		}
		for i := 0; e.OnHold() == ""; i++ {
			e.moved(t, cameAs(1_000_000_000_000, strings.Repeat("ж", TextMost-4)+fmt.Sprint(i)))
		}
		e.moved(t, decides(5000))
		for i := range 16 {
			e.moved(t, Act{Role: Desk, Move: []Move{MoveSending, MoveFailed}[i%2], To: Buyer, Text: strings.Repeat("ж", TextMost), At: noon.Add(48 * time.Hour)})
		}
		if n := len(e.Encode()); n > 49<<10 || e.Verify() != nil || len(e.Statements()) != 2*StatementsMost {
			t.Errorf("it has %d bytes: %v", n, e.Verify())
		}
	}
}
