package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestExamples: each example of the list is there, and a test runs it: an example
// function has an output.
func TestExamples(t *testing.T) {
	rows := table(read(t, "../examples/README.md"), "| idea |")
	if len(rows) < 10 {
		t.Errorf("only %d examples", len(rows))
	}
	for _, row := range rows {
		folder, name := strings.Trim(row[1], "`"), strings.Trim(row[2], "`")
		files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Name.Name != name {
					continue
				}
				for _, c := range file.Comments {
					found = found || c.Pos() > f.Pos() && c.End() < f.End() && strings.HasPrefix(c.Text(), "Output:")
				}
			}
		}
		if !found {
			t.Errorf("%s has no %s with an output", folder, name)
		}
	}
}
