package dialog

import (
	"bytes"
	"fmt"
	"slices"
)

// decide runs the pure part. No write means that nothing is to be committed.
func (e *Engine) decide(flow Flow, rec *Record, in *Input, reh Rehydration, others []*Record) (*Turn, *Write, error) {
	now := e.Now()
	t := &Turn{Before: rec, Record: rec.clone(), Input: in, Now: now, Rehydrated: reh, Others: others, seed: e.cfg.Random(), witness: e.witness(rec.Owner)}
	// A wake that comes again finds no timer; one that was set anew for the same moment does.
	if in.Kind != KindWake && rec.handled(in) {
		t.did = DidRepeat
		if in.twin() != 0 && rec.Started != "" && in.Name == "confirm" {
			t.toast = &Said{Code: "already", Args: map[string]string{"id": rec.Started}}
		}
		return t, nil, nil
	}
	_, byID := flow.(Matcher)
	switch {
	case rec.Version == 0 && !in.FromPerson(): // a timer or an order for what is not there
		t.did = DidForeign
		return t, nil, nil
	case rec.Version == 0 && byID, in.Owner != "" && rec.Owner != in.Owner: // what has an id of its own is started, not found
		t.did = DidForeign
		t.toast = &Said{Code: "foreign"}
		return t, nil, nil
	}
	if !t.admit() {
		return t, nil, nil
	}
	t.Gap = rec.Version > 0 && in.FromPerson() && rec.Step != "" &&
		(now.Sub(rec.Updated) >= e.cfg.SessionGap || reh.Cause == CauseRestart || reh.Lost)
	switch {
	case in.Kind == KindBlock && (in.Name == blockLifted || in.Name == blockDropped): // no flow hears of it
	case in.Bound && (in.Draft != rec.Draft || in.Revision != rec.Revision):
		t.Stale()
	default:
		if err := guard(func() { flow.Decide(t) }); err != nil {
			return t, nil, err
		}
	}
	if t.did == DidPark {
		return t, nil, fmt.Errorf("%s step %s: %w", in.Key.Masked(), rec.Step, ErrSchemaNewer)
	}
	if t.did == DidNothing && len(t.events) == 0 && !t.unblocks && in.Kind != KindWake && in.Kind != KindResult && in.Kind != KindBlock {
		return t, nil, nil
	}
	e.finish(flow, t)
	w, err := e.write(t)
	return t, w, err
}

// admit does what every turn of its kind does: a wake takes its timer, a result
// its effect, a block marks the place. False: there is nothing to do.
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
		t.settleIn()
	}
	return true
}

// settleIn notes where the person is: the last place comes first.
func (t *Turn) settleIn() {
	p := t.Input.Place
	if p.Channel == "" {
		return
	}
	list := t.Record.Places
	i := slices.IndexFunc(list, func(x Place) bool { return x.id() == p.id() })
	if i >= 0 {
		p.Released, p.Given, p.Heir = list[i].Released, list[i].Given, list[i].Heir
		if t.unblocks = list[i].Blocked; t.unblocks && t.witness != t.Record.Key {
			t.Record.noteBlock(p, t.witness.String())
		}
		if p.Lang == "" {
			p.Lang = list[i].Lang
		}
		if i == 0 && list[0] == p {
			return
		}
	}
	places := make([]Place, 0, len(list)+1)
	places = append(places, p)
	for j, x := range list {
		if j != i && len(places) < placesMax {
			places = append(places, x)
		}
	}
	t.Record.Places = places
}

// finish derives what follows from what the flow changed: version, tag,
// revision, card, seen, events.
func (e *Engine) finish(flow Flow, t *Turn) {
	r, was, in := t.Record, t.Before, t.Input
	r.Version = was.Version + 1
	r.Tag = e.tag()
	r.By = e.cfg.Instance
	if r.Owner == "" {
		r.Owner = in.Owner
	}
	if in.FromPerson() {
		r.Updated = t.Now
	}
	answers := r.Draft != was.Draft || !bytes.Equal(r.Answers, was.Answers)
	moved := answers || r.Step != was.Step || r.Open != was.Open
	if answers {
		r.DraftTag = r.Tag
	}
	if moved {
		r.Revision = was.Revision + 1
	}
	if r.Draft != was.Draft {
		r.Lost, r.Created = false, t.Now
	}
	below := in.typed() && in.Place.Push && t.did != DidNothing
	if in.Kind == KindTap && in.Message != "" && in.Place.Push { // on a card further up than the live one
		if p, ok := r.Place(in.Place.Channel, in.Place.Address); ok {
			live := was.Message(p)
			below = live != "" && live != in.Message && !later(in.Message, live)
		}
	}
	switch {
	case t.anew || below:
		r.Card, r.Anew = r.Version, r.Version
	case moved || !sameSaid(r.Said, was.Said) || t.did == DidStale:
		if !t.quiet {
			r.Card = r.Version
		}
	case in.Kind == KindBlock && in.Name == blockOver: // who comes back sees what is now
		r.Card = r.Version
	}
	// the message whose button was tapped is shown, though we may not know it, or not yet: adopt
	if in.Message != "" && in.Place.Push {
		if p, ok := r.Place(in.Place.Channel, in.Place.Address); ok && p.Released == 0 {
			if live := was.Message(p); live == "" || later(in.Message, live) {
				r.shown.put(Shown{Channel: p.Channel, Address: p.Address, Version: r.shown.get(p).Version, Message: in.Message})
			}
		}
	}
	r.noteHandled(in, moved)
	_, byID := flow.(Matcher)
	r.Where = e.whereTo(r, byID)
	if r.Step == "" && r.Draft == was.Draft && was.Step != "" {
		r.Lost = false
	}
	if t.Rehydrated.Rebuilt() {
		t.events = append(t.events, Event{Kind: EventRehydrated, Cause: string(t.Rehydrated.Cause), Source: string(t.Rehydrated.Source), Took: t.Rehydrated.Took})
	}
	mode := e.cfg.Mode(r.Owner).String()
	for i := range t.events {
		ev := &t.events[i]
		ev.Key, ev.Draft, ev.Step, ev.Variant, ev.Instance, ev.At, ev.Mode = r.Key.String(), r.Draft, r.Step, r.Variant, e.cfg.Instance, t.Now, mode
		if ev.Kind == EventCancelled || ev.Kind == EventExpired || ev.Kind == EventConfirmed {
			ev.Step = was.Step
		}
	}
	for _, s := range t.starts {
		s.Version, s.Tag, s.Revision = 1, e.tag(), max(s.Revision, 1)
		s.DraftTag, s.By, s.Card, s.Created, s.Updated, s.Where = s.Tag, e.cfg.Instance, 1, t.Now, t.Now, InRow
	}
}

// later reports whether message a is known to have been sent after b: where
// messages are numbers, they count up.
func later(a, b string) bool {
	x, okA := atoi(a)
	y, okB := atoi(b)
	return okA && okB && x > y
}

func sameSaid(a, b *Said) bool {
	if a == b {
		return true
	}
	return a != nil && b != nil && a.Code == b.Code && a.Typed == b.Typed && a.Refusal == b.Refusal && fmt.Sprint(a.Args) == fmt.Sprint(b.Args)
}

// tag is 64 random bits that are not zero: zero means no row.
func (e *Engine) tag() int64 {
	for {
		if t := int64(e.cfg.Random()); t != 0 {
			return t
		}
	}
}
