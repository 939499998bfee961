package dialog

// A chat of several people, such as a group of operators, has no person's own conversation.
// A card may be shown there in a seat that nobody owns (see [Sitter]): whoever Sits names may
// press its buttons. Where a button asks for a text, each person who presses it has a
// conversation of the flow [Groups] in that chat. It asks, and takes a reply to its question
// by the same person, or to a card in such a seat; it knows nothing else. So no conversation of a person is begun, shown
// or changed in a group.

// GroupFlow is the name of the flow [Groups].
const GroupFlow = "group"

// Groups is the flow of the questions in chats of several people, for the engines whose
// channels have such chats. It stands behind the first flow. A conversation of it is one
// person's in one chat; it asks one question at a time.
type Groups struct{ Words Words }

var _ Flow = Groups{}

// FlowName implements Flow.
func (Groups) FlowName() string { return GroupFlow }

// Decide implements Flow. The engine decides, see Input.Group.
func (Groups) Decide(*Turn) {}

// Render implements Flow: what became of the last reply.
func (g Groups) Render(r *Record, v View) (c Card) {
	if r.Said != nil {
		c.Band = &Band{Text: c.Tell(g.Words, v, r.Said)}
	}
	return c
}

// groupKey is the conversation of the sender of in in that chat.
func (e *Engine) groupKey(in *Input) Key {
	return Key{e.cfg.Bot, GroupFlow, in.Place.Address + ":" + in.Owner}
}

// addressInGroup sets the key of an input from a chat of several people: a conversation with
// an id of its own gets taps in a seat alone, and the sender's questions there everything else.
func (e *Engine) addressInGroup(in *Input) {
	in.Draft, in.seat = unseated(in.Draft)
	in.Key = e.groupKey(in)
	if in.Kind != KindTap || !in.Bound || in.seat == "" {
		return
	}
	if f := e.asker(in); f != nil {
		in.toAsk(Key{e.cfg.Bot, f.FlowName(), in.Draft})
		return
	}
	for _, f := range e.order[1:] {
		if e.matches(f, in.Draft) {
			in.Key = Key{e.cfg.Bot, f.FlowName(), in.Draft}
			return
		}
	}
}

// askInGroup decides for the flow Groups. A tap that asks for nothing there, and a text that
// answers nothing, change nothing. A reply to a card in a seat of nobody goes to its conversation,
// from whoever may sit there. Whoever is asked and replies to another message of ours without
// buttons is asked again: after a crash a question may stand twice, and the first one is unknown.
func (e *Engine) askInGroup(t *Turn) {
	in, r := t.Input, t.Record
	p, _ := t.Before.Place(in.Place.Channel, in.Place.Address)
	switch {
	case in.asks != nil:
		e.askFor(t)
	case in.Kind == KindResult && in.Name == effectText:
		t.textEnded()
		t.anew = t.anew || !r.Said.same(t.Before.Said) // a question cannot be edited
	case in.Kind == KindText && r.Asks != nil && in.Reply.Message != "" && in.Reply.Message == t.Before.Message(p):
		t.sendOn(r.Asks)
	case in.Kind == KindText && r.Asks != nil && in.Reply.Message != "" && in.Reply.Draft == "": // perhaps an earlier copy of the question
		t.notSent(CodeNoAnswer, "")
	case in.Kind == KindText:
		if to := e.repliedTo(in); to != nil {
			t.sendOn(to)
		}
	case in.Kind == KindTap:
		t.toast = &Said{Code: CodeForeign}
	}
	if t.did != DidNothing {
		t.Wake(ForgetTimer, keepAsked)
	}
}

// repliedTo is the seat of nobody to whose card a person replies in a group; nil: the text answers
// no such card, or the person may not sit there.
func (e *Engine) repliedTo(in *Input) (to *Asks) {
	draft, role := unseated(in.Reply.Draft)
	f := e.flowOf(draft)
	s, is := f.(Sitter)
	if !is || !isAsker(f) || role == "" {
		return nil
	}
	_ = guard(func() {
		if s.Sits(role, in.Owner) {
			to = &Asks{Key: Key{e.cfg.Bot, f.FlowName(), draft}, Role: role}
		}
	})
	return to
}

// witnessOf is the conversation that keeps the blocks of a person's places. The places of a
// group are nobody's own: their conversations keep them.
func (e *Engine) witnessOf(key Key, owner string) Key {
	if key.Flow == GroupFlow {
		return key
	}
	return e.witness(owner)
}
