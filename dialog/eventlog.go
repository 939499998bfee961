package dialog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// EventLog is a capability of a store: its log of events can be read, and freed of one
// conversation. Both methods may be called concurrently, and their errors are those of
// Store.
type EventLog interface {
	// Events returns a page of the log in the order of time, which is in whole
	// milliseconds. A page never divides a millisecond: it has all events of its last one,
	// even if they are more than Limit. The next page begins one millisecond later, and a
	// page of fewer events than Limit is the last. The events of one millisecond come in
	// any order. An event that waited for a turn is written up to a minute after its time,
	// and later if the store was away.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
	// ForgetEvents deletes all events of a conversation, and returns how many. After an
	// error some may be left: call it again. It may read the whole log.
	ForgetEvents(ctx context.Context, key Key) (int, error)
}

// EventQuery asks for events. Empty fields do not narrow it.
type EventQuery struct {
	From, Until time.Time // From ≤ Event.At < Until
	Key         Key
	Kind        EventKind
	Draft       string
	Limit       int // defaults to 1000
}

// Bounds are the times of q in unix milliseconds, for stores: from ≤ at < until.
func (q *EventQuery) Bounds() (from, until int64) {
	from, until = -1<<63, 1<<63-1
	if !q.From.IsZero() {
		from = ceilMilli(q.From)
	}
	if !q.Until.IsZero() {
		until = ceilMilli(q.Until)
	}
	return from, until
}

// wants reports whether an event is of the key, kind and draft of q.
func (q *EventQuery) wants(e *Event) bool {
	return (q.Key == Key{} || e.Key == q.Key.String()) && (q.Kind == "" || e.Kind == q.Kind) && (q.Draft == "" || e.Draft == q.Draft)
}

// ceilMilli is the first whole millisecond that is not before t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// Most is the number of events of a page, for stores.
func (q *EventQuery) Most() int {
	if q.Limit <= 0 {
		return 1000
	}
	return q.Limit
}

var _ EventLog = (*Memory)(nil)

// Events implements EventLog.
func (m *Memory) Events(ctx context.Context, q EventQuery) ([]Event, error) {
	if _, err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	from, until := q.Bounds()
	var page []Event
	for _, e := range m.events {
		at := e.At.UnixMilli()
		if at < from || at >= until || !q.wants(&e) {
			continue
		}
		e.At, e.Took = time.UnixMilli(at).UTC(), e.Took.Truncate(time.Microsecond)
		page = append(page, e)
	}
	slices.SortStableFunc(page, func(a, b Event) int { return cmp.Compare(a.At.UnixMilli(), b.At.UnixMilli()) })
	n := min(q.Most(), len(page))
	for n < len(page) && page[n].At.Equal(page[n-1].At) {
		n++
	}
	return page[:n], nil
}

// ForgetEvents implements EventLog.
func (m *Memory) ForgetEvents(ctx context.Context, key Key) (int, error) {
	if _, err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	had := len(m.events)
	m.events = slices.DeleteFunc(m.events, func(e Event) bool { return e.Key == key.String() })
	return had - len(m.events), nil
}

// forgetEvents deletes the events of a conversation, also those that wait to be written.
// had reports whether the log had some.
func (e *Engine) forgetEvents(ctx context.Context, key Key) (had bool, err error) {
	e.batch.forgetLater(key)
	log, ok := e.store.(EventLog)
	if !ok {
		return false, nil
	}
	n, err := log.ForgetEvents(ctx, key)
	if err != nil {
		return false, fmt.Errorf("forget the events of %s: %w", key.Masked(), unavailable(err))
	}
	return n > 0, nil
}
