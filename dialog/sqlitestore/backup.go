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

// Backup copies every commit made before the call to a new file at dest (mode
// 0600), with a checksum (see [Check]). The store serves meanwhile. The file
// appears whole or not at all; an existing file is fs.ErrExist. Open opens a
// backup like any other file.
func (s *Store) Backup(ctx context.Context, dest string) error {
	if s.writer.isClosed() {
		return failed("backup", errClosed)
	}
	return Copy(ctx, s.path, dest)
}

// Copy is [Store.Backup] of the file at path, without opening it as a store: its tables are
// copied as they are, at the version that they have.
func Copy(ctx context.Context, path, dest string) error {
	return failed("backup to "+dest, copyTo(ctx, path, dest))
}

func copyTo(ctx context.Context, path, dest string) (err error) {
	if err := exists(dest); err == nil {
		return &fs.PathError{Op: "create", Path: dest, Err: fs.ErrExist}
	}
	// SQLite fills an existing empty file, which keeps its mode.
	part, err := os.CreateTemp(filepath.Dir(dest), "."+filepath.Base(dest)+".*.part")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if err := part.Close(); err != nil {
		return err
	}
	c, err := open(path, &copying)
	if err != nil {
		return err
	}
	_, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, `vacuum into ?`, []driver.NamedValue{{Ordinal: 1, Value: part.Name()}})
	if err = errors.Join(err, c.close()); err != nil {
		return err
	}
	made, err := filepath.Abs(part.Name())
	if err != nil {
		return err
	}
	if c, err = open(made, &copying); err != nil {
		return err
	}
	// Vacuum copies the indexes as they are, also damaged ones.
	if _, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, `reindex`, nil); err == nil {
		err = c.putChecksum(ctx)
	}
	if err = errors.Join(err, c.close()); err != nil {
		return err
	}
	if err := syncFile(part.Name()); err != nil {
		return err
	}
	// A link, unlike a rename, never replaces a file.
	if err := os.Link(part.Name(), dest); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // a file system without links
		if err := os.Rename(part.Name(), dest); err != nil {
			return err
		}
	}
	return syncFile(filepath.Dir(dest))
}

// exists returns nil, or fs.ErrNotExist.
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

// Size returns the size of the file and its write-ahead log, in bytes.
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

// EventsBefore counts the events that Prune would delete.
func (s *Store) EventsBefore(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`select count(*) from events where at < ?1`, []driver.Value{before.UnixMilli()}, func(v []driver.Value) error {
			n = v[0].(int64)
			return nil
		})
	})
	return n, failed("events before", err)
}

// ConversationBytes returns the size and the number of all conversations: whole
// pages with their indexes, without events. It reads every page, which is too
// slow for a scrape of metrics.
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

// DraftsInRedis counts the unfinished drafts in Redis. It reads every row; use
// it for diagnosis.
func (s *Store) DraftsInRedis(ctx context.Context) (n int64, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.query(`select count(*) from conversations where draft_at = 1 and conversation_state <> ''`, nil, func(v []driver.Value) error {
			n = v[0].(int64)
			return nil
		})
	})
	return n, failed("drafts in Redis", err)
}
