package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockbay/lockbay/dialog"
)

var errClosed = fmt.Errorf("store is closed: %w", dialog.ErrUnavailable)

// code is the SQLSTATE of err; empty: the server did not send err.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// meaning says what an error is about, beside the statement that it answers.
type meaning uint8

const (
	// away: the server, or the connection to it. Without this bit the statement or its
	// values are wrong: they would fail again, and other statements would not.
	away meaning = 1 << iota
	// stale: the pool's other connections are probably useless, too: they are cut, or
	// their server is going down or read-only.
	stale
	// again: the statement had no effect, and may be tried at once.
	again
	// pooler: the server's prepared statements differ from those of this connection.
	pooler
)

// meanings :: SQLSTATE, or its class → meaning
var meanings = map[string]meaning{
	"08": away, // connection
	"28": away, // login
	"3D": away, // no such database
	"53": away, // resources, disk full
	"57": away, // operator
	"58": away, // system
	"XX": away, // internal

	"25006": away | stale, // read-only
	"25P03": away,         // idle in a transaction for too long
	"25P04": away,         // too long in a transaction
	"40003": away,         // completion unknown
	"55P03": away,         // lock timeout
	"57P01": away | stale, // going down
	"57P02": away | stale, // crashed
	"57P03": away | stale, // starting

	"40001": again, // serialisation
	"40P01": again, // deadlock

	"26000": again | stale | pooler, // prepared statement is missing
	"42P05": again | stale | pooler, // prepared statement exists
}

func meaningOf(err error) meaning {
	c := code(err)
	m, ok := meanings[c]
	switch {
	case err == nil || isOurs(err):
		return 0
	case errors.Is(err, errPooler):
		return again | stale | pooler
	case c == "" && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)):
		return away
	case c == "":
		return away | stale // the connection
	case ok:
		return m
	}
	return meanings[c[:2]]
}

// errPooler says that a connection goes through a pooler.
var errPooler = errors.New("the connection goes through a pooler")

// errLocked says that somebody else's transaction holds a row of a batch. The server is
// there, and the batch had no effect: its turns may be committed one by one.
var errLocked = errors.New("another transaction holds a row of this batch")

// errUnreadable says that a newer version, or somebody by hand, wrote a row.
var errUnreadable = fmt.Errorf("it cannot be read and stays as it is: %w", dialog.ErrSchemaNewer)

// setupError names a fault of the set-up, which does not pass by waiting.
type setupError string

func (e setupError) Error() string { return string(e) }

func isOurs(err error) bool {
	if _, ok := errors.AsType[setupError](err); ok {
		return true
	}
	for _, e := range []error{dialog.ErrNotFound, dialog.ErrConflict, dialog.ErrSchemaNewer, dialog.ErrUnavailable, errLocked} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// failed makes err an error of package dialog, and names the call.
func failed(verb string, err error) error {
	if err == nil {
		return nil
	}
	if meaningOf(err)&away != 0 {
		err = fmt.Errorf("%w: %w", dialog.ErrUnavailable, err)
	}
	return fmt.Errorf("postgres: %s: %w", verb, err)
}
