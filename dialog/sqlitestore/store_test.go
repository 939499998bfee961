package sqlitestore

import (
	"path/filepath"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

func openTest(t testing.TB) dialog.Store {
	return openAt(t, filepath.Join(t.TempDir(), "dir", "test.db"))
}

func openAt(t testing.TB, path string, opts ...Option) *Store {
	t.Helper()
	s, err := Open(t.Context(), path, opts...)
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

func TestStore(t *testing.T) { dialogtest.TestStore(t, openTest) }
