package intake_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// talk is a conversation with both flows on one memory store.
type talk struct {
	t     *testing.T
	bot   *dialog.Engine
	store *dialog.Memory
	rules *lockbay.Rules
	now   time.Time
	owner string
	name  string // Telegram
	lang  string
	out   dialog.Outcome
	n     int
	push  bool
	mode  dialog.Mode
	life  time.Duration // of a draft; 0: the default
	sent  *pushed
}

// pushed is a channel that records its cards.
type pushed struct {
	cards chan dialog.Showing
	n     int

	removed []string // messages, once nothing is under way
}

func (p *pushed) Name() string { return "tg" }
func (p *pushed) Show(_ context.Context, s dialog.Showing) (string, error) {
	p.cards <- s
	if s.Message != "" {
		return s.Message, nil
	}
	p.n++
	return fmt.Sprint(p.n), nil
}
func (p *pushed) Remove(_ context.Context, _ dialog.Place, message string) error {
	p.removed = append(p.removed, message)
	return nil
}

// begin makes a bot in which deals are in euros, with a fee of 2.5 %.
func begin(t *testing.T) *talk {
	k := &talk{t: t, store: dialog.NewMemory(), rules: euros(), owner: "tg:1000001", name: "boris_k", lang: "en",
		now: time.Date(2026, 11, 24, 14, 32, 0, 0, time.UTC)}
	k.store.SetNow(func() time.Time { return k.now })
	k.restart()
	t.Cleanup(func() { _ = k.bot.Close(context.Background()) })
	return k
}

func euros() *lockbay.Rules {
	r := lockbay.DefaultRules()
	r.Default, r.Currencies = "EUR", []string{"EUR", "USD", "BTC"}
	r.Limits["EUR"] = lockbay.Range{Min: 10_00, Max: 20_000_00}
	r.Fee.BasisPoints = 250
	return r
}

// form is the form under the current rules.
func (k *talk) form() *intake.Flow {
	return intake.New(intake.Config{Rules: func() *lockbay.Rules { return k.rules }, Start: deal.Start, Support: "@bay_help", DraftTTL: k.life,
		Anonymous: func(owner string) bool { return strings.HasPrefix(owner, "visitor:") },
		Bot:       func() string { return "BayEscrowBot" }})
}

// stepOf is the progress on the card of the n-th step.
func stepOf(n int) string { return intake.New(intake.Config{}).Progress("en", n) }

// atReview is the progress on the card of the review.
func atReview() string { return stepOf(intake.New(intake.Config{}).Steps()) }

// restart makes a new engine on the same store, as after kill -9.
func (k *talk) restart() {
	form := k.form()
	deals := deal.New(deal.Config{Rules: func() *lockbay.Rules { return k.rules }, Instructions: func(string) string { return "Send {amount} to LT12 7300 with {id} until {expires}." }, Support: "@bay_help"})
	seed := uint64(k.n) * 1000
	cfg := dialog.Config{Now: func() time.Time { return k.now }, Instance: fmt.Sprintf("host.%d", k.n),
		Mode:   func(string) dialog.Mode { return k.mode },
		Random: func() uint64 { seed++; return seed*0x9e3779b97f4a7c15 + 1 }}
	bot, err := dialog.New(k.store, cfg, form, deals)
	if err != nil {
		k.t.Fatal(err)
	}
	k.bot = bot
	if k.sent != nil {
		bot.Attach(k.sent)
	}
}

func (k *talk) input(in dialog.Input) dialog.Outcome {
	k.t.Helper()
	k.n++
	if in.ID == "" {
		in.ID = fmt.Sprint("i", k.n)
	}
	if in.Kind != dialog.KindOrder {
		in.Owner, in.Profile = k.owner, dialog.Profile{ID: strings.TrimPrefix(k.owner, "tg:"), Username: k.name}
		in.Place = dialog.Place{Channel: "tg", Address: "1", Lang: k.lang, Push: k.push}
	}
	out, err := k.bot.Handle(context.Background(), in)
	if err != nil {
		k.t.Fatalf("%s %s: %v", in.Kind, in.Name, err)
	}
	if out.Record != nil {
		k.out = out
	}
	return out
}

func (k *talk) say(text string) *talk {
	k.t.Helper()
	if name, arg, _ := strings.Cut(text, " "); strings.HasPrefix(name, "/") {
		k.input(dialog.Input{Kind: dialog.KindCommand, Name: name[1:], Text: arg})
	} else {
		k.input(dialog.Input{Kind: dialog.KindText, Text: text})
	}
	return k
}

// find is the button of the current card with this action; Confirm may have a value.
func (k *talk) find(action string) (b dialog.Button, ok bool) {
	for _, b := range buttons(k.card()) {
		if b.Action == action || action == "confirm" && strings.HasPrefix(b.Action, "confirm:") {
			return b, true
		}
	}
	return b, false
}

func buttons(c dialog.Card) (all []dialog.Button) {
	for _, b := range []*dialog.Button{c.Primary, c.Keep} {
		if b != nil {
			all = append(all, *b)
		}
	}
	all = append(append(append(all, c.Picks...), c.Choices...), c.Alt...)
	for _, f := range c.Facts {
		if f.Edit != nil {
			all = append(all, *f.Edit)
		}
	}
	return append(append(all, c.Quiet...), c.Others...)
}

// pressed is the input of the current card's button.
func (k *talk) pressed(action string) dialog.Input {
	k.t.Helper()
	b, ok := k.find(action)
	if !ok {
		k.t.Fatalf("no button %s on this card:\n%s", action, k.text())
	}
	c := k.card()
	data := c.Data(b)
	if len(data) > 64 {
		k.t.Fatalf("button %q has %d bytes", data, len(data))
	}
	return press(data)
}

func press(data string) dialog.Input {
	action, draft, revision, bound, _ := dialog.ParseData(data)
	in := dialog.Input{Kind: dialog.KindTap, Draft: draft, Revision: revision, Bound: bound}
	in.Name, in.Value, _ = strings.Cut(action, ":")
	return in
}

func (k *talk) tap(action string) *talk {
	k.t.Helper()
	k.input(k.pressed(action))
	return k
}

func (k *talk) order(verb, id string) error {
	k.t.Helper()
	in := deal.Order("bot", verb, id)
	return deal.New(deal.Config{}).Verdict(in, k.input(in), k.now)
}

// after turns the clock on. Due timers fire with the next input, or here.
func (k *talk) after(d time.Duration) *talk {
	k.now = k.now.Add(d)
	return k
}

// served says that the service has answered for days.
func (k *talk) served() error {
	since := fmt.Sprint(k.now.Add(-100 * time.Hour).UnixMilli())
	_, err := k.store.Lease(context.Background(), "open:bot", since, time.Minute)
	if err == nil {
		_, err = k.bot.Sweep(context.Background(), 0)
	}
	return err
}

// wake fires a timer of the current conversation.
func (k *talk) wake(name string) *talk {
	k.t.Helper()
	rec := k.out.Record
	for _, x := range rec.Timers {
		if x.Name == name {
			if err := k.served(); err != nil {
				k.t.Fatal(err)
			}
			at := fmt.Sprint(x.At)
			out, err := k.bot.Handle(context.Background(), dialog.Input{ID: "wake:" + name + ":" + at, Kind: dialog.KindWake, Key: rec.Key, Name: name, Value: at})
			if err != nil {
				k.t.Fatal(err)
			}
			k.out = out
			return k
		}
	}
	k.t.Fatalf("no timer %s in %v", name, rec.Timers)
	return k
}

func (k *talk) card() dialog.Card {
	v := dialog.View{Lang: k.lang, Place: dialog.Place{Channel: "tg", Push: true}}
	return k.bot.Render(k.out.Record, v)
}

// text is the card as flat text.
func (k *talk) text() string { return flat(k.card()) }

func flat(c dialog.Card) string {
	var b strings.Builder
	line := func(s ...string) {
		for _, x := range s {
			if x != "" {
				b.WriteString(x + "\n")
			}
		}
	}
	if c.Band != nil {
		line("! "+c.Band.Strong, c.Band.Text)
	}
	line(c.Progress)
	for _, f := range c.Facts {
		line(f.Label+": "+f.Value, f.Note)
	}
	line("# " + c.Question)
	if c.Refusal != "" {
		line("✗ " + c.Refusal)
	} else {
		line(c.Hint)
	}
	if c.Bar != nil {
		line(fmt.Sprintf("%d/%d %s", c.Bar.Value, c.Bar.Max, c.Bar.Text))
	}
	for _, s := range c.Sums {
		line(s.Label + ": " + s.Value)
	}
	line(c.Body...)
	if c.Field != nil {
		line("[" + c.Field.Value + "]")
	}
	line(c.After)
	for _, n := range c.Next {
		line("- "+n.Who, n.When)
	}
	var names []string
	for _, x := range buttons(c) {
		chosen := ""
		if x.Chosen {
			chosen = "•"
		}
		names = append(names, chosen+x.Action)
	}
	line(strings.Join(names, " "))
	return dialog.Plain(b.String())
}

// expect wants these parts on the card, and no placeholder without a value.
func (k *talk) expect(parts ...string) *talk {
	k.t.Helper()
	got := k.text()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			k.t.Errorf("no %q on this card:\n%s", p, got)
		}
	}
	if strings.ContainsAny(got, "{}") {
		k.t.Errorf("a placeholder is left on this card:\n%s", got)
	}
	return k
}

func (k *talk) step(want string) *talk {
	k.t.Helper()
	if got := k.out.Record.Step; got != want {
		k.t.Errorf("step %q, want %q; card:\n%s", got, want, k.text())
	}
	return k
}

func (k *talk) did(want dialog.Did) *talk {
	k.t.Helper()
	if k.out.Did != want {
		k.t.Errorf("the input was %s, want %s", k.out.Did, want)
	}
	return k
}

// review walks to the review. A question without an answer here gets a sample.
func (k *talk) review() *talk {
	k.t.Helper()
	said := map[string]string{"seller": "@anna_ceramics", "amount": "1,250 eur", "description": "Handmade dinner set, 24 pieces, celadon glaze, two spare plates"}
	k.say("/create")
	for _, ask := range k.form().Asks() {
		var sample lockbay.Terms
		ask.Field.Sample(&sample, 2)
		if text := said[ask.Name]; text != "" {
			k.say(text)
		} else if action := ask.Button(&sample); action != "" {
			k.tap(action)
		} else {
			k.say(ask.Typed(&sample))
		}
	}
	return k.step(intake.StepReview).expect("Delivery: 72 hours")
}

// confirmed walks to a deal, which is then the current conversation.
func (k *talk) confirmed() string {
	k.t.Helper()
	k.review().tap("confirm")
	id := k.out.Record.Started
	k.open(id)
	return id
}

// open makes the conversation of a deal the current one.
func (k *talk) open(id string) *talk {
	k.t.Helper()
	rec, _, err := k.bot.Hydrate(context.Background(), dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: id})
	if err != nil {
		k.t.Fatal(err)
	}
	k.out = dialog.Outcome{Record: rec}
	return k
}

// mine makes the personal conversation the current one.
func (k *talk) mine() *talk {
	k.t.Helper()
	rec, _, err := k.bot.Hydrate(context.Background(), dialog.Key{Bot: "bot", Flow: intake.FlowName, ID: k.owner})
	if err != nil {
		k.t.Fatal(err)
	}
	k.out = dialog.Outcome{Record: rec}
	return k
}

// deals are all deals of the person, newest first.
func (k *talk) deals() []lockbay.Escrow {
	k.t.Helper()
	records, err := k.bot.Conversations(context.Background(), k.owner, deal.FlowName, dialog.Page{})
	if err != nil {
		k.t.Fatal(err)
	}
	var all []lockbay.Escrow
	for _, r := range records {
		e, err := deal.Escrow(r)
		if err != nil {
			k.t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
