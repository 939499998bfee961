package form_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
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
	refused := func(r *dialog.Record, step, code string) {
		t.Helper()
		if r.Step != step || r.Said == nil || !r.Said.Refusal || r.Said.Code != code {
			t.Errorf("at %q with %+v, want a refusal at %q", r.Step, r.Said, step)
		}
	}
	say(dialog.Input{Kind: dialog.KindCommand, Name: "create"})
	refused(say(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("<", 64_500)}), "a", "text_long")
	for _, step := range []string{"b", "c"} {
		if r := say(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("😀", 4000)}); r.Step != step {
			t.Fatalf("at %q with %s, want %q", r.Step, r.Said.Code, step)
		}
	}
	refused(say(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("😀", dialog.TextMost)}), "c", "too_long")
	r := say(dialog.Input{Kind: dialog.KindText, Text: "short & <b>"})
	var d essay
	if err := json.Unmarshal(r.Answers, &d); err != nil || r.Step != "d" || len(d.A) != 16_000 || d.C != "short & <b>" || !bytes.Contains(r.Answers, []byte("& <b>")) {
		t.Errorf("%v: at %q", err, r.Step)
	}
}

// TestEffectCarriesAFullDraft: however long the answers are, an effect carries the draft, and an
// answer that would make it too large is refused with the number of characters that are too many.
func TestEffectCarriesAFullDraft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		printed := make(chan int, 1)
		questions := make([]form.Question[essay], 5)
		for i, of := range []func(*essay) *string{
			func(d *essay) *string { return &d.A }, func(d *essay) *string { return &d.B }, func(d *essay) *string { return &d.C },
			func(d *essay) *string { return &d.D }, func(d *essay) *string { return &d.E },
		} {
			questions[i] = form.Text(string(rune('a'+i)), "?", of)
		}
		k := dialogtest.NewTalk(dialog.NewMemory(), form.Form[essay]{Name: "essay", Version: 1, Review: true, Questions: questions,
			Submit: func(d essay, t *dialog.Turn) string { t.Do("print", d); return "" },
			Effects: dialog.Effects{"print": dialog.Effect(func(_ context.Context, d essay, _ string) error {
				printed <- len(d.A + d.B + d.C + d.D + d.E)
				return nil
			})}})
		defer k.Close()
		k.Quiet = true
		k.Say("/create")
		letters := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "<", "\"", "ß", "日", "😀"}), 5, 5).Draw(t, "letters")
		all := 0
		for _, letter := range letters {
			n := rapid.IntRange(1, 4096).Draw(t, "characters")
			was := k.Record.Step
			k.Say(strings.Repeat(letter, n))
			if k.Record.Step == was {
				if k.Record.Said.Code == "no_room" { // not one more fits
					return
				}
				over, err := strconv.Atoi(k.Record.Said.Args["over"])
				if want := fmt.Sprintf("This is %d characters too long. All of it is still here.", over); err != nil || over < 1 || over >= n || k.Card().Refusal != want {
					t.Fatalf("%d characters: the card says %q", n, k.Card().Refusal)
				}
				n -= over
				k.Say(strings.Repeat(letter, n))
			}
			if k.Record.Step == was {
				t.Fatalf("%d characters of %q, as advised, are refused at %s: %s", n, letter, was, k.Card().Refusal)
			}
			all += n * len(letter)
		}
		if k.Tap("confirm"); k.Record.Step != "" {
			t.Fatalf("Confirm leaves %q", k.Record.Step)
		}
		if got := <-printed; got != all {
			t.Fatalf("%d bytes are printed, want %d", got, all)
		}
	})
}

// TestFullDraftOfAnOldFormat: a draft of an older format is as it was after an answer for which it
// has no room.
func TestFullDraftOfAnOldFormat(t *testing.T) {
	of := func(version int, migrate func(int, []byte) ([]byte, error)) form.Form[essay] {
		return form.Form[essay]{Name: "essay", Version: version, Migrate: migrate, Submit: func(essay, *dialog.Turn) string { return "" },
			Questions: []form.Question[essay]{
				form.Text("a", "?", func(d *essay) *string { return &d.A }), form.Text("b", "?", func(d *essay) *string { return &d.B }),
				form.Text("c", "?", func(d *essay) *string { return &d.C }), form.Text("d", "?", func(d *essay) *string { return &d.D }),
			}}
	}
	long, store := strings.Repeat("😀", 4000), dialog.NewMemory()
	k := dialogtest.NewTalk(store, of(1, nil))
	k.Quiet = true
	for _, line := range []string{"/create", "old", long, long} {
		k.Say(line)
	}
	key := k.Record.Key
	k.Close()
	k = dialogtest.NewTalk(store, of(2, func(_ int, old []byte) ([]byte, error) {
		return bytes.Replace(old, []byte(`"A":"old"`), []byte(`"A":"new"`), 1), nil
	}))
	defer k.Close()
	k.Quiet = true
	k.Load(key)
	for range 2 {
		k.Say(strings.Repeat("😀", 4090))
		if c := k.Card(); k.Record.Step != "d" || k.Record.Schema != 1 || c.Refusal == "" || dialog.Plain(c.Facts[0].Value) != "new" {
			t.Fatalf("at %q, version %d, with %+v: %s", k.Record.Step, k.Record.Schema, c.Facts[0], c.Refusal)
		}
	}
}

// TestDraftAboveTheBound: a draft from before the form had effects, which lower the bound, still
// takes every answer that does not make it larger.
func TestDraftAboveTheBound(t *testing.T) {
	of := func(effects dialog.Effects) form.Form[essay] {
		return form.Form[essay]{Name: "essay", Version: 1, Review: true, Submit: func(essay, *dialog.Turn) string { return "" }, Effects: effects,
			Questions: []form.Question[essay]{
				form.Text("a", "?", func(d *essay) *string { return &d.A }), form.Text("b", "?", func(d *essay) *string { return &d.B }),
			}}
	}
	store := dialog.NewMemory()
	k := dialogtest.NewTalk(store, of(nil))
	k.Quiet = true
	for _, line := range []string{"/create", "first", strings.Repeat("😀", 4096)} {
		k.Say(line)
	}
	key := k.Record.Key
	k.Close()
	k = dialogtest.NewTalk(store, of(dialog.Effects{"print": dialog.Effect(func(context.Context, string, string) error { return nil })}))
	defer k.Close()
	k.Quiet = true
	k.Load(key)
	for _, c := range []struct {
		answer string
		kept   bool
	}{{"longer", false}, {"equal", true}, {"less", true}, {"equal", false}} {
		k.Tap("edit:a")
		k.Say(c.answer)
		if kept := k.Record.Open == ""; kept != c.kept {
			t.Errorf("%q is kept: %v, want %v: %s", c.answer, kept, c.kept, k.Card().Refusal)
		}
	}
}

// TestDraftThatMigrateEnlarges: Migrate makes a draft larger than its bound. A shorter answer is kept, and gives room for
// the next one.
func TestDraftThatMigrateEnlarges(t *testing.T) {
	of := func(version int, migrate func(int, []byte) ([]byte, error)) form.Form[essay] {
		return form.Form[essay]{Name: "essay", Version: version, Migrate: migrate, Review: true, Submit: func(essay, *dialog.Turn) string { return "" },
			Questions: []form.Question[essay]{
				form.Text("a", "?", func(d *essay) *string { return &d.A }), form.Text("b", "?", func(d *essay) *string { return &d.B }),
				form.Text("c", "?", func(d *essay) *string { return &d.C }),
			}}
	}
	long, store := strings.Repeat("😀", 4000), dialog.NewMemory()
	k := dialogtest.NewTalk(store, of(1, nil))
	k.Quiet = true
	for _, line := range []string{"/create", long, long} {
		k.Say(line)
	}
	key := k.Record.Key
	k.Close()
	k = dialogtest.NewTalk(store, of(2, func(_ int, old []byte) ([]byte, error) {
		return bytes.Replace(old, []byte(`"E":""`), []byte(`"E":"`+strings.Repeat("new", 2000)+`"`), 1), nil
	}))
	defer k.Close()
	k.Quiet = true
	k.Load(key)
	if k.Say("short"); k.Record.Step != "c" || k.Record.Said.Code != "no_room" {
		t.Fatalf("at %q: %s", k.Record.Step, k.Card().Refusal)
	}
	k.Say("/back")
	if k.Say(strings.Repeat("😀", 4001)); k.Record.Said == nil || k.Record.Said.Args["over"] != "1" && k.Record.Said.Args["over"] != "2" {
		t.Fatalf("a longer answer is answered with %+v", k.Record.Said)
	}
	if k.Say(strings.Repeat("😀", 3000)); k.Record.Step != "c" || k.Record.Schema != 2 {
		t.Fatalf("a shorter answer is refused: %s", k.Card().Refusal)
	}
	k.Tap("back")
	k.Say("shorter still")
	if k.Say("short"); k.Record.Step != "review" {
		t.Fatalf("at %q: %s", k.Record.Step, k.Card().Refusal)
	}
}
