package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/views"
)

// sqliteOptions hand the store the application's own migrations: the
// strategy's tables as views.
func sqliteOptions() []sqlitestore.Option {
	return []sqlitestore.Option{sqlitestore.WithMigrations("views", views.SQLite())}
}

// sqliteFile is a store, and its part in the use of the file.
type sqliteFile struct {
	*sqlitestore.Store
	lock  *fileLock
	alone bool // nobody else had it open when we came
}

func openSQLite(ctx context.Context, _ *Settings, path string) (store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	lock, alone, err := lockBeside(path)
	if err != nil {
		return nil, err
	}
	st, err := sqlitestore.Open(ctx, path, sqliteOptions()...)
	if err != nil {
		lock.release()
		return nil, err
	}
	return &sqliteFile{st, lock, alone}, nil
}

// Close closes the file, then says that it is no longer used.
func (s *sqliteFile) Close() error {
	err := s.Store.Close()
	s.lock.release()
	return err
}

// sqliteStatus tells how far the tables of a file are, without changing it.
func sqliteStatus(ctx context.Context, path string) ([]dialog.Migration, error) {
	list, err := sqlitestore.Status(ctx, path, sqliteOptions()...)
	if errors.Is(err, fs.ErrNotExist) {
		err = errNoFile
	}
	return list, err
}

// errNoFile is a database that is not there yet.
var errNoFile = errors.New("there is no such file")

// errForeign is a file that is not of this program.
var errForeign = errors.New("it is no database of this program")

// isOurs reports whether the file at path is a database of this program.
func isOurs(ctx context.Context, path string) error {
	list, err := sqliteStatus(ctx, path)
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Have > 0 {
			return nil
		}
	}
	return errForeign
}
