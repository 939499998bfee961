package pgstore

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lockbay/lockbay/dialog"
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

// notifier sends notices outside of any commit, because transactions with NOTIFY commit
// one at a time. Notices beyond its queue are dropped.
type notifier struct {
	id    string // of this store, which ignores its own notices
	queue chan []string
	done  chan struct{} // closed when run has ended
	until atomic.Int64  // when notices end for want of listeners, in Unix nanoseconds

	cipher cipher.AEAD // of run; nil until its key was read
}

func newNotifier() *notifier {
	n := &notifier{id: rand.Text(), queue: make(chan []string, noticeQueue), done: make(chan struct{})}
	n.until.Store(math.MaxInt64)
	return n
}

// hears begins to listen, until end. Listeners that are there already answer within
// noticeAnswer, as a rule; an answer that comes later ends the silence. A store that does not listen never knows that it is alone.
func (n *notifier) hears() (end func()) {
	if n == nil {
		return func() {}
	}
	n.until.Store(time.Now().Add(noticeAnswer).UnixNano())
	return func() { n.until.Store(math.MaxInt64) }
}

// met notes that another store listens. If none was known, it may have read rows that were
// written without a notice since.
func (n *notifier) met() {
	if n == nil {
		return
	}
	alone := n.alone()
	n.until.Store(time.Now().Add(noticeMet).UnixNano())
	if alone {
		n.announce([]string{anyKey})
	}
}

func (n *notifier) alone() bool { return time.Now().UnixNano() > n.until.Load() }

// wrote queues the keys of a batch's winners and of their starts.
func (n *notifier) wrote(writes []*dialog.Write, verdicts []dialog.Verdict) {
	if n.alone() {
		return
	}
	var keys []string
	for i, w := range writes {
		if verdicts[i] == dialog.Applied {
			keys = append(keys, w.After.Key.String())
			for _, r := range w.Starts {
				keys = append(keys, r.Key.String())
			}
		}
	}
	n.announce(keys)
}

func (n *notifier) announce(keys []string) {
	if len(keys) == 0 || n.alone() {
		return
	}
	select {
	case n.queue <- keys:
	default:
	}
}

// run sends notices until ctx ends, and then those that are queued: a short-lived process
// has written just before it ends. Notices that cannot be sent are dropped, and from the
// second failure in a row on trouble hears why, at most once a minute.
func (n *notifier) run(ctx context.Context, cfg *pgx.ConnConfig, trouble func(what string, err error)) {
	defer close(n.done)
	var c *pgx.Conn
	defer func() { closeConn(c) }()
	var reported time.Time
	failures := 0
	for {
		select {
		case <-ctx.Done():
			n.flush(c, cfg)
			return
		case keys := <-n.queue:
			var err error
			if c == nil {
				c, err = connect(context.WithoutCancel(ctx), cfg) // also when the store closes meanwhile
			}
			if err == nil {
				err = n.send(ctx, c, keys)
			}
			if err == nil {
				failures = 0
				continue
			}
			closeConn(c)
			c = nil
			if failures++; failures > 1 && time.Since(reported) >= noticeEvery {
				reported = time.Now()
				trouble("notices", failed("send notices", err))
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(noticeAgain):
		}
	}
}

// flush sends all that is queued, within noticeLast. c may be nil.
func (n *notifier) flush(c *pgx.Conn, cfg *pgx.ConnConfig) {
	var keys []string
	for more := true; more; {
		select {
		case some := <-n.queue:
			keys = append(keys, some...)
		default:
			more = false
		}
	}
	if len(keys) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), noticeLast)
	defer cancel()
	if c == nil {
		var err error
		if c, err = connect(ctx, cfg); err != nil {
			return
		}
		defer closeConn(c)
	}
	_ = n.sendOn(ctx, c, keys)
}

// send goes on when the store closes: a cancelled query would open one more connection,
// to ask the server for the cancellation.
func (n *notifier) send(ctx context.Context, c *pgx.Conn, keys []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noticeWithin)
	defer cancel()
	return n.sendOn(ctx, c, keys)
}

func (n *notifier) sendOn(ctx context.Context, c *pgx.Conn, keys []string) (err error) {
	if n.cipher == nil {
		if n.cipher, err = makeNoticeCipher(ctx, c); err != nil {
			return err
		}
	}
	_, err = c.Exec(ctx, sendNotices, sealed(n.cipher, n.payloads(keys)))
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
