package soak

import (
	"strings"
	"testing"
)

// TestEdit: an edit fails on a changed source, instead of building today's program.
func TestEdit(t *testing.T) {
	for _, c := range []struct {
		edit             edit
		text, want, fail string
	}{
		{edit{"f.go", "one", "two"}, "const n = one", "const n = two", ""},
		{edit{"f.go", "one", "two"}, "const n = 1", "", `f.go has "one" 0 times`},
		{edit{"f.go", "one", "two"}, "one or one", "", `f.go has "one" 2 times`},
		{edit{"f.go", "", "new"}, "", "new", ""},
		{edit{"f.go", "", "new"}, "old", "", "exists already"},
	} {
		got, err := c.edit.apply(c.text)
		if got != c.want || (err != nil) != (c.fail != "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%q in %q: %q, %v", c.edit.was, c.text, got, err)
		}
	}
}

// TestEditions: the editions' edits fit today's source.
func TestEditions(t *testing.T) {
	for _, e := range []edition{nextVersion, readsNext, ownClock} {
		if _, err := e.overlay("../..", t.TempDir()); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}
