package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// rowCount counts the rows that a list reads.
type rowCount struct {
	dialog.Store
	rows int
}

func (c *rowCount) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	rows, err := c.Store.List(ctx, q)
	c.rows += len(rows)
	return rows, err
}

// TestNear: a mistyped id is compared with those of the newest escrows alone, however many there are.
func TestNear(t *testing.T) {
	st, ids := &rowCount{Store: dialog.NewMemory()}, []string(nil)
	for n := range nearMost + 2*rowsPage {
		ids = append(ids, lockbay.NewEscrowID(uint64(n)*0x9e3779b97f4a7c15))
		row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: ids[n]})
		row.Owner, row.Draft, row.Step, row.Created = "tg:1", ids[n], string(lockbay.PaymentPending), time.UnixMilli(int64(n))
		if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
			t.Fatal(err, out)
		}
	}
	mistyped := func(id string) string { return id[:len(id)-1] }
	newest, oldest := ids[len(ids)-1], ids[0]
	if text := near(t.Context(), st, mistyped(newest)); !strings.Contains(text, "the nearest id is "+newest) {
		t.Errorf("of the newest it says %q", text)
	}
	if st.rows > nearMost+rowsPage {
		t.Errorf("it reads %d rows", st.rows)
	}
	if text := near(t.Context(), st, mistyped(oldest)); text != "; lockbay escrows list --all shows all" {
		t.Errorf("of the oldest it says %q", text)
	}
}
