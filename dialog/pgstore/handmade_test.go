package pgstore

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

// A row whose key is no bot:flow:id is left out and told, and holds up no other row.
func TestHandmadeKeys(t *testing.T) {
	var told []string
	s := openAt(t, testdb.Postgres(t), WithTrouble(func(what string, _ error) { told = append(told, what) }))
	rows := put(t, s, 3)
	keys := []string{"oops", "", ":", "a:b", "a:b:", "a::b", ":a:b", "::"}
	for _, key := range keys {
		if _, err := s.pool.Exec(t.Context(), `insert into conversations (key, owner, conversation_state, draft_id, version, tag, batch, draft_tag, revision, schema, format, draft_at)
			values ($1, '', '', '', 1, 1, 1, 1, 1, 1, 1, 0)`, key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.pool.Exec(t.Context(), `update conversations set due = 1`); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		due, err := s.Due(t.Context(), dialog.DueQuery{Until: time.UnixMilli(1)})
		if err != nil || len(due) != len(rows) {
			t.Errorf("%d rows are due, %v; want %d", len(due), err, len(rows))
		}
	}
	list, err := s.List(t.Context(), dialog.Query{})
	if err != nil || len(list) != len(rows) {
		t.Errorf("%d rows, %v; want %d", len(list), err, len(rows))
	}
	slices.Sort(told)
	var want []string
	for _, key := range keys {
		want = append(want, fmt.Sprintf("row %q", key))
	}
	if slices.Sort(want); !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if list, err := s.List(t.Context(), dialog.Query{Strict: true}); !errors.Is(err, dialog.ErrSchemaNewer) {
		t.Errorf("strict: %d rows, %v", len(list), err)
	}
}
