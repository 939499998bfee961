package dialog

// Reader is implemented by flows that wait for a person to read a card on a page, where no
// message arrives. Reads reports whether r, as that person has it, is such a card. It is
// pure.
type Reader interface {
	Reads(r *Record) bool
}

// Read records that a page showed r to its person, if the flow waits for that: the place then
// has the version in [Record.ShownAt]. It writes at most once a version, with the marks of
// what is shown, and no turn. Only a place that the person wrote from counts.
func (e *Engine) Read(r *Record, p Place) {
	reader, ok := e.flows[r.Key.Flow].(Reader)
	p.Seat = r.Role()
	at, known := r.Place(p.Channel, p.Address)
	if !ok || !known || at.Push || r.ShownAt(p).Version >= r.Version {
		return
	}
	waits := false
	if err := guard(func() { waits = reader.Reads(r) }); err != nil || !waits {
		return
	}
	e.courier.opened(r, p)
}

// opened marks that p, a page, has shown r.
func (c *courier) opened(r *Record, p Place) {
	if c.e.cfg.Detached {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	x := c.errands[r.Key]
	if x == nil {
		shown := r.shown
		if cached := c.e.cache.get(r.Key); cached != nil {
			shown = cached.shown
		}
		x = c.errand(r.Key, shown)
	}
	x.known = max(x.known, r.Version)
	x.shown.wrote(p, r.Version, "")
	c.markLater(r.Key, x)
}

// awaitsReading reports whether in is a timer that depends on what a page has shown. Another
// instance may have shown it, so that the row has to be read.
func (e *Engine) awaitsReading(r *Record, in *Input) bool {
	_, reads := e.flows[in.Key.Flow].(Reader)
	return reads && in.Kind == KindWake && r.Where != InMemory
}
