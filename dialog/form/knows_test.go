package form_test

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// TestKnows: a form knows its own steps and formats. A draft at any other step is a newer
// version's.
func TestKnows(t *testing.T) {
	size := form.Text("size", "What size?", func(o *Order) *string { return &o.Size })
	size.Step = "size_input"
	note := form.Text("note", "Which note?", func(o *Order) *string { return &o.Address })
	pay := form.Text("pay", "How?", func(o *Order) *string { return &o.Address })
	pay.Side = true
	plain := form.Form[Order]{Name: "pizza", Version: 2, Questions: []form.Question[Order]{size, note, pay}}
	reviewed, own, reads := plain, plain, plain
	reviewed.Review = true
	own.Review, own.ReviewAt = true, "confirm_order"
	reads.Reads = 3
	steps := []string{"", "size_input", "note", "pay", "size", "review", "confirm_order", "toppings"}
	for name, c := range map[string]struct {
		form   form.Form[Order]
		steps  []string // that it knows
		format int      // the last that it knows
	}{
		"without a review": {plain, []string{"", "size_input", "note"}, 2},
		"with a review":    {reviewed, []string{"", "size_input", "note", "review"}, 2},
		"of another name":  {own, []string{"", "size_input", "note", "confirm_order"}, 2},
		"reads the next":   {reads, []string{"", "size_input", "note"}, 3},
	} {
		known := map[string]bool{}
		for _, step := range c.steps {
			known[step] = true
		}
		for _, step := range steps {
			for format := 1; format <= 4; format++ {
				want := known[step] && format <= c.format
				if got := c.form.Knows(&dialog.Head{Step: step, Schema: format}); got != want {
					t.Errorf("%s: step %q, format %d: known %t, want %t", name, step, format, got, want)
				}
				r := &dialog.Record{Head: dialog.Head{Step: step, Schema: format, Draft: "d"}, Answers: []byte("{}")}
				if card := c.form.Render(r, dialog.View{}); card.Newer == want {
					t.Errorf("%s: step %q, format %d: the card is a newer version's: %t", name, step, format, card.Newer)
				}
			}
		}
	}
}
