package sqlitestore

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/lockbay/lockbay/dialog"
)

var errClosed = fmt.Errorf("sqlite: store is closed: %w", dialog.ErrUnavailable)

var errReading = fmt.Errorf("sqlite: store is open for reading alone: %w", dialog.ErrUnavailable)

// ErrForeign is the error of [Status] for a file that is no SQLite database, or has tables and none of a Store.
var ErrForeign = errors.New("the file is another program's")

// code returns SQLite's primary result code of err, 0 for none.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

func isBusy(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}

// normalise translates SQLite's errors for dialog. Errors of the statement or
// its values stay as they are: a retry would fail again, the other turns of the
// batch would succeed. All others, such as busy, a full disk or an I/O error,
// become ErrUnavailable.
func normalise(err error) error {
	switch code(err) {
	case 0, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH,
		sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_MISUSE:
		return err
	}
	if errors.Is(err, dialog.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", dialog.ErrUnavailable, err)
}

// failed wraps err with the name of the call.
func failed(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlite: %s: %w", verb, normalise(err))
}
