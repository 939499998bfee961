package lockbay

import (
	"slices"
	"strings"
)

// Transfer is money that came from outside or left, as the list of a bank has it.
type Transfer struct {
	Entry int    // its place in the log
	Sum   Money  // negative: it left
	Ref   string // of the log: see [HandRef]; empty: it has none there
	Text  string // the reference as it was typed, of a chargeback with its reason; empty: nobody gave one, or it is forgotten
}

// Transfers are what came and left, in the order of the log. Of a payment that was recorded by mistake there is none. Money
// in another currency, for which the deal was put on hold, came as well, as far as its text is known.
func (e *Escrow) Transfers() (list []Transfer) {
	for i := range e.Log {
		x, b := &e.Log[i], Balances{}
		b.add(x)
		switch cash := b.Of(AccountCash); {
		case x.verb() == MoveUndone:
			list = slices.DeleteFunc(list, func(t Transfer) bool { return t.Ref == x.Ref && t.Sum.Minor == -cash })
		case cash != 0:
			list = append(list, Transfer{i, e.Quote.Money(cash), x.Ref, e.Notes[i]})
		case x.Move == string(MoveHold)+":"+HoldCurrency:
			if sum, ref, err := foreign(e.Notes[i]); err == nil {
				list = append(list, Transfer{i, sum, "", ref})
			}
		}
	}
	return list
}

// foreign reads what stands beside a hold for money in another currency: the sum and the reference.
func foreign(note string) (sum Money, ref string, err error) {
	number, rest, _ := strings.Cut(note, " ")
	currency, ref, _ := strings.Cut(rest, " ")
	sum, err = MoneyOf(number, currency)
	return sum, ref, err
}
