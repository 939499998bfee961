package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
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
	if _, err := os.Stat(where); err != nil {
		return fmt.Errorf("%w: %s: %w", errNoDatabase, set.databaseName(), err)
	}
	st, err := sqlitestore.Open(p.ctx, where, sqliteOptions()...)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
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
	File  string `arg:"" type:"existingfile" help:"file that backup wrote"`
	Force bool   `name:"force" help:"replace a database that is there; it is kept beside, ending in .before-restore"`
}

// Run checks the backup, puts the old database aside and the backup in its place.
func (c *restoreCmd) Run(p *program, set *Settings) error {
	kind, where, err := set.database()
	if err != nil {
		return usageError{err}
	}
	if kind != "sqlite" {
		return errors.New("a PostgreSQL database is restored with pg_restore, see docs/operations.md")
	}
	_, err = os.Stat(where)
	there := err == nil
	if there && !c.Force {
		return fmt.Errorf("%s is there already; --force replaces it and keeps it beside", where)
	}
	if there && serving(p.ctx, set) {
		return fmt.Errorf("an instance serves at %s: stop it first", set.Listen)
	}
	if err := os.MkdirAll(filepath.Dir(where), 0o700); err != nil {
		return err
	}
	fresh := where + ".restoring"
	_ = os.Remove(fresh)
	from, err := sqlitestore.Open(p.ctx, c.File, sqliteOptions()...)
	if err != nil {
		return fmt.Errorf("%s is no backup of this program: %w", c.File, err)
	}
	err = from.Backup(p.ctx, fresh) // reads every page: what cannot be read is found now
	_ = from.Close()
	if err != nil {
		return fmt.Errorf("%s cannot be restored: %w", c.File, err)
	}
	if there {
		aside := fmt.Sprintf("%s.before-restore-%s", where, time.Now().UTC().Format("20060102-150405"))
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Rename(where+end, aside+end); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		fmt.Fprintln(p.err, "The old database is kept as", aside)
	}
	if err := os.Rename(fresh, where); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "Restored", where)
	return nil
}

// serving reports whether something answers at the configured address.
func serving(ctx context.Context, set *Settings) bool {
	return ask(ctx, set, "/healthz") == nil
}

type healthcheckCmd struct{}

// Run asks a running instance.
func (c *healthcheckCmd) Run(p *program, set *Settings) error { return ask(p.ctx, set, "/readyz") }

func ask(ctx context.Context, set *Settings, path string) error {
	host, port, err := net.SplitHostPort(set.Listen)
	if err != nil {
		return usageError{err}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("nothing answers at %s", set.Listen)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", set.Listen, res.StatusCode)
	}
	return nil
}
