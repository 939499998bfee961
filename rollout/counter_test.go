package rollout

import "testing"

// TestVariant: the name of an arm is read as it was written, and nothing else is taken for one.
func TestVariant(t *testing.T) {
	if got := VariantOf("database", 2, Earlier); got != "database/2/earlier" {
		t.Errorf("%q", got)
	}
	for _, arm := range []Arm{New, Old, Earlier} {
		if name, stage, got, ok := ParseVariant(VariantOf("tenth-1", 12, arm)); !ok || name != "tenth-1" || stage != 12 || got != arm {
			t.Errorf("%s: %s %d %s %v", arm, name, stage, got, ok)
		}
	}
	for _, bad := range []string{"", "new", "a/1", "/1/new", "a/0/new", "a/-1/new", "a/01/new", "a/x/new", "a/1/other", "a/1/new/", "a//new"} {
		if _, _, _, ok := ParseVariant(bad); ok {
			t.Errorf("%q is a variant", bad)
		}
	}
}
