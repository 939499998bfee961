package pgstore

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	channel      = "dialog_written"
	noticeMax    = 5500 // bytes of one notice before it is sealed; PostgreSQL accepts less than 8,000
	noticeQueue  = 256  // batches
	noticeAgain  = time.Second
	noticeWithin = 5 * time.Second
	noticePing   = 30 * time.Second // between the test notices of a store that listens
	noticeAnswer = time.Second      // in which listeners answer a store that begins to listen
	noticeMet    = 6 * noticePing   // how long another store counts as listening after its test notice
	noticeEvery  = time.Minute
	noticeLast   = 2 * time.Second // for the notices of a store that closes

	sendNotices = `select pg_notify('` + channel + `', notice) from unnest($1::text[]) as notice`
)

// anyKey stands for all keys: any row may have changed.
const anyKey = ""

// ErrNoNotices says that a test notice did not arrive.
var ErrNoNotices error = setupError("NOTIFY does not arrive: the URL goes through a pooler, or to another database; use a URL of the server itself")

// Notices calls fn with the keys that other instances (WithNotices) have written, until
// ctx ends or fn returns an error. It listens on a connection of its own to directURL
// (empty: the store's URL), which must not go through a pooler, and reconnects when that
// breaks. fn gets no keys when notices may have been missed, as at the beginning: any row
// may have changed. After a lost notice a cached record stays old for a while, which the
// next commit finds out.
//
// A store that listens hears which others do. While it is alone it sends no notices, which
// saves a tenth of a lone turn's time.
//
// trouble (nil: none) gets the reason why no notices arrive, at most once a minute: the
// second failed connection in a row, or ErrNoNotices.
func (s *Store) Notices(ctx context.Context, directURL string, fn func(keys []string) error, trouble func(error)) error {
	cfg, err := s.noticesAt(directURL)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	var reported time.Time
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
		deaf := errors.Is(err, ErrNoNotices)
		if trouble != nil && (deaf || failures > 1) && time.Since(reported) >= noticeEvery {
			reported = time.Now()
			trouble(failed("notices", err))
		}
		again := noticeAgain
		if deaf {
			again = noticeEvery
		}
		select {
		case <-ctx.Done():
		case <-time.After(again):
		}
	}
}

// Heard tests [Store.Notices]: it sends a notice by url and listens at directURL (empty:
// the same) for up to 5 s. If the notice does not arrive, it returns ErrNoNotices. Heard leaves
// tables alone, and other instances ignore its notice.
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

// noticesAt is where to listen: at directURL (empty: the store's URL). Both may have
// settings of a pool, which the server would reject.
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

// stopped is an error of a callback.
type stopped struct{ error }

// listen receives notices until something fails. It calls heard when its own test notice
// arrives.
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
	defer s.notifier.hears()()
	if err := stop(fn(nil)); err != nil {
		return err
	}
	var seal cipher.AEAD
	if s.opened { // else this is a test, perhaps before there are tables
		if seal, err = s.noticeCipher(ctx); err != nil {
			return err
		}
	}
	for pings := newPings(); ; {
		if pings.due() {
			if err := s.ping(ctx, pings.text); err != nil {
				return err
			}
			pings.sent, pings.back, pings.answer = time.Now(), false, false
		}
		n, err := notification(ctx, c, pings.until())
		switch {
		case err != nil:
			return err
		case n == nil:
			err = pings.late()
		case n.Channel != channel:
		case n.Payload == pings.text:
			if pings.back = true; !pings.open {
				pings.open = true
				err = stop(heard())
			}
		case strings.HasPrefix(n.Payload, "ping "):
			s.notifier.met()
			pings.hear(n.Payload)
		default:
			var keys []string
			if keys, err = s.keysIn(ctx, n, &seal); slices.Contains(keys, anyKey) {
				err = stop(fn(nil))
			} else if len(keys) > 0 {
				err = stop(fn(keys))
			}
		}
		if err != nil {
			return err
		}
	}
}

func stop(err error) error {
	if err != nil {
		return stopped{err}
	}
	return nil
}

// pings are the test notices of a connection that listens. A pooler accepts LISTEN and
// delivers no notices: only the first test notice tells. Later ones tell that the connection
// works, and the other stores that this one listens. A store that begins to listen is
// answered at once.
type pings struct {
	text   string
	sent   time.Time
	back   bool            // the last one was delivered
	open   bool            // one was
	answer bool            // to a store that was not known
	known  map[string]bool // test notices of others
}

func newPings() *pings {
	return &pings{text: "ping " + rand.Text(), back: true, known: map[string]bool{}}
}

func (p *pings) due() bool { return p.back && (p.answer || time.Since(p.sent) >= noticePing) }

// until is when the next one is due, or the last one late.
func (p *pings) until() time.Time {
	if p.back {
		return p.sent.Add(noticePing)
	}
	return p.sent.Add(noticeWithin)
}

// late is the error of a last one that was not delivered in time.
func (p *pings) late() error {
	switch {
	case p.back:
		return nil
	case p.open:
		return errors.New("the connection for notices delivers none")
	default:
		return ErrNoNotices
	}
}

// hear notes the test notice of another store.
func (p *pings) hear(text string) {
	if p.known[text] {
		return
	}
	if len(p.known) == noticeQueue {
		clear(p.known)
	}
	p.known[text], p.answer = true, true
}

// notification waits for one until the time; nil: none came.
func notification(ctx context.Context, c *pgx.Conn, until time.Time) (*pgconn.Notification, error) {
	wait, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	n, err := c.WaitForNotification(wait)
	if wait.Err() != nil && ctx.Err() == nil {
		return nil, nil
	}
	return n, err
}

// keysIn are the keys of another instance's notice; any other notice has none. It reads
// the cipher as soon as there is a key.
func (s *Store) keysIn(ctx context.Context, n *pgconn.Notification, seal *cipher.AEAD) (keys []string, err error) {
	from, list, _ := strings.Cut(n.Payload, " ")
	if s.notifier != nil && from == s.notifier.id {
		return nil, nil
	}
	if *seal == nil && s.opened && isSealed(list) {
		if *seal, err = s.noticeCipher(ctx); err != nil {
			return nil, err
		}
	}
	_ = json.Unmarshal([]byte(unsealed(*seal, list)), &keys) // another notice has no keys
	return keys, nil
}

// ping sends the test notice, on a connection of the pool.
func (s *Store) ping(ctx context.Context, text string) error {
	ctx, cancel := context.WithTimeout(ctx, noticeWithin)
	defer cancel()
	return s.call(ctx, true, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `select pg_notify($1, $2)`, channel, text)
		return err
	})
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
