package insightdb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

const (
	// Lateness is how much later than its time an event may come and is still counted by the next fold.
	Lateness = 15 * time.Minute
	recount  = 48 * time.Hour // of the nightly recount
)

// Folded is what a fold did.
type Folded struct {
	Events, Drafts, Slots int       // that were read; that changed
	Late                  int       // creations that the nightly recount mended: their events came later than [Lateness]
	Until                 time.Time // up to which events are counted
}

// Fold counts the events since the last fold, and once a day those of the last two days again. What it was killed at, the
// next one does. Only one instance is to call it at a time, or work is done twice.
func (d *DB) Fold(ctx context.Context) (done Folded, err error) {
	now, err := d.log.Now(ctx)
	if err == nil {
		err = d.prepare(ctx, now)
	}
	if err != nil {
		return done, fmt.Errorf("fold: %w", err)
	}
	state, err := d.state(ctx, d.scratch)
	if err != nil {
		return done, fmt.Errorf("fold: %w", err)
	}
	cursor, today := state.time("cursor"), now.UTC().Format(time.DateOnly)
	from := cursor
	if now.Before(from) { // the clock was set back
		from = now
	}
	if !from.IsZero() {
		from = from.Add(-Lateness)
	}
	if err = d.read(ctx, from, now, &done, true); err == nil && state["nightly"] != today && !cursor.IsZero() {
		late := Folded{}
		err = d.read(ctx, now.Add(-recount), from, &late, false)
		done.Late = late.Drafts
	}
	if err == nil {
		err = d.publish(ctx, now, &done)
	}
	if err == nil && state["nightly"] != today {
		err = d.change(ctx, func(tx querier) error {
			return errors.Join(set(ctx, tx, "nightly", today), d.drop(ctx, tx, now))
		})
	}
	if err != nil {
		return done, fmt.Errorf("fold: %w", err)
	}
	done.Until = now
	return done, nil
}

// drop deletes creations and lives that are older than events are kept.
func (d *DB) drop(ctx context.Context, tx querier, now time.Time) error {
	before := now.Add(-d.keep - 48*time.Hour)
	_, err := tx.ExecContext(ctx, `delete from insight_drafts where slot < $1`, insight.SlotOf(before))
	if err == nil {
		_, err = tx.ExecContext(ctx, `delete from insight_tickets where slot < $1`, insight.SlotOf(before))
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `delete from insight_lives where at < $1`, before.Add(-9*24*time.Hour).UnixMilli())
	}
	return err
}

// states are the rows of insight_state.
type states map[string]string

func (s states) number(name string) int64 {
	n, _ := strconv.ParseInt(s[name], 10, 64)
	return n
}

func (s states) time(name string) time.Time {
	if s[name] == "" {
		return time.Time{}
	}
	return time.UnixMilli(s.number(name)).UTC()
}

// counted is the time up to which the kept slots were counted by the rules of d; zero: they were not.
func (s states) counted(d *DB) time.Time {
	if s["rules"] != d.rules() {
		return time.Time{}
	}
	return s.time("counted")
}

func setCounted(ctx context.Context, tx querier, d *DB, until time.Time) error {
	return errors.Join(set(ctx, tx, "rules", d.rules()), set(ctx, tx, "counted", strconv.FormatInt(until.UnixMilli(), 10)))
}

func (d *DB) state(ctx context.Context, q querier) (s states, err error) {
	s = states{}
	err = rows(ctx, q, `select name, value from insight_state`, nil, func(scan func(...any) error) error {
		var name, value string
		err := scan(&name, &value)
		s[name] = value
		return err
	})
	return s, err
}

func set(ctx context.Context, tx querier, name, value string) error {
	_, err := tx.ExecContext(ctx, `insert into insight_state (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value`, name, value)
	return err
}

// format says how the scratch tables were made, and by which rules. Others are made anew.
func (d *DB) format() string { return fmt.Sprintf("%d %s", insight.StoredFormat, d.rules()) }

// rules say what is counted. Slots that were counted by others do not stand for the events.
func (d *DB) rules() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %q %x", d.cfg.Flow, d.cfg.Horizon, slices.Sorted(slices.Values(d.cfg.Exclude)), d.key())
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// prepare empties scratch tables that were made by other rules, or were lost.
func (d *DB) prepare(ctx context.Context, now time.Time) error {
	if d.key() == nil {
		initial := make([]byte, 32)
		_, _ = rand.Read(initial)
		if err := d.know(ctx, initial); err != nil {
			return err
		}
	}
	s, err := d.state(ctx, d.scratch)
	if err != nil || s["format"] == d.format() {
		return err
	}
	return d.reset(ctx, now)
}

// reset empties the scratch tables, so that the next fold reads all events. What is kept of slots before the first event
// stays as it is.
func (d *DB) reset(ctx context.Context, now time.Time) error {
	first, err := d.log.Events(ctx, dialog.EventQuery{Limit: 1})
	if err != nil {
		return err
	}
	begins := now
	if len(first) > 0 {
		begins = first[0].At
	}
	return d.change(ctx, func(tx querier) error {
		was, err := d.state(ctx, tx)
		if err != nil {
			return err
		}
		for _, table := range []string{"insight_drafts", "insight_tickets", "insight_lives", "insight_touched", "insight_state"} {
			if _, err := tx.ExecContext(ctx, `delete from `+table); err != nil {
				return err
			}
		}
		since, kept := insight.SlotOf(begins)+1, []int64{}
		err = rows(ctx, d.kept, `select at from insight_slots union select at / 1800000 from insight_restarts order by 1`, nil, func(scan func(...any) error) error {
			var at int64
			err := scan(&at)
			kept = append(kept, at)
			return err
		})
		if err != nil {
			return err
		}
		if len(kept) == 0 || kept[0] >= since-1 { // nothing was ever pruned
			since = 0
		}
		kept = slices.DeleteFunc(kept, func(at int64) bool { return at < since })
		if err := touch(ctx, tx, kept...); err != nil {
			return err
		}
		if counted := was.counted(d); !counted.IsZero() { // the kept slots stand until they are replaced
			err = setCounted(ctx, tx, d, counted)
		}
		return errors.Join(err, set(ctx, tx, "format", d.format()), set(ctx, tx, "since", strconv.FormatInt(since, 10)))
	})
}

// touch notes slots that are to be counted.
func touch(ctx context.Context, tx querier, slots ...int64) error {
	slices.Sort(slots)
	var list []any
	for _, slot := range slices.Compact(slots) {
		list = append(list, slot)
	}
	return inChunks(list, 1, func(places string, some []any) error {
		_, err := tx.ExecContext(ctx, `insert into insight_touched (slot) values `+places+` on conflict do nothing`, some...)
		return err
	})
}

// read folds the events of a time, page by page. on moves the cursor with it.
func (d *DB) read(ctx context.Context, from, until time.Time, done *Folded, on bool) error {
	q := dialog.EventQuery{From: from, Limit: d.page}
	if !on {
		q.Until = until
	}
	for {
		page, err := d.log.Events(ctx, q)
		if err != nil {
			return err
		}
		more := len(page) >= q.Most()
		cursor := until
		if more && page[len(page)-1].At.Before(until) {
			cursor = page[len(page)-1].At
		}
		err = d.change(ctx, func(tx querier) error {
			n, err := d.merge(ctx, tx, page)
			done.Drafts += n
			if err == nil && on {
				err = set(ctx, tx, "cursor", strconv.FormatInt(cursor.UnixMilli(), 10))
			}
			return err
		})
		done.Events += len(page)
		if err != nil || !more {
			return err
		}
		q.From = page[len(page)-1].At.Add(time.Millisecond)
	}
}

// merge adds a page of events, in the order of time, to the creations, and returns how many creations changed.
func (d *DB) merge(ctx context.Context, tx querier, page []dialog.Event) (changed int, err error) {
	if len(page) == 0 {
		return 0, nil
	}
	p, err := d.load(ctx, tx, page)
	if err != nil {
		return 0, err
	}
	if err := p.add(ctx, tx, page); err != nil {
		return 0, err
	}
	return p.save(ctx, tx)
}

// part is what a page of events changes.
type part struct {
	d       *DB
	facts   *insight.Facts
	before  map[string]string // stored creations, by draft
	lost    map[string]int64  // and when their answers were lost
	tickets map[string]insight.Ticket
}

// load reads the creations of a page of events, and the lives around it.
func (d *DB) load(ctx context.Context, tx querier, page []dialog.Event) (*part, error) {
	p := &part{d: d, facts: insight.Collect(d.cfg), before: map[string]string{}, lost: map[string]int64{}, tickets: map[string]insight.Ticket{}}
	ids := map[string]map[string]bool{"draft": {}, "escrow": {}}
	for i := range page {
		e := &page[i]
		if _, ok := d.cfg.Owner(e); ok {
			ids["draft"][e.Draft] = true
		} else if e.Kind == "paid" || e.Kind == "lapsed" {
			ids["escrow"][e.Draft] = true
		}
	}
	if err := p.findTried(ctx, tx, page); err != nil { // first: it knows owners
		return nil, err
	}
	for column, all := range ids {
		if err := p.find(ctx, tx, column, all); err != nil {
			return nil, err
		}
	}
	if err := p.findTickets(ctx, tx, page); err != nil {
		return nil, err
	}
	first, last := page[0].At.Add(-insight.Soon), page[len(page)-1].At
	list, err := lives(ctx, tx, first, last)
	for _, l := range list {
		p.facts.Live(l)
	}
	return p, err
}

// find loads the creations whose column has one of some values.
func (p *part) find(ctx context.Context, tx querier, column string, all map[string]bool) error {
	var list []any
	for id := range all {
		list = append(list, id)
	}
	return inChunks(list, 1, func(places string, some []any) error {
		return rows(ctx, tx, `select draft, data from insight_drafts where `+column+` in (`+places+`)`, some, func(scan func(...any) error) error {
			var draft, data string
			err := scan(&draft, &data)
			if err == nil {
				err = p.know(draft, data, "")
			}
			return err
		})
	})
}

// know takes a stored creation, once.
func (p *part) know(draft, data, owner string) error {
	if p.before[draft] != "" {
		return nil
	}
	c, err := insight.Restored(draft, data)
	if err != nil {
		return err
	}
	c.Owner = owner
	p.facts.Know(c)
	p.before[draft], p.lost[draft] = data, lostAt(c)
	return nil
}

// lives are the starts and ends of instances from a time to another one.
func lives(ctx context.Context, q querier, from, to time.Time) (list []insight.Life, err error) {
	err = rows(ctx, q, `select at, instance, up, crash from insight_lives where at >= $1 and at <= $2 order by at, instance, up, crash`, []any{from.UnixMilli(), to.UnixMilli()}, func(scan func(...any) error) error {
		var at, up, crash int64
		var l insight.Life
		err := scan(&at, &l.Instance, &up, &crash)
		l.At, l.Up, l.Crash = time.UnixMilli(at).UTC(), up == 1, crash == 1
		list = append(list, l)
		return err
	})
	return list, err
}

// lostAt is when answers were lost that the person of a creation typed again, in unix milliseconds; 0: they were not.
func lostAt(c *insight.Creation) int64 {
	if c.TypedAgain() {
		return c.Lost.UnixMilli()
	}
	return 0
}

// answeredAt is when the person of a creation answered the last of its questions for the first time, in unix milliseconds; 0:
// none was.
func answeredAt(c *insight.Creation) (at int64) {
	for _, s := range c.Steps {
		if !s.Answered.IsZero() {
			at = max(at, s.Answered.UnixMilli())
		}
	}
	return at
}

// add takes the events, and keeps lives that are new.
func (p *part) add(ctx context.Context, tx querier, page []dialog.Event) error {
	for i := range page {
		if l, ok := insight.LifeOf(&page[i]); ok && p.facts.Live(l) {
			if err := p.d.live(ctx, tx, l); err != nil {
				return err
			}
		}
		p.facts.Add(&page[i])
	}
	p.facts.Settle()
	return nil
}

// live keeps the start or the end of an instance. The end changes what the creations are that it met, and those that stood
// at the same time of other days: the slots of these are to be counted.
func (d *DB) live(ctx context.Context, tx querier, l insight.Life) error {
	_, err := tx.ExecContext(ctx, `insert into insight_lives (at, instance, up, crash) values ($1, $2, $3, $4) on conflict do nothing`, l.At.UnixMilli(), l.Instance, number(l.Up), number(l.Crash))
	if err == nil {
		err = touch(ctx, tx, insight.SlotOf(l.At))
	}
	if !l.Ends() {
		return err
	}
	var slots []int64
	for _, days := range []int{-7, -1, 0, 1, 7} {
		if err == nil {
			err = d.stoodNear(ctx, tx, l.At.Add(time.Duration(days)*24*time.Hour), &slots)
		}
	}
	if err == nil {
		err = touch(ctx, tx, slots...)
	}
	return err
}

// stoodNear adds the slots of creations that stood near a time.
func (d *DB) stoodNear(ctx context.Context, tx querier, at time.Time, slots *[]int64) error {
	from, until := insight.SlotOf(at.Add(-d.cfg.Horizon-insight.Near)), insight.SlotOf(at.Add(insight.Near))
	return rows(ctx, tx, `select slot, draft, data from insight_drafts where slot between $1 and $2 and answered >= $3`, []any{from, until, at.Add(-insight.Near).UnixMilli()}, func(scan func(...any) error) error {
		var slot int64
		var draft, data string
		if err := scan(&slot, &draft, &data); err != nil {
			return err
		}
		c, err := insight.Restored(draft, data)
		if err == nil && c.StoodNear(at) {
			*slots = append(*slots, slot)
		}
		return err
	})
}

func number(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// save writes the creations that changed, and touches their slots.
func (p *part) save(ctx context.Context, tx querier) (changed int, err error) {
	var list, losses []any
	var slots []int64
	for draft, c := range p.facts.Creations() {
		data, err := c.Stored()
		if err != nil {
			return 0, err
		}
		if data == p.before[draft] {
			continue
		}
		changed++
		slot, lost := c.Slot().At, lostAt(c)
		slots = append(slots, slot)
		if lost != p.lost[draft] {
			losses = append(losses, draft)
		}
		for _, at := range []int64{lost, p.lost[draft]} {
			if at != 0 && lost != p.lost[draft] { // starts that were felt, or no longer are
				when := time.UnixMilli(at)
				slots = append(slots, insight.SlotOf(when), insight.SlotOf(when.Add(-insight.Soon)))
			}
		}
		list = append(append(list, draft, slot, p.d.who(c.Owner), orNull(c.Escrow), orNull(lost), data, orNull(answeredAt(c))), p.d.outcome(c)...)
	}
	err = inChunks(list, 11, func(places string, some []any) error {
		_, err := tx.ExecContext(ctx, `insert into insight_drafts (draft, slot, who, escrow, lost, data, answered, variant, started, outcome, slowest) values `+places+`
			on conflict (draft) do update set escrow = excluded.escrow, lost = excluded.lost, data = excluded.data, answered = excluded.answered, outcome = excluded.outcome, slowest = excluded.slowest`, some...) // who may have been blanked
		return err
	})
	if err == nil {
		err = p.saveTickets(ctx, tx)
	}
	if err == nil {
		err = touchTickets(ctx, tx, losses)
	}
	if err == nil {
		err = touch(ctx, tx, slots...)
	}
	return changed, err
}

// orNull is null for a value that is empty.
func orNull[T comparable](v T) any {
	if v == *new(T) {
		return nil
	}
	return v
}
