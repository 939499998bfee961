package dialog

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Keeper is implemented by flows whose conversations have a part that outlasts its people,
// such as books. A conversation of another flow is deleted whole, at any time.
type Keeper interface {
	// Keeps says what of a conversation stays when its people are forgotten now; nil:
	// nothing. An error refuses, and says until when. Keeps is pure. It is asked for a
	// conversation whose people were forgotten before, too.
	Keeps(r *Record, now time.Time) (*Kept, error)
}

// Kept is what stays of a forgotten conversation, beside its key, draft id, step, formats
// and times: nobody owns it, and it is shown nowhere.
type Kept struct {
	Answers []byte
	Until   time.Time // then the flow is asked again, see [KeepTimer]. Zero: never
}

// KeepTimer is the name of the timer at which the engine forgets a conversation of a
// [Keeper], in any step.
const KeepTimer = "keep"

// keptAgain is when a forgotten conversation is looked at once more: an instance that was
// showing its last card has then written where.
const keptAgain = time.Hour

// ErrNotYet is the error of Forget for a conversation that its flow still needs.
var ErrNotYet = errors.New("may not be forgotten yet")

// notYet is an ErrNotYet with the flow's words alone.
type notYet struct{ error }

func (n notYet) Unwrap() error      { return n.error }
func (notYet) Is(target error) bool { return target == ErrNotYet }

// Forget deletes a conversation in any state, or all but what its flow keeps (see [Keeper]),
// its events (see [EventLog]), and the rows set aside of its owner. If there is nothing of
// these, it returns ErrNotFound; if others keep changing the conversation, ErrConflict;
// if a newer version wrote it and may keep more that belongs to it,
// ErrSchemaNewer; if its flow still needs it, ErrNotYet, and it is as it was. Other errors
// are ErrUnavailable: then a part may be deleted, and calling Forget again deletes the rest.
func (e *Engine) Forget(ctx context.Context, key Key) (err error) {
	for range forgetMost {
		if err = e.forgetOnce(ctx, key); !errors.Is(err, ErrConflict) {
			break
		}
	}
	return err
}

// forgetOnce is Forget, unless another instance has just changed the conversation.
func (e *Engine) forgetOnce(ctx context.Context, key Key) error {
	if err := e.locks.lock(ctx, key); err != nil {
		return fmt.Errorf("forget %s: %w", key.Masked(), unavailable(err))
	}
	defer e.locks.unlock(key)
	h, err := e.Peek(ctx, key)
	missing := errors.Is(err, ErrNotFound)
	switch {
	case missing:
	case err != nil:
		return err
	case h.Format > seatsFormat:
		return fmt.Errorf("forget %s of format %d: %w", key.Masked(), h.Format, ErrSchemaNewer)
	case !e.knows(&h):
		return fmt.Errorf("forget %s with a draft of format %d at step %q: %w", key.Masked(), h.Schema, h.Step, ErrSchemaNewer)
	}
	aside, err := e.forgetAside(ctx, key) // first: else its channel could begin the conversation anew
	if err != nil {
		return err
	}
	if !missing {
		if err := e.forget(ctx, &h); err != nil {
			return err
		}
	}
	logged, err := e.forgetEvents(ctx, key) // last: until then turns may write more
	switch {
	case err != nil:
		return err
	case missing && !aside && !logged:
		return fmt.Errorf("forget %s: %w", key.Masked(), ErrNotFound)
	}
	return nil
}

// Forgotten is what became of a conversation of a forgotten person.
type Forgotten struct {
	Key  Key
	Kept bool  // a part of it stays, without its people
	Err  error // it is as it was, because its flow still needs it: see ErrNotYet
}

// ForgetPerson is Forget for all conversations whose owner or guest this is, in all flows,
// and for the rows set aside of this owner. After an error the rest is as it was: the same
// call again goes on. Errors are those of Forget, without ErrNotFound and ErrNotYet.
func (e *Engine) ForgetPerson(ctx context.Context, owner string) (list []Forgotten, err error) {
	keys, err := e.keysOf(ctx, owner)
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		switch err := e.Forget(ctx, key); {
		case errors.Is(err, ErrNotFound):
		case errors.Is(err, ErrNotYet):
			list = append(list, Forgotten{Key: key, Err: err})
		case err != nil:
			return list, err
		default:
			_, err := e.Peek(ctx, key)
			list = append(list, Forgotten{Key: key, Kept: err == nil})
		}
	}
	return list, nil
}

// keysOf are the keys of a person's conversations. Those of the person's own come last, and
// also if they are not there.
func (e *Engine) keysOf(ctx context.Context, owner string) (keys []Key, err error) {
	q := Query{Bot: e.cfg.Bot, Owner: owner, Newest: true, Limit: 100}
	for {
		rows, err := e.store.List(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("list conversations: %w", unavailable(err))
		}
		for _, row := range rows {
			if row.Key.Flow != AsideFlow {
				keys = append(keys, row.Key)
			}
		}
		if len(rows) < q.Limit {
			break
		}
		last := rows[len(rows)-1]
		q.After, q.AfterCreated = last.Key.String(), last.Created
	}
	for _, f := range e.order {
		keys = append(keys, Key{e.cfg.Bot, f.FlowName(), owner})
	}
	return keys, nil
}

// knows reports whether this version of the flow knows the draft of h.
func (e *Engine) knows(h *Head) bool {
	f := e.flows[h.Key.Flow]
	if f == nil {
		return false
	}
	k, ok := f.(Knower)
	return !ok || e.asks(f, "know", func() bool { return k.Knows(h) })
}

// forget deletes a conversation that still has the stamp of h, or all but what its flow
// keeps; its key is locked.
func (e *Engine) forget(ctx context.Context, h *Head) (err error) {
	defer e.watches.tell(h.Key) // after an error, too: the outcome may be unknown
	if keeper, ok := e.flows[h.Key.Flow].(Keeper); ok {
		err = e.forgetKept(ctx, keeper, h)
	} else {
		err = e.store.Forget(ctx, h.Key, h.Stamp())
	}
	switch {
	case errors.Is(err, ErrConflict), errors.Is(err, ErrNotFound), errors.Is(err, ErrNotYet), errors.Is(err, ErrSchemaNewer):
		return err
	case err != nil:
		return fmt.Errorf("forget %s: %w", h.Key.Masked(), unavailable(err))
	}
	e.cache.drop(h.Key)
	e.courier.forget(h.Key)
	e.forgetDrafts(ctx, h)
	return nil
}

// forgetKept is forget for a flow that keeps a part.
func (e *Engine) forgetKept(ctx context.Context, keeper Keeper, h *Head) error {
	row, err := e.store.Load(ctx, h.Key)
	switch {
	case err != nil:
		return err
	case row.Stamp() != h.Stamp():
		return fmt.Errorf("forget %s: %w", h.Key.Masked(), ErrConflict)
	}
	r, err := row.record()
	if err != nil {
		return err
	}
	var kept *Kept
	var refused error
	if err := guard(func() { kept, refused = keeper.Keeps(r, e.Now()) }); err != nil {
		return fmt.Errorf("forget %s: %w", h.Key.Masked(), err)
	}
	switch {
	case errors.Is(refused, ErrSchemaNewer):
		return refused
	case refused != nil:
		return notYet{refused}
	case kept == nil:
		return e.store.Forget(ctx, h.Key, h.Stamp())
	}
	return e.writeKept(ctx, row, r, kept)
}

// writeKept writes what stays of r. The column shown names places, and is cleared with it.
func (e *Engine) writeKept(ctx context.Context, row *Row, r *Record, kept *Kept) error {
	next := &Record{Head: r.Head, Answers: kept.Answers, Variant: r.Variant}
	next.Owner, next.Guest, next.Where = "", "", InRow
	if timers := keptTimers(kept, e.Now(), r.nobodys()); len(timers) > 0 {
		next.Timers = timers
	}
	next.Version, next.Revision, next.Tag, next.Format, next.By = r.Version+1, r.Revision+1, e.tag(), recordFormat, e.cfg.Instance
	after, err := next.row(e.due(next, e.Now()))
	if err != nil {
		return err
	}
	mark := ShownMark{Key: r.Key, Had: row.Shown, Least: next.Version}
	b := &Batch{Writes: []*Write{{Before: row.Stamp(), After: after}}, Shown: []ShownMark{mark}}
	for range forgetMost {
		done, err := e.store.Commit(ctx, b)
		switch {
		case err != nil:
			return err
		case len(b.Writes) > 0 && done.Verdicts[0] != Applied:
			return fmt.Errorf("forget %s: %w", r.Key.Masked(), ErrConflict)
		case done.MarksErr != nil:
			return done.MarksErr
		case done.Marked[0].Applied:
			return nil
		}
		mark.Had = done.Marked[0].Shown
		b = &Batch{Shown: []ShownMark{mark}}
	}
	return fmt.Errorf("forget %s: where it is shown keeps changing: %w", r.Key.Masked(), ErrConflict)
}

// nobodys reports whether the people of r were forgotten before.
func (r *Record) nobodys() bool { return r.Owner == "" && r.Guest == "" && len(r.Places) == 0 }

// keptTimers is the timer of what stays.
func keptTimers(kept *Kept, now time.Time, again bool) []Timer {
	at := kept.Until
	if soon := now.Add(keptAgain); !again && (at.IsZero() || soon.Before(at)) {
		at = soon
	}
	if at.IsZero() {
		return nil
	}
	return []Timer{{KeepTimer, at.UnixMilli()}}
}
