package docs

import (
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/treetest"
)

const (
	questionPage  = "add-a-question.md"
	questionPatch = "testdata/sixth-question.patch"
	firstPatch    = "testdata/sixth-question-first.patch"
)

// filesMost is what a question may cost, besides tests, their data and documents.
const filesMost = 5

// TestAddAQuestion: with the diff of the page the program asks a sixth question, in
// a copy of the tree. Its term is hashed, checked, stored, listed and shown, and
// people of the benchmark get their escrows.
func TestAddAQuestion(t *testing.T) {
	tree := treetest.Copy(t)
	files := slices.DeleteFunc(tree.Apply(questionPatch), func(name string) bool {
		return strings.HasSuffix(name, "_test.go") || strings.Contains(name, "testdata/") || strings.HasPrefix(name, "docs/")
	})
	if len(files) == 0 || len(files) > filesMost {
		t.Errorf("a question costs %d files, want at most %d: %q", len(files), filesMost, files)
	}
	page := read(t, questionPage)
	for _, name := range files {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("%s does not mention %s of its diff", questionPage, name)
		}
	}
	var names, packages []string
	for _, row := range table(page, "| test |") {
		names = append(names, strings.Trim(row[0], "`"))
		packages = append(packages, "./"+strings.Trim(row[1], "`"))
	}
	pass(t, tree, names, packages...)
	// the first of two releases: the new format is read, and not yet written
	tree.Apply(firstPatch)
	pass(t, tree, []string{"TestFormTellsHowToAnswer", "TestShapeOfADraft", "TestShapeOfADeal", "TestDealStaysInItsFormat"}, "./intake", "./deal")
}

// pass runs tests in the copy, each of which must have run.
func pass(t *testing.T, tree *treetest.Tree, names []string, packages ...string) {
	t.Helper()
	slices.Sort(packages)
	out := tree.Go(append([]string{"test", "-v", "-timeout", "10m", "-run", "^(" + strings.Join(names, "|") + ")$"}, slices.Compact(packages)...)...)
	for _, name := range names {
		if !strings.Contains(out, "--- PASS: "+name+" ") {
			t.Errorf("%s did not run:\n%s", name, out)
		}
	}
}
