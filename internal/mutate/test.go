package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// test is a test, an example, or the seeds of a fuzz target.
type test struct {
	name    string
	took    time.Duration  // alone, with the start of its process
	noticed map[string]int // a file → how many of its mutants the test has noticed
}

// run is a set of tests that one process runs.
type run []*test

// pattern is the run as -test.run.
func (r run) pattern() string {
	var names []string
	for _, t := range r {
		names = append(names, t.name)
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

func (r run) took() (sum time.Duration) {
	for _, t := range r {
		sum += t.took
	}
	return sum
}

// plan divides the tests that reach a mutant into runs. The first has those that have noticed
// other mutants of the file, and the quickest, up to a tenth of the time; most mutants are
// noticed by it. The second has the other tests.
func plan(m *mutant) (runs []run) {
	order := run(slices.Clone(m.tests))
	slices.SortStableFunc(order, func(a, b *test) int {
		return cmp.Or(cmp.Compare(b.noticed[m.file], a.noticed[m.file]), cmp.Compare(a.took, b.took))
	})
	first := 1
	for first < len(order) && 10*order[:first+1].took() <= order.took() {
		first++
	}
	if first >= len(order) {
		return []run{order}
	}
	return []run{order[:first], order[first:]}
}

var failedLine = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// failed is the test of a run that failed first; nil if the output names none.
func (r run) failed(output []byte) *test {
	m := failedLine.FindSubmatch(output)
	if m == nil {
		return nil
	}
	if i := slices.IndexFunc(r, func(t *test) bool { return t.name == string(m[1]) }); i >= 0 {
		return r[i]
	}
	return nil
}
