package main

import (
	"context"
	"encoding/json"
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
	List     escrowsListCmd  `cmd:"" help:"confirmed escrows"`
	MarkPaid escrowsOrderCmd `cmd:"" name:"mark-paid" help:"the payment has arrived"`
	Cancel   escrowsOrderCmd `cmd:"" help:"cancel an escrow that is not paid"`
}

type escrowsListCmd struct {
	JSON   bool   `name:"json" help:"one JSON array"`
	Status string `name:"status" enum:"payment_pending,payment_confirmed,payment_lapsed,cancelled," default:"" help:"only this status: ${enum}"`
}

// escrowJSON is one line of escrows list --json.
func escrowJSON(e *lockbay.Escrow) jsonObject {
	o := jsonObject{{"id", e.ID}, {"draft_id", e.Draft}, {"buyer", e.Buyer}}
	for _, v := range e.Terms.Values() {
		o = append(o, member{v.Name, v.Is})
	}
	return append(o, jsonObject{{"fee_minor", e.Quote.Fee}, {"buyer_pays_minor", e.Quote.BuyerPays}, {"seller_gets_minor", e.Quote.SellerGets},
		{"status", e.Status}, {"created_at", rfc(e.CreatedAt())}, {"expires_at", rfc(e.ExpiresAt())}}...)
}

// eachRow calls do for each conversation of a query, page by page.
func eachRow(ctx context.Context, st dialog.Store, q dialog.Query, do func(*dialog.Row) error) error {
	q.Bot, q.Limit = botName, 500
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
		q.After = rows[len(rows)-1].Key.String()
	}
}

// escrows lists the deals of a store.
func escrows(ctx context.Context, st dialog.Store, status string) (list []lockbay.Escrow, err error) {
	err = eachRow(ctx, st, dialog.Query{Flow: "deal", Step: status, Deep: true}, func(r *dialog.Row) error {
		var e lockbay.Escrow
		if err := json.Unmarshal(r.Answers, &e); err != nil {
			return fmt.Errorf("escrow %s cannot be read: %w", r.Key.ID, err)
		}
		e.Status = lockbay.Status(r.Step)
		list = append(list, e)
		return nil
	})
	return list, err
}

func (c *escrowsListCmd) Run(p *program, set *Settings) error {
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	list, err := escrows(p.ctx, st, c.Status)
	if err != nil {
		return err
	}
	if c.JSON {
		lines := make([]jsonObject, len(list))
		for i := range list {
			lines[i] = escrowJSON(&list[i])
		}
		return writeJSON(p.out, lines)
	}
	if len(list) == 0 {
		fmt.Fprintln(p.out, "No escrows.")
		return nil
	}
	return escrowTable(p.out, list)
}

// escrowTable writes a line for each escrow, with the short terms outside of the sums.
func escrowTable(out io.Writer, list []lockbay.Escrow) error {
	var short []*lockbay.Field
	heads := []string{"ID", "STATUS", "BUYER PAYS"}
	for _, f := range lockbay.Fields {
		if !f.Long && !f.InSums {
			short, heads = append(short, f), append(heads, strings.ToUpper(f.Name))
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(append(heads, "CREATED"), "\t"))
	for i := range list {
		e := &list[i]
		cells := []string{e.ID, string(e.Status), e.Quote.Money(e.Quote.BuyerPays).Plain()}
		for _, f := range short {
			cells = append(cells, f.Cell(&e.Terms))
		}
		fmt.Fprintln(w, strings.Join(append(cells, rfc(e.CreatedAt())), "\t"))
	}
	return w.Flush()
}

// escrowsOrderCmd is an operator's order: an input to a deal.
type escrowsOrderCmd struct {
	ID   string `arg:"" help:"ESC-XXXX-XXXXX"`
	JSON bool   `name:"json" help:"the escrow as one JSON object"`
	verb string
}

func (c *escrowsCmd) AfterApply() error {
	c.MarkPaid.verb, c.Cancel.verb = deal.MarkPaid, deal.Cancel
	return nil
}

func (c *escrowsOrderCmd) Run(p *program, set *Settings) error {
	id, err := lockbay.ParseEscrowID(c.ID)
	if err != nil {
		return usageError{fmt.Errorf("%q is %w%s", c.ID, err, set.nearest(p.ctx, c.ID))}
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 30*time.Second)
	defer cancel()
	defer a.close(ctx)
	result, err := order(ctx, a.engine, c.verb, id)
	if errors.Is(err, dialog.ErrNotFound) {
		return fmt.Errorf("there is no escrow %s in %s%s", id, set.databaseName(), near(ctx, a.store, id))
	}
	if err != nil {
		return err
	}
	if c.JSON {
		list, err := escrows(ctx, a.store, "")
		if err != nil {
			return err
		}
		for i := range list {
			if list[i].ID == id {
				return writeJSON(p.out, escrowJSON(&list[i]))
			}
		}
	}
	fmt.Fprintln(p.out, result)
	return nil
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

// near ends the error about an unknown id: it names the nearest escrow, or the command that lists them.
func near(ctx context.Context, st dialog.Store, typed string) string {
	status := map[string]string{} // :: escrow id → step
	if err := eachRow(ctx, st, dialog.Query{Flow: deal.FlowName}, func(r *dialog.Row) error {
		status[r.Key.ID] = r.Step
		return nil
	}); err != nil {
		return ""
	}
	id := lockbay.NearestEscrowID(typed, slices.Collect(maps.Keys(status)))
	if id == "" {
		return "; lockbay escrows list shows all"
	}
	return fmt.Sprintf("; the nearest id is %s, which is %s", id, inWords(status[id]))
}

// order gives an order to a deal, and returns the result as a sentence. A rejected order is an error; an unknown deal is
// dialog.ErrNotFound.
func order(ctx context.Context, e *dialog.Engine, verb, id string) (string, error) {
	before, _ := e.Peek(ctx, dialog.Key{Bot: e.Bot(), Flow: deal.FlowName, ID: id}) // only for the wording
	out, err := e.Handle(ctx, deal.Order(e.Bot(), verb, id))
	if err != nil {
		return "", err
	}
	if err := deal.Verdict(verb, out); errors.Is(err, dialog.ErrNotFound) {
		return "", err
	} else if err != nil {
		return "", fmt.Errorf("%s: %w, nothing was changed", id, err)
	}
	if out.Did != dialog.DidApply {
		return fmt.Sprintf("%s is %s already.", id, inWords(out.Record.Step)), nil
	}
	if before.Step == "payment_lapsed" && verb == deal.MarkPaid {
		return fmt.Sprintf("%s had lapsed; it is revived and now %s.", id, inWords(out.Record.Step)), nil
	}
	return fmt.Sprintf("%s is now %s.", id, inWords(out.Record.Step)), nil
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
