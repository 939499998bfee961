package pgstore

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// openAt opens a store for the length of the test.
func openAt(t testing.TB, url string, opts ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store { return openAt(t, testdb.Postgres(t)) })
}

func TestStorePartitioned(t *testing.T) {
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store { return openAt(t, testdb.Postgres(t), WithPartitions(), WithNotices()) })
}

func TestStoreThroughPgBouncer(t *testing.T) {
	dialogtest.TestStore(t, func(t testing.TB) dialog.Store {
		return openAt(t, testdb.PgBouncer(t, testdb.Postgres(t)), WithNotices())
	})
}

func BenchmarkStore(b *testing.B) {
	dialogtest.BenchmarkStore(b, func(t testing.TB) dialog.Store { return openAt(t, testdb.Postgres(t)) })
}
