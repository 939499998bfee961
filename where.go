package lockbay

import (
	"maps"
	"slices"
	"strings"
)

// whereMost is how often a party may say where to send its money, so that a log has room for the end.
const whereMost = 10

// where notes where a party wants its money. It counts until a payout begins, and takes the place of what was said before.
func (e *Escrow) where(a *Act) (bool, error) {
	switch said := e.saidWhere(a.Role); {
	case e.Out(a.Role) > 0:
		return false, bad("the money of the %s is on its way", a.Role)
	case e.Balances().Owed(string(a.Role)) == 0:
		return false, bad("nothing is owed to the %s", a.Role)
	case strings.TrimSpace(a.Text) == "":
		return false, bad("want where to send the money")
	case a.Text == e.WhereTo(a.Role):
		return false, nil
	case said >= whereMost:
		return false, bad("the %s has said it %d times; the desk sends it", a.Role, said)
	}
	maps.DeleteFunc(e.Notes, func(i int, _ string) bool { return e.Log[i].verb() == MoveWhere && e.Log[i].role() == a.Role })
	e.note(a, Entry{Move: string(a.Move)}, a.Text)
	if e.WhereTo(a.Role) == "" {
		return false, bad("there is no room for where to send the money")
	}
	return true, nil
}

// saidWhere is how often a party has said it.
func (e *Escrow) saidWhere(role Role) (n int) {
	for i := range e.Log {
		if x := &e.Log[i]; x.verb() == MoveWhere && x.role() == role {
			n++
		}
	}
	return n
}

// MaySayWhere reports whether a party may say now where to send its money.
func (e *Escrow) MaySayWhere(role Role) bool {
	return e.Status == Settling && e.OnHold() == "" && e.Out(role) == 0 && e.Balances().Owed(string(role)) > 0 && e.saidWhere(role) < whereMost
}

// Nowhere are the parties that are owed money and have not said where to send it.
func (e *Escrow) Nowhere() (list []Role) {
	for _, role := range party {
		if e.MaySayWhere(role) && e.WhereTo(role) == "" {
			list = append(list, role)
		}
	}
	return list
}

// WhereTo is where a party wants its money, as it was typed; empty: it has not said, or it was forgotten.
func (e *Escrow) WhereTo(role Role) string {
	for i, x := range slices.Backward(e.Log) {
		if x.verb() == MoveWhere && x.role() == role {
			return e.Notes[i]
		}
	}
	return ""
}
