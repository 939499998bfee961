package main

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

var many = flag.Int("many", 300, "ended escrows of TestManyDeals; a hundredth as many are live")

// endedDeal is an escrow that was paid out, or, as every hundredth, one that is delivered.
func endedDeal(t *testing.T, i int) (e lockbay.Escrow) {
	e = sample()
	e.ID, e.Buyer = lockbay.NewEscrowID(uint64(i)*0x9e3779b97f4a7c15), fmt.Sprint("tg:", 1_000_000+i/10)
	at := e.CreatedAt()
	acts := []lockbay.Act{
		{Role: lockbay.Desk, Move: lockbay.MoveReceived, Sum: e.Sum(), Ref: fmt.Sprint("P-", i)}, {Role: lockbay.Seller, Move: lockbay.MoveAccept}, {Role: lockbay.Seller, Move: lockbay.MoveDelivered},
		{Role: lockbay.Buyer, Move: lockbay.MoveRelease}, {Role: lockbay.Desk, Move: lockbay.MoveSending}, {Role: lockbay.Desk, Move: lockbay.MoveSent, Ref: fmt.Sprint("R-", i)},
	}
	if i%100 == 0 {
		acts = acts[:3]
	}
	for _, a := range acts {
		at = at.Add(time.Minute)
		a.At, a.Key = at, []byte("key")
		if changed, err := e.Act(a); err != nil || !changed {
			t.Fatal(a.Move, err)
		}
	}
	return e
}

// TestManyDeals: the books of many escrows are checked page by page, and the view has the same sums. How long it takes, and
// how much memory, is told, and bounds nothing.
func TestManyDeals(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			within(t, url, func(st store) {
				for from := 0; from < *many; from += 500 {
					b := &dialog.Batch{}
					for i := from; i < min(from+500, *many); i++ {
						e := endedDeal(t, i)
						row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: e.ID})
						row.Owner, row.Guest, row.Draft, row.Step, row.Answers, row.Schema, row.Created = e.Buyer, sellerOf(i), e.ID, string(e.Status), e.Encode(), deal.Booked+deal.Version, e.CreatedAt()
						b.Writes = append(b.Writes, &dialog.Write{After: row})
					}
					slices.SortFunc(b.Writes, func(x, y *dialog.Write) int { return cmp.Compare(x.After.Key.String(), y.After.Key.String()) })
					if _, err := st.Commit(t.Context(), b); err != nil {
						t.Fatal(err)
					}
				}
			})
			var verified struct {
				OK    bool
				Deals int
			}
			took, heap := measured(func() { read(t, &verified, "ledger", "verify", "--json", "--database-url", url) })
			if !verified.OK || verified.Deals != *many {
				t.Errorf("verified: %+v", verified)
			}
			t.Logf("%d escrows: ledger verify %v, at most %d MB of heap", *many, took, heap>>20)
			var sums []struct {
				Held int64 `json:"held_minor"`
				Fee  int64 `json:"fee_minor"`
			}
			took, _ = measured(func() { read(t, &sums, "ledger", "balance", "--json", "--database-url", url) })
			t.Logf("ledger balance %v", took)
			took, _ = measured(func() { sameInView(t, url, sums[0].Held, sums[0].Fee) })
			t.Logf("the view's balance %v", took)
			took, _ = measured(func() { says(t, exitDone, "ESC-", "escrows", "list", "--database-url", url) })
			t.Logf("escrows list %v", took)
			within(t, url, func(st store) { listsOfPeople(t, st) })
		})
	}
}

// sellerOf is who sells an escrow: each sells ten.
func sellerOf(i int) string { return fmt.Sprint("tg:", 5_000_000+i/10) }

// listsOfPeople reads what people buy and sell, as /status does, and tells how long it takes.
func listsOfPeople(t *testing.T, st store) {
	t.Helper()
	var took []time.Duration
	for n := range 400 {
		person := fmt.Sprint("tg:", 1_000_000+(n*7919)%(*many/10))
		if n%2 == 1 {
			person = sellerOf((n * 7919) % *many)
		}
		began := time.Now()
		rows, err := st.List(t.Context(), dialog.Query{Bot: botName, Owner: person, Flow: deal.FlowName, Newest: true, Deep: true, Limit: 21})
		took = append(took, time.Since(began))
		if err != nil || len(rows) != 10 {
			t.Fatalf("%s has %d escrows, want 10: %v", person, len(rows), err)
		}
	}
	slices.Sort(took)
	t.Logf("the escrows of one person: p50 %v, p95 %v", took[len(took)/2], took[len(took)*95/100])
}

// read runs a command, and reads its JSON.
func read(t *testing.T, into any, args ...string) {
	t.Helper()
	if err := json.Unmarshal([]byte(says(t, exitDone, "", args...)), into); err != nil {
		t.Fatal(err)
	}
}

// measured is how long do takes, and the most heap that was seen meanwhile.
func measured(do func()) (took time.Duration, heap uint64) {
	var most atomic.Uint64
	done, seen := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(seen)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	began := time.Now()
	do()
	took = time.Since(began).Round(time.Millisecond)
	close(done)
	<-seen
	return took, most.Load()
}

// sameInView wants the view ledger to have these sums.
func sameInView(t *testing.T, url string, held, fee int64) {
	t.Helper()
	driver, where := "pgx", url
	if len(url) > 7 && url[:7] == "sqlite:" {
		driver, where = "sqlite", url[7:]
	}
	db, err := sql.Open(driver, where)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var gotHeld, gotFee int64
	err = db.QueryRow("select -sum(case when account = 'held' then minor else 0 end), -sum(case when account = 'fee' then minor else 0 end) from ledger").Scan(&gotHeld, &gotFee)
	if err != nil || gotHeld != held || gotFee != fee {
		t.Errorf("the view has %d held and %d of fees, want %d and %d: %v", gotHeld, gotFee, held, fee, err)
	}
}
