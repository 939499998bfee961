//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// fileLock says to other processes that a database file is in use. The kernel
// gives it back when the process dies, however it dies. It stands beside the
// database: opening and closing that one by other means would drop SQLite's locks.
type fileLock struct{ f *os.File }

// lockBeside takes part in the use of the database at path; alone: nobody else
// has it open. A folder that cannot be written has no lock, which is no reason to stop.
func lockBeside(path string) (l *fileLock, alone bool, err error) {
	f, err := os.OpenFile(path+fileLockEnd, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, true, nil //nolint:nilerr // see above
	}
	fd := int(f.Fd())
	alone = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) == nil
	for range 100 { // others hold it alone for a moment, when they begin
		if err = syscall.Flock(fd, syscall.LOCK_SH|syscall.LOCK_NB); err == nil {
			return &fileLock{f}, alone, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = f.Close()
	return nil, false, errors.New("it is being restored")
}

// lockAlone takes the database at path for this process alone, nil while
// another one uses it.
func lockAlone(path string) (*fileLock, error) {
	f, err := os.OpenFile(path+fileLockEnd, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, nil //nolint:nilerr // that it is taken is the answer
	}
	return &fileLock{f}, nil
}

func (l *fileLock) release() {
	if l != nil {
		_ = l.f.Close()
	}
}
