package lockbay

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// refused returns the code of a refusal, or "" for no error. It fails on any other error, and if the arguments differ
// from those of the code's sample.
func refused(t rapid.TB, err error) (string, map[string]string) {
	t.Helper()
	if err == nil {
		return "", nil
	}
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatalf("%v is no refusal", err)
	}
	samples := Refusals()
	at := slices.IndexFunc(samples, func(s Refusal) bool { return s.Code == r.Code })
	if at < 0 {
		t.Fatalf("code %q has no sample", r.Code)
	}
	for name := range samples[at].Args {
		if _, ok := r.Args[name]; !ok {
			t.Errorf("%s lacks %q", r.Code, name)
		}
	}
	if len(r.Args) != len(samples[at].Args) {
		t.Errorf("%s has arguments %v, its sample %v", r.Code, r.Args, samples[at].Args)
	}
	return r.Code, r.Args
}

func TestEveryCodeHasASample(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "refusal.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes, samples []string
	ast.Inspect(file, func(n ast.Node) bool {
		if decl, ok := n.(*ast.GenDecl); ok && decl.Tok == token.CONST {
			for _, spec := range decl.Specs {
				code, _ := strconv.Unquote(spec.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value)
				codes = append(codes, code)
			}
		}
		return true
	})
	for _, s := range Refusals() {
		samples = append(samples, s.Code)
	}
	slices.Sort(codes)
	slices.Sort(samples)
	if !slices.Equal(codes, samples) || len(codes) < 20 {
		t.Errorf("codes %v\nsamples %v", codes, samples)
	}
}

func TestRefusalIsSafeToLogAndKeep(t *testing.T) {
	_, err := ParseParty("Anna Smith", Self{})
	if strings.Contains(err.Error(), "Anna") {
		t.Errorf("%q tells what was typed", err)
	}
	b, _ := json.Marshal(err)
	var back Refusal
	if json.Unmarshal(b, &back); back.Code != SellerUnknown || back.Args["typed"] != "Anna Smith" {
		t.Errorf("%s came back as %+v", b, back)
	}
	Refusals()[2].Args["typed"] = "changed"
	if Refusals()[2].Args["typed"] == "changed" {
		t.Error("a caller can change the samples")
	}
}
