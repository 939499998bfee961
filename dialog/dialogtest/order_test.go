package dialogtest

import (
	"context"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// order is the draft of the form that the tests of this package talk to.
type order struct {
	What  string `json:"what"`
	Size  string `json:"size"`
	Where string `json:"where"`
}

const payWithin = time.Hour

// orderForm asks three questions; its end starts a deal.
func orderForm() form.Form[order] {
	return form.Form[order]{
		Name: "order", Version: 1, Review: true,
		Questions: []form.Question[order]{
			form.Text("what", "What shall it be?", func(o *order) *string { return &o.What }, form.Length(2, 40)),
			form.Choose("size", "What size?", func(o *order) *string { return &o.Size }, "small", "large"),
			form.Text("where", "Where to?", func(o *order) *string { return &o.Where }, form.Length(2, 40)),
		},
		Submit: func(o order, t *dialog.Turn) string {
			id := "D-" + t.ID(8)
			r := &dialog.Record{Answers: []byte(o.What + "/" + o.Size + "/" + o.Where)}
			r.Key = dialog.Key{Bot: t.Record.Key.Bot, Flow: "deal", ID: id}
			r.Owner, r.Draft, r.Step = t.Record.Owner, id, "pending"
			at := t.Now.Add(payWithin)
			r.Timers = []dialog.Timer{{Name: "lapse", At: at.UnixMilli()}}
			r.Pending = []dialog.PendingEffect{{ID: "print-" + id, Name: "print", Arg: []byte(`"` + id + `"`)}}
			t.Start(r, true)
			return ""
		},
		Begin: func(o *order, _ *dialog.Turn, value string) { o.What = value },
	}
}

// deal is what an order becomes: a conversation of its own.
type deal struct {
	print func(ctx context.Context, id, key string) error // nil: nothing
}

var (
	_ dialog.Flow    = deal{}
	_ dialog.Matcher = deal{}
	_ dialog.Doer    = deal{}
	_ dialog.Claimer = deal{}
	_ dialog.Asker   = deal{}
)

func (deal) FlowName() string { return "deal" }

func (deal) Match(id string) bool { return strings.HasPrefix(id, "D-") }

// Claims lets a second person sit down by /join ID.
func (deal) Claims(in *dialog.Input) (string, bool) {
	return in.Text, in.Kind == dialog.KindCommand && in.Name == "join" && strings.HasPrefix(in.Text, "D-")
}

func (d deal) EffectFuncs() dialog.Effects {
	return dialog.Effects{"print": dialog.Effect(func(ctx context.Context, id string, key string) error {
		if d.print == nil {
			return nil
		}
		return d.print(ctx, id, key)
	})}
}

func (deal) Decide(t *dialog.Turn) {
	r := t.Record
	over := r.Step != "pending" && r.Step != "accepted"
	say := func(text string) *dialog.Said {
		return &dialog.Said{Code: "plain", Args: map[string]string{"text": text}}
	}
	switch in := t.Input; {
	case in.Kind == dialog.KindResult || in.Kind == dialog.KindBlock:
	case t.Claim && (over || len(r.Seats) > 0):
		t.Refuse("plain", map[string]string{"text": "Nobody can join."}, "")
	case t.Claim:
		t.Sit("s")
	case in.Kind == dialog.KindTap && in.Name == "accept" && r.Step == "pending" && r.Role() == "s":
		r.Step, r.Open = "accepted", ""
		t.Unwake("lapse")
		t.Applied()
	case in.Kind == dialog.KindTap && in.Name == "release" && r.Step == "accepted" && r.Role() == "":
		r.Step, r.Open = "released", ""
		t.SayTo("s", *say("It is yours."), true)
	case in.Kind == dialog.KindTap && (in.Name == "ask" || in.Name == "no") && !over:
		r.Open, r.Said = map[string]string{"ask": "sure"}[in.Name], nil
		t.Applied()
	case in.Kind == dialog.KindText && over:
	case in.Kind == dialog.KindText && len(in.Text) < 2:
		t.Refuse("plain", map[string]string{"text": "That is too short."}, in.Text)
	case in.Kind == dialog.KindText:
		r.Answers = []byte(string(r.Answers) + "!" + r.Role() + ":" + in.Text)
		t.Applied()
		t.SayTo(map[string]string{"": "s"}[r.Role()], *say("Something was said."), false)
	case in.Kind == dialog.KindTap && in.Name == "add" && !over:
		r.Answers = []byte(string(r.Answers) + "+" + r.Role())
		t.SayTo(map[string]string{"": "s"}[r.Role()], *say("Something was added."), false)
	case r.Step != "pending":
		t.Toast("plain", map[string]string{"text": "This is over."})
	case in.Kind == dialog.KindWake && in.Name == "lapse":
		r.Step = "lapsed"
		t.Event("lapsed", "")
		t.Anew()
	case in.Kind == dialog.KindOrder && in.Name == "paid":
		r.Step = "paid"
		t.Unwake("lapse")
		t.Event("paid", "")
		t.Anew()
	case in.Kind == dialog.KindTap && in.Name == "drop" && r.Role() == "":
		r.Step, r.Open = "dropped", ""
		t.Unwake("lapse")
		t.Event("cancelled", "")
		t.Applied()
	default:
		t.Say("plain", map[string]string{"text": "That is not possible here."})
	}
}

func (deal) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	c := dialog.Card{Step: r.Step, Question: "Order " + r.Key.ID + " is " + r.Step, Body: []string{string(r.Answers)}}
	if r.Said != nil {
		c.Band = &dialog.Band{Strong: r.Said.Args["text"]}
	}
	if r.Step == "pending" {
		c.Quiet = []dialog.Button{{Action: "drop", Label: "Drop it"}}
	}
	if len(r.Seats) > 0 {
		c.Quiet = seatButtons(r)
		c.Body = append(c.Body, "you are "+r.Role(), r.Open)
	}
	if r.Step == "pending" || r.Step == "accepted" {
		c.Quiet = append(c.Quiet, dialog.Button{Action: "say", Label: "Say more"})
	}
	return c
}

// Asks implements dialog.Asker.
func (deal) Asks(in *dialog.Input) bool { return in.Name == "say" }

// Ask implements dialog.Asker.
func (deal) Ask(of *dialog.Record, _ *dialog.Input) (map[string]string, *dialog.Said) {
	if of.Step != "pending" && of.Step != "accepted" {
		return nil, &dialog.Said{Code: "plain", Args: map[string]string{"text": "This is over."}}
	}
	return map[string]string{"id": of.Key.ID}, nil
}

// Asked asks what to say of a deal.
func (deal) Asked(own *dialog.Record, v dialog.View) dialog.Card {
	c := dialog.Card{Question: "What about " + own.Asks.About["id"] + "?", Field: &dialog.Field{}, Quiet: []dialog.Button{{Action: dialog.ActionLeave, Label: "Leave it"}}}
	if own.Said != nil {
		c.Refusal = c.Tell(form.English, v, own.Said)
	}
	return c
}

// seatButtons are the buttons on a card of one of two people.
func seatButtons(r *dialog.Record) (list []dialog.Button) {
	switch {
	case r.Step == "pending" && r.Role() == "s":
		list = append(list, dialog.Button{Action: "accept", Label: "Accept"})
	case r.Step == "pending":
		list = append(list, dialog.Button{Action: "drop", Label: "Drop it"})
	case r.Step == "accepted" && r.Role() == "":
		list = append(list, dialog.Button{Action: "release", Label: "Release"})
	}
	if r.Step == "pending" || r.Step == "accepted" {
		ask := dialog.Button{Action: "ask", Label: "Ask me"}
		if r.Open != "" {
			ask = dialog.Button{Action: "no", Label: "No"}
		}
		list = append(list, ask, dialog.Button{Action: "add", Label: "Add"})
	}
	return list
}

func orderFlows() []dialog.Flow { return []dialog.Flow{orderForm(), deal{}} }
