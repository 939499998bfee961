package pgstore

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// deals gives owner so many conversations with an id of their own, a second apart.
func deals(t *testing.T, s *Store, owner string, n int) {
	t.Helper()
	began := time.UnixMilli(1_700_000_000_000)
	var writes []*dialog.Write
	for i := range n {
		r := dialogtest.NewRow(dialog.Key{Bot: "bot", Flow: "deal", ID: fmt.Sprintf("%s-%06d", owner, i*7919%n)})
		r.Owner, r.Created = owner, began.Add(time.Duration(i)*time.Second)
		if i%5 == 0 {
			r.Owner, r.Guest = "seller", owner
		}
		if writes = append(writes, &dialog.Write{After: r}); len(writes) == 500 || i == n-1 {
			mustApply(t, s, writes...)
			writes = nil
		}
	}
}

// TestNewestIsBounded: a page of the newest conversations of a person with 10,000 reads as
// much as that of one with ten, whose rows lie side by side, and its rows.
func TestNewestIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []Option
	}{{"whole", nil}, {"partitioned", []Option{WithPartitions()}}} {
		t.Run(c.name, func(t *testing.T) {
			url := testdb.Postgres(t)
			s := openAt(t, url, c.opts...)
			deals(t, s, "many", 10_000)
			deals(t, s, "ten", 10)
			if _, err := s.pool.Exec(t.Context(), "analyze conversations"); err != nil {
				t.Fatal(err)
			}
			for _, q := range []dialog.Query{{Deep: true}, {Bot: "bot", Flow: "deal"}, {Bot: "bot", Flow: "deal", Since: time.UnixMilli(1)}} {
				q.Newest, q.Limit = true, 10
				q.Owner = "ten"
				few := pagesRead(t, url, &q)
				q.Owner = "many"
				if many := pagesRead(t, url, &q); many > few+2*q.Limit {
					t.Errorf("%+v: %d pages, and %d with ten conversations", q, many, few)
				} else {
					t.Logf("%d pages, and %d with ten conversations", many, few)
				}
			}
		})
	}
}

// pagesRead is how many pages of the buffer cache a list reads.
func pagesRead(t *testing.T, url string, q *dialog.Query) int {
	t.Helper()
	var f filter
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	var out string
	for range 2 { // the first run may clean the pages
		sql := (&f).newest(q, rowColumns)
		if err := c.QueryRow(t.Context(), "explain (analyze, buffers, format json) "+sql, f.args...).Scan(&out); err != nil {
			t.Fatal(err)
		}
		f = filter{}
	}
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal([]byte(out), &plans); err != nil || len(plans) != 1 {
		t.Fatal(err, out)
	}
	return plans[0].Plan.Hit + plans[0].Plan.Read
}
