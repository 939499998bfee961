package dialog

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
)

// Values in the draft store are sealed with a key in the store. Somebody who can write to
// the draft store alone can delete values, and cannot change them: a value whose seal
// does not fit its name counts as missing.
//
// A copy without a seal is ignored. A draft without one may be from before seals, and is
// then the only one. Record.Sealed says whether a draft was sealed. Only where it is
// false may a draft lack the seal; the next turn then writes the draft sealed, under a
// new draft tag.
const (
	sealSecret = "drafts" // name of the key among the store's secrets
	sealFormat = 2        // first byte; a copy of a row before seals begins with 1
	sealBytes  = 16       // of the HMAC-SHA256 over name, 0, format and payload
)

// sealKey is the key, once it was read.
type sealKey struct {
	mu  sync.Mutex
	key []byte
}

// sealKey reads the key once. Errors are ErrUnavailable.
func (e *Engine) sealKey(ctx context.Context) ([]byte, error) {
	e.sealing.mu.Lock()
	key := e.sealing.key
	e.sealing.mu.Unlock()
	if key != nil {
		return key, nil
	}
	initial := make([]byte, 32)
	_, _ = rand.Read(initial) // never fails, see crypto/rand
	key, err := e.Secret(ctx, sealSecret, initial)
	if err != nil {
		return nil, err
	}
	e.sealing.mu.Lock()
	e.sealing.key = key
	e.sealing.mu.Unlock()
	return key, nil
}

// sealed is the value of a payload under a name. Errors are ErrUnavailable.
func (e *Engine) sealed(ctx context.Context, name string, payload []byte) ([]byte, error) {
	key, err := e.sealKey(ctx)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, 1+len(payload)+sealBytes)
	b = append(append(b, sealFormat), payload...)
	return append(b, seal(key, name, b)...), nil
}

// unsealed is the payload of a value. Other errors than ErrUnavailable are errSeal.
func (e *Engine) unsealed(ctx context.Context, name string, b []byte) ([]byte, error) {
	end := len(b) - sealBytes
	if end < 1 || b[0] != sealFormat {
		return nil, errSeal
	}
	for again := false; ; again = true {
		key, err := e.sealKey(ctx)
		if err != nil {
			return nil, err
		}
		if hmac.Equal(b[end:], seal(key, name, b[:end])) {
			return b[1:end:end], nil
		}
		if again {
			return nil, errSeal
		}
		// A database that failed over before the key reached its standby has another one.
		e.sealing.mu.Lock()
		e.sealing.key = nil
		e.sealing.mu.Unlock()
	}
}

var errSeal = fmt.Errorf("the value has no seal of this database: %w", ErrNotFound)

func seal(key []byte, name string, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(name))
	h.Write([]byte{0})
	h.Write(b)
	return h.Sum(nil)[:sealBytes]
}
