package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is the program's own source. The tests compare docs/interface.md with its literals, for names that exist only
// as literals.
type source struct {
	files  map[string][]*ast.File // folder → files
	consts map[string]string      // folder.name → text of a constant
}

// readSource parses the program's source, without tests and test helpers.
func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{files: map[string][]*ast.File{}, consts: map[string]string{}}
	root := "../.."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		folder, name := filepath.ToSlash(folder), d.Name()
		if d.IsDir() {
			if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "test") || path == root+"/internal" || name == "testdata" || name == "examples" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		s.files[folder] = append(s.files[folder], file)
		for _, decl := range file.Decls {
			s.note(folder, decl)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *source) note(folder string, decl ast.Decl) {
	d, ok := decl.(*ast.GenDecl)
	if !ok || d.Tok != token.CONST {
		return
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, name := range v.Names {
			if i < len(v.Values) {
				if text, ok := literal(v.Values[i]); ok {
					s.consts[folder+"."+name.Name] = text
				}
			}
		}
	}
}

// constants are the texts of a folder's constants with this prefix of their names.
func (s *source) constants(folder, prefix string) (texts []string) {
	for name, text := range s.consts {
		if strings.HasPrefix(name, folder+"."+prefix) {
			texts = append(texts, text)
		}
	}
	return texts
}

// each calls see with every node of these folders; "" is all folders.
func (s *source) each(folders []string, see func(folder string, n ast.Node)) {
	for folder, files := range s.files {
		if len(folders) > 0 && !slices.Contains(folders, folder) {
			continue
		}
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool { see(folder, n); return true })
		}
	}
}

func literal(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// begins is the constant beginning of a text.
func (s *source) begins(folder string, e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := literal(e)
		return text
	case *ast.Ident:
		return s.consts[folder+"."+e.Name]
	case *ast.BinaryExpr:
		text := s.begins(folder, e.X)
		if more, ok := literal(e.Y); ok && text != "" {
			text += more
		}
		return text
	}
	return ""
}

// called is the name of the called function or method, and the name of its receiver or package.
func called(call *ast.CallExpr) (of, name string) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	switch x := sel.X.(type) {
	case *ast.Ident:
		of = x.Name
	case *ast.SelectorExpr:
		of = x.Sel.Name
	case *ast.CallExpr:
		_, of = called(x)
	}
	return of, sel.Sel.Name
}

// variable is the literal value of a folder's variable.
func (s *source) variable(t *testing.T, folder, name string) *ast.CompositeLit {
	t.Helper()
	var found *ast.CompositeLit
	s.each([]string{folder}, func(_ string, n ast.Node) {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 && v.Names[0].Name == name {
			found, _ = v.Values[0].(*ast.CompositeLit)
		}
	})
	if found == nil {
		t.Fatalf("%s has no variable %s", folder, name)
	}
	return found
}

// routes are the paths that the program serves :: path → methods, or "" if the handler judges the method.
func (s *source) routes(t *testing.T) map[string]string {
	t.Helper()
	routes := map[string]string{}
	for _, e := range s.variable(t, "dialog/web", "paths").Elts {
		pair := e.(*ast.KeyValueExpr)
		path, _ := literal(pair.Key)
		methods, _ := literal(pair.Value)
		routes[path] = methods
	}
	s.each([]string{"cmd/lockbay"}, func(folder string, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		of, name := called(call)
		if name != "Handle" && name != "HandleFunc" || len(call.Args) != 2 || of == "engine" || of == "e" {
			return
		}
		pattern := s.begins(folder, call.Args[0])
		if pattern == "" {
			t.Errorf("%s: a path that is no literal", folder)
		}
		methods, path, both := strings.Cut(pattern, " ")
		if !both {
			methods, path = "", pattern
		}
		if path != "/" { // the page has routes of its own
			routes[path] = methods
		}
	})
	return routes
}

var headerName = regexp.MustCompile(`^[A-Z][a-z]*(-[A-Z][a-z]*)*$`)

// headers are the request headers that the code reads, and the answer headers that it sets.
func (s *source) headers(t *testing.T) (read, set []string) {
	t.Helper()
	for _, e := range s.variable(t, "cmd/lockbay", "proxyHeaders").Elts {
		name, _ := literal(e)
		read = append(read, name)
	}
	s.each([]string{"cmd/lockbay", "console", "dialog/web", "dialog/telegram"}, func(folder string, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return
		}
		of, verb := called(call)
		name := s.begins(folder, call.Args[0])
		switch {
		case !headerName.MatchString(name):
		case of == "Header" && (verb == "Get" || verb == "Values"):
			read = append(read, name)
		case (of == "Header" || of == "h") && (verb == "Set" || verb == "Add"):
			set = append(set, name)
		}
	})
	return read, set
}

// formFields are the form fields that the code reads.
func (s *source) formFields() (names []string) {
	s.each([]string{"dialog/web"}, func(folder string, n ast.Node) {
		if call, ok := n.(*ast.CallExpr); ok {
			if of, name := called(call); of == "PostForm" && name == "Get" {
				names = append(names, s.begins(folder, call.Args[0]))
			}
		}
	})
	return names
}

// statuses are the HTTP statuses of all answers, by their names in net/http.
func (s *source) statuses() (names []string) {
	s.each([]string{"cmd/lockbay", "console", "dialog/web", "dialog/telegram"}, func(_ string, n ast.Node) {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "http" && strings.HasPrefix(sel.Sel.Name, "Status") && sel.Sel.Name != "StatusText" {
			names = append(names, strings.TrimPrefix(sel.Sel.Name, "Status"))
		}
	})
	return names
}

// actions are the names of the shown buttons, and of the understood ones.
func (s *source) actions() (names []string) {
	add := func(text string) {
		if name, _, _ := strings.Cut(text, ":"); name != "" {
			names = append(names, name)
		}
	}
	flows := []string{"dialog/form", "intake", "deal", "device"}
	s.each(flows, func(folder string, n ast.Node) {
		switch n := n.(type) {
		case *ast.KeyValueExpr: // Button{Action: …}
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Action" {
				add(s.begins(folder, n.Value))
			}
		case *ast.AssignStmt: // action := …
			if to, ok := n.Lhs[0].(*ast.Ident); ok && to.Name == "action" && n.Tok == token.DEFINE {
				add(s.begins(folder, n.Rhs[0]))
			}
		case *ast.CallExpr: // the form's buttons
			if _, name := called(n); name == "button" && len(n.Args) > 1 {
				add(s.begins(folder, n.Args[1]))
			}
		case *ast.BinaryExpr: // in.Name == "…"
			if sel, ok := n.X.(*ast.SelectorExpr); ok && sel.Sel.Name == "Name" && (n.Op == token.EQL || n.Op == token.NEQ) {
				text, _ := literal(n.Y)
				add(text)
			}
		case *ast.SwitchStmt: // switch name { case "…" }
			if tag, ok := n.Tag.(*ast.Ident); ok && tag.Name == "name" {
				for _, c := range n.Body.List {
					for _, e := range c.(*ast.CaseClause).List {
						text, _ := literal(e)
						add(text)
					}
				}
			}
		}
	})
	return names
}

// payloads are the payloads of /start.
func (s *source) payloads() (names []string) {
	s.each([]string{"intake", "deal"}, func(folder string, n ast.Node) {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == "payload" && n.Op == token.EQL {
				names = append(names, s.begins(folder, n.Y))
			}
		case *ast.CallExpr:
			if _, name := called(n); name == "HasPrefix" || name == "CutPrefix" {
				if x, ok := n.Args[0].(*ast.Ident); ok && x.Name == "payload" {
					names = append(names, s.begins(folder, n.Args[1]))
				}
			}
		}
	})
	return names
}

// logs are the log lines of level Info with their keys, and the keys of all lines.
func (s *source) logs(t *testing.T) (lines map[string][]string, keys []string) {
	t.Helper()
	lines = map[string][]string{}
	s.each(nil, func(folder string, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		of, level := called(call)
		if !strings.EqualFold(of, "log") && of != "logger" {
			return
		}
		args, info := call.Args, level == "Info"
		switch level {
		case "LogAttrs":
			args, info = args[2:], true
		case "Info", "Warn", "Error", "Debug":
		default:
			return
		}
		var mine []string
		for i, arg := range args[1:] {
			switch attr, ok := arg.(*ast.CallExpr); {
			case level == "LogAttrs" && ok:
				mine = append(mine, s.begins(folder, attr.Args[0]))
			case level != "LogAttrs" && i%2 == 0:
				mine = append(mine, s.begins(folder, arg))
			}
		}
		keys = append(keys, mine...)
		if !info {
			return
		}
		line := s.begins(folder, args[0])
		if line == "" {
			t.Errorf("%s: a line at level Info whose text is no literal", folder)
		}
		lines[line] = mine
	})
	return lines, keys
}

// placeholders are the placeholders of an operator's text.
func (s *source) placeholders() (names []string) {
	s.each([]string{"deal"}, func(_ string, n ast.Node) {
		if lit, ok := n.(*ast.BasicLit); ok {
			if text, _ := literal(lit); strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
				names = append(names, text)
			}
		}
	})
	return names
}
