package form_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// decided is a record after an input that a form has decided.
func decided(f form.Form[Meal], before *dialog.Record, in dialog.Input) (*dialog.Record, *dialog.Turn) {
	r := *before
	in.Owner = "tty:ann"
	t := &dialog.Turn{Before: before, Record: &r, Input: &in, Now: time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)}
	f.Decide(t)
	return &r, t
}

func record(step, open, answers string) *dialog.Record {
	return &dialog.Record{Head: dialog.Head{Owner: "tty:ann", Draft: "d", Step: step, Schema: 1}, Open: open, Answers: []byte(answers)}
}

// serial is the number of a message in a chat, below 0 in the chat of another bot.
func serial(number int64) dialog.Serial {
	switch {
	case number == 0:
		return dialog.Serial{}
	case number < 0:
		return dialog.Serial{Series: "another", Number: -number}
	}
	return dialog.Serial{Series: "chat", Number: number}
}

func source(number int64) int64 { return (&dialog.Input{Serial: serial(number)}).Source() }

// TestEdits: the edit of an earlier message changes no answer, and the card says what became
// of that message.
func TestEdits(t *testing.T) {
	const both = `{"Size":"large","Address":"home","Pay":"cash"}`
	refused, edited := &dialog.Said{Code: "too_short", Refusal: true}, &dialog.Said{Code: "edited", Kind: "edited", Refusal: true}
	for name, x := range map[string]struct {
		before  *dialog.Record
		message int64
		said    *dialog.Said
		want    string
	}{
		"an answer":               {record("address", "", `{"Size":"large"}`), 7, nil, "edited.answer"},
		"an answer, at review":    {record("review", "", both), 8, nil, "edited.answer"},
		"the open answer":         {record("size", "", both), 7, nil, "edited.refused"},
		"what was refused":        {record("address", "", `{"Size":"large"}`), 9, refused, "edited.refused"},
		"again":                   {record("address", "", `{"Size":"large"}`), 9, edited, "edited"},
		"after a notice":          {record("address", "", `{"Size":"large"}`), 9, &dialog.Said{Code: "renewed"}, "edited"},
		"anything":                {record("address", "", `{"Size":"large"}`), 9, nil, "edited"},
		"no number":               {record("address", "", `{"Size":"large"}`), 0, nil, "edited"},
		"an answer that is gone":  {record("size", "", `{}`), 8, nil, "edited"},
		"anything, at the review": {record("review", "", both), 9, refused, "edited"},
		"of another bot":          {record("address", "", `{"Size":"large"}`), -7, nil, "edited"},
	} {
		x.before.Said, x.before.Sources = x.said, map[string]int64{"size": source(7), "address": source(8), "pay": 0}
		r, turn := decided(meals(), x.before, dialog.Input{Kind: dialog.KindOther, Edit: true, Name: "edited", Text: "small", Serial: serial(x.message)})
		if r.Said == nil || r.Said.Code != x.want || turn.Did() != dialog.DidRefuse || string(r.Answers) != string(x.before.Answers) || r.Step != x.before.Step {
			t.Errorf("%s: it says %+v at %q, want %s", name, r.Said, r.Step, x.want)
		}
		c := meals().Render(r, dialog.View{})
		offered := len(c.Alt) > 0 && c.Alt[0].Action == map[int64]string{7: "edit:size", 8: "edit:address"}[x.message]
		if offered != (x.want == "edited.answer") {
			t.Errorf("%s: the card offers %+v", name, c.Alt)
		}
	}
	if r, turn := decided(meals(), record("", "done", ""), dialog.Input{Kind: dialog.KindOther, Edit: true, Name: "edited"}); r.Said != nil || turn.Did() != dialog.DidNothing {
		t.Errorf("without a draft it says %+v", r.Said)
	}
}

// TestSources: a draft knows which message gave which answer.
func TestSources(t *testing.T) {
	say := func(r *dialog.Record, number int64, text string) *dialog.Record {
		next, _ := decided(meals(), r, dialog.Input{Kind: dialog.KindText, Text: text, Serial: serial(number)})
		return next
	}
	first := say(record("size", "", `{}`), 7, "large")
	second := say(first, 8, "home")
	if s := second.Sources; len(s) != 2 || s["size"] != source(7) || s["address"] != source(8) || len(first.Sources) != 1 {
		t.Errorf("sources are %v, before them %v", s, first.Sources)
	}
	second.Step = "address"
	if s := say(second, 0, "away").Sources; len(s) != 1 || s["size"] != source(7) || len(second.Sources) != 2 {
		t.Errorf("after an answer of no message sources are %v", s)
	}
	begun, _ := decided(meals(), second, dialog.Input{Kind: dialog.KindCommand, Name: "restart"})
	begun, _ = decided(meals(), begun, dialog.Input{Kind: dialog.KindCommand, Name: "restart"})
	if len(begun.Sources) != 0 {
		t.Errorf("a new draft has sources %v", begun.Sources)
	}
}

// TestAnswerOfAQuotedText: a text that was quoted and is an answer by a button later is read as when it came, with whom it
// names by links; and the draft knows its message.
func TestAnswerOfAQuotedText(t *testing.T) {
	f := meals()
	f.Questions[1].Take = func(a form.Answer[Meal]) form.Taken {
		a.Draft.Address = fmt.Sprint(a.Text, " of ", a.Input.Mentioned, " ", a.Input.Several)
		return form.Accepted()
	}
	at := record("address", "", `{"Size":"large"}`)
	at.Touched = map[string]dialog.Touch{">size": {Channel: "web", At: time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)}}
	for _, in := range []dialog.Input{{Text: "home"}, {Text: "home", Mentioned: "@ann", Serial: serial(7)}, {Text: "home", Mentioned: "Ann", Several: true, Serial: serial(-8)}} {
		in.Kind = dialog.KindText
		quoted, _ := decided(f, at, in)
		r, turn := decided(f, quoted, dialog.Input{Kind: dialog.KindTap, Name: "as", Value: "address"})
		d, err := f.Draft(r)
		if want := fmt.Sprint("home of ", in.Mentioned, " ", in.Several); err != nil || d.Address != want || r.Sources["address"] != in.Source() {
			t.Errorf("%+v: the answer is %q of message %d, want %q of %d: %v", in, d.Address, r.Sources["address"], want, in.Source(), err)
		}
		if turn.Input.Name != "as" || turn.Input.Mentioned != "" {
			t.Errorf("the turn's input became %+v", turn.Input)
		}
	}
}

// TestUnreadable: what is no text is refused by its kind, unless the question reads it.
func TestUnreadable(t *testing.T) {
	f := meals()
	f.Questions[1].Reads = []string{"contact"}
	at := record("address", "", `{"Size":"large"}`)
	for name, x := range map[string]struct {
		at         *dialog.Record
		kind, text string
		step, says string
	}{
		"a contact":              {at, "contact", "+380 44 000 00 00", "review", ""},
		"an empty one":           {at, "contact", "", "address", "unusable.contact"},
		"a photo":                {at, "photo", "my house", "address", "unusable.photo"},
		"of another question":    {record("size", "", `{}`), "contact", "large", "size", "unusable.contact"},
		"at the review":          {record("review", "", `{"Size":"large","Address":"home"}`), "contact", "x", "review", "unusable.contact"},
		"without a draft":        {record("", "", ""), "contact", "x", "", "no_draft"},
		"after a loss, a photo":  {record("address", "", `{}`), "photo", "", "size", "unusable.photo"},
		"after a loss, contacts": {record("address", "", `{}`), "contact", "home", "size", ""},
	} {
		r, _ := decided(f, x.at, dialog.Input{Kind: dialog.KindOther, Name: x.kind, Text: x.text})
		says := ""
		if r.Said != nil {
			says = r.Said.Code
		}
		if r.Step != x.step || says != x.says {
			t.Errorf("%s: at %q it says %q, want %q at %q", name, r.Step, says, x.says, x.step)
		}
	}
}

// TestAttached: beside a text that was an answer the card says that the rest is not kept;
// a refusal comes before that.
func TestAttached(t *testing.T) {
	for text, want := range map[string]string{"home": "not_kept.photo", "h": "too_short"} {
		r, _ := decided(meals(), record("address", "", `{"Size":"large"}`), dialog.Input{Kind: dialog.KindText, Text: text, Attached: "photo"})
		if r.Said == nil || r.Said.Code != want {
			t.Errorf("%q: it says %+v, want %s", text, r.Said, want)
		}
	}
	if r, _ := decided(meals(), record("address", "", `{"Size":"large"}`), dialog.Input{Kind: dialog.KindText, Text: "home"}); r.Said != nil {
		t.Errorf("a text alone: it says %+v", r.Said)
	}
}

// TestHooks: Alias, Extra and Idle come before the form's own actions.
func TestHooks(t *testing.T) {
	f := meals()
	f.Alias = func(in *dialog.Input) (string, string) {
		if in.Name == "start" && in.Text != "" {
			return "create", "a " + in.Text
		}
		return "", ""
	}
	f.Extra = func(name string, t *dialog.Turn) bool {
		if name == "cancel" {
			t.Say("plain", map[string]string{"text": "never"})
		}
		return name == "cancel"
	}
	f.Idle = func(typed string, t *dialog.Turn) bool {
		if typed == "hi" {
			t.Say("plain", map[string]string{"text": "hello"})
		}
		return typed == "hi"
	}
	none, at := record("", "", ""), record("address", "", `{"Size":"large"}`)
	command := func(name, text string) dialog.Input {
		return dialog.Input{Kind: dialog.KindCommand, Name: name, Text: text}
	}
	for name, x := range map[string]struct {
		at         *dialog.Record
		in         dialog.Input
		step, says string
	}{
		"alias":           {none, command("start", "rose"), "size", ""},
		"no alias":        {none, command("start", ""), "", ""},
		"extra":           {at, command("cancel", ""), "address", "plain"},
		"not extra":       {at, command("renew", ""), "address", "renewed"},
		"idle":            {none, dialog.Input{Kind: dialog.KindText, Text: "hi"}, "", "plain"},
		"not idle":        {none, dialog.Input{Kind: dialog.KindText, Text: "home"}, "", "no_draft"},
		"idle in a draft": {at, dialog.Input{Kind: dialog.KindText, Text: "hi"}, "review", ""},
	} {
		r, _ := decided(f, x.at, x.in)
		says := ""
		if r.Said != nil {
			says = r.Said.Code
		}
		if r.Step != x.step || says != x.says {
			t.Errorf("%s: at %q it says %q, want %q at %q", name, r.Step, says, x.says, x.step)
		}
		if name == "alias" && string(r.Answers) != `{"Size":"","Address":"","Pay":"cash","Gift":"a rose","Quote":0}` {
			t.Errorf("alias: the draft is %s", r.Answers)
		}
	}
}

// TestAnswerAs: a text that was typed for a question answers that question, whichever is
// open by now.
func TestAnswerAs(t *testing.T) {
	for name, x := range map[string]struct {
		at                        *dialog.Record
		question, text, step, has string
		says                      string
	}{
		"the open one":    {record("address", "", `{"Size":"large"}`), "address", "home", "review", "large home", ""},
		"an earlier one":  {record("address", "", `{"Size":"large"}`), "size", "small", "address", "small ", ""},
		"refused there":   {record("review", "", `{"Size":"large","Address":"home"}`), "size", "huge", "size", "large home", "not_offered"},
		"unknown":         {record("address", "", `{"Size":"large"}`), "none", "home", "address", "large ", "old_button"},
		"while choosing":  {record("address", "choose", `{"Size":"large"}`), "size", "small", "address", "large ", "old_button"},
		"without a draft": {record("", "done", `{"Size":"large"}`), "size", "small", "", "large ", "old_button"},
	} {
		r, _ := decided(meals(), x.at, dialog.Input{Kind: dialog.KindTap, Name: "as", Value: x.question, Text: x.text})
		f := meals()
		d, err := f.Draft(r)
		says := ""
		if r.Said != nil {
			says = r.Said.Code
		}
		if err != nil || r.Step != x.step || d.Size+" "+d.Address != x.has || says != x.says {
			t.Errorf("%s: at %q it says %q with %+v, want %q at %q with %s", name, r.Step, says, d, x.says, x.step, x.has)
		}
	}
}
