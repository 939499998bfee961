package deal

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// Verbs of operators' orders. Other orders have the name of their move.
const (
	MarkPaid = "mark-paid" // the rest came in full
	Cancel   = "cancel"
)

// Order is an operator's order to the deal of this id. Each call makes an order of its own, and a retry gives the same
// one again. An order that was given before changes nothing, because the deal itself says that it is done; only more adds its hours each time.
func Order(bot, verb, id string) dialog.Input {
	return dialog.Input{ID: "order " + rand.Text(), Kind: dialog.KindOrder, Key: dialog.Key{Bot: bot, Flow: FlowName, ID: id}, Name: verb}
}

// OrderSum is Order to mark a deal as paid if this is the sum to be paid.
func OrderSum(bot, id string, sum lockbay.Money) dialog.Input {
	in := Order(bot, MarkPaid, id)
	in.Value = sum.Plain()
	return in
}

// OrderAct is Order to make a move: of the desk, or in the name of another role.
func OrderAct(bot, id string, a lockbay.Act) dialog.Input {
	in := Order(bot, string(a.Move), id)
	raw, err := json.Marshal(a)
	if err != nil {
		panic("deal: " + err.Error()) // an act has only strings and numbers
	}
	in.Text = string(raw)
	return in
}

// actOf is the move that an order asks for. Its operator is the name behind the order.
func actOf(in *dialog.Input) (a lockbay.Act, err error) {
	switch {
	case in.Name == MarkPaid && in.Text == "":
		a = lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true}
		if in.Value != "" {
			number, currency, _ := strings.Cut(in.Value, " ")
			if a.Sum, err = lockbay.MoneyOf(number, currency); err != nil { // a sum that nobody is to pay
				a.Sum, err = lockbay.Money{Minor: -1, Currency: currency}, nil
			}
		}
	case in.Name == Cancel && in.Text == "":
		a = lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveCancel}
	default:
		if err = json.Unmarshal([]byte(in.Text), &a); err == nil && string(a.Move) != in.Name && in.Name != MarkPaid || a.Role == lockbay.Clock {
			err = errors.New("an order for another move")
		}
	}
	if a.Operator = in.By; a.Operator == "" {
		a.Operator = "cli"
	}
	return a, err
}

// Verdict is the result of an order: nil if the deal now is as the order asks, also after a repeated order. A refused
// order returns the error of lockbay.Escrow.Act: lockbay.ErrCancelled, lockbay.ErrPaid, lockbay.ErrSum, a lockbay.NotNow
// and others. More errors are dialog.ErrNotFound for an unknown deal, and dialog.ErrSchemaNewer for a deal that this
// version left as it was. now is the time of the order.
func (f *Flow) Verdict(in dialog.Input, out dialog.Outcome, now time.Time) error {
	if out.Record == nil || out.Record.Version == 0 {
		return fmt.Errorf("%s: %w", in.Name, dialog.ErrNotFound)
	}
	e, err := Escrow(out.Record)
	switch {
	case out.Did == dialog.DidPark || err != nil:
		return fmt.Errorf("%s: the deal is %s: %w", in.Name, out.Record.Step, dialog.ErrSchemaNewer)
	case out.Did != dialog.DidRefuse && out.Did != dialog.DidDuplicate:
		return nil
	}
	a, err := actOf(&in)
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	a.Key, a.At = f.cfg.RefKey, now // a refused order changed nothing, so it is refused again
	changed, err := e.Act(a)
	if err == nil && changed && out.Did == dialog.DidRefuse {
		err = fmt.Errorf("%s: the deal is %s", in.Name, out.Record.Step)
	}
	return err
}
