package form_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

// desk is two engines on one store: the same person at two places.
type desk struct {
	t       *testing.T
	engines [2]*dialog.Engine
	store   *dialog.Memory
	key     dialog.Key
	inputs  int
	clock   atomic.Int64 // unix seconds; the engines ask for it on their own
}

func newDesk(t *testing.T) *desk { return deskOf(t, meals()) }

func deskOf(t *testing.T, f form.Form[Meal]) *desk {
	k := &desk{t: t}
	k.clock.Store(time.Date(2026, 11, 30, 14, 36, 0, 0, time.UTC).Unix())
	store := dialog.NewMemory()
	store.SetNow(k.now)
	k.store = store
	for i := range k.engines {
		e, err := dialog.New(store, dialog.Config{Now: k.now, Instance: fmt.Sprint(i)}, f)
		if err != nil {
			t.Fatal(err)
		}
		k.engines[i] = e
		t.Cleanup(func() { _ = e.Close(context.Background()) })
	}
	k.key = k.engines[0].Route(&dialog.Input{Owner: "p:1"})
	return k
}

func (k *desk) now() time.Time       { return time.Unix(k.clock.Load(), 0).UTC() }
func (k *desk) pass(d time.Duration) { k.clock.Add(int64(d / time.Second)) }

// at is the place of an engine: the page or the chat.
func (k *desk) at(i int) dialog.Place {
	return dialog.Place{Channel: []string{"web", "tg"}[i], Address: "1", Push: i == 1}
}

func (k *desk) handle(i int, in dialog.Input) dialog.Outcome {
	k.t.Helper()
	if k.inputs++; in.ID == "" {
		in.ID = fmt.Sprint(k.inputs)
	}
	in.Owner, in.Place = "p:1", k.at(i)
	out, err := k.engines[i].Handle(k.t.Context(), in)
	if err != nil {
		k.t.Fatal(err)
	}
	return out
}

// do plays a story at one place, see play.
func (k *desk) do(i int, story string) {
	for step := range strings.SplitSeq(story, "|") {
		name, value, _ := strings.Cut(step[1:], ":")
		switch step[0] {
		case '/':
			k.handle(i, dialog.Input{Kind: dialog.KindCommand, Name: name, Value: value})
		case '+':
			c := k.card()
			k.handle(i, dialog.Input{Kind: dialog.KindTap, Name: name, Value: value, Bound: true, Draft: c.Draft, Revision: c.Revision})
		default:
			k.handle(i, dialog.Input{Kind: dialog.KindText, Text: step})
		}
	}
}

func (k *desk) record() *dialog.Record {
	k.t.Helper()
	rec, _, err := k.engines[0].Hydrate(k.t.Context(), k.key)
	if err != nil {
		k.t.Fatal(err)
	}
	return rec
}

func (k *desk) card() dialog.Card {
	return k.engines[0].Render(k.record(), dialog.View{Place: k.at(0), Field: true, Visited: true})
}

func (k *desk) meal() (m Meal) {
	k.t.Helper()
	if err := json.Unmarshal(k.record().Answers, &m); err != nil {
		k.t.Fatal(err)
	}
	return m
}

// sent is the form of a card with a text, or with a button of its question.
func sent(c *dialog.Card, text, tapped string) dialog.Input {
	in := dialog.Input{Kind: dialog.KindText, Name: c.Asks, Text: text, Bound: true, Draft: c.Draft, Revision: c.Revision, Base: c.Base}
	if tapped != "" {
		in.Kind = dialog.KindTap
		in.Name, in.Value, _ = strings.Cut(tapped, ":")
	}
	return in
}

// TestMeet: what becomes of a form that is sent after another place has changed the draft.
func TestMeet(t *testing.T) {
	for name, x := range map[string]struct {
		before   string // of the page, until it shows its form
		other    string // what the other place does then
		text     string // what the form sends
		tapped   string
		did      dialog.Did
		told     string // to the sender alone
		size, at string // the answer to size, and the place
	}{
		"another question":           {"/create|large|home|+edit:size", "+edit:address", "small", "", dialog.DidApply, "", "small", "address"},
		"another question by button": {"/create|large|home|+edit:size", "+edit:address", "", "size:small", dialog.DidApply, "", "small", "address"},
		"its button's other answer":  {"/create|large|home|+edit:size", "small", "", "size:large", dialog.DidStale, "conflict", "small", "review"},
		"after the other question":   {"/create|large|home|+edit:size", "+edit:address|work", "small", "", dialog.DidApply, "", "small", "review"},
		"the same answer":            {"/create|large|home|+edit:size", "small", "small", "", dialog.DidApply, "", "small", "review"},
		"refused elsewhere":          {"/create|large|home|+edit:size", "+edit:address", "huge", "", dialog.DidRefuse, "not_offered", "large", "address"},
		"refused and changed":        {"/create|large|home|+edit:size", "small", "huge", "", dialog.DidStale, "conflict", "small", "review"},
		"the first answer was given": {"/create", "small", "large", "", dialog.DidStale, "conflict", "small", "address"},
		"back and the same question": {"/create|large", "+back", "home", "", dialog.DidApply, "", "large", "size"},
		"an empty form":              {"/create|large|home|+edit:size", "+edit:address", " ", "", dialog.DidStale, "", "large", "address"},
		"a draft that was cancelled": {"/create|large", "/cancel", "home", "", dialog.DidStale, "", "large", "cancelled"},
		"another draft":              {"/create", "small|/restart|/restart", "large", "", dialog.DidStale, "", "", "size"},
		"while somebody chooses":     {"/create|large", "/create:rose", "home", "", dialog.DidApply, "", "large", "choose:rose"},
		"a side question":            {"/create|large|home|+edit:pay", "+edit:size", "", "pay:card", dialog.DidApply, "", "large", "size"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newDesk(t)
			k.do(0, x.before)
			page := k.card()
			k.pass(time.Minute)
			k.do(1, x.other)
			before := k.record()
			out := k.handle(0, sent(&page, x.text, x.tapped))
			rec := k.record()
			told := ""
			if out.Told != nil {
				told = out.Told.Said.Code
				if rec.Version != before.Version || out.Told.Ask != "size" {
					t.Errorf("version %d after %d, told at %q", rec.Version, before.Version, out.Told.Ask)
				}
			}
			if m := k.meal(); out.Did != x.did || told != x.told || m.Size != x.size || place(rec) != x.at {
				t.Errorf("%v, told %q, size %q at %q; want %v, %q, %q at %q", out.Did, told, m.Size, place(rec), x.did, x.told, x.size, x.at)
			}
		})
	}
}

// TestMeetKeepsWhatIsSaid: a refusal that the other place reads stays while its question is open.
func TestMeetKeepsWhatIsSaid(t *testing.T) {
	k := newDesk(t)
	k.do(0, "/create|large|home|+edit:size")
	page := k.card()
	k.do(1, "+edit:address|x") // too short
	if s := k.record().Said; s == nil || !s.Refusal || s.Typed != "x" {
		t.Fatalf("%+v", s)
	}
	if out := k.handle(0, sent(&page, "small", "")); out.Did != dialog.DidApply {
		t.Fatal(out.Did)
	}
	if s := k.record().Said; s == nil || s.Typed != "x" {
		t.Errorf("the refusal is gone: %+v", s)
	}
}

// TestMeetAsksOn: an answer that the question asks on about is no repetition of the one that is there, and is told to its
// sender alone.
func TestMeetAsksOn(t *testing.T) {
	for other, want := range map[string]string{"work": "conflict", "+edit:size": "none_chosen"} {
		f := meals()
		take := f.Questions[1].Take
		f.Questions[1].Take = func(a form.Answer[Meal]) form.Taken {
			if a.Text == "near" {
				return form.AskedOn("none_chosen")
			}
			return take(a)
		}
		k := deskOf(t, f)
		k.do(0, "/create|large|home|+edit:address")
		page := k.card()
		k.do(1, other)
		before := k.record()
		out := k.handle(0, sent(&page, "near", ""))
		if out.Told == nil || out.Told.Said.Code != want || k.record().Version != before.Version {
			t.Errorf("after %s: %v, %+v", other, out.Did, out.Told)
		}
	}
}

// TestConflictCard: whoever is second reads what the answer is now, who changed it and when, has
// the own text in the field, and chooses.
func TestConflictCard(t *testing.T) {
	k := newDesk(t)
	k.do(0, "/create|large|home|+edit:address")
	page := k.card()
	k.do(1, "+edit:address|work|+edit:size")
	k.pass(time.Minute)
	out := k.handle(0, sent(&page, "garden", ""))
	c := k.engines[0].Render(out.Record, dialog.View{Place: k.at(0), Field: true, Visited: true, Told: out.Told})
	if c.Question != "Where to?" || c.Field.Value != "garden" || c.Field.Continue != "Use mine" || !c.Unsaved || c.Base == page.Base {
		t.Errorf("%q %+v %v", c.Question, c.Field, c.Unsaved)
	}
	if b := c.Band; b == nil || dialog.Plain(b.Strong) != "Address was changed in Telegram" || dialog.Plain(b.Text) != "It is work now, since 14:36 UTC. Your answer is in the field, not saved." {
		t.Errorf("%+v", c.Band)
	}
	if c.Keep == nil || c.Keep.Label != "Keep work" || !c.Keep.Free {
		t.Errorf("%+v", c.Keep)
	}
	if at := place(k.record()); at != "size" {
		t.Errorf("the place is %q", at)
	}
	if out := k.handle(0, sent(&c, "garden", "")); out.Did != dialog.DidApply || k.meal().Address != "garden" || place(k.record()) != "size" {
		t.Errorf("Use mine: %v, %q at %q", out.Did, k.meal().Address, place(k.record()))
	}
	keep := dialog.Input{Kind: dialog.KindTap, Name: c.Keep.Action}
	if out := k.handle(0, keep); out.Did != dialog.DidApply || k.meal().Address != "garden" || place(k.record()) != "size" {
		t.Errorf("Keep: %v, %q at %q", out.Did, k.meal().Address, place(k.record()))
	}
}

// TestMeetIsLogged: an answer is logged at the step of its own question, whichever is open; and who only reads the row once
// more has rehydrated nothing.
func TestMeetIsLogged(t *testing.T) {
	k := newDesk(t)
	k.do(0, "/create|large|home|+edit:size")
	page := k.card()
	k.do(0, "+edit:address")
	k.handle(0, sent(&page, "small", ""))
	k.handle(0, sent(&page, "large", "")) // second, to its own answer
	k.do(0, "home|+edit:pay|+pay:card")
	if err := k.engines[0].Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := k.store.Events(t.Context(), dialog.EventQuery{Key: k.key})
	if err != nil {
		t.Fatal(err)
	}
	var answered []string
	for _, e := range events {
		switch e.Kind {
		case form.EventAnswered:
			answered = append(answered, e.Cause+" at "+e.Step)
		case dialog.EventRehydrated:
			t.Errorf("rehydrated from %s because of %s", e.Source, e.Cause)
		}
	}
	if got, want := strings.Join(answered, ", "), "size at size, address at address, size at size, address at address, pay at review"; got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
}

// TestConflictOfAButton: what was pressed on an earlier card is in the field, and can be chosen as a text can.
func TestConflictOfAButton(t *testing.T) {
	f := meals()
	f.Questions[0].Pose = func(_ *Meal, _ dialog.View, c *dialog.Card) { c.Field = &dialog.Field{} }
	k := deskOf(t, f)
	k.do(0, "/create|large|home|+edit:size")
	page := k.card()
	k.do(1, "small")
	out := k.handle(0, sent(&page, "", "size:large"))
	c := k.engines[0].Render(out.Record, dialog.View{Place: k.at(0), Field: true, Visited: true, Told: out.Told})
	if c.Field == nil || c.Field.Value != "large" || c.Field.Continue != "Use mine" {
		t.Fatalf("%+v", c.Field)
	}
	if k.handle(0, sent(&c, c.Field.Value, "")); k.meal().Size != "large" {
		t.Errorf("after Use mine: %q", k.meal().Size)
	}
}

// TestMeetAtOnce: of two answers that are sent at once, those to different questions are both
// kept; at one question one stands, and the other is told to its sender. Nothing is lost.
func TestMeetAtOnce(t *testing.T) {
	const seed, rounds = 19, 500
	rnd := rand.New(rand.NewPCG(seed, 1))
	k := newDesk(t)
	kept, told := 0, 0
	k.do(0, "/create|large|home")
	for round := range rounds {
		var forms [2]dialog.Card
		var texts [2]string
		for i := range forms {
			q := []string{"address", "size"}[rnd.IntN(2)]
			k.do(i, "+edit:"+q)
			forms[i] = k.card()
			texts[i] = map[string][]string{"address": {fmt.Sprint("street ", round, " ", i), "the corner"}, "size": {"small", "large"}}[q][rnd.IntN(2)]
		}
		was := k.meal()
		var outs [2]dialog.Outcome
		var wg sync.WaitGroup
		for i := range forms {
			in := sent(&forms[i], texts[i], "")
			in.ID, in.Owner, in.Place = fmt.Sprint("round", round, ".", i), "p:1", k.at(0)
			wg.Go(func() {
				out, err := k.engines[i].Handle(t.Context(), in)
				if err != nil {
					t.Error(err)
				}
				outs[i] = out
			})
		}
		wg.Wait()
		m := k.meal()
		for i := range forms {
			now, before := m.Address, was.Address
			if forms[i].Asks == "size" {
				now, before = m.Size, was.Size
			}
			switch {
			case outs[i].Told != nil && outs[i].Told.Said.Typed == texts[i] && now != texts[i] && now != before && forms[0].Asks == forms[1].Asks:
				told++
			case outs[i].Told == nil && outs[i].Did == dialog.DidApply && (now == texts[i] || forms[0].Asks == forms[1].Asks && texts[1-i] == now && texts[i] == before):
				kept++
			default:
				t.Fatalf("round %d: %q for %s came to %v, told %+v; it was %q and is %q; the other %q for %s",
					round, texts[i], forms[i].Asks, outs[i].Did, outs[i].Told, before, now, texts[1-i], forms[1-i].Asks)
			}
		}
	}
	if kept < rounds || told < rounds/10 {
		t.Errorf("%d kept, %d told", kept, told)
	}
}

// TestOvertaken: a text from a chat, just after the page has led to another question, is no answer to what the
// writer may not have seen. Both questions are offered for it.
func TestOvertaken(t *testing.T) {
	for name, x := range map[string]struct {
		by      int           // the place that leads to the other question
		story   string        // how
		after   time.Duration // until the text
		sent    time.Duration // before that, by the number of the message; 0: no number
		want    string        // the buttons for it; empty: it is an answer
		address string
	}{
		"at once":             {0, "large", time.Second, 0, "as:size as:address", ""},
		"a moment later":      {0, "large", 9 * time.Second, 0, "as:size as:address", ""},
		"later":               {0, "large", 11 * time.Second, 0, "", "garden"},
		"sent before":         {0, "large", time.Minute, 55 * time.Second, "as:size as:address", ""},
		"the same place":      {1, "large", time.Second, 0, "", "garden"},
		"back":                {0, "large|home|+edit:size|large", time.Second, 0, "as:size", "home"},
		"refused in between":  {0, "large|x", time.Second, 0, "as:size as:address", ""},
		"the page goes on":    {0, "large|home|+edit:address", time.Second, 0, "as:address", "home"},
		"another draft since": {0, "large|/restart|/restart|small", time.Second, 0, "as:size as:address", ""},
	} {
		t.Run(name, func(t *testing.T) {
			k := newDesk(t)
			k.do(1, "/create")
			k.do(0, "/start")
			k.pass(time.Hour)
			k.do(x.by, x.story)
			k.pass(x.after)
			in := dialog.Input{Kind: dialog.KindText, Text: "garden"}
			if x.sent > 0 {
				in.Serial = dialog.Serial{Series: "tg:1", Number: 7, Sent: k.now().Add(-x.sent).Unix()}
			}
			k.handle(1, in)
			c := k.card()
			var offers []string
			for _, b := range c.Alt {
				offers = append(offers, b.Action)
			}
			if got := strings.Join(offers, " "); got != x.want || k.meal().Address != x.address {
				t.Fatalf("it offers %q and has %q, want %q and %q", got, k.meal().Address, x.want, x.address)
			}
			if x.want == "" {
				return
			}
			if !strings.Contains(dialog.Plain(c.Band.Text), "“garden”") {
				t.Errorf("%+v", c.Band)
			}
			if strings.Contains(x.want, "as:address") {
				k.do(1, "+as:address")
				if k.meal().Address != "garden" {
					t.Errorf("after the button: %q", k.meal().Address)
				}
			}
		})
	}
}

// TestTouchedIsSmall: who changed which answer takes little room, and a new draft begins without.
func TestTouchedIsSmall(t *testing.T) {
	k := newDesk(t)
	k.do(1, "/create")
	k.do(0, "/start|large|home|+edit:pay|+pay:card")
	raw, err := json.Marshal(k.record().Touched)
	if err != nil || len(k.record().Touched) != 4 || len(raw) > 120 {
		t.Errorf("%s: %d bytes, %v", raw, len(raw), err)
	}
	var back map[string]dialog.Touch
	if err := json.Unmarshal(raw, &back); err != nil || !back["size"].At.Equal(k.now()) || back["size"].Channel != "web" {
		t.Errorf("%v %v", back, err)
	}
	k.do(0, "/restart|/restart")
	if r := k.record(); len(r.Touched) != 0 {
		t.Errorf("a new draft has %v", r.Touched)
	}
}

// TestOvertakenTooLong: of a text that is longer than a message may be only the beginning is there. It is refused as ever, so
// that no button makes an answer of the beginning.
func TestOvertakenTooLong(t *testing.T) {
	k := newDesk(t)
	k.do(1, "/create")
	k.do(0, "/start|large")
	k.pass(time.Second)
	k.handle(1, dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("garden ", dialog.TextMost)})
	if s := k.record().Said; s == nil || !s.Refusal || k.meal().Address != "" {
		t.Errorf("%.60q says %+v", k.meal().Address, s.Code)
	}
}
