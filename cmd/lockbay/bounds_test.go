package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstructionsFitIntoAMessage(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("ж", longestHow):        "",
		strings.Repeat("ж", longestHow+1):      "it has 2001 characters: want at most 2000",
		strings.Repeat("x", 5*longestHow):      "want a text of at most 2000 characters",
		"Send {amount}\xff":                    "want a text in UTF-8",
		"Send {amount}\x00":                    "want a text in UTF-8",
		" \n\t":                                "the file is empty",
		"Pay {ammount} for {id}":               "{ammount} is not a placeholder: did you mean {amount}? The placeholders are {id} {amount} {expires}",
		"Pay {amount} {ID}":                    "{ID} is not a placeholder: did you mean {id}?",
		"Pay { amount }":                       "did you mean {amount}?",
		"Pay {amount} to {name}":               "{name} is not a placeholder: the placeholders are {id} {amount} {expires}",
		"Pay {amount} {not in cash} {}":        "",
		"https://pay.example/{id}?s={summ}":    "{summ} is not a placeholder",
		"Оплата: https://pay.example/{id} ☕\n": "",
	} {
		path := filepath.Join(t.TempDir(), "pay.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := checkInstructions(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func TestSupportStandsInASentence(t *testing.T) {
	for s, ok := range map[string]bool{"": true, "@bay_help": true, "https://bay.example/help?a=b": true, "помощь@bay.example": true,
		"a\nb": false, "\t": false, strings.Repeat("x", 201): false, "\xff": false} {
		if err := checkSupport(s); (err == nil) != ok || err != nil && len(err.Error()) > 200 {
			t.Errorf("%.20q: %v", s, err)
		}
	}
}
