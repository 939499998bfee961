package dialog_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// vault is a flow whose answers are "name books": the books outlast the person by 100 days.
type vault struct{}

var _ dialog.Keeper = vault{}

func (vault) FlowName() string          { return "vault" }
func (vault) Match(id string) bool      { return strings.HasPrefix(id, "V-") }
func (vault) Begins(*dialog.Input) bool { return true }

func (vault) Decide(t *dialog.Turn) {
	r := t.Record
	switch t.Input.Name {
	case "begin":
		r.Owner, r.Draft, r.Step, r.Answers = "chat:1", t.Input.Key.ID, "open", []byte("Ada 100")
		r.Places = []dialog.Place{{Channel: "chat", Address: "chat-of-Ada", Push: true}}
		r.Seats, r.Guest = []dialog.Seat{{Role: "s", Owner: "chat:2"}}, "chat:2"
	case "end":
		r.Step = "over"
		t.Event("ended", "")
		t.WakeAt(dialog.KeepTimer, t.Now.Add(90*day))
	}
	t.Applied()
}

func (vault) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{Question: "vault"} }

func (vault) Keeps(r *dialog.Record, now time.Time) (*dialog.Kept, error) {
	_, books, _ := strings.Cut(string(r.Answers), " ")
	until := r.Created.Add(100 * day)
	switch {
	case r.Step != "over":
		return nil, errors.New("the vault is open")
	case !now.Before(until):
		return nil, nil
	}
	return &dialog.Kept{Answers: []byte("- " + books), Until: until}, nil
}

// cellar is an engine with a vault that was shown, and a place of the person in its column.
func cellar(t *testing.T, store dialog.Store, memory *dialog.Memory, now func() time.Time, moves ...string) *dialog.Engine {
	t.Helper()
	e, err := dialog.New(store, dialog.Config{Now: now, Detached: true}, hall{}, vault{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(t.Context()) })
	for i, move := range moves {
		in := dialog.Input{ID: fmt.Sprint(move, i), Kind: dialog.KindOrder, Key: vaultKey, Name: move}
		if _, err := e.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if len(moves) > 0 {
		mark := dialog.ShownMark{Key: vaultKey, New: []byte(`[{"c":"chat","a":"chat-of-Ada","v":1,"m":"message-of-Ada"}]`)}
		if done, err := memory.Commit(t.Context(), &dialog.Batch{Shown: []dialog.ShownMark{mark}}); err != nil || !done.Marked[0].Applied {
			t.Fatal(done, err)
		}
	}
	return e
}

var vaultKey = dialog.Key{Bot: "bot", Flow: "vault", ID: "V-1"}

// clean wants that only the books are left of the vault.
func clean(t *testing.T, m *dialog.Memory) {
	t.Helper()
	row, err := m.Load(t.Context(), vaultKey)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(row.Answers, row.State, row.Shown, []byte(row.Owner+row.Guest))
	for _, word := range []string{"Ada", "chat:1", "chat:2", "message"} {
		if bytes.Contains(all, []byte(word)) {
			t.Errorf("%q is in %q", word, all)
		}
	}
	if string(row.Answers) != "- 100" || row.Step != "over" {
		t.Errorf("what stays is %q at %q", row.Answers, row.Step)
	}
	for _, x := range m.Logged() {
		if x.Key == vaultKey.String() {
			t.Errorf("an event is left: %+v", x)
		}
	}
}

// TestForgetKeepsBooks: of a conversation that is over the people go, and what its flow keeps stays, also if the process
// dies in the middle, and if it is done again.
func TestForgetKeepsBooks(t *testing.T) {
	for name, plan := range map[string]func(*dialogtest.Faulty){
		"undisturbed":              func(*dialogtest.Faulty) {},
		"before the commit":        func(f *dialogtest.Faulty) { f.Fail(dialogtest.Commit, 1) },
		"after the commit":         func(f *dialogtest.Faulty) { f.Lose(dialogtest.Commit, 1) },
		"between commit and marks": func(f *dialogtest.Faulty) { f.Next(dialogtest.Commit, 1, dialogtest.Fault{Marks: dialogtest.ErrFault}) },
		"before the events":        func(f *dialogtest.Faulty) { f.Fail(dialogtest.ForgetEvents, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			memory := dialog.NewMemory()
			faulty := dialogtest.NewFaulty(memory)
			e := cellar(t, faulty, memory, time.Now, "begin", "end")
			plan(faulty)
			if err := e.Forget(t.Context(), vaultKey); (err != nil) != (name != "undisturbed") || err != nil && !errors.Is(err, dialog.ErrUnavailable) {
				t.Fatal(err)
			}
			for range 2 {
				if err := e.Forget(t.Context(), vaultKey); err != nil {
					t.Fatal(err)
				}
				clean(t, memory)
			}
			out, err := e.Handle(t.Context(), dialog.Input{ID: "tap", Kind: dialog.KindTap, Name: "look", Owner: "chat:1", Draft: "V-1", Place: dialog.Place{Channel: "chat", Address: "1", Push: true}})
			if err != nil || out.Did != dialog.DidForeign {
				t.Errorf("its person gets %v, %v", out.Did, err)
			}
		})
	}
}

// TestForgetRefused: a conversation that its flow still needs stays as it is.
func TestForgetRefused(t *testing.T) {
	memory := dialog.NewMemory()
	e := cellar(t, memory, memory, time.Now, "begin")
	before, err := memory.Load(t.Context(), vaultKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Forget(t.Context(), vaultKey); !errors.Is(err, dialog.ErrNotYet) || err.Error() != "the vault is open" {
		t.Errorf("forget says %v", err)
	}
	after, err := memory.Load(t.Context(), vaultKey)
	if err != nil || after.Stamp() != before.Stamp() || after.Owner != "chat:1" || len(memory.Logged()) == 0 && len(after.Shown) == 0 {
		t.Errorf("it became %+v, %v", after, err)
	}
}

// TestForgetTwiceAtOnce: instances that forget the same at once leave what one of them leaves.
func TestForgetTwiceAtOnce(t *testing.T) {
	memory := dialog.NewMemory()
	cellar(t, memory, memory, time.Now, "begin", "end")
	var group sync.WaitGroup
	for range 4 {
		e := cellar(t, memory, memory, time.Now)
		group.Go(func() {
			for range 50 {
				if err := e.Forget(t.Context(), vaultKey); err != nil && !errors.Is(err, dialog.ErrConflict) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	clean(t, memory)
}

// TestForgetPerson: owner and guest are found in all flows, and what a flow still needs is told.
func TestForgetPerson(t *testing.T) {
	for _, person := range []string{"chat:1", "chat:2"} {
		memory := dialog.NewMemory()
		e := cellar(t, memory, memory, time.Now, "begin")
		if _, err := e.Handle(t.Context(), dialog.Input{ID: "hello", Kind: dialog.KindText, Text: "hello", Owner: person}); err != nil {
			t.Fatal(err)
		}
		own := dialog.Key{Bot: "bot", Flow: "hall", ID: person}
		list, err := e.ForgetPerson(t.Context(), person)
		if err != nil || len(list) != 2 || list[0].Key != vaultKey || list[0].Err == nil || list[1] != (dialog.Forgotten{Key: own}) {
			t.Errorf("%s: %+v, %v", person, list, err)
		}
		if _, err := e.Handle(t.Context(), dialog.Input{ID: "end", Kind: dialog.KindOrder, Key: vaultKey, Name: "end"}); err != nil {
			t.Fatal(err)
		}
		list, err = e.ForgetPerson(t.Context(), person)
		if err != nil || len(list) != 1 || list[0] != (dialog.Forgotten{Key: vaultKey, Kept: true}) {
			t.Errorf("%s, at the end: %+v, %v", person, list, err)
		}
		clean(t, memory)
		if list, err := e.ForgetPerson(t.Context(), person); err != nil || len(list) != 0 {
			t.Errorf("%s, again: %+v, %v", person, list, err)
		}
	}
}

// TestForgottenInTime: the sweeper forgets the people at the time of the timer, looks once more after an hour, since an
// instance may have shown the last card meanwhile, and deletes the rest in its time.
func TestForgottenInTime(t *testing.T) {
	memory := dialog.NewMemory()
	var now atomic.Int64 // milliseconds; a batch of marks may ask while the test turns the clock
	now.Store(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC).UnixMilli())
	clock := func() time.Time { return time.UnixMilli(now.Load()).UTC() }
	memory.SetNow(clock)
	e := cellar(t, memory, memory, clock, "begin", "end")
	sweep := func(after time.Duration, forgotten int) {
		t.Helper()
		now.Add(after.Milliseconds())
		for did, err := e.Sweep(t.Context(), 0); ; did, err = e.Sweep(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if forgotten -= did.Forgotten; did.Forgotten == 0 {
				break
			}
		}
		if forgotten != 0 {
			t.Errorf("%d are to be forgotten, too", forgotten)
		}
	}
	sweep(89*day, 0)
	sweep(day, 1)
	late := dialog.ShownMark{Key: vaultKey, New: []byte(`[{"c":"chat","a":"chat-of-Ada","v":2,"m":"78"}]`)}
	if _, err := memory.Commit(t.Context(), &dialog.Batch{Shown: []dialog.ShownMark{late}}); err != nil {
		t.Fatal(err)
	}
	sweep(time.Hour, 1)
	if row, err := memory.Load(t.Context(), vaultKey); err != nil || len(row.Shown) > 0 || string(row.Answers) != "- 100" {
		t.Errorf("%+v, %v", row, err)
	}
	sweep(9*day, 0)
	sweep(day, 1)
	if _, err := memory.Load(t.Context(), vaultKey); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("the books are there after their time: %v", err)
	}
}
