package pgstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

func key(id string) dialog.Key { return dialog.Key{Bot: "bot", Flow: "flow", ID: id} }

// put creates n conversations and returns their rows, sorted by key.
func put(t testing.TB, s dialog.Store, n int) []*dialog.Row {
	t.Helper()
	rows := make([]*dialog.Row, n)
	writes := make([]*dialog.Write, n)
	for i := range rows {
		rows[i] = dialogtest.NewRow(key(fmt.Sprintf("k%05d", i)))
		rows[i].Shown = nil
		writes[i] = &dialog.Write{After: rows[i]}
	}
	for part := range slices.Chunk(writes, 500) {
		mustApply(t, s, part...)
	}
	return rows
}

func mustApply(t testing.TB, s dialog.Store, writes ...*dialog.Write) {
	t.Helper()
	slices.SortFunc(writes, func(a, b *dialog.Write) int { return cmp.Compare(a.After.Key.String(), b.After.Key.String()) })
	out, err := s.Commit(context.Background(), &dialog.Batch{Writes: writes})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out.Verdicts {
		if v != dialog.Applied {
			t.Fatalf("%s: %v", writes[i].After.Key, v)
		}
	}
}

// grow is the next turn of r, whose draft and inputs are n turns long.
func grow(r *dialog.Row, n int, input uint64) *dialog.Write {
	w := dialogtest.Next(r, input)
	w.After.Answers = make([]byte, min(250, 15*n))
	w.After.State = make([]byte, 150)
	w.After.Seen = nil
	for i := range min(n, 32) {
		w.After.Seen = binary.BigEndian.AppendUint64(w.After.Seen, input-uint64(i))
	}
	w.After.Updated = time.Now()
	return w
}

// ask runs a query that gives one value on a connection of its own.
func ask[T any](t testing.TB, url, sql string, args ...any) (v T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	if err := c.QueryRow(ctx, sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// patience bounds a hang, not a slow machine.
const patience = time.Minute

// soon waits until ok.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v until %s", patience, what)
		}
	}
}

func pgError(code string) error {
	return fmt.Errorf("here: %w", &pgconn.PgError{Code: code, Message: "m"})
}

// SetLease writes a lease like one of another clock, for dialogtest.TestStore.
func (s *Store) SetLease(t testing.TB, name, holder string, until time.Time) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), `insert into leases values ($1, $2, $3) on conflict (name) do update set holder = $2, until = $3`,
		name, holder, until.UnixMilli()); err != nil {
		t.Fatal(err)
	}
}
