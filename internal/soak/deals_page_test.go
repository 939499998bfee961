package soak

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// surfer is a seller on the page: a browser without JavaScript that asks again while the program is away.
type surfer struct {
	w      *world
	client *http.Client
	page   string
	link   string    // path of the seller's link
	acked  time.Time // when the last form was answered
}

func newSurfer(w *world, link string) (*surfer, error) {
	to, err := url.Parse(link)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v := &surfer{w: w, link: to.Path, client: &http.Client{Jar: jar, Timeout: finishing, Transport: &http.Transport{DisableKeepAlives: true}}}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return v, nil
}

// send sends a request until the program answers it, and keeps the page. A nil form is a GET.
func (v *surfer) send(ctx context.Context, path string, form url.Values) (status int, err error) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		var page string
		status, page, err = v.once(ctx, path, form)
		if err == nil && status != http.StatusServiceUnavailable {
			if status != http.StatusSeeOther {
				v.page = page
			}
			return status, nil
		}
		if !pause(ctx, wait) {
			return 0, fmt.Errorf("%s: status %d, %w", path, status, context.Cause(ctx))
		}
	}
}

func (v *surfer) once(ctx context.Context, path string, form url.Values) (status int, page string, err error) {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, v.w.running[0].URL(path), strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

// match is the first group of a pattern in the page, or "".
func (v *surfer) match(pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(v.page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

func (v *surfer) says(text string) bool { return strings.Contains(plain(v.page), text) }

// form is the form of the page with this field.
func (v *surfer) form(name, value string) url.Values {
	form := url.Values{name: {value}}
	for _, hidden := range []string{"draft", "revision", "input_id", "csrf", "question"} {
		if is := v.match(`name="` + hidden + `" value="([^"]*)"`); is != "" {
			form.Set(hidden, is)
		}
	}
	return form
}

// press sends a form, twice at once if it is a double click.
func (v *surfer) press(ctx context.Context, path string, form url.Values, double bool) error {
	var other sync.WaitGroup
	if double {
		other.Go(func() { _, _, _ = v.once(ctx, path, form) })
	}
	_, err := v.send(ctx, path, form)
	v.acked = time.Now()
	other.Wait()
	return err
}

// join opens the link and accepts, until the page is that of the deal.
func (v *surfer) join(ctx context.Context) error {
	for {
		status, err := v.send(ctx, v.link, nil)
		if err != nil || status == http.StatusSeeOther {
			return err
		}
		hash := v.match(`value="(accept:[^"]*)"`)
		if hash == "" {
			return fmt.Errorf("nothing to accept at the link: %q", plain(v.page))
		}
		if err := v.press(ctx, v.link, v.form("action", hash), true); err != nil {
			return err
		}
	}
}

// tap presses the button while it is there, until the page says so.
func (v *surfer) tap(ctx context.Context, action, until string) error {
	return v.give(ctx, until, func() url.Values {
		if !strings.Contains(v.page, `name="action" value="`+action+`"`) {
			return nil
		}
		return v.form("action", action)
	})
}

// say gives the text where the page asks for it, until the page says so.
func (v *surfer) say(ctx context.Context, action, text string) error {
	return v.give(ctx, text, func() url.Values {
		if strings.Contains(v.page, `name="text"`) {
			return v.form("text", text)
		}
		return v.form("action", action)
	})
}

func (v *surfer) give(ctx context.Context, until string, next func() url.Values) error {
	for n := 0; ; n++ {
		if _, err := v.send(ctx, "/", nil); err != nil {
			return err
		}
		if v.says(until) && !strings.Contains(v.page, `name="text"`) {
			return nil
		}
		if form := next(); form != nil {
			if err := v.press(ctx, "/", form, n%2 == 0); err != nil {
				return err
			}
		}
		if !pause(ctx, 100*time.Millisecond) {
			return fmt.Errorf("the page never says %q: %q", until, plain(v.page))
		}
	}
}
