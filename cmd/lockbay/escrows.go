package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

type escrowsCmd struct {
	List     escrowsListCmd  `cmd:"" help:"confirmed escrows"`
	MarkPaid escrowsOrderCmd `cmd:"" name:"mark-paid" help:"the payment has arrived"`
	Cancel   escrowsOrderCmd `cmd:"" help:"cancel an escrow that is not paid"`
}

type escrowsListCmd struct {
	JSON   bool   `name:"json" help:"one JSON array"`
	Status string `name:"status" enum:"payment_pending,payment_confirmed,payment_lapsed,cancelled," default:"" help:"only these: ${enum}"`
}

// escrowJSON is one line of escrows list --json.
type escrowJSON struct {
	ID              string `json:"id"`
	DraftID         string `json:"draft_id"`
	Buyer           string `json:"buyer"`
	Seller          string `json:"seller"`
	AmountMinor     int64  `json:"amount_minor"`
	Currency        string `json:"currency"`
	Description     string `json:"description"`
	DeliveryHours   int    `json:"delivery_hours"`
	FeeMinor        int64  `json:"fee_minor"`
	FeePayer        string `json:"fee_payer"`
	BuyerPaysMinor  int64  `json:"buyer_pays_minor"`
	SellerGetsMinor int64  `json:"seller_gets_minor"`
	Status          string `json:"status"`
	CreatedAt       string `json:"created_at"`
	ExpiresAt       string `json:"expires_at"`
}

// eachRow pages through conversations of a flow.
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
func escrows(ctx context.Context, st dialog.Store, status string) ([]escrowJSON, error) {
	list := []escrowJSON{}
	err := eachRow(ctx, st, dialog.Query{Flow: "deal", Step: status, Deep: true}, func(r *dialog.Row) error {
		var e lockbay.Escrow
		if err := json.Unmarshal(r.Answers, &e); err != nil {
			return fmt.Errorf("escrow %s cannot be read: %w", r.Key.ID, err)
		}
		list = append(list, escrowJSON{
			ID: e.ID, DraftID: e.Draft, Buyer: e.Buyer, Seller: e.Terms.Seller.Canonical(), AmountMinor: e.Terms.Amount.Minor,
			Currency: e.Terms.Amount.Currency, Description: e.Terms.Description, DeliveryHours: e.Terms.DeliveryHours,
			FeeMinor: e.Quote.Fee, FeePayer: e.Terms.FeePayer, BuyerPaysMinor: e.Quote.BuyerPays, SellerGetsMinor: e.Quote.SellerGets,
			Status: r.Step, CreatedAt: rfc(e.CreatedAt()), ExpiresAt: rfc(e.ExpiresAt()),
		})
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
		return writeJSON(p.out, list)
	}
	if len(list) == 0 {
		fmt.Fprintln(p.out, "No escrows.")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATUS\tBUYER PAYS\tSELLER\tDELIVERY\tCREATED")
	for _, e := range list {
		pays := lockbay.Money{Minor: e.BuyerPaysMinor, Currency: e.Currency}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d h\t%s\n", e.ID, e.Status, pays.Plain(), e.Seller, e.DeliveryHours, e.CreatedAt)
	}
	return w.Flush()
}

// escrowsOrderCmd is an operator's order: an input to that deal.
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
	said, err := order(ctx, a.engine, c.verb, id)
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
		for _, e := range list {
			if e.ID == id {
				return writeJSON(p.out, e)
			}
		}
	}
	fmt.Fprintln(p.out, said)
	return nil
}

// nearest is near for an id that is none: the database need not be there.
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

// near says which escrow somebody may have meant who typed this, if one is near enough.
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
		return "; lockbay escrows list has them all"
	}
	return fmt.Sprintf("; near to it is %s, which is %s", id, status[id])
}

// order gives one order to a deal, and says what became of it. A refused order is
// an error; dialog.ErrNotFound: there is no such deal.
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
		return fmt.Sprintf("%s is %s already.", id, out.Record.Step), nil
	}
	if before.Step == "payment_lapsed" && verb == deal.MarkPaid {
		return fmt.Sprintf("%s had lapsed; it is revived and now %s.", id, out.Record.Step), nil
	}
	return fmt.Sprintf("%s is now %s.", id, out.Record.Step), nil
}
