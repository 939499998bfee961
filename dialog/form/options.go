package form

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
)

// Option is an answer that a question offers as a button. Its label is the text
// NAME:VALUE of the form's Words, which is also the button's action: size:large.
// A colon stands in no other code.
//
// Where a channel has no room for details (View.Details), the text NAME.choice
// joins {what} and {detail} in the label; elsewhere the text NAME.now marks the
// chosen option, {what}. Without these texts the label stands alone.
type Option struct {
	Value  string // what Take gets, and Choose stores
	Label  string // where Words have no text; defaults to Value
	Detail string // beside the label

	code string    // of its label, instead of Label
	day  time.Time // which is its label; zero: none
}

// Choose asks for one of some options. A person taps one, or types its value or
// its label in any case of letters. To add labels and details, or to offer some of
// the values, replace Options.
func Choose[T any](name, ask string, field func(*T) *string, values ...string) Question[T] {
	options := make([]Option, len(values))
	for i, value := range values {
		options[i].Value = value
	}
	return Question[T]{
		Name: name, Ask: ask,
		Has: func(d *T) bool { return *field(d) != "" },
		Take: func(a Answer[T]) Taken {
			value, err := a.choice(values)
			if err != nil {
				return Refused(err)
			}
			*field(a.Draft) = value
			return Accepted()
		},
		Check: func(d *T) error {
			if _, ok := meant(*field(d), values); !ok {
				return notOffered(*field(d), values)
			}
			return nil
		},
		Options: func(*T, dialog.View) []Option { return options },
		Value:   func(d *T) string { return *field(d) },
		Clear:   func(d *T) { *field(d) = "" },
	}
}

func notOffered(typed string, options []string) error {
	return Refuse("not_offered", "typed", typed, "options", strings.Join(options, ", "))
}

// choice finds the value that the answer means: the value itself, else the option of
// this label.
func (a *Answer[T]) choice(values []string) (string, error) {
	if i, ok := meant(a.Text, values); ok {
		return values[i], nil
	}
	labels := values
	if a.offers != nil {
		offered := a.offers()
		labels = make([]string, len(offered))
		for i, o := range offered {
			labels[i] = o.Label
		}
		if i, ok := meant(a.Text, labels); ok && slices.Contains(values, offered[i].Value) {
			return offered[i].Value, nil
		}
	}
	return "", notOffered(a.Text, labels)
}

// meant finds s among texts: exactly, else trimmed and in any case of letters.
func meant(s string, texts []string) (int, bool) {
	if i := slices.Index(texts, s); i >= 0 {
		return i, true
	}
	s = strings.TrimSpace(s)
	i := slices.IndexFunc(texts, func(text string) bool { return strings.EqualFold(strings.TrimSpace(text), s) })
	return i, i >= 0
}

// buttonMax is the longest option, in bytes, that stands in its button. A button's
// data has 64 bytes on Telegram, with the question's name, the draft and the revision.
const buttonMax = 16

// button is what the button of an option carries: the option's value, or the hash of
// a value that does not fit. Both stay right when options are added or move.
func button(value string) string {
	plain := func(r rune) bool { return !unicode.IsControl(r) && r != '|' && r != '#' && r != utf8.RuneError }
	if len(value) > buttonMax || value == "" || value != strings.TrimSpace(value) || strings.TrimLeftFunc(value, plain) != "" {
		h := fnv.New64a()
		h.Write([]byte(value)) // never fails
		return "#" + strconv.FormatUint(h.Sum64(), 36)
	}
	return value
}

// carried is the value of the option whose button carries text; text itself if there
// is none.
func carried(text string, options []Option) string {
	for _, o := range options {
		if button(o.Value) == text {
			return o.Value
		}
	}
	return text
}

// options are the question's options with their labels.
func (f *Form[T]) options(q *Question[T], d *T, v dialog.View) []Option {
	if q.Options == nil {
		return nil
	}
	list := slices.Clone(q.Options(d, v))
	for i := range list {
		list[i].Label = f.label(v, q, list[i])
	}
	return list
}

func (f *Form[T]) label(v dialog.View, q *Question[T], o Option) string {
	own := o.Label
	switch {
	case o.code != "":
		own = f.say(v, o.code, nil)
	case !o.day.IsZero():
		own = f.voice(v).Weekday(v, o.day)
	}
	return cmp.Or(f.say(v, labelCode(q.Name, o.Value), nil), cmp.Or(own, o.Value))
}

// labelCode is the code of an option's label.
func labelCode(question, value string) string { return question + ":" + value }

// chose reports whether an option is the answer, or one of its parts.
func (q *Question[T]) chose(d *T, value string) bool {
	if q.many != nil {
		return slices.Contains(q.many(d), value)
	}
	return q.Value != nil && q.Value(d) == value
}

// choices are the buttons of a question's options.
func (f *Form[T]) choices(q *Question[T], d *T, v dialog.View) []dialog.Button {
	options := f.options(q, d, v)
	list := make([]dialog.Button, len(options))
	for i, o := range options {
		b := dialog.Button{Action: q.Name + ":" + button(o.Value), Label: o.Label, Detail: o.Detail}
		b.Chosen = q.chose(d, o.Value)
		switch {
		case o.Detail != "" && !v.Details:
			b.Label = f.words(v, q, "choice", o.Label, map[string]string{"what": o.Label, "detail": o.Detail})
		case b.Chosen && v.Details:
			b.Label = f.words(v, q, "now", o.Label, map[string]string{"what": o.Label})
		}
		list[i] = b
	}
	return list
}
