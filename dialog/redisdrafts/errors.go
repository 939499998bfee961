package redisdrafts

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/lockbay/lockbay/dialog"
)

// canceledError is the caller's own cancellation or deadline. The breaker ignores
// it.
type canceledError struct{ err error }

func (e *canceledError) Error() string { return e.err.Error() }
func (e *canceledError) Unwrap() error { return e.err }

// deadError is a failed attempt to connect.
type deadError struct{ err error }

func (e *deadError) Error() string { return "connect: " + e.err.Error() }
func (e *deadError) Unwrap() error { return e.err }

// answered reports whether Redis serves us. An error of one key or one command
// (a wrong type, no memory for writes) must leave the breaker closed for all
// others.
func answered(err error) bool {
	if err == nil || errors.Is(err, dialog.ErrNotFound) {
		return true
	}
	var dead *deadError
	answer, ok := rueidis.IsRedisErr(err)
	if errors.As(err, &dead) || !ok {
		return false
	}
	for _, not := range []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOAUTH", "WRONGPASS"} {
		if strings.HasPrefix(answer.Error(), not) {
			return false
		}
	}
	return true
}

func wrongType(err error) bool {
	answer, ok := rueidis.IsRedisErr(err)
	return ok && strings.HasPrefix(answer.Error(), "WRONGTYPE")
}

func unavailable(err error) error {
	if errors.Is(err, dialog.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: %w", dialog.ErrUnavailable, err)
}
