//go:build unix

package dialogtest

import (
	"syscall"
	"time"
)

// CPUTime is the CPU time of this process, user and system.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
