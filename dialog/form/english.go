package form

import (
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// english are the texts of a form without Words.
var english = map[string]string{
	"step_of": "Step {n} of {of}", "back": "Back", "cancel": "Cancel", "continue": "Continue", "keep": "Keep {value}",
	"undo": "Undo", "restart": "Start over", "create": "Start", "resume": "Go on", "edit": "Edit", "edit_what": "Edit {what}", "renew": "Renew",
	"confirm": "Confirm", "review": "Review", "review.ask": "Is this right?", "saved": "Saved {ago}", "saved.not": "Not saved yet", "saved.none": "No answers yet", "saved.lost": "No answers kept", "changed": "Changed {at}",
	"known": "Known so far", "soon": "Still to come", "answers": "Your answers", "next": "What happens next",
	"menu.ask": "Nothing is open.", "menu.body": "/create starts, /help tells more.",
	"choose.title": "You already have a draft", "choose.ask": "Go on with this draft?", "choose.hint": "Step {step} of {of}, saved {saved_ago}", "choose.after": "Starting over deletes its answers.",
	"cancelled.ask": "This draft is cancelled", "cancelled.body": "Your answers can come back until {until_near}.",
	"expired.ask": "This draft expired on {expired_on}", "expired.body": "It was kept for {kept} after your last answer, then deleted.",
	"done.ask": "Done", "welcome_back": "Welcome back: step {step} of {of}, saved {saved_ago}\nYour answers are here.",
	"answers_lost":       "We kept your place and what you just wrote.\nYour earlier answers are gone.",
	"gone_here":          "Your earlier answers are gone.\nGo on here: we ask for them again.",
	"place_kept":         "We kept your place.\nYour earlier answers are gone.",
	"rule_changed":       "Welcome back: saved {saved_ago}\n{reason}",
	"rule_changed.here":  "One answer is asked again.\n{reason}",
	"reminder":           "Your draft is kept until {until_at}.\nRenew keeps it {more}.",
	"renewed":            "Renewed\nThis draft is kept until {until_at}.",
	"old_button":         "That button is from an earlier step.\nThis is where you are now.",
	"conflict":           "{open} was changed {where}\nIt is {value} now, since {changed_at}.",
	"conflict.undated":   "{open} is another one now\nIt is {value}.",
	"conflict.field":     "Your answer is in the field, not saved.",
	"conflict.web":       "on the page",
	"conflict.tg":        "in Telegram",
	"conflict.tty":       "in the terminal",
	"conflict.elsewhere": "in another window",
	"moved":              "You went on {where}\nWhat you answer here still counts.",
	"which":              "The question changed as this came\nYou wrote “{typed}”. The buttons say what it is.",
	"use_as":             "Use as {what}",
	"use_mine":           "Use mine",
	"old_form":           "Your draft has changed since this page was shown.\nYou had typed “{typed}”. It is not saved.",
	"unknown_button":     "We do not know that button.\nNothing was changed. This is where you are now.",
	"no_draft":           "There is no draft here.\n/create starts one.",
	"at_review":          "“{typed}” is not saved.\nEvery question has its answer: confirm, or edit a line.",
	"not_here":           "That is not possible here.\nThis is where you are now.",
	"damaged":            "We kept your place.\nYour earlier answers cannot be read and are asked again.",
	"help":               "Answer the question, or use the buttons.\n/back, /cancel, /restart and /resume are for a draft; /create begins one.",
	"edited":             "An edited message changes no answer.",
	"edited.answer":      "An edit changes no answer. {open} is still {value}; the button below opens it.",
	"edited.refused":     "An edit is not read as an answer. Send it as a new message.",
	"not_kept":           "We read your words.\nWhat came with them is not kept.",
	"unusable":           "We cannot read this as an answer. Write it in words.",
	"newer":              "A newer version made this draft.\nIt is safe. Try again in a few minutes.",
	"defect":             "Something is wrong on our side.\nYour answers are safe. Try again in a few minutes.",
	"foreign":            "This is not yours.",
	"sent_on":            "Sent to {id}.",
	"not_taken":          "{id} has not taken “{typed}”.\n{reason}",
	"under_way":          "“{typed}” is not sent: what you wrote before is still on its way to {id}.\nSend it again in a moment.",
	"too_much":           "This is too long to be sent on. Make it shorter.",
	"no_answer":          "“{typed}” is not saved: the message that it replies to asks nothing.\nThis is where you are now.",
	"too_late":           "It takes nothing more of this kind now.",
	"already":            "Already confirmed: {id}. It was made once.",
	"empty":              "Write an answer.",
	"too_short":          "“{typed}” is too short. Write at least {low} characters.",
	"no_room":            "There is no room left for this answer. Make an earlier one shorter.",
	"too_long":           "This is {over} characters too long. All of it is still here.",
	"text_long":          "This is too long: together at most {high} characters. Its beginning is still here.",
	"not_number":         "“{typed}” is not a whole number.",
	"not_between":        "{typed} is not between {low} and {high}.",
	"not_offered":        "“{typed}” is not offered. Here: {options}.",
	"plain":              "{text}",
	"tomorrow":           "tomorrow, {time}",
	"clock":              "{weekday} {day} {month}, {time}", "clock.year": "{weekday} {day} {month} {year}, {time}", "day": "{weekday} {day} {month}", "day.year": "{weekday} {day} {month} {year}", "date": "{day} {month}", "date.year": "{day} {month} {year}",
	"ask": "Write it as a text.",
	"yes": "Yes", "no": "No", "with": "Go on with {value}", "skip": "Skip", "skipped": "Not given",
	"none_chosen":    "Choose at least one.",
	"not_date":       "“{typed}” is not clear as a day. Write one like {example}.",
	"date_unclear":   "“{typed}” can be {a} or {b}. Write one of them.",
	"menu.body_page": "The button below begins. Every answer is saved as you go.",
	"no_draft_page":  "There is no draft here.\nThe button below begins one.",
	"help_page":      "Answer the question, or use the buttons.\nEvery answer is saved as you go: you may close the page and come back.",
	"span.seconds":   "{n} seconds", "span.minutes": "{n} minutes", "span.hours": "{n} hours", "span.days": "{n} days",
	"span.seconds.more": "{n} more seconds", "span.minutes.more": "{n} more minutes", "span.hours.more": "{n} more hours", "span.days.more": "{n} more days",
	"ago.now": "just now", "ago.minute": "{n} minutes ago", "ago.hour": "{n} hours ago", "ago.day": "{n} days ago",
}

// English are the form's texts in plain English. They serve where a form's Words lack
// a text. These are the codes, and the values that a text may fill in:
//
//	step_of                                 {n} {of}
//	back cancel continue undo restart create resume edit renew confirm skip help
//	edit_what                               {what}: an Edit button for screen readers
//	keep with                               {value}: goes on with an answer, with those chosen
//	yes no skipped                          answers
//	review review.ask answers known soon next
//	saved saved.not saved.none              {ago}
//	changed                                 {at}
//	menu.ask menu.body menu.body_page       without a draft
//	choose.title choose.ask choose.after    Create over a draft: {answers} {step} {of} {open} {again}
//	choose.hint                             {step} {of} {saved_ago}
//	cancelled.ask cancelled.body            {until_near} {until_at} {until_on} {kept}
//	expired.ask expired.body                {expired_on} {expired_at} {kept}
//	done.ask                                {id}: what Submit started
//	welcome_back rule_changed               {step} {of} {answers} {open} {again} {saved_ago} {reason}
//	rule_changed.here                       the same, and {reason}
//	answers_lost                            {typed} {open} {again}
//	place_kept damaged                      {open} {again}
//	gone_here saved.lost                    what a page says of lost answers before the next input
//	reminder renewed                        {until_at} {more} {kept}
//	old_button unknown_button old_form      of an earlier card, or of none: {typed}
//	conflict conflict.undated               another place was first: {open} {value} {where} {changed_at}
//	conflict.field use_mine                 what stands in the field; its button
//	which                                   a text that another place overtook: {typed}
//	use_as                                  its buttons: {what}, as in edit_what
//	conflict.web conflict.tg conflict.tty   {where}, by the channel
//	moved                                   an earlier question on a page that stays open: {where}
//	conflict.elsewhere                      {where}: the same channel, or one that has no text
//	no_draft no_draft_page help_page newer defect foreign
//	not_here not_here.back not_here.lost    Back at the first question; after a loss
//	sent_on                                 a text went to another conversation: {id}
//	not_taken                               {id} has not taken it: {typed} {reason}
//	too_late                                the reason, where that one gives none
//	under_way                               an earlier text is still on its way: {id} {typed}
//	too_much                                too long to be sent on: {id} {typed}
//	no_answer                               a reply to a message that asks nothing: {typed}
//	already                                 {id}
//	at_review                               {typed}
//	edited edited.refused edited.answer     a message that was edited: {open} {value}
//	not_kept                                beside an answer, such as a picture
//	ask empty none_chosen                   write an answer, choose one
//	unusable                                and unusable.photo, unusable.voice …
//	too_short                               {typed} {low}
//	no_room                                 an answer that the full draft cannot take
//	too_long                                {over}
//	text_long                               {high}
//	not_number                              {typed}
//	not_between                             {typed} {low} {high}
//	not_offered                             {typed} {options}
//	not_date                                {typed} {example}
//	date_unclear                            {typed} {a} {b}
//	plain                                   {text}
//	clock clock.year day day.year           {weekday} {day} {month} {year} {time}
//	date date.year                          {day} {month} {year}
//	tomorrow                                {time}
//	ago.now ago.minute ago.hour ago.day     {n}
//	span.seconds span.minutes span.hours span.days                     {n}
//	span.seconds.more span.minutes.more span.hours.more span.days.more {n}
//
// A question NAME has the texts NAME.ask, .hint, .after, .label, .soon, .aria, .open,
// .again, .choice and .now, which come before its own fields; an option has NAME:VALUE.
// On a page the text CODE_page comes before CODE. A code with a dot and without a text has
// that of the part before the dot.
func English(_, code string, args map[string]string) string {
	text := english[code]
	switch {
	case args["month"] != "":
		args = named(args)
	case strings.HasPrefix(code, "ago.") && args["n"] == "1":
		text = strings.Replace(text, "s ago", " ago", 1)
	case strings.HasPrefix(code, "span.") && args["n"] == "1":
		text = strings.TrimSuffix(text, "s")
	}
	return dialog.Fill(text, args)
}

// named replaces the numbers of weekday and month by their names.
func named(args map[string]string) map[string]string {
	weekday, _ := strconv.Atoi(args["weekday"])
	month, _ := strconv.Atoi(args["month"])
	return map[string]string{"weekday": time.Weekday(weekday).String()[:3], "month": time.Month(month).String()[:3],
		"day": args["day"], "year": args["year"], "time": args["time"]}
}
