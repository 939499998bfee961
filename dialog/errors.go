package dialog

import "errors"

// The errors that mean something. Everything else is a defect or a passing
// trouble of the store, and is treated like ErrUnavailable.
var (
	// ErrNotFound: there is no such conversation.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable: the store did not answer; the outcome is unknown and may
	// pass. It is never treated as not found.
	ErrUnavailable = errors.New("unavailable")
	// ErrSchemaNewer: this version cannot handle it, a newer one probably can
	// (and wrote it); it is left untouched.
	ErrSchemaNewer = errors.New("written by a newer version")
	// ErrConflict: the row is not what the caller saw. Never shown to a person.
	ErrConflict = errors.New("conflict")
)
