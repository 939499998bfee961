package form_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// essay is a draft whose texts have no bound of their own.
type essay struct{ A, B, C, D, E string }

// TestLongText: a text that is longer than a message, or than the draft has room for, is
// refused, and the answers of a full draft stay.
func TestLongText(t *testing.T) {
	field := func(name string, of func(*essay) *string) form.Question[essay] { return form.Text(name, name+"?", of) }
	essays := form.Form[essay]{
		Name: "essay", Version: 1, Review: true,
		Questions: []form.Question[essay]{
			field("a", func(d *essay) *string { return &d.A }), field("b", func(d *essay) *string { return &d.B }),
			field("c", func(d *essay) *string { return &d.C }), field("d", func(d *essay) *string { return &d.D }),
			field("e", func(d *essay) *string { return &d.E }),
		},
		Submit: func(essay, *dialog.Turn) string { return "read" },
	}
	store := dialog.NewMemory()
	bot, err := dialog.New(store, dialog.Config{}, essays)
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close(context.Background())
	n := 0
	say := func(in dialog.Input) *dialog.Record {
		t.Helper()
		n++
		in.ID, in.Owner = fmt.Sprint(n), "tg:1"
		out, err := bot.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		row, err := store.Load(t.Context(), out.Record.Key)
		if err != nil {
			t.Fatal(err)
		}
		if size := len(row.Answers) + len(row.State) + len(row.Seen) + len(row.Shown); size > 64<<10 {
			t.Errorf("row of %d bytes", size)
		}
		return out.Record
	}
	refused := func(r *dialog.Record, step string) {
		t.Helper()
		if r.Step != step || r.Said == nil || !r.Said.Refusal || r.Said.Code != "text_long" {
			t.Errorf("at %q with %+v, want a refusal at %q", r.Step, r.Said, step)
		}
	}
	say(dialog.Input{Kind: dialog.KindCommand, Name: "create"})
	refused(say(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("<", 64_500)}), "a")
	for _, step := range []string{"b", "c"} {
		if r := say(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("😀", 4000)}); r.Step != step {
			t.Fatalf("at %q with %s, want %q", r.Step, r.Said.Code, step)
		}
	}
	refused(say(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("😀", dialog.TextMost)}), "c")
	r := say(dialog.Input{Kind: dialog.KindText, Text: "short"})
	var d essay
	if err := json.Unmarshal(r.Answers, &d); err != nil || r.Step != "d" || len(d.A) != 16_000 || d.C != "short" {
		t.Errorf("%v: at %q", err, r.Step)
	}
}
