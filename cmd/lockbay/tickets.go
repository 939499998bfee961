package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/ticket"
)

type ticketsCmd struct {
	List   ticketsListCmd   `cmd:"" help:"list tickets, the newest first, without their texts"`
	Show   ticketsShowCmd   `cmd:"" help:"show one ticket, and what its person did before; the audit log records it"`
	Set    ticketsSetCmd    `cmd:"" help:"correct the class of a ticket"`
	Import ticketsImportCmd `cmd:"" help:"take the tickets of another helpdesk from a CSV file: all of them, or none if a row is wrong"`
}

// classes are the names of all classes, separated by commas.
func classes() string {
	names := make([]string, len(ticket.Classes))
	for i, c := range ticket.Classes {
		names[i] = string(c)
	}
	return strings.Join(names, ",")
}

// ticketJSON is one line of tickets list --json.
type ticketJSON struct {
	ID        string `json:"id"`
	Class     string `json:"class"`
	Phrase    string `json:"phrase"` // that decided the class; empty: none
	SetBy     string `json:"set_by"` // the operator who set the class; empty: nobody
	WrittenAt string `json:"written_at"`
	From      string `json:"from"`
	Owner     string `json:"owner"`
	DraftID   string `json:"draft_id"` // open then
	Step      string `json:"step"`
	Escrow    string `json:"escrow"`
}

func ticketOf(k *ticket.Ticket) ticketJSON {
	return ticketJSON{ID: k.ID, Class: string(k.Class), Phrase: k.Phrase, SetBy: k.By, WrittenAt: rfc(k.Written()), From: k.From, Owner: k.Owner,
		DraftID: k.Draft, Step: k.Step, Escrow: k.Escrow}
}

// readTicket decodes a row.
func readTicket(row *dialog.Row) (k ticket.Ticket, err error) {
	r, err := dialog.Decode(row)
	if err == nil {
		k, err = ticket.Of(r)
	}
	if errors.Is(err, dialog.ErrSchemaNewer) {
		err = fmt.Errorf("%s was written by a newer lockbay: use the newer program", row.Key.ID)
	}
	return k, err
}

type ticketsListCmd struct {
	JSON  bool   `name:"json" help:"one JSON array"`
	Class string `name:"class" enum:"${classes}," default:"" help:"only this class"`
}

// Run lists the tickets.
func (c *ticketsListCmd) Run(p *program, set *Settings) error {
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	list := &lines[ticket.Ticket]{
		out: p.out, json: c.JSON, none: "No tickets.",
		object: func(k *ticket.Ticket) any { return ticketOf(k) },
		table:  func(page []ticket.Ticket) error { return ticketTable(p.out, page) },
	}
	err = eachRow(p.ctx, st, dialog.Query{Flow: ticket.FlowName, Newest: true, Everyone: true, Deep: true}, func(row *dialog.Row) error {
		k, err := readTicket(row)
		if err != nil || c.Class != "" && c.Class != string(k.Class) {
			return err
		}
		return list.add(&k)
	})
	if err != nil {
		return err
	}
	return list.end()
}

func ticketTable(out io.Writer, page []ticket.Ticket) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tCLASS\tWHY\tWRITTEN\tFROM\tOWNER\tAT")
	for i := range page {
		k := &page[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Class, why(k), rfc(k.Written()), k.From, cmp.Or(k.Owner, "-"), cmp.Or(k.Step, k.Escrow, "-"))
	}
	return w.Flush()
}

// why says what decided the class of a ticket.
func why(k *ticket.Ticket) string {
	switch {
	case k.By != "":
		return "set by " + k.By
	case k.Phrase != "":
		return fmt.Sprintf("%q", k.Phrase)
	}
	return "no phrase"
}

// ticketArg is the id of a ticket.
type ticketArg struct {
	ID string `arg:"" help:"for example TCK-7K4M-92QXA"`
}

func (c *ticketArg) key() (dialog.Key, error) {
	id, err := ticket.ParseID(c.ID)
	if err != nil {
		return dialog.Key{}, usageError{fmt.Errorf("%q is %w", c.ID, err)}
	}
	return dialog.Key{Bot: botName, Flow: ticket.FlowName, ID: id}, nil
}

type ticketsShowCmd struct {
	ticketArg
	JSON bool `name:"json" help:"one JSON object"`
}

// shownTicket is what tickets show --json writes.
type shownTicket struct {
	ticketJSON
	Text          string        `json:"text"`
	Conversations []string      `json:"conversations"` // of its person: keys, the newest first
	Before        []shownMoment `json:"before"`        // what happened in the person's own conversation
}

// shownMoment is an event.
type shownMoment struct {
	At     string `json:"at"`
	Kind   string `json:"kind"`
	Step   string `json:"step"`
	Cause  string `json:"cause"`
	Source string `json:"source"`
}

// Run shows a ticket.
func (c *ticketsShowCmd) Run(p *program, set *Settings) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	row, err := st.Load(p.ctx, key)
	if errors.Is(err, dialog.ErrNotFound) {
		return fmt.Errorf("there is no ticket %s", key.ID)
	}
	if err != nil {
		return err
	}
	k, err := readTicket(row)
	if err != nil {
		return err
	}
	x := shownTicket{ticketJSON: ticketOf(&k), Text: k.Text, Conversations: []string{}, Before: []shownMoment{}}
	if err := x.aboutOwner(p.ctx, st, &k); err != nil {
		return err
	}
	set.logger(p.err).Info("audit: answers shown", "verb", "tickets show", "key", key.Path())
	if c.JSON {
		return writeJSON(p.out, x)
	}
	return x.print(p.out, &k)
}

const (
	beforeFor  = 7 * 24 * time.Hour // events before a ticket that are shown with it
	beforeMost = 20                 // of them the last ones
	othersMost = 20                 // conversations of its person
)

// aboutOwner adds the conversations of the ticket's person, and the last events of the person's own one.
func (x *shownTicket) aboutOwner(ctx context.Context, st store, k *ticket.Ticket) error {
	if k.Owner == "" {
		return nil
	}
	own := dialog.Key{Bot: botName, Flow: intake.FlowName, ID: k.Owner}
	x.Conversations = append(x.Conversations, own.Path())
	rows, err := st.List(ctx, dialog.Query{Bot: botName, Owner: k.Owner, Flow: deal.FlowName, Newest: true, Limit: othersMost})
	if err != nil {
		return err
	}
	for _, row := range rows {
		x.Conversations = append(x.Conversations, row.Key.Path())
	}
	log, ok := st.(dialog.EventLog)
	if !ok {
		return nil
	}
	events, err := eventsOf(ctx, log, dialog.EventQuery{Key: own, From: k.Written().Add(-beforeFor), Until: k.Written().Add(time.Millisecond)})
	for _, e := range events[max(0, len(events)-beforeMost):] {
		x.Before = append(x.Before, shownMoment{rfc(e.At), string(e.Kind), e.Step, e.Cause, e.Source})
	}
	return err
}

func (x *shownTicket) print(out io.Writer, k *ticket.Ticket) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, value string) { fmt.Fprintf(w, "%s\t%s\n", name, value) }
	line(k.ID, fmt.Sprintf("%s (%s), written %s from %s", k.Class, why(k), x.WrittenAt, k.From))
	line("by", cmp.Or(k.Owner, "somebody of another helpdesk"))
	switch {
	case k.Draft != "":
		line("at", "a draft at "+k.Step)
	case k.Escrow != "":
		line("at", k.Escrow)
	}
	for i, text := range strings.Split(plain(k.Text), "\n") {
		line(map[bool]string{true: "says"}[i == 0], text)
	}
	for i, path := range x.Conversations {
		command := "lockbay explain " + strings.TrimPrefix(path, deal.FlowName+"/")
		if i == 0 {
			command = "lockbay drafts show " + path
		}
		line(map[bool]string{true: "look at"}[i == 0], command)
	}
	for i, e := range x.Before {
		of := slices.DeleteFunc([]string{e.Kind, e.Step, e.Cause, e.Source}, func(s string) bool { return s == "" })
		line(map[bool]string{true: "before"}[i == 0], e.At+"  "+strings.Join(of, " "))
	}
	return w.Flush()
}

// plain is a text for a table or a spreadsheet: one that a spreadsheet takes for a formula has an apostrophe before it.
func plain(text string) string {
	if strings.IndexAny(strings.TrimSpace(text), "=+-@") == 0 {
		return "'" + text
	}
	return text
}

type ticketsSetCmd struct {
	ticketArg
	Class string `arg:"" enum:"${classes}" help:"progress, dispute, payment, other or interview"`
}

// Run corrects the class of a ticket.
func (c *ticketsSetCmd) Run(p *program, set *Settings) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	in := ticket.SetClass(botName, key.ID, ticket.Class(c.Class))
	in.By = "cli"
	out, err := a.engine.Handle(p.ctx, in)
	switch {
	case errors.Is(err, dialog.ErrSchemaNewer):
		return fmt.Errorf("%s was written by a newer lockbay: use the newer program", key.ID)
	case err != nil:
		return err
	case out.Did == dialog.DidForeign:
		return fmt.Errorf("there is no ticket %s", key.ID)
	}
	_, err = fmt.Fprintf(p.out, "%s is of class %s.\n", key.ID, c.Class)
	return err
}
