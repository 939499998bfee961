package form_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// Meal is a draft whose payment has a default.
type Meal struct {
	Size, Address, Pay, Gift string
	Quote                    int
}

// meals is a form with a review, a side question, a payload for new drafts, and a quote.
func meals() form.Form[Meal] {
	pay := form.Choose("pay", "How do you pay?", func(m *Meal) *string { return &m.Pay }, "cash", "card")
	pay.Side = true
	return form.Form[Meal]{
		Name: "meal", Version: 1, Review: true,
		Questions: []form.Question[Meal]{
			form.Choose("size", "What size?", func(m *Meal) *string { return &m.Size }, "small", "large"),
			form.Text("address", "Where to?", func(m *Meal) *string { return &m.Address }, form.Length(2, 50)),
			pay,
		},
		Begin:    func(m *Meal, _ *dialog.Turn, value string) { m.Pay, m.Gift = "cash", value },
		AtReview: func(m *Meal) { m.Quote++ },
		Submit:   func(m Meal, _ *dialog.Turn) string { return m.Size + " to " + m.Address + ", " + m.Pay },
	}
}

// talk is a conversation about a meal, and its store.
type talk struct {
	*dialogtest.Talk
	store *dialog.Memory
}

// tell plays a story: steps for play, with | between.
func tell(story string) *talk {
	store := dialog.NewMemory()
	k := &talk{dialogtest.NewTalk(store, meals()), store}
	k.Quiet = true
	for step := range strings.SplitSeq(story, "|") {
		play(k, step)
	}
	return k
}

// play is a step of a story: /NAME:VALUE is a command, +NAME:VALUE a tap on the card, and
// @85h lets time pass. Anything else is typed.
func play(k *talk, step string) {
	name, value, _ := strings.Cut(step[1:], ":")
	switch step[0] {
	case '@':
		d, err := time.ParseDuration(step[1:])
		if err != nil {
			panic(err)
		}
		k.Wait(d)
	case '/':
		in := dialog.Input{Kind: dialog.KindCommand, Name: name, Value: value}
		if name == "start" {
			in.Text, in.Value = value, ""
		}
		k.Handle(in)
	case '+':
		k.Tap(step[1:])
	default:
		k.Say(step)
	}
}

// outcome is where a conversation is after an input, and what has changed.
func outcome(was, r *dialog.Record) string {
	at := place(r)
	if at == place(was) {
		at = "same"
	}
	var m Meal
	if len(r.Answers) > 0 {
		if err := json.Unmarshal(r.Answers, &m); err != nil {
			return err.Error()
		}
	}
	switch {
	case r.Draft != was.Draft && m.Gift != "":
		return place(r) + ", new with a " + m.Gift
	case r.Draft != was.Draft:
		return place(r) + ", new"
	case r.Said != nil && r.Said != was.Said:
		return at + ", says " + r.Said.Code
	case string(r.Answers) != string(was.Answers):
		return at + fmt.Sprintf(", has %s to %s, %s", m.Size, m.Address, m.Pay)
	}
	return at
}

// place is the open question, the step, or what became of the draft.
func place(r *dialog.Record) string {
	switch {
	case r.Open != "":
		return r.Open
	case r.Step == "":
		return "menu"
	}
	return r.Step
}

// ended is what actions do where no draft is open, and everywhere what they do in all places.
const (
	everywhere = `
		/help -> same, says help
		/dance /skip -> same, says unusable.command
		+dance +edit:none -> same, says unknown_button`
	ended = `
		/restart /resume /continue /cancel /back /renew home -> same, says no_draft
		/confirm +edit:size +edit:pay +size:small +pay:card -> same, says old_button
		/create -> size, new
		/start:rose /create:rose -> size, new with a rose`
)

// outcomes are what actions do after a story. An action is a step of a story.
var outcomes = map[string]string{
	"/start": ended + `
			/start -> same
			/undo -> same, says no_draft`,
	"/create": `
			/start /start:rose /create /resume -> same
			/continue -> same, says empty
			/undo -> same, says not_here
			/back -> same, says not_here.back
			/renew -> same, says renewed
			/confirm +edit:size +edit:address +edit:pay +pay:card -> same, says old_button
			home -> same, says not_offered
			/restart -> size, new
			/create:rose -> size, new with a rose
			/cancel -> cancelled
			+size:small -> address, has small to , cash`,
	"/create:rose": `
			/start /start:rose /create /create:rose -> same
			/create:lily -> size, new with a lily
			/restart -> size, new`,
	"/create|large": `
			/start /start:rose /resume -> same
			/continue -> same, says empty
			/undo -> same, says not_here
			/renew -> same, says renewed
			/confirm +edit:address +edit:pay +size:small +pay:card -> same, says old_button
			/create /restart -> choose
			/create:rose -> choose:rose
			/cancel -> cancelled
			/back +edit:size -> size
			home -> review, has large to home, cash`,
	"/create|large|home": `
			/start /start:rose /resume /continue -> same, has large to home, cash
			/undo -> same, says not_here
			/renew -> same, says renewed
			+size:small +pay:card -> same, says old_button
			home -> same, says at_review
			/create /restart -> choose
			/create:rose -> choose:rose
			/cancel -> cancelled
			+edit:size -> size
			/back +edit:address -> address
			+edit:pay -> pay
			/confirm -> done, says plain`,
	"/create|large|home|+edit:address": `
			/start /start:rose /resume +edit:address -> same
			/undo -> same, says not_here
			/renew -> same, says renewed
			/confirm +edit:pay +size:small +pay:card -> same, says old_button
			/create /restart -> choose
			/create:rose -> choose:rose
			/cancel -> cancelled
			+edit:size -> size
			/back /continue -> review, has large to home, cash
			away -> review, has large to away, cash`,
	"/create|large|home|+edit:pay": `
			/start /start:rose /resume +edit:pay -> same
			/undo -> same, says not_here
			/renew -> same, says renewed
			/confirm +size:small -> same, says old_button
			home -> same, says not_offered
			/create /restart -> choose
			/create:rose -> choose:rose
			/cancel -> cancelled
			+edit:size -> size
			+edit:address -> address
			/back /continue -> review, has large to home, cash
			+pay:card -> review, has large to home, card`,
	"/create|large|/create": `
			/start /start:rose /resume /continue /back -> address
			/create -> same
			/undo -> same, says not_here
			/renew -> same, says renewed
			/confirm +edit:address +edit:pay +size:small +pay:card -> same, says old_button
			/create:rose -> choose:rose
			/cancel -> cancelled
			+edit:size -> size
			/restart -> size, new
			home -> review, has large to home, cash`,
	"/create|large|/create:rose": `
			/create:rose -> same
			/create -> choose
			/create:lily -> choose:lily
			/restart -> size, new with a rose`,
	"/create|large|/cancel": ended + `
			/start -> same
			/undo -> address`,
	"/create|large|/cancel|@25h": ended + `
			/start -> same
			/undo -> same, says no_draft`,
	"/create|large|@85h|@85h": ended + `
			/start -> menu
			/undo -> same, says no_draft`,
	"/create|large|home|/confirm": ended + `
			/start -> menu
			/undo -> same, says no_draft`,
}

// TestActions: what each action does, wherever a conversation is.
func TestActions(t *testing.T) {
	for story, want := range outcomes {
		for line := range strings.Lines(want + everywhere) {
			actions, want, _ := strings.Cut(strings.TrimSpace(line), " -> ")
			for action := range strings.FieldsSeq(actions) {
				k := tell(story)
				was := k.Record
				play(k, action)
				if got := outcome(was, k.Record); got != want {
					t.Errorf("%s, then %s: %s, want %s", story, action, got, want)
				}
				k.Close()
			}
		}
	}
}
