package pgstore

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestPlansOnCitus: Citus refuses a generic plan of an insert from arrays, so a database with
// Citus has the planner's own choice. The lookup of the table of Citus stands in for Citus.
func TestPlansOnCitus(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url)
	plan := func() (mode string) {
		t.Helper()
		err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), forTurns.sql, "1min"); err != nil {
				return err
			}
			return tx.QueryRow(t.Context(), `select current_setting('plan_cache_mode')`).Scan(&mode)
		})
		if err != nil {
			t.Fatal(err)
		}
		return mode
	}
	if mode := plan(); mode != "force_generic_plan" {
		t.Errorf("plans are made as %q", mode)
	}
	if _, err := s.pool.Exec(t.Context(), `create table pg_dist_partition (logicalrelid regclass, partmethod char)`); err != nil {
		t.Fatal(err)
	}
	if mode := plan(); mode != "force_custom_plan" {
		t.Errorf("with Citus plans are made as %q", mode)
	}
	put(t, s, 20) // also on connections that have prepared their statements
}

// TestStoreOnCitus runs on the coordinator that LOCKBAY_TEST_CITUS names: a database of its
// own for this test, with the extension and its workers. make citus wants it.
func TestStoreOnCitus(t *testing.T) {
	url := os.Getenv("LOCKBAY_TEST_CITUS")
	if url == "" {
		t.Skip("LOCKBAY_TEST_CITUS names no coordinator")
	}
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store {
		s := openAt(t, url)
		if err := s.Distribute(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.pool.Exec(t.Context(), `truncate conversations, events, leases, secrets`); err != nil {
			t.Fatal(err)
		}
		return s
	})
}
