package dialog

import (
	"context"
	"errors"
)

// effects does the pending effects of r. The end of each is an input, which removes it
// from the record.
func (c *courier) effects(r *Record) (done bool) {
	done = true
	doer, ok := c.e.flows[r.Key.Flow].(Doer)
	if !ok {
		return true
	}
	for _, x := range r.Pending {
		f := doer.EffectFuncs()[x.Name]
		if f == nil {
			c.e.trouble("effect "+x.Name, errors.New("this version has no such effect"))
			continue
		}
		ctx, cancel := context.WithTimeout(c.ctx, showTimeout)
		var err error
		if defect := guard(func() { err = f(ctx, r, x.Arg, x.ID) }); defect != nil {
			err = defect
		}
		cancel()
		in := Input{ID: "effect:" + x.ID, Kind: KindResult, Key: r.Key, Name: x.Name, Value: x.ID}
		var forever *foreverError
		switch {
		case errors.As(err, &forever):
			c.e.trouble("effect "+x.Name+" for good", err)
			in.Text = "failed"
		case err != nil:
			c.e.trouble("effect "+x.Name, err)
			done = false
			continue
		}
		ctx, cancel = context.WithTimeout(c.ctx, showTimeout)
		if _, err := c.e.handle(ctx, in); err != nil {
			done = false
		}
		cancel()
	}
	return done
}

type foreverError struct{ err error }

func (e *foreverError) Error() string { return e.err.Error() }
func (e *foreverError) Unwrap() error { return e.err }

// Forever marks an error that no retry will mend: the effect ends.
func Forever(err error) error { return &foreverError{err} }
