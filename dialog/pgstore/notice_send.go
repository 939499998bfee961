package pgstore

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// notifier sends notices outside of any commit, because transactions with NOTIFY commit
// one at a time. Notices beyond its queue are dropped, and so are those that cannot be sent.
// The next one then says that any row may have changed.
type notifier struct {
	id    string // of this store, which ignores its own notices
	queue chan []string
	done  chan struct{} // closed when run has ended
	until atomic.Int64  // when notices end for want of listeners, in Unix nanoseconds
	lost  atomic.Bool   // notices were dropped, and nobody knows yet

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
		n.lost.Store(true)
	}
}

// whole is what a notice says: also that any row may have changed, if notices were dropped.
func (n *notifier) whole(keys []string) []string {
	if n.lost.Swap(false) {
		return append(slices.Clone(keys), anyKey)
	}
	return keys
}

// run sends notices until ctx ends, and then those that are queued: a short-lived process
// has written just before it ends. Instead of notices that could not be sent it tries to say
// that any row may have changed, each second. From the second failure in a row on trouble
// hears why, at most once a minute.
func (n *notifier) run(ctx context.Context, cfg *pgx.ConnConfig, trouble func(what string, err error)) {
	defer close(n.done)
	var c *pgx.Conn
	defer func() { closeConn(c) }()
	var reported time.Time
	failures := 0
	for {
		var keys []string
		if failures == 0 { // else that notices were lost is all there is to say
			select {
			case <-ctx.Done():
				n.flush(c, cfg)
				return
			case keys = <-n.queue:
			}
		}
		var err error
		if c == nil {
			c, err = connect(context.WithoutCancel(ctx), cfg) // also when the store closes meanwhile
		}
		if err == nil {
			err = n.send(ctx, c, n.whole(keys))
		}
		if err == nil {
			failures = 0
			continue
		}
		n.lost.Store(true)
		closeConn(c)
		c = nil
		if failures++; failures > 1 && time.Since(reported) >= noticeEvery {
			reported = time.Now()
			trouble("notices", failed("send notices", err))
		}
		select {
		case <-ctx.Done():
			n.flush(c, cfg)
			return
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
	keys = n.whole(keys)
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
