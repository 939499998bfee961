package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
)

// TestTimesSetting: the usual times are none, and what is wrong is one line.
func TestTimesSetting(t *testing.T) {
	for text, want := range map[string]lockbay.Times{
		"": {},
		"accept_within=24h,late=72h,inspection=3d,decision_delay=24h": {},
		"accept_within=2h,inspection=1d":                              {Accept: 120, Inspection: 1440},
		"answer=72h":                                                  {},
		"answer=2d":                                                   {Answer: 2880},
		"late=90m,decision_delay=1m":                                  {Late: 90, Decision: 1},
	} {
		if got, err := (&Settings{Deal: text}).times(); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	wrong(t, "deal", "late", "late=x", "late=0", "late=31d", "late=90s", "soon=3h", "late=1h,late=2h")
}

// TestAcceptSetting: the seller accepts whenever they want, unless the operator wants it first; doctor says so.
func TestAcceptSetting(t *testing.T) {
	for text, want := range map[string]string{"": acceptAny, "accept=any": acceptAny, "accept=first,accept_within=2h": acceptFirst} {
		r, err := (&Settings{Deal: text}).rules()
		if err != nil || accepts(r) != want || inForce(&Settings{}, r)["accept"] != want {
			t.Errorf("%q: %+v, %v", text, r, err)
		} else if said := strings.Contains(strings.Join(inForceLines(&Settings{}, r), "\n"), "accepts first;"); said != r.AcceptFirst {
			t.Errorf("%q: doctor says that it is first: %t", text, said)
		}
	}
	wrong(t, "deal", "accept=", "accept=later", "accept=any,accept=first")
}

// TestRefundSetting: the fee goes back, unless the operator keeps it; doctor says which.
func TestRefundSetting(t *testing.T) {
	for text, want := range map[string]string{"": feeBack, "refund=none": feeBack, "percent=2.5,refund=keep": feeKept} {
		r, err := (&Settings{Fee: text}).rules()
		if err != nil || refund(r) != want || inForce(&Settings{}, r)["fee_refund"] != want {
			t.Errorf("%q: %+v, %v", text, r, err)
		} else if said := strings.Contains(strings.Join(inForceLines(&Settings{}, r), "\n"), "kept when the buyer cancels"); said != r.Fee.Keep {
			t.Errorf("%q: doctor says that it is kept: %t", text, said)
		}
	}
	wrong(t, "fee", "refund=", "refund=all", "refund=keep,refund=none")
}
