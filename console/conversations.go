package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// revealed begins the cause of the event of a reveal; the reason follows.
const revealed = "reveal:"

// Reasons are why an operator may see answers.
var Reasons = []string{"support", "dispute", "defect", "other"}

// eventsMost is after how many events of a conversation a page reads no older ones.
const eventsMost = 500

// found is the page of conversations.
type found struct {
	Query, Trouble string
	Unknown        bool // whether anything was lost
	Lost           []lostDraft
}

type lostDraft struct{ Draft, To, At, Mode, End string }

// conversations shows the search, and the drafts that lost something.
func (c *Console) conversations(v *visit) { c.showSearch(v, http.StatusOK, "", "") }

func (c *Console) showSearch(v *visit, status int, query, trouble string) {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	r, err := c.reports.of(ctx, windowOf(v.r))
	if err != nil { // whoever looks for a conversation needs no figures
		r = &Report{Figures: &insight.Figures{}}
	}
	x := found{Query: query, Trouble: trouble, Unknown: err != nil}
	for _, l := range r.LostDrafts {
		end := "confirmed"
		if l.Left {
			end = "left"
		}
		x.Lost = append(x.Lost, lostDraft{l.Draft, Path + "/conversations/" + l.Draft, l.At.In(c.cfg.Zone).Format("2 Jan, 15:04"), l.Mode, end})
	}
	title := "Conversations"
	if trouble != "" {
		title = "Error: conversations"
	}
	c.send(v, status, "conversations", title, "/conversations", r.At, x)
}

// find leads to the conversation that somebody names: a key, a person, an escrow, a ticket or a draft.
func (c *Console) find(v *visit) {
	query := strings.TrimSpace(v.r.PostForm.Get("q"))
	to, err := c.locate(v.r.Context(), query)
	switch {
	case err != nil:
		c.away(v, "find a conversation", err)
	case to == "":
		c.showSearch(v, http.StatusUnprocessableEntity, query, "Nothing is known of it within 90 days. Write a person as tg:1000001, an escrow as ESC-7K4M-92QXA, or a draft’s id.")
	default:
		http.Redirect(v.w, v.r, Path+"/conversations/"+to, http.StatusSeeOther)
	}
}

var (
	isEscrow = regexp.MustCompile(`^ESC-[0-9A-Z]{4}-[0-9A-Z]{5}$`)
	isTicket = regexp.MustCompile(`^TCK-[0-9A-Za-z-]+$`)
	isDraft  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
)

// ticketFlow is the flow of tickets.
const ticketFlow = "ticket"

// keyOf is the key that a text names.
func (c *Console) keyOf(query string) (key dialog.Key, ok bool) {
	key.Bot = c.cfg.Bot
	flow, id, isPath := strings.Cut(query, "/")
	switch up := strings.ToUpper(query); {
	case query == "" || strings.ContainsRune(query, 0) || len(query) > 200:
		return key, false
	case isPath:
		key.Flow, key.ID = flow, id
	case isEscrow.MatchString(up):
		key.Flow, key.ID = c.cfg.Escrows, up
	case isTicket.MatchString(up):
		key.Flow, key.ID = ticketFlow, up
	case strings.Contains(query, ":"):
		key.Flow, key.ID = c.cfg.Personal, query
	default:
		return key, false
	}
	return key, key.Flow != "" && key.ID != "" && key.Flow != dialog.AsideFlow
}

// locate finds a conversation that is there, or has events. "" is none.
func (c *Console) locate(ctx context.Context, query string) (to string, err error) {
	key, ok := c.keyOf(query)
	if !ok {
		if !isDraft.MatchString(query) {
			return "", nil
		}
		last, err := c.last(ctx, dialog.EventQuery{Draft: query})
		if err != nil || last == nil {
			return "", err
		}
		return query, nil
	}
	switch _, err := c.cfg.Head(ctx, key); {
	case err == nil:
		return c.seal.close(key), nil
	case !errors.Is(err, dialog.ErrNotFound):
		return "", err
	}
	last, err := c.last(ctx, dialog.EventQuery{Key: key})
	if err != nil || last == nil {
		return "", err
	}
	return c.seal.close(key), nil
}

// thread is the page of a conversation.
type thread struct {
	What, How, Address    string
	Days                  []daysTurns
	Facts                 []Answer // of the conversation
	Drafts                []navigation
	Hidden                bool
	Reasons               []string
	Answers               []Answer // shown ones
	Trouble, Because      string
	Command, EscrowTo, ID string
	Earlier               string // address of the time before
}

type daysTurns struct {
	Day   string
	Turns []line
}

type line struct{ Time, Mark, What, Then, Facts string }

// conversation shows every turn of one, without its answers.
func (c *Console) conversation(v *visit) {
	if of := c.about(v); of != nil {
		c.showThread(v, of, http.StatusOK, "", nil, "")
	}
}

// errUnknown says that an address leads to no conversation.
var errUnknown = errors.New("no such conversation")

// about is the conversation of a request's address. nil: an answer was given.
func (c *Console) about(v *visit) *subject {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	switch of, err := c.named(ctx, v.rest, c.before(v)); {
	case errors.Is(err, errUnknown):
		c.tell(v.w, http.StatusNotFound, "Nothing is known of this conversation", "Events are kept for 90 days.")
	case err != nil:
		c.away(v, "conversation", err)
	default:
		return &of
	}
	return nil
}

// reveal shows the answers, once the reason is in the log.
func (c *Console) reveal(v *visit) {
	of, reason := c.about(v), v.r.PostForm.Get("reason")
	switch {
	case of == nil:
		return
	case !slices.Contains(Reasons, reason):
		c.showThread(v, of, http.StatusUnprocessableEntity, "", nil, "Choose a reason. Nothing was shown.")
		return
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	var err error
	if of.draft == "" && of.key.Flow == c.cfg.Personal {
		var h dialog.Head
		if h, err = c.cfg.Head(ctx, of.key); errors.Is(err, dialog.ErrNotFound) {
			err = nil
		}
		of.draft = h.Draft
	}
	if err == nil {
		err = c.cfg.Record(ctx, dialog.Event{Kind: dialog.EventOrdered, Key: of.key.String(), Draft: of.draft, Cause: revealed + reason, Source: consoleFlow, At: c.cfg.Now()})
	}
	if err != nil {
		c.away(v, "record a reveal", err)
		return
	}
	c.cfg.Slog.Info("audit: answers shown", "verb", "console", "key", of.key.Path())
	person := []Answer{{"Person", of.key.ID}}
	answers, err := c.cfg.Answers(ctx, of.key, of.draft)
	if err != nil {
		c.showThread(v, of, http.StatusOK, reason, person, upper(err.Error())+".")
		return
	}
	c.showThread(v, of, http.StatusOK, reason, append(person, answers...), "")
}

// showThread shows a conversation, with answers if they were revealed.
func (c *Console) showThread(v *visit, of *subject, status int, because string, answers []Answer, trouble string) {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	events, lives, from, err := c.events(ctx, of)
	if err != nil {
		c.away(v, "conversation", err)
		return
	}
	key, draft := of.key, of.draft
	head, errHead := c.cfg.Head(ctx, key)
	if errHead != nil && !errors.Is(errHead, dialog.ErrNotFound) {
		c.away(v, "conversation", errHead)
		return
	}
	if draft == "" {
		draft = lastDraft(events)
	}
	x := c.threadOf(key, draft, events, lives)
	if errHead == nil {
		x.Facts = append(x.Facts, c.headFacts(&head, draft)...)
	}
	x.Hidden, x.Reasons, x.Answers, x.Because, x.Trouble, x.Address = because == "", Reasons, answers, because, trouble, Path+"/conversations/"+v.rest
	if from.After(c.cfg.Now().Add(-knownFor)) {
		x.Earlier = fmt.Sprintf("%s/conversations/%s?before=%d", Path, c.seal.close(key), from.UnixMilli())
	}
	title := x.ID
	if trouble != "" {
		title = "Error: " + title
	}
	c.send(v, status, "conversation", title, "/conversations", c.cfg.Now(), x)
}

// lastDraft is the draft that began last.
func lastDraft(events []dialog.Event) (draft string) {
	for _, e := range events {
		if e.Draft != "" && (e.Kind == dialog.EventStarted || draft == "") {
			draft = e.Draft
		}
	}
	return draft
}

// OfDraft are the events of a draft, and those of no draft within its time.
func OfDraft(events []dialog.Event, draft string) (list []dialog.Event) {
	var first, last time.Time
	for _, e := range events {
		if e.Draft == draft {
			if first.IsZero() {
				first = e.At
			}
			last = e.At
		}
	}
	for _, e := range events {
		if e.Draft == draft || e.Draft == "" && !e.At.Before(first) && !e.At.After(last) {
			list = append(list, e)
		}
	}
	return list
}

// threadOf puts a conversation into lines.
func (c *Console) threadOf(key dialog.Key, draft string, events, lives []dialog.Event) *thread {
	story := Tell(OfDraft(events, draft), lives)
	thing := "draft"
	x := &thread{ID: "Draft " + draft}
	if key.Flow != c.cfg.Personal {
		thing, x.ID = key.Flow, key.ID
		if key.Flow == c.cfg.Escrows {
			thing, x.Command = "escrow", "lockbay explain "+key.ID
		}
	}
	if len(events) == 0 {
		x.ID, x.What, x.How = "Conversation", "Nothing happened here within 90 days", "Events are kept for 90 days."
	} else {
		x.What, x.How = story.Headline(thing)
		x.Facts = append(x.Facts, Answer{upper(thing), cmp.Or(draft, key.ID)})
	}
	x.Facts = append(x.Facts, Answer{"Person", masked(key, c.cfg.Personal)})
	if story.Became != "" {
		x.Facts = append(x.Facts, Answer{"Became", story.Became})
		x.EscrowTo = Path + "/conversations/" + c.seal.close(dialog.Key{Bot: c.cfg.Bot, Flow: c.cfg.Escrows, ID: story.Became})
	}
	for _, t := range story.Turns {
		at := t.At.In(c.cfg.Zone)
		day := at.Format("Monday 2 Jan")
		if n := len(x.Days); n == 0 || x.Days[n-1].Day != day {
			x.Days = append(x.Days, daysTurns{Day: day})
		}
		d := &x.Days[len(x.Days)-1]
		d.Turns = append(d.Turns, line{at.Format("15:04:05"), string(t.Mark), t.What, t.Then, t.Facts})
	}
	for _, other := range drafts(events) {
		if other != draft && key.Flow == c.cfg.Personal {
			x.Drafts = append(x.Drafts, navigation{Path + "/conversations/" + other, other, false})
		}
	}
	return x
}

// drafts are those of a conversation, the newest first.
func drafts(events []dialog.Event) (list []string) {
	for i := len(events) - 1; i >= 0; i-- {
		if d := events[i].Draft; d != "" && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

// headFacts say where the conversation stands now.
func (c *Console) headFacts(h *dialog.Head, draft string) []Answer {
	if h.Draft != draft && h.Draft != "" {
		return nil
	}
	mode := map[dialog.Where]string{dialog.InRow: "database", dialog.InRedis: "redis", dialog.InMemory: "lightweight"}[h.Where]
	list := []Answer{{"Stands at", cmp.Or(stepName(h.Step), "nothing")}, {"Version", number(int(h.Version))}, {"Answers in", mode}}
	if h.Step == "" {
		list = []Answer{{"Stands at", "no draft"}, {"Version", number(int(h.Version))}}
	}
	return append(list, Answer{"Saved", h.Updated.In(c.cfg.Zone).Format("2 Jan, 15:04:05")})
}

// masked is a key's id for pages: a person is not named.
func masked(key dialog.Key, personal string) string {
	if key.Flow != personal {
		return "hidden"
	}
	channel, id, ok := strings.Cut(key.ID, ":")
	if !ok || len(id) < 7 {
		return channel + ":…"
	}
	return channel + ":" + id[:2] + "…" + id[len(id)-2:]
}
