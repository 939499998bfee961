package console

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/base64"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

// seal writes keys of conversations into addresses, which browsers and proxies keep: they name nobody there. The same key
// has the same address, see the synthetic IV of RFC 5297.
type seal struct {
	mac   []byte
	block cipher.Block
}

func newSeal(key []byte) *seal {
	block, err := aes.NewCipher(mac(key, "seal", ""))
	if err != nil {
		panic("console: " + err.Error()) // impossible: the key has 32 bytes
	}
	return &seal{mac(key, "seal iv", ""), block}
}

// close seals a key.
func (s *seal) close(key dialog.Key) string {
	text := []byte(key.Path())
	iv := mac(s.mac, "", string(text))[:aes.BlockSize]
	cipher.NewCTR(s.block, iv).XORKeyStream(text, text)
	return base64.RawURLEncoding.EncodeToString(append(iv, text...))
}

// open opens a sealed key.
func (s *seal) open(bot, sealed string) (key dialog.Key, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(b) <= aes.BlockSize {
		return key, false
	}
	iv, text := b[:aes.BlockSize], b[aes.BlockSize:]
	cipher.NewCTR(s.block, iv).XORKeyStream(text, text)
	if !hmac.Equal(iv, mac(s.mac, "", string(text))[:aes.BlockSize]) {
		return key, false
	}
	flow, id, ok := strings.Cut(string(text), "/")
	return dialog.Key{Bot: bot, Flow: flow, ID: id}, ok
}
