package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// subject is a package under test.
type subject struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Module     struct{ Dir string }

	work  string        // folder for binaries and changed files
	plain string        // test binary without a change
	limit time.Duration // after which the tests are taken to hang
}

// A run is taken to hang after timesMost times the time of the tests without a change,
// and graceFor.
const (
	timesMost = 5
	graceFor  = 2 * time.Second
)

// subjectOf asks the go tool for a package.
func subjectOf(ctx context.Context, dir, pattern, work string) (*subject, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,GoFiles,Module", pattern)
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

// begin builds and runs the tests without a change, for the limit and for the coverage.
func (s *subject) begin(ctx context.Context) (map[string]hits, error) {
	covered := filepath.Join(s.work, "covered.test")
	s.plain = filepath.Join(s.work, "plain.test")
	if err := s.build(ctx, s.plain, os.Stderr); err != nil {
		return nil, err
	}
	if err := s.build(ctx, covered, os.Stderr, "-cover", "-covermode=atomic"); err != nil {
		return nil, err
	}
	took, end := s.run(ctx, s.plain, 0)
	if end != passed {
		return nil, fmt.Errorf("%s: the tests fail without a change", s.ImportPath)
	}
	s.limit = timesMost*took + graceFor
	profile := filepath.Join(s.work, "profile")
	if _, end := s.run(ctx, covered, 0, "-test.coverprofile="+profile); end != passed {
		return nil, fmt.Errorf("%s: the tests fail when their coverage is measured", s.ImportPath)
	}
	f, err := os.Open(profile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readProfile(f)
}

// mutants lists all mutants of the package.
func (s *subject) mutants(profile map[string]hits) (all []mutant, err error) {
	var files []*source
	used := map[string]bool{}
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
		ast.Inspect(f.tree, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !used[id.Name] && f.reached(id.Pos()) {
				used[id.Name] = true
			}
			return true
		})
		files = append(files, f)
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

// try runs the tests with one change. The tree is not touched: the compiler reads the
// changed file in place of the other.
func (s *subject) try(ctx context.Context, m *mutant) (end, error) {
	path := filepath.Join(s.Module.Dir, filepath.FromSlash(m.file))
	text, err := os.ReadFile(path)
	if err != nil {
		return invalid, err
	}
	changed, overlay, binary := filepath.Join(s.work, "changed.go"), filepath.Join(s.work, "overlay.json"), filepath.Join(s.work, "changed.test")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		return invalid, err
	}
	if err := errors.Join(os.WriteFile(changed, m.apply(text), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return invalid, err
	}
	if s.build(ctx, binary, nil, "-overlay="+overlay) != nil {
		return invalid, ctx.Err()
	}
	for {
		_, how := s.run(ctx, binary, s.limit)
		if how != hung || ctx.Err() != nil {
			return how, ctx.Err()
		}
		took, plain := s.run(ctx, s.plain, 0) // has the machine become slow?
		if plain != passed {
			return invalid, fmt.Errorf("%s: the tests fail without a change", s.ImportPath)
		}
		if 2*took < s.limit {
			return hung, nil
		}
		s.limit = timesMost * took
	}
}

// build builds the test binary.
func (s *subject) build(ctx context.Context, binary string, stderr *os.File, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"test", "-c", "-o", binary}, args...), s.ImportPath)...)
	cmd.Dir = s.Dir
	if stderr != nil {
		cmd.Stdout, cmd.Stderr = stderr, stderr
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the tests of %s: %w", s.ImportPath, err)
	}
	return nil
}

// run runs a test binary in the folder of its package. Without a limit its output goes to
// standard error if it fails.
func (s *subject) run(ctx context.Context, binary string, limit time.Duration, args ...string) (time.Duration, end) {
	args = append([]string{"-test.short", "-test.failfast", "-test.timeout=" + limit.String()}, args...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.WaitDelay = s.Dir, time.Second // servers that a killed test leaves may hold the output
	var out tail
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	switch {
	case err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success():
		return took, passed
	case strings.Contains(string(out), "panic: test timed out after"):
		return took, hung
	}
	if limit == 0 {
		_, _ = os.Stderr.Write(out)
	}
	return took, noticed
}

// tail keeps the output of a run, at most its first megabyte.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	if len(*t) < 1<<20 {
		*t = append(*t, p...)
	}
	return len(p), nil
}
