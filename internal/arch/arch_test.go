package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// The tests parse the files themselves: a test that runs the go tool could pass
// from the cache while an arrow is broken. Files opened through os are inputs
// of the cached result.

func TestArrows(t *testing.T) {
	for _, fault := range brokenArrows(house(t)) {
		t.Error(fault)
	}
}

// TestBrokenArrowsAreSeen: the check finds each kind of fault.
func TestBrokenArrowsAreSeen(t *testing.T) {
	file := func(imports ...string) *fstest.MapFile {
		text := "package p\n"
		for _, i := range imports {
			text += "import _ " + strconv.Quote(i) + "\n"
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	cases := map[string]struct {
		path string
		file *fstest.MapFile
		want string // "": no fault
	}{
		"a library beside a store":     {"dialog/sqlitestore/a.go", file(module+"/dialog", "modernc.org/sqlite"), ""},
		"store imports store":          {"dialog/sqlitestore/a.go", file(module + "/dialog/pgstore"), "may not import dialog/pgstore"},
		"channel imports its fake":     {"dialog/telegram/a.go", file(module + "/dialog/telegram/telegramtest"), "may not import dialog/telegram/telegramtest"},
		"its test does":                {"dialog/telegram/a_test.go", file(module + "/dialog/telegram/telegramtest"), ""},
		"dialog imports a library":     {"dialog/a.go", file("context", "golang.org/x/text"), "standard library only"},
		"its test does too":            {"dialog/a_test.go", file("pgregory.net/rapid"), ""},
		"dialog imports the domain":    {"dialog/a.go", file(module), "may not import the root package"},
		"domain imports dialog":        {"a.go", file(module + "/dialog"), "may not import dialog"},
		"intake":                       {"intake/a.go", file(module, module+"/dialog", module+"/dialog/form", module+"/texts"), ""},
		"deal imports the form":        {"deal/a.go", file(module + "/dialog/form"), "may not import dialog/form"},
		"dialog imports the form":      {"dialog/a.go", file(module + "/dialog/form"), "may not import dialog/form"},
		"the form imports a channel":   {"dialog/form/a.go", file(module + "/dialog/web"), "may not import dialog/web"},
		"intake imports a store":       {"intake/a.go", file(module + "/dialog/sqlitestore"), "may not import dialog/sqlitestore"},
		"code imports test servers":    {"deal/a.go", file(module + "/internal/testdb"), "may not import internal/testdb"},
		"an example":                   {"examples/pizza/a.go", file(module+"/dialog", module+"/dialog/web"), ""},
		"an example imports intake":    {"examples/pizza/a.go", file(module + "/intake"), "may not import intake"},
		"bench imports the fake":       {"bench/a.go", file(module+"/dialog/telegram/telegramtest", module+"/intake"), ""},
		"somebody imports a command":   {"bench/a.go", file(module + "/cmd/lockbay"), "may not import cmd/lockbay"},
		"a package that is not mapped": {"ledger/a.go", file(), "add ledger to the map"},
		"a file that does not parse":   {"deal/a.go", &fstest.MapFile{Data: []byte("pakage")}, "expected 'package'"},
		"test data is not code":        {"dialog/testdata/a.go", file("example.com/x"), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(brokenArrows(fstest.MapFS{c.path: c.file}), "\n")
			if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestMapIsTrue: each package on the map exists.
func TestMapIsTrue(t *testing.T) {
	for _, fault := range emptyRules(rules, house(t)) {
		t.Error(fault)
	}
	for _, folder := range standardOnly {
		if _, known := rules[folder]; !known {
			t.Errorf("standardOnly names %s, which has no rule", folder)
		}
	}
	at := fstest.MapFS{"dialog/a.go": {}, "dialog/web/a.go": {}, "testdata/x/a.go": {}}
	for name, c := range map[string]struct {
		rules map[string][]string
		want  int
	}{
		"all are there":         {map[string][]string{"dialog": {}, "dialog/web": {"dialog", "dialog/..."}, "dialog/...": {everything}}, 0},
		"a package is not":      {map[string][]string{"ledger": {}}, 1},
		"nothing is below":      {map[string][]string{"dialog/web/...": {}}, 1},
		"nobody to be imported": {map[string][]string{"dialog": {"ledger", "ledger/..."}}, 2},
		"test data is none":     {map[string][]string{"testdata/x": {}}, 1},
	} {
		if got := emptyRules(c.rules, at); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// emptyRules lists packages on the map that the house lacks.
func emptyRules(rules map[string][]string, house fs.FS) (faults []string) {
	folders := map[string]bool{}
	for _, name := range sources(house) {
		folders[path.Dir(name)] = true
	}
	there := func(name string) bool {
		below, deep := strings.CutSuffix(name, "/...")
		for folder := range folders {
			if folder == name || deep && strings.HasPrefix(folder, below+"/") {
				return true
			}
		}
		return name == everything
	}
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		for _, n := range append([]string{name}, rules[name]...) {
			if !there(n) {
				faults = append(faults, fmt.Sprintf("the rule of %s in internal/arch/map.go names %s, which is not there", name, n))
			}
		}
	}
	return faults
}

// brokenArrows lists imports outside the map's rules, and packages missing on
// the map.
func brokenArrows(house fs.FS) (faults []string) {
	strangers := map[string]bool{}
	for _, name := range sources(house) {
		folder := path.Dir(name)
		allowed, known := ruleOf(folder)
		if !known {
			if !strangers[folder] {
				strangers[folder] = true
				faults = append(faults, fmt.Sprintf("%s: a new package: add %s to the map in internal/arch/map.go and docs/architecture.md", folder, folder))
			}
			continue
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		imports, err := importsOf(house, name)
		if err != nil {
			faults = append(faults, err.Error())
		}
		for _, i := range imports {
			first, _, _ := strings.Cut(i, "/")
			of, ours := strings.CutPrefix(i+"/", module+"/")
			of = strings.TrimSuffix(of, "/")
			switch {
			case ours && of == "" && !permits(allowed, "."):
				faults = append(faults, fmt.Sprintf("%s: %s may not import the root package", name, folder))
			case ours && of != "" && !permits(allowed, of):
				faults = append(faults, fmt.Sprintf("%s: %s may not import %s", name, folder, of))
			case !ours && strings.Contains(first, ".") && slices.Contains(standardOnly, folder):
				faults = append(faults, fmt.Sprintf("%s: imports %s, but %s is standard library only", name, i, folder))
			}
		}
	}
	return faults
}

func importsOf(house fs.FS, name string) (imports []string, err error) {
	text, err := fs.ReadFile(house, name)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, i := range file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		imports = append(imports, p)
	}
	return imports, nil
}

// TestPaperwork: the documents of a public repository exist.
func TestPaperwork(t *testing.T) {
	want := []string{"LICENSE", "CHANGELOG.md"}
	if _, err := fs.Stat(house(t), "cmd/lockbay/main.go"); err == nil { // the program exists
		want = append(want, "README.md", "docs/architecture.md")
	}
	for _, name := range want {
		if info, err := fs.Stat(house(t), name); err != nil {
			t.Error(err)
		} else if info.Size() < 200 {
			t.Errorf("%s has only %d bytes", name, info.Size())
		}
	}
}

// outside matches mentions of things outside of the repository: folders of a
// workspace, scratch files, papers and their numbers.
var outside = regexp.MustCompile(`(?i)/(work)/(main|shared)|/tmp/(brief)|dependencies-(tried)|\b(issue) #?\d{1,2}\b`)

// TestSpeaksOfItself: the repository mentions no place or paper outside of it.
func TestSpeaksOfItself(t *testing.T) {
	texts := []string{".go", ".md", ".yml", ".yaml", ".toml", ".html", ".css", ".js", ".sh", ".sql", ".txtar", ".service"}
	for _, name := range files(house(t)) {
		named := path.Base(name) == "Makefile" || path.Base(name) == "Dockerfile" || path.Dir(name) == ".ci"
		if !named && !slices.Contains(texts, path.Ext(name)) || strings.HasPrefix(name, "internal/arch/") || strings.Contains(name, "testdata/") {
			continue
		}
		text, err := fs.ReadFile(house(t), name)
		if err != nil {
			t.Error(err)
			continue
		}
		for n, line := range strings.Split(string(text), "\n") {
			if found := outside.FindString(line); found != "" {
				t.Errorf("%s:%d: mentions %q", name, n+1, found)
			}
		}
	}
}

// linesMost is the longest allowed file. Near 400 lines a file usually has a
// second noun waiting.
const linesMost = 600

func TestLongFiles(t *testing.T) {
	for _, name := range sources(house(t)) {
		text, err := fs.ReadFile(house(t), name)
		if err != nil {
			t.Error(err)
		}
		if n := strings.Count(string(text), "\n"); n > linesMost {
			t.Errorf("%s has %d lines, at most %d: it has a second noun, which gets a file of its own", name, n, linesMost)
		}
	}
}

// house returns the repository's root: the folder above this one with go.mod.
func house(t *testing.T) fs.FS {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return os.DirFS(dir)
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above this folder")
		}
		dir = filepath.Dir(dir)
	}
}

// sources returns the Go files of this module, without test data.
func sources(house fs.FS) (names []string) {
	for _, name := range files(house) {
		if path.Ext(name) == ".go" && !strings.Contains("/"+name, "/testdata/") {
			names = append(names, name)
		}
	}
	return names
}

// files returns all files, without hidden folders (except .ci), node_modules
// and nested modules.
func files(house fs.FS) (names []string) {
	_ = fs.WalkDir(house, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // another process may delete files meanwhile
		}
		if d.IsDir() {
			base := path.Base(name)
			hidden := strings.HasPrefix(base, ".") && name != "." && base != ".ci"
			_, nested := fs.Stat(house, path.Join(name, "go.mod"))
			if hidden || base == "node_modules" || nested == nil && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		names = append(names, name)
		return nil
	})
	return names
}
