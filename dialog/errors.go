package dialog

import (
	"errors"
	"fmt"
)

// The errors that callers distinguish. Any other is a defect or a passing trouble of the
// store, and is treated like ErrUnavailable.
var (
	// ErrNotFound: the conversation, row or value does not exist.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the store did not answer. The outcome is unknown, and a retry may
	// succeed. It is never treated as ErrNotFound.
	ErrUnavailable = errors.New("unavailable")
	// ErrSchemaNewer: a newer version wrote the record or made the tables. This version
	// leaves them untouched.
	ErrSchemaNewer = errors.New("written by a newer version")
	// ErrConflict: the row has changed since the caller read it. Never shown to a person.
	ErrConflict = errors.New("conflict")
)

// errClosing is the error of inputs and turns that come after Close.
var errClosing = fmt.Errorf("closing: %w", ErrUnavailable)
