package soak

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
	"github.com/lockbay/lockbay/intake"
)

// chatter is a bystander on Telegram.
type chatter struct {
	f      *flooding
	person *telegramtest.Person
	chat   chat
}

func (c *chatter) owner() string { return fmt.Sprintf("tg:%d", c.person.ID) }

func (c *chatter) begin(ctx context.Context, until string) error {
	return c.await(ctx, until, func() { c.person.Say("/create") })
}

func (c *chatter) answer(ctx context.Context, ask *intake.Ask, want *lockbay.Terms, until string) error {
	at := c.chat.newest()
	if data := at.answer(ask, want); data != "" {
		return c.await(ctx, until, func() { c.person.TapOn(at.message, data) })
	}
	return c.await(ctx, until, func() { c.person.Say(ask.Typed(want)) })
}

func (c *chatter) confirm(ctx context.Context, until string) error {
	at := c.chat.newest()
	return c.await(ctx, until, func() { c.person.TapOn(at.message, at.button("confirm|")) })
}

// await sends something and waits for a card with this text.
func (c *chatter) await(ctx context.Context, until string, send func()) error {
	was := c.chat.newest()
	send()
	for {
		now := c.chat.newest()
		if (now.message > was.message || now.at.After(was.at)) && strings.Contains(now.text, until) {
			return nil
		}
		select {
		case <-c.chat.news:
		case <-ctx.Done():
			return fmt.Errorf("no %q; the card says %q", until, now.text)
		}
	}
}

// visitor is a person with a browser, a bystander or not. It reaches the program through a proxy on this machine, which
// names the person's address.
type visitor struct {
	f      *flooding
	from   string
	floods bool // no bystander
	client *http.Client
	status int
	page   string
}

// newVisitor makes a visitor, each of whose requests has a connection of its own.
func newVisitor(f *flooding, from string) *visitor {
	return &visitor{f: f, from: from, client: visiting(&http.Transport{DisableKeepAlives: true})}
}

// visiting is a browser without a cookie.
func visiting(by http.RoundTripper) *http.Client {
	jar, _ := cookiejar.New(nil) // never fails
	return &http.Client{Jar: jar, Timeout: finishing, Transport: by,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (v *visitor) owner() string {
	at, _ := url.Parse(v.f.server.URL("/"))
	for _, c := range v.client.Jar.Cookies(at) {
		if id, _, ok := strings.Cut(c.Value, "."); ok {
			return "web:" + id
		}
	}
	return "nobody"
}

// ask makes a request and reads its answer.
func (v *visitor) ask(ctx context.Context, method string, form url.Values) error {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, v.f.server.URL("/"), body)
	if err != nil {
		return err
	}
	req.Header.Set("X-Forwarded-For", v.from)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(req) // #nosec G704 -- our own program
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	v.status, v.page = res.StatusCode, string(page)
	return err
}

var hidden = regexp.MustCompile(`name="(draft|revision|input_id|csrf|question)" value="([^"]*)"`)

// form is the form of the page, with an answer.
func (v *visitor) form(name, value string) url.Values {
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(v.page, -1) {
		if !form.Has(m[1]) {
			form.Set(m[1], m[2])
		}
	}
	form.Set(name, value)
	return form
}

// send sends an answer until it is taken, and reads the page after it.
func (v *visitor) send(ctx context.Context, form url.Values, until string) error {
	for {
		err := v.ask(ctx, http.MethodPost, form)
		if err == nil && v.status == http.StatusSeeOther {
			break
		}
		if err := v.rejected(ctx, err); err != nil {
			return err
		}
	}
	return v.look(ctx, until)
}

// look reads the page until it is answered.
func (v *visitor) look(ctx context.Context, until string) error {
	for {
		err := v.ask(ctx, http.MethodGet, nil)
		if err == nil && v.status == http.StatusOK {
			break
		}
		if err := v.rejected(ctx, err); err != nil {
			return err
		}
	}
	if !strings.Contains(plain(v.page), until) {
		return fmt.Errorf("no %q on the page: %.400s", until, plain(v.page))
	}
	return nil
}

// rejected counts a rejection and waits for a moment. It fails for an answer that would be the same again.
func (v *visitor) rejected(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && v.status != http.StatusTooManyRequests && v.status != http.StatusServiceUnavailable:
		return fmt.Errorf("the page answers %d: %.400s", v.status, plain(v.page))
	}
	if v.floods {
		v.f.rejected.Add(1)
	} else {
		v.f.mu.Lock()
		v.f.row.Harmed++
		v.f.mu.Unlock()
	}
	pause(ctx, 50*time.Millisecond)
	return nil
}

func (v *visitor) begin(ctx context.Context, until string) error {
	if err := v.look(ctx, ""); err != nil {
		return err
	}
	return v.send(ctx, v.form("action", "create"), until)
}

func (v *visitor) answer(ctx context.Context, ask *intake.Ask, want *lockbay.Terms, until string) error {
	if action := ask.Button(want); action != "" {
		return v.send(ctx, v.form("action", action), until)
	}
	return v.send(ctx, v.form("text", ask.Typed(want)), until)
}

func (v *visitor) confirm(ctx context.Context, until string) error {
	return v.send(ctx, v.form("action", "confirm"), until)
}
