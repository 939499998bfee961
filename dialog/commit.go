package dialog

import (
	"context"
	"time"
)

// write encodes a turn for the store.
func (e *Engine) write(t *Turn) (*Write, error) {
	w := &Write{Before: t.Before.Stamp(), Input: hash(t.Input.ID), Events: t.events}
	var err error
	if w.After, err = t.Record.fits(e.due(t.Record, t.Now), t.Before); err != nil {
		return nil, err
	}
	if w.Before == (Stamp{}) {
		w.After.Shown = t.Record.shown.created()
	}
	for _, s := range t.starts {
		row, err := s.fits(e.due(s, t.Now), nil)
		if err != nil {
			return nil, err
		}
		row.Shown = s.shown.created()
		w.Starts = append(w.Starts, row)
	}
	return w, nil
}

// due is when the sweeper looks at r: at its next timer or at the end of the hour,
// whichever comes first. So most turns leave the indexed column unchanged.
func (e *Engine) due(r *Record, now time.Time) int64 {
	if e.cfg.Detached && r.unfinished() {
		return now.UnixMilli()
	}
	due := now.Truncate(time.Hour).Add(time.Hour).UnixMilli()
	if t := r.nextTimer(); t.At != 0 {
		due = min(due, t.At)
	}
	return due
}

// commit writes the turn, and the draft where its mode wants it.
func (e *Engine) commit(ctx context.Context, t *Turn, w *Write) (*Record, Verdict, error) {
	e.putDraft(ctx, t.Record, t.Before, w.After, t.Rehydrated.Source == FromRedis)
	if len(w.Starts) == 0 { // the start of a conversation is always logged
		w.Events = e.daily.takeAll(t.Record.Key, w.Events, t.Now)
	}
	ahead := e.courier.ahead(t.Before)
	verdict, err := e.batch.commit(ctx, w)
	if verdict == Applied {
		e.publish(t, w, ahead)
		return t.Record, Applied, nil
	}
	if len(w.Starts) == 0 {
		e.daily.giveBack(t.Record.Key, w.Events, t.Now)
	}
	return nil, verdict, err
}

// publish makes a committed turn known to this process, and shows it. ahead: a later
// version than that of t.Before was shown.
func (e *Engine) publish(t *Turn, w *Write, ahead bool) {
	r := t.Record
	e.courier.share(r, nil)
	if ahead { // this row never had the later versions that were shown
		r.shown.rewind(t.Before.Version)
	}
	if r.spared {
		e.cache.drop(r.Key)
	} else {
		e.cache.put(r)
	}
	e.held.release(r.Key)
	e.copyRow(r, w.After)
	if t.Before.Where == InRedis && (r.Where != InRedis || r.DraftTag != t.Before.DraftTag) {
		e.fadeDraft(t.Before)
	}
	if !e.cfg.Detached {
		for _, s := range t.starts {
			e.cache.put(s)
		}
	}
	e.courier.start(r, t.starts, t.role)
	e.watches.tellWrite(w) // last: a watcher reads a draft in memory, too
}
