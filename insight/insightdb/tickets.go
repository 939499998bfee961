package insightdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// findTickets loads the tickets of a page of events.
func (p *part) findTickets(ctx context.Context, tx querier, page []dialog.Event) error {
	var list []any
	for i := range page {
		if insight.IsTicket(&page[i]) {
			list = append(list, page[i].Source)
		}
	}
	return inChunks(list, 1, func(places string, some []any) error {
		return ticketRows(ctx, tx, `select ticket, written, class, given, counts, lost from insight_tickets where ticket in (`+places+`)`, some, func(t *insight.Ticket) {
			p.facts.KnowTicket(t)
			p.tickets[t.ID] = *t
		})
	})
}

func ticketRows(ctx context.Context, q querier, text string, args []any, each func(t *insight.Ticket)) error {
	return rows(ctx, q, text, args, func(scan func(...any) error) error {
		var t insight.Ticket
		var written, set, counts, lost int64
		err := scan(&t.ID, &written, &t.Class, &set, &counts, &lost)
		t.Written, t.Set, t.Counts, t.Lost = time.UnixMilli(written).UTC(), time.UnixMilli(set).UTC(), counts == 1, lost == 1
		each(&t)
		return err
	})
}

// changed are the tickets that a page changed, by id.
func (p *part) changed() (list []*insight.Ticket) {
	for _, id := range slices.Sorted(maps.Keys(p.facts.Tickets())) {
		t, was := p.facts.Tickets()[id], p.tickets[id]
		if !t.Written.Equal(was.Written) || t.Class != was.Class || !t.Set.Equal(was.Set) || t.Counts != was.Counts {
			list = append(list, t)
		}
	}
	return list
}

// saveTickets writes the tickets that changed, and touches their slots.
func (p *part) saveTickets(ctx context.Context, tx querier) error {
	var slots []int64
	for _, t := range p.changed() {
		var who any
		if t.Owner != "" {
			who = p.d.who(t.Owner)
		}
		slot := insight.SlotOf(t.Written)
		slots = append(slots, slot)
		if was, ok := p.tickets[t.ID]; ok {
			slots = append(slots, insight.SlotOf(was.Written))
		}
		// Who may have been forgotten: then it is empty, and no null.
		_, err := tx.ExecContext(ctx, `insert into insight_tickets (ticket, slot, who, written, class, given, counts, lost) values ($1, $2, $3, $4, $5, $6, $7, 0)
			on conflict (ticket) do update set slot = excluded.slot, who = coalesce(insight_tickets.who, excluded.who), written = excluded.written, class = excluded.class, given = excluded.given, counts = excluded.counts`,
			t.ID, slot, who, t.Written.UnixMilli(), t.Class, t.Set.UnixMilli(), number(t.Counts))
		if err != nil {
			return err
		}
	}
	return touch(ctx, tx, slots...)
}

// touchTickets notes the slots of the tickets of people who began some drafts, which are now known to have lost answers, or
// not to have.
func touchTickets(ctx context.Context, tx querier, drafts []any) error {
	return inChunks(drafts, 1, func(places string, some []any) error {
		_, err := tx.ExecContext(ctx, `insert into insight_touched (slot) select distinct t.slot from insight_drafts c join insight_tickets t on t.who = c.who where c.draft in (`+places+`) on conflict do nothing`, some...)
		return err
	})
}

// hurt is the condition that the person of a ticket t lost answers, see [insight.HurtBy].
var hurt = fmt.Sprintf(`exists (select 1 from insight_drafts c where c.who = t.who and c.lost is not null and c.slot between t.slot - %d and t.slot)`, insight.HurtBy)

// ticketsOf are those of a slot.
func ticketsOf(ctx context.Context, q querier, slot int64) (list []*insight.Ticket, err error) {
	text := `select t.ticket, t.written, t.class, t.given, t.counts, case when t.lost = 1 or ` + hurt + ` then 1 else 0 end from insight_tickets t where t.slot = $1`
	err = ticketRows(ctx, q, text, []any{slot}, func(t *insight.Ticket) { list = append(list, t) })
	return list, err
}

// forgetTickets blanks who wrote tickets. That they had lost answers stays.
func (d *DB) forgetTickets(ctx context.Context, tx querier, who []byte) error {
	_, err := tx.ExecContext(ctx, `update insight_tickets as t set lost = 1 where t.who = $1 and `+hurt, who)
	if err == nil {
		_, err = tx.ExecContext(ctx, `update insight_tickets set who = substr(who, 1, 0) where who = $1`, who)
	}
	return err
}
