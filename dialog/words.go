package dialog

import (
	"strconv"
	"strings"
	"time"
)

// Words gives the text of a code in a language, "" if it does not know the
// code: then the form's own English stands. Bands are two parts, divided by a
// newline: what happened, and the way on.
type Words func(lang, code string, args map[string]string) string

// english are the words of a form that has none of its own.
var english = map[string]string{
	"step_of": "Step {n} of {of}", "back": "Back", "cancel": "Cancel", "continue": "Continue", "keep": "Keep {value}",
	"undo": "Undo", "restart": "Start over", "create": "Start", "resume": "Go on", "edit": "Edit", "edit_what": "Edit {what}", "renew": "Renew",
	"confirm": "Confirm", "review": "Review", "review.ask": "Is this right?", "saved": "Saved {at}", "changed": "Changed {at}",
	"known": "Known so far", "soon": "Still to come", "answers": "Your answers", "next": "What happens next",
	"menu.ask": "Nothing is open.", "menu.body": "/create starts, /help tells more.",
	"choose.title": "You already have a draft", "choose.ask": "Go on with this draft?", "choose.hint": "Step {step} of {of}, saved {saved_ago}", "choose.after": "Starting over deletes its answers.",
	"cancelled.ask": "This draft is cancelled", "cancelled.body": "Your answers can come back until {until_near}.",
	"expired.ask": "This draft expired on {expired_on}", "expired.body": "It was kept for {days} days after your last answer, then deleted.",
	"done.ask": "Done", "welcome_back": "Welcome back: step {step} of {of}, saved {saved_ago}\nYour answers are here.",
	"answers_lost":      "We kept your place and what you just wrote.\nYour earlier answers are gone.",
	"place_kept":        "We kept your place.\nYour earlier answers are gone.",
	"rule_changed":      "Welcome back: saved {saved_ago}\n{reason}",
	"rule_changed.here": "One answer is asked again.\n{reason}",
	"reminder":          "Your draft is kept until {until_at}.\nRenew keeps it {days} more days.",
	"renewed":           "Renewed\nThis draft is kept until {until_at}.",
	"old_button":        "That button belongs to an earlier card.\nThis is where you are now.",
	"old_form":          "This has gone on meanwhile.\nYou had typed “{typed}”. It was not applied.",
	"no_draft":          "There is no draft here.\n/create starts one.",
	"at_review":         "“{typed}” was not applied.\nAll is answered: confirm, or edit a line.",
	"not_here":          "That is not possible here.\nThis is where you are now.",
	"damaged":           "We kept your place.\nYour earlier answers cannot be read and are asked again.",
	"help":              "Answer the question, or use the buttons.\n/back, /cancel, /restart and /resume work at any time.",
	"unusable":          "We cannot read this as an answer. Write it in words.",
	"newer":             "A newer version made this draft.\nIt is safe. Try again in a few minutes.",
	"defect":            "Something is wrong on our side.\nYour answers are safe. Try again in a few minutes.",
	"foreign":           "This is not yours.",
	"already":           "Already confirmed: {id}. It was made once.",
	"empty":             "Write an answer.",
	"too_short":         "“{typed}” is too short. Write at least {low} characters.",
	"too_long":          "This is {over} characters too long. All of it is still here.",
	"not_number":        "“{typed}” is not a whole number.",
	"not_between":       "{typed} is not between {low} and {high}.",
	"not_offered":       "“{typed}” is not offered. Here: {options}.",
	"plain":             "{text}",
	"tomorrow":          "tomorrow, {time}",
	"ask":               "Write it as a text.",
	"ago.now":           "just now", "ago.minute": "{n} minutes ago", "ago.hour": "{n} hours ago", "ago.day": "{n} days ago",
}

// fill puts arguments into a text.
func fill(text string, args map[string]string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	for k, v := range args {
		text = strings.ReplaceAll(text, "{"+k+"}", v)
	}
	return text
}

// Say is the text of a code: from w, else the form's own English. A code with a
// dot that nobody knows is said as what stands before the dot.
//
// Arguments with these endings are times in unix milliseconds: _at is written as
// clock time with the day unless it is today, _near the same but tomorrow is
// called so (for what is read soon), _on as a date, _ago as an age.
func (w Words) Say(v View, code string, args map[string]string) string {
	args = w.times(v, args)
	if w != nil {
		if s := w(v.Lang, code, args); s != "" {
			return s
		}
	}
	text, ok := english[code]
	if i := strings.IndexByte(code, '.'); !ok && i > 0 {
		if text = english[code[:i]]; text != "" && w != nil {
			if s := w(v.Lang, code[:i], args); s != "" {
				return s
			}
		}
	}
	return fill(text, args)
}

func (w Words) times(v View, args map[string]string) map[string]string {
	var out map[string]string
	for k, s := range args {
		i := strings.LastIndexByte(k, '_')
		if i < 0 {
			continue
		}
		kind := k[i+1:]
		if kind != "at" && kind != "on" && kind != "ago" && kind != "near" {
			continue
		}
		ms, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			continue
		}
		if out == nil {
			out = make(map[string]string, len(args))
			for k, v := range args {
				out[k] = v
			}
		}
		at := time.UnixMilli(ms)
		switch kind {
		case "at":
			out[k] = w.Clock(v, at)
		case "near":
			out[k] = w.near(v, at)
		case "on":
			out[k] = w.day(v, at)
		default:
			out[k] = w.Ago(v, at)
		}
	}
	if out == nil {
		return args
	}
	return out
}

// Clock writes a time: 14:32 today, else Fri 27 Nov, 14:32. The codes "clock"
// and "date" (with weekday from 0 for Sunday, day, month, year, time, as numbers)
// let a catalogue write it its own way; of another year "clock.year" and "date.year".
func (w Words) Clock(v View, at time.Time) string {
	at, now := v.local(at), v.local(v.Now)
	if sameDay(at, now) {
		return at.Format("15:04")
	}
	return w.calendar(v, at, "clock", "Mon 2 Jan, 15:04", "Mon 2 Jan 2006, 15:04")
}

// near is Clock, but tomorrow is called so: not for what is still read the next day.
func (w Words) near(v View, at time.Time) string {
	at = v.local(at)
	if !sameDay(at, v.local(v.Now).AddDate(0, 0, 1)) {
		return w.Clock(v, at)
	}
	return w.Say(View{Lang: v.Lang}, "tomorrow", map[string]string{"time": at.Format("15:04")})
}

func sameDay(a, b time.Time) bool { return a.Year() == b.Year() && a.YearDay() == b.YearDay() }

// day writes a date without its weekday: 17 Nov.
func (w Words) day(v View, at time.Time) string {
	return w.calendar(v, v.local(at), "date", "2 Jan", "2 Jan 2006")
}

func (w Words) calendar(v View, at time.Time, code, layout, layoutYear string) string {
	if at.Year() != v.local(v.Now).Year() {
		code, layout = code+".year", layoutYear
	}
	if w != nil {
		s := w(v.Lang, code, map[string]string{"weekday": strconv.Itoa(int(at.Weekday())), "day": strconv.Itoa(at.Day()),
			"month": strconv.Itoa(int(at.Month())), "year": strconv.Itoa(at.Year()), "time": at.Format("15:04")})
		if s != "" {
			return s
		}
	}
	return at.Format(layout)
}

// Ago writes an age: just now, 5 minutes ago, up to 7 days, and a date after.
func (w Words) Ago(v View, at time.Time) string {
	n, code := 0, "ago.now"
	switch age := v.Now.Sub(at); {
	case age < time.Minute:
	case age < time.Hour:
		n, code = int(age/time.Minute), "ago.minute"
	case age < 24*time.Hour:
		n, code = int(age/time.Hour), "ago.hour"
	case age <= 7*24*time.Hour:
		n, code = int(age/(24*time.Hour)), "ago.day"
	default:
		return w.day(v, at)
	}
	s := w.Say(View{Lang: v.Lang}, code, map[string]string{"n": strconv.Itoa(n)})
	if n == 1 && w == nil {
		s = strings.Replace(s, "s ago", " ago", 1)
	}
	return s
}

func (v View) local(t time.Time) time.Time {
	if v.Zone == nil {
		return t.UTC()
	}
	return t.In(v.Zone)
}

// Text is what was said, as one text without its division.
func (w Words) Text(v View, s *Said) string {
	if s == nil {
		return ""
	}
	return strings.Replace(w.Say(v, s.Code, s.Args), "\n", " ", 1)
}
