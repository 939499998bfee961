// Package texts holds LockBay's texts in message catalogues: one file per language, read and checked when the program
// starts.
//
// The files have the format of go-i18n, which parses them and knows the plural rules of the languages. A placeholder is
// {name}; Go templates are not used. A card has about twenty texts and is rendered with every turn, so the texts are
// parsed once, and filling one in costs less than 300 ns.
package texts

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed *.toml
var files embed.FS

// Default is the language for people whose own language has no catalogue.
const Default = "en"

// isolated are the placeholders whose values may run in another direction than the text around them. The values are put
// between U+2068 and U+2069.
var isolated = map[string]bool{
	"typed": true, "id": true, "device": true, "person": true, "seller": true, "buyer": true, "buyer_first": true, "price": true, "words": true, "you": true, "amount": true, "value": true, "support": true,
	"a": true, "b": true, "write": true, "write_a": true, "write_b": true, "sign": true, "example": true, "example_days": true, "currencies": true,
	"pays": true, "gets": true, "fee": true, "least": true, "choice": true, "description": true, "was": true, "now": true,
}

var catalogues = mustLoad(files)

// Words is the text of a code in a language (BCP 47), with its placeholders filled in: a [dialog.Words]. An unknown code
// gives "". A text that the language lacks is in English. A placeholder without an argument stays as it is. Safe for
// concurrent use.
//
// [dialog.Words]: https://pkg.go.dev/github.com/lockbay/lockbay/dialog#Words
func Words(lang, code string, args map[string]string) string {
	c := find(lang)
	m := c.texts[code]
	if m == nil {
		if c = catalogues[Default]; c.texts[code] == nil {
			return ""
		}
		m = c.texts[code]
	}
	return m.fill(c, args)
}

// Languages are the languages of the catalogues, the default first.
func Languages() []string {
	all := []string{Default}
	for lang := range catalogues {
		if lang != Default {
			all = append(all, lang)
		}
	}
	slices.Sort(all[1:])
	return all
}

// Codes are all codes of a language, sorted.
func Codes(lang string) []string {
	var all []string
	for code := range find(lang).texts {
		all = append(all, code)
	}
	slices.Sort(all)
	return all
}

// Placeholders are the names in braces that a text of a language has, sorted.
func Placeholders(lang, code string) []string {
	var all []string
	if m := find(lang).texts[code]; m != nil {
		for _, f := range m.forms {
			for _, s := range f {
				if s.name != "" && !slices.Contains(all, s.name) {
					all = append(all, s.name)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// find is the catalogue of a language, of its first part, or the default one.
func find(lang string) *catalogue {
	if c := catalogues[lang]; c != nil {
		return c
	}
	if first, _, more := strings.Cut(lang, "-"); more {
		if c := catalogues[first]; c != nil {
			return c
		}
	}
	if c := catalogues[strings.ToLower(lang)]; c != nil {
		return c
	}
	return catalogues[Default]
}

// catalogue holds the texts of a language.
type catalogue struct {
	tag   language.Tag
	texts map[string]*text // code → text
}

// text is a parsed message. Most have one form.
type text struct {
	whole  string // the text, if it has neither placeholders nor plurals
	forms  [int(plural.Many) + 1][]segment
	plural bool
}

// segment is a literal part of a text, or a placeholder.
type segment struct {
	literal string
	name    string
	isolate bool
	named   string // code prefix of a number with a name: "month."
}

// fill puts arguments into a text.
func (m *text) fill(c *catalogue, args map[string]string) string {
	if m.whole != "" {
		return m.whole
	}
	form := m.forms[plural.Other]
	if m.plural {
		if f := m.forms[c.form(form, args)]; f != nil {
			form = f
		}
	}
	b := make([]byte, 0, 256)
	for i := range form {
		s := &form[i]
		if s.name == "" {
			b = append(b, s.literal...)
			continue
		}
		value, ok := args[s.name]
		switch {
		case !ok:
			b = append(append(append(b, '{'), s.name...), '}')
		case s.named != "":
			b = append(b, c.named(s.named, value)...)
		case s.isolate && !strings.HasPrefix(value, fsi):
			b = append(append(append(b, fsi...), value...), pdi...)
		default:
			b = append(b, value...)
		}
	}
	return string(b)
}

const (
	fsi = "\u2068" // first strong isolate
	pdi = "\u2069" // pop directional isolate
)

// named is the name of a month or weekday.
func (c *catalogue) named(prefix, number string) string {
	if m := c.texts[prefix+number]; m != nil {
		return m.whole
	}
	return number
}

// form is the plural form for {n}, or for the first placeholder with a number.
func (c *catalogue) form(other []segment, args map[string]string) plural.Form {
	if n, err := strconv.Atoi(args["n"]); err == nil {
		return c.formOf(n)
	}
	for i := range other {
		if other[i].name == "" {
			continue
		}
		if n, err := strconv.Atoi(args[other[i].name]); err == nil {
			return c.formOf(n)
		}
	}
	return plural.Other
}

// formOf is the plural form for a whole number. The rules use its absolute value (CLDR, TR 35 part 3).
func (c *catalogue) formOf(n int) plural.Form {
	if n < 0 {
		n = max(-n, 0)
	}
	return plural.Cardinal.MatchPlural(c.tag, n, 0, 0, 0, 0)
}

func mustLoad(fsys fs.FS) map[string]*catalogue {
	all, err := load(fsys)
	if err != nil {
		panic("texts: " + err.Error()) // the files are part of the program
	}
	return all
}

// load reads every catalogue. The bundle of go-i18n rejects a malformed file, and a language without plural rules in CLDR.
func load(fsys fs.FS) (map[string]*catalogue, error) {
	names, err := fs.Glob(fsys, "*.toml")
	if err != nil {
		return nil, err
	}
	bundle := i18n.NewBundle(language.MustParse(Default))
	bundle.RegisterUnmarshalFunc("toml", toml.Unmarshal)
	all := map[string]*catalogue{}
	for _, name := range names {
		lang := strings.TrimSuffix(path.Base(name), ".toml")
		if _, err := language.Parse(lang); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		file, err := bundle.LoadMessageFileFS(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c := &catalogue{tag: file.Tag, texts: make(map[string]*text, len(file.Messages))}
		for _, m := range file.Messages {
			if c.texts[m.ID], err = compile(m); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", name, m.ID, err)
			}
		}
		all[lang] = c
	}
	if all[Default] == nil {
		return nil, fmt.Errorf("%s.toml is missing", Default)
	}
	return all, nil
}

// compile parses a message.
func compile(m *i18n.Message) (*text, error) {
	t := &text{}
	for form, s := range map[plural.Form]string{
		plural.Zero: m.Zero, plural.One: m.One, plural.Two: m.Two, plural.Few: m.Few, plural.Many: m.Many, plural.Other: m.Other,
	} {
		if s == "" {
			continue
		}
		parts, err := split(s)
		if err != nil {
			return nil, err
		}
		t.forms[form] = parts
		t.plural = t.plural || form != plural.Other
	}
	other := t.forms[plural.Other]
	if other == nil {
		return nil, fmt.Errorf("lacks the form \"other\"")
	}
	if !t.plural && len(other) == 1 && other[0].name == "" {
		t.whole = other[0].literal
	}
	return t, nil
}

// split splits a text at its placeholders.
func split(s string) (parts []segment, err error) {
	for s != "" {
		literal, rest, more := strings.Cut(s, "{")
		if strings.Contains(literal, "}") {
			return nil, fmt.Errorf("a closing brace lacks its opening brace")
		}
		if literal != "" {
			parts = append(parts, segment{literal: literal})
		}
		if !more {
			return parts, nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" || name == "" {
			return nil, fmt.Errorf("{%s is not a placeholder", name)
		}
		p := segment{name: name, isolate: isolated[name]}
		if name == "weekday" || name == "month" {
			p.named = name + "."
		}
		parts, s = append(parts, p), after
	}
	return parts, nil
}
