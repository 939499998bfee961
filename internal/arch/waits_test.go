package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// A test gives the same result on a slow, busy machine as on a quick one: it
// waits for conditions. docs/architecture.md has the rule.

// leastPatience is the shortest bound of a hang.
const leastPatience = 30 * time.Second

// helpers are packages that wait on behalf of tests.
var helpers = []string{"dialog/dialogtest", "internal/browser", "internal/instance", "internal/soak", "internal/testdb"}

func TestWaits(t *testing.T) {
	for _, fault := range hastyWaits(house(t)) {
		t.Error(fault)
	}
}

// TestHastyWaitsAreSeen: the check finds each kind of fault.
func TestHastyWaitsAreSeen(t *testing.T) {
	for does, want := range map[string]string{
		"time.Sleep(time.Second); judge()":                                                   "sleeps",
		"go func() { time.Sleep(20 * time.Millisecond); say() }()":                           "sleeps",
		"for range 500 { if ok() { return }; time.Sleep(time.Millisecond) }; fail()":         "counts tries",
		"for !ok() { go func() { time.Sleep(time.Millisecond) }() }":                         "sleeps",
		"for !ok() { time.Sleep(time.Millisecond) }":                                         "",
		"for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {}":    "",
		"for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {}": "5s",
		"select { case <-done: case <-time.After(10 * time.Second): fail() }":                "10s",
		"select { case <-done: fail(); case <-time.After(100 * time.Millisecond): }":         "",
		"ctx, cancel := context.WithTimeout(t.Context(), time.Second*3)":                     "3s",
		"ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)":               "",
		"if took := time.Since(began); took > 3*time.Second { fail() }":                      "3s",
		"if time.Since(began) > time.Second || lost { fail() }":                              "1s",
		"if took < time.Second { fail() }":                                                   "",
		"const patience = 5 * time.Second":                                                   "5s",
		"const patience = time.Minute":                                                       "",
	} {
		text := "func TestIt(t *testing.T) {\n" + does + "\n}\n"
		got := hastyWaits(fstest.MapFS{"deal/a_test.go": {Data: []byte("package p\n" + text)}})
		if all := strings.Join(got, "\n"); (all == "") != (want == "") || !strings.Contains(all, want) {
			t.Errorf("%s: got %q, want %q", does, all, want)
		}
		turned := fstest.MapFS{"deal/a_test.go": {Data: []byte("package p\nimport \"testing/synctest\"\n" + text)}}
		if got := hastyWaits(turned); len(got) > 0 {
			t.Errorf("%s, on a clock that is turned: %q", does, got)
		}
	}
}

// hastyWaits lists the places where tests sleep instead of waiting for a
// condition, and bounds that are too short for a slow machine.
func hastyWaits(house fs.FS) (faults []string) {
	for _, name := range sources(house) {
		if !strings.HasSuffix(name, "_test.go") && !slices.Contains(helpers, path.Dir(name)) {
			continue
		}
		text, err := fs.ReadFile(house, name)
		if err != nil {
			return []string{err.Error()}
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			return []string{err.Error()}
		}
		if slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing/synctest"` }) {
			continue // its clock is turned
		}
		var above []ast.Node // the current node and its parents
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				above = above[:len(above)-1]
				return true
			}
			above = append(above, n)
			if what := hasty(above); what != "" {
				faults = append(faults, fmt.Sprintf("%s: %s", set.Position(n.Pos()), what))
			}
			return true
		})
	}
	return faults
}

// hasty returns the fault of the last of nested nodes, "" for none.
func hasty(nested []ast.Node) string {
	short := func(e ast.Expr) string {
		if d, ok := duration(e); ok && time.Second <= d && d < leastPatience {
			return fmt.Sprintf("%v is too short for a slow machine: wait for a condition, for the patience of the package", d)
		}
		return ""
	}
	switch n := nested[len(nested)-1].(type) {
	case *ast.CallExpr:
		switch called(n) {
		case "time.Sleep":
			return sleeps(nested)
		case "time.After", "time.Now().Add":
			return short(n.Args[0])
		case "context.WithTimeout":
			return short(n.Args[1])
		}
	case *ast.BinaryExpr:
		if n.Op == token.GTR || n.Op == token.GEQ {
			return short(n.Y)
		}
	case *ast.ValueSpec:
		if len(n.Values) == 1 && strings.Contains(strings.ToLower(n.Names[0].Name), "patience") {
			return short(n.Values[0])
		}
	}
	return ""
}

// sleeps judges a sleep by its parents.
func sleeps(nested []ast.Node) string {
	for n := len(nested) - 1; n >= 0; n-- {
		switch around := nested[n].(type) {
		case *ast.ForStmt:
			return ""
		case *ast.RangeStmt:
			if _, counts := around.X.(*ast.BasicLit); counts {
				return "counts tries: a slow machine needs more of them"
			}
			return ""
		case *ast.FuncLit:
			n = 0 // the code around a goroutine does not wait for it
		}
	}
	return "sleeps instead of waiting for a condition: wait in a loop, or turn a clock (testing/synctest)"
}

// called returns the name of the called function, if it has a name.
func called(c *ast.CallExpr) string {
	s, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	switch x := s.X.(type) {
	case *ast.Ident:
		return x.Name + "." + s.Sel.Name
	case *ast.CallExpr:
		return called(x) + "()." + s.Sel.Name
	}
	return ""
}

// duration returns the value of an expression such as 5 * time.Second.
func duration(e ast.Expr) (time.Duration, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseFloat(e.Value, 64)
		return time.Duration(n), err == nil
	case *ast.SelectorExpr:
		x, _ := e.X.(*ast.Ident)
		unit, ok := map[string]time.Duration{"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}[e.Sel.Name]
		return unit, ok && x != nil && x.Name == "time"
	case *ast.BinaryExpr:
		x, okX := duration(e.X)
		y, okY := duration(e.Y)
		return x * y, okX && okY && e.Op == token.MUL
	}
	return 0, false
}
