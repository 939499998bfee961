package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// fixture runs the tool on the package of testdata/fixture, with a list of survivors.
func fixture(t *testing.T, list string, o options) (string, error) {
	t.Helper()
	o.dir, o.packages, o.workers = "testdata/fixture", []string{"."}, 2
	o.survivors = filepath.Join(t.TempDir(), "survivors.txt")
	if err := os.WriteFile(o.survivors, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err := mutate(t.Context(), o, &out)
	return out.String(), err
}

// TestFixture: of each kind of result there is one.
func TestFixture(t *testing.T) {
	for name, c := range map[string]struct {
		only, list string
		lines      []string // that are printed, without the first and the last
		fails      string
	}{
		"noticed": {only: "Clip: n > most → false", lines: []string{"1 of 1 noticed (100 %), 0 of them by a hang; 0 survive as listed, 0 others"}},
		"a bound": {only: "most: const most = 3: 3 → 6", lines: []string{"1 of 1 noticed (100 %), 0 of them by a hang; 0 survive as listed, 0 others"}},
		"hangs":   {only: "Sum: i++ → --", lines: []string{"1 of 1 noticed (100 %), 1 of them by a hang; 0 survive as listed, 0 others"}},
		"survives": {only: "Clip: n > most → >=", fails: "mend the tests", lines: []string{
			"SURVIVES: fixture.go:8 Clip: n > most → >=",
			"0 of 1 noticed (0 %), 0 of them by a hang; 0 survive as listed, 1 others"}},
		"is listed": {only: "Log: without calls = calls + 1", list: "fixture.go Log: without calls = calls + 1\n\tnobody\n\tlooks\n", fails: "less than 90 %", lines: []string{
			"survives as listed: fixture.go:30 Log: without calls = calls + 1 (nobody looks)",
			"0 of 1 noticed (0 %), 0 of them by a hang; 1 survive as listed, 0 others"}},
		"all, most of them in one binary": {fails: "mend the tests", lines: []string{
			"12 of 12 mutants that the tests reach", // one does not compile
			"SURVIVES: fixture.go:8 Clip: n > most → >=",
			"SURVIVES: fixture.go:21 Sum: for i := 0; i < n; {: 0 → 1",
			"SURVIVES: fixture.go:30 Log: without calls = calls + 1",
			"SURVIVES: fixture.go:30 Log: calls + 1 → -",
			"SURVIVES: fixture.go:30 Log: calls = calls + 1: 1 → 2",
			"6 of 11 noticed (54 %), 1 of them by a hang; 0 survive as listed, 5 others"}},
		"does not compile": {only: `Greet: "Hello "`, fails: "no mutants"},
		"is not reached":   {only: "Never", fails: "no mutants"},
		"is listed and gone": {only: "Clip: n > most → false", list: "fixture.go Clip: n > most → <\n  once\n", fails: "mend the tests", lines: []string{
			"1 of 1 noticed (100 %), 0 of them by a hang; 0 survive as listed, 0 others",
			"listed, but no such mutant: fixture.go Clip: n > most → <"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := fixture(t, c.list, options{only: c.only})
			for _, want := range c.lines {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing", want)
				}
			}
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Errorf("error %v, want %q", err, c.fails)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestGroup: mutants share a binary unless their texts overlap or a constant may hold them.
func TestGroup(t *testing.T) {
	at := func(file string, from, to int, of kind) *mutant {
		return &mutant{file: file, from: from, to: to, kind: of}
	}
	outer, inner, after := at("a.go", 10, 20, statement), at("a.go", 12, 15, truth), at("a.go", 20, 25, truth)
	elsewhere, number := at("b.go", 12, 15, truth), at("b.go", 30, 31, other)
	want := [][]*mutant{{outer, after, elsewhere}, {number}, {inner}}
	if got := group([]*mutant{outer, number, inner, after, elsewhere}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// TestSample: a seed draws the same mutants each time, and another seed others.
func TestSample(t *testing.T) {
	all := make([]mutant, 100)
	for i := range all {
		all[i] = mutant{file: "a.go", function: "f", change: strings.Repeat("x", i+1)}
		if i%2 == 0 {
			all[i].tests = []*test{{}}
		}
	}
	draw := func(seed int64) (keys string) {
		for _, m := range sample(all, options{seed: seed}) {
			keys += m.key() + "\n"
		}
		return keys
	}
	first := draw(1)
	if first != draw(1) || first == draw(2) || strings.Count(first, "\n") != 50 {
		t.Errorf("seed 1:\n%s\nseed 2:\n%s", first, draw(2))
	}
}

// TestSurvivorsAreListedWithReasons: the list of this repository can be read.
func TestSurvivorsAreListedWithReasons(t *testing.T) {
	if _, err := readSurvivors("survivors.txt"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"a.go f: x\n", "a.go f: x\n  why\na.go f: x\n  why\n", "  why\n"} {
		path := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readSurvivors(path); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// TestPlan: a mutant is tried first by the tests that have noticed others of its file, then
// by the quick ones, and at last by all others that reach it.
func TestPlan(t *testing.T) {
	took := func(name string, d time.Duration) *test { return &test{name: name, took: d, noticed: map[string]int{}} }
	slow, quick, middle, known := took("Slow", 60*time.Second), took("Quick", time.Second), took("Middle", 4*time.Second), took("Known", 2*time.Second)
	known.noticed["a.go"] = 1
	slow.noticed["b.go"] = 1
	names := func(m *mutant) (list []string) {
		for _, r := range plan(m) {
			list = append(list, r.pattern())
		}
		return list
	}
	all := []*test{slow, middle, quick, known}
	for _, c := range []struct {
		mutant mutant
		want   []string
	}{
		{mutant{file: "a.go", tests: all}, []string{"^(Known|Quick)$", "^(Middle|Slow)$"}},
		{mutant{file: "b.go", tests: all}, []string{"^(Slow)$", "^(Quick|Known|Middle)$"}},
		{mutant{file: "c.go", tests: all[1:2]}, []string{"^(Middle)$"}},
	} {
		if got := names(&c.mutant); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.mutant.file, got, c.want)
		}
	}
	failed := run(all).failed([]byte("=== RUN   Quick\n--- FAIL: Middle (0.00s)\n    --- FAIL: Slow/of (0.00s)\n"))
	if failed != middle || run(all).failed([]byte("panic: x")) != nil {
		t.Errorf("%v is taken to have failed", failed)
	}
}
