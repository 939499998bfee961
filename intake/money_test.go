package intake_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
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
