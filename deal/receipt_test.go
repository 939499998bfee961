package deal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// sentLines are the lines of the card about payouts, without their dates.
func (k *talk) sentLines() (list []string) {
	for _, s := range k.card("en").Body {
		s = dialog.Plain(s)
		if before, after, is := strings.Cut(s, " on "); is && strings.Contains(after, ", reference ") {
			list = append(list, before+after[strings.LastIndex(after, ", "):])
		} else if strings.Contains(s, " earlier payment") || strings.HasPrefix(s, "Your bank") {
			list = append(list, s)
		}
	}
	return list
}

// TestReceiptNamesEachPayout: a receipt has a line for each payout, and its question has their sum. The seller reads of their
// own alone. While more is sent, each side reads what was sent to it.
func TestReceiptNamesEachPayout(t *testing.T) {
	seller, buyer := "@anna_ceramics was paid €1,234.38, reference R-seller.", "You got €1,000.00 back, reference R-buyer."
	for _, c := range []struct {
		name     string
		then     situation
		role     lockbay.Role
		question string
		lines    []string
	}{
		{"completed", nil, lockbay.Buyer, "Done. @anna_ceramics was paid €1,234.38", []string{seller}},
		{"completed", nil, lockbay.Seller, "Done. You were paid €1,234.38", []string{"You were paid €1,234.38, reference R-seller."}},
		{"completed, more came", nil, lockbay.Buyer, "Done. @anna_ceramics was paid €1,234.38", []string{seller, buyer}},
		{"completed, more came", nil, lockbay.Seller, "Done. You were paid €1,234.38", []string{"You were paid €1,234.38, reference R-seller."}},
		{"completed, taken back", nil, lockbay.Buyer, "Done. @anna_ceramics was paid €1,234.38", []string{seller, "Your bank or provider has given €1,265.63 back to you."}},
		{"completed", situation{part}, lockbay.Seller, "Done on your side", []string{"You were paid €1,234.38, reference R-seller."}},
		{"refunded", nil, lockbay.Buyer, "You got €1,265.63 back", []string{"You got €1,265.63 back, reference R-buyer."}},
		{"refunded", situation{part}, lockbay.Buyer, "€1,000.00 is yours", []string{"You got €1,265.63 back, reference R-buyer."}},
		{"refunded", situation{part, acted(lockbay.Desk, lockbay.MoveSending, lockbay.Buyer), sentAs("R-9")}, lockbay.Buyer, "You got €2,265.63 back",
			[]string{"You got €1,265.63 back, reference R-buyer.", "You got €1,000.00 back, reference R-9."}},
		{"refunded by the bank", nil, lockbay.Buyer, "This deal has ended. Nothing was left to send back", []string{"Your bank or provider has given €1,265.63 back to you."}},
		{"cancelled, in part", nil, lockbay.Buyer, "ESC-0000-001AW is cancelled", []string{buyer}},
		{"cancelled, in part", nil, lockbay.Seller, "The buyer cancelled this deal", nil},
		{"lapsed, in part", situation{cameAs(700, "R-9")}, lockbay.Buyer, "€7.00 is yours", []string{buyer}},
		{"settling, one is paid", nil, lockbay.Seller, "Done on your side", []string{"You were paid €864.06, reference R-seller."}},
		{"settling, one is paid", nil, lockbay.Buyer, "€379.70 is yours", nil},
	} {
		k := wholly(t, opener{}).in(situations[c.name]).in(c.then).as(c.role)
		if q, got := dialog.Plain(k.card("en").Question), k.sentLines(); q != c.question || strings.Join(got, "\n") != strings.Join(c.lines, "\n") {
			t.Errorf("%s: the %s reads %q, %q, want %q, %q", c.name, c.role, q, got, c.question, c.lines)
		}
	}
}

// TestReceiptOfManyPayouts: a receipt names the newest payouts one by one, and says what those before them came to.
func TestReceiptOfManyPayouts(t *testing.T) {
	k := wholly(t, opener{}).in(situations["refunded"])
	for n := range 6 {
		ref := fmt.Sprint("R-1", n)
		k.must(cameAs(10000, ref)).must(acted(lockbay.Desk, lockbay.MoveSending, lockbay.Buyer)).must(sentAs(ref))
		lines := k.sentLines()
		early := map[int]string{4: "1 earlier payment to you came to €1,265.63.", 5: "2 earlier payments to you came to €1,365.63."}[n]
		if early != "" && (len(lines) != 6 || lines[0] != early) || early == "" && len(lines) != n+2 || lines[len(lines)-1] != "You got €100.00 back, reference "+ref+"." {
			t.Errorf("after %d more payouts the receipt has %q", n+1, lines)
		}
	}
	if q := dialog.Plain(k.card("en").Question); q != "You got €1,865.63 back" {
		t.Errorf("it says %q", q)
	}
}
