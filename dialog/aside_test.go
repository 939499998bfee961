package dialog_test

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

type named string

func (n named) FlowName() string                                 { return string(n) }
func (named) Decide(*dialog.Turn)                                {}
func (named) Render(_ *dialog.Record, _ dialog.View) dialog.Card { return dialog.Card{} }

// A bot's conversations are never mixed up with what a channel has set aside.
func TestNoFlowIsNamedAside(t *testing.T) {
	for name, good := range map[string]bool{"": false, dialog.AsideFlow: false, "ready": false, "a:b": false, "asides": true} {
		if _, err := dialog.New(dialog.NewMemory(), dialog.Config{}, named(name)); (err == nil) != good {
			t.Errorf("flow %q: %v", name, err)
		}
	}
}
