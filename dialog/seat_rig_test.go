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
	case in.Name == "hush":
		t.Unsay("")
		t.Unsay("s")
		t.Applied()
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
	bot, err := dialog.New(k.mem, dialog.Config{Now: k.clock.Now, Instance: fmt.Sprint("here.", k.n)}, hall{}, pact{}, dialog.Groups{})
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
	if text := k.reads(who, id); !strings.Contains(text, want) {
		k.Errorf("%s sees %q, want %q", who, text, want)
	}
}

// reads is the text of a person's newest message.
func (k *table) reads(who, id string) string {
	k.Helper()
	m := k.newest(who, id)
	return dialogtest.Text(&m.Card)
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
