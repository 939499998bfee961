package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

type ledgerCmd struct {
	Verify    ledgerVerifyCmd    `cmd:"" help:"check the books of every escrow: exit 1 if one is wrong"`
	Balance   ledgerBalanceCmd   `cmd:"" help:"what came, is held, is owed and was earned, by currency"`
	Export    ledgerExportCmd    `cmd:"" help:"every posting, a line each"`
	Reconcile ledgerReconcileCmd `cmd:"" help:"compare the books with the list of your bank: exit 1 if they differ"`
}

// inOneLine is a note in a line of a table: a statement may have several lines.
func inOneLine(note string) string { return strings.Join(strings.Fields(note), " ") }

// timeline writes the log of an escrow, a line for each entry.
func timeline(out io.Writer, rules *lockbay.Rules, e *lockbay.Escrow) error {
	if len(e.Log) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nAT\tBY\tMOVE\tBOOKS\tNOTE")
	for i, x := range e.Log {
		role, operator := e.Actor(i)
		var books []string
		for _, p := range x.Posts {
			books = append(books, p.Account+" "+sum(rules, e, p.Minor))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", rfc(time.UnixMilli(x.At)), strings.TrimSpace(string(role)+" "+operator), x.Move, strings.Join(books, ", "), inOneLine(e.Notes[i]))
	}
	return w.Flush()
}

// eachDeal calls do for each deal of the store.
func eachDeal(ctx context.Context, set *Settings, do func(st store, e *lockbay.Escrow, err error) error) error {
	st, err := set.openExisting(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	return eachRow(ctx, st, dialog.Query{Flow: deal.FlowName, Deep: true}, func(r *dialog.Row) error {
		e, err := escrowOf(r)
		if e.ID == "" {
			e.ID = r.Key.ID
		}
		return do(st, &e, err)
	})
}

type ledgerVerifyCmd struct {
	JSON bool `name:"json" help:"one JSON object"`
}

// verifyReport is what ledger verify --json writes.
type verifyReport struct {
	OK    bool         `json:"ok"`
	Deals int          `json:"deals"`
	Books int          `json:"books"` // of them with a log
	Wrong []wrongBooks `json:"wrong"`
}

type wrongBooks struct {
	ID    string `json:"id"`
	Error string `json:"error"`
}

// errWrongBooks is exit status 1 of ledger verify.
var errWrongBooks = errors.New("the books are wrong")

// add reports an escrow with what is wrong with it, once.
func (r *verifyReport) add(id string, err error) {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if i := slices.IndexFunc(r.Wrong, func(w wrongBooks) bool { return w.ID == id }); i >= 0 {
		r.Wrong[i].Error += "; " + text
		return
	}
	r.Wrong = append(r.Wrong, wrongBooks{id, text})
}

// verify checks the books of each deal by itself.
func (r *verifyReport) verify(e *lockbay.Escrow, err error) {
	r.Deals++
	if len(e.Log) > 0 {
		r.Books++
	}
	if err = errors.Join(err, e.Verify()); err != nil {
		r.add(e.ID, err)
	}
}

// Run checks the books, a page of deals at a time.
func (c *ledgerVerifyCmd) Run(p *program, set *Settings) error {
	rep, refs := verifyReport{Wrong: []wrongBooks{}}, (*bookedRefs)(nil)
	err := eachDeal(p.ctx, set, func(st store, e *lockbay.Escrow, err error) error {
		if refs == nil {
			key, err := st.Secret(p.ctx, refsSecret, nil) // this command writes nothing
			if err != nil && !errors.Is(err, dialog.ErrNotFound) {
				return err
			}
			refs = newBookedRefs(lockbay.RestRefs(key))
		}
		rep.verify(e, err)
		refs.note(e)
		return nil
	})
	if err == nil && refs != nil && refs.alike() {
		err = eachDeal(p.ctx, set, func(_ store, e *lockbay.Escrow, _ error) error {
			if err := refs.compare(e); err != nil {
				rep.add(e.ID, err)
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	return rep.tell(p, c.JSON)
}

// tell writes the report, and returns errWrongBooks if it has any.
func (r *verifyReport) tell(p *program, asJSON bool) (err error) {
	if r.OK = len(r.Wrong) == 0; asJSON {
		err = writeJSON(p.out, r)
	} else {
		for _, w := range r.Wrong {
			fmt.Fprintf(p.out, "%s: %s\n", w.ID, w.Error)
		}
		_, err = fmt.Fprintf(p.out, "%s, %d with books, %d wrong.\n", count(r.Deals, "escrow"), r.Books, len(r.Wrong))
	}
	if err == nil && !r.OK {
		err = errWrongBooks
	}
	return err
}

type ledgerBalanceCmd struct {
	JSON bool `name:"json" help:"one JSON array"`
}

// balance is a line of ledger balance. What is owed is positive.
type balance struct {
	Currency  string `json:"currency"`
	Deals     int    `json:"deals"`
	Cash      int64  `json:"cash_minor"`
	Buyer     int64  `json:"buyer_minor"`
	Held      int64  `json:"held_minor"`
	Seller    int64  `json:"seller_minor"`
	Out       int64  `json:"out_minor"`
	Fee       int64  `json:"fee_minor"`
	Loss      int64  `json:"loss_minor"`
	Before    int    `json:"before"`       // deals that were paid before there were books
	BeforeSum int64  `json:"before_minor"` // what was paid for them
}

// Run sums the accounts of all deals.
func (c *ledgerBalanceCmd) Run(p *program, set *Settings) error {
	all := map[string]*balance{}
	err := eachDeal(p.ctx, set, func(_ store, e *lockbay.Escrow, err error) error {
		if err != nil {
			return err
		}
		b := all[e.Quote.Currency]
		if b == nil {
			b = &balance{Currency: e.Quote.Currency}
			all[b.Currency] = b
		}
		of := e.Balances()
		b.Deals++
		b.Cash += of.Of(lockbay.AccountCash)
		b.Buyer += of.Owed(lockbay.AccountBuyer)
		b.Held += of.Owed(lockbay.AccountHeld)
		b.Seller += of.Owed(lockbay.AccountSeller)
		b.Out -= of.Of(lockbay.AccountOut)
		b.Fee += of.Owed(lockbay.AccountFee)
		b.Loss += of[lockbay.AccountLoss]
		if e.IsBefore() {
			b.Before++
			b.BeforeSum += e.Quote.BuyerPays
		}
		return nil
	})
	if err != nil {
		return err
	}
	list := []*balance{}
	for _, currency := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[currency])
	}
	if c.JSON {
		return writeJSON(p.out, list)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "CURRENCY\tESCROWS\tCASH\tBUYERS\tHELD\tSELLERS\tON ITS WAY\tFEES\tLOSS\tBEFORE\t")
	for _, b := range list {
		fmt.Fprint(w, b.Currency, "\t", b.Deals, "\t")
		for _, minor := range []int64{b.Cash, b.Buyer, b.Held, b.Seller, b.Out, b.Fee, b.Loss, b.BeforeSum} {
			number, _, _ := strings.Cut(lockbay.Money{Minor: minor, Currency: b.Currency}.Plain(), " ")
			fmt.Fprint(w, number, "\t")
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

type ledgerExportCmd struct {
	Since  string `name:"since" placeholder:"DATE" help:"only entries from this day on, for example 2026-12-01"`
	Format string `name:"format" enum:"jsonl,csv" default:"jsonl" help:"format of the lines"`
}

// posted is a line of ledger export: a posting, or an entry without one.
type posted struct {
	ID       string `json:"id"`
	Entry    int    `json:"entry"`
	At       string `json:"at"`
	By       string `json:"by"`
	Operator string `json:"operator"`
	Move     string `json:"move"`
	Ref      string `json:"ref"`
	Account  string `json:"account"`
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
	Hash     string `json:"hash"`
}

// Run writes every posting, deal by deal.
func (c *ledgerExportCmd) Run(p *program, set *Settings) error {
	since, err := sinceDay(c.Since)
	if err != nil {
		return err
	}
	rows := csv.NewWriter(p.out)
	if c.Format == "csv" {
		_ = rows.Write([]string{"id", "entry", "at", "by", "operator", "move", "ref", "account", "minor", "currency", "hash"})
	}
	lines := json.NewEncoder(p.out)
	lines.SetEscapeHTML(false)
	write := func(l *posted) error {
		if c.Format == "csv" {
			return rows.Write([]string{l.ID, strconv.Itoa(l.Entry), l.At, l.By, l.Operator, l.Move, l.Ref, l.Account, strconv.FormatInt(l.Minor, 10), l.Currency, l.Hash})
		}
		return lines.Encode(l)
	}
	err = eachDeal(p.ctx, set, func(_ store, e *lockbay.Escrow, err error) error {
		if err != nil {
			return err
		}
		hashes := e.Replay()
		for i, x := range e.Log {
			if time.UnixMilli(x.At).Before(since) {
				continue
			}
			role, operator := e.Actor(i)
			l := posted{ID: e.ID, Entry: i + 1, At: rfc(time.UnixMilli(x.At)), By: string(role), Operator: operator, Move: x.Move, Ref: x.Ref, Currency: e.Quote.Currency, Hash: hashes[i]}
			for _, post := range append(x.Posts, lockbay.Posting{})[:max(len(x.Posts), 1)] {
				l.Account, l.Minor = post.Account, post.Minor
				if err := write(&l); err != nil {
					return err
				}
			}
		}
		return nil
	})
	rows.Flush()
	return errors.Join(err, rows.Error())
}
