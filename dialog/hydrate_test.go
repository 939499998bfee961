package dialog_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// A draft that is only in memory is shown by the process that has it: a page
// that is merely looked at reads the head from the store and the answers from here.
func TestHydrateFromMemory(t *testing.T) {
	ctx := t.Context()
	store := dialog.NewMemory()
	lightweight := dialog.Config{Mode: func(string) dialog.Mode { return dialog.Lightweight }}
	e, err := dialog.New(store, lightweight, pizza)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(ctx)
	for id, in := range map[string]dialog.Input{"1": {Kind: dialog.KindCommand, Name: "create"}} {
		in.ID, in.Owner = id, "web:1"
		if _, err := e.Handle(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Handle(ctx, dialog.Input{ID: "2", Kind: dialog.KindText, Owner: "web:1", Text: "large"}); err != nil {
		t.Fatal(err)
	}
	key := dialog.Key{Bot: "bot", Flow: "pizza", ID: "web:1"}
	row, err := store.Load(ctx, key)
	if err != nil || len(row.Answers) > 0 {
		t.Fatalf("the row has %q, %v: want no answers in it", row.Answers, err)
	}
	r, _, err := e.Hydrate(ctx, key)
	if err != nil || !strings.Contains(string(r.Answers), "large") {
		t.Fatalf("hydrated %q, %v: want the answer", r.Answers, err)
	}
	e.Evict()
	if r, reh, err := e.Hydrate(ctx, key); err != nil || !reh.Lost || r.Step != "count" {
		t.Fatalf("after an eviction: step %q, lost %v, %v", r.Step, reh.Lost, err)
	}
}

// What goes into logs and errors names nobody.
func TestKeyMasked(t *testing.T) {
	k := dialog.Key{Bot: "bot", Flow: "escrow", ID: "tg:1000001"}
	if s := k.Masked(); strings.Contains(s, "1000001") || s != k.Masked() || s == (dialog.Key{Bot: "bot", Flow: "escrow", ID: "tg:1000002"}).Masked() {
		t.Errorf("masked as %q", s)
	}
}
