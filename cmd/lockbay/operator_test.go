package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
)

// TestOperatorSetting: who runs this, with commas in it; what is wrong is one line.
func TestOperatorSetting(t *testing.T) {
	for text, want := range map[string]lockbay.Operator{
		"":                   {},
		"name=Bay Escrow":    {Name: "Bay Escrow"},
		" hours=Mon to Fri ": {Hours: "Mon to Fri"},
		"hours=Mon to Fri, 9 to 17,name=Bay, Ltd": {Name: "Bay, Ltd", Hours: "Mon to Fri, 9 to 17"},
	} {
		if got, err := (&Settings{Operator: text}).operator(); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	wrong(t, "operator", "Bay Escrow", "who=Bay", "name=a,name=b", "name="+strings.Repeat("x", 61))
}

// TestPaymentWindows: a time to pay by currency.
func TestPaymentWindows(t *testing.T) {
	w, err := readWindows("60m, eur=2d")
	if err != nil || w.of("USD") != time.Hour || w.of("EUR") != 48*time.Hour || w.String() != "1h,EUR=48h" || windowsInWords(w) != "1h (in EUR 48h)" {
		t.Errorf("%+v, %v", w, err)
	}
	if w, err = readWindows("EUR=48h"); err != nil || w.usual != 0 || windowsInWords(payWindows{usual: time.Hour}) != "1h" {
		t.Errorf("%+v, %v", w, err)
	}
	wrong(t, "payment-window", "x", "60m,EUR=x", "60m,XXY=48h", "60m,=48h", "60m,EUR=48h,EUR=47h", "60m,61m", "60m,EUR=0s", "EUR=31d", "60m,")
}

// wrong gives a setting bad values: each is one line with the setting, the value and the mend, and exit status 2.
func wrong(t *testing.T, setting string, values ...string) {
	t.Helper()
	for _, v := range values {
		got := says(t, exitUsage, "", "escrows", "list", "--"+setting, v, "--database-url", "sqlite:"+filepath.Join(t.TempDir(), "lockbay.db"))
		if !strings.HasPrefix(got, "lockbay: --"+setting+": ") || strings.Count(got, "\n") != 1 || !strings.Contains(got, "want") && !strings.Contains(got, "twice") {
			t.Errorf("--%s %q: %q", setting, v, got)
		}
	}
}
