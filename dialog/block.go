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
// block that another conversation finds is noted there, too. Whoever writes is not
// blocked: an input there lifts the block, and the conversations that the notes
// name are told. So nobody is asked about people who are not blocked.
//
// Two rows cannot be written at once, and a lift may come between. So a block counts
// when three turns have gone well: its finder notes it without a witness, the witness
// notes the finder, the finder notes that. Until then the card is tried again. A note
// is dropped as the very one that was heeded: one that came meanwhile stays.
//
// A witness that is new, perhaps because it was forgotten, or was written by a program
// that noted no blocks has a note without a place: it looks once at what else the
// person has, after its turn.
//
// A channel tells of a block, or an error lets the engine infer it. An inferred one
// may be wrong: it is tried again at the next card, and is none if the person was
// heard of since the send began.

// BlockNote names another conversation of the same person that is to be told when
// the place is not blocked any more. The zero BlockNote says that the others are to be
// looked at.
type BlockNote struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Key     string `json:"k,omitempty"` // Key.String; empty: more than can be named
	At      int64  `json:"v,omitempty"` // version of the turn that noted it; 0: of an earlier program
}

// blockNotesMax is how many conversations are named at one place; more are looked for.
const blockNotesMax = 20

// Names of inputs of KindBlock. The first two come from channels.
const (
	blockHeard   = "blocked"
	blockOver    = "unblocked"
	blockLifted  = "lifted"  // the witness has heard of the person
	blockDropped = "told"    // the conversation that a note names knows of that
	blockNoted   = "noted"   // the witness knows of the block
	blockLearned = "learned" // the witness has looked at the others
)

// blockFact is what the engine itself says of a block.
type blockFact struct {
	began   time.Time   // the send that was refused
	card    int64       // what it was to show; 0: it was another conversation's
	finder  string      // that conversation, as Key.String; empty: this one
	witness bool        // whether another conversation is to know of it
	since   int64       // of blockNoted: Place.Unwitnessed
	note    BlockNote   // of blockDropped
	notes   []BlockNote // of blockLearned
}

// refuses reports whether the card of r need not be tried at p.
func (p Place) refuses(r *Record) bool { return p.Blocked && p.Unwitnessed == 0 && p.Tried >= r.Card }

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
	if in.block == nil && in.Name != blockHeard && in.Name != blockOver {
		return false // no channel knows of that
	}
	switch in.Name {
	case blockHeard:
		return t.blocked(i)
	case blockDropped:
		had := len(r.BlockNotes)
		r.BlockNotes = slices.DeleteFunc(slices.Clone(r.BlockNotes), func(n BlockNote) bool { return n == in.block.note })
		return len(r.BlockNotes) < had
	case blockNoted:
		if i < 0 || in.block.since == 0 || r.Places[i].Unwitnessed != in.block.since {
			return false
		}
		r.Places = slices.Clone(r.Places)
		r.Places[i].Unwitnessed = 0
		return true
	case blockLearned:
		return t.learned()
	}
	if i < 0 || !r.Places[i].Blocked {
		return t.unblocks
	}
	r.Places = slices.Clone(r.Places)
	r.Places[i].unblock()
	return true
}

// learned notes which of the others have a place blocked.
func (t *Turn) learned() bool {
	r, had := t.Record, len(t.Record.BlockNotes)
	r.BlockNotes = slices.DeleteFunc(slices.Clone(r.BlockNotes), func(n BlockNote) bool { return n == BlockNote{} })
	if len(r.BlockNotes) == had {
		return false
	}
	for _, n := range t.Input.block.notes {
		r.noteBlock(Place{Channel: n.Channel, Address: n.Address}, n.Key)
	}
	return true
}

func (p *Place) unblock() { p.Blocked, p.Tried, p.Unwitnessed = false, 0, 0 }

// blocked notes that the place with index i is blocked.
func (t *Turn) blocked(i int) bool {
	in, r := t.Input, t.Record
	tried, finder, since := int64(math.MaxInt64), "", int64(0)
	if found := in.block; found != nil {
		tried, finder = found.card, found.finder
		if tried == 0 {
			tried = r.Card
		}
		if found.witness {
			since = r.Version + 1
		}
		if found.refuted(r) {
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
	switch {
	case finder != "":
		r.noteBlock(*p, finder)
	case p.Blocked && p.Tried >= tried:
		return false
	default:
		p.Unwitnessed = since
	}
	if !p.Blocked {
		t.Event(EventBlocked, "")
	}
	p.Blocked, p.Tried = true, max(p.Tried, tried)
	return true
}

// refuted reports whether r heard of the person since the send began; at another
// conversation it may have been in the same millisecond.
func (f *blockFact) refuted(r *Record) bool {
	heard, began := r.Updated.UnixMilli(), f.began.UnixMilli()
	return heard > began || heard == began && f.finder != ""
}

// noteBlock notes which conversation is to be told when p is not blocked any more.
func (r *Record) noteBlock(p Place, key string) {
	var rest, here []BlockNote
	for _, n := range r.BlockNotes {
		switch {
		case n.Channel != p.Channel || n.Address != p.Address:
			rest = append(rest, n)
		case n.Key == "":
			key = ""
		case n.Key != key:
			here = append(here, n)
		}
	}
	if key == "" || len(here) == blockNotesMax {
		here, key = nil, ""
	}
	r.BlockNotes = append(append(rest, here...), BlockNote{p.Channel, p.Address, key, r.Version + 1})
}

// witness is the person's own conversation.
func (e *Engine) witness(owner string) Key { return Key{e.cfg.Bot, e.order[0].FlowName(), owner} }

// block notes that p refused the card of r, which was begun then. False: it is to be
// tried again.
func (c *courier) block(r *Record, p Place, began time.Time) bool {
	fact := &blockFact{began: began, card: r.Card, witness: c.e.witness(r.Owner) != r.Key}
	out, err := c.tell(Input{Kind: KindBlock, Name: blockHeard, Key: r.Key, Place: p, block: fact})
	switch {
	case err != nil || out.Record != nil && fact.refuted(out.Record):
		return false
	case out.Record != nil && !c.attest(out.Record, p, began):
		return false
	}
	c.e.trouble("show a card of "+r.Key.Flow, ErrBlocked)
	return true
}

// attest has the witness note the block that r has noted without it. False: it is to
// be tried again.
func (c *courier) attest(r *Record, p Place, began time.Time) bool {
	p, _ = r.Place(p.Channel, p.Address)
	if p.Unwitnessed == 0 {
		return true
	}
	fact := &blockFact{began: began, finder: r.Key.String()}
	out, err := c.tell(Input{Kind: KindBlock, Name: blockHeard, Key: c.e.witness(r.Owner), Place: p, block: fact})
	switch {
	case err != nil || out.Did == DidPark, // it does not know yet
		out.Record != nil && fact.refuted(out.Record):
		return false
	}
	witness := out.Record
	out, err = c.tell(Input{Kind: KindBlock, Name: blockNoted, Key: r.Key, Place: p, block: &blockFact{since: p.Unwitnessed}})
	if err != nil || out.Record == nil {
		return err == nil
	}
	now, _ := out.Record.Place(p.Channel, p.Address)
	if !now.Blocked && witness != nil { // the person was heard of meanwhile
		_, _ = c.reached(witness.Key, p)
	}
	return now.Blocked
}

// reached lifts a block of one conversation.
func (c *courier) reached(key Key, p Place) (Outcome, error) {
	out, err := c.tell(Input{Kind: KindBlock, Name: blockLifted, Key: key, Place: p, block: &blockFact{}})
	if err == nil && out.Did == DidPark { // it does not know yet
		err = ErrSchemaNewer
	}
	return out, err
}

// lift tells the conversations that noted a block of a place where the person was
// heard of since. False: one of them is to be told again; it holds up no other.
func (c *courier) lift(r *Record) (done bool) {
	done = true
	for _, n := range r.liftable() {
		var err error
		if n == (BlockNote{}) {
			err = c.learn(r)
		} else if err = c.eachNoted(r, n, func(key Key) error { return c.lifted(r, n, key) }); err == nil {
			_, err = c.tell(Input{Kind: KindBlock, Name: blockDropped, Key: r.Key, block: &blockFact{note: n}})
		}
		done = done && err == nil
	}
	return done
}

// lifted tells one conversation that the place of n is not blocked any more. A witness
// that is not there cannot tell the others, so they are told here.
func (c *courier) lifted(r *Record, n BlockNote, key Key) error {
	out, err := c.reached(key, Place{Channel: n.Channel, Address: n.Address})
	if err == nil && out.Record == nil && n.Key != "" && key == c.e.witness(r.Owner) {
		n.Key = ""
		return c.eachNoted(r, n, func(key Key) error { return c.lifted(r, n, key) })
	}
	return err
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
	return c.eachOf(r.Owner, func(x *Record, unread bool) error {
		if p, _ := x.Place(n.Channel, n.Address); unread || p.Blocked {
			return f(x.Key)
		}
		return nil
	})
}

// eachOf calls f with all of the person's conversations; unread: this version knows
// the head only. An error of one holds up no other.
func (c *courier) eachOf(owner string, f func(x *Record, unread bool) error) (err error) {
	for q := (Query{Bot: c.e.cfg.Bot, Owner: owner, Deep: true, Limit: 100}); ; {
		rows, failed := c.e.store.List(c.ctx, q)
		if failed != nil {
			return failed
		}
		for _, row := range rows {
			if c.e.flows[row.Key.Flow] != nil {
				x, unread := row.record()
				err = cmp.Or(err, f(x, unread != nil))
			}
		}
		if len(rows) < q.Limit {
			return err
		}
		q.After = rows[len(rows)-1].Key.String()
	}
}

// learn has the witness r note which of the person's other conversations have a place
// blocked, or may have one where r is.
func (c *courier) learn(r *Record) error {
	var notes []BlockNote
	err := c.eachOf(r.Owner, func(x *Record, unread bool) error {
		places := x.Places
		if unread {
			places = r.Places
		}
		for _, p := range places {
			if x.Key != r.Key && (unread || p.Blocked) {
				notes = append(notes, BlockNote{Channel: p.Channel, Address: p.Address, Key: x.Key.String()})
			}
		}
		return nil
	})
	if err == nil {
		_, err = c.tell(Input{Kind: KindBlock, Name: blockLearned, Key: r.Key, block: &blockFact{notes: notes}})
	}
	return err
}

// unwitnessed are the notes that a witness begins with: whether the person has other
// conversations, which it has not heard of, is one read.
func (e *Engine) unwitnessed(ctx context.Context, in *Input) []BlockNote {
	if len(e.order) == 1 || !in.FromPerson() || in.Key != e.witness(in.Owner) {
		return nil
	}
	rows, err := e.store.List(ctx, Query{Bot: e.cfg.Bot, Owner: in.Owner, Limit: 1})
	if err == nil && len(rows) == 0 {
		return nil
	}
	return []BlockNote{{}}
}

// doubt lets a witness look at the others that was written by a program which noted no
// blocks, or is not written yet and has others.
func (e *Engine) doubt(t *Turn) {
	if r := t.Record; r.Version > 0 && r.Format < notesFormat && len(e.order) > 1 && r.Key == t.witness {
		r.BlockNotes = append(slices.Clip(r.BlockNotes), BlockNote{})
	}
	t.unblocks = slices.Contains(t.Record.BlockNotes, BlockNote{}) && t.Before.Format < notesFormat
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
