package simulate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// person is a buyer with habits.
type person struct {
	w     *world
	owner string
	pace  time.Duration // for an answer, about

	place    dialog.Place
	rec      *dialog.Record // as they see it
	terms    lockbay.Terms
	creation creation
}

// creation is what is known of a person's draft.
type creation struct {
	began                  time.Time
	asked                  map[string]bool
	answers                int  // since the last loss
	life                   int  // of the instance that took the last input
	pauses, moves          int  // before this answer, 0: never
	left                   bool // they left, perhaps to come back late: then they stay
	stays                  bool
	kept                   bool // in the row
	unsure                 bool // the last try met an outage
	rehydrated, typedAgain bool
}

func (w *world) person() *person {
	w.people++
	p := &person{w: w, owner: fmt.Sprintf("tg:%d", 1_000_000+w.people), pace: 20 * time.Second}
	if w.chance(w.plan.Slow) {
		p.pace = 3 * time.Minute
	}
	return p
}

func (w *world) chance(rate float64) bool { return w.r.Float64() < rate }

// about is a time that is shorter or longer by up to a half.
func (w *world) about(d time.Duration) time.Duration {
	return d/2 + time.Duration(w.r.Int64N(int64(d)))
}

// begin begins a creation.
func (p *person) begin(ctx context.Context) error {
	w := p.w
	if w.begun >= w.plan.Creations {
		return nil
	}
	w.begun++
	p.terms = w.terms(w.begun)
	p.place = dialog.Place{Channel: "telegram", Address: strings.TrimPrefix(p.owner, "tg:"), Lang: "en"}
	p.creation = creation{asked: map[string]bool{}}
	if w.chance(w.plan.Pauses) {
		p.creation.pauses = 1 + w.r.IntN(len(w.steps)-1)
	}
	if w.chance(w.plan.Moves) {
		p.creation.moves = 1 + w.r.IntN(len(w.steps)-1)
	}
	return p.send(dialog.Input{Kind: dialog.KindCommand, Name: "create"}, p.think)(ctx)
}

// send sends an input until it is taken, sometimes twice. then is what the person does after it.
func (p *person) send(in dialog.Input, then func() error) func(context.Context) error {
	w := p.w
	w.month.Inputs++
	in.ID, in.Owner, in.Place = fmt.Sprint("simulated:", w.month.Inputs), p.owner, p.place
	var try func(ctx context.Context) error
	try = func(ctx context.Context) error {
		out, err := w.engine.Handle(ctx, in)
		switch {
		case err != nil && w.store.away.Load():
			w.month.Failed++
			p.creation.unsure = true // what the service has in memory may not be what it wrote
			w.at(w.now().Add(w.about(10*time.Second)), try)
			return nil
		case err != nil:
			return err
		case w.chance(w.plan.Doubles):
			if out, err = w.engine.Handle(ctx, in); err != nil {
				return err
			}
		}
		if out.Record == nil {
			return fmt.Errorf("%s: the input is foreign", p.owner)
		}
		p.saw(out.Record)
		return then()
	}
	return try
}

// saw takes what the service answered.
func (p *person) saw(r *dialog.Record) {
	w, c := p.w, &p.creation
	if c.began.IsZero() {
		c.began = r.Created
		w.month.Creations++
	} else if c.life != w.life {
		p.met()
	} else if c.unsure {
		p.rehydrated()
	}
	p.rec, c.life, c.unsure = r, w.life, false
}

// met is the first input after a restart. A draft that was lost once is kept in the row from then on.
func (p *person) met() {
	p.rehydrated()
	c := &p.creation
	if p.w.plan.Mode != dialog.Lightweight || c.kept {
		return
	}
	if c.answers > 0 {
		c.typedAgain = true
		p.w.month.TypedAgain++
		if c.left {
			p.w.month.Ceiling++
		}
		p.w.feels()
	}
	c.kept, c.answers = true, 0
}

func (p *person) rehydrated() {
	p.w.month.Reads++
	if p.w.soon() {
		p.w.month.Soon++
	}
	if c := &p.creation; !c.rehydrated {
		c.rehydrated = true
		p.w.month.Rehydrated++
	}
}

// answered is after an answer.
func (p *person) answered() error {
	p.creation.answers++
	return p.think()
}

// think decides what to do at the question that is open.
func (p *person) think() error {
	w, c, step := p.w, &p.creation, p.rec.Step
	if !slices.Contains(w.steps, step) {
		return fmt.Errorf("%s: nothing is asked at %q", p.owner, step)
	}
	if !c.asked[step] {
		c.asked[step] = true
		w.month.Asked[step]++
		rate := w.plan.leaves(step)
		if c.typedAgain {
			rate = min(1, rate+w.plan.Harm)
		}
		if !c.stays && w.chance(rate) {
			return p.leave()
		}
	}
	wait := w.about(p.pace)
	if c.pauses == c.answers && c.pauses > 0 {
		c.pauses = 0
		wait += w.about(4 * time.Hour)
	}
	if c.moves == c.answers && c.moves > 0 {
		c.moves = 0
		p.place = dialog.Place{Channel: "web", Address: p.owner, Lang: "en"}
	}
	w.at(w.now().Add(wait), p.answer)
	return nil
}

// answer answers the open question, or confirms.
func (p *person) answer(ctx context.Context) error {
	w := p.w
	if p.rec.Step == intake.StepReview {
		return p.send(p.tap("confirm"), p.confirmed)(ctx)
	}
	ask := w.asks[p.rec.Step]
	if action := ask.Button(&p.terms); action != "" {
		return p.send(p.tap(action), p.answered)(ctx)
	}
	return p.send(dialog.Input{Kind: dialog.KindText, Text: ask.Typed(&p.terms)}, p.answered)(ctx)
}

func (p *person) tap(action string) dialog.Input {
	in := dialog.Input{Kind: dialog.KindTap, Bound: true, Draft: p.rec.Draft, Revision: p.rec.Revision}
	in.Name, in.Value, _ = strings.Cut(action, ":")
	return in
}

// leave ends a creation, or puts it off until after the horizon.
func (p *person) leave() error {
	w, c := p.w, &p.creation
	w.month.Left[p.rec.Step]++
	c.left = true
	if c.typedAgain {
		w.month.Ceiling++
	}
	switch {
	case w.chance(w.plan.Cancels):
		w.month.Cancelled++
		w.at(w.now().Add(w.about(p.pace)), p.send(dialog.Input{Kind: dialog.KindCommand, Name: "cancel"}, func() error { return nil }))
	case w.chance(w.plan.Late):
		w.month.Silent++
		c.stays = true
		w.at(c.began.Add(w.plan.Horizon+time.Minute+time.Duration(w.r.Int64N(int64(48*time.Hour)))), func(context.Context) error { return p.think() })
	default:
		w.month.Silent++
	}
	return nil
}

// confirmed is the end of a creation, unless its answers were lost. The person may pay, and may come again.
func (p *person) confirmed() error {
	w := p.w
	if p.rec.Step != "" {
		return p.think()
	}
	if p.creation.stays {
		w.month.Back++
	} else {
		w.month.Confirmed++
	}
	late := p.creation.stays
	if id := p.rec.Started; w.chance(w.plan.Pays) {
		w.at(w.now().Add(w.about(20*time.Minute)), func(ctx context.Context) error { return p.pay(ctx, id, late) })
	}
	if w.chance(w.plan.Again) {
		w.at(w.now().Add(w.about(12*time.Hour)), p.begin)
	}
	return nil
}

// pay records that an escrow was paid.
func (p *person) pay(ctx context.Context, id string, late bool) error {
	w := p.w
	_, err := w.engine.Handle(ctx, deal.Order(bot, deal.MarkPaid, id))
	switch {
	case err != nil && w.store.away.Load():
		return nil
	case err == nil && !late:
		w.month.Paid++
	}
	return err
}
