package main

import (
	"strings"
	"testing"
)

func TestSupportStandsInASentence(t *testing.T) {
	for s, ok := range map[string]bool{"": true, "@bay_help": true, "https://bay.example/help?a=b": true, "помощь@bay.example": true,
		"t.me/bay_help": true, "https://localhost/help": true, "+370 600 00000": true, "write to Ann (@ann_bay)": true,
		"support me": false, "me": false, "@": false, "ask us...": false, "http": false, " ": false, "a\nb": false, "\t": false, strings.Repeat("x", 201): false, "\xff": false} {
		if err := checkSupport(s); (err == nil) != ok || err != nil && len(err.Error()) > 200 {
			t.Errorf("%.20q: %v", s, err)
		}
	}
}
