package deal_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

func takenBack(minor int64, ref string) lockbay.Act {
	return lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveChargeback, Sum: lockbay.Money{Minor: minor, Currency: "EUR"}, Ref: ref, Text: "the card was stolen"}
}

// TestChargebackOnTheCards: both read that a person looks, and the desk that something is to be done, with what is left to
// divide. What comes again is booked there, and the deal goes on.
func TestChargebackOnTheCards(t *testing.T) {
	k := manned(t).must(cameAs(126563, "R-1")).must(accepts).must(takenBack(100_000, "CB-1"))
	k.golden(`
	Stopped
	# A person looks at this deal
	A bank or provider took €1,000.00 of your payment back. No time runs out until a person has answered.
	Do you know more about it? Write to @bay_help, and name ESC-0000-001AW.
	- They write here what they do
	You read here what they decide, and what they send.
	- The time goes on where it stopped
	3 days are left.
	help create
	`)
	if k.rec.Anew != k.rec.Version {
		t.Error("the buyer's message does not come anew")
	}
	k.as(lockbay.Seller).golden(`
	Stopped
	# A person looks at this deal
	A bank or provider took €1,000.00 of the buyer's payment back. Do not deliver until a person has answered.
	Do you know more about it? Write to @bay_help, and name ESC-0000-001AW.
	- They write here what they do
	You read here what they decide, and what they send.
	- The time goes on where it stopped
	3 days are left.
	help create
	`)
	k.as(lockbay.Desk)
	text := k.text()
	for _, want := range []string{"This deal is on hold", "A payment was taken back.", "came", "sum", "decide"} {
		if !strings.Contains(text, want) {
			t.Errorf("the desk does not read %q:\n%s", want, text)
		}
	}
	if strings.Contains(k.actions(), "resume") {
		t.Errorf("the desk may resume a deal whose money is gone:\n%s", text)
	}
	for _, f := range k.card("en").Facts {
		if want, is := map[string]string{"We hold": "€265.63", "Charged back": "€1,000.00"}[f.Label]; is && dialog.Plain(f.Value) != want {
			t.Errorf("%s %s, want %s", f.Label, dialog.Plain(f.Value), want)
		}
	}
	if e := k.desk("came", "came:yes", "resume").stored(); e.Status != lockbay.Active || e.OnHold() != "" || e.Balances().Owed(lockbay.AccountHeld) != 126563 {
		t.Errorf("resumed: %s, %q, %v", e.Status, e.OnHold(), e.Balances())
	}
}

// TestAllIsChargedBack: a deal whose buyer has taken all of it back ends by a decision, and says how the buyer got it.
func TestAllIsChargedBack(t *testing.T) {
	decide := lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Text: "the bank gave it back"}
	k := begin(t).must(cameAs(126563, "R-1")).must(takenBack(126563, "CB-1"))
	if hint := k.card("en").Hint; !strings.HasPrefix(hint, "A bank or provider took your payment back.") {
		t.Errorf("the buyer reads %q", hint)
	}
	k.must(decide).golden(`
	Receipt
	# This deal has ended. Nothing was left to send back
	Price: €1,250.00
	Your part of the fee: €15.63
	You paid: €1,265.63
	Your bank or provider has given €1,265.63 back to you.
	A person decided, because: the bank gave it back
	Is something wrong? Write to @bay_help, and name ESC-0000-001AW.
	again help create
	`)
}
