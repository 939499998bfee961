package main

import (
	"testing"

	"github.com/lockbay/lockbay"
)

// TestTimesSetting: the usual times are none, and what is wrong is one line.
func TestTimesSetting(t *testing.T) {
	for text, want := range map[string]lockbay.Times{
		"": {},
		"accept_within=24h,late=72h,inspection=3d,decision_delay=24h": {},
		"accept_within=2h,inspection=1d":                              {Accept: 120, Inspection: 1440},
		"late=90m,decision_delay=1m":                                  {Late: 90, Decision: 1},
	} {
		if got, err := (&Settings{Deal: text}).times(); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	wrong(t, "deal", "late", "late=x", "late=0", "late=31d", "late=90s", "soon=3h", "late=1h,late=2h")
}
