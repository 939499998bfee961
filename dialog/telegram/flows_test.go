package telegram

import (
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// seller begins a sale, which takes over the card.
type seller struct{}

func (seller) FlowName() string { return "seller" }

func (seller) Decide(t *dialog.Turn) {
	switch in, r := t.Input, t.Record; {
	case in.Name == "start":
		r.Step, r.Draft = "sell", t.ID(6)
		t.Applied()
	case in.Name == "confirm" && in.Bound:
		id := "S-" + t.ID(5)
		t.Start(&dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: "bot", Flow: "sale", ID: id}, Owner: r.Owner, Draft: id, Step: "open"}}, true)
		r.Step = ""
	case in.Kind == dialog.KindText:
		r.Answers = append(r.Answers[:len(r.Answers):len(r.Answers)], in.Text...)
		t.Applied()
	default:
		t.Say("not_here", nil)
	}
}

func (seller) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	if r.Step == "" {
		return dialog.Card{Question: "Nothing to sell"}
	}
	return dialog.Card{Question: "Sell?", Primary: &dialog.Button{Action: "confirm", Label: "Confirm"}}
}

// sale is a conversation of its own.
type sale struct{}

func (sale) FlowName() string     { return "sale" }
func (sale) Match(id string) bool { return strings.HasPrefix(id, "S-") }
func (sale) Decide(t *dialog.Turn) {
	switch in := t.Input; in.Kind {
	case dialog.KindBlock:
		t.Applied()
		return
	case dialog.KindText:
		t.Record.Step = "told " + in.Text
		t.Applied()
		return
	}
	t.Record.Step = t.Input.Name
	t.Toast("plain", map[string]string{"text": "It is " + t.Input.Name})
}

func (sale) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: "Sale is " + r.Step, Facts: []dialog.Fact{{Label: "Sale", Value: r.Key.ID, Mono: true}},
		Primary: &dialog.Button{Action: "done", Label: "Done"}, Quiet: []dialog.Button{{Action: "late", Label: "Late"}, {Action: "tell", Label: "Tell"}}}
}

func (sale) Asks(in *dialog.Input) bool { return in.Name == "tell" }

func (sale) Ask(*dialog.Record, *dialog.Input) (map[string]string, *dialog.Said) { return nil, nil }

func (sale) Asked(own *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: "Tell " + own.Asks.Key.ID + " what?", Quiet: []dialog.Button{{Action: dialog.ActionLeave, Label: "Leave it"}}}
}

// market is a bot with both flows and its server.
func market(t *testing.T, change ...func(*Config)) (*telegramtest.Server, *dialog.Memory, *dialog.Engine) {
	t.Helper()
	api := telegramtest.New(telegramtest.Options{Strict: true, RetryScale: 0.01, Fail: t.Fatalf})
	t.Cleanup(api.Close)
	store := dialog.NewMemory()
	e, err := dialog.New(store, dialog.Config{Recorder: telling(quiet)}, seller{}, sale{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Engine: e, Token: api.Token(), APIURL: api.URL(), Secret: secret, Log: quiet}
	for _, f := range change {
		f(&cfg)
	}
	ch := New(cfg)
	server := httptest.NewServer(ch)
	t.Cleanup(server.Close)
	ch.cfg.WebhookURL = server.URL
	e.Attach(ch)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- ch.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ran
		_ = e.Close(ctx)
		ch.Close()
	})
	return api, store, e
}

// settled waits until the seller's card is shown and no effect of theirs is under way: until then another text for somebody else is refused.
func settled(t *testing.T, e *dialog.Engine) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		rec, _, err := e.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: "seller", ID: "tg:1000001"})
		if err != nil {
			t.Fatal(err)
		}
		if !rec.Undelivered() && len(rec.Pending) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the card is not shown, or an effect has no result")
		}
	}
}

// blocks counts the conversations with a blocked place: personal ones, and others.
func blocks(t *testing.T, store dialog.Store) (own, other int) {
	t.Helper()
	rows, err := store.List(t.Context(), dialog.Query{Owner: "tg:1000001", Deep: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		r, _ := dialog.Decode(row)
		p, _ := r.Place("tg", "1000001")
		switch {
		case !p.Blocked:
		case r.Key.ID == r.Owner:
			own++
		default:
			other++
		}
	}
	return own, other
}

func TestTwoConversationsInOneChat(t *testing.T) {
	api, store, e := market(t)
	ctx := t.Context()
	anna := api.Person(1000001, "anna", "Anna")
	anna.Say("/start")
	m := anna.WaitText(patience, "Sell?")
	confirm, _ := m.Button("Confirm")
	anna.TapTwice("Confirm")
	card := anna.WaitText(patience, "Sale is open")
	if card.ID != m.ID {
		t.Error("the sale does not take over the card")
	}
	api.WaitDelivered(patience)
	sales, err := store.List(ctx, dialog.Query{Flow: "sale"})
	if err != nil || len(sales) != 1 {
		t.Fatalf("%d sales, %v", len(sales), err)
	}
	// a late copy of Confirm leaves the sale's buttons
	anna.Say("/start")
	anna.WaitText(patience, "Sell?")
	settled(t, e)
	anna.TapOn(card.ID, confirm.Data)
	api.WaitDelivered(patience)
	// a tap on the older message of the sale is an input of the sale
	anna.Tap("Late")
	if !anna.WaitFor(patience, func(ms []telegramtest.Message) bool {
		return strings.Contains(ms[len(ms)-1].Text+ms[0].Text+ms[1].Text, "Sale is late")
	}) {
		t.Fatal(anna.Transcript())
	}
	// a block is recorded in the person's own conversation
	anna.Block()
	api.WaitDelivered(patience)
	if own, other := blocks(t, store); own != 1 || other != 0 {
		t.Errorf("the block is recorded in %d personal conversations and %d others", own, other)
	}
	anna.Unblock()
	api.WaitDelivered(patience)
	if own, other := blocks(t, store); own+other != 0 {
		t.Errorf("%d conversations are still blocked", own+other)
	}
	if n := api.Count("editMessageReplyMarkup"); n > 0 {
		t.Errorf("buttons of a current message were removed %d times\n%s", n, anna.Transcript())
	}
	if v := api.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

// Taps that wait while the sale takes over the card find it with the sale's buttons, and
// leave them: their updates still show the buttons of the card before.
func TestQueuedTapsLeaveTheSalesButtons(t *testing.T) {
	var room atomic.Int64 // inputs that the bot takes
	room.Store(1)
	api, _, e := market(t, func(cfg *Config) { cfg.allow = func(string) bool { return room.Add(-1) >= 0 } })
	anna := api.Person(1000001, "anna", "Anna")
	anna.Say("/start")
	m := anna.WaitText(patience, "Sell?")
	confirm, _ := m.Button("Confirm")
	api.WaitDelivered(patience)
	other := strings.Replace(confirm.Data, "confirm", "other", 1)
	for _, data := range []string{confirm.Data, other, confirm.Data, other} {
		anna.TapOn(m.ID, data)
	}
	room.Store(2)
	if !anna.WaitFor(patience, func(ms []telegramtest.Message) bool { return len(ms) == 3 }) { // of Anna, the sale, and the seller
		t.Fatal(anna.Transcript())
	}
	settled(t, e)
	room.Store(1 << 30)
	if !api.WaitDelivered(patience) {
		t.Fatal(anna.Transcript())
	}
	sale := func() (card telegramtest.Message) {
		for _, m := range anna.Messages() {
			if strings.Contains(m.Text, "Sale is") {
				card = m
			}
		}
		return card
	}
	// the sale's own card, tapped beside the seller's, stays as well
	anna.TapOn(m.ID, confirm.Data)
	api.WaitDelivered(patience)
	drained, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // a moment for what must not happen
	defer cancel()
	<-drained.Done()
	if card := sale(); card.ID != m.ID || len(card.Rows) == 0 || api.Count("editMessageReplyMarkup") > 0 {
		t.Errorf("the sale's card is %v\n%s", card, anna.Transcript())
	}
	settled(t, e)
	seller := anna.Messages()[len(anna.Messages())-1]
	for message, want := range map[int]string{m.ID: "sale", seller.ID: "seller", 1: ""} {
		key, shown, err := e.ShownBy(t.Context(), "tg:1000001", dialog.Place{Channel: "tg", Address: "1000001"}, strconv.Itoa(message))
		if err != nil || key.Flow != want || shown != (want != "") {
			t.Errorf("message %d shows %v %v %v, want %q", message, key, shown, err, want)
		}
	}
}
