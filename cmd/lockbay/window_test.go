package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A window that is shorter than the way to pay takes is told by doctor.
func TestWindowFitsTheWayToPay(t *testing.T) {
	for text, bank := range map[string]bool{
		"":                                                        false,
		"Send it to LT12 7300 0101 2345 6789":                     true,
		"DE89370400440532013000, Bay Escrow":                      true,
		"IBAN: see https://pay.example":                           true,
		"By sepa, please name {id}":                               true,
		"Sort code 20-00-00, account 12345678":                    true,
		"Routing number 021000021":                                true,
		"https://pay.example/{id}":                                false,
		"Pay by card at https://pay.example/ESC-7K4M-92QXA":       false,
		"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq":              false,
		"0x52908400098527886E0F7030069857D2E4169EE7, USDT, ERC20": false,
		"{amount} to @bay_help with {id} until {expires}":         false,
	} {
		for window, short := range map[time.Duration]bool{time.Hour: true, 71 * time.Hour: true, 72 * time.Hour: false, 720 * time.Hour: false} {
			if got := tooShort(text, window) != ""; got != (bank && short) {
				t.Errorf("%q in %s: told %t", text, window, got)
			}
		}
	}
	file := filepath.Join(t.TempDir(), "pay.txt")
	if err := os.WriteFile(file, []byte("Send {amount} to LT12 7300 0101 2345 6789 with {id}"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Settings{Instructions: howToPay{file: file}, Currencies: "EUR", PaymentWindow: payWindows{usual: time.Hour}}
	if k := s.checkPayment(); !k.OK || !strings.Contains(k.Mend, "--payment-window 72h") {
		t.Errorf("a bank account and one hour: %+v", k)
	}
}
