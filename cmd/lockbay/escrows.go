package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

type escrowsCmd struct {
	List       escrowsListCmd       `cmd:"" help:"list confirmed escrows, the newest first"`
	Show       escrowsShowCmd       `cmd:"" help:"show one escrow, with its terms and sums"`
	MarkPaid   escrowsPaidCmd       `cmd:"" name:"mark-paid" help:"record that the payment has arrived"`
	Received   escrowsReceivedCmd   `cmd:"" help:"record a payment of any sum"`
	Nothing    escrowsNothingCmd    `cmd:"" help:"answer a buyer who says they have paid: nothing came"`
	Cancel     escrowsCancelCmd     `cmd:"" help:"cancel an escrow that is not paid"`
	Move       escrowsMoveCmd       `cmd:"" help:"do what the buyer or the seller told you, in their name"`
	Decide     escrowsDecideCmd     `cmd:"" help:"divide what is held between seller and buyer"`
	Sending    escrowsSendingCmd    `cmd:"" help:"record that you begin to send what somebody is owed"`
	Sent       escrowsSentCmd       `cmd:"" help:"record that it was sent"`
	Failed     escrowsFailedCmd     `cmd:"" help:"record that sending did not work"`
	Chargeback escrowsChargebackCmd `cmd:"" help:"record that the bank or provider took a payment back"`
	Hold       escrowsHoldCmd       `cmd:"" help:"stop all times of an escrow"`
	Reseat     escrowsReseatCmd     `cmd:"" help:"move the seller's side of an escrow to another account of theirs"`
	Resume     escrowsResumeCmd     `cmd:"" help:"let an escrow that is on hold go on"`
}

type escrowsListCmd struct {
	JSON    bool   `name:"json" help:"one JSON array"`
	Status  string `name:"status" enum:"${statuses}," default:"" help:"only this status"`
	Hold    bool   `name:"hold" help:"only escrows on hold, which wait for an operator"`
	Overdue bool   `name:"overdue" help:"only escrows that have waited for an operator too long: a day on hold or to be sent, a week in dispute"`
	Limit   int    `name:"limit" placeholder:"N" least:"1" xor:"many" help:"how many, newest first (default: 100)"`
	All     bool   `name:"all" xor:"many" help:"all of them, in the order of their ids"`
}

// statuses are the names of all statuses, separated by commas.
func statuses() string {
	names := make([]string, len(lockbay.Statuses))
	for i, s := range lockbay.Statuses {
		names[i] = string(s)
	}
	return strings.Join(names, ",")
}

// escrowJSON is one line of escrows list --json.
func escrowJSON(e *lockbay.Escrow) jsonObject {
	o := jsonObject{{"id", e.ID}, {"draft_id", e.Draft}, {"buyer", e.Buyer}}
	for _, v := range e.Terms.Values() {
		o = append(o, member{v.Name, v.Is})
	}
	return append(o, jsonObject{{"fee_minor", e.Quote.Fee}, {"buyer_pays_minor", e.Quote.BuyerPays}, {"seller_gets_minor", e.Quote.SellerGets},
		{"status", e.Status}, {"created_at", rfc(e.CreatedAt())}, {"expires_at", rfc(e.ExpiresAt())},
		{"held_minor", held(e)}, {"owed_minor", owed(e)}, {"hold", e.OnHold()}, {"deadline", rfc(e.Deadline())},
		{"seller_owner", e.Sides.Joined}, {"terms_hash", e.TermsHash()}}...)
}

// held is what we keep for a deal in full, also of one that was paid before there were books.
func held(e *lockbay.Escrow) int64 {
	if e.IsBefore() {
		return e.Quote.BuyerPays
	}
	return e.Balances().Owed(lockbay.AccountHeld)
}

// owed is what is to be sent, or on its way.
func owed(e *lockbay.Escrow) int64 {
	b := e.Balances()
	return b.Owed(lockbay.AccountBuyer) + b.Owed(lockbay.AccountSeller) - b.Of(lockbay.AccountOut)
}

// eachRow calls do for each conversation of a query, a page (q.Limit) at a time.
func eachRow(ctx context.Context, st dialog.Store, q dialog.Query, do func(*dialog.Row) error) error {
	q.Bot, q.Limit = botName, cmp.Or(q.Limit, rowsPage)
	for {
		rows, err := st.List(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := do(r); err != nil {
				return err
			}
		}
		if len(rows) < q.Limit {
			return nil
		}
		last := rows[len(rows)-1]
		q.After, q.AfterCreated = last.Key.String(), last.Created
	}
}

// rowsPage is how many rows a command reads at once.
const rowsPage = 500

// escrows lists the deals of a store.
func escrows(ctx context.Context, st dialog.Store, status string) (list []lockbay.Escrow, err error) {
	err = eachRow(ctx, st, dialog.Query{Flow: deal.FlowName, Step: status, Deep: true}, func(r *dialog.Row) error {
		e, err := escrowOf(r)
		list = append(list, e)
		return err
	})
	return list, err
}

func (c *escrowsListCmd) Run(p *program, set *Settings) error {
	rules, err := set.rules()
	if err != nil {
		return usageError{err}
	}
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	c.Limit = cmp.Or(c.Limit, usualLimit)
	older, err := c.write(p.ctx, escrowLines(p.out, c.JSON, rules), st)
	if err == nil && older {
		fmt.Fprintf(p.err, "The newest %s; --all lists the older ones, too.\n", count(c.Limit, "escrow"))
	}
	return err
}

// usualLimit is how many escrows a list has.
const usualLimit = 100

// errOlder ends a list at its limit.
var errOlder = errors.New("there are older escrows")

// write writes the newest escrows, or all in the order of their ids. older: there are more than the newest.
func (c *escrowsListCmd) write(ctx context.Context, out *lines[lockbay.Escrow], st dialog.Store) (older bool, err error) {
	if c.Hold || c.Overdue {
		return c.writeWaiting(ctx, out, st)
	}
	q := dialog.Query{Flow: deal.FlowName, Step: c.Status, Deep: true}
	if !c.All {
		q.Newest, q.Everyone, q.Limit = true, true, min(c.Limit, rowsPage-1)+1
	}
	err = eachRow(ctx, st, q, func(r *dialog.Row) error {
		if !c.All && out.n == c.Limit {
			return errOlder
		}
		e, err := escrowOf(r)
		if err != nil {
			return err
		}
		return out.add(&e)
	})
	if older = errors.Is(err, errOlder); err != nil && !older {
		return false, err
	}
	return older, out.end()
}

// writeWaiting writes escrows that wait for an operator, read by their time: see waiting.
func (c *escrowsListCmd) writeWaiting(ctx context.Context, out *lines[lockbay.Escrow], st dialog.Store) (older bool, err error) {
	var unread error // of the first that cannot be read; the others are listed
	list, now, err := waiting(ctx, st, func(err error) { unread = cmp.Or(unread, err) })
	if err != nil {
		return false, err
	}
	list = slices.DeleteFunc(list, func(e lockbay.Escrow) bool {
		return c.Status != "" && string(e.Status) != c.Status || c.Hold && e.OnHold() == "" || c.Overdue && !e.Overdue(now)
	})
	switch {
	case c.All:
		slices.SortFunc(list, func(a, b lockbay.Escrow) int { return strings.Compare(a.ID, b.ID) })
	case len(list) > c.Limit:
		list, older = list[:c.Limit], true
	}
	for i := range list {
		if err := out.add(&list[i]); err != nil {
			return false, err
		}
	}
	return older, cmp.Or(out.end(), unread)
}

// escrowLines writes escrows, with the sums of these rules.
func escrowLines(out io.Writer, json bool, rules *lockbay.Rules) *lines[lockbay.Escrow] {
	return &lines[lockbay.Escrow]{
		out: out, json: json, none: "No escrows.",
		object: func(e *lockbay.Escrow) any { return escrowJSON(e) },
		table:  func(page []lockbay.Escrow) error { return escrowTable(out, rules, page) },
	}
}

// escrowTable writes a line for each escrow, with the short terms outside of the sums.
func escrowTable(out io.Writer, rules *lockbay.Rules, list []lockbay.Escrow) error {
	var short []*lockbay.Field
	heads := []string{"ID", "STATUS", "BUYER PAYS", "SELLER GETS"}
	for _, f := range lockbay.Fields {
		if !f.Long && !f.InSums {
			short, heads = append(short, f), append(heads, strings.ToUpper(f.Name))
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(append(heads, "CREATED"), "\t"))
	for i := range list {
		e := &list[i]
		cells := []string{e.ID, string(e.Status), sum(rules, e, e.Quote.BuyerPays), sum(rules, e, e.Quote.SellerGets)}
		for _, f := range short {
			cells = append(cells, f.Cell(&e.Terms))
		}
		fmt.Fprintln(w, strings.Join(append(cells, rfc(e.CreatedAt())), "\t"))
	}
	return w.Flush()
}

// sum writes a sum of an escrow as its card does.
func sum(rules *lockbay.Rules, e *lockbay.Escrow, minor int64) string {
	return rules.Sum(e.Quote, minor, texts.Default)
}

// escrowArg is the argument of the commands for one escrow.
type escrowArg struct {
	ID   string `arg:"" help:"ESC-XXXX-XXXXX"`
	JSON bool   `name:"json" help:"the escrow as one JSON object"`
}

// parse is the id.
func (c *escrowArg) parse(ctx context.Context, set *Settings) (id string, err error) {
	if id, err = lockbay.ParseEscrowID(c.ID); err != nil {
		return "", usageError{fmt.Errorf("%q is %w%s", c.ID, err, set.nearest(ctx, c.ID))}
	}
	return id, nil
}

// open opens the database and reads the escrow in it.
func (c *escrowArg) open(ctx context.Context, set *Settings) (st store, e lockbay.Escrow, err error) {
	id, err := c.parse(ctx, set)
	if err != nil {
		return nil, e, err
	}
	c.ID = id
	if st, err = set.openExisting(ctx); err != nil {
		return nil, e, err
	}
	if e, err = oneEscrow(ctx, set, st, id); err != nil {
		_ = st.Close()
		return nil, e, err
	}
	return st, e, nil
}

// oneEscrow reads an escrow. An unknown id is an error for people.
func oneEscrow(ctx context.Context, set *Settings, st dialog.Store, id string) (e lockbay.Escrow, err error) {
	row, err := st.Load(ctx, dialog.Key{Bot: botName, Flow: deal.FlowName, ID: id})
	if errors.Is(err, dialog.ErrNotFound) {
		return e, fmt.Errorf("there is no escrow %s in %s%s", id, set.databaseName(), near(ctx, st, id))
	}
	if err != nil {
		return e, err
	}
	return escrowOf(row)
}

// escrowOf reads the escrow of a row.
func escrowOf(r *dialog.Row) (lockbay.Escrow, error) {
	e, err := deal.Escrow(&dialog.Record{Head: r.Head, Answers: r.Answers})
	if err != nil {
		return e, fmt.Errorf("escrow %s cannot be read: %w", r.Key.ID, err)
	}
	e.Status = lockbay.Status(r.Step)
	return e, nil
}

type escrowsShowCmd struct{ escrowArg }

func (c *escrowsShowCmd) Run(p *program, set *Settings) error {
	st, e, err := c.open(p.ctx, set)
	if err != nil {
		return err
	}
	defer st.Close()
	if c.JSON {
		return writeJSON(p.out, append(escrowJSON(&e), jsonObject{{"where_buyer", e.WhereTo(lockbay.Buyer)}, {"where_seller", e.WhereTo(lockbay.Seller)}}...))
	}
	rules, err := set.rules()
	if err != nil {
		return usageError{err}
	}
	return escrowSheet(p.out, rules, &e)
}

// escrowSheet writes everything about an escrow, a line each.
func escrowSheet(out io.Writer, rules *lockbay.Rules, e *lockbay.Escrow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
	line("id", e.ID)
	line("status", inWords(string(e.Status)))
	line("buyer", cmp.Or(e.Buyer, forgotten))
	for _, f := range lockbay.Fields {
		switch {
		case f.Personal && e.Forgotten():
			line(f.Name, forgotten)
		case f.Name == lockbay.FieldAmount:
			line(f.Name, sum(rules, e, e.Quote.Amount))
		case f.Unit != "":
			line(f.Name, f.Cell(&e.Terms))
		default:
			line(f.Name, f.Shown(&e.Terms))
		}
	}
	line("fee", sum(rules, e, e.Quote.Fee))
	line("buyer pays", sum(rules, e, e.Quote.BuyerPays))
	line("seller gets", sum(rules, e, e.Quote.SellerGets))
	line("created", rfc(e.CreatedAt()))
	line("expires", rfc(e.ExpiresAt()))
	line("draft", e.Draft)
	if code := e.OnHold(); code != "" {
		line("on hold", code)
	}
	if at := e.Deadline(); !at.IsZero() && e.Status != lockbay.PaymentPending {
		line("deadline", rfc(at))
	}
	line("receipt", cmp.Or(e.Receipt(), "none"))
	if err := w.Flush(); err != nil {
		return err
	}
	return timeline(out, rules, e)
}

// nearest is near for a mistyped id. Without a database it is empty.
func (s *Settings) nearest(ctx context.Context, typed string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	st, err := s.openExisting(ctx)
	if err != nil {
		return ""
	}
	defer st.Close()
	return near(ctx, st, typed)
}

// nearMost is among how many escrows near looks, the newest.
const nearMost = 5000

// near ends the error about an unknown id: it names the nearest of the newest escrows, or the command that lists all.
func near(ctx context.Context, st dialog.Store, typed string) string {
	status := map[string]string{} // :: escrow id → step
	err := eachRow(ctx, st, dialog.Query{Flow: deal.FlowName, Newest: true, Everyone: true}, func(r *dialog.Row) error {
		if len(status) == nearMost {
			return errOlder
		}
		status[r.Key.ID] = r.Step
		return nil
	})
	if err != nil && !errors.Is(err, errOlder) {
		return ""
	}
	id := lockbay.NearestEscrowID(typed, slices.Collect(maps.Keys(status)))
	if id == "" {
		return "; lockbay escrows list --all shows all"
	}
	return fmt.Sprintf("; the nearest id is %s, which is %s", id, inWords(status[id]))
}

// inWords writes a status for people, with its name if that differs: paid (payment_confirmed).
func inWords(status string) string {
	switch words := texts.Words(texts.Default, "escrows."+status, nil); words {
	case "", status:
		return status
	default:
		return words + " (" + status + ")"
	}
}
