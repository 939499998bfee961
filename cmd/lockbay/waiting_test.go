package main

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// counting is a store that counts the rows that it returns, and the calls.
type counting struct {
	store
	rows, calls atomic.Int64
}

func (c *counting) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	return c.count(c.store.List(ctx, q))
}

func (c *counting) Due(ctx context.Context, q dialog.DueQuery) ([]*dialog.Row, error) {
	return c.count(c.store.Due(ctx, q))
}

func (c *counting) count(rows []*dialog.Row, err error) ([]*dialog.Row, error) {
	c.rows.Add(int64(len(rows)))
	c.calls.Add(1)
	return rows, err
}

// heldDeal is a paid deal that was put on hold at this time.
func heldDeal(t *testing.T, i int, at time.Time) lockbay.Escrow {
	t.Helper()
	e := sample()
	e.ID, e.Created, e.Expires = lockbay.NewEscrowID(uint64(i)*0x9e3779b97f4a7c15), at.Add(time.Duration(i)*time.Second).UnixMilli(), at.Add(time.Hour).UnixMilli()
	for _, a := range []lockbay.Act{{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true}, {Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk}} {
		a.At, a.Key = at, []byte("key")
		if changed, err := e.Act(a); err != nil || !changed {
			t.Fatal(a.Move, err)
		}
	}
	return e
}

// putDeals writes deals that are due then; the zero time: never.
func putDeals(t *testing.T, st dialog.Store, due time.Time, list ...lockbay.Escrow) {
	t.Helper()
	for part := range slices.Chunk(list, 500) {
		b := &dialog.Batch{}
		for _, e := range part {
			row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: e.ID})
			row.Owner, row.Guest, row.Draft, row.Step, row.Answers, row.Schema, row.Created = e.Buyer, "", e.ID, string(e.Status), e.Encode(), deal.Booked+deal.Version, e.CreatedAt()
			if row.Due = 0; !due.IsZero() {
				row.Due = due.UnixMilli()
			}
			row.Where, row.Shown = dialog.InRow, nil
			b.Writes = append(b.Writes, &dialog.Write{After: row})
		}
		slices.SortFunc(b.Writes, func(x, y *dialog.Write) int { return cmp.Compare(x.After.Key.String(), y.After.Key.String()) })
		out, err := st.Commit(t.Context(), b)
		if err != nil || slices.ContainsFunc(out.Verdicts, func(v dialog.Verdict) bool { return v != dialog.Applied }) {
			t.Fatal(err, out)
		}
	}
}

func bothStores(t *testing.T) map[string]string {
	return map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)}
}

// listedIDs are the ids that a list has.
func listedIDs(t *testing.T, c escrowsListCmd, st dialog.Store) (ids []string, older bool) {
	t.Helper()
	out := escrowLines(io.Discard, false, lockbay.DefaultRules())
	out.table = func(page []lockbay.Escrow) error {
		ids = append(ids, idsOf(page)...)
		return nil
	}
	older, err := c.write(t.Context(), out, st)
	if err != nil {
		t.Error(err)
	}
	return ids, older
}

func idsOf(list []lockbay.Escrow) (ids []string) {
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

// TestWaitingReadsNoEnded: lists of what waits, and the metric, read the deals that wait, and none of those that have ended.
// A scrape reads none at all.
func TestWaitingReadsNoEnded(t *testing.T) {
	const ended, held = 1200, 7
	for name, url := range bothStores(t) {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			within(t, url, func(st store) {
				var past, waits []lockbay.Escrow
				for i := range ended {
					past = append(past, endedDeal(t, i+i/99+1)) // those of the hundreds are live
				}
				for i := range held { // from 19 hours ago on, two hours apart
					waits = append(waits, heldDeal(t, -1-i, now.Add(-19*time.Hour-time.Duration(i)*2*time.Hour)))
				}
				putDeals(t, st, now.Add(60*24*time.Hour), past...)
				putDeals(t, st, now.Add(dialog.WaitMost), waits[:4]...)
				putDeals(t, st, now.Add(-time.Hour), waits[4:]...)
				c := &counting{store: st}
				for flags, want := range map[escrowsListCmd][]lockbay.Escrow{
					{Hold: true, Limit: 100}: waits, {Hold: true, Limit: 3}: waits[:3], {Overdue: true, Limit: 100}: waits[3:],
					{Hold: true, Overdue: true, Limit: 4}: waits[3:], {Hold: true, Status: "disputed", Limit: 100}: nil,
				} {
					c.rows.Store(0)
					got, older := listedIDs(t, flags, c)
					if !slices.Equal(got, idsOf(want)) || older != (flags.Limit == 3) || c.rows.Load() != held {
						t.Errorf("%+v: %q, older %v, %d rows read; want %q", flags, got, older, c.rows.Load(), idsOf(want))
					}
				}
				m := newMetrics()
				scraped := func(want any) {
					t.Helper()
					c.calls.Store(0)
					page := httptest.NewRecorder()
					m.handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
					if line := fmt.Sprintln("lockbay_deals_overdue", want); !strings.Contains(page.Body.String(), "\n"+line) || c.calls.Load() > 0 {
						t.Errorf("no %s after %d calls", line, c.calls.Load())
					}
				}
				scraped("NaN")
				countOverdue(t.Context(), c, m, func(err error) { t.Error(err) })
				scraped(held - 3)
				o := &operators{metrics: m}
				if list := o.overdueNeeds(); len(list) != 1 || !strings.HasSuffix(list[0].What, fmt.Sprintf(" and %d more have waited for you too long", held-4)) || list[0].Key.ID == "" {
					t.Errorf("%+v", list)
				}
			})
		})
	}
}

// TestWaitingOfBefore: the first start of this program finds the deals that wait and were never due, and leaves those that
// have ended as they were.
func TestWaitingOfBefore(t *testing.T) {
	for name, url := range bothStores(t) {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			never, late, lapsed, ended := heldDeal(t, -1, now.Add(-72*time.Hour)), heldDeal(t, -2, now.Add(-71*time.Hour)), sample(), endedDeal(t, 1)
			lapsed.ID, lapsed.Created, lapsed.Expires = lockbay.NewEscrowID(3), now.Add(-70*time.Hour).UnixMilli(), now.Add(-69*time.Hour).UnixMilli()
			for _, a := range []lockbay.Act{{Role: lockbay.Buyer, Move: lockbay.MovePaid}, {Role: lockbay.Clock, Move: lockbay.MoveOver}} {
				a.At = lapsed.ExpiresAt()
				if changed, err := lapsed.Act(a); err != nil || !changed {
					t.Fatal(a.Move, err)
				}
			}
			within(t, url, func(st store) {
				putDeals(t, st, time.Time{}, never, lapsed)
				putDeals(t, st, now.Add(80*24*time.Hour), late, ended)
				if got, _ := listedIDs(t, escrowsListCmd{Overdue: true, Limit: 100}, st); len(got) > 0 {
					t.Fatalf("found without a time: %q", got)
				}
			})
			forgetDeals(t, url)
			says(t, exitFailed, "", "escrows", "list", "--hold", "--database-url", url) // the tables are of before
			says(t, exitDone, "", "migrate", "up", "--database-url", url)
			within(t, url, func(st store) {
				if got, _ := listedIDs(t, escrowsListCmd{Overdue: true, Limit: 100}, st); !slices.Equal(got, idsOf([]lockbay.Escrow{lapsed, late, never})) {
					t.Errorf("overdue: %q", got)
				}
				row, err := st.Load(t.Context(), dialog.Key{Bot: botName, Flow: deal.FlowName, ID: ended.ID})
				if err != nil || row.Due != now.Add(80*24*time.Hour).UnixMilli() {
					t.Errorf("the ended one is due %v: %v", time.UnixMilli(row.Due), err)
				}
			})
		})
	}
}

// forgetDeals makes a database one in which the migrations of deals did not run yet.
func forgetDeals(t *testing.T, url string) {
	t.Helper()
	driver, where := "pgx", url
	if file, is := strings.CutPrefix(url, "sqlite:"); is {
		driver, where = "sqlite", file
	}
	db, err := sql.Open(driver, where)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "delete from schema_version where component like 'deals%'"); err != nil {
		t.Fatal(err)
	}
}
