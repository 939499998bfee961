package pgstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
)

// noticeSecret names the key of notices among the store's secrets. Any role of a server may
// LISTEN, and keys name persons; the secrets are for roles that may read our tables.
const noticeSecret = "notices"

// noticeSealed begins a sealed list of keys. Programs before seals sent the list as JSON.
const noticeSealed = "!"

// noticeCipher is the cipher of notices. initial is its key if there is none yet; with nil
// it only reads.
func (s *Store) noticeCipher(ctx context.Context, initial []byte) (cipher.AEAD, error) {
	key, err := s.Secret(ctx, noticeSecret, initial)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, setupError(fmt.Sprintf("secret %s: %v", noticeSecret, err))
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func newNoticeKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, see crypto/rand
	return key
}

// sealed are notices that only instances read.
func (n *notifier) sealed(payloads []string) []string {
	out := make([]string, len(payloads))
	for i, p := range payloads {
		from, list, _ := strings.Cut(p, " ")
		b := n.cipher.Seal(nil, nil, []byte(list), nil) // #nosec G407 -- the cipher makes the nonce
		out[i] = from + " " + noticeSealed + base64.RawStdEncoding.EncodeToString(b)
	}
	return out
}

// unsealed is the list of a notice; empty for one of another key.
func unsealed(c cipher.AEAD, list string) string {
	text, is := strings.CutPrefix(list, noticeSealed)
	if !is || c == nil {
		return list
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err == nil {
		b, err = c.Open(nil, nil, b, nil)
	}
	if err != nil {
		return ""
	}
	return string(b)
}
