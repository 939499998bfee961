package pgstore

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestDueOfAFlowIsBounded: what is due soon of a flow costs a page for each of its rows, beside
// many conversations of the flow that are due later, whatever the planner knows.
func TestDueOfAFlowIsBounded(t *testing.T) {
	for _, c := range []struct {
		name  string
		later int
		opts  []Option
	}{{"whole", 100_000, nil}, {"partitioned", 20_000, []Option{WithPartitions()}}} {
		t.Run(c.name, func(t *testing.T) {
			url := testdb.Postgres(t)
			s := openAt(t, url, c.opts...)
			q := dialog.DueQuery{Bot: "bot", Flow: "deal", Until: time.UnixMilli(2000), Limit: 5000}
			read := func() (int, string) {
				args := []any{q.Until.UnixMilli(), q.After, q.AfterKey, q.Limit, q.Bot, q.Flow}
				_ = explained(t, url, selectDue, args...) // the first run may clean the pages
				plan := explained(t, url, selectDue, args...)
				return pagesOf(t, plan), plan
			}
			fillDue(t, s, 1, 1000, 1000)
			alone, _ := read()
			fillDue(t, s, 1001, 1000+c.later, 5000)
			for _, first := range []string{"", "vacuum analyze conversations"} {
				if _, err := s.pool.Exec(t.Context(), first); err != nil {
					t.Fatal(err)
				}
				if n, plan := read(); n > alone+1000 || // a page a row
					strings.Contains(plan, "Seq Scan") {
					t.Errorf("%q: %d pages, and %d without those that are due later: %s", first, n, alone, plan)
				} else {
					t.Logf("%q: %d pages, and %d without those that are due later", first, n, alone)
				}
			}
			rows, err := s.Due(t.Context(), q)
			if err != nil || len(rows) != 1000 {
				t.Errorf("%d rows: %v", len(rows), err)
			}
		})
	}
}

// fillDue writes the conversations from one number to another, which are due at once, in
// milliseconds.
func fillDue(t *testing.T, s *Store, from, to int, due int64) {
	t.Helper()
	const insert = `insert into conversations (key, owner, conversation_state, draft_id, version, tag, batch, draft_tag, revision, schema, format, draft_at, created, due, answers)
		select 'bot:deal:' || md5(n::text), 'tg:1', 'paid', '', 1, n, n, n, 1, 1, 1, 0, n, $3, convert_to(repeat('x', 500), 'utf8') from generate_series($1::int, $2::int) n`
	if _, err := s.pool.Exec(t.Context(), insert, from, to, due); err != nil {
		t.Fatal(err)
	}
}
