package dialog

// address sets the key of in. An input that a flow passes on (see [Passer]) becomes
// unbound, with the id of that conversation as its value.
func (e *Engine) address(in *Input) {
	own := in.Key.IsZero()
	in.Key = e.Route(in)
	if own && in.Bound && e.passed(in) {
		in.Bound, in.Value, in.Draft, in.Revision = false, in.Draft, "", 0
		in.atAnother = in.Message != ""
	}
}

// Route is the key of the conversation that an input belongs to.
func (e *Engine) Route(in *Input) Key {
	if !in.Key.IsZero() {
		return in.Key
	}
	for _, f := range e.order[1:] {
		m, ok := f.(Matcher)
		p, passes := f.(Passer)
		switch {
		case !ok || passes && p.Passes(in):
		case in.Draft != "" && m.Match(in.Draft):
			return Key{e.cfg.Bot, f.FlowName(), in.Draft}
		case in.Draft == "" && in.Value != "" && m.Match(in.Value):
			return Key{e.cfg.Bot, f.FlowName(), in.Value}
		}
	}
	return Key{e.cfg.Bot, e.order[0].FlowName(), in.Owner}
}

// passed reports whether a flow passes in on.
func (e *Engine) passed(in *Input) bool {
	for _, f := range e.order[1:] {
		m, ok := f.(Matcher)
		if p, passes := f.(Passer); ok && passes && in.Draft != "" && m.Match(in.Draft) && p.Passes(in) {
			return true
		}
	}
	return false
}
