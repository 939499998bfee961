package main

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// A pizza for two: /two begins it, a friend comes by /join ID, each chooses a half, and the
// kitchen begins when both have.

// open makes the bot. The effect of a pizza for two gives the kitchen an order.
func open(store dialog.Store, cfg dialog.Config) (bot *dialog.Engine, err error) {
	bake := func(ctx context.Context, halves map[string]string, key string) (string, error) {
		id, _, _ := strings.Cut(key, ".") // a second try gives the same order
		out, err := bot.Handle(ctx, dialog.Input{ID: key, Kind: dialog.KindOrder, By: "two", Name: "bake",
			Key: dialog.Key{Bot: bot.Bot(), Flow: "kitchen", ID: id}, Text: halves[""] + " and " + halves["friend"]})
		if err != nil {
			return "", err
		}
		return "The oven has " + string(out.Record.Answers) + ".", nil
	}
	bot, err = dialog.New(store, cfg, pizza, two{bake}, kitchen{})
	return bot, err
}

// shareOne begins a pizza for two. Its id is the secret that lets the friend in.
func shareOne(name string, t *dialog.Turn) bool {
	if name != "two" {
		return false
	}
	id := "two-" + t.ID(12)
	t.Start(&dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: t.Record.Key.Bot, Flow: "two", ID: id}, Owner: t.Input.Owner, Draft: id, Step: "choosing"}}, true)
	return true
}

// two is the flow of a pizza for two. Its answers are the halves, by seat.
type two struct {
	bake func(ctx context.Context, halves map[string]string, key string) (string, error)
}

var (
	_ dialog.Claimer = two{}
	_ dialog.Asker   = two{}
)

func (two) FlowName() string              { return "two" }
func (two) Match(id string) bool          { return strings.HasPrefix(id, "two-") }
func (f two) EffectFuncs() dialog.Effects { return dialog.Effects{"bake": dialog.EffectResult(f.bake)} }
func (two) Claims(in *dialog.Input) (id string, ok bool) {
	return in.Text, in.Kind == dialog.KindCommand && in.Name == "join"
}

func (f two) Decide(t *dialog.Turn) {
	r, in := t.Record, t.Input
	other := map[string]string{"": "friend", "friend": ""}[r.Role()]
	switch {
	case t.Claim && (r.Version == 0 || !t.Sit("friend")):
		t.Refuse("plain", plain("There is no half left.").Args, "")
	case in.Kind == dialog.KindTap && in.Name == "half" && r.Step == "choosing":
		halves := f.halves(r)
		halves[r.Role()] = in.Value
		r.Answers, _ = json.Marshal(halves)
		t.SayTo(other, plain("Your friend takes "+in.Value+"."), true)
		if len(halves) == 2 {
			r.Step = "ordered"
			t.Do("bake", halves)
		}
	case in.Kind == dialog.KindText: // for the friend
		t.SayTo(other, plain("Your friend says: "+in.Text), true)
	case in.Kind == dialog.KindResult:
		var oven string
		_ = json.Unmarshal([]byte(in.Text), &oven)
		t.SayTo("", plain(oven), true)
		t.SayTo("friend", plain(oven), true)
	case in.Kind == dialog.KindTap:
		t.Stale()
	case in.FromPerson():
		t.Anew()
	}
}

// Asks names the button that wants a text. The person's own conversation asks for it.
func (two) Asks(in *dialog.Input) bool { return in.Name == "tell" }

func (two) Ask(of *dialog.Record, _ *dialog.Input) (map[string]string, *dialog.Said) {
	return map[string]string{"pizza": of.Key.ID}, nil
}

func (two) Asked(own *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: "What shall we tell your friend?", Hint: own.Asks.About["pizza"], Field: &dialog.Field{},
		Quiet: []dialog.Button{{Action: dialog.ActionLeave, Label: "Leave it"}}}
}

func (f two) Render(r *dialog.Record, v dialog.View) dialog.Card {
	halves := f.halves(r)
	c := dialog.Card{Step: r.Step, Question: "Which half is yours?", Quiet: []dialog.Button{{Action: "tell", Label: "Tell your friend"}}}
	switch {
	case r.Step == "ordered":
		c.Question = halves[""] + " and " + halves["friend"]
	case halves[r.Role()] != "":
		c.Question = "Yours is " + halves[r.Role()] + "."
	}
	if r.Step == "choosing" {
		c.Choices = []dialog.Button{{Action: "half:ham", Label: "Ham"}, {Action: "half:basil", Label: "Basil"}}
	}
	if len(r.Seats) == 0 {
		c.Hint = "Your friend sends: /join " + r.Key.ID
	}
	if r.Said != nil {
		c.Band = &dialog.Band{Strong: c.Tell(pizza.Text, v, r.Said)}
	}
	return c
}

// halves are a copy of the answers.
func (two) halves(r *dialog.Record) map[string]string {
	halves := map[string]string{}
	_ = json.Unmarshal(r.Answers, &halves)
	return halves
}

func plain(text string) dialog.Said {
	return dialog.Said{Code: "plain", Args: map[string]string{"text": text}}
}

// kitchen has a conversation for each pizza for two, which an order begins.
type kitchen struct{}

var _ dialog.Beginner = kitchen{}

func (kitchen) FlowName() string             { return "kitchen" }
func (kitchen) Match(string) bool            { return false } // no person comes here
func (kitchen) Begins(in *dialog.Input) bool { return in.Name == "bake" }

func (kitchen) Decide(t *dialog.Turn) {
	if t.Input.Name == "bake" && t.Before.Version == 0 {
		r := t.Record
		r.Owner, r.Draft, r.Step, r.Answers = "kitchen", r.Key.ID, "baking", []byte(t.Input.Text)
		t.Applied()
	}
}

func (kitchen) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: string(r.Answers)}
}
