// Package treetest tests the changes shown in the documents: it copies the
// repository, applies a patch to the copy and runs the go tool there.
package treetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Tree is a copy of the repository, for one test.
type Tree struct {
	Dir string // root of the copy; removed at the end of the test
	t   testing.TB
}

// Copy copies the files that git tracks, with their current content. New files
// need `git add` first.
func Copy(t testing.TB) *Tree {
	t.Helper()
	tree := &Tree{Dir: t.TempDir(), t: t}
	root, err := root()
	if err == nil {
		err = copyTracked(t.Context(), root, tree.Dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Apply applies a patch (path relative to the test's package) and returns the
// touched files, relative to the root. A patch that fails to apply ends the
// test.
func (tree *Tree) Apply(patch string) (touched []string) {
	tree.t.Helper()
	touched, err := apply(tree.t.Context(), tree.Dir, patch)
	if err != nil {
		tree.t.Fatalf("%v\n%s no longer applies. To update it: run `git apply --reject`, "+
			"merge the rejected parts by hand, and write the patch again with `git diff -U1`.", err, patch)
	}
	return touched
}

// Go runs the go tool at the root of the copy, with the build and module caches
// of this machine, and returns its output. A failed run ends the test.
func (tree *Tree) Go(args ...string) string {
	tree.t.Helper()
	out, err := tree.TryGo(args...)
	if err != nil {
		tree.t.Fatal(err)
	}
	return out
}

// TryGo is like Go, and returns the error of a failed run, with its output. A
// module missing in the module cache and at the proxy is such an error.
func (tree *Tree) TryGo(args ...string) (string, error) {
	// -trimpath makes the build cache independent of the folder.
	env := []string{"GOWORK=off", strings.TrimSpace("GOFLAGS=" + os.Getenv("GOFLAGS") + " -trimpath")}
	out, err := tree.run(env, "go", args)
	if strings.Contains(out, "dial tcp") || strings.Contains(out, "module lookup disabled") {
		err = errors.Join(err, errors.New("a module of this change is not in the module cache, and no proxy could be reached"))
	}
	return out, err
}

// Try runs a program at the root of the copy and returns its output. The error
// of a failed run contains the output.
func (tree *Tree) Try(program string, args ...string) (string, error) {
	return tree.run(nil, program, args)
}

func (tree *Tree) run(env []string, name string, args []string) (string, error) {
	cmd := exec.CommandContext(tree.t.Context(), name, args...) // #nosec G204 -- arguments of a test
	cmd.Dir, cmd.Env = tree.Dir, append(os.Environ(), env...)
	cmd.WaitDelay = time.Second // children of a killed run may keep its output open
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// root returns the folder above the test's package with go.mod.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no go.mod above this folder")
		}
	}
}

// copyTracked opens the files and their folders in this process, so that go
// test knows the inputs of a cached result.
func copyTracked(ctx context.Context, from, to string) error {
	list, err := git(ctx, from, "ls-files", "-z", "--cached")
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		if folder := filepath.Dir(name); !seen[folder] {
			seen[folder] = true
			_, _ = os.Stat(filepath.Join(from, folder))
			if err := os.MkdirAll(filepath.Join(to, folder), 0o750); err != nil {
				return err
			}
		}
		if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from) // #nosec G304 -- a file of the repository
	if errors.Is(err, fs.ErrNotExist) {
		return nil // tracked, but deleted in the working tree
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

func apply(ctx context.Context, dir, patch string) (touched []string, err error) {
	patch, err = filepath.Abs(patch)
	if err != nil {
		return nil, err
	}
	if _, err := os.ReadFile(patch); err != nil { // #nosec G304 -- a patch of the repository; opened for go test's cache
		return nil, err
	}
	names, err := git(ctx, dir, "apply", "--numstat", "-z", patch)
	if err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(names, "\x00"), "\x00") {
		_, name, _ := strings.Cut(line, "\t")
		_, name, _ = strings.Cut(name, "\t")
		touched = append(touched, name)
	}
	_, err = git(ctx, dir, "apply", "--whitespace=nowarn", patch)
	return touched, err
}

// git runs git in a folder. It ignores repositories above the copy.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...) // #nosec G204 -- constant arguments
	cmd.Dir = dir
	if args[0] == "apply" {
		cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out), err
}
