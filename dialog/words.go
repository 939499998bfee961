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
	"cancelled.ask": "This draft is cancelled", "cancelled.body": "Your answers can come back until {until_at}.",
	"expired.ask": "This draft expired on {expired_on}", "expired.body": "It was kept for {days} days after your last answer, then deleted.",
	"done.ask": "Done", "welcome_back": "Welcome back: step {step} of {of}, saved {saved_ago}\nYour answers are here.",
	"answers_lost": "We kept your place and what you just wrote.\nYour earlier answers are gone.",
	"place_kept":   "We kept your place.\nYour earlier answers are gone.",
	"rule_changed": "Welcome back: saved {saved_ago}\n{reason}",
	"reminder":     "Your draft is kept until {until_at}.\nRenew keeps it {days} more days.",
	"renewed":      "Renewed\nThis draft is kept until {until_at}.",
	"old_button":   "That button belongs to an earlier card.\nThis is where you are now.",
	"old_form":     "This has gone on meanwhile.\nYou had typed “{typed}”. It was not applied.",
	"no_draft":     "There is no draft here.\n/create starts one.",
	"at_review":    "“{typed}” was not applied.\nAll is answered: confirm, or edit a line.",
	"not_here":     "That is not possible here.\nThis is where you are now.",
	"damaged":      "We kept your place.\nYour earlier answers cannot be read and are asked again.",
	"help":         "Answer the question, or use the buttons.\n/back, /cancel, /restart and /resume work at any time.",
	"unusable":     "We cannot read this as an answer. Write it in words.",
	"newer":        "A newer version made this draft.\nIt is safe. Try again in a few minutes.",
	"foreign":      "This is not yours.",
	"already":      "Already confirmed: {id}. It was made once.",
	"empty":        "Write an answer.",
	"too_short":    "“{typed}” is too short. Write at least {low} characters.",
	"too_long":     "This is {over} characters too long. All of it is still here.",
	"not_number":   "“{typed}” is not a whole number.",
	"not_between":  "{typed} is not between {low} and {high}.",
	"not_offered":  "“{typed}” is not offered. Here: {options}.",
	"plain":        "{text}",
	"ago.now":      "just now", "ago.minute": "{n} minutes ago", "ago.hour": "{n} hours ago", "ago.day": "{n} days ago",
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

// Say is the text of a code: from w, else the form's own English. Arguments
// ending in _at and _on are times in unix milliseconds and are written as clock time
// and date; those ending in _ago as age.
func (w Words) Say(v View, code string, args map[string]string) string {
	args = w.times(v, args)
	if w != nil {
		if s := w(v.Lang, code, args); s != "" {
			return s
		}
	}
	text, ok := english[code]
	if !ok && strings.Contains(code, ".") {
		text = english[code[:strings.IndexByte(code, '.')]]
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
		if kind != "at" && kind != "on" && kind != "ago" {
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
		case "on":
			out[k] = w.date(v, at)
		default:
			out[k] = w.Ago(v, at)
		}
	}
	if out == nil {
		return args
	}
	return out
}

// Clock writes a time: 14:32 today, else Fri 27 Nov, 14:32. The code "clock"
// (day, weekday, month, time, today) lets a catalogue write it its own way.
func (w Words) Clock(v View, at time.Time) string {
	at, now := v.local(at), v.local(v.Now)
	if at.Year() == now.Year() && at.YearDay() == now.YearDay() {
		return at.Format("15:04")
	}
	return w.date(v, at) + ", " + at.Format("15:04")
}

func (w Words) date(v View, at time.Time) string {
	at = v.local(at)
	if w != nil {
		s := w(v.Lang, "date", map[string]string{"weekday": strconv.Itoa(int(at.Weekday())), "day": strconv.Itoa(at.Day()), "month": strconv.Itoa(int(at.Month())), "year": strconv.Itoa(at.Year())})
		if s != "" {
			return s
		}
	}
	if at.Year() != v.local(v.Now).Year() {
		return at.Format("Mon 2 Jan 2006")
	}
	return at.Format("Mon 2 Jan")
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
		return w.date(v, at)
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
