package main

import (
	"strings"
	"testing"
)

func TestSupportStandsInASentence(t *testing.T) {
	for s, ok := range map[string]bool{"": true, "@bay_help": true, "https://bay.example/help?a=b": true, "помощь@bay.example": true,
		"a\nb": false, "\t": false, strings.Repeat("x", 201): false, "\xff": false} {
		if err := checkSupport(s); (err == nil) != ok || err != nil && len(err.Error()) > 200 {
			t.Errorf("%.20q: %v", s, err)
		}
	}
}
