package dialog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// beginEffects begins the pending effects of r that are not under way; c.mu is held.
func (c *courier) beginEffects(x *errand, r *Record) {
	if c.ctx.Err() != nil { // closed
		return
	}
	if _, ok := c.e.flows[r.Key.Flow].(Doer); !ok && !r.underWay() {
		return
	}
	for _, p := range r.Pending {
		if !x.effects[p.ID] {
			if x.effects == nil {
				x.effects = map[string]bool{}
			}
			x.effects[p.ID] = true
			c.runs++
			go c.effect(x, r, p)
		}
	}
}

// effect does one effect until its end is recorded, or another instance has done it. A
// failure is tried again for as long as it lasts, at last once a minute; the row is then
// made due, as for cards (see goOn). An effect that has ended is not done again.
func (c *courier) effect(x *errand, r *Record, p PendingEffect) {
	key, pause := r.Key, retryFirst
	defer c.endEffect(key, x, p)
	c.e.gate("effect", key)
	var end *Input // the result of p; nil: none yet
	over := false
	for due := int64(0); ; pause = min(2*pause, retryMost) { // version whose row was made due
		if end == nil && r != nil { // without r the store is away
			end, over = c.do(r, p)
		}
		if end != nil {
			over = c.ended(end)
		}
		c.mu.Lock()
		if !over && (c.closing || pause == retryMost) && r != nil && r.Version != due {
			due = r.Version
			c.dueSoon(r)
		}
		var w *wait
		if !over {
			w = c.wait(pause, false)
		}
		c.mu.Unlock()
		if w == nil {
			return
		}
		<-w.over
		c.e.gate("effect again", key)
		if end == nil {
			if r, over = c.stillPending(key, p); over {
				return
			}
		}
	}
}

func (c *courier) endEffect(key Key, x *errand, p PendingEffect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(x.effects, p.ID)
	c.runs--
	c.release(key, x)
}

// stillPending reads the record again; nil: the store is away. over: p is pending no more.
func (c *courier) stillPending(key Key, p PendingEffect) (r *Record, over bool) {
	r, shows, err := c.read(key, "")
	if err != nil {
		return nil, false
	}
	return r, !shows || !slices.ContainsFunc(r.Pending, func(x PendingEffect) bool { return x.ID == p.ID })
}

// do does an effect once. end is the input of its result, nil after a failure. over: no
// try would help.
func (c *courier) do(r *Record, x PendingEffect) (end *Input, over bool) {
	f := effectOf(c.e.flows[r.Key.Flow], x.Name)
	if x.Name == effectText {
		f = c.e.carry
	}
	if f == nil {
		c.e.trouble("effect "+x.Name, errors.New("this version has no such effect"))
		return nil, true
	}
	ctx, cancel := context.WithTimeout(c.ctx, courierTimeout)
	defer cancel()
	var err error
	if defect := guard(func() { err = f(ctx, r, x.Arg, x.ID) }); defect != nil {
		err = defect
	}
	end = &Input{ID: "effect:" + x.ID, Kind: KindResult, Key: r.Key, Name: x.Name, Value: x.ID}
	var forever *foreverError
	var returned *returned
	switch {
	case errors.As(err, &returned):
		end.Text = string(returned.json)
	case errors.As(err, &forever):
		c.e.trouble("effect "+x.Name+" for good", err)
		end.Text, end.Error = FailedText, cut(err.Error(), resultMax)
	case err != nil:
		c.e.trouble("effect "+x.Name, err)
		return nil, false
	}
	return end, false
}

// ended hands the end of an effect in, which removes it from the record. A record of a
// newer version keeps it.
func (c *courier) ended(end *Input) bool {
	out, err := c.submit("record an effect", *end)
	return err == nil && out.Did != DidPark
}

// effectOf is a flow's effect of this name, nil if it has none or its list has a defect.
func effectOf(flow Flow, name string) (f EffectFunc) {
	if doer, ok := flow.(Doer); ok {
		_ = guard(func() { f = doer.EffectFuncs()[name] })
	}
	return f
}

// resultMax bounds what an effect returns, and the text of its error, in bytes.
const resultMax = 4 << 10

// returned is the result of an effect that has succeeded.
type returned struct{ json json.RawMessage }

func (*returned) Error() string { return "the effect has succeeded, with a result" }

// Returns ends an effect that has succeeded: the flow gets result as JSON, in the Text
// of the input. A result without a JSON form, or of more than 4 KiB of JSON, is an error
// that no retry will mend.
func Returns(result any) error {
	raw, err := encode(result)
	switch {
	case err != nil:
		return Forever(err)
	case len(raw) > resultMax:
		return Forever(fmt.Errorf("the effect returns %d bytes of JSON, and %d are allowed", len(raw), resultMax))
	}
	return &returned{raw}
}

// cut is the beginning of s, of at most n bytes.
func cut(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

type foreverError struct{ err error }

func (e *foreverError) Error() string { return e.err.Error() }
func (e *foreverError) Unwrap() error { return e.err }

// Forever wraps an error that no retry will mend: the effect ends.
func Forever(err error) error { return &foreverError{err} }
