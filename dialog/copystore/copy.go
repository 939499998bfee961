// Package copystore moves conversations from one store into another, of any kind.
//
// A pass walks both stores in the order of their keys and writes what is
// missing or older in the target, by the same compare-and-swap as a turn. Older is
// what had its last turn earlier. So a pass may be cut off anywhere and begun
// again, beside another pass or a source that is being written: what changed
// behind its back is found by the next pass. The last one wants the source at
// rest. The target must not be served meanwhile, or both would wake the same
// people. The source is only read.
//
// Rows are copied as they are, tags included: buttons, pages and drafts that
// lie in Redis stay valid. Events stay where they are.
package copystore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockbay/lockbay/dialog"
)

// Options of a pass.
type Options struct {
	// Page is how many rows are read and written at once. Defaults to 500.
	Page int
	// Exact also deletes what is in the target only, such as what was
	// forgotten in the source since an earlier pass.
	Exact bool
	// Keep says which rows Exact leaves alone. Defaults to none.
	Keep func(*dialog.Row) bool
	// Progress hears after each page how many rows of the source were seen.
	// Defaults to nobody.
	Progress func(seen int)
}

// Result is what a pass did, in rows.
type Result struct {
	Seen    int // in the source
	Created int // were not in the target
	Updated int // were older in the target: their last turn there was earlier
	Same    int // had the same stamp
	Newer   int // are newer in the target, or another turn of the same time and number: left alone
	Extra   int // are in the target only, and left alone
	Deleted int // were in the target only
	Missed  int // were changed in the target between look and write: left alone
}

// Copy makes one pass. Its result is right also when it returns an error: what
// was written until then is whole, and stays.
func Copy(ctx context.Context, from, to dialog.Store, opt Options) (Result, error) {
	if opt.Page <= 0 {
		opt.Page = 500
	}
	c := &pass{to: to, opt: opt, anew: map[*dialog.Write]bool{}}
	source, target := newCursor(from, opt.Page, true), newCursor(to, opt.Page, true)
	s, err := source.next(ctx)
	if err != nil {
		return c.res, fmt.Errorf("read the source: %w", err)
	}
	t, err := target.next(ctx)
	for err == nil && (s != nil || t != nil) {
		inSource, inTarget := sides(s, t)
		switch {
		case inSource && inTarget:
			err = c.both(ctx, s, t)
		case inSource:
			c.write(&dialog.Write{After: s})
		default:
			err = c.extra(ctx, t)
		}
		if err == nil && len(c.batch.Writes)+len(c.batch.Shown) >= opt.Page {
			err = c.flush(ctx)
		}
		if err == nil && inSource {
			if c.res.Seen++; c.res.Seen%opt.Page == 0 && opt.Progress != nil {
				opt.Progress(c.res.Seen)
			}
			if s, err = source.next(ctx); err != nil {
				err = fmt.Errorf("read the source: %w", err)
			}
		}
		if err == nil && inTarget {
			if t, err = target.next(ctx); err != nil {
				err = fmt.Errorf("read the target: %w", err)
			}
		}
	}
	if err == nil {
		err = c.flush(ctx)
	}
	if opt.Progress != nil {
		opt.Progress(c.res.Seen)
	}
	return c.res, err
}

// sides tells which of the two rows has the smaller key; both, if it is the same.
func sides(s, t *dialog.Row) (inSource, inTarget bool) {
	if s == nil || t == nil {
		return s != nil, t != nil
	}
	a, b := s.Key.String(), t.Key.String()
	return a <= b, b <= a
}

// pass is one Copy at work.
type pass struct {
	to    dialog.Store
	opt   Options
	res   Result
	batch dialog.Batch
	anew  map[*dialog.Write]bool // of batch: these replace an older row
}

func (c *pass) write(w *dialog.Write) { c.batch.Writes = append(c.batch.Writes, w) }

// both looks at a conversation that is in either store. Newer is what had its
// last turn later: one that was forgotten and begun anew has fewer turns, and
// is newer. The number of turns counts within one millisecond only.
func (c *pass) both(ctx context.Context, s, t *dialog.Row) error {
	switch {
	case s.Stamp() == t.Stamp():
		c.res.Same++
		if string(s.Shown) != string(t.Shown) {
			c.shown(s)
		}
	case !s.Updated.After(t.Updated) && !(s.Updated.Equal(t.Updated) && s.Version > t.Version):
		c.res.Newer++
	case begunAnew(s, t):
		return c.replace(ctx, s, t)
	default:
		c.write(&dialog.Write{Before: t.Stamp(), After: s})
		c.shown(s) // changing a row leaves it
	}
	return nil
}

// begunAnew reports whether s, which is newer, does not go on from t: t shows
// what s will only come to, and no card of s would be due until then.
func begunAnew(s, t *dialog.Row) bool {
	if s.Version <= t.Version {
		return true
	}
	a, errA := dialog.Decode(s)
	b, errB := dialog.Decode(t)
	return errA == nil && errB == nil &&
		slices.ContainsFunc(a.Places, func(p dialog.Place) bool { return a.ShownAt(p).Version < b.ShownAt(p).Version })
}

// replace puts s where t is, with what it shows. Cut off between, the next
// pass finds it missing.
func (c *pass) replace(ctx context.Context, s, t *dialog.Row) error {
	switch err := c.to.Forget(ctx, t.Key, t.Stamp()); {
	case errors.Is(err, dialog.ErrConflict):
		c.res.Missed++
		return nil
	case err != nil && !errors.Is(err, dialog.ErrNotFound):
		return fmt.Errorf("write the target: %w", err)
	}
	w := &dialog.Write{After: s}
	c.anew[w] = true
	c.write(w)
	return nil
}

// shown hands on which message shows the row at each of its places.
func (c *pass) shown(row *dialog.Row) {
	r, err := dialog.Decode(row)
	if err != nil {
		return // of a newer program: a fresh card mends it
	}
	for _, p := range r.Places {
		if s := r.ShownAt(p); s.Version > 0 || s.Message != "" {
			if s.Version == 0 { // unknown here is unknown there, whatever the target has
				s.Version = dialog.Foreign
			}
			c.batch.Shown = append(c.batch.Shown, dialog.ShownMark{Key: row.Key, Shown: s})
		}
	}
}

// extra looks at a conversation that is in the target only.
func (c *pass) extra(ctx context.Context, t *dialog.Row) error {
	if !c.opt.Exact || c.opt.Keep != nil && c.opt.Keep(t) {
		c.res.Extra++
		return nil
	}
	if err := c.to.Forget(ctx, t.Key, t.Stamp()); err != nil {
		return fmt.Errorf("delete from the target: %w", err)
	}
	c.res.Deleted++
	return nil
}

// flush writes what has come together.
func (c *pass) flush(ctx context.Context) error {
	if len(c.batch.Writes)+len(c.batch.Shown) == 0 {
		return nil
	}
	done, err := c.to.Commit(ctx, &c.batch)
	if err != nil {
		return fmt.Errorf("write the target: %w", err)
	}
	for i, w := range c.batch.Writes {
		switch {
		case done.Verdicts[i] != dialog.Applied:
			c.res.Missed++
		case w.Before == dialog.Stamp{} && !c.anew[w]:
			c.res.Created++
		default:
			c.res.Updated++
		}
	}
	c.batch = dialog.Batch{}
	clear(c.anew)
	return nil
}
