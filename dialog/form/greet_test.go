package form_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// TestGreets: who comes back hears where the draft is, and what became of the answers; who
// was not away hears nothing.
func TestGreets(t *testing.T) {
	saved := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	command, text := dialog.Input{Kind: dialog.KindCommand, Name: "resume", Owner: "tty:ann"}, dialog.Input{Kind: dialog.KindText, Text: "home secret", Owner: "tty:ann"}
	for name, x := range map[string]struct {
		in            dialog.Input
		step, answers string
		gap, lost     bool
		closed        bool // large is no longer offered
		want          string
	}{
		"here":                      {in: command, step: "address", answers: `{"Size":"large"}`, want: "address"},
		"away":                      {in: command, step: "address", answers: `{"Size":"large"}`, gap: true, want: "address welcome_back answers=1 of=3 open=address step=2"},
		"away at the review":        {in: command, step: "review", answers: `{"Size":"large","Address":"home"}`, gap: true, want: "review welcome_back answers=2 of=3 step=3"},
		"away without answers":      {in: command, step: "size", answers: `{}`, gap: true, want: "size"},
		"lost":                      {in: command, step: "address", lost: true, want: "size place_kept answers=0 of=3 open=size step=1"},
		"lost, and away":            {in: command, step: "address", gap: true, lost: true, want: "size place_kept answers=0 of=3 open=size step=1"},
		"lost, and types":           {in: text, step: "address", lost: true, want: "size answers_lost answers=1 of=3 open=size step=1 typed=home …"},
		"lost before an answer":     {in: command, step: "size", lost: true, want: "size"},
		"rule":                      {in: command, step: "address", answers: `{"Size":"large"}`, closed: true, want: "size rule_changed.here answers=1 of=3 open=size step=1 because=closed"},
		"rule, and away":            {in: command, step: "address", answers: `{"Size":"large"}`, closed: true, gap: true, want: "size rule_changed answers=1 of=3 open=size step=1 because=closed"},
		"rule, opened again":        {in: command, step: "size", answers: `{"Size":"large","Address":"home"}`, closed: true, want: "size rule_changed.here answers=2 of=3 open=size step=1 because=closed"},
		"opened again":              {in: command, step: "size", answers: `{"Size":"large","Address":"home"}`, want: "size"},
		"opened again, and is away": {in: command, step: "size", answers: `{"Size":"large","Address":"home"}`, gap: true, want: "size welcome_back answers=2 of=3 open=size step=1"},
	} {
		f := meals()
		f.Discreet = func(text string) string { return strings.ReplaceAll(text, "secret", "…") }
		f.Questions[0].Check = func(*Meal) error {
			if x.closed {
				return form.Refuse("closed", "size", "large")
			}
			return nil
		}
		before := &dialog.Record{Head: dialog.Head{Owner: "tty:ann", Draft: "d", Step: x.step, Schema: 1, Updated: saved}, Answers: []byte(x.answers)}
		r := *before
		turn := &dialog.Turn{Before: before, Record: &r, Input: &x.in, Now: saved.Add(time.Hour), Gap: x.gap, Rehydrated: dialog.Rehydration{Lost: x.lost}}
		f.Decide(turn)
		got := r.Step
		if s := r.Said; s != nil {
			got += " " + s.Code
			for _, arg := range slices.Sorted(maps.Keys(s.Args)) {
				got += " " + arg + "=" + s.Args[arg]
			}
			if s.Reason != nil {
				got += " because=" + s.Reason.Code
			}
			if s.Times["saved"] != dialog.At(saved) {
				t.Errorf("%s: saved %v", name, s.Times)
			}
		}
		if got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

// TestLossIsTold: after a loss no input leads back to an earlier question without a word, also
// if the turn that found the loss had nothing to tell. Back at the first question does not say
// that there was nothing before.
func TestLossIsTold(t *testing.T) {
	inputs := map[string]dialog.Input{}
	for _, name := range []string{"start", "create", "resume", "continue", "back", "edit", "confirm", "help", "renew", "dance"} {
		inputs["/"+name] = dialog.Input{Kind: dialog.KindCommand, Name: name}
	}
	for _, action := range []string{"edit:size", "edit:address", "edit:pay", "continue", "back", "confirm", "resume"} {
		name, value, _ := strings.Cut(action, ":")
		inputs["+"+action] = dialog.Input{Kind: dialog.KindTap, Name: name, Value: value}
	}
	inputs["an answer"], inputs["no answer"] = dialog.Input{Kind: dialog.KindText, Text: "home"}, dialog.Input{Kind: dialog.KindText, Text: "x"}
	inputs["a sticker"] = dialog.Input{Kind: dialog.KindOther, Name: "sticker"}
	f := meals()
	order := []string{"size", "address", "review"}
	turn := func(r *dialog.Record, in dialog.Input, lost bool) *dialog.Record {
		in.Owner = "tty:ann"
		after := *r
		f.Decide(&dialog.Turn{Before: r, Record: &after, Input: &in, Now: r.Updated.Add(time.Minute), Rehydrated: dialog.Rehydration{Lost: lost}})
		return &after
	}
	told := func(what string, before, after *dialog.Record) {
		code := "nothing"
		if after.Said != nil {
			code = after.Said.Code
		}
		back := after.Step != "" && slices.Index(order, after.Step) < slices.Index(order, before.Step)
		if ok := code == "place_kept" || code == "answers_lost"; ok != back || code == "not_here.back" {
			t.Errorf("%s: from %s to %s, said %s", what, before.Step, after.Step, code)
		}
	}
	for _, step := range order[1:] {
		for first, in := range inputs {
			lost := &dialog.Record{Head: dialog.Head{Owner: "tty:ann", Draft: "d", Step: step, Schema: 1}, Lost: true}
			found := turn(lost, in, true)
			told(first, lost, found)
			for then, in := range inputs {
				told(first+", "+then, found, turn(found, in, false))
			}
		}
	}
	at := &dialog.Record{Head: dialog.Head{Owner: "tty:ann", Draft: "d", Step: "size", Schema: 1}, Lost: true}
	if s := turn(at, inputs["/back"], false).Said; s == nil || s.Code != "not_here.lost" {
		t.Errorf("Back at the first question after a loss: %+v", s)
	}
}

// Basket is a draft that shares memory with its copies.
type Basket struct {
	Items []string
	Of    map[string]int
	Owner *string
	Deep  struct{ List [1][]int }
	Due   time.Time
}

// TestDecideLeavesTheCommittedDraft: an answer that is not stored changes nothing, whatever
// the draft is made of.
func TestDecideLeavesTheCommittedDraft(t *testing.T) {
	f := form.Form[Basket]{Name: "basket", Version: 1, Submit: func(Basket, *dialog.Turn) string { return "" }, Questions: []form.Question[Basket]{{
		Name: "item", Ask: "What else?", Show: func(*Basket, dialog.View) string { return "" }, Has: func(*Basket) bool { return false },
		Take: func(a form.Answer[Basket]) form.Taken {
			a.Draft.Items[0], a.Draft.Of["apple"], *a.Draft.Owner, a.Draft.Deep.List[0][0], a.Draft.Due = "pear", 9, "bob", 9, time.Time{}
			return form.Refused(errors.New("no"))
		}}}}
	owner := "ann"
	draft := &Basket{Items: []string{"apple"}, Of: map[string]int{"apple": 1}, Owner: &owner, Due: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
	draft.Deep.List[0] = []int{1}
	before := &dialog.Record{Head: dialog.Head{Owner: "tty:ann", Draft: "d", Step: "item", Schema: 1}}
	before.SetDraft([]byte(`{}`), draft)
	r := *before
	f.Decide(&dialog.Turn{Before: before, Record: &r, Input: &dialog.Input{Kind: dialog.KindText, Text: "pear"}})
	if got, want := fmt.Sprintln(draft.Items, draft.Of, *draft.Owner, draft.Deep, draft.Due.Year()), "[apple] map[apple:1] ann {[[1]]} 2026\n"; got != want || r.Said == nil || r.Said.Code != "plain" {
		t.Errorf("the committed draft is %s, want %s; said %+v", got, want, r.Said)
	}
}
