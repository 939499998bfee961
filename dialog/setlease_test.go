package dialog

import (
	"testing"
	"time"
)

// SetLease writes a lease as another clock would have given it, for dialogtest.TestStore.
func (m *Memory) SetLease(_ testing.TB, name, holder string, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases[name] = leaseRow{holder, until}
}
