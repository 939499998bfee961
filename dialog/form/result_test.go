package form_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// Booking is a draft that keeps what an effect has learned.
type Booking struct {
	Slot   string `json:"slot"`
	Number int    `json:"number,omitempty"`
}

// booked is a form that books a slot in the world.
func booked(book func(ctx context.Context, slot, key string) (int, error)) form.Form[Booking] {
	return form.Form[Booking]{
		Name: "booking", Version: 1,
		Questions: []form.Question[Booking]{form.Text("slot", "When?", func(b *Booking) *string { return &b.Slot })},
		Submit: func(b Booking, t *dialog.Turn) string {
			t.Do("book", b.Slot)
			return "Asking the calendar."
		},
		Effects: dialog.Effects{"book": dialog.EffectResult(book)},
		Result: func(b *Booking, r form.Result, _ *dialog.Turn) string {
			var slot string
			if err := r.Arg(&slot); err != nil {
				return "unreadable argument"
			}
			if r.Err != nil {
				b.Slot = ""
				return slot + ": " + r.Err.Error()
			}
			if err := r.Value(&b.Number); err != nil {
				return err.Error()
			}
			return fmt.Sprintf("Booked %s as number %d.", slot, b.Number)
		},
	}
}

// settle waits until the effects of a conversation have ended, and loads it.
func settle(k *dialogtest.Talk) {
	k.Quiet = true
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if k.Load(k.Record.Key); len(k.Record.Pending) == 0 {
			break
		} else if time.Now().After(end) {
			panic("the effect does not end")
		}
	}
	k.Quiet = false
}

const patience = time.Minute

// An effect gives something back, or fails for good; the form says so, keeps what it has
// learned, or asks again.
func ExampleForm_result() {
	k := dialogtest.NewTalk(dialog.NewMemory(), booked(func(_ context.Context, slot, _ string) (int, error) {
		if slot == "Tuesday" {
			return 0, dialog.Forever(errors.New("that day is taken"))
		}
		return 17, nil
	}))
	defer k.Close()
	k.Say("/create")
	k.Say("Tuesday")
	settle(k)
	k.Show()
	k.Say("Friday")
	settle(k)
	k.Show()
	fmt.Println(string(k.Record.Answers))
	// Output:
	// When?
	// * Asking the calendar.
	// Done
	// * Tuesday: that day is taken
	// When?
	// * Asking the calendar.
	// Done
	// * Booked Friday as number 17.
	// Done
	// {"slot":"Friday","number":17}
}

// A result changes the draft that asked for it, wherever the person is by then.
func TestResultFindsItsDraft(t *testing.T) {
	for name, x := range map[string]struct {
		before []string // what the person does while the effect runs
		err    error
		late   bool
		want   string // question and answers afterwards
	}{
		"waits":                {nil, nil, false, `Done {"slot":"Tuesday","number":17}`},
		"waits, failed":        {nil, errors.New("no"), false, `When? {"slot":""}`},
		"writes another":       {[]string{"/create"}, nil, true, `When? {"slot":""}`},
		"wrote another":        {[]string{"/create", "Friday"}, errors.New("no"), true, `Done {"slot":"Friday"}`},
		"says hello":           {[]string{"hello"}, nil, false, `Done {"slot":"Tuesday","number":17}`},
		"cancelled the next":   {[]string{"/create", "/cancel"}, nil, true, `This draft is cancelled {"slot":""}`},
		"next, failed for all": {[]string{"/create", "/restart"}, errors.New("no"), true, `When? {"slot":""}`},
	} {
		t.Run(name, func(t *testing.T) {
			gate, late := make(chan struct{}), false
			flow := booked(func(ctx context.Context, slot, _ string) (int, error) {
				if slot == "Friday" {
					return 0, errors.New("later")
				}
				<-gate
				return 17, x.err
			})
			if x.err != nil {
				x.err = dialog.Forever(x.err)
			}
			result := flow.Result
			flow.Result = func(b *Booking, r form.Result, t *dialog.Turn) string {
				late = r.Late
				return result(b, r, t)
			}
			store := dialog.NewMemory()
			k := dialogtest.NewTalk(store, flow)
			k.Quiet = true
			defer k.Close()
			k.Say("/create")
			k.Say("Tuesday")
			for _, line := range x.before {
				k.Say(line)
			}
			said := k.Record.Said
			close(gate)
			for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
				if k.Load(k.Record.Key); k.Record.Said != nil && strings.Contains(k.Record.Said.Args["text"], "Tuesday") {
					break
				} else if time.Now().After(end) {
					t.Fatalf("no result; it said %+v", said)
				}
			}
			if got := k.Card().Question + " " + string(k.Record.Answers); got != x.want || late != x.late {
				t.Errorf("%s, late %t; want %s", got, late, x.want)
			}
		})
	}
}

// A result may answer the open question, or an answer that the review shows.
func TestResultOfAnOpenDraft(t *testing.T) {
	for _, review := range []bool{false, true} {
		flow := form.Form[Order]{
			Name: "pizza", Version: 1, Review: review,
			Questions: []form.Question[Order]{
				form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }),
				form.Text("size", "What size?", func(o *Order) *string { return &o.Size }),
			},
			Submit: func(o Order, _ *dialog.Turn) string { return o.Size + " to " + o.Address },
			Extra: func(name string, t *dialog.Turn) bool {
				if name == "usual" {
					t.Do("usual", nil)
				}
				return name == "usual"
			},
			Effects: dialog.Effects{"usual": dialog.EffectResult(func(context.Context, any, string) (Order, error) {
				return Order{Size: "large", Address: "1 Infinite Loop"}, nil
			})},
			Result: func(o *Order, r form.Result, _ *dialog.Turn) string {
				if r.Value(o) != nil {
					return "unreadable"
				}
				return ""
			},
		}
		k := dialogtest.NewTalk(dialog.NewMemory(), flow)
		k.Quiet = true
		k.Say("/create")
		k.Say("/usual")
		settle(k)
		c := k.Card()
		if want := map[bool]string{true: "Where to?", false: "Where to?"}[review]; c.Question != want || c.Keep == nil || c.Field.Value != "1 Infinite Loop" {
			t.Errorf("review %t: the open question is %+v", review, c)
		}
		k.Say("/continue")
		if c := k.Card(); review && c.Question != "Is this right?" || !review && c.Band.Strong != "large to 1 Infinite Loop" {
			t.Errorf("review %t: %+v", review, c)
		}
		k.Close()
	}
}

// A result takes back an answer whose question does not apply any more: nothing is asked,
// and nothing is submitted again.
func TestResultEndsAQuestion(t *testing.T) {
	flow := booked(func(context.Context, string, string) (int, error) { return 17, nil })
	table := form.Number("number", "Which table?", func(b *Booking) *int { return &b.Number })
	table.When = func(b *Booking) bool { return b.Slot == "inside" }
	flow.Questions = append(flow.Questions, table)
	submits, submit := 0, flow.Submit
	flow.Submit = func(b Booking, t *dialog.Turn) string {
		submits++
		return submit(b, t)
	}
	flow.Result = func(b *Booking, _ form.Result, _ *dialog.Turn) string {
		b.Slot, b.Number = "garden", 0
		return "Inside is full, so it is the garden."
	}
	k := dialogtest.NewTalk(dialog.NewMemory(), flow)
	defer k.Close()
	k.Quiet = true
	for _, text := range []string{"/create", "inside", "4"} {
		k.Say(text)
	}
	settle(k)
	if got, want := string(k.Record.Answers), `{"slot":"garden"}`; got != want || k.Record.Step != "" || submits != 1 {
		t.Errorf("the draft is %s at step %q after %d submits, want %s", got, k.Record.Step, submits, want)
	}
}

// A result that comes while the person chooses leaves the choice to the person.
func TestResultWhileChoosing(t *testing.T) {
	flow := booked(func(context.Context, string, string) (int, error) { return 17, nil })
	flow.Questions = append(flow.Questions, form.Number("number", "Which table?", func(b *Booking) *int { return &b.Number }))
	flow.Result = func(b *Booking, _ form.Result, _ *dialog.Turn) string {
		b.Slot = "garden"
		return ""
	}
	before := &dialog.Record{Head: dialog.Head{Owner: "tty:ann", Draft: "d", Step: "number", Schema: 1}, Open: "choose", Answers: []byte(`{"slot":"inside"}`)}
	r := *before
	flow.Decide(&dialog.Turn{Before: before, Record: &r, Input: &dialog.Input{Kind: dialog.KindResult, Name: "book", Value: "d.1", Text: "17"}})
	if string(r.Answers) != `{"slot":"garden"}` || r.Open != "choose" || r.Step != "number" {
		t.Errorf("the draft is %s at %q, open %q", r.Answers, r.Step, r.Open)
	}
}
