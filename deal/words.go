package deal

import (
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"strings"

	"github.com/lockbay/lockbay/dialog"
)

//go:embed words.txt
var wordList string

// words are 1,024 words that a glance tells apart.
var words = strings.Fields(wordList)

// WordsOf are the two words of a person. Whoever asks for money in the name of the service, and is another one, does not
// know them. They are the same for ever under a key, and empty without one.
func WordsOf(key []byte, owner string) string {
	if len(key) == 0 || owner == "" {
		return ""
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(owner))
	n := binary.BigEndian.Uint32(h.Sum(nil))
	return words[n%1024] + " " + words[n>>10%1024]
}

// mine adds the reader's own words to a card on which money is asked for.
func (c *card) mine() {
	if two := WordsOf(c.f.cfg.WordsKey, c.r.Owner); two != "" {
		c.Facts = append(c.Facts, dialog.Fact{Label: c.say("deal.words", nil), Value: dialog.Isolate(two), Note: c.say("deal.words.note", nil)})
	}
}
