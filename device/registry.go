package device

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// Registry signs people in and out. It reads the store each time, and never a cache: whoever is signed out at one instance
// is signed out at all of them. Errors are those of the engine; a device that is not there is no error. Its methods may be called concurrently.
type Registry struct {
	Engine *dialog.Engine
	Flow   *Flow
}

// Key is that of the conversation of a device.
func (g *Registry) Key(id string) dialog.Key {
	return dialog.Key{Bot: g.Engine.Bot(), Flow: FlowName, ID: id}
}

// read reads a device in this state.
func (g *Registry) read(ctx context.Context, id string, state State) (d Device, ok bool, err error) {
	r, _, err := g.Engine.Hydrate(ctx, g.Key(id))
	if err != nil || r.Version == 0 {
		return d, false, err
	}
	if d, err = Of(r); err != nil {
		return d, false, err
	}
	return d, d.is(state, g.Engine.Now()), nil
}

// Offered reads what a link offers. ok is false for a link that was used, is over, or never was.
func (g *Registry) Offered(ctx context.Context, token string) (d Device, ok bool, err error) {
	if !isID(token) {
		return d, false, nil
	}
	return g.read(ctx, idOf(token), Offered)
}

// Device reads the active device of a proof, which [Registry.SignIn] has given. ok is false for any other text. The first
// proof of a day is noted as the device's use; a failure of that is none of the proof.
func (g *Registry) Device(ctx context.Context, proof string) (d Device, ok bool, err error) {
	id, secret, _ := strings.Cut(proof, ".")
	if !isID(id) || !isID(secret) {
		return d, false, nil
	}
	if d, ok, err = g.read(ctx, id, Active); err != nil || !ok || !d.proves(secret) {
		return Device{}, false, err
	}
	if now := g.Engine.Now(); day(d.Seen) != day(now) {
		_, _ = g.Engine.Handle(ctx, dialog.Input{ID: "seen:" + now.Format("2006-01-02"), Kind: dialog.KindTap, Key: g.Key(id), Owner: d.Owner, Name: use})
	}
	return d, true, nil
}

// proves reports whether a secret is that of the device.
func (d *Device) proves(secret string) bool {
	return subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(d.Secret)) == 1
}

// SignIn makes what a link offers active, and returns the proof that the device keeps; empty: the link was used by somebody
// else, is over, or never was. once names the form that was sent: the same form sent again gets the same proof, and a new one never
// gets a proof that was there before. name is that of the browser.
func (g *Registry) SignIn(ctx context.Context, token, once, name string) (proof string, err error) {
	if !isID(token) {
		return "", nil
	}
	id := idOf(token)
	r, _, err := g.Engine.Hydrate(ctx, g.Key(id))
	if err != nil || r.Version == 0 {
		return "", err
	}
	secret := derived(g.Flow.cfg.Key, "secret", id, once)
	out, err := g.Engine.Handle(ctx, signingIn(r, token, once, hashOf(secret), name))
	if err != nil || out.Record == nil {
		return "", err
	}
	d, err := Of(out.Record)
	if err != nil || !d.is(Active, g.Engine.Now()) || !d.proves(secret) {
		return "", err
	}
	return id + "." + secret, nil
}

// signingIn is the input of a sign-in.
func signingIn(r *dialog.Record, token, once, hash, name string) dialog.Input {
	return dialog.Input{ID: "in:" + hashOf(once), Kind: dialog.KindTap, Key: r.Key, Owner: r.Owner, Name: signIn, Value: token + "." + hash, Text: name}
}

// List reads the active devices of a person, the newest first, and how many links wait to be used.
func (g *Registry) List(ctx context.Context, owner string) (active []Device, links int, err error) {
	all, err := g.all(ctx, owner)
	if err != nil {
		return nil, 0, err
	}
	for _, d := range all {
		switch now := g.Engine.Now(); {
		case d.is(Active, now):
			active = append(active, d)
		case d.is(Offered, now):
			links++
		}
	}
	return active, links, nil
}

// all are the devices of a person in any state. One of a newer version is a device of which only the id is known.
func (g *Registry) all(ctx context.Context, owner string) (list []Device, err error) {
	records, err := g.Engine.Conversations(ctx, owner, FlowName, dialog.Page{Limit: listMost})
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	for _, r := range records {
		d, err := Of(r)
		if err != nil {
			d = Device{ID: r.Key.ID, Owner: r.Owner, Made: r.Created, Seen: r.Updated}
		}
		list = append(list, d)
	}
	return list, nil
}

// SignOut signs devices of a person out: that of an id, [All], or [Others] than that of keep. All and Others drop the links that wait to be used,
// too. Before is the time of the order, in unix milliseconds: what was made later stays. 0: now. Given twice it is
// harmless.
type SignOut func(ctx context.Context, owner, which, keep string, before int64) error

// Which devices are signed out, beside the id of one.
const (
	All    = "all"
	Others = "others"
)

// SignOut is a [SignOut]. A device that is signed out is forgotten: its row is deleted. After an error some may be signed out; the
// same call signs out the others.
func (g *Registry) SignOut(ctx context.Context, owner, which, keep string, before int64) error {
	list, err := g.all(ctx, owner)
	if err != nil {
		return err
	}
	for _, d := range list {
		named := d.ID == which || which == All || which == Others && d.ID != keep
		if !named || before > 0 && d.Made.UnixMilli() > before {
			continue
		}
		if err := g.Engine.Forget(ctx, g.Key(d.ID)); err != nil && !errors.Is(err, dialog.ErrNotFound) {
			return fmt.Errorf("sign out a device: %w", err)
		}
	}
	return nil
}
