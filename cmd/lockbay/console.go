package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/web"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/rollout"
	"github.com/lockbay/lockbay/texts"
	"github.com/lockbay/lockbay/ticket"
)

// operators are what /console is made of.
type operators struct {
	*app
	metrics *metrics
	ready   func(context.Context) error // whether turns are committed
}

// console makes the operators' pages. They take addresses of clients and https from the page.
func (s *server) console(ctx context.Context, set *Settings, page *web.Site, m *metrics) (http.Handler, error) {
	key, err := secret(ctx, s.app.store, consoleSecret)
	if err != nil {
		return nil, set.databaseTrouble(err)
	}
	log, ok := s.app.store.(dialog.EventLog)
	if !ok {
		return nil, errors.New("this database keeps no events")
	}
	o := &operators{app: s.app, metrics: m, ready: func(ctx context.Context) error { return s.ready.ask(ctx, s.app.engine.Ready) }}
	return console.New(console.Config{
		Token: string(set.OperatorToken), Key: key, Bot: botName, Personal: intake.FlowName, Escrows: deal.FlowName,
		Report: o.report, Log: log, Record: o.record,
		Head: s.app.engine.Peek, Answers: o.answers, Stores: o.stores, Tickets: o.written, Rollouts: o.rollouts, Order: o.orderRollout, Needs: o.needs,
		Client: page.Client, Secure: page.Secure, Zone: set.zone(), Slog: s.log,
	})
}

// report are the figures of the last fold, and those of each whole week of the window.
func (o *operators) report(ctx context.Context, window time.Duration) (*console.Report, error) {
	db, until := o.counts.Load(), o.metrics.counted.Load()
	if db == nil || until == 0 {
		return nil, console.ErrNotCounted
	}
	limits, _, err := o.set.insight()
	if err != nil {
		return nil, err
	}
	at := time.UnixMilli(until)
	x, since, err := db.Figures(ctx, at, window, limits)
	if err != nil {
		return nil, err
	}
	r := report.Of(x, limits, o.chosen.Load().Base().String(), at, since)
	if r.Costs, err = o.set.cost(); err != nil {
		return nil, err
	}
	r.Weeks, err = weeksOf(at, window, func(at time.Time) (*insight.Figures, error) {
		x, _, err := db.Figures(ctx, at, week, limits)
		return x, err
	})
	return r, err
}

// needs are escrows and tickets that wait for an operator.
func (o *operators) needs(ctx context.Context) ([]console.Need, error) {
	list := o.overdueNeeds()
	tickets, err := o.ticketNeeds(ctx, time.Now())
	return append(list, tickets...), err
}

// unread is for how long a ticket about lost progress waits for somebody to set its class: as long as it counts for the alert.
const unread = alert.TicketsIn

// ticketNeeds are the tickets about lost progress of the last week whose class nobody has set.
func (o *operators) ticketNeeds(ctx context.Context, now time.Time) ([]console.Need, error) {
	rows, err := o.store.List(ctx, dialog.Query{Bot: botName, Flow: ticket.FlowName, Newest: true, Everyone: true, Deep: true, Limit: ticketsMost})
	if err != nil {
		return nil, err
	}
	n, first := 0, ""
	for _, row := range rows {
		k, err := readTicket(row)
		if err != nil || k.Class != ticket.Progress || k.By != "" || now.Sub(k.Written()) > unread {
			continue
		}
		n, first = n+1, k.ID
	}
	if n == 0 {
		return nil, nil
	}
	what := "A person wrote of lost progress"
	if n > 1 {
		what = fmt.Sprintf("%d people wrote of lost progress", n)
	}
	return []console.Need{{What: what, Why: "lockbay tickets set " + first + " CLASS says that it was read, and of what it is", Label: "See the tickets", To: console.Path + "/tickets"}}, nil
}

// overdueNeeds are the escrows that have waited for an operator too long, as they were counted last. The one that began first is
// named.
func (o *operators) overdueNeeds() []console.Need {
	ids := o.metrics.overdueIDs.Load()
	if ids == nil || len(*ids) == 0 {
		return nil
	}
	first, what := (*ids)[len(*ids)-1], " has waited for you too long"
	if more := len(*ids) - 1; more > 0 {
		what = fmt.Sprintf(" and %d more have waited for you too long", more)
	}
	return []console.Need{{
		What: first + what, Why: "A day on hold, reported or to be sent, or a week in dispute. lockbay escrows list --overdue names all",
		Label: "See what happened", Key: dialog.Key{Bot: botName, Flow: deal.FlowName, ID: first},
	}}
}

// record writes an event.
func (o *operators) record(ctx context.Context, e dialog.Event) error {
	_, err := o.store.Commit(ctx, &dialog.Batch{Events: []dialog.Event{e}})
	return err
}

// answers are those of a conversation as it is now, if it still has this draft. An empty draft is any.
func (o *operators) answers(ctx context.Context, key dialog.Key, draft string) ([]console.Answer, error) {
	h, err := o.engine.Peek(ctx, key)
	switch {
	case errors.Is(err, dialog.ErrNotFound):
		return nil, console.ErrNoAnswers
	case err != nil:
		return nil, err
	case key.Flow == intake.FlowName && draft != "" && h.Draft != draft:
		return nil, console.ErrNoAnswers
	case h.Step != "" && h.Where == dialog.InRedis && o.drafts == nil:
		return nil, errors.New("the answers are in Redis: set --redis-url")
	}
	r, _, err := o.engine.Hydrate(ctx, key)
	switch {
	case errors.Is(err, dialog.ErrSchemaNewer):
		return nil, errors.New("a newer lockbay wrote them: use the newer program")
	case err != nil:
		return nil, err
	case len(r.Unread) > 0:
		return nil, errors.New("the answers cannot be read")
	}
	return answersOf(o.rules, key, r)
}

// answersOf are the answers in a record, as people recognise them.
func answersOf(rules *lockbay.Rules, key dialog.Key, r *dialog.Record) (list []console.Answer, err error) {
	var t lockbay.Terms
	switch key.Flow {
	case intake.FlowName:
		var d intake.Draft
		if len(r.Answers) > 0 {
			err = json.Unmarshal(r.Answers, &d)
		}
		t = d.Terms
	case deal.FlowName:
		var e lockbay.Escrow
		e, err = deal.Escrow(r)
		t = e.Terms
	case ticket.FlowName:
		k, err := ticket.Of(r)
		return []console.Answer{{Name: "text", Text: k.Text}}, err
	}
	if err != nil {
		return nil, err
	}
	for _, f := range lockbay.Fields {
		switch {
		case !f.Given(&t):
		case f.Name == lockbay.FieldAmount:
			list = append(list, console.Answer{Name: f.Name, Text: rules.Format(t.Amount, texts.Default)})
		default:
			list = append(list, console.Answer{Name: strings.ReplaceAll(f.Name, "_", " "), Text: cmp.Or(f.Shown(&t), f.Cell(&t))})
		}
	}
	if len(list) == 0 {
		return nil, console.ErrNoAnswers
	}
	return list, nil
}

// countsBehind is how old counts are that no instance makes any more.
const countsBehind = 5 * time.Minute

// stores checks what this instance stores in.
func (o *operators) stores(ctx context.Context) []console.Check {
	database := console.Check{Name: "database", OK: true, Note: o.set.databaseName()}
	if err := o.ready(ctx); err != nil {
		database.OK, database.Note, database.Mend = false, database.Note+" takes no turns", "lockbay doctor says why"
	}
	list := []console.Check{database}
	if o.set.RedisURL != "" {
		list = append(list, console.Check(o.set.checkRedis(ctx)))
	}
	counts := console.Check{Name: "counts", OK: true, Note: "not made yet: the first come within a minute"}
	if until := o.metrics.counted.Load(); until > 0 {
		age := time.Since(time.UnixMilli(until))
		counts.Note = fmt.Sprintf("of events up to %s", time.UnixMilli(until).In(o.set.zone()).Format("2 Jan, 15:04"))
		if counts.OK = age < countsBehind; !counts.OK {
			counts.Mend = "the log of the instances says why, in lines with what=insight"
		}
	}
	return append(list, counts)
}

// ticketsMost is how many tickets the console lists.
const ticketsMost = 200

// written are the newest tickets.
func (o *operators) written(ctx context.Context) (list []console.Ticket, err error) {
	rows, err := o.store.List(ctx, dialog.Query{Bot: botName, Flow: ticket.FlowName, Newest: true, Everyone: true, Deep: true, Limit: ticketsMost})
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		k, err := readTicket(row)
		if err != nil {
			continue // a newer version wrote it: that program lists it
		}
		list = append(list, console.Ticket{ID: k.ID, Class: string(k.Class), Key: row.Key, At: k.Written(), Step: k.Step})
	}
	return list, nil
}

// consoleAt is the address of the console; empty: it is nowhere, and why says so.
func (s *Settings) consoleAt() (at, why string) {
	switch {
	case s.OperatorToken == "":
		return "", "off: no --operator-token"
	case s.AdminListen != "":
		return "http://" + s.AdminListen + "/console", ""
	case s.metricsHere():
		return "http://" + s.Listen + "/console", ""
	case s.loopback():
		return "", "off, since a proxy leads from " + s.PublicURL + " to " + s.Listen
	}
	return "", "off, since other machines reach " + s.Listen
}

// checkConsole says where the console is.
func (s *Settings) checkConsole() check {
	at, why := s.consoleAt()
	k := check{Name: "console", OK: true, Note: at}
	switch {
	case s.OperatorToken == "":
		k.Note, k.Mend = why, "set --operator-token to a secret of at least 24 characters (optional)"
	case at == "":
		k.OK, k.Note, k.Mend = false, why, "set --admin-listen 127.0.0.1:9090"
	}
	return k
}

// consoleLine is the greeting's line about the console.
func (s *server) consoleLine() []string {
	set := s.app.set
	at, why := set.consoleAt()
	switch {
	case set.OperatorToken == "":
		return nil
	case at == "":
		return []string{"The console is " + why + ": set --admin-listen 127.0.0.1:9090"}
	}
	return []string{"The console is at http://" + reachable(cmp.Or(s.admin, s.addr)) + "/console"}
}

// rollouts are those that have begun, the newest first.
func (o *operators) rollouts(ctx context.Context) ([]rollout.State, error) {
	list, _, err := readRollouts(ctx, o.store)
	slices.SortStableFunc(list, func(a, b rollout.State) int { return b.Began().Compare(a.Began()) })
	return list, err
}

// orderRollout gives an order to a rollout, as an input of this id.
func (o *operators) orderRollout(ctx context.Context, name, id string, order *rollout.Order) error {
	in := order.Input(botName, name, "console")
	in.ID = "order " + id
	_, err := o.giveRollout(ctx, order, in)
	return err
}
