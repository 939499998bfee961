package ticket_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/ticket"
)

func TestTicketOfACommand(t *testing.T) {
	k := begin(t).say("/support I had to type everything again!")
	k.expect("A person reads what you wrote: TCK-", "write to @bay_help")
	list := k.tickets()
	if len(list) != 1 {
		t.Fatalf("%d tickets", len(list))
	}
	x := list[0]
	if x.Owner != owner || x.Text != "I had to type everything again!" || x.Class != ticket.Progress || x.Phrase != "type everything again" || x.From != "telegram" || !x.Written().Equal(k.now()) {
		t.Errorf("the ticket is %+v", x)
	}
	if id, err := ticket.ParseID(strings.ToLower(x.ID)); err != nil || id != x.ID {
		t.Errorf("ParseID(%s) is %q, %v", x.ID, id, err)
	}
	e := k.events()
	if len(e) != 1 || e[0].Cause != "progress" || e[0].Source != x.ID || e[0].Key != "bot:escrow:"+owner {
		t.Errorf("the events are %+v", e)
	}
}

// TestTicketKeepsThePlace: /support in the middle of each question, with a text and asked for, leaves the draft where it is.
func TestTicketKeepsThePlace(t *testing.T) {
	k := begin(t).say("/create")
	for _, answer := range []string{"@anna_ceramics", "100 usd", "Handmade dinner set, 24 pieces", "48 hours", ""} {
		was := k.own()
		question := k.card().Question
		check := func(what string) {
			t.Helper()
			r := k.own()
			if r.Step != was.Step || r.Draft != was.Draft || string(r.Answers) != string(was.Answers) || r.Open != was.Open || r.Started != was.Started {
				t.Errorf("%s at %s: now at %s, %s", what, was.Step, r.Step, r.Answers)
			}
			if k.card().Question != question {
				t.Errorf("%s at %s: the card asks %q", what, was.Step, k.card().Question)
			}
		}
		k.pass(25 * time.Hour) // others count today
		k.say("/support The page is slow at " + was.Step)
		check("with a text")
		k.say("/support").expect("What do you want to tell us?").say("And it was slow before")
		check("asked for")
		k.say("/support").tap(dialog.ActionLeave)
		check("left")
		if got := k.tickets()[0]; got.Draft != was.Draft || got.Step != was.Step || got.Escrow != "" {
			t.Errorf("the ticket at %s has %+v", was.Step, got)
		}
		if answer != "" {
			k.say(answer)
		}
	}
	if got := k.own().Step; got != intake.StepReview {
		t.Fatalf("the draft ends at %s", got)
	}
	k.tap(k.card().Primary.Action)
	escrow := k.own().Started
	k.pass(25 * time.Hour)
	k.say("/support Nobody answers")
	if got := k.tickets()[0]; got.Escrow != escrow || got.Draft != "" || k.own().Started != escrow {
		t.Errorf("after %s the ticket has %+v, and the conversation %s", escrow, got, k.own().Started)
	}
}

func TestTicketBounds(t *testing.T) {
	k := begin(t).say("/create").say("/support")
	k.say("   ").expect("Write what you want to tell us.", "What do you want to tell us?")
	k.say("It hangs").expect("A person reads what you wrote").say("/support") // it follows nothing that was too long
	if n := len(k.tickets()); n != 1 {
		t.Fatalf("%d tickets", n)
	}
	k.pass(25 * time.Hour)
	for _, long := range []string{strings.Repeat("x", 1001), strings.Repeat("ش", 1001), strings.Repeat("y ", 50_000)} {
		k.pass(time.Minute)
		k.say(long).expect("That is too long, and nothing was sent.", "What do you want to tell us?")
		if c := k.card(); k.out.Did != dialog.DidRefuse || k.out.Record.Said.Typed == "" || c.Field.Value != k.out.Record.Said.Typed || !strings.HasPrefix(long, k.out.Record.Said.Typed[:20]) {
			t.Errorf("%s, with %.40q back", k.out.Did, k.out.Record.Said.Typed)
		}
	}
	if c := k.card(); c.Band != nil || c.Refusal == "" {
		t.Errorf("an answer is refused as %q beside the band %+v", c.Refusal, c.Band)
	}
	k.pass(time.Minute)
	k.say("It hangs" + strings.Repeat(" ", 2*dialog.TextMost) + "again").expect("That is too long, and nothing was sent.") // also where its beginning is short
	k.tap(dialog.ActionLeave).say("/support "+strings.Repeat("z", 100_000)).expect("That is too long, and nothing was sent.", "What do you want to tell us?")
	if c := k.card(); c.Band == nil || c.Refusal != "" {
		t.Errorf("a command is refused as %q beside the band %+v", c.Refusal, c.Band)
	}
	if n := len(k.tickets()); n != 1 {
		t.Fatalf("%d tickets", n)
	}
	k.pass(time.Minute)
	k.say(strings.Repeat("x", 1000)).expect("A person reads what you wrote")
	arabic := "ضاعت إجاباتي واضطررت إلى البدء من جديد"
	k.say("/support " + arabic)
	list := k.tickets()
	if len(list) != 3 || utf8.RuneCountInString(list[0].Text)+utf8.RuneCountInString(list[1].Text)+utf8.RuneCountInString(list[2].Text) != 1000+utf8.RuneCountInString(arabic+"It hangs") {
		t.Errorf("the tickets are %+v", list)
	}
	if k.own().Step != intake.StepSeller {
		t.Errorf("the draft is at %s", k.own().Step)
	}
}

// TestTicketOfDividedText: a chat divides a long text into several, whose last one is short. None of them is sent, and the
// first one comes back; what is written later is.
func TestTicketOfDividedText(t *testing.T) {
	k := begin(t).say("/create")
	k.say("/support " + strings.Repeat("lost ", 800)).expect("That is too long, and nothing was sent.")
	k.pass(time.Second)
	k.say(strings.Repeat("and ", 500)).expect("That is too long")
	first := k.own().Said.Typed
	k.pass(time.Second)
	k.say("it hangs").expect("That is too long", "What do you want to tell us?")
	if k.out.Did != dialog.DidRefuse {
		t.Errorf("the rest of a long text: %s", k.out.Did)
	}
	if typed := k.own().Said.Typed; len(k.tickets()) != 0 || typed != first || !strings.HasPrefix(typed, "lost") {
		t.Errorf("%d tickets, %.20q comes back", len(k.tickets()), typed)
	}
	k.pass(time.Minute)
	k.say("It hangs").expect("A person reads what you wrote")
	if k.own().Step != intake.StepSeller {
		t.Errorf("the draft is at %s", k.own().Step)
	}
}

// TestTicketHidesCards: the number of a payment card is not kept.
func TestTicketHidesCards(t *testing.T) {
	k := begin(t).say("/support My card 4111 1111 1111 1111 was charged twice")
	if got := k.tickets()[0].Text; strings.Contains(got, "1111 1111") {
		t.Errorf("the text is %q", got)
	}
}

// TestTicketsOfADay: a person writes five in 24 hours; the sixth is said not to be sent, and comes back.
// Imported ones do not count.
func TestTicketsOfADay(t *testing.T) {
	k := begin(t)
	for range ticket.Most {
		k.pass(time.Hour)
		k.say("/support Where is my money?").expect("A person reads what you wrote")
	}
	k.say("/support And one more").expect("We have 5 messages of you today", "@bay_help")
	if k.own().Said.Typed != "And one more" || len(k.tickets()) != ticket.Most {
		t.Errorf("typed %q, %d tickets", k.own().Said.Typed, len(k.tickets()))
	}
	k.say("/support").expect("We have 5 messages of you today")
	k.owner = "tg:1000002"
	k.say("/support Mine").expect("A person reads what you wrote")
	k.owner = owner
	k.pass(20*time.Hour + time.Second) // the first one is a day old
	k.say("/support And one more").expect("A person reads what you wrote")
}

// TestTicketOnce: a redelivery, another instance and two devices make no second ticket of a text.
func TestTicketOnce(t *testing.T) {
	k := begin(t).say("/support It hangs")
	k.send(k.last)
	k.bot = k.engine("b")
	k.send(k.last)
	if n := len(k.tickets()); n != 1 || k.out.Did != dialog.DidDuplicate {
		t.Fatalf("%d tickets; %s", n, k.out.Did)
	}
	k.say("/support")
	k.say("It hangs again")
	k.send(k.last)
	if n := len(k.tickets()); n != 2 {
		t.Fatalf("%d tickets", n)
	}
	// Two devices at once, at two instances: the asked text is one, and the other is for the draft.
	k.say("/create").say("/support")
	engines := []*dialog.Engine{k.engine("c"), k.engine("d")}
	inputs := []dialog.Input{k.input("From the phone"), k.input("From the page")}
	inputs[1].Place = dialog.Place{Channel: "web", Address: "x"}
	var wg sync.WaitGroup
	for i := range inputs {
		wg.Go(func() {
			if _, err := engines[i].Handle(t.Context(), inputs[i]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	list := k.tickets()
	if n := len(slices.DeleteFunc(slices.Clone(list), func(x ticket.Ticket) bool { return !strings.HasPrefix(x.Text, "From the ") })); len(list) != 3 || n != 1 {
		t.Errorf("the tickets are %+v", list)
	}
}

// TestTicketAfterACrash: wherever the process dies, a text makes one ticket.
func TestTicketAfterACrash(t *testing.T) {
	dialogtest.CrashPoints(t, func(testing.TB) dialogtest.Options { return dialogtest.Options{Flows: flows()} }, func(s *dialogtest.Script) {
		s.Command("/create")
		s.Say("@anna_ceramics")
		s.Command("/support")
		s.Expect("What do you want to tell us?")
		s.Say("I lost my draft")
		s.Expect("A person reads what you wrote", "How much is the deal?")
		s.Advance(time.Minute)
		s.Command("/support It hangs")
		s.Expect("A person reads what you wrote", "How much is the deal?")
		s.Say("100 usd")
		s.Expect("What are you buying?")
	})
}

// TestTicketIsForgotten: after 90 days by itself, and with its person, who is then nowhere.
func TestTicketIsForgotten(t *testing.T) {
	k := begin(t).say("/support Where is my money?")
	k.pass(ticket.Kept - time.Hour)
	k.say("/support Still nothing")
	k.pass(time.Hour)
	if _, err := k.bot.Sweep(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if list := k.tickets(); len(list) != 1 || list[0].Text != "Still nothing" {
		t.Fatalf("the tickets are %+v", list)
	}
	last := k.tickets()[0].ID
	if _, err := k.bot.ForgetPerson(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if list := k.tickets(); len(list) != 0 {
		t.Errorf("the tickets are %+v", list)
	}
	for _, e := range k.store.Logged() {
		if strings.Contains(e.Key, owner) || strings.Contains(e.Key, last) || e.Source == last {
			t.Errorf("the event %+v is left", e)
		}
	}
}

// TestTicketOfAnother: nobody reads another person's ticket.
func TestTicketOfAnother(t *testing.T) {
	k := begin(t).say("/support Mine")
	id := k.tickets()[0].ID
	k.owner = "tg:1000002"
	in := k.input("")
	in.Kind, in.Name, in.Value = dialog.KindTap, "status", id
	if k.send(in); k.out.Did != dialog.DidForeign || k.out.Record != nil {
		t.Errorf("%s, %v", k.out.Did, k.out.Record)
	}
}

// TestTicketBesideAnEscrow: a question of an escrow stands again once the ticket is written or left, and its text goes there.
func TestTicketBesideAnEscrow(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("100 usd").say("Handmade dinner set, 24 pieces").say("48 hours")
	k.tap(k.card().Primary.Action)
	escrow := k.own().Started
	k.send(deal.Order("bot", deal.MarkPaid, escrow))
	press := func(name, value string) *rig {
		t.Helper()
		in := k.input("")
		in.Kind, in.Name, in.Value, in.Bound, in.Draft, in.Revision = dialog.KindTap, name, value, true, escrow, k.escrow(escrow).Revision
		return k.send(in)
	}
	press("cancel", "")
	press("cancel", "yes")
	press("where", "").expect("Where shall we send it?")
	k.say("/support It takes long").expect("A person reads what you wrote", "Where shall we send it?")
	k.say("/support").expect("What do you want to tell us?").say("/support").expect("Write what you want").tap(dialog.ActionLeave).expect("Where shall we send it?")
	k.say("/support").expect("What do you want to tell us?").say("Still long").expect("A person reads what you wrote", "Where shall we send it?")
	if k.say("IBAN DE02 1203 0000 0000 2020 51"); len(k.tickets()) != 2 {
		t.Errorf("the tickets are %+v", k.tickets())
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if e, err := deal.Escrow(k.escrow(escrow)); err != nil || e.WhereTo(lockbay.Buyer) != "" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the escrow has not got the text")
		}
	}
}

// TestTicketOfAPage: the text of a page's form is a ticket, also when its question was left in another tab, or when it is given
// again to the question by its button.
func TestTicketOfAPage(t *testing.T) {
	k := begin(t).say("/create").say("/support")
	if got := k.card().Asks; got != "support" {
		t.Fatalf("the question is named %q", got)
	}
	k.tap(dialog.ActionLeave)
	in := k.input("It hangs")
	in.Name, in.Place = "support", dialog.Place{Channel: "web", Address: "x"}
	k.send(in).expect("A person reads what you wrote")
	in = k.input("It hangs again")
	in.Kind, in.Name, in.Value, in.Place = dialog.KindTap, "as", "support", dialog.Place{Channel: "web", Address: "x"}
	k.send(in).expect("A person reads what you wrote")
	if list := k.tickets(); len(list) != 2 || list[0].Text != "It hangs again" && list[1].Text != "It hangs again" || k.own().Step != intake.StepSeller || list[0].From != "web" {
		t.Errorf("the tickets are %+v, the draft is at %s", list, k.own().Step)
	}
}

// TestImport: a source is one ticket, and another one that has come to its id is told from it. Imported tickets are none of the
// five of a day.
func TestImport(t *testing.T) {
	k := begin(t)
	for i := range ticket.Most {
		k.send(ticket.Import("bot", fmt.Sprint(i), 0, &ticket.Ticket{Owner: owner, Text: "The draft is gone", At: k.now().Add(-2 * time.Hour).UnixMilli()}))
	}
	if n := len(k.events()); n != ticket.Most {
		t.Errorf("%d events of %d imports", n, ticket.Most)
	}
	for i, e := range k.events() {
		if e.Cause != "progress" || e.Took != 2*time.Hour || e.Key != "bot:ticket:"+e.Source {
			t.Errorf("event %d of an import is %+v", i, e)
		}
	}
	first := ticket.Import("bot", "0", 0, &ticket.Ticket{Text: "Another text", At: k.now().UnixMilli()})
	k.send(first).send(ticket.Import("bot", "0", 1, &ticket.Ticket{Text: "A second id", At: k.now().UnixMilli()}))
	list := k.tickets()
	is := slices.IndexFunc(list, func(x ticket.Ticket) bool { return x.ID == first.Key.ID })
	if len(list) != ticket.Most+1 || is < 0 || list[is].Text != "The draft is gone" || list[is].Class != ticket.Progress || !list[is].Is("0") || list[is].Is("1") || list[is].Owner != owner {
		t.Errorf("the tickets are %+v", list)
	}
	k.say("/support Mine").expect("A person reads what you wrote")
	if got, cut := ticket.Clean(strings.Repeat("x", 1200)); !cut || got != strings.Repeat("x", lockbay.StatementMost) {
		t.Errorf("of a long text %d characters are kept, %v", len(got), cut)
	}
	for _, text := range []string{strings.Repeat("ش", 5000), strings.Repeat("x", 1001), strings.Repeat("🌙", 900), strings.Repeat("🌙", lockbay.StatementMost)} {
		if got, cut := ticket.Clean(text); !cut || got == "" || utf8.RuneCountInString(got) > 1000 || !strings.HasPrefix(text, got) {
			t.Errorf("%.10q: %d characters, %v", text, utf8.RuneCountInString(got), cut)
		}
	}
	if got, cut := ticket.Clean("Card 4111 1111 1111 1111"); cut || strings.Contains(got, "1111 1111") {
		t.Errorf("%q, %v", got, cut)
	}
}

// TestImportIsForgotten: an imported ticket is kept for 90 days after it was written.
func TestImportIsForgotten(t *testing.T) {
	k := begin(t)
	k.send(ticket.Import("bot", "1", 0, &ticket.Ticket{Owner: owner, Text: "The draft is gone", At: k.now().Add(time.Hour - ticket.Kept).UnixMilli()}))
	for _, want := range []int{1, 0} {
		if n := len(k.sweep().tickets()); n != want {
			t.Errorf("%d tickets, want %d", n, want)
		}
		k.pass(time.Hour)
	}
}

// TestNewerTicket: what a newer version wrote is left as it is.
func TestNewerTicket(t *testing.T) {
	id, f := ticket.NewID(1), ticket.New(ticket.Config{})
	for _, h := range []dialog.Head{{Schema: ticket.Version}, {Schema: ticket.Version + 1}, {Schema: ticket.Version, Step: "read"}} {
		known := h == dialog.Head{Schema: ticket.Version}
		if f.Knows(&h) != known {
			t.Errorf("version %d at %q: known is %v", h.Schema, h.Step, f.Knows(&h))
		}
		h.Key, h.Version = dialog.Key{Bot: "bot", Flow: ticket.FlowName, ID: id}, 1
		r := &dialog.Record{Head: h}
		r.SetDraft([]byte(`{"text":"It hangs","class":"other"}`), nil)
		in := ticket.SetClass("bot", id, ticket.Payment)
		f.Decide(&dialog.Turn{Before: r, Record: r, Input: &in, Now: time.UnixMilli(1)})
		if changed := strings.Contains(string(r.Answers), "payment"); changed != known {
			t.Errorf("version %d at %q: it is now %s", h.Schema, h.Step, r.Answers)
		}
	}
	for text, want := range map[string]bool{id: true, strings.ToLower(id): false, id + " ": false, "ESC" + id[3:]: false} {
		if f.Match(text) != want {
			t.Errorf("%q is a ticket: %v", text, !want)
		}
	}
}

// TestAsked: the card that asks says that a draft waits, if there is one, and nothing where there is nothing to say.
func TestAsked(t *testing.T) {
	const waits = "your draft waits where it is"
	k := begin(t).say("/support").expect("A person reads it.")
	if c := k.card(); strings.Contains(c.Hint, waits) {
		t.Errorf("without a draft it says %q", c.Hint)
	}
	k.tap(dialog.ActionLeave).say("/create").say("/support").expect(waits)
	own := *k.own()
	own.Said = &dialog.Said{Typed: "It hangs"}
	if c := ticket.New(ticket.Config{}).Asked(&own, dialog.View{Lang: "en", Now: k.now()}); c.Band != nil || c.Refusal != "" || c.Field.Value != "It hangs" {
		t.Errorf("of a text alone it has the band %+v, the refusal %q and the field %q", c.Band, c.Refusal, c.Field.Value)
	}
	k.say("It hangs")
	if r := k.row(k.tickets()[0].ID); r.Schema != ticket.Version {
		t.Errorf("the ticket has version %d", r.Schema)
	}
}
