package lockbay

import (
	"slices"
	"time"
)

// A time runs out only if people could reach us in its last quarter, of DoorLeast to DoorMost, or all the time if it is shorter.
const (
	DoorLeast = 10 * time.Minute
	DoorMost  = 12 * time.Hour
)

// entryAway says that a time did not run out because we had been away. Its time is new.
const entryAway Move = "away"

// extendAway moves a time that is over to a later one if people could not reach us in the last quarter of it: since a.Open
// we answer again. It reports whether it did.
func (e *Escrow) extendAway(a *Act) bool {
	if a.Open.IsZero() || e.Status == Settling {
		return false
	}
	end := e.End()
	began := time.UnixMilli(e.Created)
	if last := e.last(); last != nil {
		began = time.UnixMilli(last.At)
	}
	length := max(end.Sub(began), 0)
	door := min(max(length/4, DoorLeast), DoorMost, length)
	if until := a.Open.Add(door); until.After(a.At) {
		e.note(a, Entry{Move: string(entryAway)}, "")
		by := until.Sub(end).Milliseconds()
		if e.Status == PaymentPending {
			e.Expires += by
		} else {
			e.Until += by
		}
		return true
	}
	return false
}

// LastMove is when somebody last moved the deal; zero: nobody did.
func (e *Escrow) LastMove() time.Time {
	for _, x := range slices.Backward(e.Log) {
		if x.verb() != entryAway {
			return time.UnixMilli(x.At).UTC()
		}
	}
	return time.Time{}
}

// Away reports whether the time of the status is later because we had been away.
func (e *Escrow) Away() bool {
	last := e.last()
	return last != nil && last.verb() == entryAway
}
