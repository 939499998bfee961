package lockbay

import (
	"reflect"
	"testing"
)

// TestTransfers: what came and left, without a payment that was recorded by mistake, and with one in another currency.
func TestTransfers(t *testing.T) {
	e := booked()
	e.Log = []Entry{
		{Move: "received", Ref: "manual:1", Posts: received(manual, 700)},
		{Move: "received", Ref: "manual:2", Posts: received(manual, 700)},
		{Move: "undone", Ref: "manual:2", Posts: undone(Balances{}, manual, 700)},
		{Move: "funded", Posts: funded(&e.Quote)},
		{Move: "hold:currency"},
		{Move: "hold:currency"},
		{Move: "sending:seller", Posts: sending(AccountSeller, manual, 300)},
		{Move: "sent:seller", Ref: "manual:3", Posts: sent(manual, 300)},
	}
	e.Notes = map[int]string{0: "R 1", 1: "R 2", 4: "12.00 GBP R 4"} // of entry 5 it is forgotten
	want := []Transfer{{0, e.Quote.Money(700), "manual:1", "R 1"}, {4, Money{1200, "GBP"}, "", "R 4"}, {7, e.Quote.Money(-300), "manual:3", ""}}
	if got := e.Transfers(); !reflect.DeepEqual(got, want) {
		t.Errorf("the transfers are %+v, want %+v", got, want)
	}
}
