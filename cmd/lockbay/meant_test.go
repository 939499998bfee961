package main

import "testing"

func TestMeant(t *testing.T) {
	known := []string{"currency", "currencies", "draft-ttl", "mode", "fee", "limits", "listen"}
	for typed, want := range map[string]string{
		"curency": "currency", "currences": "currencies", "draft-ttl": "draft-ttl", "moed": "mode", "fees": "fee", "limit": "limits",
		"x": "", "": "", "payment": "", "m": "", "lisits": "limits",
	} {
		if got := meant(typed, known); got != want {
			t.Errorf("%q is %q, want %q", typed, got, want)
		}
	}
	if got := meant("aa", []string{"ab", "ac"}); got != "" {
		t.Errorf("of two that are as near it is %q", got)
	}
}
