package dialog

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// Whether a person can be reached is a matter of a place, not of a conversation.
// The person's own conversation, where most of their inputs go, is the witness: a
// block that another conversation finds is noted there first. Whoever writes is not
// blocked: an input there lifts the block, and the conversations that the notes
// name are told. So nobody is asked about people who are not blocked, and a process
// that dies in between leaves a note that the next one finds.
//
// A channel tells of a block, or an error lets the engine infer it. An inferred one
// may be wrong: it is tried again at the next card, and is none if the person was
// heard of since the send began.

// BlockNote names another conversation of the same person that is to be told when
// the place is not blocked any more.
type BlockNote struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Key     string `json:"k,omitempty"` // Key.String; empty: more than can be named
}

// blockNotesMax is how many conversations are named at one place; more are looked for.
const blockNotesMax = 20

// Names of inputs of KindBlock. The first two come from channels.
const (
	blockHeard   = "blocked"
	blockOver    = "unblocked"
	blockLifted  = "lifted" // the witness has heard of the person
	blockDropped = "told"   // the conversation that a note names knows of that
)

// inferredBlock is how a block was found out.
type inferredBlock struct {
	began  time.Time // the send that was refused
	card   int64     // what it was to show; 0: it was another conversation's
	finder string    // that conversation, as Key.String; empty: this one
}

// refuses reports whether the card of r need not be tried at p.
func (p Place) refuses(r *Record) bool { return p.Blocked && p.Tried >= r.Card }

func (r *Record) placeAt(id string) int {
	return slices.IndexFunc(r.Places, func(p Place) bool { return p.id() == id })
}

// liftable are the notes whose place is not blocked any more.
func (r *Record) liftable() (out []BlockNote) {
	for _, n := range r.BlockNotes {
		if p, _ := r.Place(n.Channel, n.Address); !p.Blocked {
			out = append(out, n)
		}
	}
	return out
}

// block does what an input of KindBlock says. False: there is nothing to do.
func (t *Turn) block() bool {
	in, r := t.Input, t.Record
	i := r.placeAt(in.Place.id())
	switch in.Name {
	case blockHeard:
		return t.blocked(i)
	case blockDropped:
		note := BlockNote{in.Place.Channel, in.Place.Address, in.Value}
		had := len(r.BlockNotes)
		r.BlockNotes = slices.DeleteFunc(slices.Clone(r.BlockNotes), func(n BlockNote) bool { return n == note })
		return len(r.BlockNotes) < had
	}
	if i < 0 || !r.Places[i].Blocked {
		return false
	}
	r.Places = slices.Clone(r.Places)
	r.Places[i].Blocked, r.Places[i].Tried = false, 0
	return true
}

// blocked notes that the place with index i is blocked.
func (t *Turn) blocked(i int) bool {
	in, r := t.Input, t.Record
	tried, finder := int64(math.MaxInt64), ""
	if found := in.inferred; found != nil {
		tried, finder = found.card, found.finder
		if tried == 0 {
			tried = r.Card
		}
		if r.heardSince(found.began) {
			return false
		}
	}
	switch {
	case i >= 0:
		r.Places = slices.Clone(r.Places)
	case finder == "":
		return false
	default: // the witness has not been there lately
		i = min(len(r.Places), placesMax-1)
		p := in.Place
		r.Places = append(slices.Clone(r.Places[:i]), Place{Channel: p.Channel, Address: p.Address, Lang: p.Lang, Push: true})
	}
	p := &r.Places[i]
	noted := finder == "" || !r.noteBlock(*p, finder)
	if p.Blocked && p.Tried >= tried && noted {
		return false
	}
	if !p.Blocked {
		t.Event(EventBlocked, "")
	}
	p.Blocked, p.Tried = true, max(p.Tried, tried)
	return true
}

// heardSince reports whether the person did something after that time.
func (r *Record) heardSince(at time.Time) bool { return r.Updated.UnixMilli() > at.UnixMilli() }

// noteBlock notes which conversation is to be told when p is not blocked any more;
// false: that is known.
func (r *Record) noteBlock(p Place, key string) bool {
	var rest, here []BlockNote
	for _, n := range r.BlockNotes {
		if n.Channel == p.Channel && n.Address == p.Address {
			here = append(here, n)
		} else {
			rest = append(rest, n)
		}
	}
	if slices.ContainsFunc(here, func(n BlockNote) bool { return n.Key == "" || n.Key == key }) {
		return false
	}
	if len(here) == blockNotesMax {
		here, key = nil, ""
	}
	r.BlockNotes = append(append(rest, here...), BlockNote{p.Channel, p.Address, key})
	return true
}

// witness is the person's own conversation.
func (e *Engine) witness(owner string) Key { return Key{e.cfg.Bot, e.order[0].FlowName(), owner} }

// block notes that p refused the card of r, which was begun then: at the witness,
// here, and at the witness again, which may have been heard of in between. False: it
// is to be tried again.
func (c *courier) block(r *Record, p Place, began time.Time) bool {
	here := Input{Kind: KindBlock, Name: blockHeard, Key: r.Key, Place: p, inferred: &inferredBlock{began: began, card: r.Card}}
	there := here
	there.Key, there.inferred = c.e.witness(r.Owner), &inferredBlock{began: began, finder: r.Key.String()}
	steps := []Input{there, here, there}
	if there.Key == here.Key {
		steps = []Input{here}
	}
	for i, in := range steps {
		out, err := c.tell(in)
		if err != nil {
			return false
		}
		if out.Record != nil && out.Record.heardSince(began) {
			if i == 2 {
				here.Name = blockLifted
				_, _ = c.tell(here) // else the next card is tried
			}
			return false
		}
	}
	c.e.trouble("show a card of "+r.Key.Flow, ErrBlocked)
	return true
}

// lift tells the conversations that noted a block of a place where the person was
// heard of since. False: one of them is to be told again; it holds up no other.
func (c *courier) lift(r *Record) (done bool) {
	done = true
	for _, n := range r.liftable() {
		err := c.eachNoted(r, n, func(key Key) error {
			out, err := c.tell(Input{Kind: KindBlock, Name: blockLifted, Key: key, Place: Place{Channel: n.Channel, Address: n.Address}})
			if err == nil && out.Did == DidPark { // it does not know yet
				err = ErrSchemaNewer
			}
			return err
		})
		if err == nil {
			_, err = c.tell(Input{Kind: KindBlock, Name: blockDropped, Key: r.Key, Place: Place{Channel: n.Channel, Address: n.Address}, Value: n.Key})
		}
		done = done && err == nil
	}
	return done
}

// eachNoted calls f with the conversation that a note names, or with all of the
// person's that have its place blocked, or may have it.
func (c *courier) eachNoted(r *Record, n BlockNote, f func(Key) error) (err error) {
	if n.Key != "" {
		if key, err := ParseKey(n.Key); err == nil {
			return f(key)
		}
		return nil // no conversation has such a key
	}
	for q := (Query{Bot: c.e.cfg.Bot, Owner: r.Owner, Deep: true, Limit: 100}); ; {
		rows, failed := c.e.store.List(c.ctx, q)
		if failed != nil {
			return failed
		}
		for _, row := range rows {
			if c.e.flows[row.Key.Flow] == nil {
				continue
			}
			x, unread := row.record()
			if p, _ := x.Place(n.Channel, n.Address); unread != nil || p.Blocked {
				err = cmp.Or(err, f(row.Key))
			}
		}
		if len(rows) < q.Limit {
			return err
		}
		q.After = rows[len(rows)-1].Key.String()
	}
}

// tell hands an input of the courier's own to the engine.
func (c *courier) tell(in Input) (Outcome, error) {
	ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
	defer cancel()
	out, err := c.e.handle(ctx, in)
	if err != nil && !errors.Is(err, context.Canceled) {
		c.e.trouble("note a block", err)
	}
	return out, err
}
