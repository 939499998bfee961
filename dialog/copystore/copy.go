// Package copystore copies conversations from one store into another, of any
// kind.
//
// A pass walks both stores in the order of their keys and writes rows that are
// missing or older in the target, by the same compare-and-swap as a turn. The
// older row is the one with the earlier last turn. So a pass may stop anywhere
// and start again, also beside another pass or while the source is written: the
// next pass finds the changes. Before the last pass, stop the instances on the
// source. Keep instances off the target until then, or both would wake the same
// people. The source is only read.
//
// Rows are copied unchanged, with their tags: buttons, pages and drafts in
// Redis stay valid. Events are not copied.
package copystore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const (
	firstPause = 100 * time.Millisecond
	lastPause  = 64 * firstPause
)

// Options of a pass.
type Options struct {
	// Page is the number of rows read and written at once. Defaults to 500.
	Page int
	// Exact also deletes rows that only the target has, such as conversations
	// forgotten in the source since an earlier pass.
	Exact bool
	// Keep selects rows that Exact keeps. Defaults to none.
	Keep func(*dialog.Row) bool
	// Progress is called after each page with the number of source rows seen.
	// Defaults to none.
	Progress func(seen int)
}

// Result counts the rows of a pass.
type Result struct {
	Seen    int // in the source
	Created int // were missing in the target
	Updated int // were older in the target: with an earlier last turn
	Same    int // had the same stamp
	Newer   int // kept: newer in the target, or another turn of the same time and number
	Extra   int // kept: in the target only
	Deleted int // were in the target only
	Missed  int // kept: changed in the target during the pass
}

// Copy makes one pass. The result is right also beside an error: rows written
// until then are whole, and stay.
func Copy(ctx context.Context, from, to dialog.Store, opt Options) (Result, error) {
	if opt.Page <= 0 {
		opt.Page = 500
	}
	c := &pass{to: to, opt: opt, replaces: map[*dialog.Write]bool{}}
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

// sides reports which of the two rows has the smaller key; both for the same
// key.
func sides(s, t *dialog.Row) (inSource, inTarget bool) {
	if s == nil || t == nil {
		return s != nil, t != nil
	}
	a, b := s.Key.String(), t.Key.String()
	return a <= b, b <= a
}

// pass is the state of one Copy.
type pass struct {
	to       dialog.Store
	opt      Options
	res      Result
	batch    dialog.Batch
	replaces map[*dialog.Write]bool // writes of the batch that replace an older row
}

func (c *pass) write(w *dialog.Write) { c.batch.Writes = append(c.batch.Writes, w) }

// both compares a conversation that both stores have. The newer row has the
// later last turn: a conversation that was forgotten and begun again has fewer
// turns, and is newer. Within one millisecond the number of turns decides.
func (c *pass) both(ctx context.Context, s, t *dialog.Row) error {
	switch {
	case s.Stamp() == t.Stamp():
		c.res.Same++
		if string(s.Shown) != string(t.Shown) && !showsLess(s, t) {
			c.shown(s, t)
		}
	case !s.Updated.After(t.Updated) && !(s.Updated.Equal(t.Updated) && s.Version > t.Version):
		c.res.Newer++
	case begunAnew(s, t):
		return c.replace(ctx, s, t)
	default:
		c.write(&dialog.Write{Before: t.Stamp(), After: s})
		c.shown(s, t) // a write keeps the column
	}
	return nil
}

// begunAnew reports whether the newer s began again instead of continuing t.
// The marks of t are ahead of s, so with them no card of s would be due.
func begunAnew(s, t *dialog.Row) bool { return s.Version <= t.Version || showsLess(s, t) }

// showsLess reports whether s shows less than t at one of its places.
func showsLess(s, t *dialog.Row) bool {
	a, errA := dialog.Decode(s)
	b, errB := dialog.Decode(t)
	return errA == nil && errB == nil &&
		slices.ContainsFunc(a.Places, func(p dialog.Place) bool { return a.ShownAt(p).Version < b.ShownAt(p).Version })
}

// replace deletes t and writes s with its marks. After a crash in between, the
// next pass finds the row missing.
func (c *pass) replace(ctx context.Context, s, t *dialog.Row) error {
	switch err := patiently(ctx, func() error { return c.to.Forget(ctx, t.Key, t.Stamp()) }); {
	case errors.Is(err, dialog.ErrConflict):
		c.res.Missed++
		return nil
	case err != nil && !errors.Is(err, dialog.ErrNotFound):
		return fmt.Errorf("write the target: %w", err)
	}
	w := &dialog.Write{After: s}
	c.replaces[w] = true
	c.write(w)
	return nil
}

// shown copies what each place shows.
func (c *pass) shown(s, t *dialog.Row) {
	c.batch.Shown = append(c.batch.Shown, dialog.ShownMark{Key: s.Key, Had: t.Shown, New: s.Shown, Least: s.Version})
}

// extra handles a conversation that only the target has.
func (c *pass) extra(ctx context.Context, t *dialog.Row) error {
	if !c.opt.Exact || c.opt.Keep != nil && c.opt.Keep(t) {
		c.res.Extra++
		return nil
	}
	if err := patiently(ctx, func() error { return c.to.Forget(ctx, t.Key, t.Stamp()) }); err != nil {
		return fmt.Errorf("delete from the target: %w", err)
	}
	c.res.Deleted++
	return nil
}

// flush writes the batch.
func (c *pass) flush(ctx context.Context) error {
	if len(c.batch.Writes)+len(c.batch.Shown) == 0 {
		return nil
	}
	var done dialog.Committed
	err := patiently(ctx, func() (err error) {
		done, err = c.to.Commit(ctx, &c.batch)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the target: %w", err)
	}
	for i, w := range c.batch.Writes {
		switch {
		case done.Verdicts[i] != dialog.Applied:
			c.res.Missed++
		case w.Before == dialog.Stamp{} && !c.replaces[w]:
			c.res.Created++
		default:
			c.res.Updated++
		}
	}
	c.batch = dialog.Batch{}
	clear(c.replaces)
	return nil
}

// patiently tries a write of the target again when it fails, with growing pauses of 12 s in
// all. The transaction of another pass or of an instance may hold one of the rows, and a
// store waits for that only as long as a person would. A write has compared the row before,
// so doing it twice is safe.
func patiently(ctx context.Context, write func() error) error {
	for pause := firstPause; ; pause *= 2 {
		err := write()
		switch {
		case err == nil, pause > lastPause, errors.Is(err, dialog.ErrConflict), errors.Is(err, dialog.ErrNotFound):
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
