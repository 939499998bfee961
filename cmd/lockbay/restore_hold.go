package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// stopped is what became of the escrows of a backup that have money: see stop.
type stopped struct {
	held int
	not  []string // ids of those that could not be put on hold
}

// fromBackup is the reason of a hold after a restore.
const fromBackup = "restored from a backup: what came or was sent since is missing"

// stop puts every escrow on hold whose money is with us, in the restored database at path. A payout that was sent after the
// backup is owed again in it, or will be; so nothing is sent before an operator has looked, and resumed the escrow.
func stop(ctx context.Context, set *Settings, path string) (s stopped, err error) {
	own := *set
	own.DatabaseURL, own.DatabaseDirectURL, own.RedisURL, own.Mode = "sqlite:"+path, "", "", ""
	a, err := openApp(ctx, &own)
	if err != nil {
		return s, err
	}
	defer a.close(ctx)
	var ids []string
	for _, status := range lockbay.Statuses {
		if !status.HoldsMoney() && status != lockbay.PaymentPending { // a part may have come
			continue
		}
		if err := eachRow(ctx, a.store, dialog.Query{Flow: deal.FlowName, Step: string(status), Deep: true}, func(r *dialog.Row) error {
			if e, err := escrowOf(r); err != nil || held(&e)+owed(&e) > 0 {
				ids = append(ids, r.Key.ID)
			}
			return nil
		}); err != nil {
			return s, err
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		if err := a.stopOne(ctx, id); err != nil {
			s.not = append(s.not, id)
			continue
		}
		s.held++
	}
	return s, nil
}

// stopOne puts an escrow on hold. One that is on hold, and was answered, begins its hold anew.
func (a *app) stopOne(ctx context.Context, id string) error {
	row, err := a.store.Load(ctx, dialog.Key{Bot: botName, Flow: deal.FlowName, ID: id})
	if err != nil {
		return err
	}
	e, err := escrowOf(row)
	if err != nil {
		return err
	}
	acts := []lockbay.Act{{Role: lockbay.Desk, Move: lockbay.MoveHold, Why: lockbay.HoldDesk, Text: fromBackup}}
	switch code := e.OnHold(); {
	case code != "" && !e.MaySend():
		return nil
	case code == lockbay.HoldDesk:
		acts = append([]lockbay.Act{{Role: lockbay.Desk, Move: lockbay.MoveResume}}, acts...)
	}
	for _, act := range acts {
		in := deal.OrderAct(botName, id, act)
		in.By = "cli"
		if _, err := order(ctx, a, in); err != nil {
			return err
		}
	}
	return nil
}

// tell says what was put on hold, and what to do.
func (s *stopped) tell(out io.Writer) {
	if s.held > 0 {
		fmt.Fprintf(out, "%s with money: on hold until you resume. lockbay escrows list --hold lists them.\n", count(s.held, "escrow"))
	}
	if len(s.not) > 0 {
		fmt.Fprintf(out, "Not on hold, look at them first: %s\n", strings.Join(s.not, ", "))
	}
}
