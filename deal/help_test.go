package deal_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// TestHelp: whoever needs help reads where the money is, and whom to write to. It changes nothing, and leads back.
func TestHelp(t *testing.T) {
	hold := acted(lockbay.Desk, lockbay.MoveHold, lockbay.HoldDesk)
	for _, c := range []struct {
		name string
		then lockbay.Move
		role lockbay.Role
		want string
	}{
		{"pending", "", lockbay.Buyer, "# Have you paid €1,265.63?\nA transfer takes minutes or a working day. Do not pay twice: if you have paid, say so, and a person looks for it.\nAnything else? Write to @bay_help, and name ESC-0000-001AW.\npaid back\n"},
		{"pending, in part", "", lockbay.Buyer, "# Have you paid the missing €265.63?\nA transfer takes minutes or a working day. Do not pay twice: if you have paid, say so, and a person looks for it.\nAnything else? Write to @bay_help, and name ESC-0000-001AW.\npaid back\n"},
		{"pending", "", lockbay.Seller, "# We hold no money for ESC-0000-001AW\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"confirmed", "", lockbay.Buyer, "# Your money is with us\nYou read here what becomes of it.\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"confirmed", "", lockbay.Seller, "# The money is with us\nYou read here what becomes of it.\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"active", lockbay.MoveHold, lockbay.Buyer, "# Your money is with us\nYou read here what becomes of it.\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"settling, the seller's", "", lockbay.Buyer, "# The money is with us\nYou read here what becomes of it.\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"settling, the seller's", "", lockbay.Seller, "# Your money is with us\nYou read here what becomes of it.\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"settling, out", "", lockbay.Seller, "# Your money is on its way\nYou read its reference here once it is sent.\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
		{"completed", "", lockbay.Seller, "# We hold no money for ESC-0000-001AW\nWrite to @bay_help, and name ESC-0000-001AW.\nback\n"},
	} {
		k := wholly(t, opener{operators: []string{clerk}}).in(situations[c.name])
		if c.then != "" {
			k.must(hold)
		}
		was := k.as(c.role).text()
		k.tap("help").golden("I need help\n" + c.want)
		if !strings.HasSuffix(was, k.tap("back").text()) { // without the news, which were read
			t.Errorf("%s: the way back leads the %s to\n%s", c.name, c.role, k.text())
		}
	}
}

// TestCancelledAsksNothingThatWeKnow: who got their money back is not asked whether they paid.
func TestCancelledAsksNothingThatWeKnow(t *testing.T) {
	for name, asks := range map[string]bool{"cancelled": true, "declined": true, "cancelled, in part": false, "cancelled, taken back": false, "cancelled, it came": false, "declined, it came": false} {
		if text := wholly(t, opener{}).in(situations[name]).as(lockbay.Buyer).text(); strings.Contains(text, "Have you paid?") != asks {
			t.Errorf("%s: the buyer reads\n%s", name, text)
		}
	}
}

// TestHelpWithoutADesk: where nobody looks at a button, the buyer reads whom to write to.
func TestHelpWithoutADesk(t *testing.T) {
	if k := begin(t).tap("help"); strings.Contains(k.actions(), "paid") || !strings.Contains(k.text(), "\nWrite to @bay_help, and name ESC-0000-001AW.\n") {
		t.Errorf("the buyer reads\n%s", k.text())
	}
}

// TestHelpEndsWithAMove: a move of the other side brings what is new, whatever the side was reading.
func TestHelpEndsWithAMove(t *testing.T) {
	k := wholly(t, opener{}).in(situations["confirmed"]).as(lockbay.Buyer).tap("help").must(accepts)
	if k.rec.Open != "" || strings.Contains(k.text(), "I need help") {
		t.Errorf("the buyer reads\n%s", k.text())
	}
}

// TestReplyToAnyMessage: a reply to a message of a deal that asks nothing finds the deal, which says so.
func TestReplyToAnyMessage(t *testing.T) {
	for _, name := range []string{"settling, out", "completed"} {
		k := wholly(t, opener{}).in(situations[name]).as(lockbay.Seller)
		c := k.card("en")
		_, draft, revision, _, _ := dialog.ParseData(c.Data(c.Quiet[0]))
		k.handle(dialog.Input{Kind: dialog.KindText, Text: "thank you", Owner: seller, Reply: dialog.Reply{Message: "77", Draft: draft, Revision: revision}})
		k.says("ESC-0000-001AW has not taken “thank you”")
	}
}
