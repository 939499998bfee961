package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/intake"
)

// play continues a conversation to its end.
func (k *storedPlay) play(r *rig, at *storedAt, n int) {
	r.t.Helper()
	p, key := at.person(r), at.key(r.t)
	if key.Flow == deal.FlowName {
		k.playDeal(r, p, at, n)
		return
	}
	want := at.Terms
	switch {
	case at.Step != "":
	case at.Open == "cancelled":
		p.tap("undo")
		if rec, _ := r.load(key); rec.Step == "" || rec.Draft != at.Draft || r.termsOf(rec) != at.Terms {
			r.t.Errorf("%s: after Undo %s at %q with %+v", at.Name, rec.Draft, rec.Step, r.termsOf(rec))
		}
	default:
		if rec, _ := r.load(key); rec.Step != "" { // Again has begun another draft
			return
		}
		p.tap("create")
		if rec, _ := r.load(key); rec.Draft == at.Draft || rec.Step != intake.StepSeller {
			r.t.Errorf("%s: a new draft is %s at %q", at.Name, rec.Draft, rec.Step)
		}
		want = terms{}
	}
	k.finish(r, p, at.Name, want)
}

// finish gives the missing answers and confirms: one escrow, with these terms and the given answers.
func (k *storedPlay) finish(r *rig, p somebody, name string, want terms) {
	r.t.Helper()
	key := dialog.Key{Bot: botName, Flow: intake.FlowName, ID: p.owner()}
	for range 12 {
		rec, _ := r.load(key)
		have := r.termsOf(rec)
		if rec.Step != "" && have != want {
			r.t.Fatalf("%s: at %s it has %+v, want %+v", name, rec.Step, have, want)
		}
		whole := have.Seller != "" && have.AmountMinor != 0 && have.Description != "" && have.Hours != 0
		switch {
		case strings.HasPrefix(rec.Open, "choose"),
			rec.Step == intake.StepSeller && have.Seller != "", rec.Step == intake.StepAmount && have.AmountMinor != 0,
			rec.Step == intake.StepDescription && have.Description != "", rec.Step == intake.StepDelivery && have.Hours != 0:
			p.tap("continue")
		case rec.Open == "fee":
			want.Payer = lockbay.PayerBuyer
			p.tap("fee:buyer")
		case rec.Step == intake.StepSeller:
			want.Seller = "@made_up_seller"
			p.say("@made_up_seller")
		case rec.Step == intake.StepAmount:
			want.AmountMinor, want.Currency = 77700, "EUR"
			p.say("777 eur")
		case rec.Step == intake.StepDescription:
			want.Description = "Ten spoons 🥄 of birch wood"
			p.say(want.Description)
		case rec.Step == intake.StepDelivery:
			want.Hours = 72
			p.say("3 days")
		case rec.Step == intake.StepReview:
			if whole {
				reviewShows(r, rec, want)
			}
			sent := p.tap("confirm")
			if !whole { // the answer was lost, so it is asked again
				continue
			}
			rec, _ = r.load(key)
			if rec.Step != "" || rec.Started == "" {
				r.t.Fatalf("%s: not confirmed: %q, said %+v", name, rec.Step, rec.Said)
			}
			if want.Payer == "" {
				want.Payer = lockbay.PayerSplit
			}
			k.deals[rec.Started] = want
			p.retap(sent)
			if did := r.lastDid(key); did != dialog.DidDuplicate {
				r.t.Errorf("%s: a second Confirm is %s", name, did)
			}
			d, _ := r.load(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: rec.Started})
			if e, err := deal.Escrow(d); err != nil || d.Step != "payment_pending" || e.Draft != rec.Draft || d.Owner != p.owner() {
				r.t.Errorf("%s: the deal is %+v, %v", name, e, err)
			}
			return
		default:
			r.t.Fatalf("%s: at %q, which is none of our steps", name, rec.Step)
		}
	}
	r.t.Fatalf("%s: it does not end", name)
}

// reviewShows wants all answers on the review.
func reviewShows(r *rig, rec *dialog.Record, want terms) {
	r.t.Helper()
	c := r.engine().Render(rec, dialog.View{Lang: "en", Place: dialog.Place{Channel: "web"}, Field: true, Details: true, Visited: true})
	var all strings.Builder
	for _, f := range c.Facts {
		all.WriteString(dialog.Plain(f.Value) + "\n")
	}
	amount := lockbay.Money{Minor: want.AmountMinor, Currency: want.Currency}
	for _, part := range []string{want.Seller, lockbay.DefaultRules().Format(amount, "en"), want.Description, fmt.Sprintf("%d hours", want.Hours)} {
		if !strings.Contains(all.String(), dialog.Plain(part)) {
			r.t.Errorf("%s: the review does not show %q:\n%s", rec.Key.Path(), part, &all)
		}
	}
}

// playDeal continues a deal: paid, cancelled, rejected orders, Again.
func (k *storedPlay) playDeal(r *rig, p somebody, at *storedAt, n int) {
	r.t.Helper()
	key := at.key(r.t)
	expect := func(verb string, want error, step string) {
		r.t.Helper()
		for range 2 { // a repeated order is harmless
			if _, err := order(r.ctx, r.s.app, deal.Order(botName, verb, key.ID)); !errors.Is(err, want) {
				r.t.Errorf("%s: %s: %v, want %v", at.Name, verb, err, want)
			}
		}
		if rec, _ := r.load(key); rec.Step != step {
			r.t.Errorf("%s: after %s it is %s", at.Name, verb, rec.Step)
		}
	}
	switch {
	case at.Step == "payment_pending" && n%2 == 0 && at.Open == "":
		expect(deal.MarkPaid, nil, "payment_confirmed")
	case at.Step == "payment_pending":
		if at.Open == "" {
			p.tapOn(key, "cancel")
		}
		p.tapOn(key, "cancel:yes")
		expect(deal.MarkPaid, lockbay.ErrCancelled, "cancelled")
	case at.Step == "payment_lapsed" && n%2 == 0:
		expect(deal.Cancel, nil, "cancelled")
	case at.Step == "payment_lapsed":
		expect(deal.MarkPaid, nil, "payment_confirmed")
	case at.Step == "payment_confirmed":
		expect(deal.Cancel, lockbay.ErrPaid, "payment_confirmed")
	case at.Step == "cancelled":
		expect(deal.MarkPaid, lockbay.ErrCancelled, "cancelled")
	default:
		r.t.Fatalf("%s: %s is none of our statuses", at.Name, at.Step)
	}
	mine := dialog.Key{Bot: botName, Flow: intake.FlowName, ID: p.owner()}
	if rec, _ := r.load(mine); rec.Step != "" { // has another draft
		return
	}
	p.tapOn(key, "again")
	rec, _ := r.load(mine)
	if got := r.termsOf(rec); rec.Step != intake.StepReview || got != at.Terms {
		r.t.Errorf("%s: again it is at %q with %+v, want %+v", at.Name, rec.Step, got, at.Terms)
	}
	k.finish(r, p, at.Name+", again", at.Terms)
}

// pizzas: a pending effect is done once, with its key.
func (k *storedPlay) pizzas(t *testing.T) {
	ctx := t.Context()
	set := settings(t, "--database-url", k.url)
	st, err := set.openStore(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	printed := make(chan string, 10)
	bot := pizzas(t, clocked{st, k.clock}, func(_ context.Context, _ *dialog.Record, arg json.RawMessage, key string) error {
		printed <- key + " " + string(arg)
		return nil
	})
	load := func(at *storedAt) *dialog.Record {
		t.Helper()
		rec, _, err := bot.Hydrate(ctx, at.key(t))
		if err != nil {
			t.Fatal(err)
		}
		return rec
	}
	waiting, ordering := &k.Pizza[0], &k.Pizza[1]
	for _, at := range k.Pizza {
		if rec := load(&at); rec.Version != at.Version || rec.Step != at.Step || rec.Draft != at.Draft || len(rec.Pending) != len(at.Pending) {
			t.Errorf("%s: %+v", at.Name, rec)
		}
	}
	done := func(want string) {
		t.Helper()
		select {
		case got := <-printed:
			if !strings.HasSuffix(got, want) {
				t.Errorf("printed %s, want %s", got, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("not printed: %s", want)
		}
	}
	if _, err := bot.Sweep(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	done(waiting.Pending[0] + ` {"size":"large","count":3}`)
	for end := time.Now().Add(time.Minute); len(load(waiting).Pending) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the effect is still pending")
		}
	}
	for i, line := range []string{"4", "/confirm"} {
		in := dialog.Input{ID: fmt.Sprint("later ", i), Kind: dialog.KindText, Owner: ordering.Owner, Text: line}
		if name, ok := strings.CutPrefix(line, "/"); ok {
			in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
		}
		if _, err := bot.Handle(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	done(` {"size":"small","count":4}`)
	k.clock.advance(time.Hour)
	if _, err := bot.Sweep(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if rec := load(waiting); rec.Said == nil || rec.Said.Args["text"] != "Has it arrived?" {
		t.Errorf("the timer: said %+v", rec.Said)
	}
	if err := bot.Close(ctx); err != nil {
		t.Error(err)
	}
	if len(printed) > 0 {
		t.Errorf("printed once more: %s", <-printed)
	}
}

// slice is a pizza order: a flow with an effect and a timer of its own, on the same database.
type slice struct {
	Size  string `json:"size"`
	Count int    `json:"count"`
}

// pizzas is a bot whose effect is done by printer.
func pizzas(t testing.TB, st dialog.Store, printer dialog.EffectFunc) *dialog.Engine {
	t.Helper()
	e, err := dialog.New(st, dialog.Config{Bot: "pizza"}, form.Form[slice]{
		Name: "pizza", Version: 1, Review: true,
		Questions: []form.Question[slice]{
			form.Choose("size", "What size?", func(o *slice) *string { return &o.Size }, "small", "large"),
			form.Number("count", "How many?", func(o *slice) *int { return &o.Count }, form.Between(1, 20)),
		},
		Submit: func(o slice, t *dialog.Turn) string {
			t.Do("print", o)
			t.Wake("arrived?", 40*time.Minute)
			return fmt.Sprintf("%d %s: coming!", o.Count, o.Size)
		},
		Wake:    func(slice, string, *dialog.Turn) string { return "Has it arrived?" },
		Effects: dialog.Effects{"print": printer},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Sync(context.Background()); err != nil {
		t.Fatal(err)
	}
	return e
}
