package pgstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockbay/lockbay/dialog"
)

const (
	channel      = "dialog_written"
	noticeMax    = 7500 // bytes of one; PostgreSQL takes less than 8,000
	noticeQueue  = 256  // batches
	noticeAgain  = time.Second
	noticeWithin = 5 * time.Second
	noticeQuiet  = 30 * time.Second // then the connection is asked whether it lives
	noticeTold   = time.Minute
)

// ErrDeaf says that a notice which was sent to try the way never came.
var ErrDeaf error = refusal("LISTEN works there, but what is told is not heard: a pooler stands between, or it is another database; a URL that leads to the server itself is wanted")

// Notices calls fn with the keys that other instances (WithNotices) have
// written, until ctx ends or fn returns an error. It listens on a connection of
// its own to directURL (empty: the store's), which must not lead through a
// pooler, and makes it again when it breaks. fn gets no keys at all when notices
// may have been missed, as at the beginning: any row may have changed. A notice
// that is lost costs freshness only.
//
// trouble, unless nil, is told why nothing is heard, each minute at most: why no
// connection can be had, or ErrDeaf. A connection that breaks and is made again at once is none.
func (s *Store) Notices(ctx context.Context, directURL string, fn func(keys []string) error, trouble func(error)) error {
	cfg, err := s.noticesAt(directURL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	var told time.Time
	failures := 0
	heard := func() error { failures = 0; return nil }
	for {
		err := s.listen(ctx, cfg, heard, fn)
		var stop stopped
		switch {
		case errors.As(err, &stop):
			return stop.error
		case s.closed.Load():
			return failed("notices", errClosed)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		failures++
		deaf := errors.Is(err, ErrDeaf)
		if trouble != nil && (deaf || failures > 1) && time.Since(told) >= noticeTold {
			told = time.Now()
			trouble(failed("notices", err))
		}
		again := noticeAgain
		if deaf {
			again = noticeTold
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// Heard tries the way of [Store.Notices]: nil when what a store at url tells is heard
// at directURL (empty: the same), ErrDeaf when it is not, within 5 s. Tables
// are not touched, and instances that listen take no notice.
func Heard(ctx context.Context, url, directURL string) error {
	s, err := prepare(ctx, url, nil)
	if err != nil {
		return err
	}
	defer s.Close()
	cfg, err := s.noticesAt(directURL)
	if err != nil {
		return err
	}
	enough := errors.New("heard")
	err = s.listen(ctx, cfg, func() error { return enough }, func([]string) error { return nil })
	if errors.Is(err, stopped{enough}) {
		return nil
	}
	return failed("notices", err)
}

// noticesAt is where to listen: at directURL, or where the store is. Either may be a
// pool's URL: the server knows no pool_max_conns.
func (s *Store) noticesAt(directURL string) (*pgx.ConnConfig, error) {
	if directURL == "" {
		return s.pool.Config().ConnConfig, nil
	}
	pool, err := pgxpool.ParseConfig(directURL)
	if err != nil {
		return nil, fmt.Errorf("postgres: notices: %w", err)
	}
	return pool.ConnConfig, nil
}

// stopped is an error of the one who is told.
type stopped struct{ error }

// listen hears notices until something breaks. heard is called when the way was
// found to be open.
func (s *Store) listen(ctx context.Context, cfg *pgx.ConnConfig, heard func() error, fn func(keys []string) error) error {
	c, err := connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer closeConn(c)
	begun, cancel := context.WithTimeout(ctx, noticeWithin)
	_, err = c.Exec(begun, "listen "+channel)
	cancel()
	if err != nil {
		return err
	}
	if err := fn(nil); err != nil {
		return stopped{err}
	}
	// A pooler takes LISTEN, and lets nothing through: only a notice that comes the
	// way of all others tells.
	ping := "ping " + rand.Text()
	if err := s.ping(ctx, ping); err != nil {
		return err
	}
	open := false
	for sent := time.Now(); ; {
		most := noticeQuiet
		if !open {
			most = noticeWithin - time.Since(sent)
		}
		wait, cancel := context.WithTimeout(ctx, most)
		n, err := c.WaitForNotification(wait)
		quiet := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if quiet && !open {
			return ErrDeaf
		}
		if quiet {
			// Nothing for long: is it quiet, or has the way been cut?
			begun, cancel := context.WithTimeout(ctx, noticeWithin)
			err = c.Ping(begun)
			cancel()
			if err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if n.Channel == channel && n.Payload == ping {
			open = true
			if err := heard(); err != nil {
				return stopped{err}
			}
			continue
		}
		from, list, _ := strings.Cut(n.Payload, " ")
		var keys []string
		if n.Channel != channel || s.notifier != nil && from == s.notifier.id || json.Unmarshal([]byte(list), &keys) != nil || len(keys) == 0 {
			continue
		}
		if err := fn(keys); err != nil {
			return stopped{err}
		}
	}
}

// ping sends a notice as the other instances do, on another connection.
func (s *Store) ping(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, noticeWithin)
	defer cancel()
	return s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `select pg_notify($1, $2)`, channel, text)
		return err
	})
}

// notifier sends notices, outside of any commit: inside, NOTIFY lets only one
// transaction commit at a time. When it does not keep up, notices are dropped.
type notifier struct {
	id    string // of this store
	queue chan []string
}

func newNotifier() *notifier {
	return &notifier{id: rand.Text(), queue: make(chan []string, noticeQueue)}
}

// wrote tells of the winners of a batch and what they started.
func (n *notifier) wrote(writes []*dialog.Write, verdicts []dialog.Verdict) {
	var keys []string
	for i, w := range writes {
		if verdicts[i] == dialog.Applied {
			keys = append(keys, w.After.Key.String())
			for _, r := range w.Starts {
				keys = append(keys, r.Key.String())
			}
		}
	}
	n.tell(keys)
}

func (n *notifier) tell(keys []string) {
	if len(keys) == 0 {
		return
	}
	select {
	case n.queue <- keys:
	default:
	}
}

// run sends until ctx ends. What cannot be sent is dropped.
func (n *notifier) run(ctx context.Context, cfg *pgx.ConnConfig) {
	var c *pgx.Conn
	defer func() { closeConn(c) }()
	for {
		select {
		case <-ctx.Done():
			return
		case keys := <-n.queue:
			var err error
			if c == nil {
				c, err = connect(ctx, cfg)
			}
			if err == nil {
				err = n.send(ctx, c, keys)
			}
			if err == nil {
				continue
			}
			closeConn(c)
			c = nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(noticeAgain):
		}
	}
}

// send is not cut by the end of the store: that would ask the server to cancel,
// on one more connection.
func (n *notifier) send(ctx context.Context, c *pgx.Conn, keys []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeWithin)
	defer cancel()
	_, err := c.Exec(ctx, `select pg_notify('`+channel+`', notice) from unnest($1::text[]) as notice`, n.payloads(keys))
	return err
}

// payloads packs keys into as few notices as they need.
func (n *notifier) payloads(keys []string) (list []string) {
	var b []byte
	for _, k := range keys {
		e, _ := json.Marshal(k)
		if len(e) > noticeMax/2 {
			continue
		}
		if len(b)+len(e) > noticeMax {
			list = append(list, string(b)+"]")
			b = nil
		}
		if b == nil {
			b = append([]byte(n.id), " ["...)
		} else {
			b = append(b, ',')
		}
		b = append(b, e...)
	}
	if b != nil {
		list = append(list, string(b)+"]")
	}
	return list
}

func connect(ctx context.Context, cfg *pgx.ConnConfig) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, noticeWithin)
	defer cancel()
	cfg = cfg.Copy()
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // through a pooler too
	return pgx.ConnectConfig(ctx, cfg)
}

func closeConn(c *pgx.Conn) {
	if c == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.Close(ctx)
}
