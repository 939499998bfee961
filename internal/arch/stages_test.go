package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// make test runs each package whole, with the race detector, but for the packages of its list CALM, which run without it,
// and those of its list SHORTER, which run with it under -short. The tests of these that -short shortens are its list WHOLE:
// they run without the detector, too. See whole_test.go.

func TestStages(t *testing.T) {
	for _, fault := range wrongStages(house(t)) {
		t.Error(fault)
	}
}

// TestWrongStagesAreSeen: the check finds each kind of fault.
func TestWrongStagesAreSeen(t *testing.T) {
	const calm, busy, short = "func f() {}\n", "func f() { go f() }\n", "func f() { if testing.Short() { return } }\n"
	for name, c := range map[string]struct {
		calm, shorter string
		code, test    string // "": there is no such file
		want          string // "": no fault
	}{
		"it is calm":                   {"./deal", "", calm, calm, ""},
		"a calm one is raced":          {"", "", calm, calm, "add ./deal to CALM"},
		"goroutines":                   {"", "", busy, calm, ""},
		"they are not raced":           {"./deal", "", busy, calm, "remove ./deal from CALM"},
		"goroutines of a group":        {"./deal", "", "func f(wg *sync.WaitGroup) { wg.Go(f) }\n", calm, "remove ./deal from CALM"},
		"a lock":                       {"./deal", "", "import \"sync\"\nvar mu sync.Mutex\n", calm, "remove ./deal from CALM"},
		"its tests have goroutines":    {"./deal", "", calm, busy, "remove ./deal from CALM"},
		"its tests are parallel":       {"./deal", "", calm, "func TestIt(t *testing.T) { t.Parallel() }\n", "remove ./deal from CALM"},
		"tests alone, of the program":  {"./deal", "", "", busy, ""},
		"they are raced":               {"", "", "", busy, "add ./deal to CALM"},
		"code without tests":           {"", "", busy, "", ""},
		"its tests are shorter":        {"", "./deal", busy, short, ""},
		"they are never whole":         {"", "", busy, short, "add ./deal to SHORTER"},
		"they are whole":               {"", "./deal", busy, calm, "remove ./deal from SHORTER"},
		"a calm one is whole anyway":   {"./deal", "", calm, short, ""},
		"a package that is not there":  {"./deal ./ledger", "", calm, calm, "remove ./ledger from CALM"},
		"there are several of a list":  {"./bench ./deal", "", calm, calm, "remove ./bench from CALM"},
		"a file that does not parse":   {"", "", "pakage", calm, "expected"},
		"what is not there is shorter": {"./deal", "./ledger", calm, calm, "remove ./ledger from SHORTER"},
	} {
		at := fstest.MapFS{"Makefile": {Data: []byte("CALM := " + c.calm + "\nSHORTER := " + c.shorter + "\n")}}
		for file, text := range map[string]string{"deal/a.go": c.code, "deal/a_test.go": c.test} {
			if text != "" {
				at[file] = &fstest.MapFile{Data: []byte("package p\n" + text)}
			}
		}
		if got := strings.Join(wrongStages(at), "\n"); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// stage is what decides where the tests of a package run.
type stage struct {
	code, tests bool // it has such files
	busyCode    bool // goroutines run in its code
	busyTests   bool // and in its tests
	shorter     bool // -short leaves out a test, or a part
}

// calm reports whether the race detector has nothing to see. Tests without a package of their
// own start the program, which is built without the detector.
func (s stage) calm() bool { return s.tests && !s.busyCode && (!s.busyTests || !s.code) }

// wrongStages compares the lists of the Makefile with the packages.
func wrongStages(house fs.FS) (faults []string) {
	stages := map[string]*stage{}
	for _, name := range sources(house) {
		text, err := fs.ReadFile(house, name)
		if err != nil {
			return []string{err.Error()}
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			return []string{err.Error()}
		}
		folder := path.Dir(name)
		if folder != "." {
			folder = "./" + folder
		}
		if stages[folder] == nil {
			stages[folder] = &stage{}
		}
		s, busy := stages[folder], isBusy(file)
		switch {
		case strings.HasSuffix(name, "_test.go"):
			s.tests = true
			s.busyTests = s.busyTests || busy
			s.shorter = s.shorter || calls(file, "testing.Short")
		case len(file.Decls) > 0: // more than a comment
			s.code = true
			s.busyCode = s.busyCode || busy
		}
	}
	makefile, err := fs.ReadFile(house, "Makefile")
	if err != nil {
		return []string{err.Error()}
	}
	faults = compare("CALM", makefile, stages, stage.calm)
	return append(faults, compare("SHORTER", makefile, stages, func(s stage) bool { return s.shorter && !s.calm() })...)
}

// compare compares a list of the Makefile with the packages that belong to it.
func compare(list string, makefile []byte, stages map[string]*stage, belongs func(stage) bool) (faults []string) {
	var have []string
	if found := regexp.MustCompile(`(?m)^` + list + ` *:= *(.*)$`).FindSubmatch(makefile); found != nil {
		have = strings.Fields(string(found[1]))
	}
	for folder, s := range stages {
		if in := slices.Contains(have, folder); belongs(*s) && !in {
			faults = append(faults, fmt.Sprintf("Makefile: add %s to %s", folder, list))
		}
	}
	for _, folder := range have {
		if s := stages[folder]; s == nil || !belongs(*s) {
			faults = append(faults, fmt.Sprintf("Makefile: remove %s from %s", folder, list))
		}
	}
	return faults
}

// isBusy reports whether a file starts goroutines, or provides for those of others.
func isBusy(file *ast.File) (busy bool) {
	for _, i := range file.Imports {
		busy = busy || i.Path.Value == `"sync"` || i.Path.Value == `"sync/atomic"`
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.ChanType:
			busy = true
		case *ast.SelectorExpr:
			busy = busy || n.Sel.Name == "Go" || n.Sel.Name == "Parallel"
		}
		return true
	})
	return busy
}

// calls reports whether a file calls a function by this name.
func calls(file *ast.File, name string) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		found = found || ok && called(c) == name
		return true
	})
	return found
}
