package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// switchName names the variable of the environment that has the number of the mutant.
const switchName = "MUTANT"

// switchFile is a file of the package under test that reads the number.
const switchFile = `package %s

import "os"

var mutant_ = os.Getenv(%q)
`

// build builds the test binary.
func (s *subject) build(ctx context.Context, binary string, stderr *os.File, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"test", "-c", "-ldflags=-s -w", "-o", binary}, args...), s.ImportPath)...)
	cmd.Dir = s.Dir
	if stderr != nil {
		cmd.Stdout, cmd.Stderr = stderr, stderr
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build the tests of %s: %w", s.ImportPath, err)
	}
	return nil
}

// buildAll builds the tests with some mutants. A build takes longer than most trials, so one
// binary has as many mutants as possible.
func (s *subject) buildAll(ctx context.Context, workers int, some []*mutant) error {
	for i, m := range some {
		m.number = i + 1
	}
	groups := group(some)
	errs := make([]error, len(groups))
	each(workers, len(groups), func(i int) { errs[i] = s.buildGroup(ctx, groups[i]) })
	return errors.Join(errs...)
}

// group divides mutants into those that one binary can have: their texts are apart, and
// none is a part of a constant.
func group(some []*mutant) (groups [][]*mutant) {
	for _, m := range some {
		i := slices.IndexFunc(groups, func(g []*mutant) bool {
			return m.kind != other && !slices.ContainsFunc(g, func(o *mutant) bool {
				return o.kind == other || o.file == m.file && o.from < m.to && m.from < o.to
			})
		})
		if i < 0 {
			groups, i = append(groups, nil), len(groups)
		}
		groups[i] = append(groups[i], m)
	}
	return groups
}

// buildGroup builds a binary with these mutants. If it does not compile, each half has
// another one. A mutant alone is written in place of the code, without a switch.
func (s *subject) buildGroup(ctx context.Context, group []*mutant) error {
	dir, err := os.MkdirTemp(s.work, "build-")
	if err != nil {
		return err
	}
	overlay, err := s.overlay(dir, group)
	if err != nil {
		return err
	}
	binary := filepath.Join(dir, "changed.test")
	switch err := s.build(ctx, binary, nil, "-overlay="+overlay); {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		for _, m := range group {
			m.binary = binary
		}
	case len(group) > 1:
		half := len(group) / 2
		return errors.Join(s.buildGroup(ctx, group[:half]), s.buildGroup(ctx, group[half:]))
	}
	return nil
}

// overlay writes the changed files, and a list of them for the compiler, which reads them in
// place of the tree's.
func (s *subject) overlay(dir string, group []*mutant) (string, error) {
	files := map[string][]*mutant{}
	for _, m := range group {
		path := filepath.Join(s.Module.Dir, filepath.FromSlash(m.file))
		files[path] = append(files[path], m)
	}
	replace := map[string]string{filepath.Join(s.Dir, "mutant_switch.go"): filepath.Join(dir, "switch.go")}
	errs := []error{os.WriteFile(filepath.Join(dir, "switch.go"), fmt.Appendf(nil, switchFile, s.Name, switchName), 0o600)}
	for path, some := range files {
		text, err := os.ReadFile(path)
		changed := filepath.Join(dir, filepath.Base(path))
		replace[path] = changed
		errs = append(errs, err, os.WriteFile(changed, apply(text, some, len(group) > 1), 0o600))
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	path := filepath.Join(dir, "overlay.json")
	return path, errors.Join(append(errs, err, os.WriteFile(path, list, 0o600))...)
}

// apply returns the source with changes. A change that is switched has effect where the
// variable of the environment has its number.
func apply(source []byte, changes []*mutant, switched bool) []byte {
	changes = slices.SortedFunc(slices.Values(changes), func(a, b *mutant) int { return a.from - b.from })
	var out bytes.Buffer
	end := 0
	for _, m := range changes {
		text, was := m.text, string(source[m.from:m.to])
		switch on := fmt.Sprintf(`mutant_ == "%d"`, m.number); {
		case !switched:
		case m.kind == truth:
			text = "(" + on + " && (" + text + ") || !(" + on + ") && (" + was + "))"
		default:
			text = "if " + on + " {\n" + text + "\n} else {\n" + was + "\n}"
		}
		out.Write(source[end:m.from])
		out.WriteString(text)
		end = m.to
	}
	out.Write(source[end:])
	return out.Bytes()
}
