package intake_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
)

// /status says how many escrows there are, up to 100 older ones, and leads to all of them.
func TestOlderEscrows(t *testing.T) {
	for n, want := range map[int][2]string{
		10: {"You have 10 escrows.", ""}, 11: {"You have 11 escrows.", "1 older escrow"}, 14: {"You have 14 escrows.", "4 older escrows"},
		110: {"You have 110 escrows.", "100 older escrows"}, 111: {"The newest ten of your escrows stand here.", "More than 100 older escrows"},
	} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			k := begin(t)
			ids := map[string]bool{k.confirmed(): true}
			for _, id := range k.seed(n-1, lockbay.PaymentConfirmed) {
				ids[id] = true
			}
			if len(ids) != n {
				t.Fatalf("%d escrows, want %d", len(ids), n)
			}
			k.mine()
			k.say("/status").expect("! " + want[0])
			for page := 0; ; page++ {
				older := ""
				for _, b := range k.card().Others {
					id := strings.TrimPrefix(b.Action, "status:")
					if strings.HasPrefix(id, "after-") {
						older = b.Action
						if page == 0 && b.Label != want[1] {
							t.Errorf("the button says %q, want %q", b.Label, want[1])
						}
						continue
					}
					if !ids[id] {
						t.Errorf("%s is shown twice, or is unknown", id)
					}
					delete(ids, id)
				}
				if older == "" {
					break
				}
				if page > n/10 {
					t.Fatal("the pages have no end")
				}
				k.tap(older).expect("! These are older.")
			}
			if len(ids) > 0 {
				t.Errorf("%d of %d escrows are on no page", len(ids), n)
			}
		})
	}
}
