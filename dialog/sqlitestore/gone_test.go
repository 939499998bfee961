package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// A store whose file is no longer at its path acknowledges nothing: the file would go with
// the process. It goes on as soon as the file is back.
func TestFileIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lockbay.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	commit := func() error {
		n++
		key := dialog.Key{Bot: "bot", Flow: "escrow", ID: string(rune('a' + n))}
		_, err := s.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: &dialog.Row{Head: dialog.Head{Key: key, Owner: key.ID, Version: 1, Tag: 1}}}}})
		return err
	}
	if err := commit(); err != nil {
		t.Fatal(err)
	}
	for name, take := range map[string]func(){
		"moved": func() {},
		"replaced": func() {
			if err := os.WriteFile(path, []byte("another file"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		take()
		if err := commit(); !errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("%s: a commit says %v", name, err)
		}
		if _, err := s.Now(t.Context()); !errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("%s: the clock says %v", name, err)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		if err := commit(); err != nil {
			t.Errorf("%s and back: %v", name, err)
		}
	}
}
