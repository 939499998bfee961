package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// deskGroup is a group of people where the desk is.
type deskGroup struct {
	*world
	t          *testing.T
	id         int64 // where the people are now
	configured int64
}

const (
	basicGroup = int64(-4001)
	superGroup = int64(-1_001_234_567_890)
)

// withDesk starts the program with its desk in a group, which two operators run. Others are members, too.
func withDesk(t *testing.T, privacy bool, id int64) (d *deskGroup, olga, oleg *telegramtest.Person) {
	w := withPrivacy(t, privacy, "--operators", "7000007,7000008", "--desk", fmt.Sprint(id))
	d = &deskGroup{w, t, id, id}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.api.Transcript(1000001), w.api.Transcript(2000002), w.api.Transcript(d.id))
		}
	})
	olga, oleg = w.api.Person(7000007, "olga_desk", "Olga"), w.api.Person(7000008, "", "Oleg")
	olga.SayInGroup(id, "Good morning")
	return d, olga, oleg
}

// sees waits until the bot's newest message with this text is in the group.
func (d *deskGroup) sees(text string) (found telegramtest.Message) {
	d.t.Helper()
	soon(d.t, "the group sees "+text, func() bool {
		ms := d.api.Messages(d.id)
		i := len(ms) - 1
		for ; i >= 0 && (!ms[i].FromBot || !strings.Contains(ms[i].Text, text)); i-- {
		}
		if i >= 0 {
			found = ms[i]
		}
		return i >= 0
	})
	return found
}

// asks waits until the group has a question with this text for a person.
func (d *deskGroup) asks(p *telegramtest.Person, text string) (found telegramtest.Message) {
	d.t.Helper()
	soon(d.t, fmt.Sprint("the group asks ", p, ": ", text), func() bool {
		for _, m := range d.api.Messages(d.id) {
			if m.Asks && strings.Contains(m.Text, text) && strings.HasSuffix(m.Entities[0].URL, fmt.Sprint("=", p.ID)) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// press presses a button of the newest message with this text, twice.
func (d *deskGroup) press(p *telegramtest.Person, text, action string) {
	d.t.Helper()
	m := d.sees(text)
	data, ok := button(m, action)
	if !ok {
		d.t.Fatalf("no button %s:\n%s", action, m)
	}
	p.TapInGroup(d.id, m.ID, data)
	p.TapInGroup(d.id, m.ID, data)
}

// delivered waits until the bot has all updates.
func (d *deskGroup) delivered() {
	d.t.Helper()
	if !d.api.WaitDelivered(patience) {
		d.t.Fatal("updates are not taken")
	}
}

// metrics is the page of the metrics.
func (d *deskGroup) metrics() string {
	_, page := d.fetch("/metrics")
	return page
}

// doctor is doctor with the settings of the program.
func (d *deskGroup) doctor() (string, error) {
	return d.run("doctor", "--support", "@bay_help", "--listen", d.Addr, "--telegram-token", testToken, "--telegram-api-url", d.api.URL(),
		"--operators", "7000007,7000008", "--desk", fmt.Sprint(d.configured))
}

// paidFor is a deal whose buyer says that it is paid.
func (d *deskGroup) paidFor() (boris, anna *telegramtest.Person, id string) {
	d.t.Helper()
	boris, id = d.bought(d.t, "@anna_ceramics")
	anna = d.api.Person(2000002, "anna_ceramics", "Anna")
	anna.Say("/start " + linkOf(d.t, boris))
	anna.WaitText(patience, "Sell this for")
	boris.WaitText(patience, "has joined")
	tap(boris, "help")
	boris.WaitText(patience, "I need help")
	tap(boris, "paid")
	d.sees("The buyer says that it is paid")
	return boris, anna, id
}

// owed is a deal of which the seller is to be paid.
func (d *deskGroup) owed(olga *telegramtest.Person) (boris, anna *telegramtest.Person, id string) {
	d.t.Helper()
	boris, anna, id = d.paidFor()
	d.press(olga, "The buyer says that it is paid", "came")
	d.press(olga, "Only money that is in your account", "came:yes")
	boris.WaitText(patience, "We hold")
	anna.WaitText(patience, "The money is here")
	tap(anna, "accept:"+acceptOf(d.t, anna))
	anna.WaitText(patience, "Deliver by")
	tap(anna, "delivered")
	boris.WaitText(patience, "Check it by")
	tap(boris, "release")
	boris.WaitText(patience, "This is final")
	tap(boris, "release:yes")
	anna.WaitText(patience, "is yours")
	tap(anna, "where")
	anna.WaitText(patience, "Where shall we send it?")
	anna.Say("LT12 3456")
	anna.WaitText(patience, "LT12 3456")
	d.press(olga, "LT12 3456", "send:seller")
	d.press(olga, "to the seller?", "send:yes")
	anna.WaitText(patience, "We are sending it")
	return boris, anna, id
}

// TestDeskInAGroup: two operators run a whole deal from a group, over restarts, with the privacy mode of the bot on and off.
// Each button is pressed twice. Both are asked for the reference at once, and each answers their own question.
func TestDeskInAGroup(t *testing.T) {
	t.Parallel()
	for _, privacy := range []bool{true, false} {
		t.Run(fmt.Sprint("privacy ", privacy), func(t *testing.T) {
			t.Parallel()
			d, olga, oleg := withDesk(t, privacy, superGroup)
			boris, anna, id := d.owed(olga)
			d.relisten(t)
			d.press(olga, "On its way to the seller", "sent:seller")
			d.press(oleg, "On its way to the seller", "sent:seller")
			first, second := d.asks(olga, "Under which reference"), d.asks(oleg, "Under which reference")
			if !strings.HasPrefix(first.Text, "@olga_desk") || !strings.HasPrefix(second.Text, "7000008") || first.ID == second.ID {
				t.Errorf("asked:\n%s\n%s", first, second)
			}
			d.relisten(t)
			oleg.ReplyInGroup(d.id, first.ID, "R-00") // Olga's question
			second = d.asks(oleg, "is not saved")
			olga.ReplyInGroup(d.id, first.ID, "R-77")
			d.sees("R-77\u2069. They read it")
			oleg.ReplyInGroup(d.id, second.ID, "R-78") // while Olga is asked for her yes
			second = d.asks(oleg, "Operator 7000007 is asked for a yes first")
			said := len(oleg.Toasts())
			d.press(oleg, "R-77\u2069. They read it", "sent:yes") // which is not what he wrote
			soon(t, "the tap is answered", func() bool { return len(oleg.Toasts()) > said })
			if last := oleg.Toasts()[said]; !strings.Contains(last.Text, "only they can say yes") {
				t.Errorf("Oleg's yes is answered %+v", last)
			}
			d.press(olga, "R-77\u2069. They read it", "sent:yes")
			anna.WaitText(patience, "Done. You were paid")
			boris.WaitText(patience, "was paid")
			oleg.ReplyInGroup(d.id, second.ID, "R-78") // too late
			d.sees("has not taken")
			if out := d.must("escrows", "show", id); !strings.Contains(out, "completed") || strings.Contains(out, "R-78") {
				t.Errorf("show: %s", out)
			}
			if got := boris.Transcript() + anna.Transcript(); strings.Contains(got, "The desk") || strings.Contains(got, "olga_desk") {
				t.Errorf("a party reads the desk:\n%s", got)
			}
			if n := d.api.Count("editMessageReplyMarkup"); n > 0 {
				t.Errorf("buttons of a card that stands were removed %d times", n)
			}
			for _, p := range []*telegramtest.Person{olga, oleg} {
				if ms := p.Messages(); len(ms) > 0 {
					t.Errorf("%s is written to in private: %v", p, ms)
				}
			}
			d.must("ledger", "verify")
		})
	}
}

// TestPeopleInAGroup: what people in the desk's group can and cannot do. Whoever is no operator changes nothing there, and
// neither a draft nor an escrow of anybody is begun or shown by what is written there.
func TestPeopleInAGroup(t *testing.T) {
	t.Parallel()
	for _, privacy := range []bool{true, false} {
		t.Run(fmt.Sprint("privacy ", privacy), func(t *testing.T) {
			t.Parallel()
			d, olga, _ := withDesk(t, privacy, superGroup)
			boris, anna, id := d.owed(olga)
			carol := d.api.Person(3000003, "carol", "Carol")
			on := d.sees("On its way to the seller")
			state := d.must("escrows", "show", id, "--json")
			before := len(d.api.Messages(d.id))
			for _, p := range []*telegramtest.Person{carol, boris, anna} {
				for _, action := range []string{"sent:seller", "failed:seller", "hold"} {
					data, ok := button(on, action)
					if !ok {
						t.Fatalf("no button %s:\n%s", action, on)
					}
					said := len(p.Toasts())
					p.TapInGroup(d.id, on.ID, data)
					soon(t, "the tap is answered", func() bool { return len(p.Toasts()) > said })
					if last := p.Toasts()[said]; !last.Alert || !strings.Contains(last.Text, "somebody else") {
						t.Errorf("%s presses %s: %+v", p, action, last)
					}
				}
			}
			own, _ := button(boris.Last(), "help")
			said := len(boris.Toasts())
			boris.TapInGroup(d.id, on.ID, own) // a client that is not the usual one sends any data
			soon(t, "the tap is answered", func() bool { return len(boris.Toasts()) > said })
			if n := len(d.api.Messages(d.id)); n != before {
				t.Errorf("%d new messages", n-before)
			}
			if got := d.must("escrows", "show", id, "--json"); got != state {
				t.Errorf("the escrow has changed:\n%s\n%s", state, got)
			}

			d.press(olga, "On its way to the seller", "sent:seller")
			q := d.asks(olga, "Under which reference").ID
			for _, p := range []*telegramtest.Person{carol, boris, anna, olga} {
				p.SayInGroup(d.id, "R-01")
				p.SayInGroup(d.id, "/start")
				p.SayInGroup(d.id, "/create @anna_ceramics")
				p.SayInGroup(d.id, "/status@"+d.api.BotUsername())
				if p != olga {
					p.ReplyInGroup(d.id, q, "R-02")
					p.ReplyInGroup(d.id, on.ID, "R-03")
				}
			}
			olga.ReplyAnonymously(d.id, q, "R-04")
			u := olga.SayInGroup(d.id, "R-05")
			olga.EditInGroup(d.id, u.MessageID, "R-06")
			d.delivered()
			for _, m := range d.api.Messages(d.id)[before:] {
				if m.FromBot && !m.Asks && !strings.Contains(m.Text, "in private") {
					t.Errorf("the group reads\n%s", m)
				}
			}
			if got := d.must("escrows", "show", id, "--json"); got != state {
				t.Errorf("the escrow has changed:\n%s\n%s", state, got)
			}
			if got := d.api.Transcript(d.id); strings.Contains(got, "Your words") || strings.Contains(got, "Step 1") {
				t.Errorf("the group reads what is one person's:\n%s", got)
			}
			olga.ReplyInGroup(d.id, q, "R-77")
			d.sees("R-77\u2069. They read it")
		})
	}
}

// TestReplyToTheDeskInAGroup: a reply to the card itself says that a sum came, and under which reference money was sent. It
// is asked once more, and of an operator alone.
func TestReplyToTheDeskInAGroup(t *testing.T) {
	t.Parallel()
	d, olga, oleg := withDesk(t, true, superGroup)
	boris, anna, id := d.paidFor()
	carol := d.api.Person(3000003, "carol", "Carol")
	card := d.sees("The buyer says that it is paid").ID
	carol.ReplyInGroup(d.id, card, "1281.25 R-01")
	oleg.ReplyInGroup(d.id, card, "1281.25 R-02")
	d.press(oleg, "Reference \u2068R-02", "sum:yes")
	boris.WaitText(patience, "We hold")
	anna.WaitText(patience, "The money is here")
	tap(anna, "decline")
	anna.WaitText(patience, "This is final")
	tap(anna, "decline:yes")
	boris.WaitText(patience, "is yours")
	d.press(olga, "Money is to be sent", "send:buyer")
	d.press(olga, "to the buyer?", "send:yes")
	olga.ReplyInGroup(d.id, d.sees("On its way to the buyer").ID, "R-77")
	d.press(olga, "Reference \u2068R-77", "sent:yes")
	boris.WaitText(patience, "back")
	if out := d.must("escrows", "show", id); !strings.Contains(out, "refunded") || strings.Contains(out, "R-01") {
		t.Errorf("show: %s", out)
	}
	if n := d.api.Transcript(d.id); strings.Contains(n, "R-01\u2069") {
		t.Errorf("the group reads of a stranger's payment:\n%s", n)
	}
	d.must("ledger", "verify")
}

// TestDeskMoves: the group becomes a supergroup, and the desk goes with it, over a restart. doctor says what to set.
func TestDeskMoves(t *testing.T) {
	t.Parallel()
	d, olga, _ := withDesk(t, true, basicGroup)
	_, anna, id := d.owed(olga)
	d.sees("On its way to the seller")
	d.api.Migrate(basicGroup, superGroup)
	d.delivered()
	d.must("escrows", "hold", id)
	d.id = superGroup
	d.press(olga, "on hold", "resume")
	d.sees("On its way to the seller")
	d.noted(t)
	d.relisten(t)
	d.press(olga, "On its way to the seller", "sent:seller")
	olga.ReplyInGroup(d.id, d.asks(olga, "Under which reference").ID, "R-77")
	d.press(olga, "R-77\u2069. They read it", "sent:yes")
	anna.WaitText(patience, "Done. You were paid")
	out, err := d.doctor()
	if want := fmt.Sprint("set --desk ", superGroup); !strings.Contains(out, want) {
		t.Errorf("doctor does not say %q: %v\n%s", want, err, out)
	}
	cards := 0
	for _, m := range d.api.Messages(superGroup) {
		if m.FromBot && strings.Contains(m.Text, "The desk") && len(m.Rows) > 0 {
			cards++
		}
	}
	if cards > 1 {
		t.Errorf("%d cards of one deal", cards)
	}
}

// TestDeskWithoutItsGroup: the bot is removed from the group. The log, doctor and the metric say so, the card is not tried
// again and again, and the escrow goes on by command. Once the bot is back, the desk has its card again.
func TestDeskWithoutItsGroup(t *testing.T) {
	t.Parallel()
	d, olga, _ := withDesk(t, true, superGroup)
	boris, _, id := d.paidFor()
	for status, want := range map[string]string{"kicked": "is not in the group", "restricted": "may not write in the group"} {
		d.api.SetMember(olga, d.id, status)
		d.delivered()
		soon(t, "the log says so", func() bool { return strings.Contains(d.log.String(), "cannot write to a group") })
		if got := d.metrics(); !strings.Contains(got, "\nlockbay_desk_unreachable 1\n") {
			t.Errorf("the metrics:\n%s", got)
		}
		out, err := d.doctor()
		if err == nil || !strings.Contains(out, "MEND  desk") || !strings.Contains(out, want) {
			t.Errorf("doctor: %v\n%s", err, out)
		}
		calls := func() int {
			return len(slices.DeleteFunc(d.api.CallsOf("sendMessage"), func(c telegramtest.Call) bool { return c.ChatID != d.id }))
		}
		had := calls()
		d.must("escrows", "hold", id)
		soon(t, "the card is tried", func() bool { return calls() > had })
		d.must("escrows", "resume", id)
		boris.WaitText(patience, "Do not pay again")
		d.api.SetMember(olga, d.id, "member")
		d.delivered()
		soon(t, "the metric is back", func() bool { return strings.Contains(d.metrics(), "\nlockbay_desk_unreachable 0\n") })
		if n := calls() - had; n > 6 {
			t.Errorf("%d tries", n)
		}
	}
	d.must("escrows", "hold", id)
	d.press(olga, "on hold", "resume")
}

// TestDeskAsksAgain: a text that is refused is asked for again in the group, in a new message, and so is one that answers
// another message than the question.
func TestDeskAsksAgain(t *testing.T) {
	t.Parallel()
	d, olga, _ := withDesk(t, true, superGroup)
	boris, _, id := d.paidFor()
	d.press(olga, "The buyer says that it is paid", "sum")
	q := d.asks(olga, "Which sum came")
	olga.ReplyInGroup(d.id, q.ID, "all of it")
	again := d.asks(olga, "Write the sum and the reference")
	olga.ReplyInGroup(d.id, d.notice(), "1281.25 R-01")
	third := d.asks(olga, "is not saved")
	if q.ID >= again.ID || again.ID >= third.ID {
		t.Errorf("the questions are %d, %d and %d", q.ID, again.ID, third.ID)
	}
	olga.ReplyInGroup(d.id, third.ID, "1281.25 R-02")
	d.press(olga, "Reference", "sum:yes")
	boris.WaitText(patience, "We hold")
	if n := strings.Count(d.api.Transcript(d.id)[strings.Index(d.api.Transcript(d.id), "--- now:"):], "asks for a reply"); n > 0 {
		t.Errorf("%d questions are left", n)
	}
	if out := d.must("explain", id); strings.Contains(out, "R-01") {
		t.Errorf("explain: %s", out)
	}
}

// notice is a message of the bot in the group that has no buttons and asks nothing.
func (d *deskGroup) notice() int {
	d.t.Helper()
	d.api.Person(7000007, "olga_desk", "Olga").SayInGroup(d.id, "/help@"+d.api.BotUsername())
	return d.sees("in private").ID
}
