package main

import (
	"fmt"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// act gives the order to make a move.
func (c *escrowArg) act(p *program, set *Settings, a lockbay.Act) error {
	return c.order(p, set, func(e *lockbay.Escrow) (dialog.Input, error) { return deal.OrderAct(botName, e.ID, a), nil })
}

type escrowsReceivedCmd struct {
	escrowArg
	Amount sumText `name:"amount" required:"" placeholder:"SUM" help:"the sum that came, for example 40.00"`
	Ref    string  `name:"ref" required:"" placeholder:"TEXT" help:"the payment's reference at the bank or in the chain; the same one twice changes nothing"`
	Return bool    `name:"return" help:"of a cancelled escrow: book the money, and send it back"`
}

// Run books a payment, whole or not.
func (c *escrowsReceivedCmd) Run(p *program, set *Settings) error {
	return c.order(p, set, func(e *lockbay.Escrow) (dialog.Input, error) {
		sum, err := sumOf(string(c.Amount), e.Quote.Currency)
		return deal.OrderAct(botName, e.ID, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReceived, Sum: sum, Ref: c.Ref, Return: c.Return}), err
	})
}

type escrowsNothingCmd struct{ escrowArg }

// Run answers a payment that the buyer has reported and nobody has found.
func (c *escrowsNothingCmd) Run(p *program, set *Settings) error {
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveNothing})
}

type escrowsDecideCmd struct {
	escrowArg
	Seller string `name:"seller" required:"" placeholder:"PERCENT" help:"the seller's share, for example 70%; the buyer gets the rest"`
	Reason string `name:"reason" required:"" placeholder:"TEXT" help:"why; both read it"`
}

// Run divides what is held.
func (c *escrowsDecideCmd) Run(p *program, set *Settings) error {
	share, err := shareOf("seller", c.Seller)
	if err != nil {
		return err
	}
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveDecide, Share: share, Text: c.Reason})
}

// shareOf reads a percentage as a share in 10,000.
func shareOf(setting, text string) (int, error) {
	share, ok := lockbay.ParsePercent(text)
	if !ok {
		return 0, usageError{badSetting(setting, text, "want a percentage from 0 to 100, for example 70%")}
	}
	return share, nil
}

type escrowsSendingCmd struct {
	escrowArg
	To    string `name:"to" enum:"buyer,seller," default:"" placeholder:"WHO" help:"whose payout, if there are two"`
	Where string `name:"where" placeholder:"TEXT" help:"where it goes; without it, as the person said"`
}

// Run begins a payout.
func (c *escrowsSendingCmd) Run(p *program, set *Settings) error {
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSending, To: lockbay.Role(c.To), Text: c.Where})
}

type escrowsSentCmd struct {
	escrowArg
	To  string `name:"to" enum:"buyer,seller," default:"" placeholder:"WHO" help:"whose payout, if there are two"`
	Ref string `name:"ref" required:"" placeholder:"TEXT" help:"the payout's reference; the person reads it"`
}

// Run ends a payout.
func (c *escrowsSentCmd) Run(p *program, set *Settings) error {
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveSent, To: lockbay.Role(c.To), Ref: c.Ref})
}

type escrowsFailedCmd struct {
	escrowArg
	To     string `name:"to" enum:"buyer,seller," default:"" placeholder:"WHO" help:"whose payout, if there are two"`
	Reason string `name:"reason" required:"" placeholder:"TEXT" help:"why it did not work"`
}

// Run takes a payout back.
func (c *escrowsFailedCmd) Run(p *program, set *Settings) error {
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveFailed, To: lockbay.Role(c.To), Text: c.Reason})
}

type escrowsChargebackCmd struct {
	escrowArg
	Amount sumText `name:"amount" required:"" placeholder:"SUM" help:"the sum that was taken back, for example 40.00"`
	Ref    string  `name:"ref" required:"" placeholder:"TEXT" help:"the chargeback's reference at the bank or provider; the same one twice changes nothing"`
	Reason string  `name:"reason" required:"" placeholder:"TEXT" help:"why, for the log"`
}

// Run books that a payment was taken back.
func (c *escrowsChargebackCmd) Run(p *program, set *Settings) error {
	return c.order(p, set, func(e *lockbay.Escrow) (dialog.Input, error) {
		sum, err := sumOf(string(c.Amount), e.Quote.Currency)
		return deal.OrderAct(botName, e.ID, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveChargeback, Sum: sum, Ref: c.Ref, Text: c.Reason}), err
	})
}

type escrowsHoldCmd struct {
	escrowArg
	Reason string `name:"reason" placeholder:"TEXT" help:"why, for the log"`
}

// Run stops the escrow's times.
func (c *escrowsHoldCmd) Run(p *program, set *Settings) error {
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk, Text: c.Reason})
}

type escrowsResumeCmd struct{ escrowArg }

// Run lets the escrow go on.
func (c *escrowsResumeCmd) Run(p *program, set *Settings) error {
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveResume})
}

type escrowsReseatCmd struct {
	escrowArg
	Seller string `name:"seller" required:"" placeholder:"OWNER" help:"the account, for example tg:1000001 or web:…; drafts list has those who have begun a draft"`
}

// Run gives the seller's seat to another account.
func (c *escrowsReseatCmd) Run(p *program, set *Settings) error {
	if !isOwner(c.Seller) {
		return usageError{badSetting("seller", c.Seller, "want an account, for example tg:1000001")}
	}
	return c.act(p, set, lockbay.Act{Role: lockbay.Desk, Move: lockbay.MoveReseat, Seat: c.Seller})
}

type escrowsMoveCmd struct {
	escrowArg
	Move   string `arg:"" enum:"accept,decline,delivered,giveback,cancel,release,takeback,more,grant,refuse,extend,dispute,withdraw,say,offer,agree,where" help:"accept, decline, delivered or giveback; cancel, release, takeback, more, grant, refuse or extend; dispute, withdraw, say, offer, agree or where"`
	As     string `name:"as" required:"" enum:"buyer,seller" placeholder:"WHO" help:"who told you"`
	Hours  int    `name:"hours" least:"1" default:"24" placeholder:"N" help:"with more: 24, 48 or 72"`
	Reason string `name:"reason" enum:"${reasons}," default:"" placeholder:"WHY" help:"with dispute"`
	Back   string `name:"back" placeholder:"PERCENT" help:"with offer: what goes back to the buyer, for example 30%"`
	Text   string `name:"text" placeholder:"TEXT" help:"their words, for the log; with say: what both read; with where: where to send the money"`
}

// Run makes a move in the name of a person who told the operator.
func (c *escrowsMoveCmd) Run(p *program, set *Settings) error {
	if c.Move == string(lockbay.MoveDispute) && c.Reason == "" {
		return usageError{fmt.Errorf("dispute needs --reason: %s", strings.Join(lockbay.Reasons, ", "))}
	}
	a := lockbay.Act{Role: lockbay.Role(c.As), Move: lockbay.Move(c.Move), Why: c.Reason, Text: c.Text}
	switch a.Move {
	case lockbay.MoveMore:
		a.Hours = c.Hours
	case lockbay.MoveOffer:
		back, err := shareOf("back", c.Back)
		if err != nil {
			return err
		}
		a.Share = lockbay.ShareAll - back
	}
	return c.act(p, set, a)
}
