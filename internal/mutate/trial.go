package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// subject is a package under test.
type subject struct {
	ImportPath string
	Dir        string
	Name       string
	GoFiles    []string
	Module     struct{ Dir string }

	work   string // folder for binaries and changed files
	binary string // the tests without a change, with their coverage
	tests  []*test
}

// A run is looked at after the time that its tests took one by one, and graceFor. It hangs if
// the tests without a change now need less than half of that; else it has timesMost times
// what they need.
const (
	timesMost = 5
	graceFor  = 2 * time.Second
)

// subjectOf asks the go tool for a package.
func subjectOf(ctx context.Context, dir, pattern, work string) (*subject, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,Name,GoFiles,Module", pattern)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	s := &subject{work: work}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("go list %s: %w", pattern, err)
	}
	return s, nil
}

// begin builds the tests without a change, and runs each by itself for its time and its
// coverage.
func (s *subject) begin(ctx context.Context, workers int) (coverage, error) {
	s.binary = filepath.Join(s.work, "covered.test")
	if err := s.build(ctx, s.binary, os.Stderr, "-cover", "-covermode=atomic"); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, s.binary, "-test.list=^(Test|Example|Fuzz)")
	cmd.Dir, cmd.Stderr = s.Dir, os.Stderr
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+s.work)
	list, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the tests of %s: %w", s.ImportPath, err)
	}
	for name := range strings.FieldsSeq(string(list)) {
		s.tests = append(s.tests, &test{name: name, noticed: map[string]int{}})
	}
	profile := func(i int) string { return filepath.Join(s.work, fmt.Sprint("profile", i)) }
	ends := make([]end, len(s.tests))
	each(workers, len(s.tests), func(i int) {
		s.tests[i].took, ends[i], _ = s.run(ctx, s.plain(), run{s.tests[i]}, 0, "-test.coverprofile="+profile(i))
	})
	all := coverage{}
	for i, t := range s.tests {
		if ends[i] != passed {
			return nil, fmt.Errorf("%s: %s fails without a change", s.ImportPath, t.name)
		}
		f, err := os.Open(profile(i))
		if err != nil {
			return nil, err
		}
		err = all.read(f, t)
		_ = f.Close()
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// each calls do for the numbers below n, some at a time.
func each(workers, n int, do func(i int)) {
	var all sync.WaitGroup
	var next atomic.Int64
	for range min(workers, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// mutants lists all mutants of the package.
func (s *subject) mutants(profile coverage) (all []mutant, err error) {
	var files []*source
	used := map[string][]*test{}
	for _, name := range s.GoFiles {
		f := &source{set: token.NewFileSet(), hits: profile[s.ImportPath+"/"+name], used: used}
		path := filepath.Join(s.Dir, name)
		if f.text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
		if f.tree, err = parser.ParseFile(f.set, path, f.text, 0); err != nil {
			return nil, err
		}
		rel, err := filepath.Rel(s.Module.Dir, path)
		if err != nil {
			return nil, err
		}
		f.file = filepath.ToSlash(rel)
		files = append(files, f)
	}
	for _, f := range files {
		f.constants()
	}
	for _, f := range files {
		f.uses()
	}
	for _, f := range files {
		all = append(all, f.mutants()...)
	}
	return all, nil
}

// end is how a run of tests ended.
type end uint8

const (
	passed  end = iota
	noticed     // a test failed
	hung
	invalid // the change does not compile
)

// tryAll tries some mutants at the same time.
func (s *subject) tryAll(ctx context.Context, some []*mutant) ([]end, error) {
	ends, by, errs := make([]end, len(some)), make([]*test, len(some)), make([]error, len(some))
	runs := make([][]run, len(some))
	for i, m := range some {
		runs[i] = plan(m)
	}
	each(len(some), len(some), func(i int) {
		ends[i], by[i], errs[i] = s.try(ctx, some[i], runs[i])
	})
	for i, m := range some {
		if by[i] != nil {
			by[i].noticed[m.file]++
		}
	}
	return ends, errors.Join(errs...)
}

// try runs the tests that reach a change, as planned. by is the test that noticed it, if the
// output of the run names one.
func (s *subject) try(ctx context.Context, m *mutant, runs []run) (how end, by *test, err error) {
	if m.binary == "" {
		return invalid, nil, nil
	}
	for _, r := range runs {
		if how, by, err = s.tryRun(ctx, m, r); how != passed || err != nil {
			return how, by, err
		}
	}
	return passed, nil, nil
}

func (s *subject) tryRun(ctx context.Context, m *mutant, r run) (end, *test, error) {
	for limit := r.took() + graceFor; ; {
		_, how, output := s.run(ctx, m, r, limit)
		if how != hung || ctx.Err() != nil {
			return how, r.failed(output), ctx.Err()
		}
		took, plain, _ := s.run(ctx, s.plain(), r, 0) // has the machine become slow?
		if plain != passed {
			return invalid, nil, fmt.Errorf("%s: the tests fail without a change", s.ImportPath)
		}
		if 2*took < limit {
			return hung, nil, nil
		}
		limit = timesMost * took
	}
}

// plain is the tests without a change.
func (s *subject) plain() *mutant { return &mutant{binary: s.binary} }

// run runs tests of a mutant in the folder of their package. Without a limit their output
// goes to standard error if they fail. Property tests draw the same values each time, and
// leave no files.
func (s *subject) run(ctx context.Context, m *mutant, r run, limit time.Duration, args ...string) (time.Duration, end, []byte) {
	args = append([]string{"-test.short", "-test.failfast", "-test.timeout=" + limit.String(), "-test.run=" + r.pattern()}, args...)
	cmd := exec.CommandContext(ctx, m.binary, args...)
	cmd.Dir, cmd.WaitDelay = s.Dir, time.Second // servers that a killed test leaves may hold the output
	cmd.Env = append(os.Environ(), "RAPID_SEED=1", "RAPID_NOFAILFILE=true", "RAPID_SHRINKTIME=0s", fmt.Sprintf("%s=%d", switchName, m.number))
	var out beginning
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success():
		return took, passed, nil
	case strings.Contains(string(out), "panic: test timed out after"):
		return took, hung, nil
	}
	if limit == 0 {
		_, _ = os.Stderr.Write(out)
	}
	return took, noticed, out
}

// beginning keeps the output of a run, at most its first megabyte.
type beginning []byte

func (b *beginning) Write(p []byte) (int, error) {
	if len(*b) < 1<<20 {
		*b = append(*b, p...)
	}
	return len(p), nil
}
