package deal_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// Words of texts that are true only of a deal for which nothing came, and only of one for which something did.
var (
	ofNothing   = []string{"Nothing is paid", "Not paid yet", "No payment came", "no payment has come", "othing came", "I have not paid", "Have you paid?"}
	ofSomething = []string{"Not all of it", "Not all of the payment", "hat came", "anything else", "othing more", "No payment in", "back on"}
)

// whole is all that a card says.
func whole(c *dialog.Card) string {
	all := []string{c.Progress, c.Question, c.Hint, c.After, c.Ahead, strings.Join(c.Body, "\n")}
	if c.Band != nil {
		all = append(all, c.Band.Strong, c.Band.Text)
	}
	if c.Line != nil {
		all = append(all, c.Line.State)
	}
	for _, f := range c.Facts {
		all = append(all, f.Label+": "+f.Value+" "+f.Note)
	}
	for _, s := range c.Sums {
		all = append(all, s.Label+": "+s.Value)
	}
	for _, n := range c.Next {
		all = append(all, n.Who, n.When)
	}
	for _, b := range slices.Concat(c.Choices, c.Alt, c.Quiet) {
		all = append(all, b.Label)
	}
	return dialog.Plain(strings.Join(all, "\n"))
}

// truly reports what a card says of money that the log of its deal denies.
func truly(e *lockbay.Escrow, c *dialog.Card) (err error) {
	came, text := false, whole(c)
	undone := map[string]bool{}
	for _, x := range slices.Backward(e.Log) {
		switch verb, _, _ := strings.Cut(x.Move, ":"); verb {
		case string(lockbay.MoveUndone):
			undone[x.Ref] = true
		case string(lockbay.MoveReceived):
			came = came || !undone[x.Ref]
		case "opened":
			came = true
		}
		came = came || x.Move == "hold:"+lockbay.HoldCurrency
	}
	for of, words := range map[bool][]string{true: ofNothing, false: ofSomething} {
		for _, word := range words {
			if came == of && strings.Contains(text, word) {
				err = errors.Join(err, fmt.Errorf("%s, money came: %t, and the card says %q:\n%s", e.Status, came, word, text))
			}
		}
	}
	if came && e.Status != lockbay.PaymentPending && strings.Contains(text, "Have you paid €") { // who is still to pay is asked for the sum
		err = errors.Join(err, fmt.Errorf("%s, and the card asks\n%s", e.Status, text))
	}
	accepted := slices.ContainsFunc(e.Log, func(x lockbay.Entry) bool { return x.Move == string(lockbay.MoveAccept) })
	for _, word := range []string{"Not all of it came", "Not all of the payment came", "time to pay", "No payment"} {
		if e.Window > 0 && !accepted && strings.Contains(text, word) { // nobody was asked to pay
			err = errors.Join(err, fmt.Errorf("%s, the seller has not accepted, and the card says %q:\n%s", e.Status, word, text))
		}
	}
	if strings.ContainsAny(text, "{}") {
		err = errors.Join(err, fmt.Errorf("%s, and the card says\n%s", e.Status, text))
	}
	b := e.Balances()
	if owed := b.Owed(lockbay.AccountBuyer) + b.Owed(lockbay.AccountHeld) + b.Owed(lockbay.AccountSeller); owed > 0 && strings.Contains(text, "We hold no money") {
		err = errors.Join(err, fmt.Errorf("%s, %d are with us, and the card says\n%s", e.Status, owed, text))
	}
	return err
}

// TestCardsSayWhatCame: in each situation, also of a deal whose seller accepts first, no text, of whoever, on the card or
// behind its buttons for help, for an end and for the desk's answer, speaks of money otherwise than the log does.
func TestCardsSayWhatCame(t *testing.T) {
	everySituation(t, func(t *testing.T, name string, begin func() *talk) {
		first := opener{operators: []string{clerk}, e: escrow(), format: deal.Version}
		first.e.WaitForSeller()
		for _, begin := range []func() *talk{begin, func() *talk { return wholly(t, first).in(situations[name]) }} {
			for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller, lockbay.Desk} {
				for _, then := range []string{"", "help", "nothing", "paid", "decline", "cancel"} {
					begin().readsTruly(role, then)
				}
			}
		}
	})
}

// readsTruly reads the card of a role, after a button if the card has it.
func (k *talk) readsTruly(role lockbay.Role, button string) {
	k.t.Helper()
	if role == lockbay.Desk && k.rec.As("desk").Role() == "" || button != "" && !slices.Contains(strings.Fields(k.as(role).actions()), button) {
		return
	}
	if k.as(role); button != "" {
		k.tap(button)
	}
	e, c := k.stored(), k.card("en")
	if err := truly(&e, &c); err != nil {
		k.t.Errorf("after %q the %s: %v", button, role, err)
	}
}

// TestReportedAgain: a buyer who had paid a part and says that they paid more reads that nothing more has come, and so does
// the desk.
func TestReportedAgain(t *testing.T) {
	for name, more := range map[string]string{"pending": "no payment has come", "pending, in part": "nothing more has come", "lapsed, in part": "nothing more has come", "lapsed, dollars came": "nothing more has come"} {
		k := wholly(t, opener{operators: []string{clerk}}).in(situations[name]).must(reports)
		answer := "Nothing came"
		if name != "pending" {
			answer = "Nothing more came"
		}
		if c := k.as(lockbay.Desk).card("en"); !strings.Contains(whole(&c), "\n"+answer) {
			t.Errorf("%s: the desk reads\n%s", name, whole(&c))
		}
		c := k.desk("nothing").card("en")
		if want := strings.ToLower(answer[:1]) + answer[1:] + "?"; !strings.HasSuffix(c.Question, want) || c.Hint == "" {
			t.Errorf("%s: the desk is asked %q, %q", name, c.Question, c.Hint)
		}
		if c = k.desk("nothing:yes").card("en"); !strings.Contains(strings.ToLower(whole(&c)), ": "+strings.ToLower(answer)) {
			t.Errorf("%s: the desk reads\n%s", name, whole(&c))
		}
		if c = k.as(lockbay.Buyer).card("en"); c.Band == nil || !strings.Contains(c.Band.Strong+c.Band.Text, more) {
			t.Errorf("%s: the buyer reads\n%s", name, whole(&c))
		}
	}
}

// TestLinkSaysWhatCame: who opens the link of a deal that is paid in part does not read that nothing is.
func TestLinkSaysWhatCame(t *testing.T) {
	k := beginWith(t, opener{e: escrow(), format: deal.Version, seats: []byte("seats"), bot: "bay_bot"})
	for _, want := range []string{"Nothing is paid yet: deliver only", "Not all of it is paid yet: deliver only"} {
		path := strings.Replace(strings.TrimPrefix(k.payload(), "s_"), "_", "/", 1)
		if c, _, ok := k.flow.Invited(k.rec, path, dialog.View{Lang: "en"}); !ok || !strings.HasPrefix(c.Hint, want) {
			t.Errorf("%t: they read %q, want %q", ok, c.Hint, want)
		}
		k.must(part)
	}
}

// TestPaidIsLoggedOnce: a payment that was recorded by mistake and comes again makes no second event, so that no count has the
// deal twice.
func TestPaidIsLoggedOnce(t *testing.T) {
	k := joined(t).must(accepts).must(came).must(acted(lockbay.Desk, lockbay.MoveUndone, "another deal's")).must(cameAs(126563, "R-5"))
	n := 0
	for _, e := range k.store.Logged() {
		if e.Kind == deal.EventPaid {
			n++
		}
	}
	if n != 1 || k.stored().Status != lockbay.Active {
		t.Errorf("%d events of a deal that is %s", n, k.stored().Status)
	}
}
