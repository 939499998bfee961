package deal_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// remembered is how many inputs a row remembers.
const remembered = 32

// sent is an input, and how many inputs the deal had seen before it.
type sent struct {
	in dialog.Input
	at int
}

// deliver brings an input to some host until it is acknowledged, and now and then once more.
func (l *life) deliver(in dialog.Input) dialog.Outcome {
	l.t.Helper()
	_, was := l.deal()
	defer func() { l.count(was, in) }()
	return l.bring(in)
}

// named gives an input an id.
func (l *life) named(in dialog.Input) dialog.Input {
	if l.n++; in.ID == "" {
		in.ID = fmt.Sprint("in ", l.n)
	}
	return in
}

func (l *life) bring(in dialog.Input) dialog.Outcome {
	l.t.Helper()
	in = l.named(in)
	for tries := range 40 {
		i := l.r.IntN(2)
		out, err := l.hosts[i].bot.Handle(context.Background(), in)
		if l.hosts[i].dead.Load() {
			l.reboot(i)
			continue
		}
		if err == nil {
			if again := l.r.IntN(8); again == 0 {
				_, _ = l.hosts[1-i].bot.Handle(context.Background(), in)
			} else if again == 1 {
				l.late = append(l.late, sent{in, l.n})
			}
			return out
		}
		if tries > 4 {
			l.hosts[0].away.Store(false)
			l.hosts[1].away.Store(false)
		}
		turn(time.Second)
	}
	l.t.Fatalf("seed %d: %v is never acknowledged", l.seed, in)
	return dialog.Outcome{}
}

// again brings an input once more that was acknowledged long ago.
func (l *life) again() {
	if len(l.late) == 0 {
		return
	}
	if l.r.IntN(4) == 0 { // more inputs than the row remembers
		for range remembered + 1 {
			l.bring(dialog.Input{Kind: dialog.KindTap, Owner: buyer, Name: "status", Value: l.e.ID, Place: chatWith(buyer)})
		}
	}
	old := l.late[l.r.IntN(len(l.late))]
	if l.n-old.at > remembered {
		l.forgotten++
	}
	l.deliver(old.in)
}

// together brings inputs to both hosts at once, each twice, and then once more until they are acknowledged.
func (l *life) together(ins ...dialog.Input) {
	l.t.Helper()
	_, was := l.deal()
	for i := range ins {
		ins[i] = l.named(ins[i])
	}
	var all sync.WaitGroup
	for _, in := range ins {
		for _, h := range l.hosts {
			all.Go(func() { _, _ = h.bot.Handle(context.Background(), in) })
		}
	}
	all.Wait()
	for i, h := range l.hosts {
		if h.dead.Load() {
			l.reboot(i)
		}
	}
	for _, in := range ins {
		l.bring(in)
	}
	l.count(was, ins...)
	l.doubles++
}

func chatWith(owner string) dialog.Place {
	return dialog.Place{Channel: "tg", Address: strings.TrimPrefix(owner, "tg:"), Push: true}
}

// come lets somebody open the link on the buyer's card: mostly the seller.
func (l *life) come() {
	rec, _ := l.deal()
	c := l.hosts[0].bot.Render(rec, dialog.View{Lang: "en"})
	for _, b := range c.Alt {
		share, err := url.Parse(b.URL)
		if err != nil || b.URL == "" {
			continue
		}
		link, err := url.Parse(share.Query().Get("url"))
		if err != nil {
			l.t.Fatal(err)
		}
		in := start(seller, link.Query().Get("start"), anna)
		if l.r.IntN(8) == 0 {
			in = start("tg:3000003", link.Query().Get("start"), dialog.Profile{ID: "3000003", Username: "mallory"})
		}
		in.Place = chatWith(in.Owner)
		l.deliver(in)
		return
	}
}

// who may tap, and the role of their seat.
var tapping = []struct{ owner, role string }{{buyer, ""}, {seller, string(lockbay.Seller)}, {clerk, string(lockbay.Desk)}}

// gloomy are the ends that people seldom want.
var gloomy = []lockbay.Move{lockbay.MoveCancel, lockbay.MoveDecline, lockbay.MoveGiveBack, lockbay.MoveTakeBack}

// button is a tap on some button of somebody's card, or of their card before.
func (l *life) button() (in dialog.Input, ok bool) {
	rec, _ := l.deal()
	who := tapping[l.r.IntN(len(tapping))]
	if who.role != "" && !slices.ContainsFunc(rec.Seats, func(s dialog.Seat) bool { return s.Role == who.role }) {
		return in, false
	}
	rec = rec.As(who.role)
	c := l.hosts[0].bot.Render(rec, dialog.View{Lang: "en", Now: l.now(), Place: chatWith(who.owner)})
	all := slices.Concat(c.Choices, c.Alt, c.Quiet)
	if c.Primary != nil {
		all = append(all, *c.Primary, *c.Primary)
	}
	all = slices.DeleteFunc(all, func(b dialog.Button) bool {
		name, _, _ := strings.Cut(b.Action, ":")
		return b.Action == "" || slices.Contains(gloomy, lockbay.Move(name)) && l.r.IntN(12) > 0
	})
	if len(all) == 0 {
		return in, false
	}
	b := all[l.r.IntN(len(all))]
	in = dialog.Input{Kind: dialog.KindTap, Owner: who.owner, Bound: true, Draft: c.Draft, Revision: c.Revision - int64(l.r.IntN(6)/5), Place: chatWith(who.owner)}
	in.Name, in.Value, _ = strings.Cut(b.Action, ":")
	in = l.named(in)
	if who.role == string(lockbay.Desk) && in.Value == "yes" {
		l.acts[in.ID] = deskAct(rec.Open)
	}
	return in, true
}

// deskAct is what the desk is told when it says yes to this question.
func deskAct(open string) lockbay.Act {
	action, text, _ := strings.Cut(open, "|")
	action, _, _ = strings.Cut(action, "@") // who is asked
	name, _, _ := strings.Cut(action, ":")
	switch name {
	case "came":
		return lockbay.Act{Move: lockbay.MoveReceived, Rest: true}
	case "sum":
		number, _, _ := strings.Cut(text, " ")
		sum, _ := lockbay.MoneyOf(number, "EUR")
		return lockbay.Act{Move: lockbay.MoveReceived, Sum: sum}
	case "sent":
		return lockbay.Act{Move: lockbay.MoveSent}
	}
	return lockbay.Act{}
}

// tap taps a button, and types what it asks for. Now and then two people tap at once, each twice.
func (l *life) tap() {
	in, ok := l.button()
	if !ok {
		return
	}
	if other, ok := l.button(); ok && l.r.IntN(4) == 0 {
		l.together(in, other)
		return
	}
	l.deliver(in)
	if l.flow.Asks(&in) && l.r.IntN(8) > 0 {
		text := fmt.Sprint([]string{"LT60", "12.50 R-", "100 because R-"}[l.r.IntN(3)], l.r.IntN(30))
		l.deliver(dialog.Input{Kind: dialog.KindText, Text: text, Owner: in.Owner, Place: in.Place})
		turn(time.Second) // it is on its way to the deal
	}
}

// act is an order of the desk: in its own name, or in that of a party.
func (l *life) act() {
	_, e := l.deal()
	a := lockbay.Act{Role: []lockbay.Role{lockbay.Desk, lockbay.Desk, lockbay.Seller, lockbay.Buyer}[l.r.IntN(4)], Ref: fmt.Sprint("R-", l.r.IntN(30)), Text: "because"}
	var moves []lockbay.Move
	for _, s := range lockbay.Lifecycle {
		if slices.Contains(s.Roles, a.Role) && (s.In == e.Status && (!slices.Contains(gloomy, s.Move) || l.r.IntN(12) == 0) || l.r.IntN(40) == 0) {
			moves = append(moves, s.Move)
		}
	}
	if e.OnHold() != "" {
		moves, a.Role = []lockbay.Move{lockbay.MoveResume, lockbay.MoveDecide, lockbay.MoveReceived}, lockbay.Desk
	} else if l.r.IntN(15) == 0 {
		moves, a.Role = []lockbay.Move{lockbay.MoveHold}, lockbay.Desk
	}
	if len(moves) == 0 {
		return
	}
	a.Move, a.Why, a.Share, a.Hours = moves[l.r.IntN(len(moves))], lockbay.HoldDesk, []int{0, lockbay.ShareAll, l.r.IntN(lockbay.ShareAll)}[l.r.IntN(3)], 24
	switch a.Move {
	case lockbay.MoveReceived:
		a.Sum, a.Return = lockbay.Money{Minor: []int64{e.Quote.BuyerPays, e.Quote.BuyerPays, l.r.Int64N(e.Quote.BuyerPays) + 1, 0}[l.r.IntN(4)], Currency: "EUR"}, true
	case lockbay.MoveChargeback:
		a.Sum = lockbay.Money{Minor: l.r.Int64N(e.Quote.BuyerPays) + 1, Currency: "EUR"}
	case lockbay.MoveSay:
		a.Text = fmt.Sprint("it broke ", l.n)
	case lockbay.MoveDispute:
		a.Why = lockbay.Reasons[l.r.IntN(len(lockbay.Reasons))]
	case lockbay.MoveSending, lockbay.MoveSent, lockbay.MoveFailed:
		a.To = []lockbay.Role{lockbay.Buyer, lockbay.Seller}[l.r.IntN(2)]
	}
	l.order(a)
}

// order gives an order.
func (l *life) order(a lockbay.Act) {
	in := deal.OrderAct("bot", l.e.ID, a)
	l.acts[in.ID] = a
	l.deliver(in)
}

// count counts the money of which the desk told: what the log has more than before is what one of these inputs said.
func (l *life) count(was lockbay.Escrow, ins ...dialog.Input) {
	_, e := l.deal()
	for i := len(was.Log); i < len(e.Log); i++ {
		one, before := e, was
		one.Log, before.Log = e.Log[i:i+1], e.Log[:i]
		cash := one.Balances().Of(lockbay.AccountCash)
		said := cash == 0 || slices.ContainsFunc(ins, func(in dialog.Input) bool {
			switch a := l.acts[in.ID]; a.Move {
			case lockbay.MoveReceived:
				return cash == a.Sum.Minor || a.Rest && cash == before.Missing()
			case lockbay.MoveSent:
				return cash == -before.Out(lockbay.Buyer) || cash == -before.Out(lockbay.Seller)
			case lockbay.MoveUndone:
				return cash < 0
			case lockbay.MoveChargeback:
				return cash == -a.Sum.Minor
			}
			return false
		})
		if !said {
			l.t.Errorf("seed %d: nobody told of %v among %+v", l.seed, e.Log[i], ins)
		}
		if goes(&e.Log[i]) {
			l.left -= cash
		} else {
			l.came += cash
		}
	}
}
