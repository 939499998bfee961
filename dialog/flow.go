package dialog

import (
	"context"
	"encoding/json"
)

// Flow is a kind of conversation. Decide and Render are pure: no clock, store,
// network or randomness; what they need comes in. Usually a form is the flow (package
// dialog/form).
type Flow interface {
	// FlowName is the flow's part of the key: lower-case letters, constant.
	FlowName() string
	// Decide changes t.Record for t.Input. It may run again on a fresher record.
	// A panic parks the input as if a newer version had written the record.
	Decide(t *Turn)
	// Render shows a record. It must work for every record that was ever stored,
	// and for the one of version 0 that nobody has stored yet. It may run for
	// many records at once.
	Render(r *Record, v View) Card
}

// Matcher is implemented by flows whose conversations are not named by their
// owner: an input whose draft id (or value, for unbound taps) matches belongs to
// the conversation of that id.
type Matcher interface {
	Match(id string) bool
}

// Passer is implemented by a [Matcher] some of whose buttons are about the person
// rather than about the conversation that shows them (make me another one like
// this): such an input goes to the person's own conversation instead, unbound,
// with the id as its value.
type Passer interface {
	Passes(in *Input) bool
}

// Lister is implemented by flows that need the person's other conversations for
// some inputs; they come as Turn.Others, newest first, at most 20.
type Lister interface {
	Lists(in *Input) (flow string, ok bool)
}

// Accepter is implemented by flows that decide some inputs of earlier cards
// themselves. Accepts is pure; in.Draft and in.Revision say which card in was made
// for. An input that it accepts comes to Decide with Turn.Older set. Every other
// one changes nothing and is answered with the current card.
type Accepter interface {
	Accepts(r *Record, in *Input) bool
}

// Recaller is implemented by flows that answer a duplicate with more than the
// current card: with a sentence on what the input did the first time, nil for none.
type Recaller interface {
	Recalls(r *Record, in *Input) *Said
}

// Doer is implemented by flows that have effects.
type Doer interface {
	EffectFuncs() Effects
}

// Effects are functions by the name of what they do.
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

// EffectFunc does an effect in the world. key is the same each time this effect
// is tried, by whatever process, and makes it harmless twice. ctx ends after 20
// seconds. An error (or a panic) means again, later: after 1 s, doubled up to a
// minute; [Forever] wraps one that no retry will mend. r must not be changed.
type EffectFunc func(ctx context.Context, r *Record, arg json.RawMessage, key string) error
