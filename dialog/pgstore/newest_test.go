package pgstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

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

// TestNewestOfEveryoneIsBounded: a page of everyone's newest reads as much of a flow with
// 10,000 conversations as of one with ten, and sorts nothing, whatever the planner knows.
func TestNewestOfEveryoneIsBounded(t *testing.T) {
	for _, c := range []struct {
		name string
		opts []Option
	}{{"whole", nil}, {"partitioned", []Option{WithPartitions()}}} {
		t.Run(c.name, func(t *testing.T) {
			url := testdb.Postgres(t)
			s := openAt(t, url, c.opts...)
			fill(t, s, "many", 10_000)
			fill(t, s, "ten", 10)
			for _, first := range []string{"", "analyze conversations"} {
				if _, err := s.pool.Exec(t.Context(), first); err != nil {
					t.Fatal(err)
				}
				for _, q := range []dialog.Query{{Deep: true}, {Step: "paid", Since: time.UnixMilli(1)}, {After: "bot:many:x", AfterCreated: time.UnixMilli(5000)}} {
					q.Newest, q.Everyone, q.Bot, q.Limit = true, true, "bot", 20
					q.Flow = "ten"
					few := pagesRead(t, url, &q)
					q.Flow = "many"
					if many := pagesRead(t, url, &q); many > few+2*q.Limit {
						t.Errorf("%s: %+v: %d pages, and %d of a flow with ten conversations", first, q, many, few)
					}
					if plan := newestPlan(t, url, &q); strings.Contains(plan, `Sort",`) || strings.Contains(plan, "Seq Scan") {
						t.Errorf("%s: %+v: %s", first, q, plan)
					}
				}
			}
		})
	}
}

// fill gives a flow n conversations, a millisecond apart.
func fill(t *testing.T, s *Store, flow string, n int) {
	t.Helper()
	const insert = `insert into conversations (key, owner, conversation_state, draft_id, version, tag, batch, draft_tag, revision, schema, format, draft_at, created, answers)
		select 'bot:' || $1 || ':' || md5(n::text), 'tg:1', 'paid', '', 1, n, n, n, 1, 1, 1, 0, n, convert_to(repeat('x', 500), 'utf8') from generate_series(1, $2::int) n`
	if _, err := s.pool.Exec(t.Context(), insert, flow, n); err != nil {
		t.Fatal(err)
	}
}

// pagesRead is how many pages of the buffer cache a list reads.
func pagesRead(t *testing.T, url string, q *dialog.Query) int {
	t.Helper()
	_ = newestPlan(t, url, q) // the first run may clean the pages
	return pagesOf(t, newestPlan(t, url, q))
}

// pagesOf is how many pages of the buffer cache a statement read.
func pagesOf(t *testing.T, plan string) int {
	t.Helper()
	var plans []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal([]byte(plan), &plans); err != nil || len(plans) != 1 {
		t.Fatal(err, plan)
	}
	return plans[0].Plan.Hit + plans[0].Plan.Read
}

// newestPlan is how PostgreSQL reads a list.
func newestPlan(t *testing.T, url string, q *dialog.Query) string {
	t.Helper()
	var f filter
	return explained(t, url, f.newest(q, rowColumns), f.args...)
}

// explained is how PostgreSQL runs a statement, in JSON.
func explained(t *testing.T, url, sql string, args ...any) string {
	t.Helper()
	return ask[string](t, url, "explain (analyze, buffers, format json) "+sql, args...)
}
