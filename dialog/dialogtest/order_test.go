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
)

func (deal) FlowName() string { return "deal" }

func (deal) Match(id string) bool { return strings.HasPrefix(id, "D-") }

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
	switch in := t.Input; {
	case in.Kind == dialog.KindResult || in.Kind == dialog.KindBlock:
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
	case in.Kind == dialog.KindTap && in.Name == "drop":
		r.Step = "dropped"
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
	return c
}

func orderFlows() []dialog.Flow { return []dialog.Flow{orderForm(), deal{}} }
