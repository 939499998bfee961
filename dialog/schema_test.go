package dialog_test

import (
	"errors"
	"testing"
	"testing/fstest"

	"github.com/lockbay/lockbay/dialog"
)

// TestSchema: who may use which tables, and what is stored about them.
func TestSchema(t *testing.T) {
	steps := fstest.MapFS{"README.md": {}}
	program := func(knows int) dialog.Schema {
		files := fstest.MapFS{}
		for i, name := range []string{"1_first.sql", "2_more.sql", "3_less.contract.sql", "4_more.sql", "5_less.contract.sql", "6_contract.sql",
			"7_more.sql", "8_less.contract-7.sql", "9_less.contract-2.sql"}[:knows] {
			files[name] = &fstest.MapFile{Data: []byte{byte('1' + i)}}
		}
		return dialog.NewSchema("deals", files)
	}
	if s := dialog.NewSchema("deals", steps); s.Version() != 0 {
		t.Errorf("version %d without migrations", s.Version())
	}
	if name, sql, err := program(4).Step(3); name != "3_less.contract.sql" || sql != "3" || err != nil {
		t.Errorf("step 3: %q, %q, %v", name, sql, err)
	}
	// What the program that knows so many leaves behind, from version have.
	for _, c := range []struct{ knows, have, stored, want int }{
		{1, 0, 0, 1}, {2, 0, 0, 1}, {3, 0, 0, 3}, {4, 0, 0, 3}, {6, 0, 0, 5},
		{2, 1, 1, 1}, {4, 3, 3, 3}, {5, 4, 3, 5}, {6, 5, 5, 5},
		{2, 1, 0, 1}, {4, 2, 0, 3}, // stored nothing, as programs did that knew no contracts
		{4, 3, 0, 3}, {2, 2, 0, 2},
		{8, 6, 5, 7}, {9, 8, 7, 7}, {9, 0, 0, 7}, // beside the release before
	} {
		s := program(c.knows)
		if got := s.Needs(s.State(c.have, c.stored)); got != c.want {
			t.Errorf("needs after %d over %d (stored %d): %d, want %d", c.knows, c.have, c.stored, got, c.want)
		}
	}
	for _, c := range []struct {
		knows, have, stored int
		missing, newer      bool
	}{
		{1, 0, 0, true, false}, {1, 1, 0, false, false}, {1, 1, 1, false, false},
		{1, 2, 1, false, false}, {1, 4, 3, false, true}, {2, 4, 3, false, true}, {3, 4, 3, false, false},
		{4, 6, 5, false, true}, {5, 6, 5, false, false}, {5, 4, 3, true, false},
		{7, 8, 7, false, false}, {6, 8, 7, false, true},
		{1, 2, 0, false, true}, {4, 6, 0, false, true}, {6, 6, 0, false, false}, // strict
	} {
		m := program(c.knows).State(c.have, c.stored)
		missing, err := dialog.NeedsMigration([]dialog.Migration{m})
		if missing != c.missing || errors.Is(err, dialog.ErrSchemaNewer) != c.newer || (err != nil) != c.newer {
			t.Errorf("%+v: missing %v, %v", m, missing, err)
		}
	}
}
