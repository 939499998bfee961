package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

type explainCmd struct {
	ID      string `arg:"" help:"ESC-XXXX-XXXXX, or the id of a draft, tg:1000001 or a key such as ticket/TCK-XXXX"`
	JSON    bool   `name:"json" help:"one JSON object"`
	Receipt string `name:"receipt" placeholder:"DIGITS" help:"a receipt that somebody shows, for example 4F9C-21A7: is it of this log?"`
}

// explained is what explain --json writes.
type explained struct {
	ID      string           `json:"id"`
	OK      bool             `json:"ok"`
	Altered int              `json:"altered"` // number of the first entry that was altered, from 1; 0: none
	Receipt int              `json:"receipt"` // the entry whose receipt was given; 0: none
	Entries []explainedEntry `json:"entries"`
}

type explainedEntry struct {
	Entry    int              `json:"entry"`
	At       string           `json:"at"`
	By       string           `json:"by"`
	Operator string           `json:"operator"`
	Move     string           `json:"move"`
	Note     string           `json:"note"`
	Receipt  string           `json:"receipt"`
	Balances []accountBalance `json:"balances"` // after it; an account of nothing is left out
}

type accountBalance struct {
	Account string `json:"account"`
	Minor   int64  `json:"minor"`
}

// Run replays the log of an escrow, and checks it against the events of its moves.
func (c *explainCmd) Run(p *program, set *Settings) error {
	if q, ok, err := story(c.ID); ok || err != nil {
		if err != nil {
			return err
		}
		return c.tellStory(p, set, q)
	}
	st, e, err := (&escrowArg{ID: c.ID}).open(p.ctx, set)
	if err != nil {
		return err
	}
	defer st.Close()
	c.ID = e.ID
	rules, err := set.rules()
	if err != nil {
		return usageError{err}
	}
	var witnesses []string
	if log, ok := st.(dialog.EventLog); ok {
		events, err := eventsOf(p.ctx, log, dialog.EventQuery{Key: dialog.Key{Bot: botName, Flow: deal.FlowName, ID: c.ID}})
		if err != nil {
			return err
		}
		for _, x := range events {
			if x.Kind == deal.EventDealt {
				witnesses = append(witnesses, x.Source)
			}
		}
	}
	x := explain(&e, witnesses, c.Receipt)
	if c.JSON {
		err = writeJSON(p.out, x)
	} else {
		err = x.print(p, rules, &e, c.Receipt)
	}
	switch {
	case err != nil:
		return err
	case x.Altered > 0:
		return fmt.Errorf("%s: entry %d is not as it was written", c.ID, x.Altered)
	case !x.OK:
		return errors.Join(e.Verify(), x.noReceipt(c.Receipt))
	}
	return nil
}

// explain replays a log. A receipt has the first eight digits of the hash of its entry.
func explain(e *lockbay.Escrow, witnesses []string, receipt string) *explained {
	x := &explained{ID: e.ID, Altered: e.FirstAltered(witnesses...) + 1, Entries: []explainedEntry{}}
	digits := strings.ToLower(strings.NewReplacer("-", "", " ", "", "\u2068", "", "\u2069", "").Replace(receipt))
	one, hashes := *e, e.Replay()
	for i, entry := range e.Log {
		one.Log = e.Log[:i+1]
		one.Chain = hashes[i]
		role, operator := e.Actor(i)
		after, all := one.Balances(), []accountBalance{}
		for _, account := range slices.Sorted(maps.Keys(after)) {
			all = append(all, accountBalance{account, after[account]})
		}
		x.Entries = append(x.Entries, explainedEntry{i + 1, rfc(time.UnixMilli(entry.At)), string(role), operator, entry.Move, e.Notes[i], one.Receipt(), all})
		if len(digits) == 8 && strings.HasPrefix(hashes[i], digits) {
			x.Receipt = i + 1
		}
	}
	x.OK = x.Altered == 0 && e.Verify() == nil && x.noReceipt(receipt) == nil
	return x
}

// noReceipt is the error about a receipt that is not of this log.
func (x *explained) noReceipt(receipt string) error {
	if receipt == "" || x.Receipt > 0 {
		return nil
	}
	return fmt.Errorf("%s: the receipt %q is not of this log", x.ID, receipt)
}

func (x *explained) print(p *program, rules *lockbay.Rules, e *lockbay.Escrow, receipt string) error {
	if len(x.Entries) == 0 {
		_, err := fmt.Fprintf(p.out, "%s has no moves yet: nobody has paid, and nothing was done.\n", x.ID)
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ENTRY\tAT\tBY\tMOVE\tTHEN\tRECEIPT\tNOTE")
	for _, l := range x.Entries {
		var then []string
		for _, b := range l.Balances {
			then = append(then, b.Account+" "+sum(rules, e, b.Minor))
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Entry, l.At, strings.TrimSpace(l.By+" "+l.Operator), l.Move, strings.Join(then, ", "), l.Receipt, inOneLine(l.Note))
	}
	if err := w.Flush(); err != nil || receipt == "" || x.Receipt == 0 {
		return err
	}
	_, err := fmt.Fprintf(p.out, "The receipt %s is of entry %d.\n", receipt, x.Receipt)
	return err
}
