package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// TestEngineKnowsNoFlow: the engine contains no word of a form or an escrow,
// and no text for people.
func TestEngineKnowsNoFlow(t *testing.T) {
	for _, fault := range flowWords(house(t)) {
		t.Error(fault)
	}
}

// TestFlowWordsAreSeen: the check finds each kind of fault.
func TestFlowWordsAreSeen(t *testing.T) {
	for code, want := range map[string]string{
		`const x = "old_button"`:                         "",
		`var err = errors.New("wait for its turn: %w")`:  "",
		`type x struct { A string ` + "`json:\"open\"`}": "",
		`var ok = in.Name == "confirm"`:                  `says "confirm"`,
		`const EventPaid = "x"`:                          "names EventPaid",
		`func DealOf() {}`:                               "names DealOf",
		`var text = "Something is wrong."`:               "says \"Something is wrong.\" to a person",
		`var text = "Back"`:                              "says \"Back\" to a person",
		`const prefix = "escrow_draft:"`:                 `says "escrow_draft:"`,
	} {
		got := strings.Join(flowWords(fstest.MapFS{"dialog/a.go": {Data: []byte("package dialog\n" + code)}}), "\n")
		if (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}

var (
	// flowWord matches words of the flows on the engine: of an escrow, and the
	// codes, actions and states of a form.
	flowWord = regexp.MustCompile(`(?i)escrow|seller|buyer|paid|payment|lapse|confirm|undo|undone|resume|renewed|welcome|remind|\bdeal`)
	// ofFlow matches such words in a name: EventPaid, DealOf.
	ofFlow = regexp.MustCompile(`(?i)escrow|seller|buyer|confirm|remind|undo|lapse|(?-i:Paid|Deal(?:$|s|[A-Z]))`)
	// forPeople matches texts for people, which begin with a capital letter.
	// Errors and logs begin with a small one.
	forPeople = regexp.MustCompile(`^[A-Z][a-z]+(?:[ .!?,:].*|$)`)
)

// flowWords lists the words of flows in the engine and in the store of its
// drafts.
func flowWords(house fs.FS) (faults []string) {
	for _, name := range sources(house) {
		folder := path.Dir(name)
		if folder != "dialog" && folder != "dialog/redisdrafts" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(house, name)
		if err != nil {
			return append(faults, err.Error())
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return append(faults, err.Error())
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.Field: // tags are not texts
				n.Tag = nil
			case *ast.Ident:
				if ofFlow.MatchString(n.Name) {
					faults = append(faults, fmt.Sprintf("%s: names %s: a word of a flow", set.Position(n.Pos()), n.Name))
				}
			case *ast.BasicLit:
				says, err := strconv.Unquote(n.Value)
				switch {
				case n.Kind != token.STRING || err != nil:
				case flowWord.MatchString(says):
					faults = append(faults, fmt.Sprintf("%s: says %q: a word of a flow", set.Position(n.Pos()), says))
				case forPeople.MatchString(says):
					faults = append(faults, fmt.Sprintf("%s: says %q to a person: texts come from flows and channels", set.Position(n.Pos()), says))
				}
			}
			return true
		})
	}
	return faults
}
