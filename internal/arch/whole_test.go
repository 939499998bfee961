package arch

import (
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

func TestWhole(t *testing.T) {
	for _, fault := range wrongWhole(house(t)) {
		t.Error(fault)
	}
}

// TestWrongWholeIsSeen: the check finds each kind of fault.
func TestWrongWholeIsSeen(t *testing.T) {
	const short = "if testing.Short() { return }"
	for name, c := range map[string]struct{ whole, test, want string }{
		"it is whole":              {"TestIt", "func TestIt() { " + short + " }", ""},
		"it is not":                {"TestIt", "func TestIt() { " + short + " }\nfunc TestThat() { " + short + " }", "add TestThat to WHOLE"},
		"by a helper's helper":     {"TestIt", "func few() { " + short + " }\nfunc some() { few() }\nfunc TestIt() { some() }\nfunc TestThat() { t.Run(``, func() { some() }) }", "add TestThat to WHOLE"},
		"by a method":              {"TestIt", "func (k kit) few() { " + short + " }\nfunc TestIt() { k.few() }", ""},
		"a function as a value":    {"TestIt", "func few() { " + short + " }\nfunc TestIt() { each(few) }", ""},
		"it is never shorter":      {"TestIt|TestThat", "func TestIt() { " + short + " }\nfunc TestThat() {}", "remove TestThat from WHOLE"},
		"one that is not there":    {"TestIt|TestThere", "func TestIt() { " + short + " }", "remove TestThere from WHOLE"},
		"its package is not short": {"", "", ""},
	} {
		at := fstest.MapFS{
			"Makefile":       {Data: []byte("SHORTER := ./deal\nWHOLE   := " + c.whole + "\n")},
			"deal/a_test.go": {Data: []byte("package p\n" + c.test)},
			"fee/a_test.go":  {Data: []byte("package p\nfunc TestFee() { " + short + " }")},
		}
		if got := strings.Join(wrongWhole(at), "\n"); got != c.want && got != "Makefile: "+c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// wrongWhole compares WHOLE with the tests of SHORTER that reach testing.Short, by the names of what they call.
func wrongWhole(house fs.FS) (faults []string) {
	makefile, err := fs.ReadFile(house, "Makefile")
	if err != nil {
		return []string{err.Error()}
	}
	list := func(name string) string {
		found := regexp.MustCompile(`(?m)^` + name + ` *:= *(.*)$`).FindSubmatch(makefile)
		if found == nil {
			return ""
		}
		return string(found[1])
	}
	names := map[string]map[string][]string{} // by folder and function: the names in its body
	for _, file := range sources(house) {
		folder := path.Dir(file)
		if folder != "." {
			folder = "./" + folder
		}
		if !strings.HasSuffix(file, "_test.go") || !slices.Contains(strings.Fields(list("SHORTER")), folder) {
			continue
		}
		text, err := fs.ReadFile(house, file)
		if err != nil {
			return []string{err.Error()}
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			return []string{err.Error()}
		}
		if names[folder] == nil {
			names[folder] = map[string][]string{}
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				names[folder][f.Name.Name] = append(names[folder][f.Name.Name], namesIn(f)...)
			}
		}
	}
	var want []string
	for _, functions := range names {
		for name := range functions {
			if strings.HasPrefix(name, "Test") && shortens(functions, name, map[string]bool{}) {
				want = append(want, name)
			}
		}
	}
	have := strings.FieldsFunc(list("WHOLE"), func(r rune) bool { return r == '|' || r == ' ' })
	for _, name := range want {
		if !slices.Contains(have, name) {
			faults = append(faults, "Makefile: add "+name+" to WHOLE")
		}
	}
	for _, name := range have {
		if !slices.Contains(want, name) {
			faults = append(faults, "Makefile: remove "+name+" from WHOLE")
		}
	}
	return faults
}

// shortens reports whether a function has the name Short, or one of a function that has it.
func shortens(functions map[string][]string, name string, been map[string]bool) bool {
	been[name] = true
	return slices.ContainsFunc(functions[name], func(n string) bool {
		return n == "testing.Short" || !been[n] && functions[n] != nil && shortens(functions, n, been)
	})
}

func namesIn(f *ast.FuncDecl) (names []string) {
	if f.Body == nil {
		return nil
	}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			names = append(names, called(n))
		case *ast.Ident:
			names = append(names, n.Name)
		}
		return true
	})
	return names
}
