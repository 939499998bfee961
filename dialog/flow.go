package dialog

import (
	"context"
	"encoding/json"
	"time"
)

// Flow is a kind of conversation. Decide and Render are pure: they use their arguments,
// and no clock, store, network or randomness. The usual flow is a form (package
// dialog/form).
type Flow interface {
	// FlowName is the flow's part of the key: lower-case letters, constant.
	FlowName() string
	// Decide changes t.Record for t.Input. It may run again on the current record.
	// A panic parks the input as if a newer version had written the record.
	// It spares the draft for every KindBlock, see [Sparer].
	Decide(t *Turn)
	// Render makes the card of a record. It must work for every record that was ever
	// stored, and for the empty one of version 0. It may run concurrently.
	Render(r *Record, v View) Card
}

// Matcher is implemented by flows whose conversations have ids of their own. An input
// whose draft id (or value, for unbound taps) matches belongs to the conversation of
// that id.
type Matcher interface {
	Match(id string) bool
}

// Passer is implemented by a [Matcher] with buttons for the person's own conversation
// (make me another one like this). An input that it passes goes there, unbound, with the
// id of the conversation as its value.
type Passer interface {
	Passes(in *Input) bool
}

// Lister is implemented by flows that need the person's other conversations for some
// inputs: Turn.Others has those of the listing. Lists is pure.
type Lister interface {
	Lists(r *Record, in *Input) (l Listing, ok bool)
}

// Listing says which conversations a flow needs. Each input that wants them reads them,
// so name few.
type Listing struct {
	Flow   string
	Most   int           // how many, newest first; 0: only that of ID
	Step   string        // only those at this step; empty: all
	Within time.Duration // only those begun within this time; 0: all
	ID     string        // the one of this id, too; it stands last if it is not among the others
	After  string        // only those older than the one of this id
	Count  int           // if there are more than Most, Turn.Total counts them all, up to this number
}

// Accepter is implemented by flows that decide some inputs of earlier cards. Accepts is
// pure; in.Draft and in.Revision name the card that in was made for. Decide gets an
// accepted input with Turn.Older set. Any other older input changes nothing and is
// answered with the current card.
type Accepter interface {
	Accepts(r *Record, in *Input) bool
}

// Recaller is implemented by flows that answer a duplicate with a sentence on what the
// input did the first time (nil: none), beside the current card.
type Recaller interface {
	Recalls(r *Record, in *Input) *Said
}

// Sparer is implemented by flows that decide some inputs without the draft. For an input
// that Spares names, Decide neither reads nor changes the answers, and keeps draft id,
// step and open question. Such a turn needs no draft, and is made while the draft store is
// away. Persons' inputs always get the draft.
type Sparer interface {
	Spares(in *Input) bool
}

// Knower is implemented by flows whose drafts have formats. Knows reports whether this
// version reads the draft of h, and has its step: Engine.Forget deletes no other.
type Knower interface {
	Knows(h *Head) bool
}

// Waiter is implemented by flows whose conversations may wait for somebody without timers
// that would remind of it. Waits reports whether a conversation waits, or will without
// another turn; it is pure. Such a row is due within WaitMost, whatever its timers: the
// sweeper looks at it once in that time. So Store.Due finds what waits among many rows
// that do not.
type Waiter interface {
	Waits(r *Record) bool
}

// WaitMost bounds how far ahead a conversation that waits is due, see [Waiter].
const WaitMost = 24 * time.Hour

// Discreet is implemented by flows that remove a part of typed texts, such as the number
// of a card, from every quote and every notice. Quotable is text without that part. It is
// pure, and concerns texts that become no answer. An engine applies the Quotable of each
// of its flows.
type Discreet interface {
	Quotable(text string) string
}

// Beginner is implemented by a [Matcher] whose conversations an order may begin. Begins
// reports whether this order does, and is pure. Decide then gets the empty record, and sets
// its owner and draft. All other orders for a conversation that is not there are foreign.
type Beginner interface {
	Begins(in *Input) bool
}

func begins(flow Flow, in *Input) (yes bool) {
	b, ok := flow.(Beginner)
	if ok && in.Kind == KindOrder {
		_ = guard(func() { yes = b.Begins(in) })
	}
	return yes
}

// Doer is implemented by flows that have effects.
type Doer interface {
	EffectFuncs() Effects
}

// Effects are functions by the name of the effect.
type Effects map[string]EffectFunc

// Effect makes an EffectFunc of one that takes the effect's argument decoded.
func Effect[A any](f func(ctx context.Context, arg A, key string) error) EffectFunc {
	return func(ctx context.Context, _ *Record, raw json.RawMessage, key string) error {
		var arg A
		if err := json.Unmarshal(raw, &arg); err != nil {
			return Forever(err)
		}
		return f(ctx, arg, key)
	}
}

// EffectResult is Effect for a function with a result, see [Returns].
func EffectResult[A, R any](f func(ctx context.Context, arg A, key string) (R, error)) EffectFunc {
	return func(ctx context.Context, _ *Record, raw json.RawMessage, key string) error {
		var arg A
		if err := json.Unmarshal(raw, &arg); err != nil {
			return Forever(err)
		}
		result, err := f(ctx, arg, key)
		if err != nil {
			return err
		}
		return Returns(result)
	}
}

// EffectFunc does an effect in the world. key is the same at each try of this effect, in
// any process, and makes a second success harmless. ctx ends after 20 seconds. After an
// error or a panic the effect is tried again, after 1 s, doubled up to a minute;
// [Forever] wraps an error that no retry will mend. [Returns] is the error of an effect
// that has succeeded with a result. r must not be changed.
type EffectFunc func(ctx context.Context, r *Record, arg json.RawMessage, key string) error
