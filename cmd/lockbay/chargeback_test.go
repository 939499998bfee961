package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestChargebackByCommandLine: a payment is taken back before the deal is settled, and another one after the seller was
// paid. The books say who bears what.
func TestChargebackByCommandLine(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	e := sample()
	pays, _, _ := strings.Cut(e.Quote.Money(e.Quote.BuyerPays).Plain(), " ")
	id := ""
	do := func(code int, want, verb string, args ...string) {
		t.Helper()
		if got := says(t, code, "", append(append([]string{"escrows", verb, id}, args...), "--database-url", url)...); !strings.Contains(got, want) {
			t.Errorf("%s %q says %q, want %q", verb, args, got, want)
		}
	}
	id = unpaid(t, url, 1)
	do(exitFailed, "was not taken back", "chargeback", "--amount", "5", "--ref", "CB-1", "--reason", "stolen")
	do(exitDone, "is now paid", "mark-paid")
	do(exitUsage, "missing flags", "chargeback", "--amount", "5", "--ref", "CB-1")
	for _, want := range []string{"It is on hold (chargeback). $5.00 of what it holds was charged back.", "already"} {
		do(exitDone, want, "chargeback", "--amount", "5", "--ref", "CB-1", "--reason", "stolen")
	}
	do(exitFailed, "5.00 USD of what the deal holds was charged back", "resume")
	do(exitDone, "CB-1 stolen", "show")
	do(exitDone, "It is on hold (chargeback).", "mark-paid")
	do(exitDone, "is now paid (payment_confirmed).", "resume")

	id = unpaid(t, url, 2)
	do(exitDone, "is now paid", "mark-paid")
	do(exitDone, "is now accepted", "move", "accept", "--as", "seller")
	do(exitDone, "is owed to the seller", "move", "release", "--as", "buyer")
	do(exitDone, "is on its way", "sending")
	do(exitDone, "is now completed", "sent", "--ref", "R-77")
	do(exitDone, "is now completed. $"+pays+" was charged back after it was spent: that is our loss.", "chargeback", "--amount", pays, "--ref", "CB-2", "--reason", "stolen")
	var list []balance
	if err := json.Unmarshal([]byte(says(t, exitDone, "", "ledger", "balance", "--json", "--database-url", url)), &list); err != nil || len(list) != 1 ||
		list[0].Loss != e.Quote.BuyerPays || list[0].Held != e.Quote.BuyerPays || list[0].Cash != e.Quote.Fee {
		t.Errorf("the balance is %+v, %v", list, err)
	}
	if got := says(t, exitDone, "", "ledger", "verify", "--database-url", url); !strings.Contains(got, "2 escrows, 2 with books, 0 wrong.") {
		t.Error(got)
	}
}
