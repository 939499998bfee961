package dialog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

var all = Order{"large", 2, "1 Infinite Loop"}

func TestDatabaseMode(t *testing.T) {
	everywhere(t, dialog.Database, func(w *world) {
		w.away(true) // it has no business here
		w.say("/create")
		w.restart()
		w.at(w.say("large"), "count", Order{Size: "large"})
		w.rebuilt(dialog.FromDatabase, dialog.CauseRestart, false)
		w.restart()
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		w.bot.Evict()
		w.at(w.say("1 Infinite Loop"), "review", all)
		w.rebuilt(dialog.FromDatabase, dialog.CauseEviction, false)
		w.row(dialog.InRow)
		w.away(false)
		if n := w.names(); len(n) > 0 {
			t.Errorf("draft store has %q", n)
		}
	})
}

func TestHybridMode(t *testing.T) {
	everywhere(t, dialog.Hybrid, func(w *world) {
		w.say("/create")
		w.at(w.say("large"), "count", Order{Size: "large"})
		w.copied(2)
		if n := w.names(); len(n) != 1 || n[0] != "{bot:pizza:tg:1000001}" {
			t.Fatalf("names %q", n)
		}
		w.restart()
		loads := w.store.Calls(dialogtest.Load)
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
		if w.store.Calls(dialogtest.Load) != loads {
			t.Error("the row was read too")
		}
		w.copied(3)

		w.flush() // failover to the row
		w.restart()
		w.say("/resume")
		w.rebuilt(dialog.FromDatabase, dialog.CauseFailover, false)
		w.copied(4)

		w.flush()
		w.garbage("{" + w.key().String() + "}")
		w.restart()
		w.say("/resume")
		w.rebuilt(dialog.FromDatabase, dialog.CauseFailover, false)

		w.away(true) // nobody sees it
		w.restart()
		w.say("/resume")
		w.rebuilt(dialog.FromDatabase, dialog.CauseFailover, false)
		w.at(w.say("1 Infinite Loop"), "review", all)
		w.row(dialog.InRow)
	})
}

// TestHybridOldCopy: Redis comes back with an old copy after newer turns went to SQL.
func TestHybridOldCopy(t *testing.T) {
	everywhere(t, dialog.Hybrid, func(w *world) {
		w.say("/create")
		w.say("large")
		w.copied(2)
		w.save()
		w.away(true)
		for n, say := range []string{"3", "/back", "2"} {
			w.say(say)
			w.eventually("no copy could be written", func() bool { return w.unwritten.Load() == int64(n+1) })
		}
		row := w.row(dialog.InRow)
		version := row.Version
		if row.Step != "address" {
			t.Fatalf("at %s", row.Step)
		}
		w.away(false)
		w.restore()
		w.restart()
		// The copy asks for the count; the row for the address.
		out := w.say("1 Infinite Loop")
		w.at(out, "review", all)
		if out.Record.Version != version+1 {
			t.Errorf("version %d, want %d", out.Record.Version, version+1)
		}
		if reh := w.reh.all(); len(reh) != 1 || reh[0].Source != dialog.FromDatabase || reh[0].Cause != dialog.CauseRestart {
			t.Errorf("rebuilt %+v, want once, from the row after the copy", reh)
		}
		w.copied(version + 1)
	})
}

// TestHybridShown: a copy knows the message that shows it, though that is sent
// after the commit, so that the next life edits the live card and no older one.
func TestHybridShown(t *testing.T) {
	w, s := inDouble(t, dialog.Hybrid)
	chat := dialogtest.NewChat(w.clock.Now)
	w.bot.Attach(chat)
	place := dialog.Place{Channel: dialogtest.ChatName, Address: "1000001", Push: true}
	for i, say := range []string{"/create", "large", "2"} {
		in := dialog.Input{ID: fmt.Sprint("m", i), Kind: dialog.KindText, Owner: w.owner, Text: say, Place: place}
		if name, ok := strings.CutPrefix(say, "/"); ok {
			in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
		}
		if _, err := w.bot.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	w.copied(3)
	if n := s.calls("put"); n != 1 {
		t.Errorf("%d copies of three quick turns, want the last", n)
	}
	w.eventually("the card is shown", func() bool { return w.bot.Stats().Couriers == 0 })
	live := chat.Messages(place.Address)
	w.restart()
	w.bot.Attach(chat)
	out := w.say("/resume")
	w.rebuilt(dialog.FromRedis, dialog.CauseRestart, false)
	if got := out.Record.Message(place); len(live) == 0 || got != live[len(live)-1].ID {
		t.Errorf("the copy knows message %q, the chat has %+v", got, live)
	}
}

// TestHybridForgotten: a copy of a conversation that is gone resurrects nothing.
func TestHybridForgotten(t *testing.T) {
	everywhere(t, dialog.Hybrid, func(w *world) {
		w.say("/create")
		w.say("large")
		w.copied(2)
		w.restart()
		if err := w.bot.Forget(t.Context(), w.key()); err != nil {
			t.Fatal(err)
		}
		out := w.say("2")
		if out.Record.Step != "" || out.Record.Version != 1 || len(out.Record.Answers) > 0 {
			t.Errorf("resurrected: %+v", out.Record.Head)
		}
	})
}

// A copy that another process writes while the conversation is forgotten does not stay.
func TestHybridForgottenElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := inDouble(t, dialog.Hybrid)
		w.say("/create")
		w.say("large") // its copy waits
		other := w.process("other.1")
		if err := other.Forget(t.Context(), w.key()); err != nil {
			t.Fatal(err)
		}
		name := "{" + w.key().String() + "}"
		time.Sleep(500 * time.Millisecond)
		if _, err := w.drafts.Get(t.Context(), name); err != nil {
			t.Fatalf("no copy has landed: %v", err)
		}
		_ = other.Close(t.Context())
		if _, err := w.drafts.Get(t.Context(), name); !errors.Is(err, dialog.ErrNotFound) {
			t.Errorf("the copy stays: %v", err)
		}
	})
}

// A duplicate stays one after a restart, in every mode.
func TestRedeliveries(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Database, dialog.Hybrid, dialog.Redis, dialog.Lightweight} {
		t.Run(mode.String(), func(t *testing.T) {
			everywhere(t, mode, func(w *world) {
				w.say("/create")
				version := w.say("large").Record.Version
				if mode == dialog.Hybrid {
					w.copied(version)
				}
				w.restart()
				w.inputs--
				if out := w.say("large"); out.Did != dialog.DidDuplicate || out.Record.Version != version {
					t.Errorf("%v at version %d, want a duplicate at %d", out.Did, out.Record.Version, version)
				}
			})
		})
	}
}

// TestOver: a cancelled or finished draft survives every loss while it is needed.
func TestOver(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Redis, dialog.Lightweight} {
		t.Run(mode.String(), func(t *testing.T) {
			everywhere(t, mode, func(w *world) {
				w.say("/create")
				w.say("large")
				w.say("2")
				w.say("/cancel")
				w.row(dialog.InRow)
				w.eventually("nothing stays in the draft store", func() bool { return len(w.names()) == 0 })
				w.flush()
				w.restart()
				w.at(w.say("/undo"), "address", Order{Size: "large", Count: 2})
				w.at(w.say("1 Infinite Loop"), "review", all)
				out := w.say("/confirm")
				w.at(out, "", all) // for its wake
				w.row(dialog.InRow)
			})
		})
	}
}

func TestLightweightMode(t *testing.T) {
	everywhere(t, dialog.Lightweight, func(w *world) {
		w.say("/create")
		w.say("large")
		w.row(dialog.InMemory)
		w.at(w.say("2"), "address", Order{Size: "large", Count: 2})
		w.restart()
		w.at(w.say("1 Infinite Loop"), "size", Order{Address: "1 Infinite Loop"}) // the typed answer is kept
		w.rebuilt(dialog.FromHead, dialog.CauseRestart, true)
		if m := w.reh.all()[0].Marker(); m != "LIGHTWEIGHT_REHYDRATION" {
			t.Error(m)
		}
		w.row(dialog.InRow)
		w.restart() // nobody loses twice
		w.at(w.say("large"), "count", Order{Size: "large", Address: "1 Infinite Loop"})
		w.rebuilt(dialog.FromDatabase, dialog.CauseRestart, false)
		w.at(w.say("2"), "review", all)
		w.say("/confirm")

		w.say("/create")
		w.say("small")
		w.row(dialog.InMemory)
		w.eventually("the order before is printed", func() bool { return w.bot.Stats().Couriers == 0 })
		w.bot.Evict()
		w.at(w.say("4"), "size", Order{Count: 4})
		w.rebuilt(dialog.FromHead, dialog.CauseEviction, true)
		if n := w.names(); len(n) > 0 {
			t.Errorf("draft store has %q", n)
		}
	})
}

// TestSwitchingModes under a live conversation loses nothing, from each mode to
// each other; with a restart after every turn whose mode promises to survive one.
func TestSwitchingModes(t *testing.T) {
	modes := []dialog.Mode{dialog.Database, dialog.Hybrid, dialog.Redis, dialog.Lightweight}
	where := map[dialog.Mode]dialog.Where{dialog.Redis: dialog.InRedis, dialog.Lightweight: dialog.InMemory}
	everywhere(t, dialog.Database, func(w *world) {
		for i, from := range modes {
			for j, to := range modes {
				w.owner = fmt.Sprintf("tg:%d", 2000000+10*i+j)
				turn := func(m dialog.Mode, say string) dialog.Outcome {
					w.setMode(m)
					out := w.say(say)
					w.row(where[m])
					if m != dialog.Lightweight {
						w.restart()
					}
					return out
				}
				turn(from, "/create")
				w.at(turn(to, "large"), "count", Order{Size: "large"})
				w.at(turn(from, "200"), "count", Order{Size: "large"})
				w.at(turn(to, "2"), "address", Order{Size: "large", Count: 2})
				w.at(turn(from, "/resume"), "address", Order{Size: "large", Count: 2})
				w.at(turn(from, "1 Infinite Loop"), "review", all)
				w.at(turn(to, "/resume"), "review", all)
			}
		}
		for _, r := range w.reh.all() {
			if r.Lost {
				t.Errorf("lost: %+v", r)
			}
		}
	})
}

// TestPolicy: each owner has a mode.
func TestPolicy(t *testing.T) {
	everywhere(t, dialog.Database, func(w *world) {
		policy := map[string]dialog.Mode{"tg:1": dialog.Database, "tg:2": dialog.Hybrid, "tg:3": dialog.Redis, "tg:4": dialog.Lightweight}
		w.mode = func(owner string) dialog.Mode { return policy[owner] }
		for owner, where := range map[string]dialog.Where{"tg:1": dialog.InRow, "tg:2": dialog.InRow, "tg:3": dialog.InRedis, "tg:4": dialog.InMemory} {
			w.owner = owner
			w.say("/create")
			w.say("large")
			w.row(where)
		}
		w.eventually("a copy and a draft", func() bool {
			n := w.names()
			return len(n) == 2 && n[0] == "{bot:pizza:tg:2}" && strings.HasPrefix(n[1], "{bot:pizza:tg:3}:")
		})
		modes := map[string]string{}
		for _, e := range w.memory.Logged() {
			modes[e.Key] = e.Mode
		}
		for owner, m := range policy {
			if got := modes["bot:pizza:"+owner]; got != m.String() {
				t.Errorf("events of %s say mode %q", owner, got)
			}
		}
	})
}

// TestNoDrafts: modes that need a draft store work without one, in the row.
func TestNoDrafts(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Redis, dialog.Hybrid} {
		w := newWorld(t, mode, dialogtest.NewClock(time.Time{}))
		w.restart()
		w.say("/create")
		w.restart()
		w.at(w.say("large"), "count", Order{Size: "large"})
		w.row(dialog.InRow)
	}
}
