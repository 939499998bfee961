package treetest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestTree: a patch changes only the copy, and the go tool sees the change.
func TestTree(t *testing.T) {
	const letter = "testdata/letter.txt"
	tree := Copy(t)
	touched := tree.Apply("testdata/greeting.patch")
	if want := []string{"internal/greeting/greeting.go", "internal/treetest/" + letter}; !slices.Equal(touched, want) {
		t.Errorf("touched %q, want %q", touched, want)
	}
	if out := tree.Go("list", "./internal/greeting"); out != "github.com/lockbay/lockbay/internal/greeting\n" {
		t.Errorf("go list: %s", out)
	}
	changed, here := read(t, filepath.Join(tree.Dir, "internal/treetest", letter)), read(t, letter)
	if !strings.Contains(changed, "this line has changed") || strings.Contains(here, "this line has changed") {
		t.Errorf("copy:\n%s\nhere:\n%s", changed, here)
	}
	if _, err := apply(t.Context(), tree.Dir, "testdata/greeting.patch"); err == nil || !strings.Contains(err.Error(), "letter.txt") {
		t.Errorf("a patch that does not fit: %v", err)
	}
}

// TestTrackedOnly: untracked and deleted files are not copied.
func TestTrackedOnly(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for _, name := range []string{"kept", "deleted", "scratch"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "kept", "deleted"}} {
		if _, err := git(t.Context(), from, args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(from, "deleted")); err != nil {
		t.Fatal(err)
	}
	if err := copyTracked(t.Context(), from, to); err != nil {
		t.Fatal(err)
	}
	copied, err := filepath.Glob(filepath.Join(to, "*"))
	if want := []string{filepath.Join(to, "kept")}; err != nil || !slices.Equal(copied, want) {
		t.Errorf("copied %q (%v), want %q", copied, err, want)
	}
}

// TestMissingModule: a missing module fails the run and is named.
func TestMissingModule(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	tree := Copy(t)
	if _, err := tree.TryGo("list", "-deps", "./dialog/sqlitestore"); err == nil || !strings.Contains(err.Error(), "not in the module cache") {
		t.Errorf("without modules: %v", err)
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
