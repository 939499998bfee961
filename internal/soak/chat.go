package soak

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// card is a message of the bot as a person sees it.
type card struct {
	message int
	text    string
	rows    [][]telegramtest.Button
	at      time.Time
}

// chat holds the messages of a person's chat. The newest is the live card.
type chat struct {
	mu    sync.Mutex
	cards map[int]card
	news  chan struct{}
}

func (c *chat) show(message int, text string, rows [][]telegramtest.Button) {
	c.mu.Lock()
	c.cards[message] = card{message, plain(text), rows, time.Now()}
	c.mu.Unlock()
	c.tell()
}

func (c *chat) remove(message int) {
	c.mu.Lock()
	delete(c.cards, message)
	c.mu.Unlock()
	c.tell()
}

func (c *chat) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// newest is the live card, or zero in an empty chat.
func (c *chat) newest() (at card) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, card := range c.cards {
		if id > at.message {
			at = card
		}
	}
	return at
}

var (
	tags  = regexp.MustCompile(`<[^>]*>`)
	steps = regexp.MustCompile(`Step (\d+) of \d+`)
	deals = regexp.MustCompile(`ESC-[0-9A-Z]{4}-[0-9A-Z]{5}`)
)

// plain is a text without markup and marks of direction.
func plain(text string) string {
	text = html.UnescapeString(tags.ReplaceAllString(text, ""))
	return strings.NewReplacer("\u2068", "", "\u2069", "", "\u00a0", " ").Replace(text)
}

// step is the N of "Step N of M", or 0 for a card without a question of a draft.
func (c card) step() int {
	if m := steps.FindStringSubmatch(c.text); m != nil && !c.chooses() {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

// chooses reports whether the card offers to go on with a draft or to start over. Continue alone keeps a reopened answer.
func (c card) chooses() bool { return c.button("continue|") != "" && c.button("restart|") != "" }

// button is the data of the first button with this prefix, or "".
func (c card) button(prefix string) string {
	for _, row := range c.rows {
		for _, b := range row {
			if strings.HasPrefix(b.Data, prefix) {
				return b.Data
			}
		}
	}
	return ""
}

// draft is the draft id and the revision of the buttons, or zero.
func (c card) draft() (id string, revision int) {
	for _, row := range c.rows {
		for _, b := range row {
			if parts := strings.Split(b.Data, "|"); len(parts) == 3 && parts[1] != "" {
				for _, d := range parts[2] {
					if d < '0' || d > '9' {
						return parts[1], 0
					}
					revision = revision*10 + int(d-'0')
				}
				return parts[1], revision
			}
		}
	}
	return "", 0
}

// escrows are the ids in the card's text and buttons.
func (c card) escrows() []string {
	all := deals.FindAllString(c.text, -1)
	for _, row := range c.rows {
		for _, b := range row {
			all = append(all, deals.FindAllString(b.Data, -1)...)
		}
	}
	return all
}
