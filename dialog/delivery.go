package dialog

import (
	"context"
	"errors"
	"runtime/pprof"
	"time"
)

// courierTimeout bounds each call that the courier makes, well below the minute after
// which the sweeper looks at an unfinished row again.
const courierTimeout = 20 * time.Second

// pauseMost bounds the pause that a channel asks for.
const pauseMost = time.Hour

// try delivers r once, or for nil the store's record. found is that record; nil if
// the store has none that this version can decode.
func (c *courier) try(key Key, x *errand, o *run, r *Record) (found *Record, pause time.Duration, done bool) {
	if r != nil {
		pause, done = c.deliver(r, x, o)
		return r, pause, done
	}
	c.mu.Lock()
	lost, doubts := o.lost, o.doubts // later ones wait for the next read
	o.lost, o.doubts = nil, nil
	c.mu.Unlock()
	r, shows, err := c.read(key, o.role)
	c.mu.Lock()
	if err != nil {
		o.lost, o.doubts = append(lost, o.lost...), append(doubts, o.doubts...)
		c.mu.Unlock()
		return nil, 0, false
	}
	for _, s := range doubts {
		x.shown.change(s.place(), func(v screen) screen { return v.doubt(s.Message, 0) })
	}
	if shows {
		if r.Version >= x.known { // else an effect of r may have ended since the read
			c.beginEffects(x, r)
		}
		x.known = max(x.known, r.Version)
		x.each(func(y *run) {
			if y != o && y.wait == nil && (y.next == nil || y.next.Version < r.Version) {
				y.next = r
			}
		})
		c.beginRuns(key, x, r) // what was read is for all
	}
	c.mu.Unlock()
	if done = true; shows {
		pause, done = c.deliver(r, x, o)
	}
	for _, s := range lost {
		c.removeLost(r, s)
	}
	return r, pause, done
}

// read gives the record of the row; nil: there is none that this version can
// decode. shows: this process may show it.
func (c *courier) read(key Key, role string) (r *Record, shows bool, err error) {
	ctx, cancel := context.WithTimeout(labelled(c.ctx, role), courierTimeout)
	defer cancel()
	r, reh, err := c.e.Hydrate(ctx, key)
	switch {
	case err == nil && reh.Lost:
		return r, false, nil // the turn that finds the loss has a card for it
	case errors.Is(err, ErrSchemaNewer):
		return nil, false, nil // a newer version shows it
	case err != nil:
		return nil, false, err
	case r.Version == 0:
		return nil, false, nil
	}
	return r, true, nil
}

// labelled gives what is done for a seat a label, by which profiles and tests tell it apart.
func labelled(ctx context.Context, role string) context.Context {
	if role == "" {
		return ctx
	}
	return pprof.WithLabels(ctx, pprof.Labels("seat", role))
}

// deliver shows r at each place of one person that lacks it. done: nothing is left; pause:
// the chat has asked for it.
func (c *courier) deliver(r *Record, x *errand, o *run) (pause time.Duration, done bool) {
	done = true
	for _, p := range r.Places {
		ch := c.channels[p.Channel]
		if ch == nil || !p.Push || p.Seat != o.role {
			continue
		}
		c.mu.Lock()
		if x.shown == r.shown { // else r was deleted meanwhile
			c.hand(r.Key, x, p, false)
		}
		c.mu.Unlock()
		c.passOn(r, p)
		lacks := r.at(p).lacks(r.need(p))
		if p.skips(r) || !lacks && p.Unwitnessed == 0 {
			continue
		}
		began := c.e.Now()
		var err error
		if lacks {
			err = c.show(r, p, ch, x)
		}
		var after *RetryAfter
		switch {
		case err == nil && p.Unwitnessed > 0:
			_, err = c.liftBlock(r.Key, p, "")
			done = err == nil && done
		case err == nil:
		case errors.Is(err, ErrBlocked):
			done = c.block(r, p, began) && done
		case errors.Is(err, errDefect): // another version may show it
			c.e.trouble("render "+r.Key.Flow, err)
		case errors.Is(err, ErrSchemaNewer): // a newer version shows it
		case errors.As(err, &after):
			pause, done = max(pause, min(after.After, pauseMost)), false
		default:
			done = false
		}
	}
	if (o.role == "" || o.role == reader) && !c.serveNotes(r) {
		done = false
	}
	return pause, done
}

// passOn has the heir of p write its card to the message again, if this process may have
// overwritten that card.
func (c *courier) passOn(r *Record, p Place) {
	var heir, message string
	r.shown.change(p, func(v screen) screen {
		v, heir = v.passOn()
		message = v.Message
		return v
	})
	if key, err := ParseKey(heir); err == nil {
		p.Seat = ""
		c.suspect(key, p, message)
	}
}

// show shows r at one place: in a new message where the card must arrive anew or no
// message is known, else as an edit.
func (c *courier) show(r *Record, p Place, ch Channel, x *errand) error {
	was := r.at(p)
	edit := was.edits(r.need(p))
	mine := r.As(p.Seat)
	card, err := c.e.render(mine, View{Place: p, Lang: p.Lang})
	if err != nil {
		return err
	}
	if card.Newer {
		return ErrSchemaNewer
	}
	if edit != "" {
		r.shown.change(p, func(v screen) screen { return v.begin(r.Version) })
	}
	msg, err := c.call(r, ch, Showing{
		Place: p, Card: card, Message: edit,
		Notice: mine.Anew == mine.Card && c.e.Now().Sub(r.lastInput()) > time.Minute,
	})
	c.passOn(r, p) // the message may have been handed over during the call
	if err != nil {
		return err
	}
	c.mu.Lock()
	old := []string{msg} // if r was deleted meanwhile, no conversation has this message
	if x.shown == r.shown {
		old = r.shown.wrote(p, r.Version, msg)
		c.markLater(r.Key, x)
	}
	c.mu.Unlock()
	for _, message := range old {
		if c.remove(p, ch, message) != nil { // tried again after the next read
			c.mu.Lock()
			o := x.to(p.Seat)
			o.lost = append(o.lost, lostAt(p, message)...)
			c.mu.Unlock()
		}
	}
	return nil
}

// call asks a channel to show a card, in a new message if the old one cannot be edited.
func (c *courier) call(r *Record, ch Channel, s Showing) (message string, err error) {
	began := c.e.cfg.Now()
	ctx, cancel := context.WithTimeout(c.ctx, courierTimeout)
	defer cancel()
	message, err = ch.Show(ctx, s)
	if errors.Is(err, ErrGone) {
		s.Message = ""
		message, err = ch.Show(ctx, s)
	}
	if c.e.cfg.Recorder.Showed != nil {
		c.e.cfg.Recorder.Showed(r.Key, s.Place.Channel, err, c.e.cfg.Now().Sub(began))
	}
	return message, err
}

// remove takes a message away. An error is reported as trouble, too.
func (c *courier) remove(p Place, ch Channel, message string) error {
	ctx, cancel := context.WithTimeout(c.ctx, courierTimeout)
	defer cancel()
	err := ch.Remove(ctx, p, message)
	if err != nil {
		c.e.trouble("remove message", err)
	}
	return err
}

// removeLost removes a message unless r, which was read since, shows it or has handed
// it over.
func (c *courier) removeLost(r *Record, s Shown) {
	if r == nil {
		return
	}
	p, ok := r.As(s.Seat).Place(s.Channel, s.Address)
	if ch := c.channels[s.Channel]; ok && ch != nil && r.Message(p) != s.Message && p.Given != s.Message {
		_ = c.remove(p, ch, s.Message)
	}
}

// TakeReplaced returns the message at a place that the card of r will replace, if that
// card is to arrive in a new message and has not arrived yet; else it is empty. From
// then on the caller removes that message, and the courier leaves it alone.
func (e *Engine) TakeReplaced(r *Record, at Place) (message string) {
	p, ok := r.Place(at.Channel, at.Address)
	if !ok || r.Anew != r.Version || e.cfg.Detached {
		return ""
	}
	r.shown.change(p, func(v screen) screen {
		if !p.released(v) {
			v, message = v.leave(r.need(p))
		}
		return v
	})
	return message
}
