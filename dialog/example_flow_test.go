package dialog_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// tally is a flow without a form: it adds up what is typed.
type tally struct{}

func (tally) FlowName() string { return "tally" }

// Text has the texts of the flow's codes and of the engine's.
func (tally) Text(_, code string, args map[string]string) string {
	return dialog.Fill(map[string]string{
		"not_number":         "“{typed}” is not a whole number.",
		dialog.CodeOldButton: "That button is of an earlier sum.",
	}[code], args)
}

func (tally) Decide(t *dialog.Turn) {
	n, err := strconv.Atoi(t.Input.Text)
	if err != nil {
		t.Refuse("not_number", map[string]string{"typed": t.Input.Text}, t.Input.Text)
		return
	}
	sum, _ := strconv.Atoi(string(t.Record.Answers)) // none yet: 0
	t.Record.Answers, t.Record.Said = []byte(strconv.Itoa(sum+n)), nil
	t.Applied()
}

func (tally) Render(r *dialog.Record, v dialog.View) dialog.Card {
	c := dialog.Card{Question: "Sum: " + string(r.Answers), Field: &dialog.Field{}}
	if r.Said != nil {
		c.Refusal = c.Tell(tally{}.Text, v, r.Said)
	}
	return c
}

func ExampleFlow() {
	k := dialogtest.NewTalk(dialog.NewMemory(), tally{})
	defer k.Close()
	k.Say("20")
	k.Say("twenty-two")
	k.Bot.Evict() // or the process dies
	k.Say("22")
	// Output:
	// Sum: 20
	// ! “twenty-two” is not a whole number.
	// Sum: 20
	// Sum: 42
}

// parcel is on its way: a conversation with an id of its own.
type parcel struct{}

func (parcel) FlowName() string     { return "parcel" }
func (parcel) Match(id string) bool { return len(id) == 8 && id[0] == 'p' }
func (parcel) Decide(t *dialog.Turn) {
	t.Record.Step = "arrived"
	t.Applied()
}
func (parcel) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: "The parcel is " + r.Step}
}

// A form whose end starts another conversation, in the same commit: one for each draft,
// even if inputs come twice.
func ExampleTurn_Start() {
	form := form.Form[Order]{
		Name: "pizza", Version: 1,
		Questions: []form.Question[Order]{
			form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }),
		},
		Submit: func(o Order, t *dialog.Turn) string {
			id := "p" + t.ID(7) // one that is taken is drawn again
			t.Start(&dialog.Record{Head: dialog.Head{
				Key:   dialog.Key{Bot: t.Input.Key.Bot, Flow: "parcel", ID: id},
				Owner: t.Record.Owner, Draft: id, Step: "on its way",
			}}, true)
			return "Sent!"
		},
	}
	ctx := context.Background()
	k := dialogtest.NewTalk(dialog.NewMemory(), form, parcel{})
	defer k.Close()
	k.Say("/create")
	k.Say("1 Infinite Loop")
	id := k.Record.Started
	order := dialog.Input{ID: "scan", Kind: dialog.KindOrder, Key: dialog.Key{Bot: k.Bot.Bot(), Flow: "parcel", ID: id}, Name: "arrived"}
	for range 2 {
		out, err := k.Bot.Handle(ctx, order)
		if err != nil {
			panic(err)
		}
		fmt.Println(out.Did, "-", k.Bot.Render(out.Record, dialog.View{}).Question)
	}
	// Output:
	// Where to?
	// * Sent!
	// Done
	// applied - The parcel is arrived
	// duplicate - The parcel is arrived
}
