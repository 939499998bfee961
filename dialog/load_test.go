package dialog

import "testing"

// The due mark of a version that may never have been written leaves that of the version
// before it alone. Of one version the last mark counts.
func TestKeepDue(t *testing.T) {
	var b batcher
	row := Key{"bot", "escrow", "tg:1"}
	b.keepDue([]DueMark{{row, 5, 60}})
	b.keepDue([]DueMark{{row, 6, 90}, {row, 5, 30}})
	if len(b.due) != 2 || b.due[0] != (DueMark{row, 5, 30}) || b.due[1] != (DueMark{row, 6, 90}) {
		t.Errorf("%v", b.due)
	}
}
