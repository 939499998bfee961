package ticket

import (
	"slices"
	"strings"
	"unicode"
)

// Class is what a ticket is about.
type Class string

// The classes. Phrases decide between the first four; Interview is a yes to a request.
const (
	Progress  Class = "progress" // answers were lost, or asked for again
	Dispute   Class = "dispute"  // between the two sides
	Payment   Class = "payment"
	Other     Class = "other"
	Interview Class = "interview" // the person may be asked
)

// Classes are all classes. A text with phrases of several of them is of the first one.
var Classes = []Class{Progress, Dispute, Payment, Other, Interview}

// IsClass reports whether there is a class of this name.
func IsClass(name string) bool { return slices.Contains(Classes, Class(name)) }

// classify finds the class of a text, and the phrase that decided it. phrases are those of a class, in lower case, see
// texts.Phrases. It is about meaning alone: capitals, punctuation and spaces do not matter.
func classify(text string, phrases func(class string) []string) (Class, string) {
	words := " " + strings.Join(wordsOf(text), " ") + " "
	for _, class := range Classes {
		for _, phrase := range phrases(string(class)) {
			if has(words, phrase) {
				return class, phrase
			}
		}
	}
	return Other, ""
}

// has reports whether words, each between spaces, contain a phrase.
func has(words, phrase string) bool {
	want, open := strings.CutSuffix(phrase, "*")
	if !open {
		want += " "
	}
	if rest, open := strings.CutPrefix(want, "*"); open {
		return strings.Contains(words, rest)
	}
	return strings.Contains(words, " "+want)
}

// wordsOf are the words of a text in lower case. An apostrophe inside a word belongs to it, in each of its forms.
func wordsOf(text string) []string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case r == '’', r == 'ʼ', r == '`':
			return '\''
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return unicode.ToLower(r)
	}, text)
	return strings.FieldsFunc(plain, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && r != '\''
	})
}
