package dialog_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

func TestCodeWithoutATextIsSaidAsWhatStandsBeforeItsDot(t *testing.T) {
	words := dialog.Words(func(_, code string, _ map[string]string) string {
		return map[string]string{"unusable": "Not that."}[code]
	})
	for code, want := range map[string]string{"unusable.poll": "Not that.", "unusable": "Not that.", "amount.hint": "", "newer": ""} {
		if got := words.Tell(dialog.View{}, &dialog.Said{Code: code}); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// A value is never filled in itself: what is typed comes out as it was typed.
func TestFill(t *testing.T) {
	args := map[string]string{"typed": "{low} and {typed}", "low": "{high}", "high": "5", "": "?"}
	for text, want := range map[string]string{
		"“{typed}” is under {low}.": "“{low} and {typed}” is under {high}.",
		"{low}{high}{typed}":        "{high}5{low} and {typed}",
		"{nobody} {high}":           "{nobody} 5",
		"{ {high}":                  "{ 5",
		"{high":                     "{high",
		"}{high}{":                  "}5{",
		"{{high}}":                  "{5}",
		"plain":                     "plain",
		"":                          "",
	} {
		for range 20 { // maps have no order
			if got := dialog.Fill(text, args); got != want {
				t.Fatalf("%q: %q, want %q", text, got, want)
			}
		}
	}
}

func TestTimesWithoutWordsAreFigures(t *testing.T) {
	var none dialog.Words
	v := dialog.View{Now: time.Date(2026, 11, 27, 14, 0, 0, 0, time.UTC)}
	for at, want := range map[time.Duration]string{time.Hour: "15:00", 48 * time.Hour: "2026-11-29 14:00"} {
		if got := none.Clock(v, v.Now.Add(at)); got != want {
			t.Errorf("in %s: %q, want %q", at, got, want)
		}
	}
	for age, want := range map[time.Duration]string{time.Hour: "13:00", 9 * 24 * time.Hour: "2026-11-18"} {
		if got := none.Ago(v, v.Now.Add(-age)); got != want {
			t.Errorf("%s ago: %q, want %q", age, got, want)
		}
	}
}
