package intake_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

var dollars = regexp.MustCompile(`[A-Z]*\$[0-9.,]+|[0-9.,]+ (?:USD|CAD)`)

// TestASignHasOneMeaning: where two offered currencies share a sign, every text writes their codes, in the questions, the
// list and the deal alike.
func TestASignHasOneMeaning(t *testing.T) {
	for _, currency := range []string{"USD", "CAD"} {
		k := begin(t)
		k.rules = offers()["canada"]
		k.rules.Default = currency
		k.restart()
		look := func(where string) {
			t.Helper()
			for _, sum := range dollars.FindAllString(k.text(), -1) {
				m, err := k.rules.ParseMoney(sum, k.lang)
				if strings.HasPrefix(sum, "$") || err == nil && m.Currency != currency {
					t.Errorf("%s of an escrow in %s writes %q:\n%s", where, currency, sum, k.text())
				}
			}
		}
		k.say("/create").say("@anna_ceramics")
		look("the question")
		k.say("1,250.50 " + currency).say("Handmade dinner set, 24 pieces").tap("delivery:24")
		look("the review")
		k.tap("edit:fee")
		look("the fee")
		k.tap("back").tap("confirm")
		id := k.out.Record.Started
		k.open(id)
		look("the deal")
		k.mine().say("/status")
		for _, b := range k.card().Others {
			k.out.Record.Said = &dialog.Said{Code: "plain", Args: map[string]string{"text": b.Label}}
		}
		look("the list")
	}
}

// TestQuickAmountsKeepTheirCurrency: a number alone, on a button or typed, is never read in another currency than the card
// that the person saw was about.
func TestQuickAmountsKeepTheirCurrency(t *testing.T) {
	dollars := func(currencies ...string) *lockbay.Rules {
		r := euros()
		r.Default, r.Currencies = "USD", append(currencies, "USD")
		return r
	}
	begun := func() (*talk, dialog.Input) {
		k := begin(t)
		k.mode = dialog.Lightweight
		k.say("/create").say("@anna_ceramics")
		return k, k.pressed("amount:100")
	}
	k, old := begun()
	k.rules = dollars("EUR")
	k.say("/resume").expect("amount:100.USD ").say("100").did(dialog.DidRefuse).expect("“100” in which currency? Write, for example, 100 EUR or 100 USD.")
	k.input(old)
	k.step(intake.StepDescription).expect("Price: €100.00").tap("back").say("100").did(dialog.DidRefuse)

	k, old = begun()
	k.rules = dollars()
	k.input(old)
	k.did(dialog.DidRefuse).step(intake.StepAmount).expect("EUR is no longer offered here", "amount:100.USD ")
	k.tap("amount:100.USD").step(intake.StepDescription).expect("Price: $100.00")

	k, old = begun()
	k.rules = dollars("EUR")
	k.restart() // the draft is lost, and with it the currency of its first card
	k.input(old)
	k.did(dialog.DidRefuse).step(intake.StepAmount).expect("“100” in which currency? Write, for example, 100 USD.", "amount:100.USD ")
	k.tap("amount:100.USD").step(intake.StepSeller).expect("Price: $100.00")
}

// TestBareNumberInAnOlderDraft: an older program asked for the amount in its default, which nobody knows now; so a number
// alone is asked back there. If this program asks, the draft keeps the currency of its card.
func TestBareNumberInAnOlderDraft(t *testing.T) {
	dollars := euros()
	dollars.Default = "USD"
	k := begin(t).say("/create").say("@anna_ceramics").older()
	k.rules = dollars
	k.say("100").did(dialog.DidRefuse).step(intake.StepAmount).expect("“100” in which currency? Write, for example, 100 USD.")
	k.say("100 EUR").step(intake.StepDescription).expect("Price: €100.00")

	begin(t).say("/create").older().say("@anna_ceramics").say("100").step(intake.StepDescription).expect("Price: €100.00")

	k = begin(t).say("/create").older().say("@anna_ceramics").expect("amount:100 ")
	old := k.pressed("amount:100")
	k.rules = dollars
	k.say("100").did(dialog.DidRefuse).expect("“100” in which currency? Write, for example, 100 EUR or 100 USD.")
	k.input(old)
	k.step(intake.StepDescription).expect("Price: €100.00")
}
