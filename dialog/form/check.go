package form

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
)

// nameMax is the longest name of a question, in bytes. A button has the name, a value
// of up to buttonMax bytes, the draft and the revision in the 64 bytes of Telegram.
const nameMax = 24

// complete finds what a question lacks.
func (q *Question[T]) complete() error {
	control := func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }
	switch {
	case q.Name == "" || len(q.Name) > nameMax || strings.ContainsAny(q.Name, ":|") || strings.ContainsFunc(q.Name, control) || q.Name != strings.TrimSpace(q.Name):
		return fmt.Errorf("question %q: a name has 1 to %d bytes, without colon, |, control characters and blanks around it, since buttons carry it", q.Name, nameMax)
	case q.Has == nil || q.Take == nil || q.Show == nil && q.Value == nil && q.many == nil:
		return fmt.Errorf("question %q needs Has, Take, and Show or Value", q.Name)
	case q.skipped != nil && q.Clear == nil:
		return fmt.Errorf("question %q is optional and needs Clear", q.Name)
	}
	return nil
}

// kept finds an answer that the question accepts and the draft then lacks, such as 0 in an
// int: the question would be asked again without a word.
func (q *Question[T]) kept() error {
	for _, text := range tries {
		lacks := false
		try(func() {
			a := Answer[T]{Draft: new(T), Text: text, Input: &dialog.Input{}}
			lacks = !q.Side && q.when(a.Draft) && q.Take(a).OK() && !q.Has(a.Draft)
		})
		if lacks {
			return fmt.Errorf("question %q accepts %.20q, and Has finds no answer in the draft then. A field in which 0 is an answer is an *int", q.Name, text)
		}
	}
	return nil
}

// parts are the texts of a question: NAME.ask.
var parts = []string{"ask", "hint", "after", "label", "soon", "aria", "open", "again", "choice", "now"}

// reserved reports whether the form itself uses the name: for a state, an action, or a
// text of its own.
func reserved(name string) bool {
	if openOf(&dialog.Record{Open: name}).state != opened || slices.Contains(actions, name) {
		return true
	}
	return slices.ContainsFunc(parts, func(part string) bool { return english[name+"."+part] != "" })
}

// worded finds a missing text: of the question, or of an option beside options with
// texts. It finds an option that no answer can mean.
func (f *Form[T]) worded(q *Question[T]) error {
	var v dialog.View
	if q.Ask == "" && f.words(v, q, "ask", "", nil) == "" {
		return fmt.Errorf("question %q has no text: set Ask, or add %s.ask to Words", q.Name, q.Name)
	}
	if q.Options == nil {
		return nil
	}
	with, without := "", ""
	seen := map[string]bool{}
	for _, o := range q.Options(new(T), v) {
		switch {
		case !dialog.Visible(o.Value):
			return fmt.Errorf("question %q: an option has the empty value, which is no answer", q.Name)
		case seen[o.Value]:
			return fmt.Errorf("question %q: two options have the value %q", q.Name, o.Value)
		case f.say(v, labelCode(q.Name, o.Value), nil) != "":
			with = o.Value
		case o.Label == "" && o.code == "" && o.day.IsZero():
			without = o.Value
		}
		seen[o.Value] = true
	}
	if with != "" && without != "" {
		return fmt.Errorf("option %q of question %q has no label: add %s to Words, as for %q", without, q.Name, labelCode(q.Name, without), with)
	}
	return nil
}

// tries are answers that Untold and kept give to each question.
var tries = []string{"", "x", "0", "1", "-1", "999999999", "2000-01-01", "9999-12-31", strings.Repeat("x", 5000)}

// Untold are codes without a text that the questions refuse with or ask on with. It
// tries a few answers, so it finds some of them; dialog.New reports these as trouble.
func (f Form[T]) Untold() []string {
	var codes []string
	note := func(code string) {
		if code != "" && f.voice(dialog.View{}).Tell(dialog.View{}, &dialog.Said{Code: code}) == "" && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	for i := range f.Questions {
		q := &f.Questions[i]
		for _, text := range tries {
			for _, tapped := range []bool{false, true} {
				took, d := Taken{}, new(T)
				try(func() {
					took = q.Take(Answer[T]{Draft: d, Text: text, Tapped: tapped, Input: &dialog.Input{}})
				})
				note(took.asked)
				if took.refused != nil {
					note(took.refused.Code)
				}
			}
		}
	}
	return codes
}

// try calls a function that may not be made for these answers.
func try(f func()) {
	defer func() { _ = recover() }()
	f()
}
