package console

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// knownFor is how far back the log goes.
const knownFor = 90 * 24 * time.Hour

// newest reads a query's events from q.Until back to q.From, a piece of time after the other, until it has most of them or more,
// or enough says so. They come in the order of time, and are those since from: whoever wants older ones asks until then. It reads
// less than 2 × most events, unless one millisecond has more.
func newest(ctx context.Context, log dialog.EventLog, q dialog.EventQuery, most int, enough func([]dialog.Event) bool) (list []dialog.Event, from time.Time, err error) {
	begin, span := q.From, time.Hour
	for from = q.Until; from.After(begin); {
		q.From, q.Until, q.Limit = from.Add(-span), from, most+1
		if q.From.Before(begin) {
			q.From = begin
		}
		page, err := log.Events(ctx, q)
		if err != nil {
			return nil, from, err
		}
		if piece := q.Until.Sub(q.From); len(page) > most && piece > time.Millisecond {
			span = piece / 2
			continue
		}
		list, from = append(page, list...), q.From
		if len(list) >= most || enough(list) {
			break
		}
		span *= 4
	}
	return list, from, nil
}

// never is enough for whoever wants all.
func never([]dialog.Event) bool { return false }

// last is the newest event of a query; nil: there is none.
func (c *Console) last(ctx context.Context, q dialog.EventQuery) (*dialog.Event, error) {
	now := c.cfg.Now()
	q.From, q.Until = now.Add(-knownFor), now.Add(time.Minute) // clocks differ a little
	list, _, err := newest(ctx, c.cfg.Log, q, 1, never)
	if len(list) == 0 {
		return nil, err
	}
	return &list[len(list)-1], nil
}

// subject is what a page is about.
type subject struct {
	key   dialog.Key
	draft string    // empty: the one that began last
	until time.Time // events before
}

// named is the conversation of an address, and its draft if the address names one.
func (c *Console) named(ctx context.Context, at string, until time.Time) (subject, error) {
	if key, ok := c.seal.open(c.cfg.Bot, at); ok {
		return subject{key: key, until: until}, nil
	}
	if !isDraft.MatchString(at) {
		return subject{}, errUnknown
	}
	last, err := c.last(ctx, dialog.EventQuery{Draft: at})
	if err != nil {
		return subject{}, err
	}
	if last == nil {
		return subject{}, errUnknown
	}
	key, err := dialog.ParseKey(last.Key)
	if err != nil {
		return subject{}, errUnknown
	}
	return subject{key, at, last.At.Add(time.Millisecond)}, nil
}

// before is the time up to which a request asks for events.
func (c *Console) before(v *visit) time.Time {
	if ms, err := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64); err == nil {
		return time.UnixMilli(ms)
	}
	return c.cfg.Now().Add(time.Minute) // clocks differ a little
}

// livesMost is how many starts and stops of instances a conversation is shown with.
const livesMost = 200

// events reads the newest events of a conversation, back to the begin of its draft, and the lives of instances meanwhile. It has
// read those since from.
func (c *Console) events(ctx context.Context, of *subject) (events, lives []dialog.Event, from time.Time, err error) {
	began := func(list []dialog.Event) bool {
		draft := of.draft
		if draft == "" {
			draft = lastDraft(list)
		}
		return slices.ContainsFunc(list, func(e dialog.Event) bool { return e.Kind == dialog.EventStarted && e.Draft == draft })
	}
	q := dialog.EventQuery{Key: of.key, From: c.cfg.Now().Add(-knownFor), Until: of.until}
	events, from, err = newest(ctx, c.cfg.Log, q, eventsMost, began)
	if err != nil || len(events) == 0 {
		return nil, nil, from, err
	}
	lives, err = Lives(ctx, c.cfg.Log, events)
	return events, lives, from, err
}

// startedBefore is how long before the first event of a conversation the start of its instance is looked for.
const startedBefore = 7 * 24 * time.Hour

// Lives reads the starts and stops of instances while events happened, which stand in the order of time, and the starts before of
// the instances that took them, if these are no older than a week.
func Lives(ctx context.Context, log dialog.EventLog, events []dialog.Event) (lives []dialog.Event, err error) {
	if len(events) == 0 {
		return nil, nil
	}
	first := events[0].At
	q := dialog.EventQuery{From: first, Until: events[len(events)-1].At.Add(time.Millisecond)}
	for _, q.Kind = range []dialog.EventKind{dialog.EventDown, dialog.EventUp} {
		some, _, err := newest(ctx, log, q, livesMost, never)
		if err != nil {
			return nil, err
		}
		lives = append(lives, some...)
	}
	missing := map[string]bool{}
	for _, e := range events {
		missing[e.Instance] = true
	}
	known := func(list []dialog.Event) bool {
		for _, e := range list {
			delete(missing, e.Instance)
		}
		return len(missing) == 0
	}
	delete(missing, "")
	ups := slices.DeleteFunc(slices.Clone(lives), func(e dialog.Event) bool { return e.Kind != dialog.EventUp })
	if known(ups) {
		return lives, nil
	}
	q = dialog.EventQuery{Kind: dialog.EventUp, From: first.Add(-startedBefore), Until: first}
	before, _, err := newest(ctx, log, q, livesMost, known)
	return append(before, lives...), err
}
