package telegram

import (
	"errors"
	"strconv"

	"github.com/lockbay/lockbay/dialog"
)

// spot is where messages stand: a chat, or a topic in it. A chat is one place, whatever
// the topic: the card moves to the topic where the person writes.
type spot struct {
	chat   int64
	thread int64 // 0: none
}

// spotOf reads a place.
func spotOf(p dialog.Place) (s spot, err error) {
	if s.chat, err = strconv.ParseInt(p.Address, 10, 64); err != nil {
		return spot{}, errors.New("telegram: place address is not a chat id")
	}
	s.thread, _ = strconv.ParseInt(p.Thread, 10, 64)
	return s, nil
}

// place is the place of a spot.
func (s spot) place(lang string) dialog.Place {
	p := dialog.Place{Channel: channelName, Address: strconv.FormatInt(s.chat, 10), Lang: lang, Push: true}
	if s.thread != 0 {
		p.Thread = strconv.FormatInt(s.thread, 10)
	}
	return p
}
