package deal_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// acted is a move of a role with its one argument: why, text, sum, share, hours or offer.
func acted(role lockbay.Role, move lockbay.Move, arg any) lockbay.Act {
	a := lockbay.Act{Role: role, Move: move}
	switch x := arg.(type) {
	case string:
		a.Text, a.Why, a.Ref = x, x, x
	case lockbay.Role:
		a.To, a.Ref = x, "R-"+string(x)
	case int:
		a.Share, a.Hours, a.Offer = x, x, x
	}
	return a
}

var (
	came     = cameAs(126563, "R-1")
	part     = cameAs(100000, "R-2")
	back     = func() lockbay.Act { a := came; a.Ref, a.Return = "R-3", true; return a }()
	dollars  = func() lockbay.Act { a := came; a.Ref, a.Sum.Currency = "R-4", "USD"; return a }()
	bills    = takenBack(126563, "C-1")
	reports  = by(lockbay.Buyer, lockbay.MovePaid)
	cancels  = by(lockbay.Buyer, lockbay.MoveCancel)
	releases = by(lockbay.Buyer, lockbay.MoveRelease)
	givesAll = by(lockbay.Seller, lockbay.MoveGiveBack)
	disputes = acted(lockbay.Buyer, lockbay.MoveDispute, "damaged")
	decides  = lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: 7000, Text: "Seven of ten plates are whole"}
)

// paysOut is a payout that begins, and ends.
func paysOut(to lockbay.Role) []lockbay.Act {
	return []lockbay.Act{acted(lockbay.Desk, lockbay.MoveSending, to), acted(lockbay.Desk, lockbay.MoveSent, to)}
}

// A situation is a deal whose seller has joined, after moves and alarms: a string is an alarm, a time goes by.
type situation []any

// situations are the cards that a deal can have, without a hold.
var situations = map[string]situation{
	"pending":                {},
	"pending, accepted":      {accepts},
	"pending, in part":       {part},
	"pending, reported":      {reports},
	"pending, nothing came":  {reports, by(lockbay.Desk, lockbay.MoveNothing)},
	"confirmed":              {came},
	"active":                 {accepts, came},
	"active, asked for":      {accepts, came, acted(lockbay.Seller, lockbay.MoveMore, 24)},
	"active, paid too much":  {accepts, cameAs(130000, "R-1")},
	"held, charged back":     {accepts, came, takenBack(5000, "C-1")},
	"late":                   {accepts, came, lockbay.AlarmLate},
	"delivered":              {accepts, came, delivers},
	"delivered, extended":    {accepts, came, delivers, by(lockbay.Buyer, lockbay.MoveExtend)},
	"disputed":               {accepts, came, disputes},
	"disputed by the seller": {accepts, came, delivers, acted(lockbay.Seller, lockbay.MoveDispute, "buyer_silent")},
	"disputed, said":         {accepts, came, disputes, acted(lockbay.Buyer, lockbay.MoveSay, "Broken."), acted(lockbay.Seller, lockbay.MoveSay, "Whole.")},
	"disputed, offered":      {accepts, came, disputes, acted(lockbay.Seller, lockbay.MoveOffer, 7000), acted(lockbay.Buyer, lockbay.MoveOffer, 5000)},
	"disputed, unanswered":   {accepts, came, disputes, acted(lockbay.Buyer, lockbay.MoveSay, "Broken."), lockbay.AlarmAnswer},
	"revived":                {lockbay.AlarmLapse, came},
	"settling, the seller's": {accepts, came, releases},
	"settling, where":        {accepts, came, releases, acted(lockbay.Seller, lockbay.MoveWhere, "LT60 1010")},
	"settling, out":          {accepts, came, releases, paysOut(lockbay.Seller)[0]},
	"settling, the buyer's":  {came, cancels},
	"settling, decided":      {accepts, came, disputes, decides},
	"settling, both":         {accepts, came, disputes, decides, 25 * time.Hour},
	"settling, one is paid":  {accepts, came, disputes, decides, 25 * time.Hour, paysOut(lockbay.Seller)},
	"settling, agreed":       {accepts, came, disputes, acted(lockbay.Seller, lockbay.MoveOffer, 7000), acted(lockbay.Buyer, lockbay.MoveAgree, 1)},
	"settling, after lapse":  {lockbay.AlarmLapse, part},
	"settling, in part":      {part, lockbay.AlarmLapse},
	"completed":              {accepts, came, releases, paysOut(lockbay.Seller)},
	"completed, divided":     {accepts, came, disputes, decides, 25 * time.Hour, paysOut(lockbay.Seller), paysOut(lockbay.Buyer)},
	"completed, more came":   {accepts, came, releases, paysOut(lockbay.Seller), part, paysOut(lockbay.Buyer)},
	"completed, taken back":  {accepts, came, releases, paysOut(lockbay.Seller), bills},
	"refunded":               {accepts, came, givesAll, paysOut(lockbay.Buyer)},
	"refunded, more came":    {accepts, came, givesAll, paysOut(lockbay.Buyer), part, paysOut(lockbay.Buyer)},
	"refunded by the bank":   {accepts, came, bills, func() lockbay.Act { a := decides; a.Share = 0; return a }()},
	"cancelled":              {cancels},
	"cancelled, reported":    {reports, cancels},
	"cancelled by the desk":  {by(lockbay.Desk, lockbay.MoveCancel)},
	"cancelled, in part":     {part, cancels, paysOut(lockbay.Buyer)},
	"cancelled, taken back":  {part, takenBack(100000, "C-1"), by(lockbay.Desk, lockbay.MoveResume), cancels},
	"cancelled, it came":     {cancels, back, paysOut(lockbay.Buyer)},
	"declined":               {by(lockbay.Seller, lockbay.MoveDecline)},
	"declined, in part":      {part, by(lockbay.Seller, lockbay.MoveDecline), paysOut(lockbay.Buyer)},
	"declined, it came":      {by(lockbay.Seller, lockbay.MoveDecline), back, paysOut(lockbay.Buyer)},
	"lapsed":                 {lockbay.AlarmLapse},
	"lapsed, accepted":       {accepts, lockbay.AlarmLapse},
	"lapsed, reported":       {lockbay.AlarmLapse, reports},
	"lapsed, nothing came":   {lockbay.AlarmLapse, reports, by(lockbay.Desk, lockbay.MoveNothing)},
	"lapsed, in part":        {part, lockbay.AlarmLapse, paysOut(lockbay.Buyer)},
	"lapsed, a part came":    {lockbay.AlarmLapse, part, paysOut(lockbay.Buyer)},
	"lapsed, taken back":     {part, takenBack(100000, "C-1"), by(lockbay.Desk, lockbay.MoveResume), lockbay.AlarmLapse},
	"lapsed, a mistake":      {part, func() lockbay.Act { return acted(lockbay.Desk, lockbay.MoveUndone, "another deal's") }(), lockbay.AlarmLapse},
	"lapsed, dollars came":   {dollars, by(lockbay.Desk, lockbay.MoveResume), lockbay.AlarmLapse},
}

// in plays a situation.
func (k *talk) in(s situation) *talk {
	k.t.Helper()
	for _, x := range s {
		switch x := x.(type) {
		case lockbay.Act:
			k.must(x)
		case []lockbay.Act:
			for _, a := range x {
				k.must(a)
			}
		case string:
			k.alarm(x)
		case time.Duration:
			k.now = k.now.Add(x)
			k.ring()
		}
	}
	return k
}

// wholly is a deal with everything that cards may have: words, a desk, and a seller who has joined by the link.
func wholly(t *testing.T, o opener) *talk {
	t.Helper()
	if o.format == 0 {
		o.e, o.format = escrow(), deal.Version
	}
	o.seats, o.words, o.bot = []byte("seats"), []byte("words"), "bay_bot"
	k := beginWith(t, o)
	k.handle(start(seller, k.payload(), anna))
	return k.load()
}

// everySituation runs a test of each situation, at a deal with a desk.
func everySituation(t *testing.T, test func(t *testing.T, name string, begin func() *talk)) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(situations)) {
		t.Run(name, func(t *testing.T) {
			test(t, name, func() *talk { return wholly(t, opener{operators: []string{clerk}}).in(situations[name]) })
		})
	}
}

// nameless are the cards of a deal, of all who see them, whose buttons do not name it.
func (k *talk) nameless() (list []string) {
	for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller, lockbay.Desk} {
		if k.as(role); role == lockbay.Desk && k.rec.As("desk").Role() == "" { // nobody was called yet
			continue
		}
		for _, k.chat = range []bool{false, true} {
			c := k.card("en")
			if c.Primary == nil {
				c.Primary = &dialog.Button{URL: "-"}
			}
			if !slices.ContainsFunc(slices.Concat(c.Choices, c.Alt, c.Quiet, []dialog.Button{*c.Primary}), func(b dialog.Button) bool {
				_, draft, _, bound, ok := dialog.ParseData(c.Data(b))
				return ok && bound && b.URL == "" && draft == c.Draft && strings.HasPrefix(draft, escrow().ID)
			}) {
				list = append(list, string(role)+" reads\n"+k.text())
			}
		}
	}
	return list
}

// TestEveryCardNamesItsDeal: a reply to a message finds its deal by the buttons of the message. So in each situation, on hold
// or not, each card has a button that names the deal, and so has each card that a button leads to.
func TestEveryCardNamesItsDeal(t *testing.T) {
	holds := map[string]situation{"": nil, lockbay.HoldDesk: {acted(lockbay.Desk, lockbay.MoveHold, lockbay.HoldDesk)}, lockbay.HoldCurrency: {dollars}}
	everySituation(t, func(t *testing.T, _ string, begin func() *talk) {
		for code, hold := range holds {
			k := begin()
			if e := k.stored(); code != "" && (e.Status.Ended() || e.OnHold() != "" || e.Status == lockbay.Settling && code == lockbay.HoldCurrency) {
				continue
			}
			for _, text := range k.in(hold).nameless() {
				t.Errorf("on hold: %q, the %s", code, text)
			}
			for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
				for _, action := range strings.Fields(k.as(role).actions()) {
					k := begin().in(hold).as(role)
					if strings.HasPrefix(action, "accept:") {
						action = k.as(role).accept()
					}
					if k.as(role); !slices.Contains([]string{"create", "again", "where", "say"}, action) { // those of the person's own conversation
						for _, text := range k.tap(action).nameless() {
							t.Errorf("on hold: %q, after %s by the %s the %s", code, action, role, text)
						}
					}
				}
			}
		}
	})
}
