package form_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// refusing is a form whose answers are refused with err.
func refusing(err error) form.Form[Order] {
	return form.Form[Order]{Name: "pizza", Submit: func(Order, *dialog.Turn) string { return "" }, Questions: []form.Question[Order]{
		form.Text("size", "What size?", func(o *Order) *string { return &o.Size }, func(string) error { return err })}}
}

// TestNoRefusalIsSilent: whatever error refuses an answer, the card says something, and
// never a text with holes.
func TestNoRefusalIsSilent(t *testing.T) {
	say := func(t rapid.TB, err error) dialog.Card {
		k := dialogtest.NewTalk(dialog.NewMemory(), refusing(err))
		defer k.Close()
		k.Quiet = true
		k.Say("/create")
		k.Say("large")
		return k.Card()
	}
	const sold = "Sold out." // a sentence for people
	for err, want := range map[error]string{
		form.Refuse("day_past"): "day_past", form.Refuse("date.past"): "date.past", form.Refuse("keep.out"): "keep.out", form.Refuse("clock.stopped"): "clock.stopped",
		form.Refuse("unusable.pineapple"): "We cannot read this as an answer. Write it in words.", form.Refuse(""): "We cannot read this as an answer. Write it in words.",
		errors.New(sold): sold, errors.New(" "): "We cannot read this as an answer. Write it in words.",
		fmt.Errorf("check: %w", form.Refuse("empty")): "Write an answer.",
	} {
		if c := say(t, err); c.Refusal != want {
			t.Errorf("%#v: the card says %q, want %q", err, c.Refusal, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[a-z_.]{0,12}`).Draw(t, "code")
		if c := say(t, form.Refuse(code)); strings.TrimSpace(c.Refusal) == "" || strings.Contains(code, ".") && strings.ContainsAny(c.Refusal, "{}") {
			t.Fatalf("%q: the card says %q", code, c.Refusal)
		}
	})
}

// A nil *Refusal in an error accepts the answer, and keeps it valid.
func TestNilRefusal(t *testing.T) {
	var none *form.Refusal
	k := dialogtest.NewTalk(dialog.NewMemory(), refusing(none))
	defer k.Close()
	k.Say("/create")
	k.Say("large")
	if k.Record.Step != "" {
		t.Errorf("the card is %+v", k.Card())
	}
}

// TestNewReportsCodes: New tries the questions, and reports codes without a text once.
func TestNewReportsCodes(t *testing.T) {
	var told []string
	cfg := dialog.Config{Recorder: dialog.Recorder{Trouble: func(what string, _ error) { told = append(told, what) }}}
	f := refusing(form.Refuse("day_past"))
	f.Questions = append(f.Questions, form.Question[Order]{Name: "count", Ask: "How many?", Has: func(*Order) bool { return false }, Show: func(*Order, dialog.View) string { return "" },
		Take: func(a form.Answer[Order]) form.Taken {
			if a.Text == "0" {
				return form.AskedOn("none_at_all")
			}
			return form.Refused(form.Refuse(a.Draft.Address + a.Input.Serial.Series[:1])) // a panic of the try
		}})
	if _, err := dialog.New(dialog.NewMemory(), cfg, f); err != nil {
		t.Fatal(err)
	}
	if want := []string{"code day_past", "code none_at_all"}; !slices.Equal(told, want) {
		t.Errorf("reported are %q, want %q", told, want)
	}
}

// TestCodesAreDocumented: the documentation of English names each code of the form, with
// the values that its text may fill in.
func TestCodesAreDocumented(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "english.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	doc, texts := "", map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			if x.Name.Name == "English" {
				doc = x.Doc.Text()
			}
		case *ast.KeyValueExpr:
			key, isKey := x.Key.(*ast.BasicLit)
			value, isValue := x.Value.(*ast.BasicLit)
			if isKey && isValue {
				code, _ := strconv.Unquote(key.Value)
				texts[code], _ = strconv.Unquote(value.Value)
			}
		}
		return true
	})
	rows := map[string]string{} // code → its line
	for line := range strings.Lines(doc) {
		if !strings.HasPrefix(line, "\t") {
			continue
		}
		for code := range strings.FieldsSeq(line) {
			rows[code] = line
		}
	}
	for code, text := range texts {
		values, ok := rows[code]
		if !ok {
			t.Errorf("the documentation of English lacks %s", code)
		}
		for _, name := range regexp.MustCompile(`\{[a-z_]+\}`).FindAllString(text, -1) {
			if !strings.Contains(values, name) {
				t.Errorf("%s: the documentation lacks %s", code, name)
			}
		}
	}
	if len(texts) < 60 {
		t.Errorf("only %d texts", len(texts))
	}
}
