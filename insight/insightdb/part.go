package insightdb

import (
	"context"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

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

// answeredAt is when the last input of a person was that a creation keeps, in unix milliseconds; 0: nothing was answered.
func answeredAt(c *insight.Creation) int64 {
	if c.Answered.IsZero() || len(c.Inputs) == 0 {
		return 0
	}
	return c.Inputs[len(c.Inputs)-1].At.UnixMilli()
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
	if err != nil || !l.Ends() {
		return err
	}
	slots := []int64{}
	err = d.answered(ctx, tx, l.At.Add(-insight.Near), l.At.Add(insight.Near), &slots)
	for _, days := range []int{-7, -1, 1, 7} {
		if at := l.At.Add(time.Duration(days) * 24 * time.Hour); err == nil {
			err = d.answered(ctx, tx, at.Add(-insight.Met), at, &slots)
		}
	}
	if err == nil {
		err = touch(ctx, tx, slots...)
	}
	return err
}

// answered adds the slots of creations with an answer from one time to another, which stood there within their horizon.
func (d *DB) answered(ctx context.Context, tx querier, from, until time.Time, slots *[]int64) error {
	return rows(ctx, tx, `select slot, draft, data from insight_drafts where slot between $1 and $2 and answered >= $3`, []any{insight.SlotOf(from.Add(-d.cfg.Horizon)), insight.SlotOf(until), from.UnixMilli()}, func(scan func(...any) error) error {
		var slot int64
		var draft, data string
		if err := scan(&slot, &draft, &data); err != nil {
			return err
		}
		c, err := insight.Restored(draft, data)
		if err == nil && c.AnsweredBetween(from, until) {
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
