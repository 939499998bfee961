package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestDeskInTheChat: an operator runs a whole deal from the chat, over two restarts: the payment that the buyer reports, and
// the payout with its reference. Each button is pressed twice.
func TestDeskInTheChat(t *testing.T) {
	t.Parallel()
	w := withTelegram(t, "--operators", "7000007")
	olga := w.api.Person(7000007, "olga", "Olga")
	olga.Say("/start")
	olga.WaitText(patience, "Your words are")
	boris, id := w.bought(t, "@anna_ceramics")
	anna := w.api.Person(2000002, "anna_ceramics", "Anna")
	defer func() {
		if t.Failed() {
			t.Log(w.api.Transcript(1000001), w.api.Transcript(2000002), w.api.Transcript(7000007))
		}
	}()
	link := linkOf(t, boris)
	anna.Say("/start " + link)
	anna.WaitText(patience, "Sell this for")
	boris.WaitText(patience, "has joined")
	tapTwice(boris, "help")
	boris.WaitText(patience, "I need help")
	tapTwice(boris, "paid")
	olga.WaitText(patience, "Did")
	boris.WaitText(patience, "Do not pay again")
	w.relisten(t)
	tapTwice(olga, "came")
	olga.WaitText(patience, "Only money that is in your account")
	tapTwice(olga, "came:yes")
	boris.WaitText(patience, "We hold")
	anna.WaitText(patience, "The money is here")
	tapTwice(anna, "accept:"+acceptOf(t, anna))
	anna.WaitText(patience, "Deliver by")
	tapTwice(anna, "delivered")
	boris.WaitText(patience, "Check it by")
	tap(boris, "release")
	boris.WaitText(patience, "This is final")
	tapTwice(boris, "release:yes")
	anna.WaitText(patience, "is yours")
	tapTwice(anna, "where")
	anna.WaitText(patience, "Where shall we send it?")
	anna.Say("LT12 3456")
	anna.WaitText(patience, "LT12 3456")
	olga.WaitText(patience, "LT12 3456")
	w.relisten(t)
	tapTwice(olga, "send:seller")
	olga.WaitText(patience, "to the seller?")
	tapTwice(olga, "send:yes")
	anna.WaitText(patience, "We are sending it")
	olga.WaitText(patience, "On its way to the seller")
	tapTwice(olga, "sent:seller")
	olga.WaitText(patience, "reference")
	olga.Say("R-77")
	olga.WaitText(patience, "it cannot be undone")
	tapTwice(olga, "sent:yes")
	anna.WaitText(patience, "Done. You were paid")
	boris.WaitText(patience, "was paid")
	for _, p := range []string{boris.Transcript(), anna.Transcript()} {
		if strings.Contains(p, "The desk") || strings.Contains(p, "7000007") {
			t.Errorf("a party reads the desk:\n%s", p)
		}
	}
	if strings.Contains(boris.Transcript(), "LT12") {
		t.Error("the buyer reads where the seller's money goes")
	}
	if out := w.must("escrows", "show", id); !strings.Contains(out, "completed") {
		t.Errorf("show: %s", out)
	}
	w.must("ledger", "verify")
}

// TestDeskHearsOfTickets: the operator reads in the chat that somebody wrote, once, over a restart, and no word of what; the
// message follows the class.
func TestDeskHearsOfTickets(t *testing.T) {
	t.Parallel()
	w := withTelegram(t, "--operators", "7000007")
	olga, boris := w.api.Person(7000007, "olga", "Olga"), w.api.Person(1000001, "boris_k", "Boris")
	defer func() {
		if t.Failed() {
			t.Log(w.api.Transcript(1000001), w.api.Transcript(7000007))
		}
	}()
	olga.Say("/start")
	olga.WaitText(patience, "Your words are")
	boris.Say("/support The seller, Anna, lost my answers")
	boris.WaitText(patience, "A person reads what you wrote")
	olga.WaitText(patience, "about lost progress")
	w.relisten(t)
	id := regexp.MustCompile(`TCK-[0-9A-Z]{4}-[0-9A-Z]{5}`).FindString(olga.Transcript())
	w.must("tickets", "set", id, "payment")
	olga.WaitText(patience, "about a payment")
	boris.Say("/support And it hangs")
	soon(t, "the second", func() bool { return strings.Count(olga.Transcript(), "Somebody wrote to you") >= 2 })
	if said := olga.Transcript(); strings.Contains(said, "Anna") || strings.Contains(said, "hangs") || strings.Contains(said, "1000001") {
		t.Errorf("the desk reads what the person wrote:\n%s", said)
	}
	if strings.Contains(boris.Transcript(), "Somebody wrote") {
		t.Error("the person reads the desk")
	}
}
