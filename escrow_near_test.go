package lockbay_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
)

func TestNearestEscrowID(t *testing.T) {
	a, b := lockbay.NewEscrowID(0x123456789a), lockbay.NewEscrowID(0x6f00ff00ff)
	ids := []string{a, b}
	wrong := []byte(a)
	wrong[5] = 'Z'
	swapped := []byte(a)
	swapped[6], swapped[7] = swapped[7], swapped[6]
	for typed, want := range map[string]string{
		a: a, strings.ToLower(b): b, string(wrong): a, string(swapped): a,
		a[:len(a)-1]: a, a + "7": a, a[4:]: a, a[4:8]: a, b[9:]: b, "esc " + strings.ToLower(a[4:8]): a,
		"": "", "ESC-": "", "@anna_ceramics": "", lockbay.NewEscrowID(1): "", strings.Repeat("ESC", 40): "", "Ѐ😀": "",
	} {
		if got := lockbay.NearestEscrowID(typed, ids); got != want {
			t.Errorf("%q is near %q, want %q", typed, got, want)
		}
	}
	if got := lockbay.NearestEscrowID(a, nil); got != "" {
		t.Errorf("near %q of nothing", got)
	}
	if got := lockbay.NearestEscrowID("ESC-0000-0000A", []string{"ESC-0000-0000B", "ESC-0000-0000C"}); got != "" {
		t.Errorf("chose %q of two that are as near", got)
	}
}

func TestEscrowIDSlip(t *testing.T) {
	id := []byte(lockbay.NewEscrowID(0x123456789a))
	id[12], id[13] = id[13], id[12]
	_, err := lockbay.ParseEscrowID(string(id))
	if !errors.Is(err, lockbay.ErrEscrowSlip) || !errors.Is(err, lockbay.ErrEscrowID) {
		t.Errorf("two swapped: %v", err)
	}
	if _, err = lockbay.ParseEscrowID("ESC-1"); errors.Is(err, lockbay.ErrEscrowSlip) || !errors.Is(err, lockbay.ErrEscrowID) {
		t.Errorf("too short: %v", err)
	}
}
