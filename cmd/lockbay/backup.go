package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog/sqlitestore"
)

type backupCmd struct {
	File string `arg:"" help:"new file to write"`
}

// Run writes a complete copy, even while an instance serves. It migrates nothing: the instance may be an older one.
func (c *backupCmd) Run(p *program, set *Settings) error {
	kind, where, err := set.database()
	if err != nil {
		return usageError{err}
	}
	if kind != "sqlite" {
		return errors.New("a PostgreSQL database is backed up with pg_dump, see docs/operations.md")
	}
	if err := set.isThere(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(c.File)); err != nil {
		return fmt.Errorf("%s: the folder does not exist", filepath.Dir(c.File))
	}
	if err := isOurs(p.ctx, where); err != nil {
		return set.databaseTrouble(err)
	}
	if err := sqlitestore.Copy(p.ctx, where, c.File); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s exists already; backup writes new files only", c.File)
		}
		return err
	}
	fmt.Fprintln(p.out, "Backed up to", c.File)
	return nil
}

type restoreCmd struct {
	File   string `arg:"" type:"path" help:"file written by backup; it stays as it is"`
	Force  bool   `name:"force" help:"replace an existing database and keep it beside the new one"`
	NoHold bool   `name:"no-hold" help:"no money came or was sent since the backup: escrows go on without a hold"`
}

// Run tests the backup, renames the old database and puts the restored one in its place.
func (c *restoreCmd) Run(p *program, set *Settings) error {
	kind, where, err := set.database()
	if err != nil {
		return usageError{err}
	}
	if kind != "sqlite" {
		return errors.New("a PostgreSQL database is restored with pg_restore, see docs/operations.md")
	}
	if _, err := os.Stat(c.File); errors.Is(err, fs.ErrNotExist) {
		return usageError{fmt.Errorf("%q: no such file or directory", c.File)}
	}
	_, err = os.Stat(where)
	there := err == nil
	if there && !c.Force {
		return fmt.Errorf("%s exists already; --force replaces it and keeps the old one beside it", where)
	}
	if err := os.MkdirAll(filepath.Dir(where), 0o700); err != nil {
		return err
	}
	lock, err := lockAlone(where)
	if err != nil {
		return err
	}
	if lock == nil {
		return fmt.Errorf("another process has %s open: stop it first", where)
	}
	defer lock.release()
	room, err := os.MkdirTemp(filepath.Dir(where), ".lockbay-restore-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(room)
	checked, err := c.try(p.ctx, room)
	if err != nil {
		return errors.New(c.File + " cannot be restored: " + err.Error() + "; nothing was changed")
	}
	var s stopped
	if !c.NoHold {
		if s, err = stop(p.ctx, set, checked); err != nil {
			return fmt.Errorf("%s: its escrows cannot be put on hold: %w; nothing was changed, and --no-hold restores it without that", c.File, err)
		}
	}
	if there {
		old, err := keepOld(p.ctx, where, time.Now())
		if err != nil {
			return err
		}
		fmt.Fprintln(p.err, "The old database is kept as", old)
	}
	for _, end := range []string{"", "-wal", "-shm"} { // before the database: of another life of it, they would count wrong. serve makes them anew
		if err := os.Remove(scratchFile(where) + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(checked, where); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(where)); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "Restored", where)
	if !c.NoHold {
		fmt.Fprintln(p.out, notInBackup)
		s.tell(p.out)
	}
	return nil
}

// syncFolder has the names in a folder on the disk.
func syncFolder(path string) error {
	f, err := os.Open(path) // #nosec G304 -- the folder of a setting
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// try updates a copy of the backup in folder room and reads every page of it, so that a damaged backup is found before
// the database is replaced.
func (c *restoreCmd) try(ctx context.Context, room string) (checked string, err error) {
	if err := isOurs(ctx, c.File); err != nil {
		return "", err
	}
	part := filepath.Join(room, "part.db")
	for _, end := range []string{"", "-wal"} { // a plain copy of a database may have its log beside it
		if err := copyFile(c.File+end, part+end); err != nil && !(end != "" && errors.Is(err, fs.ErrNotExist)) {
			return "", err
		}
	}
	if err := sqlitestore.Check(ctx, part); err != nil {
		return "", err
	}
	if err := onlyOurs(ctx, room, part); err != nil {
		return "", err
	}
	st, err := sqlitestore.Open(ctx, part, sqliteOptions()...)
	if err != nil {
		return "", err
	}
	checked = filepath.Join(room, "checked.db")
	if err := errors.Join(st.Backup(ctx, checked), st.Close()); err != nil {
		return "", err
	}
	if st, err = sqlitestore.Open(ctx, checked, sqliteOptions()...); err != nil { // takes the checksum out
		return "", err
	}
	return checked, st.Close()
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// keepOld keeps the database at path under a new name, which ends in the time. It writes the log back first, so that the
// file is complete. A file that is no database keeps its log: SQLite would delete it.
func keepOld(ctx context.Context, path string, at time.Time) (old string, err error) {
	if hasLog(path) {
		if st, err := sqlitestore.Open(ctx, path, sqliteOptions()...); err == nil {
			_ = st.Close()
		}
	}
	if old, err = claim(path + fileOldEnd + at.UTC().Format("20060102-150405")); err != nil {
		return "", err
	}
	for _, end := range []string{"-wal", "-shm"} { // an unreadable database keeps its log
		if err := os.Rename(path+end, old+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	// A second link: the restored database replaces path in one step.
	link := old + ".link"
	if err := os.Link(path, link); err == nil {
		return old, os.Rename(link, old)
	}
	return old, os.Rename(path, old) // a file system without links
}

// claim makes an empty file of this name, or of the name and a number if there is such a file, or its log, already. The
// file may then be replaced: no other process takes a name that exists.
func claim(name string) (free string, err error) {
	for n := 1; ; n++ {
		free = name
		if n > 1 {
			free = fmt.Sprintf("%s-%d", name, n)
		}
		f, err := os.OpenFile(free, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := f.Close(); err != nil {
			return "", err
		}
		if !exists(free+"-wal") && !exists(free+"-shm") {
			return free, nil
		}
		if err := os.Remove(free); err != nil {
			return "", err
		}
	}
}

// hasLog reports whether the file at path is a SQLite database whose changes go into a write-ahead log
// (https://sqlite.org/fileformat2.html#the_database_header).
func hasLog(path string) bool {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 20)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head[:16]) == "SQLite format 3\x00" && head[18] == 2 && head[19] == 2
}

// exists reports whether there is a file of this name, or may be one.
func exists(name string) bool {
	_, err := os.Lstat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// serving reports whether an instance answers at the configured address.
func serving(ctx context.Context, set *Settings) bool {
	return ask(ctx, set, "/healthz") == nil
}

type healthcheckCmd struct{}

// Run asks a running instance whether it is ready.
func (c *healthcheckCmd) Run(p *program, set *Settings) error { return ask(p.ctx, set, "/readyz") }

func ask(ctx context.Context, set *Settings, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(set.Listen)+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers at %s", set.Listen)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		answer, _ := io.ReadAll(io.LimitReader(res.Body, 200))
		return fmt.Errorf("%s is not ready: %s", set.Listen, strings.TrimSpace(string(answer)))
	}
	return nil
}

// notInBackup is what an operator does after a restore: a payout that was sent after the backup is owed again in it.
const notInBackup = "Money that came or was sent after the backup is not in it: compare it with the list of your bank (lockbay ledger reconcile FILE.csv) before you send anything."
