//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package sqlitestore

import "syscall"

// writable reports whether this process may write a file or folder. It leaves the file
// closed: opening and closing it would drop SQLite's locks.
func writable(path string) bool {
	const write = 2 // W_OK of access(2)
	return syscall.Access(path, write) == nil
}
