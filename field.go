package lockbay

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Field is one field of [Terms]: its names, and how it reads, is checked and is hashed. A field is a text, a number, or
// both (an amount). Safe for concurrent use.
type Field struct {
	Name    string   // on cards, in lists, and first part of its texts: seller, seller.label
	Key     string   // in the JSON of Terms
	Text    string   // name of its text in lists, if it has a text. Defaults to Name
	Number  string   // name of its number in lists; empty: the field has no number
	Unit    string   // of the number, in tables: h
	Options []string // the allowed words; empty: any value that check accepts
	Long    bool     // too long for a line of a table
	InSums  bool     // shown by the sums of a quote, so a deal's card has no line for it

	// Personal marks what names or describes people, or what they wrote: see [Escrow.Forget].
	Personal bool

	// founding marks the fields of the first version: see appendTerms.
	founding bool

	text   func(t *Terms) string                           // for comparing, hashing and listing
	number func(t *Terms) int64                            // in its unit
	word   func(t *Terms) *string                          // instead of text, check, sample and read: one of Options
	shown  func(t *Terms) string                           // as people recognise it. Defaults to text
	check  func(t *Terms, r *Rules) error                  // nil, or a *Refusal
	sample func(t *Terms, n int)                           // sets the n-th of many values that DefaultRules accept
	read   func(t *Terms, text string, number int64) error // sets the value that text and number give
}

// FieldOf returns the field of this name, or nil.
func FieldOf(name string) *Field {
	for _, f := range Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Words is the field's text; empty where it has none.
func (f *Field) Words(t *Terms) string {
	switch {
	case f.word != nil:
		return *f.word(t)
	case f.text != nil:
		return f.text(t)
	}
	return ""
}

// Count is the field's number in its unit; 0 where it has none.
func (f *Field) Count(t *Terms) int64 {
	if f.number == nil {
		return 0
	}
	return f.number(t)
}

// Given reports whether the field has a value.
func (f *Field) Given(t *Terms) bool { return f.Words(t) != "" || f.Count(t) != 0 }

// Same reports whether two terms agree in this field.
func (f *Field) Same(a, b *Terms) bool { return f.Words(a) == f.Words(b) && f.Count(a) == f.Count(b) }

// Shown is the field's text as people recognise it.
func (f *Field) Shown(t *Terms) string {
	if f.shown != nil {
		return f.shown(t)
	}
	return f.Words(t)
}

// Cell is the field in a table for operators: its number with the unit, its text, or both.
func (f *Field) Cell(t *Terms) string {
	if f.number == nil {
		return f.Words(t)
	}
	number := strconv.FormatInt(f.Count(t), 10)
	return strings.Join(strings.Fields(number+" "+f.Unit+" "+f.Words(t)), " ")
}

// hasText reports whether the field has a text.
func (f *Field) hasText() bool { return f.text != nil || f.word != nil }

// textName is the name of the field's text in lists.
func (f *Field) textName() string { return cmp.Or(f.Text, f.Name) }

// Check checks the field of finished terms against the current rules. The error is a [*Refusal]. A missing answer is
// refused like the shortest wrong one.
func (f *Field) Check(t *Terms, r *Rules) error {
	if f.word != nil {
		return f.CheckWord(*f.word(t))
	}
	return f.check(t, r)
}

// CheckWord refuses a word outside Options.
func (f *Field) CheckWord(word string) error {
	if !slices.Contains(f.Options, word) {
		return refuse(NotOffered, "typed", word, "options", strings.Join(f.Options, ", "))
	}
	return nil
}

// Sample sets the field to the n-th of many values (n from 0) that [DefaultRules] accept. Sellers and descriptions of
// different n differ.
func (f *Field) Sample(t *Terms, n int) {
	if f.word != nil {
		*f.word(t) = f.Options[n%len(f.Options)]
		return
	}
	f.sample(t, n)
}

func sampleName(n int) string { return "seller_" + strconv.Itoa(n) }

func sampleText(n int) string { return fmt.Sprintf("Dinner set no. %d, celadon glaze", n) }

// Value is a part of a term under its name in lists: a string, or an int64.
type Value struct {
	Name string
	Is   any
}

// Values are all terms as lists have them.
func (t *Terms) Values() []Value {
	list := make([]Value, 0, 2*len(Fields))
	for _, f := range Fields {
		if f.number != nil {
			list = append(list, Value{f.Number, f.number(t)})
		}
		if f.hasText() {
			list = append(list, Value{f.textName(), f.Words(t)})
		}
	}
	return list
}

// Given are the values of the answers that were given.
func (t *Terms) Given() (list []Value) {
	for _, v := range t.Values() {
		if v.Is != "" && v.Is != int64(0) {
			list = append(list, v)
		}
	}
	return list
}

// TermsOf reads the terms of a decoded line of a list, by their names there. Numbers in it are int64 or json.Number.
func TermsOf(line map[string]any) (t Terms, err error) {
	for _, f := range Fields {
		var text string
		var number int64
		if f.hasText() {
			text, _ = line[f.textName()].(string)
		}
		if f.number != nil {
			if number, err = strconv.ParseInt(fmt.Sprint(line[f.Number]), 10, 64); err != nil {
				return Terms{}, fmt.Errorf("%s: %w", f.Number, err)
			}
		}
		if f.word != nil {
			*f.word(&t) = text
		} else if err := f.read(&t, text, number); err != nil {
			return Terms{}, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return t, nil
}

// appendTerms appends the fields of the first version to the input of a quote's hash. The sums stand between their texts
// and numbers.
//
// A stored draft carries the hash of the quote that its buyer read, and Confirm compares the two. So these fields keep
// their order. A later field follows them with its key, and only if it has a value: older drafts keep their hashes.
func appendTerms(b []byte, t *Terms, sums ...int64) []byte {
	for _, f := range Fields {
		if f.founding && (f.text != nil || f.word != nil) {
			b = appendText(b, f.Words(t))
		}
	}
	b = appendNumbers(b, sums...)
	for _, f := range Fields {
		if f.founding && f.number != nil && !f.InSums {
			b = appendNumbers(b, f.number(t))
		}
	}
	return b
}

// appendLater appends the fields that came after the first version: see appendTerms.
func appendLater(b []byte, t *Terms) []byte {
	for _, f := range Fields {
		if !f.founding && f.Given(t) {
			b = appendText(appendText(b, f.Key), f.Words(t))
			b = appendNumbers(b, f.Count(t))
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s))) // lengths keep neighbours apart
	return append(b, s...)
}

func appendNumbers(b []byte, numbers ...int64) []byte {
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
	}
	return b
}
