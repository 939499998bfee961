package dialog

import (
	"context"
	"time"
)

// Store keeps conversations, one row each. It returns bytes exactly as it got them, and
// decides nothing. All methods may be called concurrently, by many processes. Times are
// of the store's own clock, in whole milliseconds.
//
// A store that cannot be reached, or does not answer in time, returns ErrUnavailable,
// never ErrNotFound. Callers treat every error that is not named here like
// ErrUnavailable: the outcome is unknown. A cancelled context ends a call with the
// context's error; a commit that it cuts off is written whole or not at all.
// dialogtest.TestStore tests all this.
type Store interface {
	// Head reads a conversation without its draft, Load the whole row: one
	// query each. A missing or forgotten key is ErrNotFound. An expired
	// conversation is returned like any other, because a turn ends it. A row that the
	// store cannot read (somebody wrote it by hand) is ErrSchemaNewer; List and Due leave
	// it out, and nothing changes it.
	Head(ctx context.Context, key Key) (Head, error)
	Load(ctx context.Context, key Key) (*Row, error)
	// List returns rows in the order of their keys, or the newest first (see Query.Newest).
	List(ctx context.Context, q Query) ([]*Row, error)
	// Commit writes a batch in one transaction: rows, starts and events of the turns
	// that win. The marks follow, and a failed mark undoes no turn. Each turn gets a
	// verdict (see Judge): a conflict is a verdict, not an error, and leaves the other
	// turns alone. After an error the outcome of the whole batch is unknown. Each key
	// comes once in a batch, and turns come sorted by key.
	Commit(ctx context.Context, b *Batch) (Committed, error)
	// Due returns rows with due ≤ q.Until, in the order of (due, key).
	Due(ctx context.Context, q DueQuery) ([]*Row, error)
	// Forget deletes a row that has this stamp. A row with another stamp is
	// ErrConflict, a missing row ErrNotFound.
	Forget(ctx context.Context, key Key, at Stamp) error
	// Lease gives the lease name to holder, or extends it, until ttl from now on the
	// store's clock; LeaseMost bounds ttl. It returns false while another holder has
	// the lease. A lease that ends more than a second beyond LeaseMost was given before
	// the clock was set back, and is free. ttl ≤ 0 gives the lease back, and returns
	// false if it was not holder's. Also a lease that has run out stays holder's to give
	// back, until another holder has it.
	Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error)
	// Holders maps the names of held leases that begin with prefix to their holders. It
	// only reads.
	Holders(ctx context.Context, prefix string) (map[string]string, error)
	// Secret returns the secret of this name, and stores initial if there is none yet:
	// concurrent callers all get the same secret. With nil for initial it only reads,
	// and a missing secret is ErrNotFound.
	Secret(ctx context.Context, name string, initial []byte) ([]byte, error)
	// Prune deletes events older than before and returns how many, usually at
	// most 10,000 a call. It also deletes the leases that ended before that.
	Prune(ctx context.Context, before time.Time) (int, error)
	// Now is the store's clock, in whole milliseconds.
	Now(ctx context.Context) (time.Time, error)
	// Close waits for running calls, or ends them; every later call is ErrUnavailable.
	Close() error
}

// LeaseMost bounds the ttl of a lease.
const LeaseMost = time.Minute

// Row is a record as stores keep it: the columns that queries need, and bytes.
type Row struct {
	Head
	Answers []byte // nil: no draft in the row
	State   []byte
	Seen    []byte // 8 bytes an input
	Shown   []byte // written by marks, and when the row is created
	Due     int64  // unix milliseconds; 0: never
}

// Write is a turn to be written: After replaces the row that has the stamp Before (zero:
// there is no row yet).
type Write struct {
	Before Stamp
	After  *Row
	Input  uint64 // hash of the input, by which Judge recognises a duplicate
	Starts []*Row // rows created with it; a key that is taken fails the turn
	Events []Event
}

// ShownMark sets the column shown of a row to New if the column is Had (no bytes and
// null are the same) and the row's version is at least Least.
type ShownMark struct {
	Key   Key
	Had   []byte
	New   []byte
	Least int64
}

// Marked is the result of a ShownMark.
type Marked struct {
	Applied bool   // the column has New
	Version int64  // of the row; 0: there is none
	Shown   []byte // the row's column, if the mark was not applied
}

// DueMark sets when a row is due, if it still has this version.
type DueMark struct {
	Key     Key
	Version int64
	Due     int64 // unix milliseconds
}

// Batch is what one call writes: its turns in one transaction, and its marks with them or
// after them.
type Batch struct {
	Writes []*Write
	Shown  []ShownMark // at most one for each key
	Due    []DueMark
	Events []Event // besides those of Writes
}

// Committed is the result of a batch.
type Committed struct {
	Verdicts []Verdict // one for each of Writes
	Marked   []Marked  // one for each of Shown, unless MarksErr is set
	MarksErr error     // the turns are written; the outcome of Shown and Due is unknown
	Now      time.Time // the store's clock, in whole milliseconds
}

// Verdict of one turn.
type Verdict uint8

// The verdicts. Duplicate is judged before Conflicts.
const (
	Unknown   Verdict = iota
	Applied           // written, now or by an earlier try of this very turn
	Duplicate         // the row has seen this input
	Conflicts         // the row has another stamp, or is missing
	Taken             // a start's key is taken: nothing of the turn was written
)

func (v Verdict) String() string {
	return named(v, []string{"unknown", "applied", "duplicate", "conflict", "taken"})
}

// Judge gives the verdict of a write whose stamp did not match; found is the row as it
// is (stamp and seen), nil for none.
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
	Strict                 bool   // a row that cannot be read is an error

	// Newest lists the conversations whose owner or guest is Owner, which must be given,
	// by descending (Created, key); a row without Created comes last. The conversation
	// whose id is its owner is left out, because its draft may begin anew at any time: it
	// is read by its key. A page costs as much as its rows, however many there are; with
	// Step it also costs the rows at other steps that it passes.
	Newest       bool
	Everyone     bool      // with Newest, Bot and Flow: everyone's, whatever Owner is
	AfterCreated time.Time // with Newest and After: Created of that row
	Since        time.Time // with Newest: only rows with this Created or a later one
}

// lists reports whether r is a row of a list of the newest, behind the page before.
func (q *Query) lists(r *Row) bool {
	created, after := millis(r.Created), millis(q.AfterCreated)
	switch {
	case !q.Everyone && (q.Owner == "" || r.Owner != q.Owner && r.Guest != q.Owner), r.Key.ID == r.Owner, created < millis(q.Since):
		return false
	}
	return q.After == "" || created < after || created == after && r.Key.String() < q.After
}

// DueQuery asks for rows whose time has come.
type DueQuery struct {
	Bot, Flow string // empty fields do not narrow it
	Until     time.Time
	After     int64  // due of the last row of the page before
	AfterKey  string // its key
	Limit     int    // defaults to 100
}
