package sqlitestore

import (
	"context"
	"database/sql/driver"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestNewestIsBounded: a page of a person's newest conversations reads the rows of the
// page. SQLite reads both indexes in the order of the list, and sorts nothing.
func TestNewestIsBounded(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	for _, q := range []dialog.Query{
		{Owner: "tg:1"},
		{Owner: "tg:1", Deep: true, Bot: "bot", Flow: "deal"},
		{Owner: "tg:1", Bot: "bot", Flow: "deal", Step: "payment_pending", Since: time.UnixMilli(1)},
		{Owner: "tg:1", Flow: "deal", After: "bot:deal:x", AfterCreated: time.UnixMilli(5)},
	} {
		whole := plan(t, s, q)
		for _, want := range []string{"INDEX conversations_owner (owner=? AND ", "INDEX conversations_guest (guest=? AND "} {
			if !strings.Contains(whole, want) {
				t.Errorf("%+v: the plan has no %q: %s", q, want, whole)
			}
		}
		if inner, _, _ := strings.Cut(whole, "UNION"); strings.Contains(whole, "SCAN conversations") || strings.Contains(inner, "TEMP B-TREE") {
			t.Errorf("%+v: %s", q, whole)
		}
		t.Log(whole)
	}
}

// TestNewestOfEveryoneIsBounded: a page of everyone's newest reads one index from where the
// page begins, and sorts nothing.
func TestNewestOfEveryoneIsBounded(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	for _, q := range []dialog.Query{
		{},
		{Deep: true, Strict: true},
		{Step: "payment_pending", Since: time.UnixMilli(1)},
		{After: "bot:deal:x", AfterCreated: time.UnixMilli(5)},
	} {
		q.Everyone, q.Bot, q.Flow = true, "bot", "deal"
		const want = "SEARCH conversations USING INDEX conversations_newest (bot=? AND flow=? AND "
		if whole := plan(t, s, q); !strings.HasPrefix(whole, want) || strings.Contains(whole, ";") {
			t.Errorf("%+v: %s", q, whole)
		}
	}
}

// plan is how SQLite reads a list of the newest.
func plan(t *testing.T, s *Store, q dialog.Query) string {
	t.Helper()
	q.Newest = true
	sql, values := newest(&q)
	var plan []string
	must(t, s.read(context.Background(), func(c *conn) error {
		return c.query("explain query plan "+sql, values, func(v []driver.Value) error {
			plan = append(plan, v[3].(string))
			return nil
		})
	}))
	return strings.Join(plan, "; ")
}
