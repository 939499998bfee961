package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// mutant is one small change of one file.
type mutant struct {
	file     string // path from the root of the module, with slashes
	line     int
	function string // that has the change, such as judge or courier.late
	change   string // "a < b → a <= b", on one line
	from, to int    // bytes of the file that the change replaces
	text     string // by these
	kind     kind
	tests    []*test // that reach the code

	binary string // the tests with the change; "" if it does not compile
	number int    // that switches the change on in the binary
}

// key identifies a mutant in the list of survivors. It has no line, so that it outlives
// changes elsewhere in the file.
func (m *mutant) key() string { return m.file + " " + m.function + ": " + m.change }

// kind is what a change replaces.
type kind uint8

const (
	other kind = iota // a number, which may be constant
	truth             // an expression whose value is true or false
	statement
)

// source is a file of a package that is searched for mutants.
type source struct {
	file string
	text []byte
	set  *token.FileSet
	tree *ast.File
	hits hits
	used map[string][]*test // a constant of the package → the tests that reach its uses

	conditions map[ast.Expr]token.Pos // of a case: where its switch begins, whose coverage counts
	bodies     map[ast.Expr][]ast.Stmt
	function   string
	found      []mutant
}

// mutants lists all mutants of the file, in the order of the text.
func (s *source) mutants() []mutant {
	s.conditions, s.bodies = map[ast.Expr]token.Pos{}, map[ast.Expr][]ast.Stmt{}
	for _, d := range s.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.function = nameOf(d)
			s.search(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					s.function = v.Names[0].Name
					s.declared(d.Tok, v)
				}
			}
		}
	}
	seen := map[string]int{}
	for i := range s.found { // a function may have the same change twice
		m := &s.found[i]
		key := m.key()
		if seen[key]++; seen[key] > 1 {
			m.change += " #" + strconv.Itoa(seen[key])
		}
	}
	return s.found
}

// constants notes the constants that the file declares.
func (s *source) constants() {
	for _, d := range s.tree.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
			for _, spec := range d.Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					s.used[id.Name] = []*test{}
				}
			}
		}
	}
}

// uses notes which tests reach the uses of constants.
func (s *source) uses() {
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && s.used[id.Name] != nil {
			s.used[id.Name] = union(s.used[id.Name], s.at(id.Pos()).tests)
		}
		return true
	})
}

func nameOf(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	if id, ok := kind.(*ast.Ident); ok {
		return id.Name + "." + d.Name.Name
	}
	return d.Name.Name
}

// declared searches a declaration of the package: numbers of constants, and functions in
// variables.
func (s *source) declared(kind token.Token, v *ast.ValueSpec) {
	if kind != token.CONST {
		s.search(v)
		return
	}
	var tests []*test
	for _, id := range v.Names {
		tests = union(tests, s.used[id.Name])
	}
	for _, x := range v.Values {
		ast.Inspect(x, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok {
				s.number(lit, tests)
			}
			return true
		})
	}
}

func (s *source) search(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ArrayType, *ast.GenDecl: // lengths and constants of a function: mostly sizes
			return false
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && id.Name == "make" { // a capacity changes nothing
				return false
			}
		case *ast.SwitchStmt:
			if n.Tag == nil {
				s.cases(n)
			}
		case *ast.IfStmt:
			s.condition(n.Cond, n.Cond.Pos(), n.Body.List, n.Body.Lbrace+1)
		case *ast.BinaryExpr:
			s.operator(n)
		case *ast.BasicLit:
			s.number(n, s.at(n.Pos()).tests)
		case *ast.BlockStmt:
			s.statements(n.List)
		case *ast.CaseClause:
			s.statements(n.Body)
		case *ast.CommClause:
			s.statements(n.Body)
		}
		return true
	})
}

// cases searches the conditions of a switch without a value. The coverage has no count of
// their own for them.
func (s *source) cases(n *ast.SwitchStmt) {
	for _, clause := range n.Body.List {
		c := clause.(*ast.CaseClause)
		for _, x := range c.List {
			ast.Inspect(x, func(inner ast.Node) bool {
				if e, ok := inner.(ast.Expr); ok {
					s.conditions[e] = n.Pos()
				}
				return true
			})
			s.condition(x, n.Pos(), c.Body, c.Colon+1)
		}
	}
}

// condition tries a condition with each fixed value that the tests have not always seen.
func (s *source) condition(x ast.Expr, at token.Pos, body []ast.Stmt, begins token.Pos) {
	whole, inside := s.at(at), s.at(begins)
	if len(body) > 0 {
		inside = s.at(body[0].Pos())
	}
	text, raw := s.textOf(x), "("+s.rawOf(x)+")"
	s.add(x, truth, "false && "+raw, text+" → false", inside.tests)
	if whole.n > inside.n {
		s.add(x, truth, "true || "+raw, text+" → true", whole.tests)
	} else { // the tests have only seen it true
		s.add(x, truth, "true || "+raw, text+" → true", nil)
	}
	if b, ok := x.(*ast.BinaryExpr); !ok || swapped[b.Op] == token.ILLEGAL {
		s.add(x, truth, "!"+raw, text+" → !", whole.tests)
	}
}

// swapped are the operators that a mutant exchanges.
var swapped = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.EQL: token.NEQ, token.NEQ: token.EQL, token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
}

func (s *source) operator(n *ast.BinaryExpr) {
	at := n.Pos()
	if where, ok := s.conditions[n]; ok {
		at = where
	}
	tests := s.at(at).tests
	if is := swapped[n.Op]; is != token.ILLEGAL {
		of, change := truth, s.textOf(n.X)+" "+n.Op.String()+" "+s.textOf(n.Y)+" → "+is.String()
		switch n.Op {
		case token.ADD, token.SUB, token.MUL, token.QUO:
			of = other
		}
		s.add(n, of, "("+s.rawOf(n.X)+" "+is.String()+" "+s.rawOf(n.Y)+")", change, tests)
	}
	neutral, value := "", ""
	switch n.Op {
	case token.LAND:
		neutral, value = "true || ", "true"
	case token.LOR:
		neutral, value = "false && ", "false"
	default:
		return
	}
	for _, x := range []ast.Expr{n.X, n.Y} { // an operand left out; its variables stay in use
		change := "in " + s.textOf(n) + ": " + s.textOf(x) + " → " + value
		s.add(x, truth, "("+neutral+"("+s.rawOf(x)+"))", change, tests)
	}
}

// number changes a number: 0 to 1, another to its double.
func (s *source) number(lit *ast.BasicLit, tests []*test) {
	n, err := strconv.ParseInt(lit.Value, 0, 62)
	if lit.Kind != token.INT || err != nil {
		return
	}
	text := strconv.FormatInt(max(1, 2*n), 10)
	s.add(lit, other, text, s.lineOf(lit.Pos())+": "+lit.Value+" → "+text, tests)
}

// statements leaves statements out, one at a time.
func (s *source) statements(list []ast.Stmt) {
	for _, n := range list {
		switch n := n.(type) {
		case *ast.ExprStmt, *ast.DeferStmt, *ast.GoStmt, *ast.SendStmt, *ast.BranchStmt:
			s.leaveOut(n)
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				s.leaveOut(n)
			}
		case *ast.IncDecStmt:
			is := "--"
			if n.Tok == token.DEC {
				is = "++"
			}
			s.add(n, statement, s.rawOf(n.X)+is, s.textOf(n)+" → "+is, s.at(n.Pos()).tests)
		}
	}
}

func (s *source) leaveOut(n ast.Stmt) {
	if text := s.textOf(n); !unheard(text) {
		s.add(n, statement, "", "without "+text, s.at(n.Pos()).tests)
	}
}

// unheard reports whether a statement is one that tests are not expected to notice: a
// lock (the race detector's), a line for the log, or the release of what ends by itself.
func unheard(statement string) bool {
	call, _, _ := strings.Cut(strings.TrimPrefix(statement, "defer "), "(")
	for _, end := range []string{".Lock", ".RLock", ".Unlock", ".RUnlock", ".Stop", "log.Debug", "log.Info", "log.Warn", "log.Error"} {
		if strings.HasSuffix(call, end) {
			return true
		}
	}
	return call == "cancel" || call == "stop" || strings.HasPrefix(call, "slog.")
}

// add adds a mutant with a text in place of a node.
func (s *source) add(n ast.Node, of kind, text, change string, tests []*test) {
	at := s.set.Position(n.Pos())
	s.found = append(s.found, mutant{
		file: s.file, line: at.Line, function: s.function, change: change,
		from: at.Offset, to: s.set.Position(n.End()).Offset, text: text, kind: of, tests: tests,
	})
}

// at is what the tests ran at a position.
func (s *source) at(p token.Pos) *block {
	at := s.set.Position(p)
	return s.hits.at(at.Line, at.Column)
}

// union has each test of both lists once.
func union(list, more []*test) []*test {
	for _, t := range more {
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

// rawOf is the text of a node.
func (s *source) rawOf(n ast.Node) string {
	return string(s.text[s.set.Position(n.Pos()).Offset:s.set.Position(n.End()).Offset])
}

// textOf is the text of a node, on one line.
func (s *source) textOf(n ast.Node) string { return strings.Join(strings.Fields(s.rawOf(n)), " ") }

// lineOf is the line of a position, without its comment.
func (s *source) lineOf(p token.Pos) string {
	lines := strings.Split(string(s.text), "\n")
	line, _, _ := strings.Cut(lines[s.set.Position(p).Line-1], "//")
	return strings.Join(strings.Fields(line), " ")
}
