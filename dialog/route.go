package dialog

// address sets the key of in. An input that a flow passes on (see [Passer]) becomes
// unbound, with the id of that conversation as its value.
func (e *Engine) address(in *Input) {
	if in.Group {
		e.addressInGroup(in)
		return
	}
	in.Draft, in.seat = unseated(in.Draft)
	own := in.Key.IsZero()
	in.Key = e.Route(in)
	if !own || !in.Bound {
		return
	}
	if f := e.asker(in); f != nil {
		in.toAsk(Key{e.cfg.Bot, f.FlowName(), in.Draft})
	} else if e.passed(in) {
		in.Bound, in.Value, in.Draft, in.Revision = false, in.Draft, "", 0
		in.atAnother = in.Message != ""
	}
}

// toAsk makes a tap at the conversation of one that asks for a text.
func (in *Input) toAsk(of Key) {
	in.asks = &Asks{Key: of, Role: in.seat, Action: in.Action()}
	in.Bound, in.Value, in.Draft, in.seat, in.Revision, in.Message = false, "", "", "", 0, "" // of the other conversation
}

// Route is the key of the conversation that an input belongs to.
func (e *Engine) Route(in *Input) Key {
	if !in.Key.IsZero() {
		return in.Key
	}
	draft, _ := unseated(in.Draft)
	for _, f := range e.order[1:] {
		id := e.claims(f, in)
		switch {
		case id != "":
			return Key{e.cfg.Bot, f.FlowName(), id}
		case e.passes(f, in) || e.asksFor(f, in):
		case draft != "" && e.matches(f, draft):
			return Key{e.cfg.Bot, f.FlowName(), draft}
		case draft == "" && in.Value != "" && e.matches(f, in.Value):
			return Key{e.cfg.Bot, f.FlowName(), in.Value}
		}
	}
	return Key{e.cfg.Bot, e.order[0].FlowName(), in.Owner}
}

// passed reports whether a flow passes in on.
func (e *Engine) passed(in *Input) bool {
	for _, f := range e.order[1:] {
		if in.Draft != "" && e.matches(f, in.Draft) && e.passes(f, in) {
			return true
		}
	}
	return false
}

func (e *Engine) passes(f Flow, in *Input) bool {
	p, ok := f.(Passer)
	return ok && e.asks(f, "pass", func() bool { return p.Passes(in) })
}

// asker is the flow whose button asks for a text; nil: in is no such tap.
func (e *Engine) asker(in *Input) Flow {
	for _, f := range e.order[1:] {
		if in.Draft != "" && e.matches(f, in.Draft) && e.asksFor(f, in) {
			return f
		}
	}
	return nil
}

func (e *Engine) asksFor(f Flow, in *Input) bool {
	a, ok := f.(Asker)
	return ok && in.Kind == KindTap && in.Bound && e.asks(f, "ask", func() bool { return a.Asks(in) })
}

// claims is the conversation of f that in claims, see [Claimer]; empty: none.
func (e *Engine) claims(f Flow, in *Input) (id string) {
	c, ok := f.(Claimer)
	if !ok || in.Kind != KindCommand && !in.claims || !e.asks(f, "claim", func() (yes bool) { id, yes = c.Claims(in); return yes }) {
		return ""
	}
	return id
}

// matches reports whether f is a Matcher that knows id.
func (e *Engine) matches(f Flow, id string) bool {
	m, ok := f.(Matcher)
	return ok && e.asks(f, "match", func() bool { return m.Match(id) })
}

// asks is the answer of a flow's function; a panic there is a trouble, and no.
func (e *Engine) asks(f Flow, what string, answer func() bool) (yes bool) {
	if err := guard(func() { yes = answer() }); err != nil {
		e.trouble(what+" "+f.FlowName(), err)
	}
	return yes
}
