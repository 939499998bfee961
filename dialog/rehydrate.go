package dialog

import "time"

// Source says where a context came from.
type Source string

// The sources of a context.
const (
	FromPresent  Source = "present"  // this process had it
	FromRedis    Source = "redis"    // the draft store
	FromDatabase Source = "database" // the row
	FromHead     Source = "head"     // the head alone: lightweight
	FromNone     Source = "none"     // there is no conversation
)

// Cause says why a context had to be rebuilt.
type Cause string

// The causes of a rehydration.
const (
	CauseRestart  Cause = "restart"  // the process that had it is gone
	CauseEviction Cause = "eviction" // the cache had no room
	CauseInstance Cause = "instance" // another instance had it
	CauseDevice   Cause = "device"   // the person is at another place
	CauseTimeout  Cause = "timeout"  // the draft store did not answer in time
	CauseFailover Cause = "failover" // the draft store had nothing, the row had
)

// Rehydration is the result of rebuilding a context: the strategy's
// ensure_escrow_context, told.
type Rehydration struct {
	Source  Source
	Cause   Cause // empty when nothing was rebuilt
	State   string
	Version int64
	Age     time.Duration // since the person's last input
	Took    time.Duration
	Lost    bool // the head is there and its draft is not: lightweight
}

// Rebuilt reports whether a context was rebuilt at all.
func (r Rehydration) Rebuilt() bool { return r.Cause != "" }

// Marker is the strategy's log marker for this rehydration.
func (r Rehydration) Marker() string {
	if r.Source == FromHead {
		return "LIGHTWEIGHT_REHYDRATION"
	}
	return "DEEP_REHYDRATION"
}
