package telegram

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// A button asks for a text in the person's own conversation, and a reply to a message goes
// to the conversation of that message.
func TestTextForAnother(t *testing.T) {
	api, store, e := market(t)
	anna := api.Person(1000001, "anna", "Anna")
	waits := func(text string) int {
		t.Helper()
		if !api.WaitDelivered(patience) {
			t.Fatal(anna.Transcript())
		}
		id := 0
		if !anna.WaitFor(patience, func(ms []telegramtest.Message) bool {
			for _, m := range ms {
				if m.FromBot && strings.Contains(m.Text, text) {
					id = m.ID
				}
			}
			return id != 0
		}) {
			t.Fatalf("no %q\n%s", text, anna.Transcript())
		}
		return id
	}
	anna.Say("/start")
	waits("Sell?")
	anna.Tap("Confirm")
	waits("Sale is open")
	anna.Say("/start")
	waits("Sell?")
	anna.Tap("Tell")
	waits("what?")
	anna.Say("red")
	waits("Sale is told red")
	waits("Sell?")
	settled(t, e)
	anna.Reply(waits("Sale is told red"), "blue")
	told := waits("Sale is told blue")
	settled(t, e)
	anna.Reply(waits("Sell?"), "mine")
	waits("Sell?")
	settled(t, e)
	gone := anna.Say("hello").MessageID
	api.WaitDelivered(patience)
	settled(t, e)
	anna.Reply(gone, " too")
	api.WaitDelivered(patience)
	settled(t, e)
	r, _, err := e.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: "seller", ID: "tg:1000001"})
	if err != nil || string(r.Answers) != "minehello too" {
		t.Errorf("the own conversation has %q, %v", r.Answers, err)
	}
	if waits("Sale is told blue") != told {
		t.Errorf("the sale has changed\n%s", anna.Transcript())
	}
	rows, err := store.List(t.Context(), dialog.Query{Flow: "sale"})
	if err != nil || len(rows) != 1 || !strings.HasPrefix(rows[0].Step, "told blue") {
		t.Errorf("%v, %v", rows, err)
	}
	if v := api.Violations(); len(v) > 0 {
		t.Error(v)
	}
}
