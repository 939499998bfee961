package bench

import (
	"testing"

	"github.com/lockbay/lockbay/internal/instance"
)

// After a failed restart there is no process, and the report still works.
func TestNoProcess(t *testing.T) {
	s := &server{Instance: &instance.Instance{}, peak: 7}
	if s.measure(); s.cpu() != 0 || s.rssMB() != 7 {
		t.Errorf("%v of CPU, %v MB", s.cpu(), s.rssMB())
	}
}
