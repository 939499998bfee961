package telegram

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// newToken gives the rig's database to the bot of another token. Anna's next message there
// has the number of the card that she had.
func (r *rig) newToken(token string, hook bool) {
	r.t.Helper()
	card := cards(r.anna)[0].ID
	r.end()
	r.Server = telegramtest.New(telegramtest.Options{Strict: true, Now: r.clock.Now, RetryScale: 0.01, Fail: r.t.Fatalf, Token: token})
	next := r.Server
	r.t.Cleanup(next.Close)
	r.t.Cleanup(func() {
		if v := next.Violations(); len(v) > 0 {
			r.t.Errorf("violations: %v", v)
		}
	})
	r.anna = r.Person(1000001, "anna_buyer", "Anna")
	for r.NewMessageID() < card-1 { //nolint:revive // empty: the ids are used up
	}
	r.bot(hook, nil)
}

// foreign are the calls that name a message which the bot has not sent.
func (r *rig) foreign() (list []string) {
	sent := map[int]bool{}
	for _, c := range r.CallsOf("sendMessage") {
		sent[c.MessageID] = true
	}
	for _, c := range r.Calls() {
		if c.MessageID != 0 && !sent[c.MessageID] {
			list = append(list, c.Method+" "+itoa(c.MessageID))
		}
	}
	return list
}

// onlyOwn: the bot named no message but its own, and Anna's messages are all there.
func (r *rig) onlyOwn(said ...telegramtest.Update) {
	r.t.Helper()
	r.settled()
	r.stays("the messages of others", func() bool { return len(r.foreign()) == 0 })
	for _, u := range said {
		if !slices.ContainsFunc(r.anna.Messages(), func(m telegramtest.Message) bool { return m.ID == u.MessageID }) {
			r.t.Errorf("message %d of the person is gone\n%s", u.MessageID, r.anna.Transcript())
		}
	}
	if list := r.foreign(); len(list) > 0 {
		r.t.Errorf("calls for messages of others: %v", list)
	}
}

const nextToken = "7000002:AAFz7mQ1vXk2r9sLw0dYc8uBnE5tHjGp3oI"

// A new token belongs to another bot. It shows the card anew, and leaves the messages alone
// that have the numbers of the old bot's messages.
func TestNewTokenKnowsNoOldMessage(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.settled()
		r.anna.Say("Anna")
		old := r.oneCard("Step 2")
		r.settled()
		first, firstAnna := r.Server, r.anna

		r.newToken(nextToken, hook)
		said := []telegramtest.Update{r.anna.Say("hello")}
		if said[0].MessageID != old.ID {
			t.Fatalf("message %d, the old card has %d", said[0].MessageID, old.ID)
		}
		card := r.oneCard("Step 2")
		r.onlyOwn(said...)

		// its own messages are edited and replaced, also by a later process
		r.anna.Tap("Back")
		if m := r.oneCard("Step 1"); m.ID != card.ID {
			t.Errorf("a tap makes a new card: %v", m)
		}
		r.settled()
		r.end()
		r.bot(hook, nil)
		said = append(said, r.anna.Say("Beth"))
		card = r.oneCard("Beth")
		r.settled()
		r.anna.Tap("Blue")
		if m := r.oneCard("Done"); m.ID != card.ID {
			t.Errorf("a tap makes a new card: %v", m)
		}
		r.onlyOwn(said...)

		// the old token again: a tap on the card that it had is answered in a new message
		r.end()
		r.Server, r.anna = first, firstAnna
		r.bot(hook, nil)
		data, _ := old.Button("Red")
		r.anna.TapOn(old.ID, data.Data)
		r.eventually("the card is new", func() bool {
			m := cards(r.anna)
			last := m[len(m)-1]
			return last.ID != old.ID && strings.Contains(last.Text, "Done")
		})
		r.onlyOwn()
	})
}

// A card that changes without a word of the person comes in a new message of the new bot,
// where the old bot's message would have been edited.
func TestNewTokenEditsNoOldMessage(t *testing.T) {
	r := start(t, true, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.settled()
	r.anna.Say("Anna")
	r.oneCard("Step 2")
	r.settled()
	r.newToken(nextToken, true)
	r.NewMessageID() // the number of the card is of no message here
	if _, err := r.engine.Handle(context.Background(), dialog.Input{ID: "elsewhere", Kind: dialog.KindTap, Owner: "tg:1000001", Name: "back"}); err != nil {
		t.Fatal(err)
	}
	r.oneCard("Step 1")
	r.onlyOwn()
}

// A database from before ids named their bot belongs to the bot that it serves next: each
// card goes on in its message.
func TestBareMessageIDs(t *testing.T) {
	t.Parallel()
	r := start(t, true, nil)
	r.anna.Say("/start")
	r.oneCard("Step 1")
	r.anna.Say("Anna")
	card := r.oneCard("Step 2")
	r.settled()
	r.end()
	row, err := r.store.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "quiz", ID: "tg:1000001"})
	if err != nil {
		t.Fatal(err)
	}
	row.Shown = fmt.Appendf(nil, `[{"c":"tg","a":"1000001","v":%d,"m":"%d"}]`, row.Version, card.ID)
	r.store = dialog.NewMemory()
	if _, err := r.store.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
		t.Fatal(err)
	}
	r.bot(true, nil)
	r.anna.Tap("Red")
	if m := r.oneCard("Done"); m.ID != card.ID {
		t.Errorf("a second card: %v", m)
	}
	r.settled()
	r.anna.Tap("Again")
	if m := r.oneCard("Step 1"); m.ID != card.ID {
		t.Errorf("a second card: %v", m)
	}
}

// Older programs gave messages ids without the bot. Such an id in a row means a message of
// the first bot: that message is a duplicate, and the new bot's message of this number is not.
func TestOldIDsAreOfTheFirstBot(t *testing.T) {
	both(t, func(t *testing.T, hook bool) {
		r := start(t, hook, nil)
		r.anna.Say("/start")
		r.oneCard("Step 1")
		r.settled()
		number := r.oneCard("Step 1").ID + 2
		in := dialog.Input{ID: "m:1000001:" + itoa(number), Kind: dialog.KindOther, Owner: "tg:1000001", Place: r.record().Places[0]}
		if _, err := r.engine.Handle(context.Background(), in); err != nil { // as an older program did
			t.Fatal(err)
		}
		r.oneCard("words")
		r.settled()
		if m := r.anna.Say("Anna"); m.MessageID != number {
			t.Fatalf("message %d, want %d", m.MessageID, number)
		}
		r.stays("the first bot's message is a duplicate", func() bool { return r.record().Step == "name" })

		r.newToken(nextToken, hook)
		r.NewMessageID()
		if m := r.anna.Say("Anna"); m.MessageID != number {
			t.Fatalf("the new bot's message %d, want %d", m.MessageID, number)
		}
		r.oneCard("Step 2")
	})
}
