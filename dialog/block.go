package dialog

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// A block belongs to a place, and so to all conversations of a person there. The
// person's own conversation, which gets most of their inputs, is the witness. A
// conversation whose card is rejected (the finder) leaves a note at the witness. Any
// input at the witness proves that the person can be reached: it lifts the block, and
// the courier lifts it at each conversation that a note names. Only blocked people
// cost these reads and writes.
//
// The finder and the witness are two rows, and an input may lift the block between
// their turns. So a block counts after three turns: the finder writes it as
// unwitnessed, the witness writes the note, the finder writes that. Until the third
// turn the card is tried again. A note is removed by its whole value: a note that came
// meanwhile has another version and stays.
//
// A witness may lack notes: its row is new, perhaps after a forget, or a program before
// record format 2 wrote it. Such a witness gets the zero note, and after its turn the
// courier lists the person's other conversations once.
//
// Channels report blocks; the engine infers others from errors of a send. An inferred
// block may be wrong: the next card tries it again, and an input of the person since
// the send began refutes it.

// BlockNote names another conversation of the same person, whose block is lifted when
// the person is heard of at the place. The zero BlockNote says that the person's other
// conversations are still to be listed.
type BlockNote struct {
	Channel string `json:"c"`
	Address string `json:"a"`
	Key     string `json:"k,omitempty"` // Key.String; empty: all that have the place blocked
	At      int64  `json:"v,omitempty"` // version of the turn that wrote it; 0: an earlier program did
}

// blockNotesMax is how many conversations the notes of one place name. With more, one
// note without a key replaces them.
const blockNotesMax = 20

// Names of inputs of KindBlock. Channels send the first two; the courier sends all but
// the second.
const (
	blockReported  = "blocked"
	blockEnded     = "unblocked"
	blockLifted    = "lifted"  // the witness has heard of the person
	blockSettled   = "settled" // the block is lifted at the conversation that a note names
	blockWitnessed = "noted"   // the witness has written the note
	blockListed    = "learned" // the person's other conversations have been listed
)

// blockFact is what the courier adds to an input of KindBlock.
type blockFact struct {
	began   time.Time   // start of the rejected send
	card    int64       // version of the rejected card; 0 where the finder is another conversation
	finder  string      // that conversation, as Key.String; empty: this one
	witness bool        // the block needs a witness, which is another conversation
	since   int64       // of blockWitnessed: Place.Unwitnessed
	note    BlockNote   // of blockSettled
	notes   []BlockNote // of blockListed
}

// skips reports whether p is blocked and has rejected the current card of r already.
func (p Place) skips(r *Record) bool {
	if !p.Blocked || p.Unwitnessed > 0 {
		return false
	}
	return p.Tried >= r.part(p.Seat).Card
}

func (r *Record) placeAt(id string) int {
	return slices.IndexFunc(r.Places, func(p Place) bool { return p.id() == id })
}

// liftable are the notes whose place is no longer blocked at the witness r.
func (r *Record) liftable() (out []BlockNote) {
	for _, n := range r.BlockNotes {
		if p, _ := r.Place(n.Channel, n.Address); !p.Blocked {
			out = append(out, n)
		}
	}
	return out
}

// block applies an input of KindBlock. It reports whether there is something to commit.
func (t *Turn) block() bool {
	in, r := t.Input, t.Record
	i := r.placeAt(in.Place.id())
	if in.block == nil && in.Name != blockReported && in.Name != blockEnded {
		return false // only the courier sends these
	}
	switch in.Name {
	case blockReported:
		return t.blocked(i)
	case blockSettled:
		had := len(r.BlockNotes)
		r.BlockNotes = slices.DeleteFunc(slices.Clone(r.BlockNotes), func(n BlockNote) bool { return n == in.block.note })
		return len(r.BlockNotes) < had
	case blockWitnessed:
		if i < 0 || in.block.since == 0 || r.Places[i].Unwitnessed != in.block.since {
			return false
		}
		r.Places = slices.Clone(r.Places)
		r.Places[i].Unwitnessed = 0
		return true
	case blockListed:
		return t.addNotes()
	}
	if i < 0 || !r.Places[i].Blocked {
		return t.unblocks
	}
	r.Places = slices.Clone(r.Places)
	r.Places[i].unblock()
	return true
}

// addNotes replaces the zero note by the notes that the list found.
func (t *Turn) addNotes() bool {
	r, had := t.Record, len(t.Record.BlockNotes)
	r.BlockNotes = slices.DeleteFunc(slices.Clone(r.BlockNotes), func(n BlockNote) bool { return n == BlockNote{} })
	if len(r.BlockNotes) == had {
		return false
	}
	for _, n := range t.Input.block.notes {
		r.addNote(Place{Channel: n.Channel, Address: n.Address}, n.Key)
	}
	return true
}

func (p *Place) unblock() { p.Blocked, p.Tried, p.Unwitnessed = false, 0, 0 }

// blocked writes that the place with index i (-1: none yet) is blocked.
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
	default: // the witness has lost this place
		i = min(len(r.Places), placesMax-1)
		p := in.Place
		r.Places = append(slices.Clone(r.Places[:i]), Place{Channel: p.Channel, Address: p.Address, Lang: p.Lang, Push: true})
	}
	p := &r.Places[i]
	switch {
	case finder != "":
		r.addNote(*p, finder)
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

// refuted reports whether r got an input of the person since the send began. Another
// conversation's input in the same millisecond counts as later.
func (f *blockFact) refuted(r *Record) bool {
	heard, began := r.Updated.UnixMilli(), f.began.UnixMilli()
	return heard > began || heard == began && f.finder != ""
}

// addNote adds the conversation key to the notes of p.
func (r *Record) addNote(p Place, key string) {
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

// block writes that p has rejected the card of r in a send that began at began. It
// reports whether the place is done with; else the card is tried again.
func (c *courier) block(r *Record, p Place, began time.Time) bool {
	s := r.part(p.Seat)
	fact := &blockFact{began: began, card: s.Card, witness: s.Owner != "" && c.e.witnessOf(r.Key, s.Owner) != r.Key}
	out, err := c.submit("block a place", Input{Kind: KindBlock, Name: blockReported, Key: r.Key, Place: p, block: fact})
	switch {
	case err != nil || out.Record != nil && fact.refuted(out.Record):
		return false
	case out.Record != nil && !c.attest(out.Record, p, began):
		return false
	}
	c.e.trouble("show a card of "+r.Key.Flow, ErrBlocked)
	return true
}

// attest has the witness write a note of the unwitnessed block of r at p. It reports
// whether the place is done with; else the card is tried again.
func (c *courier) attest(r *Record, p Place, began time.Time) bool {
	p, _ = r.Place(p.Channel, p.Address)
	if p.Unwitnessed == 0 {
		return true
	}
	fact := &blockFact{began: began, finder: r.Key.String()}
	own := p // at the witness
	own.Seat = ""
	out, err := c.submit("note a block", Input{Kind: KindBlock, Name: blockReported, Key: c.e.witness(r.Owner), Place: own, block: fact})
	switch {
	case err != nil || out.Did == DidPark, // the witness has written nothing
		out.Record != nil && fact.refuted(out.Record):
		return false
	}
	witness := out.Record
	out, err = c.submit("report the note of a block", Input{Kind: KindBlock, Name: blockWitnessed, Key: r.Key, Place: p, block: &blockFact{since: p.Unwitnessed}})
	if err != nil || out.Record == nil {
		return err == nil
	}
	now, _ := out.Record.Place(p.Channel, p.Address)
	if !now.Blocked && witness != nil { // the person was heard of meanwhile
		_, _ = c.liftBlock(witness.Key, own, "")
	}
	return now.Blocked
}

// liftBlock lifts the block of p at one conversation. owner says whose place p is, if p has
// no seat.
func (c *courier) liftBlock(key Key, p Place, owner string) (Outcome, error) {
	out, err := c.submit("lift a block", Input{Kind: KindBlock, Name: blockLifted, Key: key, Owner: owner, Place: p, block: &blockFact{}})
	if err == nil && out.Did == DidPark { // nothing is written
		err = ErrSchemaNewer
	}
	return out, err
}

// serveNotes lifts the block at the conversations that the liftable notes of r name,
// and removes those notes. It reports whether all went well; a failure holds up no
// other note.
func (c *courier) serveNotes(r *Record) (done bool) {
	done = true
	for _, n := range r.liftable() {
		var err error
		if n == (BlockNote{}) {
			err = c.listBlocks(r)
		} else if err = c.eachNoted(r, n, func(key Key) error { return c.liftNoted(r, n, key) }); err == nil {
			_, err = c.submit("remove the note of a block", Input{Kind: KindBlock, Name: blockSettled, Key: r.Key, block: &blockFact{note: n}})
		}
		done = done && err == nil
	}
	return done
}

// liftNoted lifts the block of n at the conversation key. Where that is the witness and
// its row is missing, nobody has the notes: the block is lifted at all of the person's
// conversations.
func (c *courier) liftNoted(r *Record, n BlockNote, key Key) error {
	owner := r.Owner
	if key == c.e.witness(key.ID) {
		owner = key.ID
	}
	out, err := c.liftBlock(key, Place{Channel: n.Channel, Address: n.Address}, owner)
	if err == nil && out.Record == nil && n.Key != "" && key == c.e.witness(r.Owner) {
		n.Key = ""
		return c.eachNoted(r, n, func(key Key) error { return c.liftNoted(r, n, key) })
	}
	return err
}

// eachNoted calls f with the conversation that n names. For a note without a key it
// calls f with each of the person's conversations that has the place blocked, or may
// have it.
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

// eachOf calls f with each of the person's conversations, as that person has it; unread: this version can
// decode the head only. An error of f stops no other call; the first one is returned.
func (c *courier) eachOf(owner string, f func(x *Record, unread bool) error) (err error) {
	call := func(row *Row) {
		if c.e.flows[row.Key.Flow] != nil {
			x, unread := row.record()
			x, _ = x.AsOf(owner)
			err = cmp.Or(err, f(x, unread != nil))
		}
	}
	own, failed := c.e.store.Load(c.ctx, c.e.witness(owner))
	switch {
	case failed == nil:
		call(own)
	case !errors.Is(failed, ErrNotFound):
		return failed
	}
	for q := (Query{Bot: c.e.cfg.Bot, Owner: owner, Newest: true, Deep: true, Limit: 100}); ; {
		rows, failed := c.e.store.List(c.ctx, q)
		if failed != nil {
			return failed
		}
		for _, row := range rows {
			call(row)
		}
		if len(rows) < q.Limit {
			return err
		}
		last := rows[len(rows)-1]
		q.After, q.AfterCreated = last.Key.String(), last.Created
	}
}

// listBlocks lists the person's other conversations that have a place blocked, and has
// the witness r write them. A conversation that this version cannot decode may have
// any place of r blocked.
func (c *courier) listBlocks(r *Record) error {
	var notes []BlockNote
	err := c.eachOf(r.Owner, func(x *Record, unread bool) error {
		places := x.Places
		if unread {
			places = r.Places
		}
		for _, p := range places {
			if x.Key != r.Key && (unread || p.Blocked && p.Seat == x.role) {
				notes = append(notes, BlockNote{Channel: p.Channel, Address: p.Address, Key: x.Key.String()})
			}
		}
		return nil
	})
	if err == nil {
		_, err = c.submit("note the blocks of a person", Input{Kind: KindBlock, Name: blockListed, Key: r.Key, block: &blockFact{notes: notes}})
	}
	return err
}

// firstNotes are the notes of a witness without a row: the zero note if the person has
// other conversations, or if that is unknown. One read.
func (e *Engine) firstNotes(ctx context.Context, in *Input) []BlockNote {
	if len(e.order) == 1 || !in.FromPerson() || in.Key != e.witness(in.Owner) {
		return nil
	}
	rows, err := e.store.List(ctx, Query{Bot: e.cfg.Bot, Owner: in.Owner, Newest: true, Limit: 1})
	if err == nil && len(rows) == 0 {
		return nil
	}
	return []BlockNote{{}}
}

// prepareWitness gives the zero note to a witness of a format without notes. A turn
// that finds such a witness, or one that begins with the zero note, is committed
// whatever the flow decides.
func (e *Engine) prepareWitness(t *Turn) {
	if r := t.Record; r.Version > 0 && r.Format < notesFormat && len(e.order) > 1 && r.Key == t.witness {
		r.BlockNotes = append(slices.Clip(r.BlockNotes), BlockNote{})
	}
	t.unblocks = slices.Contains(t.Record.BlockNotes, BlockNote{}) && t.Before.Format < notesFormat
}

// submit hands an input of the courier to the engine; what names it in the trouble of an error.
func (c *courier) submit(what string, in Input) (Outcome, error) {
	ctx, cancel := context.WithTimeout(c.ctx, courierTimeout)
	defer cancel()
	out, err := c.e.handle(ctx, in)
	if err != nil && !errors.Is(err, context.Canceled) {
		c.e.trouble(what, err)
	}
	return out, err
}
