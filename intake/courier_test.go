package intake_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// shown is the latest card, after everything is delivered; "" if there is none.
func (k *talk) shown() (text, message string) {
	k.t.Helper()
	for end := time.Now().Add(time.Minute); k.bot.Stats().Couriers > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatal("cards are still under way")
		}
	}
	for {
		select {
		case s := <-k.sent.cards:
			text, message = flat(s.Card), s.Message
		default:
			return text, message
		}
	}
}

func pushing(t *testing.T) *talk {
	k := begin(t)
	k.push, k.sent = true, &pushed{cards: make(chan dialog.Showing, 64)}
	k.restart()
	return k
}

func TestDealTakesOverTheMessageAndThePersonalConversationIsSilent(t *testing.T) {
	k := pushing(t)
	last := ""
	for _, say := range []string{"/create", "@anna_ceramics", "1250 eur", "Handmade dinner set, 24 pieces", "72h"} {
		k.say(say)
		last, _ = k.shown()
	}
	if !strings.Contains(last, "# Is this right?") {
		t.Fatalf("the review is not shown but\n%s", last)
	}
	review := k.sent.n
	in := k.pressed("confirm")
	in.Message = itoa(review)
	k.input(in)
	card, message := k.shown()
	if !strings.Contains(card, "# Pay €1,265.63 by 15:32") || message != itoa(review) {
		t.Errorf("message %q became\n%s", message, card)
	}
	if card, _ := k.shown(); card != "" {
		t.Errorf("something else was shown:\n%s", card)
	}
	id := k.out.Record.Started
	// the next draft gets a message of its own, and the deal keeps its card
	create := press("create||")
	create.Message = itoa(review)
	k.input(create)
	if k.shown(); live(k.out.Record) == itoa(review) || !strings.Contains(k.text(), "# Who is selling?") { // the deal may be written to its message again
		t.Errorf("a new draft is in message %q:\n%s", live(k.out.Record), k.text())
	}
	if now := live(k.open(id).out.Record); now != itoa(review) {
		t.Errorf("the deal is in message %q, want %d", now, review)
	}
	if err := k.order("mark-paid", id); err != nil {
		t.Fatal(err)
	}
	if card, message := k.shown(); message != "" || !strings.Contains(card, "# We hold €1,265.63 for you") {
		t.Errorf("paid is in message %q:\n%s", message, card)
	}
	k.mine().step(intake.StepSeller)
}

// Undo without an effect is no longer a button.
func TestUndoGoesWithTheAnswers(t *testing.T) {
	k := pushing(t)
	k.say("/create").say("@anna_ceramics").tap("cancel")
	card, _ := k.shown()
	if !strings.Contains(card, "undo") {
		t.Fatalf("no Undo:\n%s", card)
	}
	sent := k.sent.n
	undo := k.pressed("undo")
	k.after(25 * time.Hour)
	if strings.Contains(k.text(), "undo") {
		t.Errorf("Undo after its time:\n%s", k.text())
	}
	k.wake("wipe")
	card, message := k.shown()
	if message != itoa(sent) || card == "" || strings.Contains(card, "undo") {
		t.Errorf("message %q of %d became\n%s", message, sent, card)
	}
	k.input(undo)
	k.did(dialog.DidStale)
}

func itoa(n int) string { return strconv.Itoa(n) }
