package dialog

// notesMax is how many notes wait for a batch; what comes beyond is not told.
const notesMax = 256

// note logs what became of an input that is no turn: a duplicate, a
// lost compare-and-swap. The event rides with the next turn that is written, and
// costs nobody a commit; what waits when the process dies is lost.
func (e *Engine) note(kind EventKind, r *Record, in *Input) {
	e.batch.note(Event{Kind: kind, Key: in.Key.String(), Draft: r.Draft, Step: r.Step, Mode: e.cfg.Mode(r.Owner).String(),
		Variant: r.Variant, Instance: e.cfg.Instance, Cause: in.Kind.String(), At: e.Now()})
}

// note adds an event to the next batch that has something to write anyway.
func (b *batcher) note(e Event) {
	b.mu.Lock()
	if len(b.notes) < notesMax {
		b.notes = append(b.notes, e)
	}
	b.mu.Unlock()
}
