package form

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/decimal"
)

// Date asks for a day, stored as midnight UTC. The next seven days that the checks accept
// are offered, and a person may type a day: tomorrow, friday, 5 Dec, 24.12., 2026-12-24,
// in 3 days. A day without a year is the next one. An answer with two meanings, such as
// 5/6, is asked back.
//
// The checks get the day, and the day that it is now in the zone of the cards. They hold
// for as long as the draft lives: a day that has passed is asked again.
func Date[T any](name, ask string, field func(*T) *time.Time, checks ...func(day, today time.Time) error) Question[T] {
	check := func(day, today time.Time) error {
		for _, c := range checks {
			if err := c(day, today); asRefusal(err) != nil {
				return err
			}
		}
		return nil
	}
	option := func(value string) Option {
		day, _ := time.Parse(time.DateOnly, value) // none for ""
		return Option{Value: value, day: day}
	}
	value := func(d *T) string {
		if field(d).IsZero() {
			return ""
		}
		return field(d).UTC().Format(time.DateOnly)
	}
	return Question[T]{
		Name: name, Ask: ask,
		Has: func(d *T) bool { return !field(d).IsZero() },
		Take: func(a Answer[T]) Taken {
			today := dayOf(a.Now)
			text := a.Text
			if o, ok := a.offered(); ok {
				text = o.Value
			}
			day, err := parseDay(text, today)
			if err == nil {
				err = check(day, today)
			}
			if err != nil {
				return Refused(err)
			}
			*field(a.Draft) = day
			return Accepted()
		},
		Until: func(d *T, now time.Time) error { return check(field(d).UTC(), dayOf(now)) },
		Options: func(_ *T, v dialog.View) (list []Option) {
			today := dayOf(inZone(v.Now, v.Zone))
			for n := 0; n < daysAhead && len(list) < daysOffered; n++ {
				if day := today.AddDate(0, 0, n); check(day, today) == nil {
					list = append(list, Option{Value: day.Format(time.DateOnly), day: day})
				}
			}
			return list
		},
		Value:  value,
		Typed:  value,
		Pose:   func(_ *T, _ dialog.View, c *dialog.Card) { c.First, c.Field = true, &dialog.Field{Input: "text"} },
		Clear:  func(d *T) { *field(d) = time.Time{} },
		option: option,
	}
}

// daysOffered is how many days Date offers, of the next daysAhead.
const (
	daysOffered = 7
	daysAhead   = 366
)

// Days checks that a day is from low to high days after today; 0 is today.
func Days(low, high int) func(day, today time.Time) error {
	return func(day, today time.Time) error {
		first, last := today.AddDate(0, 0, low), today.AddDate(0, 0, high)
		if day.Before(first) || day.After(last) {
			return Refuse("not_between", "typed", day.Format(time.DateOnly), "low", first.Format(time.DateOnly), "high", last.Format(time.DateOnly))
		}
		return nil
	}
}

// dayOf is the day of a time in its zone, as midnight UTC.
func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// offered is the option that the answer means by its label.
func (a *Answer[T]) offered() (o Option, ok bool) {
	if a.offers == nil {
		return o, false
	}
	offered := a.offers()
	labels := make([]string, len(offered))
	for i, o := range offered {
		labels[i] = o.Label
	}
	i, ok := meant(a.Text, labels)
	if !ok {
		return o, false
	}
	return offered[i], true
}

var (
	weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	months   = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
)

// word finds a word among names, written out or as its first letters, at least three.
func word(s string, names []string) (int, bool) {
	if len(s) < 3 {
		return 0, false
	}
	i := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, s) })
	return i, i >= 0
}

// parseDay reads a day as people type it. The error is a *Refusal.
func parseDay(text string, today time.Time) (time.Time, error) {
	unclear := Refuse("not_date", "typed", strings.TrimSpace(text), "example", today.AddDate(0, 0, 1).Format(time.DateOnly))
	words := strings.Fields(strings.ToLower(strings.NewReplacer(",", " ", "\u2068", "", "\u2069", "").Replace(decimal.ASCII(text))))
	switch in := strings.Join(words, " "); in {
	case "today":
		return today, nil
	case "tomorrow":
		return today.AddDate(0, 0, 1), nil
	case "day after tomorrow", "the day after tomorrow":
		return today.AddDate(0, 0, 2), nil
	}
	if len(words) == 3 && words[0] == "in" && (words[2] == "days" || words[2] == "day") {
		if n := digits(words[1]); n >= 0 && n <= 5000 {
			return today.AddDate(0, 0, n), nil
		}
		return time.Time{}, unclear
	}
	weekday, hasWeekday := -1, false
	if len(words) > 0 {
		if weekday, hasWeekday = word(strings.TrimSuffix(words[0], "."), weekdays); hasWeekday {
			words = words[1:]
		}
	}
	if hasWeekday && len(words) == 0 {
		ahead := (weekday - int(today.Weekday()) + 7) % 7
		if ahead == 0 {
			return time.Time{}, either(text, today, today.AddDate(0, 0, 7))
		}
		return today.AddDate(0, 0, ahead), nil
	}
	days := readings(words, today)
	if hasWeekday { // it decides between two meanings, and must be right
		days = slices.DeleteFunc(days, func(day time.Time) bool { return int(day.Weekday()) != weekday })
	}
	switch {
	case len(days) == 0:
		return time.Time{}, unclear
	case len(days) > 1 && !days[0].Equal(days[1]):
		return time.Time{}, either(text, days[0], days[1])
	}
	return days[0], nil
}

// either asks back which of two days is meant.
func either(text string, a, b time.Time) error {
	return Refuse("date_unclear", "typed", strings.TrimSpace(text), "a", a.Format(time.DateOnly), "b", b.Format(time.DateOnly))
}

// readings are the days that a date can mean: one, or two where day and month are not
// distinguished.
func readings(words []string, today time.Time) (days []time.Time) {
	add := func(year, month, day int) {
		if d, ok := dayAt(year, month, day, today); ok {
			days = append(days, d)
		}
	}
	if len(words) == 1 {
		s := words[0]
		for _, sep := range []string{"-", "/", "."} {
			parts := strings.Split(strings.TrimSuffix(s, sep), sep)
			if len(parts) < 2 || len(parts) > 3 {
				continue
			}
			a, b, year := digits(parts[0]), digits(parts[1]), 0
			if len(parts) == 3 {
				year = typedYear(parts[2])
			}
			if len(parts[0]) == 4 {
				if len(parts) == 3 {
					add(typedYear(parts[0]), b, digits(parts[2]))
				}
				return days
			}
			add(year, b, a) // the day first
			if sep != "." {
				add(year, a, b)
			}
			return days
		}
		return nil
	}
	if len(words) > 3 || len(words) < 2 {
		return nil
	}
	year := 0
	if len(words) == 3 {
		if year = typedYear(words[2]); len(words[2]) != 4 {
			return nil
		}
	}
	for _, at := range [][2]int{{0, 1}, {1, 0}} { // 5 Dec, Dec 5
		if month, named := word(strings.TrimSuffix(words[at[1]], "."), months); named {
			add(year, month+1, digits(ordinal(words[at[0]])))
		}
	}
	return days
}

// ordinal removes what follows the number of a day: 5th, 5.
func ordinal(s string) string {
	for _, end := range []string{"st", "nd", "rd", "th", "."} {
		if short, ok := strings.CutSuffix(s, end); ok {
			return short
		}
	}
	return s
}

// typedYear reads a year. Without one it is -1, also for 0, which dayAt takes for the next one.
func typedYear(s string) int {
	if year := digits(s); year > 0 {
		return year
	}
	return -1
}

// dayAt is a day of the calendar. Year 0 is the next one that has the day; a year of two
// digits is of this century.
func dayAt(year, month, day int, today time.Time) (time.Time, bool) {
	if year < 0 || month < 1 || month > 12 || day < 1 || day > 31 {
		return time.Time{}, false
	}
	first, last := year, year
	switch {
	case year == 0:
		first, last = today.Year(), today.Year()+8 // 29 Feb may be that far
	case year < 100:
		first, last = 2000+year, 2000+year
	case year < 1000:
		return time.Time{}, false
	}
	for y := first; y <= last; y++ {
		d := time.Date(y, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if d.Day() == day && (year != 0 || !d.Before(today)) {
			return d, true
		}
	}
	return time.Time{}, false
}

// digits reads a number of one to four digits, as decimal.ASCII writes them; -1: it is none.
func digits(s string) int {
	if s == "" || len(s) > 4 || strings.Trim(s, "0123456789") != "" {
		return -1
	}
	n, _ := strconv.Atoi(s)
	return n
}
