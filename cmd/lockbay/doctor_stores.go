package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
)

// triers try the work of serve in a database, by kind, and leave the database as it is.
var triers = map[string]func(ctx context.Context, where string) error{
	"sqlite":   trySQLite,
	"postgres": func(ctx context.Context, url string) error { return pgstore.Try(ctx, url, postgresOptions()...) },
}

func (s *Settings) checkDatabase(ctx context.Context) check {
	k := check{Name: "database", Note: s.databaseName()}
	kind, where, err := s.database()
	if err != nil {
		k.Note = err.Error()
		return k
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := migrationStatus[kind](ctx, where)
	if errors.Is(err, errNoFile) {
		return k.folder(where)
	}
	for _, m := range list {
		text, ok := noteOf(m)
		if text != "" {
			k.Note += "; " + text
		}
		if !ok {
			k.Mend = "use the newer program, or restore a backup"
			return k
		}
	}
	if err == nil {
		err = triers[kind](ctx, where)
	}
	if err != nil {
		why, mend := s.databaseWords(err)
		k.Note, k.Mend = s.databaseName()+": "+why, mend
		return k
	}
	k.OK = true
	return k
}

// databaseWords explains an error of the database: the reason and how to fix it.
func (s *Settings) databaseWords(err error) (why, mend string) {
	kind, where, _ := s.database()
	var unwritable errUnwritable
	switch {
	case errors.As(err, &unwritable):
		return unwritable.Error(), "give this user write permission on " + string(unwritable)
	case kind == "postgres":
		if why, mend = postgresTrouble(where, err); why != "" {
			return why, mend
		}
		return masked(flatLine(err)), "check that the server runs and the URL is right"
	case errors.Is(err, errForeign):
		return err.Error(), "want the path of a LockBay database, or of a new file"
	}
	return flatLine(err), "check that the file is readable and a LockBay database"
}

// errUnwritable is the path of a file or folder.
type errUnwritable string

func (e errUnwritable) Error() string { return string(e) + " is not writable" }

// trySQLite checks that file and folder are writable: SQLite writes files beside its database.
func trySQLite(_ context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // the operator names it
	if err != nil {
		return errUnwritable(path)
	}
	_ = f.Close()
	return tryFolder(filepath.Dir(path))
}

func tryFolder(dir string) error {
	f, err := os.CreateTemp(dir, ".lockbay-doctor-*")
	if err != nil {
		return errUnwritable(dir)
	}
	_ = f.Close()
	return os.Remove(f.Name())
}

// folder checks the folder of a SQLite file that does not exist yet.
func (k check) folder(path string) check {
	dir := filepath.Dir(path)
	for ; dir != "/" && dir != "."; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err := tryFolder(dir); err != nil {
		k.Note += ": its folder is not writable"
		k.Mend = "give this user write permission on " + dir + ", or choose another path with --database-url sqlite:PATH"
		return k
	}
	k.OK, k.Note = true, k.Note+" (does not exist yet; serve creates it)"
	return k
}

// checkNotices checks that notices of other instances arrive. Notices are an optimisation, so the check fails only for
// an explicit --database-direct-url.
func (s *Settings) checkNotices(ctx context.Context) check {
	k := check{Name: "notices", OK: true, Note: "changes by other instances arrive"}
	setting, url := "--database-direct-url", s.DatabaseDirectURL
	if url == "" {
		setting, url = "--database-url", s.DatabaseURL
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := pgstore.Heard(ctx, s.DatabaseURL, s.DatabaseDirectURL); err != nil {
		k.OK, k.Note = s.DatabaseDirectURL == "", masked(flatLine(noticesTrouble(setting, url, err)))
		if k.OK {
			k.Note, k.Mend = "changes by other instances do not arrive: this URL goes through a pooler", "with several instances, set --database-direct-url to the URL of the server itself"
		}
	}
	return k
}

// usualRedis is serve's timeout for an answer of Redis.
const usualRedis = 50 * time.Millisecond

const leftBehind = "unfinished drafts in Redis: %d, but --redis-url is not set: their people are told to try again later, and then to start over"

func (s *Settings) checkRedis(ctx context.Context) check {
	k := check{Name: "redis", OK: true, Note: "not used in mode " + s.Mode}
	if s.RedisURL == "" {
		if n := s.leftInRedis(ctx); n > 0 {
			k.OK, k.Note = false, fmt.Sprintf(leftBehind, n)
			k.Mend = "keep --redis-url, in any mode, until lockbay drafts list shows none in mode redis"
		}
		return k
	}
	took, err := s.tryRedis(ctx)
	switch {
	case err != nil:
		why, mend := redisTrouble(err)
		k.OK, k.Note, k.Mend = false, why, mend+"; until then "+s.Mode+" uses the database alone"
	case took > usualRedis:
		k.Note = fmt.Sprintf("reads and writes, in %v; mode %s", took.Round(time.Millisecond), s.Mode)
		k.Mend = fmt.Sprintf("an answer after more than %v counts as missing: bring Redis nearer", usualRedis)
	default:
		k.Note = "reads and writes; mode " + s.Mode
	}
	return k
}

// leftInRedis counts the drafts in Redis according to the database. An error counts as 0.
func (s *Settings) leftInRedis(ctx context.Context) int64 {
	if s.isReady(ctx) != nil {
		return 0
	}
	st, err := s.openStore(ctx)
	if err != nil {
		return 0
	}
	defer st.Close()
	n, _ := st.DraftsInRedis(ctx)
	return n
}

// tryRedis writes, reads and deletes a value as serve does, with a longer timeout. took is the time of the slowest call.
func (s *Settings) tryRedis(ctx context.Context) (took time.Duration, err error) {
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{Prefix: draftPrefix, Timeout: 3 * time.Second})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	if err := d.Ping(ctx); err != nil { // connects
		return 0, err
	}
	name, value := "{lockbay:doctor:"+rand.Text()+"}", []byte("try")
	for _, do := range []func() error{
		func() error { return d.Put(ctx, name, 0, value, time.Minute) }, // a draft
		func() error { return d.Put(ctx, name, 1, value, time.Minute) }, // a copy
		func() error { _, err := d.Get(ctx, name); return err },
		func() error { return d.Delete(ctx, name) },
	} {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took = max(took, time.Since(began))
	}
	return took, nil
}
