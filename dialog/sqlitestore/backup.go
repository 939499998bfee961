package sqlitestore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Backup writes all that was committed when it began to a new file at dest
// (mode 0600), while the store goes on serving. The file appears whole or not at
// all; an existing one is fs.ErrExist. It is opened like any other.
func (s *Store) Backup(ctx context.Context, dest string) error {
	if s.writer.isClosed() {
		return failed("backup", errClosed)
	}
	return failed("backup to "+dest, s.copyTo(ctx, dest))
}

func (s *Store) copyTo(ctx context.Context, dest string) (err error) {
	if err := exists(dest); err == nil {
		return &fs.PathError{Op: "create", Path: dest, Err: fs.ErrExist}
	}
	// SQLite fills an empty file that is there: it has the mode already.
	part, err := os.CreateTemp(filepath.Dir(dest), "."+filepath.Base(dest)+".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if err := part.Close(); err != nil {
		return err
	}
	c, err := open(s.path, &copying)
	if err != nil {
		return err
	}
	_, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, `vacuum into ?`, []driver.NamedValue{{Ordinal: 1, Value: part.Name()}})
	if err = errors.Join(err, c.close()); err != nil {
		return err
	}
	if err := syncFile(part.Name()); err != nil {
		return err
	}
	// A link, unlike a rename, never takes the place of a file.
	if err := os.Link(part.Name(), dest); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // no links here
		if err := os.Rename(part.Name(), dest); err != nil {
			return err
		}
	}
	return syncFile(filepath.Dir(dest))
}

// exists is nil, or fs.ErrNotExist.
func exists(path string) error {
	_, err := os.Lstat(path)
	return err
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Size is what the file and its write-ahead log take on the disk, in bytes.
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for _, name := range []string{s.path, s.path + "-wal"} {
		info, err := os.Stat(name)
		switch {
		case err == nil:
			bytes += info.Size()
		case !errors.Is(err, fs.ErrNotExist):
			return 0, failed("size", err)
		}
	}
	return bytes, nil
}

// EventsBefore counts what Prune would delete.
func (s *Store) EventsBefore(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`select count(*) from events where at < ?1`, []driver.Value{before.UnixMilli()}, func(v []driver.Value) error {
			n = v[0].(int64)
			return nil
		})
	})
	return n, failed("events before", err)
}

// ConversationBytes is what all conversations take, and how many there are:
// whole pages, indexes included, events not. It reads every page: not for
// each scrape.
func (s *Store) ConversationBytes(ctx context.Context) (bytes, conversations int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`select (select count(*) from conversations), (select cast(total(pgsize) as integer) from dbstat
			where aggregate = 1 and name in (select name from sqlite_schema where tbl_name = 'conversations'))`, nil,
			func(v []driver.Value) error {
				conversations, bytes = v[0].(int64), v[1].(int64)
				return nil
			})
	})
	return bytes, conversations, failed("conversation bytes", err)
}

// DraftsInRedis counts the unfinished drafts that lie in Redis. It reads every
// row: for diagnosis.
func (s *Store) DraftsInRedis(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`select count(*) from conversations where draft_at = 1 and conversation_state <> ''`, nil, func(v []driver.Value) error {
			n = v[0].(int64)
			return nil
		})
	})
	return n, failed("drafts in Redis", err)
}
