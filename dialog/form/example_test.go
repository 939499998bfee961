package form_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// Order is the draft: plain data, saved with every answer.
type Order struct {
	Size    string `json:"size"`
	Count   int    `json:"count"`
	Address string `json:"address"`
}

// A Submit that may refuse: the review stays, with the reason.
func ExampleForm() {
	left := 1
	form := form.Form[Order]{
		Name: "pizza", Version: 1, Review: true,
		Questions: []form.Question[Order]{
			form.Choose("size", "What size?", func(o *Order) *string { return &o.Size }, "small", "large"),
			form.Number("count", "How many?", func(o *Order) *int { return &o.Count }, form.Between(1, 20)),
		},
		Submit: func(o Order, t *dialog.Turn) string {
			if o.Count > left {
				t.Refuse("plain", map[string]string{"text": fmt.Sprintf("Only %d left.", left)}, "")
				return ""
			}
			return fmt.Sprintf("%d %s: coming!", o.Count, o.Size)
		},
	}
	k := dialogtest.NewTalk(dialog.NewMemory(), form)
	defer k.Close()
	for _, line := range []string{"/create", "large", "2", "/confirm", "/back", "1", "/confirm"} {
		k.Say(line)
	}
	// Output:
	// What size?
	// How many?
	// Is this right?
	// ! Only 1 left.
	// Is this right?
	// How many?
	// Is this right?
	// * 1 large: coming!
	// Done
}

// A release that renames an answer continues the drafts of the release before.
func ExampleForm_migrate() {
	type v1 struct {
		Size string `json:"size"`
	}
	type v2 struct {
		Diameter string `json:"diameter"` // was size
		Address  string `json:"address"`
	}
	store := dialog.NewMemory()
	before := dialogtest.NewTalk(store, form.Form[v1]{
		Name: "pizza", Version: 1, Review: true,
		Questions: []form.Question[v1]{form.Text("size", "What size?", func(o *v1) *string { return &o.Size })},
		Submit:    func(v1, *dialog.Turn) string { return "" },
	})
	before.Say("/create")
	before.Say("large")
	before.Close()

	after := dialogtest.NewTalk(store, form.Form[v2]{
		Name: "pizza", Version: 2, Review: true,
		Questions: []form.Question[v2]{
			form.Text("diameter", "What diameter?", func(o *v2) *string { return &o.Diameter }),
			form.Text("address", "Where to?", func(o *v2) *string { return &o.Address }),
		},
		Submit: func(v2, *dialog.Turn) string { return "" },
		Migrate: func(version int, old []byte) ([]byte, error) {
			var o v1
			err := json.Unmarshal(old, &o)
			if err != nil {
				return nil, err
			}
			return json.Marshal(v2{Diameter: o.Size})
		},
	})
	defer after.Close()
	after.Say("/resume")
	after.Say("1 Infinite Loop")
	fmt.Println(string(after.Record.Answers))
	// Output:
	// What size?
	// Is this right?
	// Where to?
	// Is this right?
	// {"diameter":"large","address":"1 Infinite Loop"}
}

// A timer outlives the process, and is handled before any later input.
func ExampleTurn_Wake() {
	form := form.Form[Order]{
		Name: "pizza", Version: 1,
		Questions: []form.Question[Order]{
			form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }),
		},
		Submit: func(o Order, t *dialog.Turn) string {
			t.Wake("arrived?", 40*time.Minute)
			return "Coming!"
		},
		Wake: func(o Order, name string, t *dialog.Turn) string {
			return "Has it arrived at " + o.Address + "?"
		},
	}
	k := dialogtest.NewTalk(dialog.NewMemory(), form)
	defer k.Close()
	k.Say("/create")
	k.Say("1 Infinite Loop")
	k.Wait(time.Hour)
	// Output:
	// Where to?
	// * Coming!
	// Done
	// * Has it arrived at 1 Infinite Loop?
	// Done
}
