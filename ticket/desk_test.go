package ticket_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/ticket"
)

var desk = dialog.Place{Channel: "telegram", Address: "desk", Push: true, Lang: "en"}

// row is the row of a ticket.
func (k *rig) row(id string) *dialog.Record {
	k.t.Helper()
	r, _, err := k.bot.Hydrate(k.t.Context(), dialog.Key{Bot: "bot", Flow: ticket.FlowName, ID: id})
	if err != nil {
		k.t.Fatal(err)
	}
	return r
}

// sweep fires the timers that are due.
func (k *rig) sweep() *rig {
	k.t.Helper()
	if _, err := k.bot.Sweep(k.t.Context(), 0); err != nil {
		k.t.Fatal(err)
	}
	return k
}

// shownAt is what a ticket shows in a role.
func (k *rig) shownAt(id, role string) string {
	k.t.Helper()
	r := k.row(id).As(role)
	if r.Role() != role {
		return "nobody sits there"
	}
	c := k.bot.Render(r, dialog.View{Lang: "en", Now: k.now(), Place: desk})
	return dialog.Plain(strings.Join(append([]string{c.Progress, c.Question, c.Hint}, c.Body...), "|"))
}

// TestDesk: operators read that somebody wrote, of what, and where to read it. What was written they do not read there.
func TestDesk(t *testing.T) {
	k := begin(t)
	k.bot = k.engine("desk", flowsWith(desk)...)
	id := k.say("/support I lost my money at Elm Street 5").tickets()[0].ID
	if got := k.shownAt(id, "desk"); got != "nobody sits there" {
		t.Errorf("the person waits until the desk is told: %s", got)
	}
	k.sweep()
	want := "Somebody wrote to you|" + id + ", about a payment|Read it where LockBay runs: lockbay tickets show " + id
	if got := k.shownAt(id, "desk"); got != want {
		t.Errorf("the desk reads %q, want %q", got, want)
	}
	if r := k.row(id); len(r.Places) != 1 || r.Places[0].Address != desk.Address || r.As("desk").Anew == 0 {
		t.Errorf("it is shown at %+v, anew since version %d", r.Places, r.As("desk").Anew)
	}
	if got := k.shownAt(id, ""); !strings.Contains(got, "You wrote "+id) || !strings.Contains(got, "I lost my money at Elm Street 5") {
		t.Errorf("the person reads %q", got)
	}
	told := k.row(id).As("desk").Anew
	k.send(ticket.SetClass("bot", id, ticket.Dispute))
	if got := k.shownAt(id, "desk"); !strings.Contains(got, id+", about a dispute") || k.row(id).As("desk").Anew != told {
		t.Errorf("after another class the desk reads %q", got)
	}
}

// TestNoDesk: without a desk, also one that there is no more, nobody is told.
func TestNoDesk(t *testing.T) {
	k := begin(t)
	first := k.say("/support It hangs").tickets()[0].ID
	if n := len(k.row(first).Timers); n != 1 {
		t.Errorf("the ticket has %d timers", n)
	}
	k.bot = k.engine("desk", flowsWith(desk)...)
	k.pass(time.Minute)
	second := k.say("/support It hangs again").tickets()[0].ID
	k.bot = k.engine("none")
	k.sweep()
	for _, id := range []string{first, second} {
		if r := k.row(id); len(r.Seats)+len(r.Places) != 0 || len(r.Timers) != 1 {
			t.Errorf("%s has seats %+v, places %+v and timers %+v", id, r.Seats, r.Places, r.Timers)
		}
	}
}

// TestSetClass: an operator's class stays, and is an event where it is another one. The phrase is what the text said.
func TestSetClass(t *testing.T) {
	k := begin(t).say("/support I lost my money")
	id := k.tickets()[0].ID
	classed := func() (list []dialog.Event) {
		for _, e := range k.store.Logged() {
			if e.Kind == ticket.EventClassed {
				list = append(list, e)
			}
		}
		return list
	}
	is := func(class ticket.Class, by string, events int) {
		t.Helper()
		x := k.tickets()[0]
		if x.Class != class || x.By != by || x.Phrase != "money" || x.Text != "I lost my money" || len(classed()) != events {
			t.Errorf("the ticket is %+v, with %d events; want %s by %q, and %d", x, len(classed()), class, by, events)
		}
	}
	is(ticket.Payment, "", 0)
	k.send(ticket.SetClass("bot", id, "spam"))
	is(ticket.Payment, "", 0)
	k.send(ticket.SetClass("bot", id, ticket.Payment)) // the class that it has: now somebody says so
	is(ticket.Payment, "cli", 0)
	k.pass(90 * time.Minute)
	in := ticket.SetClass("bot", id, ticket.Dispute)
	in.By = "console"
	k.send(in)
	is(ticket.Dispute, "console", 1)
	if e := classed()[0]; e.Cause != "dispute" || e.Source != id || e.Took != 90*time.Minute || e.Key != "bot:ticket:"+id {
		t.Errorf("the event is %+v", e)
	}
	was := k.row(id).Revision
	k.send(ticket.SetClass("bot", id, ticket.Dispute))
	is(ticket.Dispute, "console", 1)
	if got := k.row(id).Revision; got != was {
		t.Errorf("the same class again made revision %d of %d", got, was)
	}
	if k.send(ticket.SetClass("bot", ticket.NewID(1), ticket.Other)); k.out.Did != dialog.DidForeign || len(k.tickets()) != 1 {
		t.Errorf("a class of no ticket: %s, %d tickets", k.out.Did, len(k.tickets()))
	}
	in = ticket.SetClass("bot", id, ticket.Other)
	in.Kind, in.Owner, in.Place = dialog.KindTap, owner, k.last.Place
	k.send(in)
	is(ticket.Dispute, "console", 1)
}
