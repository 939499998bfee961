package dialog_test

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// mute refuses every input, with a code without a text.
type mute struct{ words dialog.Words }

func (mute) FlowName() string { return "mute" }
func (mute) Decide(t *dialog.Turn) {
	t.Refuse("day_past", nil, t.Input.Text)
}

func (m mute) Render(r *dialog.Record, v dialog.View) dialog.Card {
	c := dialog.Card{Question: "Which day?", Field: &dialog.Field{}}
	if r.Said != nil {
		c.Refusal = c.Tell(m.words, v, r.Said)
	}
	return c
}

// A refusal is never silent: a code without a text is shown, and reported once.
func TestCodeWithoutAText(t *testing.T) {
	var told []string
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{Recorder: dialog.Recorder{Trouble: func(what string, _ error) { told = append(told, what) }}}, mute{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bot.Close(t.Context()) }()
	for _, id := range []string{"1", "2"} {
		out, err := bot.Handle(t.Context(), dialog.Input{ID: id, Kind: dialog.KindText, Owner: "tty:ann", Text: "yesterday"})
		if err != nil {
			t.Fatal(err)
		}
		if c := bot.Render(out.Record, dialog.View{}); c.Refusal != "day_past" {
			t.Errorf("the card says %q", c.Refusal)
		}
	}
	said := &dialog.Said{Code: dialog.CodeForeign}
	if got := bot.Text(dialog.View{}, nil, said); got != "foreign" {
		t.Errorf("without words the bot says %q", got)
	}
	own := dialog.Words(func(_, code string, _ map[string]string) string { return "A channel's " + code })
	if got := bot.Text(dialog.View{}, own, said); got != "A channel's foreign" {
		t.Errorf("with a channel's words the bot says %q", got)
	}
	if len(told) != 2 || told[0] != "code day_past" || told[1] != "code foreign" {
		t.Errorf("trouble: %q", told)
	}
}
