package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/internal/instance"
)

// somebody is a person at one channel. The methods return the update or form that was sent.
type somebody interface {
	say(text string) string
	tap(action string) string // on the card of the person's own conversation
	tapOn(key dialog.Key, action string) string
	again(sent string) int // a redelivery; returns the status of the answer
	retap(sent string) int // the same button under a new id
	owner() string
}

// chatter is a person in Telegram.
type chatter struct {
	r          *rig
	id         int64
	name, lang string
}

var updates int64 = 950_000_000 // above the stored ids

func (p *chatter) owner() string { return "tg:" + strconv.FormatInt(p.id, 10) }

func (p *chatter) key() dialog.Key {
	return dialog.Key{Bot: botName, Flow: intake.FlowName, ID: p.owner()}
}

func (p *chatter) from() map[string]any {
	return map[string]any{"id": p.id, "is_bot": false, "first_name": p.name, "language_code": p.lang}
}

func (p *chatter) chat() map[string]any {
	return map[string]any{"id": p.id, "first_name": p.name, "type": "private"}
}

func (p *chatter) send(kind string, what map[string]any) string {
	p.r.t.Helper()
	updates++
	raw, err := json.Marshal(map[string]any{"update_id": updates, kind: what})
	if err != nil {
		p.r.t.Fatal(err)
	}
	want := http.StatusOK
	if p.r.newer {
		want = http.StatusServiceUnavailable
	}
	if got := p.r.update(raw); got != want {
		p.r.t.Errorf("%s: status %d, want %d for %s", p.owner(), got, want, raw)
	}
	return string(raw)
}

func (p *chatter) say(text string) string {
	p.r.t.Helper()
	return p.send("message", map[string]any{"message_id": p.r.api.NewMessageID(), "from": p.from(), "chat": p.chat(),
		"date": p.r.clock.now().Unix(), "text": text})
}

func (p *chatter) tap(action string) string {
	p.r.t.Helper()
	return p.tapOn(p.key(), action)
}

// tapOn presses a button of a card of November 2026.
func (p *chatter) tapOn(key dialog.Key, action string) string {
	p.r.t.Helper()
	rec, _ := p.r.load(key)
	data := action + "||"
	if rec.Draft != "" && (rec.Step != "" || action == "undo") {
		data = action + "|" + rec.Draft + "|" + strconv.FormatInt(rec.Revision, 10)
	}
	place, _ := rec.Place("tg", strconv.FormatInt(p.id, 10))
	message, _ := strconv.ParseInt(rec.Message(place), 10, 64)
	return p.press(message, data)
}

func (p *chatter) press(message int64, data string) string {
	p.r.t.Helper()
	updates++
	m := map[string]any{"message_id": message, "chat": p.chat(), "date": p.r.clock.now().Unix(), "text": "a card",
		"from": map[string]any{"id": 7654321, "is_bot": true, "first_name": "Test bot"}}
	if message == 0 {
		m["date"] = 0
	}
	return p.send("callback_query", map[string]any{"id": strconv.FormatInt(4_500_000_000_000_000_000+updates, 10), "from": p.from(), "message": m,
		"chat_instance": "-1234567890123456789", "data": data})
}

func (p *chatter) again(sent string) int {
	p.r.t.Helper()
	return p.r.update([]byte(sent))
}

func (p *chatter) retap(sent string) int {
	p.r.t.Helper()
	var u map[string]any
	if err := json.Unmarshal([]byte(sent), &u); err != nil {
		p.r.t.Fatal(err)
	}
	updates++
	if tap, ok := u["callback_query"].(map[string]any); ok {
		tap["id"] = strconv.FormatInt(4_500_000_000_000_000_000+updates, 10)
	}
	raw, err := json.Marshal(u)
	if err != nil {
		p.r.t.Fatal(err)
	}
	return p.again(string(raw))
}

// reader is a person at the page.
type reader struct {
	*visitor
	r *rig
}

func (r *rig) reader(cookies ...*http.Cookie) *reader {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	i := &served{Instance: &instance.Instance{Addr: r.s.addr}}
	v := &visitor{t: r.t, i: i, once: true, client: &http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	jar.SetCookies(v.address(), cookies)
	v.get()
	return &reader{v, r}
}

func (v *visitor) address() *url.URL { u, _ := url.Parse(v.i.URL("/")); return u }

// cookie is the browser's cookie of the page.
func (p *reader) cookie() *http.Cookie {
	for _, c := range p.client.Jar.Cookies(p.address()) {
		if !strings.HasSuffix(c.Name, "-look") {
			return c
		}
	}
	p.r.t.Fatal("no cookie")
	return nil
}

func (p *reader) owner() string {
	id, _, _ := strings.Cut(p.cookie().Value, ".")
	return "web:" + id
}

func (p *reader) say(text string) string {
	p.r.t.Helper()
	return p.send("text", text)
}

func (p *reader) tap(action string) string {
	p.r.t.Helper()
	return p.send("action", action)
}

func (p *reader) tapOn(key dialog.Key, action string) string {
	p.r.t.Helper()
	rec, _ := p.r.load(key)
	p.r.sent(func() int { p.get(); return p.status })
	if p.draft() != rec.Draft { // the page shows another card: go to this one
		p.send("action", "status:"+key.ID)
	}
	return p.send("action", action)
}

// send fills in the form of the page, and sends it.
func (p *reader) send(name, value string) string {
	p.r.t.Helper()
	p.r.sent(func() int { p.get(); return p.status })
	p.post(name, value)
	form := p.last
	if p.status == http.StatusServiceUnavailable {
		p.again(form.Encode())
	}
	return form.Encode()
}

func (p *reader) again(sent string) int {
	p.r.t.Helper()
	return p.r.sent(func() int {
		res, err := p.client.Post(p.i.URL("/"), "application/x-www-form-urlencoded", strings.NewReader(sent))
		if err != nil {
			p.r.t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	})
}

func (p *reader) retap(sent string) int {
	p.r.t.Helper()
	form, err := url.ParseQuery(sent)
	if err != nil {
		p.r.t.Fatal(err)
	}
	updates++
	form.Set("input_id", fmt.Sprintf("twin%d", updates))
	return p.again(form.Encode())
}
