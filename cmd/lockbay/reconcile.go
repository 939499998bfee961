package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

type ledgerReconcileCmd struct {
	File  string `arg:"" type:"path" help:"the list of your bank as CSV, with the columns ref and sum, and if you have them currency and direction (in or out)"`
	Since string `name:"since" placeholder:"DATE" help:"what the books have from before this day need not be in the list, for example 2026-12-01"`
	JSON  bool   `name:"json" help:"one JSON object"`
}

// errDiffers is exit status 1 of ledger reconcile.
var errDiffers = errors.New("the list of the bank and the books differ")

// Run compares the list of a bank with the books of all escrows, a page of them at a time.
func (c *ledgerReconcileCmd) Run(p *program, set *Settings) error {
	since, err := sinceDay(c.Since)
	if err != nil {
		return err
	}
	rules, err := set.rules()
	if err != nil {
		return usageError{err}
	}
	bank, err := readBankList(p, c.File, rules.Default)
	if err != nil {
		return err
	}
	r := reconciliation{bank: bank, since: since, rep: reconcileReport{Lines: len(bank.lines), NotInBooks: []notInBooks{}, NotInList: []notInList{}}}
	begun := false
	err = eachDeal(p.ctx, set, func(st store, e *lockbay.Escrow, err error) error {
		if err != nil {
			return err
		}
		if !begun {
			begun = true
			if r.key, err = st.Secret(p.ctx, refsSecret, nil); err != nil && !errors.Is(err, dialog.ErrNotFound) { // this command writes nothing
				return err
			}
			bank.index(r.key)
		}
		r.compare(e)
		return nil
	})
	if err != nil {
		return err
	}
	return r.end().tell(p, c.JSON)
}

// sinceDay reads the day of --since; zero: none.
func sinceDay(text string) (day time.Time, err error) {
	if text == "" {
		return day, nil
	}
	if day, err = time.Parse(time.DateOnly, text); err != nil {
		return day, usageError{badSetting("since", text, "want a day, for example 2026-12-01")}
	}
	return day, nil
}

// reconcileReport is what ledger reconcile --json writes.
type reconcileReport struct {
	OK         bool         `json:"ok"`
	Lines      int          `json:"lines"`
	Found      int          `json:"found"` // lines that the books have
	NotInBooks []notInBooks `json:"not_in_books"`
	NotInList  []notInList  `json:"not_in_list"`
}

// notInBooks is a line of the bank's list that the books lack.
type notInBooks struct {
	Line      int      `json:"line"`
	Ref       string   `json:"ref"`
	Minor     int64    `json:"minor"`
	Currency  string   `json:"currency"`
	Direction string   `json:"direction"`
	MayBe     []string `json:"may_be"` // escrows that it names, or that wait for as much
}

// notInList is an entry of the books that the bank's list lacks.
type notInList struct {
	ID        string `json:"id"`
	Entry     int    `json:"entry"`
	At        string `json:"at"`
	Move      string `json:"move"`
	Ref       string `json:"ref"` // its text while it is known
	Minor     int64  `json:"minor"`
	Currency  string `json:"currency"`
	Direction string `json:"direction"`
}

// reconciliation compares the lines of a bank with escrows, one after the other.
type reconciliation struct {
	bank  *bankList
	key   []byte
	since time.Time
	rep   reconcileReport
}

// compare finds the lines of an escrow's transfers: by the reference, else by the escrow that a line names. Both need the
// same sum.
func (r *reconciliation) compare(e *lockbay.Escrow) {
	var open []lockbay.Transfer
	for _, t := range e.Transfers() {
		if !r.bank.take(r.bank.byRef[cmp.Or(t.Ref, lockbay.HandRef(r.key, t.Text))], t.Sum) {
			open = append(open, t)
		}
	}
	for _, t := range open {
		if x := e.Log[t.Entry]; !r.bank.take(r.bank.byID[e.ID], t.Sum) && !time.UnixMilli(x.At).Before(r.since) {
			r.rep.NotInList = append(r.rep.NotInList, notInList{ID: e.ID, Entry: t.Entry + 1, At: rfc(time.UnixMilli(x.At)), Move: x.Move,
				Ref: cmp.Or(t.Text, x.Ref), Minor: max(t.Sum.Minor, -t.Sum.Minor), Currency: t.Sum.Currency, Direction: direction(t.Sum)})
		}
	}
	for _, role := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
		if owed := e.Balances().Owed(string(role)) + e.Out(role); owed > 0 && e.Status == lockbay.Settling {
			r.bank.waits(e.ID, e.Quote.Money(-owed))
		}
	}
	if missing := e.Missing(); missing > 0 {
		r.bank.waits(e.ID, e.Quote.Money(missing))
	}
}

// end lists the lines that no escrow has.
func (r *reconciliation) end() *reconcileReport {
	for _, l := range r.bank.lines {
		if l.found {
			r.rep.Found++
			continue
		}
		maybe := append([]string{}, l.ids...)
		if len(maybe) == 0 {
			maybe = append(maybe, r.bank.waiting[l.sum]...)
		}
		r.rep.NotInBooks = append(r.rep.NotInBooks, notInBooks{Line: l.line, Ref: l.ref, Minor: max(l.sum.Minor, -l.sum.Minor), Currency: l.sum.Currency,
			Direction: direction(l.sum), MayBe: maybe})
	}
	return &r.rep
}

// tell writes the report, and returns errDiffers if it has any difference.
func (r *reconcileReport) tell(p *program, asJSON bool) (err error) {
	if r.OK = len(r.NotInBooks)+len(r.NotInList) == 0; asJSON {
		err = writeJSON(p.out, r)
	} else {
		err = r.write(p)
	}
	if err == nil && !r.OK {
		err = errDiffers
	}
	return err
}

func (r *reconcileReport) write(p *program) error {
	for _, l := range r.NotInBooks {
		fmt.Fprintf(p.out, "line %d: %s %s, %q: not in the books", l.Line, lockbay.Money{Minor: l.Minor, Currency: l.Currency}.Plain(), l.Direction, l.Ref)
		if len(l.MayBe) > 0 {
			fmt.Fprintf(p.out, "; it may be of %s", strings.Join(l.MayBe, ", "))
		}
		fmt.Fprintln(p.out)
	}
	for _, x := range r.NotInList {
		fmt.Fprintf(p.out, "%s, entry %d of %s, %s: %s %s, %q: not in the list\n", x.ID, x.Entry, x.At, x.Move,
			lockbay.Money{Minor: x.Minor, Currency: x.Currency}.Plain(), x.Direction, x.Ref)
	}
	_, err := fmt.Fprintf(p.out, "%s, %d in the books; %d in the books alone.\n", count(r.Lines, "line"), r.Found, len(r.NotInList))
	return err
}
