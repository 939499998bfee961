package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// TestSellerByPhone: a seller who is named by phone opens the link, and shares the own contact in the chat. Another number,
// and a contact that is not the sender's own, do not join.
func TestSellerByPhone(t *testing.T) {
	t.Parallel()
	w := withTelegram(t)
	boris, id := w.bought(t, "+49 1511 2345678")
	anna, mallory := w.api.Person(2000002, "", "Anna"), w.api.Person(3000003, "mallory", "M")
	defer func() {
		if t.Failed() {
			t.Log(w.api.Transcript(2000002), w.api.Transcript(3000003))
		}
	}()
	const number, asks = "4915112345678", "This deal is for a phone number"
	link := linkOf(t, boris)
	shown := func() string { return w.must("escrows", "show", id, "--json") }
	before := shown()

	anna.SendOwnContact(number) // nothing asked for it
	anna.WaitText(patience, "There is no draft here")
	mallory.Say("/start " + link)
	mallory.WaitText(patience, asks)
	for _, of := range []telegramtest.Contact{
		{Phone: number, FirstName: "Anna", UserID: anna.ID}, {Phone: "+" + number, FirstName: "Anna"}, {Phone: number, FirstName: "Anna", UserID: 1},
	} {
		shared := mallory.SendContact(of)
		answered(t, mallory, shared, "We cannot tell that this contact is your own")
	}
	mallory.SendOwnContact("4915112345679")
	mallory.WaitText(patience, "your contact has another number")
	if now := shown(); now != before {
		t.Errorf("those who may not join have changed\n%s\nto\n%s", before, now)
	}

	anna.Say("/start " + link)
	anna.WaitText(patience, asks)
	shared := anna.SendOwnContact(number)
	anna.WaitText(patience, "Sell this for")
	boris.WaitText(patience, "has joined")
	joined := shown()
	w.api.Redeliver(shared)
	again := anna.SendOwnContact("+" + number)
	answered(t, anna, again, "Sell this for")
	mallory.SendOwnContact(number) // who lies about the number comes too late all the same
	mallory.WaitText(patience, "works once")
	if now := shown(); now != joined || !strings.Contains(now, `"seller_owner": "tg:2000002"`) {
		t.Errorf("joined once:\n%s\nthen\n%s", joined, now)
	}
	tap(anna, "accept:"+acceptOf(t, anna))
	boris.WaitText(patience, "has accepted")
	w.stop()
	if log := w.log.String(); strings.Contains(log, number[2:]) {
		t.Errorf("the number is in the log:\n%s", log)
	}
}

// answered waits until the message below a person's own has a text.
func answered(t *testing.T, p *telegramtest.Person, own telegramtest.Update, text string) {
	t.Helper()
	if !p.WaitFor(patience, func(all []telegramtest.Message) bool {
		last := all[len(all)-1]
		return last.ID > own.MessageID && strings.Contains(last.Text, text)
	}) {
		t.Fatalf("no answer %q to %+v", text, own)
	}
}
