package dialog

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// decide has the flow decide, which is pure, and makes the write. A nil Write: nothing is to
// be committed.
func (e *Engine) decide(flow Flow, rec *Record, in *Input, reh Rehydration, others []*Record) (*Turn, *Write, error) {
	t, fit := e.turn(flow, rec, in, reh, others)
	switch fit {
	case inputForeign:
		t.foreign()
		return t, nil, nil
	case inputDuplicate:
		return t, nil, t.duplicate(flow)
	}
	e.prepareWitness(t)
	if !t.admit() {
		return t, nil, nil
	}
	if err := guard(func() { e.ask(flow, t, fit == inputOlder); e.quote(t) }); err != nil {
		return t, nil, err
	}
	if t.turnedAway() {
		return t, nil, nil
	}
	if err := e.check(flow, t); err != nil || t.idle() {
		return t, nil, err
	}
	e.finish(flow, t)
	t.role = t.Record.role
	t.Record, t.Before = t.Record.As(""), t.Before.As("") // a row is as its owner has it
	w, err := e.write(t)
	return t, w, err
}

// turn begins the turn of in, on the record as its sender has it, and judges in. A claim
// fits, and so does what begins a conversation. A conversation with an id of its own begins
// by [Turn.Start] or by an order.
func (e *Engine) turn(flow Flow, rec *Record, in *Input, reh Rehydration, others []*Record) (*Turn, fit) {
	role, sits := seatFor(flow, rec, in)
	in.Place.Seat = role
	rec = rec.As(role)
	t := &Turn{
		Before: rec, Record: rec.clone(), Input: in, Rehydrated: reh,
		Now: e.Now(), Zone: e.cfg.Zone, OpenSince: e.openSince(),
		Others: others, Total: in.total,
		role: role, witness: e.witnessOf(in.Key, rec.Owner), seed: e.cfg.Random(),
	}
	t.Claim = (!sits || rec.Version == 0) && in.FromPerson() && e.claims(flow, in) == rec.Key.ID
	t.Gap = rec.Version > 0 && sits && in.FromPerson() && rec.Step != "" &&
		(t.Now.Sub(rec.Updated) >= e.cfg.SessionGap || reh.Cause == CauseRestart || reh.Lost)
	_, byID := flow.(Matcher)
	begins := rec.Version == 0 && begins(flow, in)
	fits := judge(rec, in, sits)
	switch {
	case t.Claim, fits == inputForeign && begins:
		return t, inputFits
	case rec.Version == 0 && byID && !begins:
		return t, inputForeign
	}
	return t, fits
}

// foreign rejects the input of a stranger.
func (t *Turn) foreign() {
	t.did = DidForeign
	if t.Input.FromPerson() {
		t.toast = &Said{Code: CodeForeign}
	}
}

// duplicate repeats the answer that the input got the first time.
func (t *Turn) duplicate(flow Flow) error {
	t.did = DidDuplicate
	recaller, ok := flow.(Recaller)
	if !ok {
		return nil
	}
	return guard(func() { t.toast = recaller.Recalls(t.Before, t.Input) })
}

// ask lets the flow decide. An older input reaches only a flow that accepts it.
func (e *Engine) ask(flow Flow, t *Turn, older bool) {
	in := t.Input
	if in.Kind == KindBlock && in.Name != blockReported && in.Name != blockEnded {
		return // the engine's own
	}
	if e.elsewhere(t, older) {
		return
	}
	if older {
		a, ok := flow.(Accepter)
		if t.Older = ok && a.Accepts(t.Before, t.Input); !t.Older {
			t.Stale()
			return
		}
	}
	flow.Decide(t)
	t.keepsAsking()
}

// turnedAway reports whether nothing is written because the flow did not take the input: its
// sender alone is told, a claim got no seat, or it is a text for this conversation, which its
// sender's own card reports.
func (t *Turn) turnedAway() bool {
	switch {
	case t.did == DidPark:
		return false
	case t.told != nil:
		return true
	case t.Claim:
		t.did, t.toast = DidForeign, t.Record.Said
		return true
	case t.Input.carried && t.did != DidApply:
		if t.Record.Said != t.Before.Said {
			t.toast = t.Record.Said
		}
		return true
	}
	return false
}

// check is an error if the turn must not be committed: the flow parks the record, or its
// decision has a defect.
func (e *Engine) check(flow Flow, t *Turn) error {
	in := t.Input
	if t.passTo != "" && (t.did != DidNothing || len(t.events) > 0) {
		return fmt.Errorf("%s %s is passed on by a turn that does more: %w: %w", in.Kind, in.Name, errDefect, ErrSchemaNewer)
	}
	if err := e.known(flow, t); err != nil {
		return err
	}
	switch {
	case t.Before.spared && t.changes():
		return fmt.Errorf("%s %s changed a draft that it spares: %w: %w", in.Kind, in.Name, errDefect, ErrSchemaNewer)
	case t.did == DidPark:
		return fmt.Errorf("%s step %s: %w", in.Key.Masked(), t.Before.Step, ErrSchemaNewer)
	}
	return nil
}

// known is an error if the turn adds an effect that its flow does not have: it could
// never be done.
func (e *Engine) known(flow Flow, t *Turn) error {
	for _, x := range t.Record.Pending {
		had := slices.ContainsFunc(t.Before.Pending, func(b PendingEffect) bool { return b.ID == x.ID })
		if !had && x.Name != effectText && effectOf(flow, x.Name) == nil {
			return fmt.Errorf("the flow has no effect %q: %w: %w", x.Name, errDefect, ErrSchemaNewer)
		}
	}
	for _, s := range t.starts {
		for _, x := range s.Pending {
			if effectOf(e.flows[s.Key.Flow], x.Name) == nil {
				return fmt.Errorf("the flow %q has no effect %q: %w: %w", s.Key.Flow, x.Name, errDefect, ErrSchemaNewer)
			}
		}
	}
	return nil
}

// idle reports whether there is nothing to commit. A wake, a result and a block always
// commit what admit has changed.
func (t *Turn) idle() bool {
	switch t.Input.Kind {
	case KindWake, KindResult, KindBlock:
		return false
	default:
		return t.did == DidNothing && len(t.events) == 0 && !t.unblocks
	}
}

// admit applies the input before the flow decides: a wake removes its timer, a result
// its effect, a block changes the place. False: there is nothing to do.
func (t *Turn) admit() bool {
	switch in := t.Input; in.Kind {
	case KindWake:
		i := slices.IndexFunc(t.Record.Timers, func(x Timer) bool { return x.Name == in.Name && itoa(x.At) == in.Value })
		if i < 0 || t.Record.Timers[i].At > t.Now.UnixMilli() {
			return false
		}
		t.Unwake(in.Name)
	case KindResult:
		i := slices.IndexFunc(t.Record.Pending, func(x PendingEffect) bool { return x.ID == in.Value })
		if i < 0 {
			return false
		}
		t.Record.Pending = slices.Delete(slices.Clone(t.Record.Pending), i, i+1)
	case KindBlock:
		return t.block()
	default:
		if !t.Claim {
			t.placeFirst()
		}
	}
	return true
}

// placeFirst puts the place of the input first.
func (t *Turn) placeFirst() {
	p := t.Input.Place
	if p.Channel == "" {
		return
	}
	list := t.Record.Places
	i := t.Record.placeAt(p.id())
	if t.Input.Edit && i < 0 {
		return
	}
	if i >= 0 {
		p.Released, p.Given, p.Heir = list[i].Released, list[i].Given, list[i].Heir
		if list[i].Blocked {
			t.unblocks = true
			if t.witness != t.Record.Key && t.Record.Owner != "" { // a seat of nobody has no witness
				t.Record.addNote(p, t.witness.String())
			}
		}
		if p.Lang == "" {
			p.Lang = list[i].Lang
		}
		if t.Input.Edit || t.Input.Kind == KindTap && t.Input.Message == "" { // made elsewhere, or nobody knows where
			p.Thread = list[i].Thread
		}
		if i == 0 && list[0] == p {
			return
		}
	}
	places := make([]Place, 0, len(list)+1)
	places = append(places, p)
	for j, x := range list {
		if j != i && t.Record.keeps(places, x) {
			places = append(places, x)
		}
	}
	t.Record.Places = places
}

// finish derives from the flow's changes: version, tag, revision, card, seen, events.
func (e *Engine) finish(flow Flow, t *Turn) {
	r, was := t.Record, t.Before
	changed := e.advance(t)
	t.setCard(changed)
	t.tellSeats()
	t.adoptMessage()
	if t.passTo == "" { // else the conversation that gets the input remembers it
		r.remember(t.Input, changed)
	}
	_, byID := flow.(Matcher)
	if !r.spared {
		r.Where = e.whereTo(r, byID)
		r.Sealed = r.Where == InRedis
	}
	if r.Step == "" && r.Draft == was.Draft && was.Step != "" {
		r.Lost = false
	}
	if t.did == DidNothing && t.unblocks && was.Version == 0 && len(r.Timers) == 0 { // a row that was written for its block notes alone
		t.Wake(ForgetTimer, dayMore)
	}
	e.fillEvents(t)
	for _, s := range t.starts {
		t.Log(Event{Kind: EventStarted, Key: s.Key.String(), Draft: s.Draft, Mode: e.cfg.Mode(s.Owner).String(), Variant: r.Variant, Instance: e.cfg.Instance,
			Cause: r.Draft, Source: t.Input.Place.Channel, At: t.Now})
		s.Version, s.Tag, s.Revision = 1, e.tag(), max(s.Revision, 1)
		s.Variant = r.Variant
		s.DraftTag, s.By, s.Card, s.Created, s.Updated, s.Where, s.Format = s.Tag, e.cfg.Instance, 1, t.Now, t.Now, InRow, recordFormat
	}
}

// advance counts the turn. changed: answers, step or open question are others, or the
// buttons of everybody mean something else ([Turn.Moved]).
func (e *Engine) advance(t *Turn) (changed bool) {
	r, was := t.Record, t.Before
	r.Version = was.Version + 1
	r.Tag = e.tag()
	t.moved = t.moved || r.Asks != was.Asks
	r.Format = r.format()
	r.By = e.by(was.By)
	if r.Owner == "" && r.role == "" {
		r.Owner = t.Input.Owner
	}
	if t.Input.FromPerson() {
		r.Updated = t.Now
	}
	changed = t.changes() || t.moved
	if t.changesDraft() {
		r.DraftTag = r.Tag
	}
	if t.moved || changed && t.changesButtons() {
		r.Revision = was.Revision + 1
	}
	if r.Draft != was.Draft {
		r.Lost, r.Created, r.Variant = false, t.Now, e.cfg.Variant(r.Owner)
	}
	return changed
}

// changesDraft reports whether the turn changes the draft.
func (t *Turn) changesDraft() bool {
	return t.Record.Draft != t.Before.Draft || !bytes.Equal(t.Record.Answers, t.Before.Answers)
}

// changesButtons reports whether the turn changes what the buttons of its person mean. In a
// conversation with seats, answers that came by themselves do not.
func (t *Turn) changesButtons() bool {
	return len(t.Record.Seats) == 0 || t.Input.FromPerson() || t.Record.Step != t.Before.Step || t.Record.Open != t.Before.Open
}

// changes reports whether the turn changes answers, step or open question.
func (t *Turn) changes() bool {
	return t.changesDraft() || t.Record.Step != t.Before.Step || t.Record.Open != t.Before.Open
}

// setCard decides whether the card must be shown again, and whether in a new message.
func (t *Turn) setCard(changed bool) {
	r, was, in := t.Record, t.Before, t.Input
	switch {
	case t.anew || t.below():
		r.Card, r.Anew = r.Version, r.Version
	case changed || !r.Said.same(was.Said) || t.did == DidStale:
		if !t.quiet && !t.unseen() {
			r.Card = r.Version
		}
	case in.Kind == KindBlock && in.Name == blockEnded: // the unblocked chat gets the current card
		r.Card = r.Version
	}
}

// below reports whether the person is away from the live card: at a typed message, which
// stands below it, or at another card with a tapped button, which is older or of another
// conversation.
func (t *Turn) below() bool {
	in := t.Input
	if !in.Place.Push {
		return false
	}
	if in.Edit {
		return false
	}
	if in.typed() {
		return t.did != DidNothing
	}
	p, ok := t.Record.Place(in.Place.Channel, in.Place.Address)
	if !ok || in.Kind != KindTap || in.Message == "" {
		return false
	}
	live := t.Before.Message(p)
	switch {
	case live == "" || live == in.Message:
		return false
	case !later(in.Message, live):
		return true
	}
	return !t.quiet && !p.adopts(in)
}

// unseen reports whether an answer to an edit has no message to stand in: an edit never
// makes a new one.
func (t *Turn) unseen() bool {
	in := t.Input
	if !in.Edit || !in.Place.Push {
		return false
	}
	p, ok := t.Before.Place(in.Place.Channel, in.Place.Address)
	return !ok || t.Before.Message(p) == ""
}

// adopts reports whether the tapped message becomes the live one at p, if it is later
// than the live one or none is known.
func (p Place) adopts(in *Input) bool { return p.Released == 0 && !in.atAnother }

// adoptMessage records the message of the tapped button as shown: the record may not
// know it yet. This comes before the commit, and again with each decision, because the
// tap tells that the message is there, whatever becomes of the turn.
func (t *Turn) adoptMessage() {
	r, in := t.Record, t.Input
	if in.Message == "" || !in.Place.Push {
		return
	}
	p, ok := r.Place(in.Place.Channel, in.Place.Address)
	if ok && p.adopts(in) {
		r.shown.change(p, func(v screen) screen { return v.tapped(in.Message) })
	}
}

// fillEvents completes the turn's events. Each has the step at which the turn found its
// draft, unless the flow names another.
func (e *Engine) fillEvents(t *Turn) {
	r, was := t.Record, t.Before
	if found := t.found(); len(found) > 0 { // they came first
		t.events = append(found, t.events...)
	}
	mode := e.cfg.Mode(r.Owner).String()
	for i := range t.events {
		ev := &t.events[i]
		ev.Key, ev.Draft, ev.Variant, ev.Instance, ev.At, ev.Mode = r.Key.String(), cmp.Or(ev.Draft, r.Draft), r.Variant, e.cfg.Instance, t.Now, mode
		if ev.Draft == was.Draft {
			ev.Step, ev.Variant = cmp.Or(ev.Step, was.Step), was.Variant
		}
		if ev.Kind == EventLost {
			ev.Mode = e.wrote(was).String()
		}
	}
}

// found are the events of what the turn found, before the flow decided.
func (t *Turn) found() (list []Event) {
	r, was, in, reh := t.Record, t.Before, t.Input, t.Rehydrated
	if reh.logged() {
		list = append(list, rehydratedEvent(reh))
	}
	if reh.Lost && was.Where != InRow { // a turn before this one may have kept the loss
		list = append(list, Event{Kind: EventLost, Draft: was.Draft, Cause: reh.lost})
	}
	from, before := was.lastPlace()
	to, after := r.lastPlace()
	if in.FromPerson() && was.Step != "" && before && after && to.Channel != from.Channel {
		list = append(list, Event{Kind: EventMoved, Draft: was.Draft, Cause: from.Channel, Source: to.Channel})
	}
	if in.Kind == KindOrder {
		list = append(list, Event{Kind: EventOrdered, Draft: was.Draft, Cause: in.Name, Source: in.By})
	}
	return list
}

// wrote is the mode in which the draft of r was written, as far as its place tells.
func (e *Engine) wrote(r *Record) Mode {
	switch {
	case r.Where == InMemory:
		return Lightweight
	case r.Where == InRedis:
		return Redis
	case e.cfg.Mode(r.Owner) == Hybrid:
		return Hybrid
	default:
		return Database
	}
}

// later reports whether message a was certainly sent after b, see Channel.Show.
func later(a, b string) bool {
	a, counterA, _ := strings.Cut(a, "@")
	b, counterB, _ := strings.Cut(b, "@")
	x, okA := atoi(a)
	y, okB := atoi(b)
	return okA && okB && counterA == counterB && x > y
}

// tag is 64 random bits other than 0, the tag of a missing row.
func (e *Engine) tag() int64 {
	for {
		if t := int64(e.cfg.Random()); t != 0 {
			return t
		}
	}
}
