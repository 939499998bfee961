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

// away reports whether err is about the server or the way to it. What the
// statement or its values are to blame for is not: another try of the same
// would fail again, its neighbours would not. Nor is a deadlock or a
// serialisation failure: the turns go through one by one.
func away(err error) bool {
	c := code(err)
	if c == "" {
		return true // the connection, a deadline
	}
	switch c[:2] {
	case "08", "28", "3D", "53", "57", "58", "XX": // connection, login, no such database, resources (disk full), operator, system, internal
		return true
	}
	switch c {
	case "25006", "25P03", "25P04", "55P03", "40003": // read-only, idle or too long in a transaction, lock timeout, completion unknown
		return true
	}
	return false
}

// broken reports whether other connections of the pool are likely to be as
// useless as the one that gave err: it was cut, or leads to a server that is
// going down or takes no writes any more.
func broken(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, dialog.ErrNotFound) {
		return false
	}
	switch c := code(err); c {
	case "":
		return !isOurs(err)
	case "25006", "57P01", "57P02", "57P03":
		return true
	}
	return false
}

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
	switch {
	case err == nil:
		return nil
	case isOurs(err) || !away(err):
	default:
		err = fmt.Errorf("%w: %w", dialog.ErrUnavailable, err)
	}
	if c := code(err); c == "42P05" || c == "26000" {
		return fmt.Errorf("postgres: %s: %w (behind a pooler, add default_query_exec_mode=exec to the URL)", verb, err)
	}
	return fmt.Errorf("postgres: %s: %w", verb, err)
}
