package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// waitingPage is how many rows are read at once: usually all, so that none moves between two pages.
const waitingPage = 5000

// waiting returns the deals that wait for an operator, newest first, and the time on the store's clock. It reads what is due
// soon and not every deal: see deal.Flow.Waits. unread hears of each deal that cannot be read.
func waiting(ctx context.Context, st dialog.Store, unread func(error)) (list []lockbay.Escrow, now time.Time, err error) {
	if now, err = st.Now(ctx); err != nil {
		return nil, now, err
	}
	q := dialog.DueQuery{Bot: botName, Flow: deal.FlowName, Until: now.Add(dialog.WaitMost + time.Minute), Limit: waitingPage} // clocks differ a little
	for {
		rows, err := st.Due(ctx, q)
		if err != nil {
			return nil, now, err
		}
		for _, r := range rows {
			switch e, err := escrowOf(r); {
			case err != nil:
				unread(err)
			case e.Waits():
				list = append(list, e)
			}
		}
		if len(rows) < q.Limit {
			break
		}
		last := rows[len(rows)-1]
		q.After, q.AfterKey = last.Due, last.Key.String()
	}
	slices.SortFunc(list, func(a, b lockbay.Escrow) int {
		return cmp.Or(cmp.Compare(b.Created, a.Created), strings.Compare(b.ID, a.ID))
	})
	return slices.CompactFunc(list, func(a, b lockbay.Escrow) bool { return a.ID == b.ID }), now, nil // one may have moved to a later page
}

// overdueEvery is how often overdue deals are counted.
const overdueEvery = time.Minute

// watchOverdue counts overdue deals at once and then each minute, until ctx ends.
func watchOverdue(ctx context.Context, st dialog.Store, m *metrics, trouble func(what string, err error)) {
	tick := time.NewTicker(overdueEvery)
	defer tick.Stop()
	for {
		countOverdue(ctx, st, m, func(err error) {
			if ctx.Err() == nil {
				trouble("overdue", err)
			}
		})
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// countOverdue notes the overdue deals, so that neither a scrape nor the console reads anything. After a failure all stays
// as it was. trouble hears of failures, and of deals that cannot be read and are not counted.
func countOverdue(ctx context.Context, st dialog.Store, m *metrics, trouble func(error)) {
	list, now, err := waiting(ctx, st, trouble)
	if err != nil {
		trouble(err)
		return
	}
	var ids []string
	for i := range list {
		if list[i].Overdue(now) {
			ids = append(ids, list[i].ID)
		}
	}
	m.overdue.Set(float64(len(ids)))
	m.overdueIDs.Store(&ids)
}
