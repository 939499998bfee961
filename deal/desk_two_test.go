package deal_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// askedAt is an operator who presses a button that asks for a text, in their own conversation.
func (k *talk) askedAt(who, action string) dialog.Place {
	k.t.Helper()
	in := k.as(lockbay.Desk).button(action)
	in.Owner, in.Place = who, dialog.Place{Channel: "tg", Address: strings.TrimPrefix(who, "tg:"), Push: true}
	k.handle(in)
	return in.Place
}

// answers is the text of an operator who was asked. It returns what their own card says then.
func (k *talk) answers(who string, at dialog.Place, text string) string {
	k.t.Helper()
	k.handle(dialog.Input{Kind: dialog.KindText, Text: text, Owner: who, Place: at})
	own := k.ownOf(who)
	if own.Said == nil {
		return ""
	}
	return own.Said.Code
}

// TestTwoOperatorsWrite: two operators are asked for the same text, and both write. The yes of each confirms what they wrote
// themselves: the second one is told that another is asked first, and cannot say yes for them.
func TestTwoOperatorsWrite(t *testing.T) {
	for _, c := range []struct {
		name, action, first, second, shown string
		begin                              func(k *talk)
		done                               func(e *lockbay.Escrow) string
		want                               [2]string // of the first's yes, and of the second's after Not yet
	}{
		{"a reference", "sent:seller", "R-77", "R-78", "Reference R-77", func(k *talk) {
			k.must(cameAs(126563, "R-1")).must(accepts).must(delivers).must(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MoveRelease})
			k.desk("send:seller", "send:yes")
		}, func(e *lockbay.Escrow) string {
			ref := ""
			for _, p := range e.Payouts() {
				ref = p.Ref
			}
			return ref
		}, [2]string{"R-77", "R-78"}},
		{"a sum", "sum", "40.00 R-1", "50.00 R-2", "Reference R-1", func(k *talk) {
			k.as(lockbay.Buyer).tap("help").tap("paid")
		}, func(e *lockbay.Escrow) string { return e.Quote.Money(e.Missing()).Plain() }, [2]string{"1225.63 EUR", "1215.63 EUR"}},
		{"a decision", "decide:other", "70 two plates are broken", "20 most are broken", "two plates are broken", func(k *talk) {
			k.must(cameAs(126563, "R-1")).must(accepts)
			k.as(lockbay.Buyer).tap("dispute").tap("dispute:damaged")
			k.desk("decide")
		}, func(e *lockbay.Escrow) string { return e.Decision() }, [2]string{"two plates are broken", "most are broken"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			begun := func() (k *talk, one, two dialog.Place) {
				k = manned(t)
				c.begin(k)
				one, two = k.askedAt(clerk, c.action), k.askedAt(second, c.action)
				if code := k.answers(clerk, one, c.first); code != dialog.CodeSentOn {
					t.Errorf("the first reads %s", code)
				}
				if code := k.answers(second, two, c.second); code != "desk.busy" {
					t.Errorf("the second reads %s", code)
				}
				if text := k.as(lockbay.Desk).text(); !strings.Contains(text, c.shown) || !strings.Contains(text, "Only operator 77") {
					t.Fatalf("the desk reads\n%s", text)
				}
				return k, one, two
			}
			yes, _, _ := strings.Cut(c.action, ":")
			yes += ":yes"
			k, _, _ := begun()
			had := c.done(escrowOf(k))
			if did := k.presses(second, yes); did != dialog.DidStale || c.done(escrowOf(k)) != had {
				t.Errorf("the second says yes to what the first wrote: %s, %s", did, c.done(escrowOf(k)))
			}
			if k.presses(clerk, yes); c.done(escrowOf(k)) != c.want[0] {
				t.Errorf("the first's yes: %s", c.done(escrowOf(k)))
			}
			k, _, two := begun()
			if did := k.presses(second, "back"); did != dialog.DidApply {
				t.Errorf("Not yet of the second: %s", did)
			}
			if text := k.as(lockbay.Desk).text(); !strings.Contains(text, "Operator 78 put away what operator 77 had written") {
				t.Errorf("the desk reads\n%s", text)
			}
			if code := k.answers(second, two, c.second); code != dialog.CodeSentOn {
				t.Errorf("the second, again, reads %s", code)
			}
			if k.presses(second, yes); c.done(escrowOf(k)) != c.want[1] {
				t.Errorf("the second's yes: %s", c.done(escrowOf(k)))
			}
		})
	}
}

// escrowOf is the stored deal.
func escrowOf(k *talk) *lockbay.Escrow {
	e := k.stored()
	return &e
}

// TestDeskAsksNoMore: an order has done what the desk is asked. Its yes is too late, and the question is gone.
func TestDeskAsksNoMore(t *testing.T) {
	k := manned(t)
	k.as(lockbay.Buyer).tap("help").tap("paid")
	k.desk("nothing").must(lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveNothing})
	if did := k.presses(clerk, "nothing:yes"); did != dialog.DidStale {
		t.Errorf("the yes: %s", did)
	}
	if text := k.as(lockbay.Desk).text(); !strings.Contains(text, "Nothing to do") {
		t.Errorf("the desk reads\n%s", text)
	}
}
