package dialog

// A store that was restored from a backup, or whose standby was promoted
// without its last turns, goes on from an earlier version. What this process
// knows to be shown of later ones is then of no use: it would keep cards from
// being shown until the versions have caught up.

// ahead reports whether something is shown of a later version than this.
func (b *shownBox) ahead(version int64) bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.list {
		if s.Version > version {
			return true
		}
	}
	return false
}

// rewind keeps the messages that show later versions than this, and forgets
// that they are up to date.
func (b *shownBox) rewind(version int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	within(b.list, version)
	b.mine = nil
}

// rewind is told that the turn after before was applied although later versions
// have been shown: those are gone.
func (c *courier) rewind(r *Record, before int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.shown.rewind(before)
	if x := c.errands[r.Key]; x != nil {
		x.shown.rewind(before)
		x.known = min(x.known, before)
	}
}
