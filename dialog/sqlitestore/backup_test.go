package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// TestBackup takes backups during writes. A backup has whole batches only, has
// every batch acknowledged before its start, and opens like any other file.
func TestBackup(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "test.db"))
	_, err := s.Secret(ctx, "cookies", []byte("secret"))
	must(t, err)
	var acknowledged atomic.Int64
	stop, stopped := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
			}
			if err := put(s, fmt.Sprintf("%06d-a", i), fmt.Sprintf("%06d-b", i)); err != nil {
				stopped <- err
				return
			}
			acknowledged.Add(2)
		}
	}()
	for n := range 5 {
		for acknowledged.Load() < int64(100*(n+1)) {
			select {
			case err := <-stopped:
				t.Fatal(err)
			default:
			}
		}
		before := acknowledged.Load()
		dest := filepath.Join(dir, fmt.Sprintf("backup-%d.db", n))
		must(t, s.Backup(ctx, dest))
		if info, err := os.Stat(dest); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("backup: %v, %v", info, err)
		}
		restored := openAt(t, dest)
		rows, err := restored.List(ctx, dialog.Query{Limit: 1_000_000})
		must(t, err)
		if int64(len(rows)) < before || len(rows)%2 != 0 {
			t.Fatalf("%d conversations in the backup, %d were acknowledged before it, two a batch", len(rows), before)
		}
		if got, err := restored.Secret(ctx, "cookies", []byte("other")); err != nil || string(got) != "secret" {
			t.Errorf("secret of the backup: %q, %v", got, err)
		}
		if got := restored.sql(t, "pragma integrity_check"); fmt.Sprint(got) != "[ok]" {
			t.Errorf("integrity: %v", got)
		}
		must(t, put(restored, "goes on"))
		if err := s.Backup(ctx, dest); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Backup over a file: %v", err)
		}
	}
	close(stop)
	must(t, <-stopped)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Backup(cancelled, filepath.Join(dir, "never.db")); !errors.Is(err, context.Canceled) {
		t.Errorf("Backup with a cancelled context: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "never.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a backup: %v", err)
	}
}
