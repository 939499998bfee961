package dialog

import (
	"cmp"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// Words gives the text of a code in a language (BCP 47), "" for an unknown code. A text
// has two parts, divided by a newline: what happened, and the way on.
type Words func(lang, code string, args map[string]string) string

// The codes of the engine. Their texts come from the words of a channel, else from those
// of a flow (see [Speaker]).
const (
	CodeOldButton = "old_button"     // the button is of an earlier card; nothing was applied
	CodeOldForm   = "old_form"       // the form is of an earlier card; {typed} was not applied
	CodeUnknown   = "unknown_button" // no card has this button; nothing was applied
	CodeForeign   = "foreign"        // the conversation is another person's
	CodeNewer     = "newer"          // a newer version wrote the record, which is safe
	CodeDefect    = "defect"         // the flow panicked; the record is safe
	CodeSentOn    = "sent_on"        // a text went on to the conversation {id}
	CodeNotTaken  = "not_taken"      // {id} did not take {typed}: {reason}
	CodeUnderWay  = "under_way"      // the text before is still on its way to {id}; {typed} was not sent
	CodeTooMuch   = "too_much"       // a text that cannot be sent on for its length
	CodeNoAnswer  = "no_answer"      // a reply to a message that asks nothing now; {typed} was not applied
	CodeTooLate   = "too_late"       // the reason of CodeNotTaken where the conversation gives none
)

// The codes of times, with their arguments. Without a text a time is written in figures:
// 2026-11-27 14:32 UTC. {time} has its zone.
const (
	codeClock     = "clock"    // another day: {weekday} from 0 for Sunday, {day} {month} {year} {time}
	codeDate      = "date"     // a day: the same
	codeDay       = "day"      // a day with its weekday: the same
	codeOtherYear = ".year"    // after either: with its year
	codeTomorrow  = "tomorrow" // {time}
	codeNow       = "ago.now"
	codeMinutes   = "ago.minute" // {n}, as below
	codeHours     = "ago.hour"
	codeDays      = "ago.day"
)

// Fill replaces each name in braces by its argument, in one pass: braces in a value stay,
// and so does a name without an argument.
func Fill(text string, args map[string]string) string {
	open := strings.IndexByte(text, '{')
	if open < 0 || len(args) == 0 {
		return text
	}
	var b strings.Builder
	for ; open >= 0; open = strings.IndexByte(text, '{') {
		b.WriteString(text[:open])
		text = text[open:]
		end := strings.IndexByte(text, '}')
		if end < 0 {
			break
		}
		if value, ok := args[text[1:end]]; ok {
			b.WriteString(value)
			text = text[end+1:]
			continue
		}
		b.WriteByte('{')
		text = text[1:]
	}
	b.WriteString(text)
	return b.String()
}

// Or asks w, then next. Both may be nil.
func (w Words) Or(next Words) Words {
	switch {
	case w == nil:
		return next
	case next == nil:
		return w
	}
	return func(lang, code string, args map[string]string) string {
		if s := w(lang, code, args); s != "" {
			return s
		}
		return next(lang, code, args)
	}
}

// Say is the text of a code, "" if w has none.
func (w Words) Say(v View, code string, args map[string]string) string {
	if w == nil {
		return ""
	}
	return w(v.Lang, code, args)
}

// Tell is the text of s, in two parts. For a code with a dot that has no text, the part
// before the dot is tried, if s has the values that this text fills in; "" if there is
// none.
func (w Words) Tell(v View, s *Said) string {
	if w == nil || s == nil {
		return ""
	}
	args := w.args(v, s)
	text := w(v.Lang, s.Code, args)
	if i := strings.IndexByte(s.Code, '.'); text == "" && i > 0 && fills(w(v.Lang, s.Code[:i], nil), args) {
		text = w(v.Lang, s.Code[:i], args)
	}
	return text
}

// fills reports whether args have a value for each name in braces.
func fills(text string, args map[string]string) bool {
	for {
		_, rest, more := strings.Cut(text, "{")
		if !more {
			return true
		}
		name, after, closed := strings.Cut(rest, "}")
		if _, ok := args[name]; closed && !ok {
			return false
		}
		text = after
	}
}

// args are the values that the text of s fills in.
func (w Words) args(v View, s *Said) map[string]string {
	if len(s.Times) == 0 && s.Reason == nil {
		return s.Args
	}
	args := make(map[string]string, len(s.Args)+4*len(s.Times)+1)
	maps.Copy(args, s.Args)
	for name, m := range s.Times {
		at := m.Time()
		args[name+"_at"], args[name+"_near"], args[name+"_on"] = Isolate(w.Clock(v, at)), Isolate(w.near(v, at)), Isolate(w.Day(v, at))
		args[name+"_ago"] = w.Ago(v, at)
	}
	if s.Reason != nil {
		args["reason"] = strings.Replace(cmp.Or(w.Tell(v, s.Reason), s.Reason.Code), "\n", " ", 1)
	}
	return args
}

// Clock writes a time with its zone: 14:32 UTC+2 today, else with the day.
func (w Words) Clock(v View, at time.Time) string {
	if local := v.local(at); sameDay(local, v.local(v.Now)) {
		return hour(local)
	}
	return w.ClockDay(v, at)
}

// ClockDay is Clock with its day, also today: for a text that is read later, too, such as the end of an escrow.
func (w Words) ClockDay(v View, at time.Time) string {
	at = v.local(at)
	return w.calendar(v, at, codeClock, at.Format(time.DateOnly)+" "+hour(at))
}

// ClockYear is ClockDay with its year, also of this year: for a text that is kept, such as a receipt.
func (w Words) ClockYear(v View, at time.Time) string {
	at = v.local(at)
	return w.date(v, at, codeClock+codeOtherYear, at.Format(time.DateOnly)+" "+hour(at))
}

// near is Clock with the word for tomorrow, for cards that are not read the next day.
func (w Words) near(v View, at time.Time) string {
	at = v.local(at)
	if !sameDay(at, v.local(v.Now).AddDate(0, 0, 1)) {
		return w.Clock(v, at)
	}
	if s := w.Say(v, codeTomorrow, map[string]string{"time": hour(at)}); s != "" {
		return s
	}
	return w.Clock(v, at)
}

// hour writes the time of day with its offset from UTC, which people of other zones can read: 14:32 UTC+2. The
// offset is that of the moment, also across a change to summer time.
func hour(at time.Time) string {
	_, offset := at.Zone()
	zone := "UTC"
	if offset != 0 {
		sign, minutes := "+", offset/60
		if minutes < 0 {
			sign, minutes = "\u2212", -minutes
		}
		zone += sign + strconv.Itoa(minutes/60)
		if minutes %= 60; minutes != 0 {
			zone += fmt.Sprintf(":%02d", minutes)
		}
	}
	return at.Format("15:04") + " " + zone
}

func sameDay(a, b time.Time) bool { return a.Year() == b.Year() && a.YearDay() == b.YearDay() }

// Day writes a date without its weekday.
func (w Words) Day(v View, at time.Time) string {
	at = v.local(at)
	return w.calendar(v, at, codeDate, at.Format(time.DateOnly))
}

// Weekday writes a calendar day with its weekday. The zone of the view says only which
// year is this one.
func (w Words) Weekday(v View, day time.Time) string {
	return w.calendar(v, day, codeDay, day.Format(time.DateOnly))
}

// calendar writes a day: with its year, if that is another one.
func (w Words) calendar(v View, at time.Time, code, figures string) string {
	if at.Year() != v.local(v.Now).Year() {
		code += codeOtherYear
	}
	return w.date(v, at, code, figures)
}

// date is the text of a code for a day, figures without a text.
func (w Words) date(v View, at time.Time, code, figures string) string {
	if w != nil {
		s := w(v.Lang, code, map[string]string{"weekday": strconv.Itoa(int(at.Weekday())), "day": strconv.Itoa(at.Day()),
			"month": strconv.Itoa(int(at.Month())), "year": strconv.Itoa(at.Year()), "time": hour(at)})
		if s != "" {
			return s
		}
	}
	return figures
}

// Ago writes an age: just now, 5 minutes ago, up to 7 days, and a date after.
func (w Words) Ago(v View, at time.Time) string {
	n, code := 0, codeNow
	switch age := v.Now.Sub(at); {
	case age < time.Minute:
	case age < time.Hour:
		n, code = int(age/time.Minute), codeMinutes
	case age < 24*time.Hour:
		n, code = int(age/time.Hour), codeHours
	case age <= 7*24*time.Hour:
		n, code = int(age/(24*time.Hour)), codeDays
	default:
		return w.Day(v, at)
	}
	if s := w.Say(v, code, map[string]string{"n": strconv.Itoa(n)}); s != "" {
		return s
	}
	return w.Clock(v, at)
}

func (v View) local(t time.Time) time.Time {
	if v.Zone == nil {
		return t.UTC()
	}
	return t.In(v.Zone)
}
