package sqlitestore

import (
	"context"
	"database/sql/driver"
	"time"
)

// lookEvery is how often a watched file is asked whether another process has written to it.
const lookEvery = 250 * time.Millisecond

// Notices calls fn soon after other processes have written to the file, until ctx ends or
// the store is closed. SQLite says that they have, and not what. While watched reports
// false nothing is asked, and fn hears nothing; when it reports true again, fn is called
// once, because something may have been missed. watched and fn are called by one goroutine.
func (s *Store) Notices(ctx context.Context, watched func() bool, fn func()) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var last look
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.writer.closed:
			return errClosed
		case <-tick.C:
		}
		if !watched() {
			last = look{}
			continue
		}
		now, err := s.look(ctx)
		if err == nil && now != last { // after an error the next look is compared with the one before
			last = now
			fn()
		}
	}
}

// look is what SQLite says of the changes of others. Numbers of two connections cannot be
// compared.
type look struct {
	at     *conn
	number int64
}

// look asks on the connection that writes: there the number counts the commits of all
// others, and its own leave it. On any other connection each commit of this process would
// look like one of another process.
func (s *Store) look(ctx context.Context) (look, error) {
	c, err := s.writer.take(ctx)
	if err != nil {
		return look{}, err
	}
	defer s.writer.put(c)
	at := look{at: c}
	err = c.query("pragma data_version", nil, func(v []driver.Value) error {
		at.number, _ = v[0].(int64)
		return nil
	})
	return at, err
}
