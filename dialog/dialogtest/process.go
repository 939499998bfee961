package dialogtest

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// errDead is the error of each call of a dead process.
var errDead = errors.New("this process is dead")

// process is the world of one engine: a store, a channel and a gate. When the process dies
// they are cut off at once, so a dead engine has no effect.
type process struct {
	store  dialog.Store
	chat   *Chat
	now    func() time.Time
	ledger *ledger
	dead   atomic.Bool
	busy   atomic.Int64 // calls in flight

	// around runs the call do of the name who: it may delay the call, prevent it or lose
	// its answer. nil: the call just runs.
	around func(who string, do func() error) error
	gate   func(point string)
	wrote  func(*dialog.Batch, dialog.Committed) // hears of each batch that is written
}

// ledger knows which messages the store names, and which process has to remove a replaced
// one. A message that the store does not name is lost when its process dies, because a send
// has no key by which a second one could be recognised.
type ledger struct {
	mu       sync.Mutex
	known    map[string]bool
	lost     map[string]bool     // removal failed, and is not tried again
	replaced map[string]*process // message → the process that removes it
	written  map[string]writer   // message → its last writer, until the store has that version
}

func newLedger() *ledger {
	return &ledger{known: map[string]bool{}, lost: map[string]bool{}, replaced: map[string]*process{}, written: map[string]writer{}}
}

func (l *ledger) commit(p *process, b *dialog.Batch, out dialog.Committed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, m := range b.Shown {
		l.mark(p, m, out.Marked[i])
	}
	for i, w := range b.Writes {
		if out.Verdicts[i] != dialog.Applied {
			continue
		}
		rows := w.Starts
		if w.Before == (dialog.Stamp{}) { // later turns leave the column shown
			rows = append([]*dialog.Row{w.After}, rows...)
		}
		for _, row := range rows {
			if r, err := dialog.Decode(row); err == nil {
				for _, p := range r.Places {
					l.known[r.ShownAt(p).Message] = true
				}
			}
		}
	}
}

// mark records the result of a mark: p removes a message that the row has lost by it or never
// got. One that the row had when p read it, and has no more, is removed by who replaced it. l.mu is held.
func (l *ledger) mark(p *process, m dialog.ShownMark, got dialog.Marked) {
	had, has := entries(m.Had), entries(m.New)
	if !got.Applied {
		known := had
		had, has = has, entries(got.Shown)
		for message := range known {
			delete(had, message)
		}
	}
	for message, version := range entries(m.New) {
		l.known[message] = true
		behind := got.Version > version // then p writes again
		if l.written[message] == (writer{p, m.Key}) && !behind {
			delete(l.written, message)
		}
	}
	for message := range had {
		if _, still := has[message]; !still {
			l.replaced[message] = p
		}
	}
}

// entries are the versions in a column shown, by message.
func entries(column []byte) map[string]int64 {
	var list []dialog.Shown
	_ = json.Unmarshal(column, &list) // garbage has no entries
	out := map[string]int64{}
	for _, s := range list {
		out[s.Message] = s.Version
	}
	return out
}

func (l *ledger) knows(message string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[message]
}

// writer is a process and the conversation that it showed. A message that was handed over
// shows another conversation, whose marks say nothing of this one.
type writer struct {
	proc *process
	key  dialog.Key
}

// wrote records that w has written to a message.
func (l *ledger) wrote(w writer, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.written[message] = w
}

// spoilt reports whether the last writer of a message died before the store knew of that
// write: the message may show an old card.
func (l *ledger) spoilt(message string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.written[message]
	return w.proc != nil && w.proc.dead.Load()
}

// drop records that a message could not be removed.
func (l *ledger) drop(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost[message] = true
}

// orphan reports whether a message is left behind for a good reason: the process that had
// to remove it died, or the removal failed.
func (l *ledger) orphan(message string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.replaced[message]
	return !l.known[message] || l.lost[message] || p != nil && p.dead.Load()
}

// call runs one call to the world.
func (p *process) call(who string, do func() error) error {
	p.busy.Add(1)
	defer p.busy.Add(-1)
	alive := func() error {
		if p.dead.Load() {
			return errDead
		}
		return do()
	}
	if p.around == nil || p.dead.Load() {
		return alive()
	}
	if err := p.around(who, alive); err != nil {
		return err
	}
	if p.dead.Load() {
		return errDead
	}
	return nil
}

func (p *process) pass(point string) {
	if p.gate != nil && !p.dead.Load() {
		p.gate(point)
	}
}

// config is c with the clock and the gate of this process.
func (p *process) config(c dialog.Config) dialog.Config {
	c.Now, c.Gate = p.now, p.pass
	if c.Recorder.Trouble == nil {
		c.Recorder.Trouble = func(string, error) {} // the script makes it
	}
	return c
}

// processStore is a process's store, with the clock of the test.
type processStore struct{ p *process }

var _ dialog.Store = processStore{}

func (s processStore) Head(ctx context.Context, key dialog.Key) (h dialog.Head, err error) {
	err = s.p.call("head "+key.Path(), func() error {
		h, err = s.p.store.Head(ctx, key)
		return err
	})
	return h, err
}

func (s processStore) Load(ctx context.Context, key dialog.Key) (row *dialog.Row, err error) {
	seat, _ := pprof.Label(ctx, "seat")
	err = s.p.call("load "+key.Path()+seat, func() error {
		row, err = s.p.store.Load(ctx, key)
		return err
	})
	return row, err
}

func (s processStore) List(ctx context.Context, q dialog.Query) (rows []*dialog.Row, err error) {
	err = s.p.call("list "+q.Owner+q.Flow, func() error {
		rows, err = s.p.store.List(ctx, q)
		return err
	})
	return rows, err
}

func (s processStore) Commit(ctx context.Context, b *dialog.Batch) (out dialog.Committed, err error) {
	err = s.p.call("write "+batchName(b), func() error {
		if out, err = s.p.store.Commit(ctx, b); err == nil {
			s.p.ledger.commit(s.p, b, out)
			if s.p.wrote != nil {
				s.p.wrote(b, out)
			}
			out.Now = s.p.now()
		}
		return err
	})
	return out, err
}

// batchName names the turns and marks of a batch.
func batchName(b *dialog.Batch) string {
	var names []string
	for _, w := range b.Writes {
		names = append(names, w.After.Key.Path())
	}
	for _, m := range b.Shown {
		names = append(names, "shown "+m.Key.Path())
	}
	if len(b.Due) > 0 {
		names = append(names, "due")
	}
	if len(b.Events) > 0 {
		names = append(names, "events")
	}
	return strings.Join(names, ", ")
}

func (s processStore) Due(ctx context.Context, q dialog.DueQuery) (rows []*dialog.Row, err error) {
	err = s.p.call("due", func() error {
		rows, err = s.p.store.Due(ctx, q)
		return err
	})
	return rows, err
}

func (s processStore) Forget(ctx context.Context, key dialog.Key, at dialog.Stamp) error {
	return s.p.call("forget "+key.Path(), func() error { return s.p.store.Forget(ctx, key, at) })
}

func (s processStore) Lease(ctx context.Context, name, holder string, ttl time.Duration) (ok bool, err error) {
	err = s.p.call("lease", func() error {
		ok, err = s.p.store.Lease(ctx, name, holder, ttl)
		return err
	})
	return ok, err
}

func (s processStore) Holders(ctx context.Context, prefix string) (held map[string]string, err error) {
	err = s.p.call("holders", func() error {
		held, err = s.p.store.Holders(ctx, prefix)
		return err
	})
	return held, err
}

func (s processStore) Secret(ctx context.Context, name string, initial []byte) (secret []byte, err error) {
	err = s.p.call("secret", func() error {
		secret, err = s.p.store.Secret(ctx, name, initial)
		return err
	})
	return secret, err
}

func (s processStore) Prune(ctx context.Context, before time.Time) (n int, err error) {
	err = s.p.call("prune", func() error {
		n, err = s.p.store.Prune(ctx, before)
		return err
	})
	return n, err
}

func (s processStore) Now(ctx context.Context) (time.Time, error) {
	err := s.p.call("now", func() error { return ctx.Err() })
	return s.p.now(), err
}

func (s processStore) Close() error { return nil }

// processChat is a process's channel to the chat.
type processChat struct{ p *process }

var _ dialog.Channel = processChat{}

func (c processChat) Name() string { return c.p.chat.Name() }

func (c processChat) Show(ctx context.Context, s dialog.Showing) (message string, err error) {
	what := "send "
	if s.Message != "" {
		what = "edit " + s.Message + " for "
	}
	err = c.p.call(what+s.Card.Conversation.Path()+s.Place.Seat, func() error {
		if message, err = c.p.chat.Show(ctx, s); message != "" {
			c.p.ledger.wrote(writer{c.p, s.Card.Conversation}, message)
		}
		return err
	})
	return message, err
}

func (c processChat) Remove(ctx context.Context, place dialog.Place, message string) error {
	err := c.p.call("remove "+message, func() error { return c.p.chat.Remove(ctx, place, message) })
	if err != nil { // removal is best effort
		c.p.ledger.drop(message)
	}
	return err
}
