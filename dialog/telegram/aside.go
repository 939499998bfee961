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
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// What a person's first update waits for must not keep the others waiting: the
// server gives out no more than 100 updates from the offset on. After asideAfter
// the person's updates are set aside in a row of their own, and the offset passes.
// They stay in memory as well, where they are tried on; the row is for whoever
// takes over. It may still have the last ones that were handled, which are
// duplicates to the engine.
const (
	asideAfter  = 2 * time.Second        // how long a person may hold the offset
	asideMost   = 48 << 10               // bytes of a row; what does not fit is answered
	asideLife   = 24 * time.Hour         // of an update, as at the server
	asideEvery  = 250 * time.Millisecond // between looks at who waits
	asideWait   = 2 * time.Second        // for the store, each time
	asideAtOnce = 16                     // rows that are written together
	asideLook   = 10 * time.Second       // between looks for rows of others
	// behindMost is how many updates a row has that are handled: a record
	// remembers 32 inputs of any kind, and a tap may count twice.
	behindMost = 16
	entrySize  = 32  // bytes of an entry beside its update, or more
	shellSize  = 128 // bytes of a row beside its entries, or more
)

// aside is the row of a lane. Stamp and what follows are guarded by poller.mu.
type aside struct {
	io     sync.Mutex   // one call to the store at a time
	stamp  dialog.Stamp // zero: there is no row
	behind int          // updates that the row has and that are handled
	stale  bool         // the row says what is so no more
	write  *asideWrite  // that was begun: its end may be unknown, so it is tried until it is known
	untold *untold      // something was not kept; nil: nothing, or the person knows
	told   bool         // telling has begun, once in the life of a row
}

func (a *aside) row() bool { return a.stamp != dialog.Stamp{} || a.write != nil }

// asideWrite is a row as it shall be.
type asideWrite struct {
	before dialog.Stamp
	after  *dialog.Row // nil: none
	kept   []*job      // in it
	over   []*job      // not kept
}

// asideContent is what a row holds: personal data.
type asideContent struct {
	Updates []asideEntry `json:"u"`
	Untold  *untold      `json:"n,omitempty"`
	Told    bool         `json:"d,omitempty"`
}

type asideEntry struct {
	Since  int64           `json:"t"` // unix milliseconds
	Update json.RawMessage `json:"u"` // as it came
}

// asideKey is the key of a person's row. It has the bot's id: what was sent to
// another bot, whose token was used here, has ids that mean nothing to this one.
func (c *Channel) asideKey(owner string) dialog.Key {
	return dialog.Key{Bot: c.engine.Bot(), Flow: dialog.AsideFlow, ID: c.bot + ":" + owner}
}

// ripe reports whether a lane's row is to be written.
func (l *lane) ripe(now time.Time) bool {
	a := &l.aside
	switch {
	case l.owner == "": // nobody's updates: they need no commit
		return false
	case a.write != nil:
		return true
	case a.row() && (a.stale || a.behind >= behindMost || len(l.jobs) == 0 && a.untold == nil):
		return true
	case len(l.jobs) == 0 || l.jobs[len(l.jobs)-1].stored:
		return false
	}
	return a.row() || len(l.jobs) > laneMost || now.Sub(l.jobs[0].came) > asideAfter
}

// keep sets aside until ctx ends.
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

// setAside writes the rows of all lanes that are ripe, and drops what is too old.
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
		p.c.log.Warn("telegram: setting aside fails and goes on; who waits holds the others meanwhile", "error", err)
	}
	p.troubled = err != nil
}

// ripeLanes are those whose row is to be written. What is too old leaves its lane.
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

// expire drops what was set aside too long ago, and counts it.
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
		c.log.Warn("telegram: updates were set aside for a day and are dropped", "count", n)
	}
}

// store writes the row of a lane. Then the offset may pass what is in it.
func (p *poller) store(ctx context.Context, l *lane) error {
	l.aside.io.Lock()
	defer l.aside.io.Unlock()
	w, err := p.plan(l)
	if w == nil || err != nil {
		return err
	}
	err = p.c.put(ctx, p.c.asideKey(l.owner), w)
	if errors.Is(err, dialog.ErrConflict) {
		return p.moved()
	}
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written(ctx, l, w)
	return nil
}

// moved begins all anew, from the rows and from what the server has: a row is not
// as this poller left it. Its person was forgotten, or another poller is there.
func (p *poller) moved() error {
	p.c.log.Info("telegram: what was set aside was changed by somebody else and is taken up anew")
	p.anew()
	return errMoved
}

var errMoved = errors.New("telegram: what was set aside is not as it was")

// put writes or deletes a row. Tried again it finds that it is done.
// ErrConflict: the row is not what w takes it for.
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

// plan is what is to be written of a lane now, nil for nothing. What does not fit
// leaves the lane.
func (p *poller) plan(l *lane) (*asideWrite, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := &l.aside
	if a.write != nil || !l.ripe(time.Now()) {
		return a.write, nil
	}
	w := &asideWrite{before: a.stamp}
	if len(l.jobs) == 0 && a.untold == nil {
		a.write = w
		return w, nil
	}
	now := p.c.engine.Now()
	fit, size := 0, shellSize
	for ; fit < len(l.jobs); fit++ {
		j := l.jobs[fit]
		if size += entrySize + len(j.raw); size > asideMost && fit > 0 { // the first is in hand: it may be done already
			break
		}
		if j.since.IsZero() {
			j.since = now
		}
	}
	w.kept, w.over = slices.Clone(l.jobs[:fit]), slices.Clone(l.jobs[fit:])
	if len(w.over) > 0 && !a.told && a.untold == nil {
		in, _ := decode(&w.over[0].u, p.c.bot)
		chat, _ := strconv.ParseInt(in.Place.Address, 10, 64)
		a.untold = &untold{chat, in.Place.Lang}
	}
	var err error
	if w.after, err = p.c.asideRow(l, w.kept, now); err != nil {
		return nil, err
	}
	l.jobs = l.jobs[:fit:fit]
	a.write, a.stale = w, false
	return w, nil
}

// asideRow is the row that has these updates.
func (c *Channel) asideRow(l *lane, jobs []*job, now time.Time) (*dialog.Row, error) {
	content := asideContent{Updates: make([]asideEntry, 0, len(jobs)), Untold: l.aside.untold, Told: l.aside.told}
	oldest := now
	for _, j := range jobs {
		content.Updates = append(content.Updates, asideEntry{j.since.UnixMilli(), j.raw})
		if j.since.Before(oldest) {
			oldest = j.since
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it makes them longer
	if err := enc.Encode(content); err != nil {
		return nil, err
	}
	tag := cmp.Or(rand.Int64(), 1) // #nosec G404 -- a number, no secret
	return &dialog.Row{Answers: b.Bytes(), Head: dialog.Head{Key: c.asideKey(l.owner), Owner: l.owner, Format: dialog.AsideFormat,
		Version: l.aside.stamp.Version + 1, Tag: tag, Created: oldest, Updated: now, Expires: oldest.Add(asideLife)}}, nil
}

// written notes that w is done; p.mu is held.
func (p *poller) written(ctx context.Context, l *lane, w *asideWrite) {
	a := &l.aside
	a.write, a.behind = nil, 0
	for _, j := range w.kept {
		if j.stored = true; j.done {
			a.behind++
		}
		p.confirm(j.u.ID)
	}
	for _, j := range w.over {
		p.confirm(j.u.ID)
	}
	if len(w.over) > 0 {
		p.wg.Go(func() { p.c.refuse(ctx, w.over) })
	}
	if w.after == nil {
		a.stamp, a.told, a.stale = dialog.Stamp{}, false, false
	} else {
		a.stamp = w.after.Stamp()
		p.tell(ctx, l)
	}
	p.leave(l)
}

// stillThere reports, as an error, that a lane's row is not as we left it.
func (p *poller) stillThere(ctx context.Context, l *lane) error {
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
	return p.moved()
}

// asides lists the rows that are there for this bot's id, without their content.
// Those of another are deleted when their time has come: nobody here takes them up.
func (c *Channel) asides(ctx context.Context) (ours []dialog.Head, err error) {
	now, dropped := c.engine.Now(), 0
	defer func() { c.logDropped(dropped) }()
	all, err := c.engine.Asides(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range all {
		switch {
		case strings.HasPrefix(h.Key.ID, c.bot+":") && h.Format == dialog.AsideFormat: // a newer program takes up its own
			ours = append(ours, h)
		case !now.Before(h.Expires):
			n, err := c.drop(ctx, h.Key)
			if err != nil {
				return nil, err
			}
			dropped += n
		}
	}
	return ours, nil
}

// drop deletes a row and tells how many updates it had.
func (c *Channel) drop(ctx context.Context, key dialog.Key) (int, error) {
	row, err := c.engine.Aside(ctx, key)
	if errors.Is(err, dialog.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	err = c.engine.DropAside(ctx, key, row.Stamp())
	if errors.Is(err, dialog.ErrNotFound) || errors.Is(err, dialog.ErrConflict) { // somebody was quicker
		return 0, nil
	}
	var content asideContent
	_ = json.Unmarshal(row.Answers, &content)
	return len(content.Updates), err
}

// resume takes up what others have set aside. It may be tried again.
func (p *poller) resume(ctx context.Context) error {
	heads, err := p.c.asides(ctx)
	for _, h := range heads {
		if err == nil {
			err = p.takeUp(ctx, h.Key)
		}
	}
	return err
}

// takeUp makes a lane of a row.
func (p *poller) takeUp(ctx context.Context, key dialog.Key) error {
	row, err := p.c.engine.Aside(ctx, key)
	if errors.Is(err, dialog.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var content asideContent
	if json.Unmarshal(row.Answers, &content) != nil {
		p.c.log.Error("telegram: what was set aside cannot be read and is passed over", "row", key.Masked())
	}
	told := content.Told && content.Untold == nil // else who wrote the row was still at it
	l := &lane{owner: row.Owner, aside: aside{stamp: row.Stamp(), untold: content.Untold, told: told}}
	for _, x := range content.Updates {
		u, err := botapi.Parse(x.Update)
		if err != nil {
			p.c.log.Error("telegram: an update cannot be read and is passed over", "update", u.ID)
			continue
		}
		l.jobs = append(l.jobs, &job{u: u, raw: x.Update, since: time.UnixMilli(x.Since), stored: true})
	}
	p.c.logDropped(l.expire(p.c.engine.Now()))
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lanes[l.owner] == nil {
		p.lanes[l.owner] = l
		p.tell(ctx, l)
		p.run(ctx, l)
	}
	return nil
}
