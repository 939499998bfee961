package dialog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// besides starts another version of the form on the stores of w.
func (w *world) besides(instance string, f form.Form[Order]) *dialog.Engine {
	w.Helper()
	bot, err := dialog.New(w.store, dialog.Config{
		Instance: instance, Drafts: counting{w.drafts, &w.unwritten}, Now: w.clock.Now,
		Mode: w.mode,
	}, f)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = bot.Close(context.Background()) })
	return bot
}

// toppings is the version after pizza, with one more question.
func toppings() form.Form[Order] {
	f := pizza
	q := form.Text("toppings", "What on it?", func(o *Order) *string { return &o.Address })
	q.Has = func(o *Order) bool { return o.Address != "" || o.Count > 0 }
	q.Take = func(a form.Answer[Order]) form.Taken {
		a.Draft.Address = ""
		a.Draft.Count = 1
		return form.Accepted()
	}
	f.Questions = slices.Insert(slices.Clone(f.Questions), 1, q)
	return f
}

// A copy that this version cannot continue from may be older than the row, so the row
// decides: an input that the row takes is taken, and the copy is deleted.
func TestOldCopyOfNewer(t *testing.T) {
	w, s := inDouble(t, dialog.Hybrid)
	newer := w.besides("newer.1", toppings())
	take := func(bot *dialog.Engine, kind dialog.Kind, name, text string) (dialog.Outcome, error) {
		return w.try(bot, kind, name, text)
	}
	for _, text := range []string{"", "large"} {
		kind, name := dialog.KindText, ""
		if text == "" {
			kind, name = dialog.KindCommand, "create"
		}
		if _, err := take(newer, kind, name, text); err != nil {
			t.Fatal(err)
		}
	}
	w.copied(2)
	name := "{" + w.key().String() + "}"
	w.save()
	w.away(true)
	if out, err := take(newer, dialog.KindText, "", "cheese"); err != nil || out.Record.Step != "address" {
		t.Fatal(out.Record, err)
	}
	w.eventually("no copy could be written", func() bool { return w.unwritten.Load() > 0 })
	w.away(false)
	w.restore()
	out, err := take(w.bot, dialog.KindText, "", "1 Infinite Loop")
	if err != nil {
		t.Fatal(err)
	}
	w.at(out, "review", Order{Size: "large", Count: 1, Address: "1 Infinite Loop"})
	if s.calls("delete "+name) == 0 {
		t.Error("the old copy was not deleted")
	}
}

// A copy whose turn lost its commit is older than the row, and is deleted.
func TestRefusedCopyIsDeleted(t *testing.T) {
	w, s := inDouble(t, dialog.Hybrid)
	w.say("/create")
	w.say("large")
	w.copied(2)
	w.save()
	w.away(true)
	w.say("3")
	w.eventually("no copy could be written", func() bool { return w.unwritten.Load() > 0 })
	w.away(false)
	w.restore()
	w.restart()
	w.at(w.say("2 Infinite Loop"), "review", Order{Size: "large", Count: 3, Address: "2 Infinite Loop"}) // the copy asks for a number
	if n := s.calls("delete {" + w.key().String() + "}"); n != 1 {
		t.Errorf("the copy was deleted %d times", n)
	}
}

// A row that this version cannot continue from stays: the input comes again, also if a
// copy or the cache has an earlier version.
func TestRowOfNewer(t *testing.T) {
	w, _ := inDouble(t, dialog.Hybrid)
	newer := w.besides("newer.1", toppings())
	w.say("/create")
	if _, err := w.try(newer, dialog.KindText, "", "large"); err != nil {
		t.Fatal(err)
	}
	w.copied(2)
	for _, bot := range []*dialog.Engine{w.bot, w.besides("host.2", pizza)} { // with a cache, and with the copy
		if _, err := w.try(bot, dialog.KindText, "", "2"); !errors.Is(err, dialog.ErrSchemaNewer) {
			t.Errorf("%v, want to be told to come again", err)
		}
	}
	if row := w.row(dialog.InRow); row.Version != 2 || row.Step != "toppings" {
		t.Errorf("the row is at %s, version %d", row.Step, row.Version)
	}
}

// A defect that shows on the cached record alone costs nobody an input: another
// instance has moved the row on.
func TestDefectOnOldCache(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Database, dialog.Hybrid} {
		t.Run(fmt.Sprint(mode), func(t *testing.T) {
			w, _ := inDouble(t, mode)
			other := w.besides("other.1", pizza)
			broken := pizza
			broken.Questions = slices.Clone(pizza.Questions)
			take := broken.Questions[1].Take
			broken.Questions[1].Take = func(a form.Answer[Order]) form.Taken {
				if a.Text == "1 Infinite Loop" {
					panic("a defect")
				}
				return take(a)
			}
			bot := w.besides("broken.1", broken)
			for _, x := range []struct {
				bot        *dialog.Engine
				name, text string
			}{{bot, "create", ""}, {bot, "", "large"}, {other, "", "2"}} {
				kind := dialog.KindText
				if x.name != "" {
					kind = dialog.KindCommand
				}
				if _, err := w.try(x.bot, kind, x.name, x.text); err != nil {
					t.Fatal(err)
				}
			}
			out, err := w.try(bot, dialog.KindText, "", "1 Infinite Loop")
			if err != nil {
				t.Fatal(err)
			}
			w.at(out, "review", all)
		})
	}
}
