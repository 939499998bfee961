package pgstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
)

// noticeSecret names the key of notices among the store's secrets. Any role of a server may
// LISTEN, and keys name persons; the secrets are for roles that may read our tables.
const noticeSecret = "notices"

// noticeSealed begins a sealed list of keys. Programs before seals sent the list as JSON.
const noticeSealed = "!"

// noticeCipher reads the cipher of notices; nil: there is none yet, and nobody has sent a
// sealed notice.
func (s *Store) noticeCipher(ctx context.Context) (cipher.AEAD, error) {
	key, err := s.Secret(ctx, noticeSecret, nil)
	if errors.Is(err, dialog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return cipherOf(key)
}

// makeNoticeCipher is noticeCipher on a connection that sends: it makes a missing key.
func makeNoticeCipher(ctx context.Context, c *pgx.Conn) (cipher.AEAD, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	key, err := secretOn(ctx, c, noticeSecret, key)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", noticeSecret, err)
	}
	return cipherOf(key)
}

func cipherOf(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, setupError(fmt.Sprintf("secret %s: %v", noticeSecret, err))
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealed are notices that only instances read.
func sealed(c cipher.AEAD, payloads []string) []string {
	out := make([]string, len(payloads))
	for i, p := range payloads {
		from, list, _ := strings.Cut(p, " ")
		b := c.Seal(nil, nil, []byte(list), nil) // #nosec G407 -- the cipher makes the nonce
		out[i] = from + " " + noticeSealed + base64.RawStdEncoding.EncodeToString(b)
	}
	return out
}

func isSealed(list string) bool { return strings.HasPrefix(list, noticeSealed) }

// unsealed is the list of a notice; empty for one of another key.
func unsealed(c cipher.AEAD, list string) string {
	if !isSealed(list) || c == nil {
		return list
	}
	text := strings.TrimPrefix(list, noticeSealed)
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil {
		b, err = c.Open(nil, nil, b, nil)
	}
	if err != nil {
		return ""
	}
	return string(b)
}
