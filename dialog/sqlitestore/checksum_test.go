package sqlitestore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// TestDamagedBackup: a backup with changed bytes, anywhere, is damaged, cannot be
// read, or has all of its rows.
func TestDamagedBackup(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "test.db"))
	for i := range 60 {
		must(t, put(s, fmt.Sprintf("%06d", i)))
	}
	backup := filepath.Join(dir, "backup.db")
	must(t, s.Backup(t.Context(), backup))
	must(t, Check(t.Context(), backup))
	rowsOf := func(s *Store) string {
		rows, err := s.List(t.Context(), dialog.Query{Limit: 1000, Deep: true})
		if err != nil {
			return err.Error()
		}
		var b bytes.Buffer
		for _, r := range rows {
			fmt.Fprintf(&b, "%+v\n", *r)
		}
		return b.String()
	}
	whole, err := os.ReadFile(backup)
	must(t, err)
	want, found := rowsOf(s), 0
	for seed := range uint64(150) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		b := bytes.Clone(whole)
		for i, at := 0, rnd.IntN(len(b)-64); i < 64; i++ {
			b[at+i] ^= byte(1 + rnd.IntN(255))
		}
		path := filepath.Join(dir, fmt.Sprint("damaged-", seed, ".db"))
		must(t, os.WriteFile(path, b, 0o600))
		err := Check(t.Context(), path)
		if errors.Is(err, ErrDamaged) {
			found++
		}
		if err != nil {
			continue
		}
		damaged, err := Open(t.Context(), path)
		if err != nil {
			continue
		}
		// A copy has its indexes built anew.
		if damaged.Backup(t.Context(), path+".copy") == nil {
			if got := rowsOf(openAt(t, path+".copy")); got != want {
				t.Errorf("seed %d: other rows, and nobody notices:\n%.300s", seed, got)
			}
		}
		_ = damaged.Close()
	}
	if found < 10 {
		t.Errorf("%d of 150 damaged backups had another checksum: the test changes too little", found)
	}
}

// TestChecksumOfEachValue: whatever changes in a row changes the checksum: a byte of a text or a blob, a number, the type.
func TestChecksumOfEachValue(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	c, err := s.writer.take(t.Context())
	must(t, err)
	defer s.writer.put(c)
	must(t, c.script(t.Context(), `create table x (v); insert into x values (null)`))
	seen := map[string]string{}
	for _, value := range []string{`null`, `x'61'`, `x'62'`, `x'6161'`, `x''`, `'a'`, `'b'`, `'aa'`, `''`, `1`, `2`, `1.5`, `2.5`, `'1'`, `x'31'`} {
		must(t, c.script(t.Context(), `update x set v = `+value))
		sum, err := c.checksum(t.Context())
		must(t, err)
		if other, twice := seen[string(sum)]; twice {
			t.Errorf("%s has the checksum of %s", value, other)
		}
		seen[string(sum)] = value
	}
}

// TestChecksumEndsWithUse: a backup that is opened is a database in use, which changes.
func TestChecksumEndsWithUse(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, filepath.Join(dir, "test.db"))
	must(t, put(s, "a"))
	first, second := filepath.Join(dir, "first.db"), filepath.Join(dir, "second.db")
	must(t, s.Backup(t.Context(), first))
	used := openAt(t, first)
	must(t, put(used, "b"))
	must(t, used.Backup(t.Context(), second))
	must(t, used.Close())
	must(t, Check(t.Context(), first))
	must(t, Check(t.Context(), second))
}
