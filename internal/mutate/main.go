// Command mutate finds holes in tests. It changes a package's code in one place, runs the
// package's tests, and tells if none of them fails:
//
//	go run ./internal/mutate -n 40 -seed 1 ./dialog ./dialog/form
//
// A change is a mutant: a condition that is always true or false, < for <=, && for ||, an
// operand or a statement left out, + for -, a bound doubled. Only code that the tests
// reach is changed; a change that does not compile is no mutant. Each package has a
// sample of n mutants, drawn by the seed. Each test first runs by itself, without a change,
// so that a mutant is tried by the tests that reach it: those first that have noticed other
// mutants of the file, and the quick ones. The tests run with -short. A run that takes
// much longer than the tests without a change hangs, and so the mutant is noticed.
//
// A mutant that no test notices survives. It is a missing test, or is listed with its
// reason in survivors.txt. The exit status is 1 where another survivor is found, where
// less than 90 % of all mutants are noticed, and where the list names a mutant that the
// code no longer has.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
)

// buildMost is how many mutants are built before they are tried.
const buildMost = 100

// leastShare is the share of mutants in percent that tests must notice.
const leastShare = 90

// options are the flags.
type options struct {
	dir       string // where the packages are named from
	packages  []string
	n         int // mutants of each package; 0: all
	seed      int64
	only      string // a part of the key
	survivors string
	workers   int // trials at a time
}

func main() {
	o := options{dir: "."}
	flag.IntVar(&o.n, "n", 40, "mutants of each package; 0: all")
	flag.Int64Var(&o.seed, "seed", 1, "draws the sample")
	flag.StringVar(&o.only, "only", "", "only mutants whose line has this text")
	flag.StringVar(&o.survivors, "survivors", "internal/mutate/survivors.txt", "list of accepted survivors")
	flag.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "mutants that are tried at a time")
	flag.Parse()
	o.packages = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := mutate(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		stop()
		os.Exit(1)
	}
}

// tally counts the results of mutants.
type tally struct{ noticed, hung, accepted, survived int }

func (t tally) all() int { return t.noticed + t.hung + t.accepted + t.survived }

// share is the share of noticed mutants in percent, rounded down.
func (t tally) share() int { return 100 * (t.noticed + t.hung) / max(1, t.all()) }

func (t tally) String() string {
	return fmt.Sprintf("%d of %d noticed (%d %%), %d of them by a hang; %d survive as listed, %d others",
		t.noticed+t.hung, t.all(), t.share(), t.hung, t.accepted, t.survived)
}

func mutate(ctx context.Context, o options, out io.Writer) error {
	reasons, err := readSurvivors(o.survivors)
	if err != nil {
		return err
	}
	var all tally
	var gone []string
	for _, pattern := range o.packages {
		got, missing, err := mutatePackage(ctx, o, pattern, reasons, out)
		if err != nil {
			return err
		}
		all.noticed, all.hung = all.noticed+got.noticed, all.hung+got.hung
		all.accepted, all.survived = all.accepted+got.accepted, all.survived+got.survived
		gone = append(gone, missing...)
	}
	fmt.Fprintf(out, "in all: %v\n", all)
	for _, key := range gone {
		fmt.Fprintf(out, "listed, but no such mutant: %s\n", key)
	}
	switch {
	case all.all() == 0:
		return errors.New("no mutants")
	case all.survived > 0 || len(gone) > 0:
		return fmt.Errorf("mend the tests, or the list %s", o.survivors)
	case all.share() < leastShare:
		return fmt.Errorf("less than %d %% are noticed", leastShare)
	}
	return nil
}

// mutatePackage tries the sample of one package. missing are the listed survivors of its
// files that do not exist.
func mutatePackage(ctx context.Context, o options, pattern string, reasons map[string]string, out io.Writer) (t tally, missing []string, err error) {
	work, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return t, nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	s, err := subjectOf(ctx, o.dir, pattern, work)
	if err != nil {
		return t, nil, err
	}
	profile, err := s.begin(ctx, o.workers)
	if err != nil {
		return t, nil, err
	}
	all, err := s.mutants(profile)
	if err != nil {
		return t, nil, err
	}
	chosen := sample(all, o)
	fmt.Fprintf(out, "%s: seed %d, %d of %d mutants that the tests reach\n", pattern, o.seed, min(len(chosen), orAll(o.n)), len(chosen))
	for len(chosen) > 0 && t.all() < orAll(o.n) { // mutants that do not compile are no results
		some := chosen[:min(len(chosen), buildMost, orAll(o.n)-t.all())]
		chosen = chosen[len(some):]
		if err := s.buildAll(ctx, o.workers, some); err != nil {
			return t, nil, err
		}
		for group := range slices.Chunk(some, o.workers) {
			results, err := s.tryAll(ctx, group)
			if err != nil {
				return t, nil, err
			}
			for i, m := range group {
				t.add(m, results[i], reasons[m.key()], out)
			}
		}
	}
	fmt.Fprintf(out, "%s: %v\n", pattern, t)
	return t, unknown(reasons, all), nil
}

// add counts the result of a mutant, and prints it if it survives.
func (t *tally) add(m *mutant, how end, reason string, out io.Writer) {
	switch {
	case how == noticed:
		t.noticed++
	case how == hung:
		t.hung++
	case how == passed && reason != "":
		t.accepted++
		fmt.Fprintf(out, "  survives as listed: %s:%d %s: %s (%s)\n", m.file, m.line, m.function, m.change, reason)
	case how == passed:
		t.survived++
		fmt.Fprintf(out, "  SURVIVES: %s:%d %s: %s\n", m.file, m.line, m.function, m.change)
	}
}

func orAll(n int) int {
	if n <= 0 {
		return int(^uint(0) >> 1)
	}
	return n
}

// sample orders the mutants that the tests reach by a hash of the seed and their key. So
// a change of the code changes the sample there only.
func sample(all []mutant, o options) (chosen []*mutant) {
	order := map[*mutant]string{}
	for i := range all {
		m := &all[i]
		if len(m.tests) > 0 && strings.Contains(m.key(), o.only) {
			sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", o.seed, m.key()))
			order[m] = string(sum[:])
			chosen = append(chosen, m)
		}
	}
	slices.SortFunc(chosen, func(a, b *mutant) int { return strings.Compare(order[a], order[b]) })
	return chosen
}

// unknown lists the survivors in the files of these mutants that are none of them.
func unknown(reasons map[string]string, all []mutant) (missing []string) {
	files, keys := map[string]bool{}, map[string]bool{}
	for i := range all {
		files[all[i].file], keys[all[i].key()] = true, true
	}
	for key := range reasons {
		if file, _, _ := strings.Cut(key, " "); files[file] && !keys[key] {
			missing = append(missing, key)
		}
	}
	slices.Sort(missing)
	return missing
}
