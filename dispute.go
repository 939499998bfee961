package lockbay

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The bounds of what a party says in the disputes of a deal. A statement is counted as it is stored: a quotation mark
// takes two bytes.
const (
	StatementsMost = 10 // of each party
	StatementMost  = 1000
	StatementBytes = 2000
	OffersMost     = 10 // of each party
)

// Statement is what a party said in a dispute.
type Statement struct {
	By   Role
	At   time.Time
	Text string // empty: it was forgotten
}

// Statements are what the parties said, the oldest first.
func (e *Escrow) Statements() (list []Statement) {
	for i := range e.Log {
		if x := &e.Log[i]; x.verb() == MoveSay {
			list = append(list, Statement{x.role(), time.UnixMilli(x.At).UTC(), e.Notes[i]})
		}
	}
	return list
}

// Offer is a division that a party proposes.
type Offer struct {
	Number int // of all offers of the deal, from 1
	At     time.Time
	Share  int // the seller's, in 10,000
}

// Percent writes a share in 10,000: 70, 12.5.
func Percent(share int) string { return strconv.FormatFloat(float64(share)/100, 'f', -1, 64) }

// ParsePercent reads a percentage from 0 to 100 as a share in 10,000, as people write it: 70, 12.5 %, 12,5%, %30.
func ParsePercent(typed string) (share int, ok bool) {
	n, ok := readNumber(strings.Trim(foldAmount(typed), "%٪﹪％ \t"))
	if !ok || len(n.frac) > 2 || len(n.whole) > len("100") {
		return 0, false
	}
	share, err := strconv.Atoi(n.whole + (n.frac + "00")[:2])
	return share, err == nil && share <= ShareAll
}

// OfferOf is the offer of a party that stands: the last one that it made in this dispute.
func (e *Escrow) OfferOf(by Role) (o Offer, stands bool) {
	number := 0
	for i := range e.Log {
		x := &e.Log[i]
		switch x.verb() {
		case MoveDispute:
			stands = false
		case MoveOffer:
			number++
			if x.role() == by {
				share, _ := strconv.Atoi(x.value())
				o, stands = Offer{number, time.UnixMilli(x.At).UTC(), share}, true
			}
		}
	}
	return o, stands && e.Status == Disputed
}

// Agreed is the seller's share, in 10,000, of the offer that was accepted.
func (e *Escrow) Agreed() (share int, agreed bool) {
	x := e.find(MoveAgree)
	if x == nil {
		return 0, false
	}
	share, err := strconv.Atoi(x.value())
	return share, err == nil
}

// Spoken reports whether a program that knows no statements, no offers and no time to answer would lose something.
func (e *Escrow) Spoken() bool {
	return e.Times.Answer != 0 || slices.ContainsFunc(e.Log, func(x Entry) bool { return x.verb() == MoveSay || x.verb() == MoveOffer })
}

// spoke is how often a party made a move.
func (e *Escrow) spoke(role Role, move Move) (n int) {
	for i := range e.Log {
		if x := &e.Log[i]; x.verb() == move && x.role() == role {
			n++
		}
	}
	return n
}

// Other is the other party.
func (r Role) Other() Role {
	if r == Buyer {
		return Seller
	}
	return Buyer
}

// AnswerBy is whose turn it is to answer in a dispute, and until when; zero: it is nobody's. Each word of a party gives
// the other one the time anew.
func (e *Escrow) AnswerBy() (who Role, until time.Time) {
	if e.Status != Disputed {
		return "", time.Time{}
	}
	for _, x := range slices.Backward(e.Log) {
		switch x.verb() {
		case MoveSay, MoveOffer, MoveDispute:
			return x.role().Other(), time.UnixMilli(x.At).UTC().Add(e.Times.AnswersIn())
		}
	}
	return "", time.Time{}
}

// CleanStatement cleans a typed statement for storing and showing. long: it is too long.
func CleanStatement(typed string) (clean string, long bool) {
	clean = cleanText(typed)
	return clean, utf8.RuneCountInString(clean) > StatementMost || encoded(clean)-len(`""`) > StatementBytes
}

// StatementsLeft is how many statements of a party are still kept.
func (e *Escrow) StatementsLeft(by Role) int { return StatementsMost - e.spoke(by, MoveSay) }

// MaySay reports whether a party may say something now: in a dispute, and until a decision counts.
func (e *Escrow) MaySay(by Role, now time.Time) bool {
	return (e.Status == Disputed || e.Status == Settling && e.SendFrom().After(now)) && e.OnHold() == "" && e.StatementsLeft(by) > 0 && !e.full()
}

// MayOffer reports whether a party may offer another division.
func (e *Escrow) MayOffer(by Role) bool {
	return e.Status == Disputed && e.OnHold() == "" && e.spoke(by, MoveOffer) < OffersMost && !e.full()
}

// say notes a statement.
func (e *Escrow) say(a *Act) (bool, error) {
	text, long := CleanStatement(a.Text)
	switch {
	case e.Status == Settling && !e.SendFrom().After(a.At):
		return false, bad("there is no dispute any more")
	case text == "":
		return false, bad("want what is to be said")
	case long:
		return false, bad("a statement of %d characters and %d bytes; at most %d and %d are kept", utf8.RuneCountInString(text), len(text), StatementMost, StatementBytes)
	case e.StatementsLeft(a.Role) <= 0:
		return false, bad("the %s has said %d things; more are not kept", a.Role, StatementsMost)
	case e.size()+encoded(text) > sayBytes:
		return false, bad("the deal has no room for more statements")
	}
	e.note(a, Entry{Move: string(MoveSay)}, text)
	return true, nil
}

// offer proposes a division. It takes the place of the own offer before.
func (e *Escrow) offer(a *Act) (bool, error) {
	before, stands := e.OfferOf(a.Role)
	switch {
	case a.Share < 0 || a.Share > ShareAll:
		return false, bad("a share of %s%%; want 0 to 100", Percent(a.Share))
	case stands && before.Share == a.Share:
		return false, nil
	case e.spoke(a.Role, MoveOffer) >= OffersMost:
		return false, bad("the %s has made %d offers; more are not kept", a.Role, OffersMost)
	}
	e.note(a, Entry{Move: string(MoveOffer) + ":" + strconv.Itoa(a.Share)}, "")
	return true, nil
}

// agree accepts the other party's offer, and divides what is held.
func (e *Escrow) agree(a *Act) (bool, error) {
	o, stands := e.OfferOf(a.Role.Other())
	switch {
	case !stands:
		return false, bad("the %s has made no offer", a.Role.Other())
	case a.Offer != 0 && a.Offer != o.Number:
		return false, bad("offer %d does not stand any more; %d does", a.Offer, o.Number)
	}
	e.note(a, Entry{Move: string(MoveAgree) + ":" + strconv.Itoa(o.Share), Posts: settled(&e.Quote, o.Share)}, a.Text)
	e.enter(Settling, a.At)
	e.finish(a)
	return true, nil
}

// withdraw ends a dispute: the deal goes on where it was, with a day left at least.
func (e *Escrow) withdraw(a *Act) (bool, error) {
	opened := e.find(MoveDispute)
	if opened == nil || opened.role() != a.Role {
		return false, bad("only who opened the dispute withdraws it")
	}
	e.note(a, Entry{Move: string(a.Move)}, a.Text)
	e.Status = Active
	if e.find(MoveDelivered) != nil {
		e.Status = Delivered
	}
	e.Until = max(e.Until, a.At.Add(LeastLeft).UnixMilli())
	return true, nil
}

// DisputedBy is who opened the dispute.
func (e *Escrow) DisputedBy() Role {
	if x := e.find(MoveDispute); x != nil {
		return x.role()
	}
	return ""
}

// DisputeReason is the code of why it was opened; empty: there was none.
func (e *Escrow) DisputeReason() string {
	if x := e.find(MoveDispute); x != nil {
		return x.value()
	}
	return ""
}
