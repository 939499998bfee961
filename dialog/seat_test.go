package dialog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// Both people see each move, in a card of their own.
func TestSeats(t *testing.T) {
	k := sat(t)
	k.sees("1", "P-1", "open for b")
	k.sees("2", "P-1", "open for s")
	if row := k.row("P-1"); row.Owner != "chat:1" || row.Guest != "chat:2" || row.Format != 4 {
		t.Errorf("owner %s, guest %s, format %d", row.Owner, row.Guest, row.Format)
	}
	before := k.newest("1", "P-1")
	k.tap("2", "P-1", "step:next")
	k.sees("1", "P-1", "next for b")
	k.sees("2", "P-1", "next for s")
	if m := k.newest("1", "P-1"); m.ID == before.ID {
		t.Error("a move of the other person is an edit, which tells nobody")
	}
	k.start() // another life
	if out := k.tap("1", "P-1", "step:open"); out.Record.Role() != "" || out.Record.Owner != "chat:1" {
		t.Errorf("the owner is answered as %q %s", out.Record.Role(), out.Record.Owner)
	}
	if out := k.tap("2", "P-1", "add"); out.Record.Role() != "s" || out.Record.Owner != "chat:2" {
		t.Errorf("the guest is answered as %q %s", out.Record.Role(), out.Record.Owner)
	}
	k.sees("1", "P-1", "added")
	for who, role := range map[string]string{"chat:1": "", "chat:2": "s"} {
		list, err := k.bot.Conversations(t.Context(), who, "", dialog.Page{})
		if err != nil || len(list) != 1 || list[0].Role() != role || list[0].Owner != who {
			t.Errorf("%s has %+v, %v", who, list, err)
		}
	}
}

// What is said to a person, and is news no more, is taken away for everybody, by whoever makes the turn.
func TestUnsay(t *testing.T) {
	for _, who := range []string{"1", "2"} {
		k := sat(t)
		k.tap("1", "P-1", "add")
		k.tap("2", "P-1", "add")
		k.sees("1", "P-1", "added")
		k.sees("2", "P-1", "added")
		for range 2 {
			in := k.in(who)
			in.Kind, in.Name, in.Value = dialog.KindCommand, "hush", "P-1"
			k.handle(in)
			k.rest()
			for _, other := range []string{"1", "2"} {
				if text := k.reads(other, "P-1"); strings.Contains(text, "added") {
					t.Errorf("after a turn of %s, %s reads %q", who, other, text)
				}
			}
		}
	}
}

// A button acts in its own seat, and only for who may sit there.
func TestButtonNamesItsSeat(t *testing.T) {
	k := sat(t)
	if in := k.button("2", "P-1", "add"); in.Draft != "P-1~s" {
		t.Errorf("the guest's button has the data %q", in.Draft)
	}
	if in := k.button("1", "P-1", "add"); in.Draft != "P-1" {
		t.Errorf("the owner's button has the data %q", in.Draft)
	}
	had := k.row("P-1").Version
	for _, c := range []struct{ who, draft string }{{"3", "P-1"}, {"3", "P-1~s"}, {"1", "P-1~s"}, {"2", "P-1"}, {"1", "P-1~o"}, {"8", "P-1~s"}, {"2", "P-1~zz"}} {
		in := k.in(c.who)
		in.Kind, in.Name, in.Value, in.Bound, in.Draft, in.Revision = dialog.KindTap, "step", "next", true, c.draft, 1
		for in.Revision = range int64(4) {
			if out := k.handle(in); out.Did != dialog.DidForeign || out.Record != nil {
				t.Errorf("%s taps a button of %s: %s, %v", c.who, c.draft, out.Did, out.Record)
			}
		}
	}
	if now := k.row("P-1").Version; now != had {
		t.Errorf("%d turns of strangers", now-had)
	}
}

// A claim that is refused ends as foreign, with the refusal, and writes nothing.
func TestClaim(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	had := k.row("P-1")
	out := k.say("2", "join P-1 bad")
	if out.Did != dialog.DidForeign || out.Record != nil || out.Toast == nil || out.Toast.Code != "wrong token" {
		t.Errorf("a wrong token: %s %v %+v", out.Did, out.Record, out.Toast)
	}
	if out := k.say("2", "join P-2 good"); out.Did != dialog.DidForeign || out.Toast.Code != "taken" {
		t.Errorf("a claim of nothing: %s", out.Did)
	}
	if now := k.row("P-1"); now.Version != had.Version || now.Guest != "" {
		t.Errorf("version %d, was %d", now.Version, had.Version)
	}
	if _, err := k.bot.Peek(t.Context(), dialog.Key{Bot: "bot", Flow: "pact", ID: "P-2"}); err == nil {
		t.Error("a claim has begun a conversation")
	}
	in := k.in("2")
	in.Kind, in.Name, in.Text = dialog.KindCommand, "join", "P-2 good"
	in.Key = dialog.Key{Bot: "bot", Flow: "pact", ID: "P-1"}
	if out := k.handle(in); out.Did != dialog.DidForeign {
		t.Errorf("a claim of P-2 at P-1: %s", out.Did)
	}
	in = k.in("2")
	in.Kind, in.Name, in.Text = dialog.KindCommand, "join", "P-1 good"
	k.handle(in)
	if out := k.handle(in); out.Did != dialog.DidDuplicate || out.Record.Role() != "s" {
		t.Errorf("the same claim again: %s", out.Did)
	}
	if out := k.say("2", "status P-1"); out.Did != dialog.DidApply || len(out.Record.Seats) != 1 {
		t.Errorf("another command of who sits: %s, %d seats", out.Did, len(out.Record.Seats))
	}
	if out := k.say("3", "join P-1 good"); out.Did != dialog.DidForeign || out.Toast.Code != "taken" {
		t.Errorf("a taken seat: %s", out.Did)
	}
	in.Owner, in.Place.Address = "chat:3", "3" // another person with the id of an input that was handled
	if out := k.handle(in); out.Record != nil {
		t.Errorf("a stranger gets the record: %s", out.Did)
	}
}

// One person's questions and statements leave the other's buttons good.
func TestOneAsksTheOtherTaps(t *testing.T) {
	k := sat(t)
	old, statement := k.button("2", "P-1", "step:next"), k.button("2", "P-1", "open:x")
	for range 8 {
		k.tap("1", "P-1", "open:x")
		k.tap("1", "P-1", "open")
		k.tap("1", "P-1", "add")
	}
	edits := k.newest("2", "P-1").Edits
	if edits > 8 {
		t.Errorf("the other's card was edited %d times", edits)
	}
	if out := k.handle(old); out.Did != dialog.DidApply {
		t.Errorf("the other's button: %s", out.Did)
	}
	if out := k.handle(statement); out.Did != dialog.DidStale {
		t.Errorf("a button of an earlier step: %s", out.Did)
	}
	k.sees("1", "P-1", "next for b")
}

// A desk's seat has no owner: whoever the flow names may use it, and it stays the desk's.
func TestSharedSeat(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	k.seat("P-1", dialog.Seat{Role: "o"})
	for i, who := range []string{"8", "9", "8"} {
		in := k.in(who)
		in.Kind, in.Name, in.Bound, in.Draft, in.Revision = dialog.KindTap, "add", true, "P-1~o", 0
		in.Place.Address, in.Revision = "desk", int64(i)
		if out := k.handle(in); out.Did != dialog.DidApply || out.Record.Role() != "o" || out.Record.Owner != "" {
			t.Errorf("%d: %s of %s as %q %q", i, out.Did, who, out.Record.Role(), out.Record.Owner)
		}
		k.tap("1", "P-1", "add")
	}
	if r, err := dialog.Decode(k.row("P-1")); err != nil || r.Seats[0].Owner != "" || r.Owner != "chat:1" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A seat that nobody owns shows its card where the configuration says, and moves edit it there.
func TestSharedPlace(t *testing.T) {
	k := newTable(t)
	k.say("1", "sell P-1")
	order := func(name, value string) {
		t.Helper()
		in := dialog.Input{ID: fmt.Sprint("order ", name, value), Kind: dialog.KindOrder, Key: k.row("P-1").Key, Name: name, Value: value}
		if out := k.handle(in); out.Did != dialog.DidApply {
			t.Errorf("%s: %s", name, out.Did)
		}
	}
	places := func() (list []string) {
		r, err := dialog.Decode(k.row("P-1"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Places {
			if p.Seat == "o" {
				list = append(list, p.Address)
			}
		}
		return list
	}
	order("share", "8")
	k.sees("8", "P-1", "needed")
	if k.newest("8", "P-1").Edits != 0 || k.row("P-1").Guest != "" {
		t.Error("the desk got no message of its own, or is the guest")
	}
	order("step", "next")
	k.sees("8", "P-1", "next for o")
	if n, edits := len(k.chat.Messages("8")), k.newest("8", "P-1").Edits; n != 1 || edits != 1 {
		t.Errorf("a move: %d messages, %d edits", n, edits)
	}
	old := k.button("8", "P-1", "add")
	twin := old
	twin.ID, twin.Owner = "another", "chat:9"
	if a, b := k.handle(old), k.handle(twin); a.Did != dialog.DidApply || b.Did != dialog.DidDuplicate || a.Record.Owner != "" {
		t.Errorf("two press at once: %s, %s", a.Did, b.Did)
	}
	order("share", "9")
	if k.sees("9", "P-1", "needed"); fmt.Sprint(places()) != "[9]" {
		t.Errorf("moved to 9: %v", places())
	}
	stranger := k.button("9", "P-1", "add")
	had := k.row("P-1").Version
	for _, who := range []string{"chat:1", "chat:7", "chat:80"} {
		stranger.ID, stranger.Owner = who, who
		if out := k.handle(stranger); out.Did != dialog.DidForeign || k.row("P-1").Version != had {
			t.Errorf("%s presses the desk's button: %s", who, out.Did)
		}
	}
	order("share", "")
	if len(places()) != 0 {
		t.Errorf("without a desk: %v", places())
	}
}

// seat gives a row a seat, as another program would.
func (k *table) seat(id string, s dialog.Seat) {
	k.Helper()
	row := k.row(id)
	before := row.Stamp()
	row.Version, row.Tag, row.Format = row.Version+1, row.Tag+1, 4
	row.State = []byte(strings.TrimSuffix(string(row.State), "}") + fmt.Sprintf(`,"a":[{"r":%q,"w":%q}]}`, s.Role, s.Owner))
	done, err := k.mem.Commit(k.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}})
	if err != nil || done.Verdicts[0] != dialog.Applied {
		k.Fatal(done, err)
	}
	k.bot.Evict()
}

// Nobody's places push out another person's.
func TestPlacesOfSeats(t *testing.T) {
	k := sat(t)
	for i := range 12 {
		in := k.in("1")
		in.Kind, in.Name, in.Value = dialog.KindCommand, "status", "P-1"
		in.Place.Address = fmt.Sprint("1.", i)
		k.handle(in)
		in = k.in("1")
		in.Kind, in.Name, in.Value = dialog.KindCommand, "status", "P-1"
		in.Place = dialog.Place{Channel: "web", Address: fmt.Sprint("v", i)}
		k.handle(in)
	}
	r, err := dialog.Decode(k.row("P-1"))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, p := range r.Places {
		count[fmt.Sprint(p.Seat, " ", p.Channel)]++
	}
	if count[" chat"] != 2 || count[" web"] != 1 || count["s chat"] != 1 || len(count) != 3 {
		t.Errorf("places: %v", count)
	}
}

// An order begins a conversation only where the flow says so.
func TestBegunByAnOrder(t *testing.T) {
	k := newTable(t)
	order := func(id, name string) dialog.Outcome {
		in := dialog.Input{ID: "order " + id, Kind: dialog.KindOrder, Key: dialog.Key{Bot: "bot", Flow: "pact", ID: id}, Name: name, Value: "chat:1"}
		return k.handle(in)
	}
	if out := order("P-1", "begin"); out.Did != dialog.DidApply || out.Record.Owner != "chat:1" || out.Record.Version != 1 {
		t.Errorf("begin: %s %+v", out.Did, out.Record)
	}
	if out := order("P-1", "begin"); out.Did != dialog.DidDuplicate {
		t.Errorf("begin again: %s", out.Did)
	}
	if out := order("P-2", "step"); out.Did != dialog.DidForeign {
		t.Errorf("another order: %s", out.Did)
	}
	k.say("1", "status P-1")
}
