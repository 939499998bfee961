package dialog

import (
	"context"
	"time"
)

// replacedBy is the message at the input's place that the new card replaces.
func replacedBy(t *Turn) string {
	p, ok := t.Record.Place(t.Input.Place.Channel, t.Input.Place.Address)
	if !ok || !p.Push || t.Record.Anew != t.Record.Version || !t.Input.Removes {
		return ""
	}
	if t.Record.shown.get(p).Version >= t.Record.Version {
		return "" // somebody has shown it already, and removes what was there
	}
	return t.Record.Message(p)
}

// write encodes a turn.
func (e *Engine) write(t *Turn) (*Write, error) {
	w := &Write{Before: t.Before.Stamp(), Input: hash(t.Input.ID), Events: t.events}
	var err error
	if w.After, err = t.Record.row(e.due(t.Record, t.Now)); err != nil {
		return nil, err
	}
	for _, s := range t.starts {
		row, err := s.row(e.due(s, t.Now))
		if err != nil {
			return nil, err
		}
		w.Starts = append(w.Starts, row)
	}
	return w, nil
}

// due is when the sweeper looks at r: at its next timer or at the end of the
// hour, whichever comes first, so that most turns leave the indexed column alone.
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
	e.placeDraft(ctx, t.Record, t.Before, w.After, t.Rehydrated.Source == FromRedis)
	ahead := t.Before.shown.ahead(t.Before.Version)
	verdict, err := e.batch.commit(ctx, w)
	if err != nil || verdict != Applied {
		return nil, verdict, err
	}
	r := t.Record
	if ahead {
		e.courier.rewind(r, t.Before.Version)
	}
	e.cache.put(r)
	e.held.release(r.Key)
	e.copyRow(r, w.After)
	if t.Before.Where == InRedis && (r.Where != InRedis || r.DraftTag != t.Before.DraftTag) {
		e.fadeDraft(t.Before)
	}
	if !e.cfg.Detached {
		t.replaced = replacedBy(t)      // not before: the card of the turn before may have arrived meanwhile
		e.courier.answer(r, t.replaced) // first: it may be showing a message that a start takes over
		for _, s := range t.starts {
			e.cache.put(s)
			e.courier.start(s)
		}
	}
	return r, Applied, nil
}
