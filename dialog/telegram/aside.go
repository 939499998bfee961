package telegram

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// The server returns at most 100 updates from the offset on, so a stuck update would
// hold up other people. After asideAfter all updates of its person are set aside in a
// row of their own, and the offset passes them. The poller keeps them in memory too
// and goes on trying; the row is for the next poller. The row may still have the last
// handled updates, which are duplicates to the engine.
const (
	asideAfter  = 2 * time.Second        // how long a person may hold the offset
	asideMost   = 48 << 10               // bytes of a row; the person is told about dropped updates
	asideLife   = 24 * time.Hour         // of an update, as at the server
	asideEvery  = 250 * time.Millisecond // between checks of the lanes
	asideWait   = 2 * time.Second        // timeout of a call to the store
	asideAtOnce = 16                     // rows that are written together
	asideLook   = 10 * time.Second       // between searches for rows of other pollers
	// handledMost bounds the handled updates in a row: a record remembers 32
	// inputs of any kind, and a tap may count twice.
	handledMost = 16
	entrySize   = 32  // bytes of an entry beside its update, at least
	shellSize   = 128 // bytes of a row beside its entries, at least
)

// aside is the row of a lane. poller.mu guards every field from stamp on.
type aside struct {
	io       sync.Mutex   // one call to the store at a time
	stamp    dialog.Stamp // zero: there is no row
	handled  int          // handled updates in the row
	stale    bool         // the row is outdated
	write    *asideWrite  // the write in progress, repeated until its outcome is known
	overflow *overflow    // the person has to be told of dropped updates; nil: no
	told     bool         // telling has begun; once for each row
}

func (a *aside) row() bool { return a.stamp != dialog.Stamp{} || a.write != nil }

// asideWrite is one write of a row.
type asideWrite struct {
	before dialog.Stamp
	after  *dialog.Row // nil: the row is deleted
	kept   []*job      // in the row
	over   []*job      // dropped, because the row is full
}

// asideContent is the content of a row: personal data.
type asideContent struct {
	Updates  []asideEntry `json:"u"`
	Overflow *overflow    `json:"n,omitempty"`
	Told     bool         `json:"d,omitempty"`
}

type asideEntry struct {
	Since  int64           `json:"t"` // unix milliseconds
	Update json.RawMessage `json:"u"` // as received
}

// asideKey is the key of a person's row. It contains the bot's id, because the ids
// in an update are valid for one bot only and the token may change.
func (c *Channel) asideKey(owner string) dialog.Key {
	return dialog.Key{Bot: c.engine.Bot(), Flow: dialog.AsideFlow, ID: c.bot + ":" + owner}
}

// ripe reports whether the row of a lane has to be written.
func (l *lane) ripe(now time.Time) bool {
	a := &l.aside
	switch {
	case l.owner == "": // updates without an owner need no commit
		return false
	case a.write != nil:
		return true
	case a.row() && (a.stale || a.handled >= handledMost || len(l.jobs) == 0 && a.overflow == nil):
		return true
	case len(l.jobs) == 0 || l.jobs[len(l.jobs)-1].stored:
		return false
	}
	return a.row() || len(l.jobs) > laneMost || now.Sub(l.jobs[0].came) > asideAfter
}

// keep calls setAside until ctx ends.
func (p *poller) keep(ctx context.Context) {
	tick := time.NewTicker(asideEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-p.ripe:
		case <-ctx.Done():
			return
		}
		p.setAside(ctx)
	}
}

// setAside writes the rows of all ripe lanes and drops expired updates.
func (p *poller) setAside(ctx context.Context) {
	var wg sync.WaitGroup
	lanes := p.ripeLanes()
	errs := make([]error, len(lanes))
	room := make(chan struct{}, asideAtOnce)
	for i, l := range lanes {
		room <- struct{}{}
		wg.Go(func() {
			errs[i] = p.store(ctx, l)
			<-room
		})
	}
	wg.Wait()
	err := cmp.Or(errs...)
	if now := p.c.engine.Now(); now.Sub(p.looked) >= asideLook {
		p.looked = now
		_, err2 := p.c.asides(ctx)
		err = cmp.Or(err, err2)
	}
	if err != nil && !p.troubled && ctx.Err() == nil {
		p.c.log.Warn("telegram: cannot set updates aside; a stuck update delays other people until this succeeds", "error", err)
	}
	p.troubled = err != nil
}

// ripeLanes drops expired updates and returns the ripe lanes.
func (p *poller) ripeLanes() (ripe []*lane) {
	here, now, old := time.Now(), p.c.engine.Now(), 0
	defer func() { p.c.logDropped(old) }()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lanes {
		old += l.expire(now)
		if l.ripe(here) {
			ripe = append(ripe, l)
		}
	}
	return ripe
}

// expire drops the updates that were set aside more than a day ago, and counts them.
func (l *lane) expire(now time.Time) (n int) {
	for n < len(l.jobs) && l.jobs[n].stored && now.Sub(l.jobs[n].since) >= asideLife {
		n++
	}
	l.jobs = l.jobs[n:]
	l.aside.stale = l.aside.stale || n > 0
	return n
}

func (c *Channel) logDropped(n int) {
	if n > 0 {
		c.log.Warn("telegram: updates were set aside for a day without success and are dropped", "count", n)
	}
}

// store writes the row of a lane. The offset may pass its updates after that.
func (p *poller) store(ctx context.Context, l *lane) error {
	l.aside.io.Lock()
	defer l.aside.io.Unlock()
	w, err := p.plan(l)
	if w == nil {
		return err
	}
	err = p.c.put(ctx, p.c.asideKey(l.owner), w)
	if errors.Is(err, dialog.ErrConflict) {
		if _, err := p.c.engine.Aside(ctx, p.c.asideKey(l.owner)); errors.Is(err, dialog.ErrSchemaNewer) {
			return err // it cannot be taken up
		}
		return p.reload()
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written(ctx, l, w)
	return nil
}

// reload restarts polling from the rows and the server, because a row was changed
// by others: its person was forgotten, or another poller runs.
func (p *poller) reload() error {
	p.c.log.Info("telegram: updates set aside were changed by another process and are read again")
	p.restart()
	return errChanged
}

var errChanged = errors.New("telegram: a row of updates set aside was changed by others")

// put writes or deletes a row. It is idempotent. ErrConflict means that the row was
// changed by others.
func (c *Channel) put(ctx context.Context, key dialog.Key, w *asideWrite) error {
	ctx, cancel := context.WithTimeout(ctx, asideWait)
	defer cancel()
	if w.after == nil {
		err := c.engine.DropAside(ctx, key, w.before)
		if errors.Is(err, dialog.ErrNotFound) {
			return nil
		}
		return err
	}
	return c.engine.SetAside(ctx, w.before, w.after)
}

// plan returns the write that a lane needs, nil for none. Updates beyond the size of
// a row leave the lane.
func (p *poller) plan(l *lane) (*asideWrite, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := &l.aside
	if a.write != nil || !l.ripe(time.Now()) {
		return a.write, nil
	}
	w := &asideWrite{before: a.stamp}
	if len(l.jobs) == 0 && a.overflow == nil {
		a.write = w
		return w, nil
	}
	now := p.c.engine.Now()
	fit, size := 0, shellSize
	for ; fit < len(l.jobs); fit++ {
		j := l.jobs[fit]
		if size += entrySize + len(j.raw); size > asideMost && fit > 0 { // the first may be handled already
			break
		}
		if j.since.IsZero() {
			j.since = now
		}
	}
	w.kept, w.over = slices.Clone(l.jobs[:fit]), slices.Clone(l.jobs[fit:])
	if len(w.over) > 0 && !a.told {
		in, _ := p.c.decode(&w.over[0].u)
		chat, _ := strconv.ParseInt(in.Place.Address, 10, 64)
		a.overflow = &overflow{chat, in.Place.Lang}
	}
	var err error
	if w.after, err = p.c.asideRow(l, w.kept, now); err != nil {
		return nil, err
	}
	l.jobs = l.jobs[:fit:fit]
	a.write, a.stale = w, false
	return w, nil
}

// asideRow makes the row with these updates.
func (c *Channel) asideRow(l *lane, jobs []*job, now time.Time) (*dialog.Row, error) {
	content := asideContent{Updates: make([]asideEntry, 0, len(jobs)), Overflow: l.aside.overflow, Told: l.aside.told}
	oldest := now
	for _, j := range jobs {
		content.Updates = append(content.Updates, asideEntry{j.since.UnixMilli(), j.raw})
		if j.since.Before(oldest) {
			oldest = j.since
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // escapes take space
	if err := enc.Encode(content); err != nil {
		return nil, err
	}
	tag := cmp.Or(rand.Int64(), 1) // #nosec G404 -- not a secret
	return &dialog.Row{Answers: b.Bytes(), Head: dialog.Head{Key: c.asideKey(l.owner), Owner: l.owner, Format: dialog.AsideFormat,
		Version: l.aside.stamp.Version + 1, Tag: tag, Created: oldest, Updated: now, Expires: oldest.Add(asideLife)}}, nil
}

// written records the success of w; p.mu is held.
func (p *poller) written(ctx context.Context, l *lane, w *asideWrite) {
	a := &l.aside
	a.write, a.handled = nil, 0
	for _, j := range w.kept {
		if j.stored = true; j.done {
			a.handled++
		}
		p.confirm(j.u.ID)
	}
	for _, j := range w.over {
		p.confirm(j.u.ID)
	}
	if len(w.over) > 0 {
		p.wg.Go(func() { p.c.endSpinners(ctx, w.over) })
	}
	if w.after == nil {
		a.stamp, a.told, a.stale = dialog.Stamp{}, false, false
	} else {
		a.stamp = w.after.Stamp()
		p.tellOverflow(ctx, l)
	}
	p.leave(l)
}

// checkRow returns an error if the row of a lane was changed by others.
func (p *poller) checkRow(ctx context.Context, l *lane) error {
	l.aside.io.Lock()
	defer l.aside.io.Unlock()
	ctx, cancel := context.WithTimeout(ctx, asideWait)
	defer cancel()
	h, err := p.c.engine.Peek(ctx, p.c.asideKey(l.owner))
	if err != nil && !errors.Is(err, dialog.ErrNotFound) {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := l.aside.write
	if err == nil && (h.Stamp() == l.aside.stamp || w != nil && w.after != nil && h.Stamp() == w.after.Stamp()) {
		return nil
	}
	return p.reload()
}

// resume takes over the rows of earlier pollers. It is idempotent. A row that fails holds
// up no other row.
func (p *poller) resume(ctx context.Context) error {
	heads, err := p.c.asides(ctx)
	for _, h := range heads {
		err = cmp.Or(err, p.takeUp(ctx, h.Key))
	}
	return err
}

// takeUp makes a lane from a row.
func (p *poller) takeUp(ctx context.Context, key dialog.Key) error {
	row, err := p.c.engine.Aside(ctx, key)
	if errors.Is(err, dialog.ErrNotFound) {
		return nil
	}
	if errors.Is(err, dialog.ErrSchemaNewer) {
		p.c.log.Error("telegram: a row of updates set aside cannot be read and stays as it is", "row", key.Masked(), "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	var content asideContent
	if json.Unmarshal(row.Answers, &content) != nil {
		p.c.log.Error("telegram: a row of updates set aside cannot be read and is skipped", "row", key.Masked())
	}
	told := content.Told && content.Overflow == nil // otherwise the writer of the row died before the person was told
	l := &lane{owner: row.Owner, aside: aside{stamp: row.Stamp(), overflow: content.Overflow, told: told}}
	for _, x := range content.Updates {
		u, err := botapi.Parse(x.Update)
		if err != nil {
			p.c.log.Error("telegram: an update has an unknown shape and is skipped", "update", u.ID)
			continue
		}
		l.jobs = append(l.jobs, &job{u: u, raw: x.Update, since: time.UnixMilli(x.Since), stored: true})
	}
	p.c.logDropped(l.expire(p.c.engine.Now()))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes[l.owner] == nil {
		p.lanes[l.owner] = l
		p.tellOverflow(ctx, l)
		p.run(ctx, l)
	}
	return nil
}
