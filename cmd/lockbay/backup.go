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
	File string `arg:"" help:"file to write; it must not exist"`
}

// Run writes a complete copy, also while an instance serves.
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
		return fmt.Errorf("%s: there is no such folder", filepath.Dir(c.File))
	}
	st, err := sqlitestore.Open(p.ctx, where, sqliteOptions()...)
	if err != nil {
		return set.databaseTrouble(err)
	}
	defer st.Close()
	if err := st.Backup(p.ctx, c.File); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already; nothing was overwritten", c.File)
		}
		return err
	}
	fmt.Fprintln(p.out, "Backed up to", c.File)
	return nil
}

type restoreCmd struct {
	File  string `arg:"" type:"path" help:"file that backup wrote; it is not changed"`
	Force bool   `name:"force" help:"replace a database that is there; it is kept beside"`
}

// Run tries the backup, puts the old database aside and the new one in its place.
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
		return fmt.Errorf("%s is there already; --force replaces it and keeps it beside", where)
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
	fresh, err := c.try(p.ctx, room)
	if err != nil {
		return errors.New(c.File + " cannot be restored: " + err.Error() + "; nothing was changed")
	}
	if there {
		aside, err := putAside(p.ctx, where)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.err, "The old database is kept as", aside)
	}
	if err := os.Rename(fresh, where); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "Restored", where)
	return nil
}

// try brings a copy of the backup up to date in room and reads every page of
// it: what cannot be read is found before anything is replaced.
func (c *restoreCmd) try(ctx context.Context, room string) (fresh string, err error) {
	if err := isOurs(ctx, c.File); err != nil {
		return "", err
	}
	part := filepath.Join(room, "part.db")
	for _, end := range []string{"", "-wal"} { // a plain copy of a database may come with its log
		if err := copyFile(c.File+end, part+end); err != nil && !(end != "" && errors.Is(err, fs.ErrNotExist)) {
			return "", err
		}
	}
	st, err := sqlitestore.Open(ctx, part, sqliteOptions()...)
	if err != nil {
		return "", err
	}
	fresh = filepath.Join(room, "fresh.db")
	err = st.Backup(ctx, fresh)
	return fresh, errors.Join(err, st.Close())
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

// putAside keeps the database at path under another name beside it. Its log is
// folded into it first, so that the one file is all of it.
func putAside(ctx context.Context, path string) (aside string, err error) {
	if st, err := sqlitestore.Open(ctx, path, sqliteOptions()...); err == nil {
		_ = st.Close()
	}
	aside = path + fileAsideEnd + time.Now().UTC().Format("20060102-150405")
	for _, end := range []string{"-wal", "-shm"} { // it could not be opened: then both go with it
		if err := os.Rename(path+end, aside+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if err := os.Link(path, aside); err == nil {
		return aside, nil // the new one takes its place in one step
	}
	return aside, os.Rename(path, aside)
}

// serving reports whether something answers at the configured address.
func serving(ctx context.Context, set *Settings) bool {
	return ask(ctx, set, "/healthz") == nil
}

type healthcheckCmd struct{}

// Run asks a running instance.
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
		said, _ := io.ReadAll(io.LimitReader(res.Body, 200))
		return fmt.Errorf("%s is not ready: %s", set.Listen, strings.TrimSpace(string(said)))
	}
	return nil
}
