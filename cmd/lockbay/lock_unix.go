//go:build unix

package main

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// fileLock tells other processes that a database file is in use. The kernel releases it when the process dies. It is a
// file beside the database, since opening and closing the database itself would drop SQLite's locks.
type fileLock struct{ f *os.File }

// lockBeside takes a shared lock on the database at path. alone reports whether no other process has it open. Without
// write permission on the folder there is no lock, and l is nil.
func lockBeside(path string) (l *fileLock, alone bool, err error) {
	f, err := os.OpenFile(path+fileLockEnd, os.O_CREATE|os.O_RDWR, 0o600)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return nil, true, nil // see above
	case err != nil:
		return nil, false, err
	}
	fd := int(f.Fd())
	alone = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil
	for range 100 { // a starting process holds it exclusively for a moment
		if err = syscall.Flock(fd, syscall.LOCK_SH|syscall.LOCK_NB); err == nil {
			return &fileLock{f}, alone, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = f.Close()
	return nil, false, errors.New("it is being restored")
}

// lockAlone takes an exclusive lock on the database at path. It returns nil while another process uses the database.
func lockAlone(path string) (*fileLock, error) {
	f, err := os.OpenFile(path+fileLockEnd, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, nil //nolint:nilerr // a taken lock is the answer
	}
	return &fileLock{f}, nil
}

func (l *fileLock) release() {
	if l != nil {
		_ = l.f.Close()
	}
}
