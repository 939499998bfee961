package dialog_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// hall is the person's own conversation: /sell starts a pact with its argument as id.
type hall struct{}

func (hall) FlowName() string         { return "hall" }
func (hall) Quotable(s string) string { return strings.ReplaceAll(s, "4111", "") }

func (hall) Decide(t *dialog.Turn) {
	in := t.Input
	if in.Name == "sell" {
		r := &dialog.Record{Answers: []byte("[]")}
		r.Key = dialog.Key{Bot: t.Record.Key.Bot, Flow: "pact", ID: in.Text}
		r.Owner, r.Draft, r.Step = in.Owner, in.Text, "open"
		t.Start(r, true)
		return
	}
	if in.Kind == dialog.KindBlock {
		return
	}
	if in.Name == "new" {
		t.Record.Draft, t.Record.Step = "draft", "asking"
		t.Wake("remind", time.Hour)
	}
	if in.Kind == dialog.KindText { // an answer
		t.Record.Answers = fmt.Append(t.Record.Answers, in.Text, ";")
	}
	if in.Name == "home" {
		t.Say("plain", nil)
		return
	}
	t.Say("plain", nil)
	t.Anew()
}

func (hall) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: "own", Body: []string{said(r)}, Quiet: []dialog.Button{{Action: "home", Label: "home"}}}
}

// pact is a conversation of two, with a desk that several people may use.
type pact struct{}

var (
	_ dialog.Claimer  = pact{}
	_ dialog.Sitter   = pact{}
	_ dialog.Beginner = pact{}
	_ dialog.Asker    = pact{}
	_ dialog.Accepter = pact{}
)

func (pact) FlowName() string             { return "pact" }
func (pact) Match(id string) bool         { return strings.HasPrefix(id, "P-") }
func (pact) Begins(in *dialog.Input) bool { return in.Name == "begin" }
func (pact) Sits(role, owner string) bool {
	return role == "o" && (owner == "chat:8" || owner == "chat:9")
}
func (pact) Claims(in *dialog.Input) (string, bool) {
	id, token, _ := strings.Cut(in.Text, " ")
	return id, (in.Name == "join" || in.Name == "boom") && token != ""
}

func (pact) Decide(t *dialog.Turn) {
	r, in := t.Record, t.Input
	plain := func(text string) dialog.Said { return dialog.Said{Code: text} }
	switch {
	case in.Name == "boom" && t.Claim:
		panic("boom")
	case t.Claim && strings.Contains(in.Text, " good") && !strings.HasSuffix(in.Text, " good"):
		if !t.Sit(map[string]string{"2": "s", "3": "x", "4": "y", "5": "z"}[in.Text[len(in.Text)-1:]]) {
			t.Refuse("taken", nil, "")
		}
	case t.Claim && !strings.HasSuffix(in.Text, " good"):
		t.Refuse("wrong token", nil, "")
	case t.Claim && !t.Sit("s"):
		t.Refuse("taken", nil, "")
	case in.Name == "spin":
		n := &dialog.Record{Answers: []byte("[]")}
		n.Key = dialog.Key{Bot: r.Key.Bot, Flow: "pact", ID: "P-9"}
		n.Owner, n.Draft, n.Step = in.Owner, "P-9", "open"
		t.Start(n, true)
	case in.Name == "leak":
		t.SayTo("s", dialog.Said{Code: "leak", Args: map[string]string{"typed": in.Text}}, false)
	case in.Name == "big":
		r.Open = strings.Repeat("x", 70<<10)
		t.Applied()
	case in.Name == "share":
		t.Share("o", dialog.Place{Channel: map[bool]string{true: dialogtest.ChatName}[in.Value != ""], Address: in.Value, Push: true})
		t.SayTo("o", plain("needed"), true)
	case in.Name == "join":
	case in.Name == "reseat":
		p := dialog.Place{Channel: dialogtest.ChatName, Address: strings.TrimPrefix(in.Value, "chat:"), Push: true}
		if !t.Reseat("s", in.Value, map[bool]dialog.Place{true: p}[in.Text == ""]) {
			t.Refuse("no", nil, "")
		}
	case in.Name == "begin":
		r.Owner, r.Draft, r.Step = in.Value, r.Key.ID, "open"
		t.Applied()
	case in.Name == "step":
		r.Step, r.Open = in.Value, ""
		t.Applied()
	case in.Name == "open":
		r.Open = in.Value
		t.Applied()
	case in.Name == "add":
		r.Answers = []byte(strings.TrimSuffix(string(r.Answers), "]") + cmp.Or(r.Role(), "b") + "]")
		t.SayTo(map[string]string{"": "s"}[r.Role()], plain("added"), false)
	case in.Kind == dialog.KindText:
		pactTakes(t)
	case in.Kind == dialog.KindCommand:
		t.Anew()
	case in.Kind == dialog.KindTap:
		t.Unknown()
	}
}

// pactTakes takes a text of more than two letters while the pact is open.
func pactTakes(t *dialog.Turn) {
	r, in := t.Record, t.Input
	switch {
	case in.Name != "say" && in.Name != "" || r.Step != "open":
	case len(in.Text) < 3:
		t.Refuse("short", nil, in.Text)
	default:
		r.Answers = fmt.Append(r.Answers, cmp.Or(r.Role(), "b"), ":", in.Text, ";")
		t.Applied()
		if strings.HasPrefix(in.Text, "thank") {
			t.Toast("welcome", nil)
		}
	}
}

// Accepts: a text is for the step, whatever the other has done since.
func (pact) Accepts(_ *dialog.Record, in *dialog.Input) bool { return in.Name == "say" }

func (pact) Asks(in *dialog.Input) bool { return in.Name == "say" }

func (pact) Ask(of *dialog.Record, in *dialog.Input) (map[string]string, *dialog.Said) {
	switch {
	case in.Value == "long":
		return map[string]string{"x": strings.Repeat("x", 1<<10)}, nil
	case of.Step != "open":
		return nil, &dialog.Said{Code: "closed"}
	}
	return map[string]string{"id": of.Key.ID, "as": cmp.Or(of.Role(), "b")}, nil
}

func (pact) Asked(own *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: own.Asks.Action + " for " + own.Asks.About["id"], Body: []string{said(own)}, Quiet: []dialog.Button{{Action: dialog.ActionLeave, Label: "leave it"}}}
}

func (pact) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	c := dialog.Card{Step: r.Step, Question: fmt.Sprintf("%s is %s for %s", r.Key.ID, r.Step, cmp.Or(r.Role(), "b")), Body: []string{r.Open, said(r), string(r.Answers)}}
	for _, action := range []string{"open:x", "open", "add", "step:next", "step:open", "spin", "big", "say"} {
		c.Quiet = append(c.Quiet, dialog.Button{Action: action, Label: action})
	}
	return c
}

func said(r *dialog.Record) string {
	if r.Said == nil {
		return ""
	}
	return r.Said.Code
}

// table is an engine and people in chats.
type table struct {
	*testing.T
	clock *dialogtest.Clock
	mem   *dialog.Memory
	chat  *dialogtest.Chat
	bot   *dialog.Engine
	n     int

	channel dialog.Channel // nil: chat
}

func newTable(t *testing.T) *table {
	k := &table{T: t, clock: dialogtest.NewClock(time.Time{}), mem: dialog.NewMemory()}
	k.mem.SetNow(k.clock.Now)
	k.chat = dialogtest.NewChat(k.clock.Now)
	k.start()
	return k
}

func (k *table) start() {
	bot, err := dialog.New(k.mem, dialog.Config{Now: k.clock.Now, Instance: fmt.Sprint("here.", k.n)}, hall{}, pact{})
	if err != nil {
		k.Fatal(err)
	}
	k.bot = bot
	if k.channel == nil {
		k.channel = k.chat
	}
	bot.Attach(k.channel)
	k.Cleanup(func() { _ = bot.Close(k.Context()) })
}

// in is an input of a person.
func (k *table) in(who string) dialog.Input {
	k.n++
	return dialog.Input{ID: fmt.Sprint("in", k.n), Owner: "chat:" + who, Place: dialog.Place{Channel: dialogtest.ChatName, Address: who, Push: true}}
}

func (k *table) handle(in dialog.Input) dialog.Outcome {
	k.Helper()
	out, err := k.bot.Handle(k.Context(), in)
	if err != nil {
		k.Fatalf("%+v: %v", in, err)
	}
	k.rest()
	return out
}

// rest waits until all is shown and marked.
func (k *table) rest() {
	k.Helper()
	soon(k.T, "all is shown", func() bool {
		s := k.bot.Stats()
		return s.Couriers == 0 && s.Marks == 0
	})
}

func (k *table) say(who, line string) dialog.Outcome {
	k.Helper()
	in := k.in(who)
	in.Kind = dialog.KindCommand
	in.Name, in.Text, _ = strings.Cut(line, " ")
	if in.Name == "status" {
		in.Value = in.Text
	}
	return k.handle(in)
}

// button is the tap of a button on a person's newest message of a conversation.
func (k *table) button(who, id, action string) dialog.Input {
	k.Helper()
	messages := k.chat.Messages(who)
	for _, m := range slices.Backward(messages) {
		if m.Card.Conversation.ID != id {
			continue
		}
		for _, b := range m.Card.Quiet {
			if b.Action != action {
				continue
			}
			in := k.in(who)
			in.Kind, in.Message = dialog.KindTap, m.ID
			var action string
			action, in.Draft, in.Revision, in.Bound, _ = dialog.ParseData(m.Card.Data(b))
			in.Name, in.Value, _ = strings.Cut(action, ":")
			return in
		}
	}
	k.Fatalf("%s has no button %s of %s", who, action, id)
	return dialog.Input{}
}

func (k *table) tap(who, id, action string) dialog.Outcome {
	k.Helper()
	return k.handle(k.button(who, id, action))
}

// newest is the newest message of a person that shows a conversation.
func (k *table) newest(who, id string) dialogtest.Message {
	k.Helper()
	for _, m := range slices.Backward(k.chat.Messages(who)) {
		if m.Card.Conversation.ID == id {
			return m
		}
	}
	k.Fatalf("%s sees nothing of %s", who, id)
	return dialogtest.Message{}
}

func (k *table) sees(who, id, want string) {
	k.Helper()
	m := k.newest(who, id)
	if text := dialogtest.Text(&m.Card); !strings.Contains(text, want) {
		k.Errorf("%s sees %q, want %q", who, text, want)
	}
}

func (k *table) row(id string) *dialog.Row {
	k.Helper()
	row, err := k.mem.Load(k.Context(), dialog.Key{Bot: "bot", Flow: "pact", ID: id})
	if err != nil {
		k.Fatal(err)
	}
	return row
}

// sat is a table with a pact of chat:1 at which chat:2 sits.
func sat(t *testing.T) *table {
	k := newTable(t)
	k.say("1", "sell P-1")
	k.say("2", "join P-1 good")
	return k
}

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
