package deal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// marked is what both sides are told before a move.
const marked = "deal.edited"

// mark tells both sides something.
func (k *talk) mark() *talk {
	k.t.Helper()
	for _, who := range []string{buyer, seller} {
		k.handle(dialog.Input{Kind: dialog.KindOther, Edit: true, Key: k.key(), Owner: who, Text: "no"})
	}
	if k.load(); k.said(lockbay.Buyer) != marked || k.said(lockbay.Seller) != marked {
		k.t.Fatalf("they read %q and %q", k.said(lockbay.Buyer), k.said(lockbay.Seller))
	}
	return k
}

// said is the code of what a side is told.
func (k *talk) said(role lockbay.Role) string {
	if s := k.as(role).rec.As(k.role).Said; s != nil {
		return s.Code
	}
	return ""
}

// acts are all that a role may try, with arguments that are good in one situation or another.
func acts(role lockbay.Role, move lockbay.Move) (list []lockbay.Act) {
	full := lockbay.Act{Role: role, Move: move, Sum: lockbay.Money{Minor: 700, Currency: "EUR"}, Ref: "R-99", Hours: 24, Share: 4000, Text: "because", Return: true, Seat: "tg:99"}
	for _, why := range []string{lockbay.HoldDesk, "other"} {
		for _, to := range []lockbay.Role{"", lockbay.Buyer, lockbay.Seller} {
			for _, minor := range []int64{700, 126563, 26563} {
				a := full
				a.Why, a.To, a.Sum.Minor = why, to, minor
				list = append(list, a)
			}
		}
	}
	return list
}

// TestOldNewsGo: what a side was told before a move is not on its card after it, whoever makes the move. Only what the other
// side reads nothing of leaves the news: where money goes, that a payment is reported, and that none has come.
func TestOldNewsGo(t *testing.T) {
	made := map[string]bool{}
	everySituation(t, func(t *testing.T, _ string, begin func() *talk) {
		k := begin()
		e := k.stored()
		for _, step := range lockbay.Lifecycle {
			if step.In != e.Status || slices.Contains(step.Roles, lockbay.Clock) {
				continue
			}
			for _, role := range step.Roles {
				for _, a := range acts(role, step.Move) {
					try, asked := e, a
					asked.At, asked.Key = k.now, []byte("key")
					if changed, err := try.Act(asked); !changed || err != nil {
						continue
					}
					k := begin().mark().must(a)
					made[string(step.In+" "+lockbay.Status(role)+" "+lockbay.Status(step.Move))] = true
					for _, side := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
						unseen := role != side && slices.Contains([]lockbay.Move{lockbay.MoveWhere, lockbay.MovePaid}, a.Move) || side == lockbay.Seller && a.Move == lockbay.MoveNothing
						if code := k.said(side); (code == marked) != unseen || code != marked && code != "" && !strings.HasPrefix(code, "told.") && code != "deal.revived" {
							t.Errorf("after %s by the %s the %s is told %q", a.Move, role, side, code)
						}
					}
					break
				}
			}
		}
	})
	for _, step := range lockbay.Lifecycle {
		for _, role := range step.Roles {
			if name := fmt.Sprintf("%s %s %s", step.In, role, step.Move); !made[name] && role != lockbay.Clock {
				t.Errorf("no situation has the move %s", name)
			}
		}
	}
}

// TestOldNewsGoByTime: so it is with what time does.
func TestOldNewsGoByTime(t *testing.T) {
	everySituation(t, func(t *testing.T, _ string, begin func() *talk) {
		for _, name := range []string{lockbay.AlarmLapse, lockbay.AlarmOver, lockbay.AlarmLate, lockbay.AlarmSoon} {
			k := begin()
			if !slices.ContainsFunc(k.rec.Timers, func(x dialog.Timer) bool { return x.Name == name }) {
				continue
			}
			if k.mark().alarm(name); k.said(lockbay.Buyer) == marked || k.said(lockbay.Seller) == marked {
				t.Errorf("after the time %s they are told %q and %q", name, k.said(lockbay.Buyer), k.said(lockbay.Seller))
			}
		}
	})
}

// TestJoinedIsNewsOnce: that the seller has joined is news until something else happens.
func TestJoinedIsNewsOnce(t *testing.T) {
	k := wholly(t, opener{})
	if code := k.said(lockbay.Buyer); code != "told.joined" {
		t.Fatalf("the buyer is told %q", code)
	}
	if k.must(part); k.said(lockbay.Buyer) != "" {
		t.Errorf("the buyer is told %q", k.said(lockbay.Buyer))
	}
}

// TestRevivedIsNewsOnce: that the payment came late is news until something else happens.
func TestRevivedIsNewsOnce(t *testing.T) {
	k := wholly(t, opener{}).in(situation{accepts, lockbay.AlarmLapse, time.Hour, came})
	if code := k.said(lockbay.Buyer); code != "deal.revived" {
		t.Errorf("the buyer is told %q", code)
	}
	if k.must(cameAs(700, "R-9")); k.said(lockbay.Buyer) != "" || strings.Contains(k.text(), "after its time") {
		t.Errorf("the buyer reads\n%s", k.text())
	}
}
