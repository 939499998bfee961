package dialog

import (
	"context"
	"errors"
	"time"
)

// showTimeout bounds one call of a channel, well under the minute after which the
// sweeper looks at an unfinished row again.
const showTimeout = 20 * time.Second

// turn delivers r once; nil: what the store has. It returns the record that it found,
// nil if there was none to be had.
func (c *courier) turn(key Key, x *errand, r *Record) (found *Record, pause time.Duration, done bool) {
	if r != nil {
		pause, done = c.deliver(r, x)
		return r, pause, done
	}
	c.mu.Lock()
	replaced := len(x.replaced)
	c.mu.Unlock()
	r, shows, err := c.reload(key)
	if err != nil {
		return nil, 0, false
	}
	done = true
	if shows {
		pause, done = c.deliver(r, x)
	}
	c.mu.Lock()
	old := x.replaced[:replaced]
	x.replaced = x.replaced[replaced:]
	c.mu.Unlock()
	for _, s := range old {
		c.removeReplaced(r, s)
	}
	return r, pause, done
}

// reload reads what the store has now, nil if there is nothing that this version can
// read, and whether it is for this process to show.
func (c *courier) reload(key Key) (r *Record, shows bool, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	r, reh, err := c.e.Hydrate(ctx, key)
	switch {
	case err == nil && reh.Lost:
		return r, false, nil // no turn has lost it yet: that one says what is asked again
	case errors.Is(err, ErrSchemaNewer):
		return nil, false, nil // a newer instance shows it
	case err != nil:
		return nil, false, err
	case r.Version == 0:
		return nil, false, nil
	}
	return r, true, nil
}

// deliver shows r where it is not shown yet and does its effects. done: nothing
// is left; pause: what the other side asked for.
func (c *courier) deliver(r *Record, x *errand) (pause time.Duration, done bool) {
	done = true
	for _, p := range r.Places {
		ch := c.channels[p.Channel]
		if ch == nil || !p.Push {
			continue
		}
		if r.strayed(p) {
			r.shown.settle(r.shown.wrote(p))
			c.passOn(p)
		}
		if r.handing(p) { // the store tells what else has been shown there, too late to be taken over
			had := r.shown.get(p).Message
			c.note(r, x, Shown{Channel: p.Channel, Address: p.Address, Version: p.Released, Message: p.Given})
			if had != "" && had != p.Given {
				c.remove(r, p, ch, had)
			}
		}
		if p.refuses(r) || r.sure(p) >= r.Card && p.Unwitnessed == 0 {
			continue
		}
		began := c.e.Now()
		var err error
		if r.sure(p) < r.Card {
			err = c.show(r, p, ch, x)
		}
		var after *RetryAfter
		switch {
		case err == nil && p.Unwitnessed > 0:
			_, err = c.reached(r.Key, p)
			done = err == nil && done
		case err == nil:
		case errors.Is(err, ErrBlocked):
			done = c.block(r, p, began) && done
		case errors.Is(err, errDefect): // another version may show it
			c.e.trouble("render "+r.Key.Flow, err)
		case errors.Is(err, ErrSchemaNewer): // a newer one shows it
		case errors.As(err, &after):
			pause, done = max(pause, after.After), false
		default:
			done = false
		}
	}
	if !c.lift(r) {
		done = false
	}
	if !c.effects(r) {
		done = false
	}
	return pause, done
}

// passOn lets the conversation that took over a place show itself there again.
func (c *courier) passOn(p Place) {
	if heir, err := ParseKey(p.Heir); err == nil {
		c.suspect(heir, p, p.Given)
	}
}

// show shows r at one place: a fresh message where it must arrive anew or none
// is known, else an edit.
func (c *courier) show(r *Record, p Place, ch Channel, x *errand) error {
	began := c.e.cfg.Now()
	was := r.at(p)
	edit := was.Message
	if was.Version < r.Anew {
		edit = ""
	}
	card, err := c.e.render(r, View{Place: p, Lang: p.Lang})
	if err != nil {
		return err
	}
	if card.Newer {
		return ErrSchemaNewer
	}
	notice := r.Anew == r.Card && c.e.Now().Sub(r.Updated) > time.Minute
	if edit != "" {
		r.shown.atMost(Shown{Channel: p.Channel, Address: p.Address, Version: r.Version, Message: edit})
	}
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	msg, err := ch.Show(ctx, Showing{Place: p, Card: card, Message: edit, Notice: notice})
	if errors.Is(err, ErrGone) {
		msg, err = ch.Show(ctx, Showing{Place: p, Card: card, Notice: notice})
	}
	if c.e.cfg.Recorder.Showed != nil {
		c.e.cfg.Recorder.Showed(r.Key, p.Channel, err, c.e.cfg.Now().Sub(began))
	}
	if err != nil {
		return err
	}
	if c.forgotten(r, x) {
		c.remove(r, p, ch, msg)
		return nil
	}
	shown := Shown{Channel: p.Channel, Address: p.Address, Version: r.Version, Message: msg}
	r.shown.written(shown)
	c.note(r, x, shown)
	if was.Message != "" && was.Message != msg {
		c.remove(r, p, ch, was.Message)
	}
	return nil
}

// forgotten reports whether r was deleted since its run began: what was shown of it
// belongs to nobody.
func (c *courier) forgotten(r *Record, x *errand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return x.shown != r.shown
}

// note writes down what a place shows.
func (c *courier) note(r *Record, x *errand, s Shown) {
	r.shown.put(s)
	c.mu.Lock()
	x.marks++
	c.mu.Unlock()
	c.e.batch.mark([]ShownMark{{Key: r.Key, Shown: s}}, nil)
}

// remove takes a message away, unless somebody here does or did it.
func (c *courier) remove(r *Record, p Place, ch Channel, message string) {
	if !r.shown.drop(message) {
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	if err := ch.Remove(ctx, p, message); err != nil {
		r.shown.take(message) // once more when its mark is written, if that is still to come
		c.e.trouble("remove message", err)
	}
}

// removeReplaced removes a message that was replaced, unless it is the card of r or was
// taken over.
func (c *courier) removeReplaced(r *Record, s Shown) {
	if r == nil {
		return
	}
	p, ok := r.Place(s.Channel, s.Address)
	if ch := c.channels[s.Channel]; ok && ch != nil && r.Message(p) != s.Message && p.Given != s.Message {
		c.remove(r, p, ch, s.Message)
	}
}
