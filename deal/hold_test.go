package deal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
)

// TestDeskSendsOnceAHoldIsAnswered: a deal on hold has no button at the desk that begins a payout. It comes with the answer:
// the resume, or a decision.
func TestDeskSendsOnceAHoldIsAnswered(t *testing.T) {
	for name, answered := range map[string]bool{"settling, the seller's": false, "settling, both": false, "disputed": true} {
		k := wholly(t, opener{operators: []string{clerk}}).in(situations[name]).must(acted(lockbay.Desk, lockbay.MoveHold, lockbay.HoldDesk))
		if name == "disputed" {
			k.must(decides).now = k.now.Add(48 * time.Hour)
			k.ring()
		}
		for _, sends := range []bool{answered, true} {
			if k.as(lockbay.Desk); strings.Contains(k.actions(), "send:seller") != sends {
				t.Errorf("%s: the desk has the buttons %s", name, k.actions())
			}
			if strings.Contains(k.actions(), "resume") {
				k.desk("resume")
			}
		}
	}
}
