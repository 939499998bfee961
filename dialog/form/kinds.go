package form

import (
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// YesNo asks for yes or no; a draft without an answer has nil. The labels are the texts
// NAME:yes and NAME:no, else yes and no.
func YesNo[T any](name, ask string, field func(*T) **bool) Question[T] {
	values := []string{"yes", "no"}
	option := func(value string) Option { return Option{Value: value, code: value} }
	return Question[T]{
		Name: name, Ask: ask,
		Has: func(d *T) bool { return *field(d) != nil },
		Take: func(a Answer[T]) Taken {
			value, err := a.choice(values)
			if i, ok := meant(a.Text, []string{"y", "n"}); ok {
				value, err = values[i], nil
			}
			if err != nil {
				return Refused(err)
			}
			yes := value == values[0]
			*field(a.Draft) = &yes
			return Accepted()
		},
		Options: func(*T, dialog.View) []Option { return []Option{option(values[0]), option(values[1])} },
		Value: func(d *T) string {
			switch yes := *field(d); {
			case yes == nil:
				return ""
			case *yes:
				return values[0]
			}
			return values[1]
		},
		Clear:  func(d *T) { *field(d) = nil },
		option: option,
	}
}

// Many asks for one or more of some options. A tap adds an option or takes it away, and
// a button goes on with those that are chosen. A person may also type them, with commas
// between. The draft has the values in the order of the options. To add labels and
// details, or to offer some of the values, replace Options.
func Many[T any](name, ask string, field func(*T) *[]string, values ...string) Question[T] {
	options := make([]Option, len(values))
	for i, value := range values {
		options[i].Value = value
	}
	set := func(d *T, chosen []string) {
		*field(d) = nil
		for _, value := range values {
			if slices.Contains(chosen, value) {
				*field(d) = append(*field(d), value)
			}
		}
	}
	return Question[T]{
		Name: name, Ask: ask,
		Has: func(d *T) bool { return len(*field(d)) > 0 },
		Take: func(a Answer[T]) Taken {
			value, err := a.choice(values)
			if a.Tapped {
				if err != nil {
					return Refused(err)
				}
				chosen := slices.Clone(*field(a.Draft))
				if i := slices.Index(chosen, value); i >= 0 {
					chosen = slices.Delete(chosen, i, i+1)
				} else {
					chosen = append(chosen, value)
				}
				set(a.Draft, chosen)
				return StillOpen()
			}
			chosen := []string{value}
			if err != nil { // not one option: a list of them
				if chosen, err = a.list(values); err != nil {
					return Refused(err)
				}
			}
			set(a.Draft, chosen)
			return Accepted()
		},
		Check: func(d *T) error {
			for _, value := range *field(d) {
				if !slices.Contains(values, value) {
					return notOffered(value, values)
				}
			}
			return nil
		},
		Options: func(*T, dialog.View) []Option { return options },
		Clear:   func(d *T) { *field(d) = nil },
		many:    func(d *T) []string { return *field(d) },
	}
}

// list finds the options that a typed list means.
func (a Answer[T]) list(values []string) (chosen []string, err error) {
	for part := range strings.FieldsFuncSeq(a.Text, func(r rune) bool { return strings.ContainsRune(",;\n、،", r) }) {
		if strings.TrimSpace(part) == "" {
			continue
		}
		a.Text = part
		value, err := a.choice(values)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, value)
	}
	if len(chosen) == 0 {
		return nil, Refuse("none_chosen")
	}
	return chosen, nil
}

// Skipped are the names of the optional questions that a person has skipped. A draft has
// them in a field of its own.
type Skipped []string

// skip is the command, and the code of the button, that skips an optional question;
// skipValue is what the button carries.
const (
	skip      = "skip"
	skipValue = "#skip"
)

// Optional lets a person skip a question: by its button, by typing the button's label,
// or by /skip. A skipped question counts as answered, and its answer is removed. q needs
// Clear, which all kinds of this package have.
func Optional[T any](q Question[T], skipped func(d *T) *Skipped) Question[T] {
	inner := q
	is := func(d *T) bool { return slices.Contains(*skipped(d), q.Name) }
	name := func(s string) bool { return s == q.Name }
	q.skipped = is
	q.Has = func(d *T) bool { return is(d) || inner.Has(d) }
	q.Take = func(a Answer[T]) Taken {
		set := skipped(a.Draft)
		if a.Tapped && a.Text == skipValue {
			inner.Clear(a.Draft)
			*set = append(slices.DeleteFunc(slices.Clone(*set), name), q.Name)
			return Accepted()
		}
		took := inner.Take(a)
		if took.refused == nil && took.asked == "" {
			*set = slices.DeleteFunc(slices.Clone(*set), name)
		}
		return took
	}
	if inner.Check != nil {
		q.Check = func(d *T) error {
			if is(d) {
				return nil
			}
			return inner.Check(d)
		}
	}
	if inner.Confirm != nil {
		q.Confirm = func(d *T, in *dialog.Input) error {
			if is(d) {
				return nil
			}
			return inner.Confirm(d, in)
		}
	}
	if inner.Until != nil {
		q.Until = func(d *T, now time.Time) error {
			if is(d) {
				return nil
			}
			return inner.Until(d, now)
		}
	}
	return q
}
