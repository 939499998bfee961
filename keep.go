package lockbay

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Keep is how long ended deals are kept.
type Keep struct {
	People time.Duration // names, ids and texts, after the end
	Books  time.Duration // the log, after the end
}

// DefaultKeep returns the usual times.
func DefaultKeep() Keep {
	return Keep{People: 90 * 24 * time.Hour, Books: 10 * 366 * 24 * time.Hour}
}

// ErrNotEnded is the error of a deal whose people are still needed.
var ErrNotEnded = errors.New("the deal has not ended")

// Forget takes away who the people are and what they wrote. The log stays: roles, amounts, and references that only a
// holder of the key can compute. The chain of hashes stays whole.
func (e *Escrow) Forget() error {
	if !e.Status.Ended() {
		return ErrNotEnded
	}
	e.Buyer, e.Notes, e.Operators, e.Sides = "", nil, nil, Sides{}
	for _, f := range Fields {
		if !f.Personal {
			continue
		}
		if err := f.read(&e.Terms, "", 0); err != nil {
			return fmt.Errorf("forget %s: %w", f.Name, err)
		}
	}
	return nil
}

// Forgotten reports whether the deal's people were forgotten.
func (e *Escrow) Forgotten() bool { return e.Buyer == "" }

// EndedAt is when an ended deal ended, in UTC; of an ended deal without a log, when it would have lapsed.
func (e *Escrow) EndedAt() time.Time {
	if x := e.last(); x != nil {
		return time.UnixMilli(x.At).UTC()
	}
	return e.ExpiresAt()
}

// HasBooks reports whether money came for the deal.
func (e *Escrow) HasBooks() bool {
	return e.IsBefore() || slices.ContainsFunc(e.Log, func(x Entry) bool {
		return len(x.Posts) > 0 || x.Move == string(MoveHold)+":"+HoldCurrency
	})
}
