package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/insight/insightdb"
	"github.com/lockbay/lockbay/views"
)

// sqliteOptions add the application's migrations to the store: the strategy's tables as views, and those of deals.
func sqliteOptions() []sqlitestore.Option {
	return []sqlitestore.Option{sqlitestore.WithMigrations("views", views.SQLite()), sqlitestore.WithMigrations("deals", deal.SQLite()), sqlitestore.WithMigrations("insight", insightdb.SQLite())}
}

// sqliteFile is a store with a lock on its file.
type sqliteFile struct {
	*sqlitestore.Store
	lock  *fileLock
	alone bool // no other process had the file open at the start
}

func openSQLite(ctx context.Context, path string, trouble func(what string, err error)) (store, error) {
	if _, err := sqliteStatus(ctx, path); errors.Is(err, errForeign) {
		return nil, err // before anything is written
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	lock, alone, err := lockBeside(path)
	if err != nil {
		return nil, err
	}
	options := sqliteOptions()
	if trouble != nil {
		options = append(options, sqlitestore.WithTrouble(trouble))
	}
	st, err := sqlitestore.Open(ctx, path, options...)
	if err != nil {
		lock.release()
		return nil, err
	}
	return &sqliteFile{st, lock, alone}, nil
}

// readSQLite opens a file for reading alone.
func readSQLite(path string) (store, error) {
	lock, alone, err := lockBeside(path) // a restore waits for readers, too
	if err != nil {
		return nil, err
	}
	st, err := sqlitestore.OpenReading(path, sqliteOptions()...)
	if err != nil {
		lock.release()
		return nil, err
	}
	return &sqliteFile{st, lock, alone}, nil
}

// Close closes the file, then releases the lock.
func (s *sqliteFile) Close() error {
	err := s.Store.Close()
	s.lock.release()
	return err
}

// sqliteStatus reads the versions of the tables of a file. It leaves the file as it is.
func sqliteStatus(ctx context.Context, path string) ([]dialog.Migration, error) {
	list, err := sqlitestore.Status(ctx, path, sqliteOptions()...)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = errNoFile
	case errors.Is(err, sqlitestore.ErrForeign):
		err = errForeign
	}
	return list, err
}

// errNoFile is the error about a database file that does not exist.
var errNoFile = errors.New("the file does not exist")

// errForeign is the error about another program's file.
var errForeign = errors.New("it is not a LockBay database")

// isOurs fails unless the file at path is a LockBay database.
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
