package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
)

// nobody is the setting chat that shows alerts in no chat.
const nobody = "none"

const wantNotify = "want chat=ID or chat=none, and webhook=https://… (http:// only on loopback), separated by commas"

// notify is where operators are told of alerts: a chat, which is the desk unless it is set, and a webhook; either may be
// missing. Its errors have no part of the URL, which may be a secret.
func (s *Settings) notify() (at dialog.Place, hook string, err error) {
	given := map[string]string{}
	for part := range strings.SplitSeq(string(s.Notify), ",") {
		name, value, is := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case strings.TrimSpace(part) == "":
		case !is || name != "chat" && name != "webhook" || given[name] != "":
			return at, "", errors.New("--notify: " + wantNotify)
		default:
			given[name] = value
		}
	}
	desk, _, err := s.desk()
	chat := cmp.Or(given["chat"], desk.Address, nobody)
	if n, bad := strconv.ParseInt(chat, 10, 64); chat != nobody && (bad != nil || n == 0 || strconv.FormatInt(n, 10) != chat) {
		return at, "", badSetting("notify", "chat="+chat, "want the id of a person or a group in Telegram, for example chat=123, or chat=none")
	}
	if hook = given["webhook"]; hook != "" {
		u, bad := url.Parse(hook)
		if bad != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopbackHost(u.Hostname())) {
			return at, "", errors.New("--notify: webhook: " + wantNotify)
		}
	}
	if chat != nobody && s.TelegramToken != "" {
		at = dialog.Place{Channel: "tg", Address: chat, Push: true}
	}
	return at, hook, err
}

// alerts makes the flow of alerts.
func (s *Settings) alerts() (*alert.Flow, error) {
	at, hook, err := s.notify()
	if err != nil {
		return nil, err
	}
	cfg := alert.Config{At: at, Words: words}
	if hook != "" {
		cfg.Hook = func(ctx context.Context, m alert.Message, key string) error { return post(ctx, hook, m, key) }
	}
	return alert.New(cfg), nil
}

// hookClient follows no redirects: a message goes where the operator said.
var hookClient = &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post sends a message to a webhook. Any answer but 2xx is an error, and so the message is sent again. An error names no more
// than the host.
func post(ctx context.Context, hook string, m alert.Message, key string) error {
	body, err := json.Marshal(m)
	if err != nil {
		return dialog.Forever(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, hook, bytes.NewReader(body))
	if err != nil {
		return errors.New("the webhook's URL cannot be used")
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}}
	resp, err := hookClient.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("webhook at %s: %w", r.URL.Host, err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("webhook at %s: status %d", r.URL.Host, resp.StatusCode)
	}
	return nil
}

// checkNotify is doctor's check of where alerts go.
func (s *Settings) checkNotify() check {
	at, hook, _ := s.notify()
	var to []string
	if at.Channel != "" {
		to = append(to, "the chat "+at.Address)
	}
	if u, err := url.Parse(hook); hook != "" && err == nil {
		to = append(to, "the webhook at "+u.Host)
	}
	k := check{Name: "notify", OK: true, Note: "alerts go to " + strings.Join(to, " and ")}
	if len(to) == 0 {
		k.Note, k.Mend = "alerts go nowhere", "set --operators, or --notify to a chat or a webhook (optional)"
	}
	return k
}
