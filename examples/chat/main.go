// Command chat is a chat with your bot in this terminal, without Telegram: a fake Bot API, and as many people as you name.
//
//	go run ./examples/chat
//
// It prints the token and the address with which to start the bot. Then a line is what somebody does:
//
//	anna: /start       anna writes
//	anna! 2            anna taps the second button of her newest message with buttons; or its label
//	anna+ +4915112345  anna shares her own contact
//	anna?              shows anna's whole chat
//
// Whoever is named first is 1000001, the next one 1000002, and so on; each has the name as @name.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

func main() {
	api := telegramtest.New(telegramtest.Options{Strict: true})
	defer api.Close()
	fmt.Printf("Start the bot in another terminal, for example LockBay:\n\n  LOCKBAY_TELEGRAM_TOKEN=%s LOCKBAY_TELEGRAM_API_URL=%s lockbay serve\n\n", api.Token(), api.URL())
	fmt.Println("NAME: TEXT writes, NAME! N taps the Nth button, NAME+ PHONE shares the own contact, NAME? shows the chat.")
	c := newChat(api, os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if strings.TrimSpace(lines.Text()) != "" {
			c.do(lines.Text())
		}
		c.settle()
		c.news()
	}
}

// firstID is the id of the first person.
const firstID = 1000001

// chat is what this terminal knows.
type chat struct {
	api    *telegramtest.Server
	out    io.Writer
	people []*telegramtest.Person
	shown  map[*telegramtest.Person]map[int]string // messages, as they were printed
	toasts map[*telegramtest.Person]int            // answers to taps that were printed
}

// line is what somebody does.
var line = regexp.MustCompile(`^\s*@?(\w+)\s*([:!+?])\s*(.*)$`)

func newChat(api *telegramtest.Server, out io.Writer) *chat {
	return &chat{api: api, out: out, shown: map[*telegramtest.Person]map[int]string{}, toasts: map[*telegramtest.Person]int{}}
}

// settle waits until the bot has made no call for half a second.
func (c *chat) settle() {
	for before, calls := -1, len(c.api.Calls()); before != calls; calls = len(c.api.Calls()) {
		before = calls
		time.Sleep(500 * time.Millisecond)
	}
}

func (c *chat) do(text string) {
	m := line.FindStringSubmatch(text)
	if m == nil {
		fmt.Fprintln(c.out, "want NAME: TEXT, NAME! N, NAME+ PHONE or NAME?")
		return
	}
	p := c.person(m[1])
	switch what := m[3]; m[2] {
	case ":":
		p.Say(what)
	case "+":
		p.SendOwnContact(what)
	case "?":
		c.shown[p] = map[int]string{}
	case "!":
		c.tap(p, what)
	}
}

// person is the one of this name, who is new if nobody has it.
func (c *chat) person(name string) *telegramtest.Person {
	for _, p := range c.people {
		if strings.EqualFold(p.Username, name) {
			return p
		}
	}
	p := c.api.Person(int64(firstID+len(c.people)), name, name)
	c.people = append(c.people, p)
	c.shown[p] = map[int]string{}
	return p
}

// tap presses a button of the newest message that has it: by its number in the newest one with buttons, or by its label.
func (c *chat) tap(p *telegramtest.Person, what string) {
	all := p.Messages()
	for i := len(all) - 1; i >= 0; i-- {
		buttons := flat(all[i])
		if n, err := strconv.Atoi(what); err == nil && len(buttons) > 0 {
			if n < 1 || n > len(buttons) {
				fmt.Fprintf(c.out, "want a button from 1 to %d\n", len(buttons))
				return
			}
			c.press(p, all[i].ID, buttons[n-1])
			return
		}
		for _, b := range buttons {
			if strings.EqualFold(b.Text, what) {
				c.press(p, all[i].ID, b)
				return
			}
		}
	}
	fmt.Fprintf(c.out, "%s sees no such button\n", p.Username)
}

func (c *chat) press(p *telegramtest.Person, message int, b telegramtest.Button) {
	if b.Data == "" {
		fmt.Fprintf(c.out, "that button leads to %s\n", b.URL)
		return
	}
	p.TapOn(message, b.Data)
}

// flat are the buttons of a message in reading order.
func flat(m telegramtest.Message) (all []telegramtest.Button) {
	for _, row := range m.Rows {
		all = append(all, row...)
	}
	return all
}

// news writes what changed in everybody's chat.
func (c *chat) news() {
	for _, p := range c.people {
		now := map[int]string{}
		for _, m := range p.Messages() {
			if now[m.ID] = m.String(); m.FromBot && now[m.ID] != c.shown[p][m.ID] {
				c.print(p, m)
			}
		}
		c.shown[p] = now
		for _, t := range p.Toasts()[c.toasts[p]:] {
			if c.toasts[p]++; t.Text != "" {
				fmt.Fprintf(c.out, "[%s] (%s)\n", p.Username, t.Text)
			}
		}
	}
}

func (c *chat) print(p *telegramtest.Person, m telegramtest.Message) {
	fmt.Fprintf(c.out, "\n[%s]\n%s\n", p.Username, strings.NewReplacer("\u2068", "", "\u2069", "").Replace(m.Text))
	for i, b := range flat(m) {
		fmt.Fprintf(c.out, "  %d %s", i+1, b.Text)
		if b.URL != "" {
			fmt.Fprint(c.out, " → "+b.URL)
		}
		fmt.Fprintln(c.out)
	}
}
