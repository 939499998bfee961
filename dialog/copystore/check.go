package copystore

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Sum summarises a store: the number of its conversations, and a checksum over
// their keys, versions and tags in the order of the keys.
type Sum struct {
	Conversations int    `json:"conversations"`
	Checksum      string `json:"checksum"` // hexadecimal
}

// SumOf reads the heads of all conversations of a store.
func SumOf(ctx context.Context, s dialog.Store) (Sum, error) {
	h, n := sha256.New(), 0
	for c := newCursor(s, 1000, false); ; n++ {
		r, err := c.next(ctx)
		if err != nil {
			return Sum{}, fmt.Errorf("count: %w", err)
		}
		if r == nil {
			return Sum{Conversations: n, Checksum: digest(h)}, nil
		}
		fmt.Fprintf(h, "%s\x00%d\x00%d\n", r.Key, r.Version, r.Tag)
	}
}

func digest(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// Same reports whether two stores are one database. It takes a lease in b and
// looks for it in a. It writes nothing in a.
func Same(ctx context.Context, a, b dialog.Store) (bool, error) {
	name := "same:" + rand.Text()
	held, err := b.Lease(ctx, name, "b", time.Minute)
	if err != nil {
		return false, err
	}
	if !held {
		return false, errors.New("the store reports a new lease as held")
	}
	seen, errA := Held(ctx, a, name)
	_, errB := b.Lease(ctx, name, "b", 0)
	return seen, errors.Join(errA, errB)
}

// Held reports whether an instance holds a lease, or held it until a few
// seconds ago.
func Held(ctx context.Context, s dialog.Store, name string) (bool, error) {
	holders, err := s.Holders(ctx, name)
	_, held := holders[name]
	return held, err
}

// ErrOtherSecret means that the target already has a different secret.
var ErrOtherSecret = errors.New("the target already has a different one")

// Secret copies a secret of the source, if present, to the target.
func Secret(ctx context.Context, from, to dialog.Store, name string) error {
	want, err := from.Secret(ctx, name, nil)
	if errors.Is(err, dialog.ErrNotFound) {
		return nil // the source never used it
	}
	if err != nil {
		return err
	}
	have, err := to.Secret(ctx, name, want)
	if err == nil && string(have) != string(want) {
		err = fmt.Errorf("secret %q: %w", name, ErrOtherSecret)
	}
	return err
}
