package form_test

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// A question may not have the stored form of a state as its name.
func TestQuestionNames(t *testing.T) {
	for name, ok := range map[string]bool{"size": true, "choose": false, "cancelled": false, "expired": false, "done": false} {
		form := form.Form[Order]{Name: "pizza", Submit: func(Order, *dialog.Turn) string { return "" },
			Questions: []form.Question[Order]{form.Text(name, "What size?", func(o *Order) *string { return &o.Size })}}
		if err := form.Check(); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
