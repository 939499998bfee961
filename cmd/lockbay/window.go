package main

import (
	"regexp"
	"time"

	"github.com/lockbay/lockbay"
)

// bankTransfer is how long a bank transfer may take: a weekend and a working day.
const bankTransfer = 72 * time.Hour

// bankWords match the words that stand beside an account. They are good enough for advice.
var bankWords = regexp.MustCompile(`(?i)\b(?:IBAN|BIC|SWIFT|SEPA|ACH|bank transfer|wire transfer|sort code|account number|routing number)\b`)

// tooShort says how to fix a window that is shorter than the way to pay takes, "" for a window that fits. Escrows would
// lapse while their payments are on the way.
func tooShort(instructions string, window time.Duration) string {
	if window >= bankTransfer || !lockbay.NamesBank(instructions) && !bankWords.MatchString(instructions) {
		return ""
	}
	return "the instructions name a bank account, and a transfer takes up to " + tidy(bankTransfer) + " over a weekend: set --payment-window " + tidy(bankTransfer)
}
