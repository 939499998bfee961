package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/rollout"
)

// A page of the audit has a week, or ends after so many orders.
const (
	auditFor  = 7 * 24 * time.Hour
	auditMost = 200
)

type audited struct {
	Orders  []order
	Since   string
	Earlier string // address of the page before
}

type order struct{ At, What, By, Name, To string }

// audit shows the orders of operators, the newest first.
func (c *Console) audit(v *visit) {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	now, until := c.cfg.Now(), c.before(v)
	list, from, err := newest(ctx, c.cfg.Log, dialog.EventQuery{Kind: dialog.EventOrdered, From: until.Add(-auditFor), Until: until}, auditMost, never)
	if err != nil {
		c.away(v, "audit", err)
		return
	}
	slices.Reverse(list)
	x := audited{Since: from.In(c.cfg.Zone).Format("2 Jan, 15:04")}
	if from.After(now.Add(-knownFor)) {
		x.Earlier = fmt.Sprintf("%s/audit?before=%d", Path, from.UnixMilli())
	}
	for _, e := range list {
		o := order{At: e.At.In(c.cfg.Zone).Format("2 Jan, 15:04:05"), What: upper(orderWords(e.Cause)), By: plainWords(e.Source)}
		if key, err := dialog.ParseKey(e.Key); err == nil && key.Flow != consoleFlow {
			o.Name, o.To = key.ID, Path+"/conversations/"+c.seal.close(key)
			switch key.Flow {
			case c.cfg.Personal:
				o.Name = masked(key, c.cfg.Personal)
			case rollout.FlowName:
				o.To = Path + "/rollouts/" + key.ID
			}
		}
		x.Orders = append(x.Orders, o)
	}
	c.send(v, http.StatusOK, "audit", "Audit", "/audit", now, x)
}

type ticketed struct {
	Kept bool
	List []ticketLine
}

type ticketLine struct{ ID, To, Class, At, Step string }

// tickets lists what people wrote, the newest first.
func (c *Console) tickets(v *visit) {
	x := ticketed{Kept: c.cfg.Tickets != nil}
	if x.Kept {
		ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
		defer cancel()
		list, err := c.cfg.Tickets(ctx)
		if err != nil {
			c.away(v, "tickets", err)
			return
		}
		for _, t := range list {
			at := "–"
			if t.Step != "" {
				at = stepName(t.Step)
			}
			x.List = append(x.List, ticketLine{t.ID, Path + "/conversations/" + c.seal.close(t.Key), t.Class, t.At.In(c.cfg.Zone).Format("2 Jan, 15:04"), at})
		}
	}
	c.send(v, http.StatusOK, "tickets", "Tickets", "/tickets", c.cfg.Now(), x)
}

// stores shows the checks of the stores.
func (c *Console) stores(v *visit) {
	var list []Check
	if c.cfg.Stores != nil {
		ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
		defer cancel()
		list = c.cfg.Stores(ctx)
	}
	c.send(v, http.StatusOK, "stores", "Stores", "/stores", c.cfg.Now(), list)
}
