package intake_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// seed gives the person so many old deals, an hour apart, and returns their ids, the
// oldest first.
func (k *talk) seed(n int, status lockbay.Status) (ids []string) {
	k.t.Helper()
	first := k.deals()[0]
	key := dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: first.ID}
	for i := range n {
		e := first
		e.ID, e.Status = lockbay.NewEscrowID(uint64(i+1)*7919_000_003), status
		e.Terms.Seller.Value = fmt.Sprintf("old_seller_%d", i)
		row, err := k.store.Load(k.t.Context(), key)
		if err != nil {
			k.t.Fatal(err)
		}
		row.Key.ID, row.Draft, row.Step, row.Version = e.ID, e.ID, string(status), 1
		row.Created = k.bot.Now().Add(time.Duration(i-n-1) * time.Hour)
		if row.Answers, err = json.Marshal(e); err != nil {
			k.t.Fatal(err)
		}
		if _, err := k.store.Commit(k.t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
			k.t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// With any number of escrows, /status finds one by its id, and Again takes over its terms.
func TestOldEscrowsAreFoundByTheirID(t *testing.T) {
	k := begin(t)
	k.confirmed()
	ids := k.seed(250, lockbay.PaymentLapsed)
	k.after(time.Minute)
	k.say("/status " + ids[0]).expect(ids[0] + " is yours.")
	k.say("/status").expect(ids[len(ids)-1])
	k.open(ids[1]).tap("again")
	k.mine().expect("@old_seller_1")
	k.open(ids[2]).tap("again")
	k.mine().tap("restart").expect("@old_seller_2")
}

// The cost of a list does not grow with the number of escrows.
func TestListsAreBounded(t *testing.T) {
	f := intake.New(intake.Config{Start: deal.Start})
	for _, name := range []string{"status", "create", "restart", "cancel", "resume", "confirm", "start"} {
		for _, text := range []string{"", "ESC-7K2P-M4QXD", "ESC", strings.Repeat("x", 5000)} {
			for _, kind := range []dialog.Kind{dialog.KindTap, dialog.KindCommand} {
				l, _ := f.Lists(&dialog.Record{}, &dialog.Input{Kind: kind, Name: name, Text: text, Value: "again-" + text})
				if l.Most > 100 {
					t.Errorf("%s %s: %+v", kind, name, l)
				}
			}
		}
	}
}
