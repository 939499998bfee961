package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// storyJSON is what explain --json writes of a conversation that is no escrow.
type storyJSON struct {
	ID    string     `json:"id"`
	What  string     `json:"what"` // what became of it
	How   string     `json:"how"`
	Turns []turnJSON `json:"turns"`
}

type turnJSON struct {
	At   string `json:"at"`
	Did  string `json:"did"`
	Then string `json:"then"`
	With string `json:"with"` // source, time it took, instance, and the version of its program
}

// draftID matches the id of a draft.
var draftID = regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{10}$`)

// story reports whether an id names a draft, a person, or by its key a conversation, and asks for
// its events.
func story(id string) (q dialog.EventQuery, ok bool, err error) {
	switch {
	case strings.Contains(id, "/"):
		q.Key, err = keyArg(id)
		return q, true, err
	case strings.Contains(id, ":"): // a person
		q.Key = dialog.Key{Bot: botName, Flow: intake.FlowName, ID: id}
		return q, true, nil
	}
	q.Draft = id
	return q, draftID.MatchString(id), nil
}

// tellStory tells what happened to a conversation, from events. They name nobody and have no answers.
func (c *explainCmd) tellStory(p *program, set *Settings, q dialog.EventQuery) error {
	if c.Receipt != "" {
		return usageError{fmt.Errorf("--receipt is for an escrow, and %s is none", c.ID)}
	}
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	log, ok := st.(dialog.EventLog)
	if !ok {
		return fmt.Errorf("%s keeps no events", set.databaseName())
	}
	events, err := eventsOf(p.ctx, log, q)
	if err == nil && q.Draft != "" && len(events) > 0 {
		events, err = ofDraft(p.ctx, log, q.Draft, events)
	}
	if err != nil {
		return err
	}
	if len(events) == 0 {
		return fmt.Errorf("%s has no events of %s; they are kept for 90 days", set.databaseName(), c.ID)
	}
	lives, err := console.Lives(p.ctx, log, events)
	if err != nil {
		return err
	}
	s := console.Tell(events, lives)
	thing := "draft"
	if q.Draft == "" {
		thing = "conversation"
	}
	x := storyJSON{ID: c.ID, Turns: []turnJSON{}}
	x.What, x.How = s.Headline(thing)
	for _, t := range s.Turns {
		x.Turns = append(x.Turns, turnJSON{rfc(t.At), t.What, t.Then, t.Facts})
	}
	if c.JSON {
		return writeJSON(p.out, x)
	}
	return x.print(p)
}

// ofDraft are the events of a draft with those of its conversation that happened meanwhile: an input that failed, for example
// while the database was away, is of no draft.
func ofDraft(ctx context.Context, log dialog.EventLog, draft string, own []dialog.Event) ([]dialog.Event, error) {
	key, err := dialog.ParseKey(own[0].Key)
	if err != nil {
		return nil, err
	}
	all, err := eventsOf(ctx, log, during(own, dialog.EventQuery{Key: key}))
	return console.OfDraft(all, draft), err
}

// during is a query for the time of these events.
func during(events []dialog.Event, q dialog.EventQuery) dialog.EventQuery {
	q.From, q.Until = events[0].At, events[len(events)-1].At.Add(time.Millisecond)
	return q
}

func (x *storyJSON) print(p *program) error {
	fmt.Fprintf(p.out, "%s. %s\n", x.What, x.How)
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "AT\tWHAT\tTHEN\tWITH")
	for _, t := range x.Turns {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.At, t.Did, t.Then, t.With)
	}
	return w.Flush()
}

// eventsOf reads all pages of a query, the oldest first.
func eventsOf(ctx context.Context, log dialog.EventLog, q dialog.EventQuery) (all []dialog.Event, err error) {
	for {
		page, err := log.Events(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < q.Most() {
			return all, nil
		}
		q.From = page[len(page)-1].At.Add(time.Millisecond)
	}
}
