package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
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
	Verify  ledgerVerifyCmd  `cmd:"" help:"check the books of every escrow: exit 1 if one is wrong"`
	Balance ledgerBalanceCmd `cmd:"" help:"what came, is held, is owed and was earned, by currency"`
	Export  ledgerExportCmd  `cmd:"" help:"every posting, a line each"`
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

// Run checks the books, a page of deals at a time.
func (c *ledgerVerifyCmd) Run(p *program, set *Settings) error {
	rep, refs := verifyReport{Wrong: []wrongBooks{}}, refsSeen{seed: maphash.MakeSeed(), seen: map[uint64]string{}}
	err := eachDeal(p.ctx, set, func(st store, e *lockbay.Escrow, err error) error {
		if refs.rest == nil {
			key, err := st.Secret(p.ctx, refsSecret, nil) // this command writes nothing
			if err != nil && !errors.Is(err, dialog.ErrNotFound) {
				return err
			}
			refs.rest = lockbay.RestRefs(key)
		}
		rep.Deals++
		if len(e.Log) > 0 {
			rep.Books++
		}
		if err = errors.Join(err, e.Verify(), refs.see(e)); err != nil {
			rep.Wrong = append(rep.Wrong, wrongBooks{e.ID, strings.ReplaceAll(err.Error(), "\n", "; ")})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if rep.OK = len(rep.Wrong) == 0; c.JSON {
		err = writeJSON(p.out, rep)
	} else {
		for _, w := range rep.Wrong {
			fmt.Fprintf(p.out, "%s: %s\n", w.ID, w.Error)
		}
		_, err = fmt.Fprintf(p.out, "%s, %d with books, %d wrong.\n", count(rep.Deals, "escrow"), rep.Books, len(rep.Wrong))
	}
	if err == nil && !rep.OK {
		err = errWrongBooks
	}
	return err
}

// refsSeen finds a reference that is booked for two deals.
type refsSeen struct {
	seed maphash.Seed
	seen map[uint64]string // :: hash of move and reference → deal
	rest []string          // references that say no more than that the rest came
}

func (s *refsSeen) see(e *lockbay.Escrow) error {
	for i := range e.Log {
		x := &e.Log[i]
		if x.Ref == "" || x.Move == string(lockbay.MoveUndone) || slices.Contains(s.rest, x.Ref) {
			continue
		}
		verb, _, _ := strings.Cut(x.Move, ":")
		key := maphash.String(s.seed, verb+" "+x.Ref)
		if other := s.seen[key]; other != "" && other != e.ID {
			return fmt.Errorf("entry %d, %s: the reference %s is that of %s, too", i+1, x.Move, x.Ref, other)
		}
		s.seen[key] = e.ID
	}
	return nil
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
	since := time.Time{}
	if c.Since != "" {
		var err error
		if since, err = time.Parse(time.DateOnly, c.Since); err != nil {
			return usageError{badSetting("since", c.Since, "want a day, for example 2026-12-01")}
		}
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
	err := eachDeal(p.ctx, set, func(_ store, e *lockbay.Escrow, err error) error {
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
