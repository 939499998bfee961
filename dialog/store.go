package dialog

import (
	"context"
	"time"
)

// Store keeps conversations, one row each. It sees bytes, gives them back
// exactly, and decides nothing. All methods may be called concurrently, by many
// processes. Times are the store's own clock, in whole milliseconds.
//
// A store that cannot be reached, or does not answer in time, is ErrUnavailable,
// never ErrNotFound. Every error that is none of the ones named here means
// "unknown", and callers treat it the same. A cancelled context ends a call with
// the context's error; a commit that was cut off may have happened or not, but
// is whole either way. dialogtest.TestStore proves all this of a store.
type Store interface {
	// Head reads a conversation without its draft, Load the whole row: one
	// query each. A missing or forgotten key is ErrNotFound. An expired
	// conversation is returned like any other: ending it is a turn.
	Head(ctx context.Context, key Key) (Head, error)
	Load(ctx context.Context, key Key) (*Row, error)
	// List returns rows in the order of their keys.
	List(ctx context.Context, q Query) ([]*Row, error)
	// Commit writes a batch in one transaction: the winners' rows, starts and
	// events, then the marks, which hurt no turn. There is one verdict per turn (see Judge): a
	// conflict is a verdict, not an error, and hurts no other turn. When it
	// returns an error nothing of the batch is known to be written. No key comes
	// twice in one batch, and turns come sorted by key.
	Commit(ctx context.Context, b *Batch) (Committed, error)
	// Due returns rows with due ≤ q.Until, in the order of (due, key).
	Due(ctx context.Context, q DueQuery) ([]*Row, error)
	// Forget deletes a row if it still has this stamp, else ErrConflict; a
	// missing one is ErrNotFound.
	Forget(ctx context.Context, key Key, at Stamp) error
	// Lease gives name to holder until ttl from now on the store's clock, at
	// most LeaseMost, or extends it; false while another holds it. One that ends
	// later than anybody can have asked for was given before that clock was set
	// back, and is free. ttl ≤ 0 gives it back: false if it was not holder's.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Holders tells who holds the leases whose names begin with prefix, by name.
	// It only reads.
	Holders(ctx context.Context, prefix string) (map[string]string, error)
	// Secret returns the secret of this name, storing fresh if there is none
	// yet: of several callers at once all get the same. Without fresh (nil) it
	// only looks: ErrNotFound if there is none.
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
	// Prune deletes events older than before and returns how many, at most
	// 10,000 a call.
	Prune(ctx context.Context, before time.Time) (int, error)
	// Now is the store's clock, in whole milliseconds.
	Now(ctx context.Context) (time.Time, error)
	// Close ends what is under way; every later call is ErrUnavailable.
	Close() error
}

// LeaseMost is the longest lease; who asks for more gets this. A lease that ends
// later than a second beyond it is free, see [Store].
const LeaseMost = time.Minute

// Row is a record as stores keep it: columns that queries need, and bytes.
type Row struct {
	Head
	Answers []byte // nil: no draft in the row
	State   []byte
	Seen    []byte // 8 bytes an input
	Shown   []byte // written by marks only, and when the row is created
	Due     int64  // unix milliseconds; 0: nothing to come
}

// Write is a turn to be written: the row as it shall be, if it still has the stamp Before
// (zero: if there is none yet).
type Write struct {
	Before Stamp
	After  *Row
	Input  uint64 // hash that Judge looks for in the row that was found instead
	Starts []*Row // created with it; a key that is taken vetoes the turn
	Events []Event
}

// ShownMark sets the column shown of a row to New, if it is Had (no bytes and null
// are the same) and the row's version is at least Least.
type ShownMark struct {
	Key   Key
	Had   []byte
	New   []byte
	Least int64
}

// Marked is what became of a ShownMark.
type Marked struct {
	Applied bool
	Version int64  // of the row; 0: there is none
	Shown   []byte // what the row has, if the mark was not applied
}

// DueMark sets when a row is looked at next, if it still has this version.
type DueMark struct {
	Key     Key
	Version int64
	Due     int64 // unix milliseconds
}

// Batch is what one transaction writes.
type Batch struct {
	Writes []*Write
	Shown  []ShownMark // of each key one at most
	Due    []DueMark
	Events []Event // of no turn of this batch
}

// Committed is what became of a batch.
type Committed struct {
	Verdicts []Verdict // one for each of Writes
	Marked   []Marked  // one for each of Shown
	Now      time.Time // the store's clock, in whole milliseconds
}

// Verdict of one turn.
type Verdict uint8

// The verdicts. Duplicate is judged before Conflicts.
const (
	Unknown   Verdict = iota
	Applied           // written (or found to have been written before by this very turn)
	Duplicate         // the row that is there has seen this input
	Conflicts         // the row that is there is another one, or there is none
	Taken             // a start's key is taken: nothing of the turn was written
)

func (v Verdict) String() string {
	return named(v, []string{"unknown", "applied", "duplicate", "conflict", "taken"})
}

// Judge tells what became of a write that did not find the stamp that it
// wanted; found is the row that is there (its stamp and seen), nil for none.
func Judge(w *Write, found *Row) Verdict {
	switch {
	case found == nil:
		return Conflicts
	case found.Tag == w.After.Tag && found.Version == w.After.Version:
		return Applied // the answer of an earlier try was lost
	}
	if w.Input != 0 {
		for _, h := range decodeSeen(found.Seen) {
			if h == w.Input {
				return Duplicate
			}
		}
	}
	return Conflicts
}

// Query of a list. Empty fields do not narrow it.
type Query struct {
	Bot, Owner, Flow, Step string
	Deep                   bool   // with Answers, State, Seen and Shown
	After                  string // Key.String of the last row of the page before
	Limit                  int    // defaults to 100
}

// DueQuery asks for rows whose time has come.
type DueQuery struct {
	Until    time.Time
	After    int64  // due of the last row of the page before
	AfterKey string // its key
	Limit    int    // defaults to 100
}
