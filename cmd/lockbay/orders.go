package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

type escrowsPaidCmd struct {
	escrowArg
	Amount *sumText `name:"amount" placeholder:"SUM" help:"the sum that arrived, for example 1265.63; if another sum was missing, nothing is changed"`
	Return bool     `name:"return" help:"of a cancelled escrow: book the money, and send it back"`
	Undo   bool     `name:"undo" help:"take the last payment back, which was recorded by mistake; until the seller has delivered"`
	Reason string   `name:"reason" placeholder:"TEXT" help:"why, with --undo"`
}

// sumText is a sum as it was typed. A text that begins with a dash (-1) is no option: see sumOf.
type sumText string

// Decode takes whatever stands behind the option.
func (s *sumText) Decode(ctx *kong.DecodeContext) error {
	t := ctx.Scan.Pop()
	if t.IsEOL() {
		return errors.New("want a sum such as 1265.63")
	}
	*s = sumText(fmt.Sprint(t.Value))
	return nil
}

// Run marks the escrow as paid, or takes that back.
func (c *escrowsPaidCmd) Run(p *program, set *Settings) error {
	return c.order(p, set, func(e *lockbay.Escrow) (in dialog.Input, err error) {
		if c.Undo {
			return deal.OrderAct(botName, e.ID, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveUndone, Text: c.Reason}), nil
		}
		var sum lockbay.Money
		if c.Amount != nil {
			if sum, err = sumOf(string(*c.Amount), e.Quote.Currency); err != nil {
				return in, err
			}
		}
		switch {
		case c.Return:
			return deal.OrderAct(botName, e.ID, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true, Return: true, Sum: sum}), nil
		case c.Amount != nil:
			return deal.OrderSum(botName, e.ID, sum), nil
		}
		return deal.Order(botName, deal.MarkPaid, e.ID), nil
	})
}

// sumOf reads a sum as people write it; a bare number is in this currency.
func sumOf(text, currency string) (lockbay.Money, error) {
	r := lockbay.DefaultRules()
	r.Default = currency
	if !slices.Contains(r.Currencies, currency) {
		r.Currencies = append(r.Currencies, currency)
	}
	sum, err := anySum(r, text)
	if refused := (*lockbay.Refusal)(nil); errors.As(err, &refused) && refused.Code == lockbay.AmountCurrency { // a currency that nobody offers
		r.Currencies = append(r.Currencies, refused.Args["currency"])
		sum, err = anySum(r, text)
	}
	if err != nil {
		return sum, usageError{badSetting("amount", text, "want a sum such as 1265.63, or 1265.63 "+currency)}
	}
	return sum, nil
}

// anySum reads a sum of any size.
func anySum(r *lockbay.Rules, text string) (lockbay.Money, error) {
	for _, c := range r.Currencies {
		r.Limits[c] = lockbay.Range{Max: math.MaxInt64}
	}
	return r.ParseMoney(text, texts.Default)
}

type escrowsCancelCmd struct{ escrowArg }

// Run cancels the escrow.
func (c *escrowsCancelCmd) Run(p *program, set *Settings) error {
	return c.order(p, set, func(e *lockbay.Escrow) (dialog.Input, error) {
		return deal.Order(botName, deal.Cancel, e.ID), nil
	})
}

// order gives an operator's order to the deal: an input. It writes whose money the order is about, and the result.
func (c *escrowArg) order(p *program, set *Settings, orderOf func(*lockbay.Escrow) (dialog.Input, error)) error {
	id, err := c.parse(p.ctx, set)
	if err != nil {
		return err
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 30*time.Second)
	defer cancel()
	defer a.close(ctx)
	e, err := oneEscrow(ctx, set, a.store, id)
	if err != nil {
		return err
	}
	in, err := orderOf(&e)
	if err != nil {
		return err
	}
	in.By = "cli"
	result, err := order(ctx, a, in)
	if errors.Is(err, lockbay.ErrSum) {
		was := e.Sum()
		if missing := e.Missing(); missing > 0 {
			was = e.Quote.Money(missing)
		}
		sums := a.rules.Written(map[string]string{"was": was.Plain(), "now": in.Value}, texts.Default)
		return fmt.Errorf("%s: %s was to be paid, not %s: nothing was changed", id, sums["was"], sums["now"])
	}
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintln(p.out, whose(a.rules, &e))
		fmt.Fprintln(p.out, result)
		return nil
	}
	if e, err = oneEscrow(ctx, set, a.store, id); err != nil {
		return err
	}
	return writeJSON(p.out, escrowJSON(&e))
}

// whose names the sum, the buyer and the seller of an escrow.
func whose(rules *lockbay.Rules, e *lockbay.Escrow) string {
	if e.Forgotten() {
		return fmt.Sprintf("%s: %s; its people were forgotten", e.ID, sum(rules, e, e.Quote.BuyerPays))
	}
	return fmt.Sprintf("%s: %s from %s for %s, who gets %s", e.ID, sum(rules, e, e.Quote.BuyerPays), e.Buyer, e.Terms.Seller,
		sum(rules, e, e.Quote.SellerGets))
}

// order gives an order to a deal, and returns the result as a sentence. A rejected order is an error; an unknown deal is
// dialog.ErrNotFound.
func order(ctx context.Context, a *app, in dialog.Input) (string, error) {
	before, _ := a.engine.Peek(ctx, in.Key) // only for the wording
	out, err := a.engine.Handle(ctx, in)
	if err != nil {
		return "", err
	}
	id := in.Key.ID
	switch err := a.deal.Verdict(in, out, a.engine.Now()); {
	case errors.Is(err, dialog.ErrNotFound), errors.Is(err, lockbay.ErrSum):
		return "", err
	case err != nil:
		return "", fmt.Errorf("%s: %w, nothing was changed", id, err)
	}
	now := inWords(out.Record.Step)
	switch {
	case out.Did != dialog.DidApply:
		return fmt.Sprintf("%s is %s already.", id, now), nil
	case before.Step == string(lockbay.PaymentLapsed) && lockbay.Status(out.Record.Step).HoldsMoney() && out.Record.Step != string(lockbay.Settling):
		return fmt.Sprintf("%s had lapsed; it is revived and now %s.", id, now), nil
	}
	return fmt.Sprintf("%s is now %s.", id, now) + more(a.rules, out.Record), nil
}

// more says what an order left open: a hold, what is still to be paid, and what is to be sent to whom.
func more(rules *lockbay.Rules, r *dialog.Record) (text string) {
	e, err := deal.Escrow(r)
	if err != nil {
		return ""
	}
	say := func(format string, minor int64, args ...any) {
		if minor != 0 {
			text += fmt.Sprintf(" "+format, append([]any{sum(rules, &e, minor)}, args...)...)
		}
	}
	if code := e.OnHold(); code != "" {
		text += " It is on hold (" + code + ")."
	}
	say("%s was charged back after it was spent: that is our loss.", e.Balances()[lockbay.AccountLoss])
	if e.Status != lockbay.PaymentPending && !e.Status.Ended() {
		say("%s of what it holds was charged back.", e.Missing())
	}
	if e.Status == lockbay.PaymentPending && e.Missing() < e.Quote.BuyerPays {
		say("%s is missing.", e.Missing())
	}
	if e.Status == lockbay.Settling {
		b := e.Balances()
		for _, to := range []lockbay.Role{lockbay.Buyer, lockbay.Seller} {
			say("%s is owed to the %s.", b.Owed(string(to)), to)
			say("%s is on its way to the %s.", e.Out(to), to)
		}
	}
	return text
}
