package dialog

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Key names one conversation. Bot is a constant name of the bot, Flow the name of its
// flow. ID is the owner of a personal flow (tg:1000001, web:…, tty:…), or the id of the
// flow's subject (an order, an escrow).
type Key struct {
	Bot, Flow, ID string
}

// String is the key as stores keep it: bot:flow:id. Bot and flow have no colon.
func (k Key) String() string { return k.Bot + ":" + k.Flow + ":" + k.ID }

// Path is the key as people write it: flow/id.
func (k Key) Path() string { return k.Flow + "/" + k.ID }

// Masked is the key for errors and logs. Eight digits, always the same ones, stand for the
// id, which may be a person's.
func (k Key) Masked() string { return k.Flow + "/#" + tagName(int64(hash(k.ID)))[:8] }

// IsZero reports whether k names nothing.
func (k Key) IsZero() bool { return k == Key{} }

// ParseKey reads the form of [Key.String]. A key is UTF-8 without NUL, as all that comes
// in by [Engine.Handle].
func ParseKey(s string) (Key, error) {
	bot, rest, ok := strings.Cut(s, ":")
	flow, id, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || bot == "" || flow == "" || id == "" || strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return Key{}, fmt.Errorf("key %q: want bot:flow:id", s)
	}
	return Key{Bot: bot, Flow: flow, ID: id}, nil
}
