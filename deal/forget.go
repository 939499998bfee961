package deal

import (
	"fmt"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

var _ dialog.Keeper = (*Flow)(nil)

// Keeps implements dialog.Keeper: of an ended deal with money the books stay. A deal that has not ended stays whole.
func (f *Flow) Keeps(r *dialog.Record, now time.Time) (*dialog.Kept, error) {
	e, err := Escrow(r)
	if err != nil {
		return nil, err
	}
	e.Status = lockbay.Status(r.Step)
	until := e.EndedAt().Add(f.cfg.Keep.Books)
	switch {
	case !e.Status.Ended():
		return nil, live(&e)
	case !e.HasBooks(), !now.Before(until):
		return nil, nil
	}
	if err := e.Forget(); err != nil {
		return nil, err
	}
	kept := *r
	save(&kept, &e)
	return &dialog.Kept{Answers: kept.Answers, Until: until}, nil
}

// live says why a deal that has not ended is kept, and until when.
func live(e *lockbay.Escrow) error {
	why, until := "we hold its money, so it is kept until it has ended", ""
	if e.Status == lockbay.PaymentPending {
		why = "money may be on its way, so it is kept until it has ended"
	}
	switch code := e.OnHold(); {
	case code != "":
		until = fmt.Sprintf("; it is on hold (%s)", code)
	case e.Status == lockbay.Settling:
		until = "; it ends when everything is sent"
	case e.Status == lockbay.Disputed:
		until = "; it ends by a decision"
	case !e.End().IsZero():
		until = "; by itself it goes on at " + e.End().Format(time.RFC3339)
	}
	return fmt.Errorf("%s is %s: %s%s", e.ID, e.Status, why, until)
}
