package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockbay/lockbay/dialog"
)

var errClosed = fmt.Errorf("store is closed: %w", dialog.ErrUnavailable)

// code is the SQLSTATE of err, empty if the server did not send it.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// meaning is what an error says beyond the statement that it answers.
type meaning uint8

const (
	// away: it is about the server or the way to it. What the statement or its
	// values are to blame for is not: another try of the same would fail again, its
	// neighbours would not.
	away meaning = 1 << iota
	// stale: other connections of the pool are likely to be as useless: they were
	// cut, or lead to a server that is going down or takes no writes any more.
	stale
	// again: nothing was done, and may be tried at once.
	again
	// pooler: the server knows other prepared statements than this connection has made.
	pooler
)

// meanings :: SQLSTATE, or its class → what it says.
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

	"26000": again | stale | pooler, // no such prepared statement
	"42P05": again | stale | pooler, // it is there already
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

// errPooler is a connection that turned out to lead through a pooler.
var errPooler = errors.New("a pooler stands before the server")

// refusal is an error that says what is wrong with the set-up: nothing passes by waiting.
type refusal string

func (r refusal) Error() string { return string(r) }

func isOurs(err error) bool {
	if _, ok := errors.AsType[refusal](err); ok {
		return true
	}
	for _, e := range []error{dialog.ErrNotFound, dialog.ErrConflict, dialog.ErrSchemaNewer, dialog.ErrUnavailable} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// failed gives err the meaning that dialog knows, and names the call.
func failed(verb string, err error) error {
	if err == nil {
		return nil
	}
	if meaningOf(err)&away != 0 {
		err = fmt.Errorf("%w: %w", dialog.ErrUnavailable, err)
	}
	return fmt.Errorf("postgres: %s: %w", verb, err)
}
