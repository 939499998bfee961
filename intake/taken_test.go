package intake_test

import (
	"slices"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// live is the message that shows a conversation, "" if none does.
func live(r *dialog.Record) string {
	p, _ := r.Place("tg", "1")
	return r.Message(p)
}

// tapOn presses the current card's button at a message.
func (k *talk) tapOn(message, action string) *talk {
	k.t.Helper()
	in := k.pressed(action)
	in.Message = message
	k.input(in)
	return k
}

// sold makes a deal, whose card is the message of the review.
func (k *talk) sold() (id, message string) {
	k.t.Helper()
	k.review().shown()
	message = live(k.out.Record)
	k.tapOn(message, "confirm").shown()
	return k.out.Record.Started, message
}

// A tap on the card of one conversation that is for another leaves the card where it is.
func TestTapsForAnotherConversation(t *testing.T) {
	t.Run("an escrow of the list", func(t *testing.T) {
		k := pushing(t)
		id, deal := k.sold()
		k.say("/create").say("@piotr_books").say("/status").shown()
		mine := live(k.out.Record)
		k.tapOn(mine, "status:"+id).shown()
		if now := live(k.out.Record); now == mine || now == deal || now == "" {
			t.Errorf("the deal is shown in %q; it was in %q, the draft is in %q", now, deal, mine)
		}
		if k.mine(); live(k.out.Record) != mine || slices.Contains(k.sent.removed, mine) {
			t.Errorf("the draft was in %q and is in %q; removed %v", mine, live(k.out.Record), k.sent.removed)
		}
	})
	for name, older := range map[string]bool{"the same deal again": false, "the same deal again, from an older card": true} {
		t.Run(name, func(t *testing.T) {
			k := pushing(t)
			id, _ := k.sold()
			if older {
				k.open(id).tap("cancel").tap("cancel:yes").shown()
			}
			k.say("/create").say("@piotr_books").shown()
			draft := live(k.out.Record)
			if !older {
				k.say("/status " + id).shown()
				draft = live(k.out.Record)
				k.tapOn(draft, "status:"+id).tap("cancel").tap("cancel:yes").shown()
			}
			deal := live(k.open(id).out.Record)
			if deal == "" || deal == draft {
				t.Fatalf("the deal is in %q, the draft in %q", deal, draft)
			}
			k.tapOn(deal, "again").shown()
			k.expect("# Go on with this draft?")
			if now := live(k.out.Record); now == deal || now == draft || now == "" {
				t.Errorf("the question is in %q; the draft was in %q, the deal is in %q", now, draft, deal)
			}
			if k.open(id); live(k.out.Record) != deal || slices.Contains(k.sent.removed, deal) {
				t.Errorf("the deal was in %q and is in %q", deal, live(k.out.Record))
			}
		})
	}
	// the personal conversation was forgotten, and the deal's card is tapped
	t.Run("a new draft", func(t *testing.T) {
		k := pushing(t)
		id, deal := k.sold()
		if err := k.bot.Forget(t.Context(), k.out.Record.Key); err != nil {
			t.Fatal(err)
		}
		in := press("create||")
		in.Message = deal
		k.input(in)
		k.shown()
		if now := live(k.out.Record); now == deal || now == "" {
			t.Errorf("the draft is in %q, the deal in %q", now, deal)
		}
		if k.open(id); live(k.out.Record) != deal {
			t.Errorf("the deal was in %q and is in %q", deal, live(k.out.Record))
		}
	})
}
