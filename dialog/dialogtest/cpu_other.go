//go:build !unix

package dialogtest

import "time"

// cpuTime is not known here.
func cpuTime() time.Duration { return 0 }
