package telegram

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

const (
	tryFirst = time.Second // after a failed start-up call, doubled up to tryMost
	tryMost  = time.Minute
)

var secretForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// Run receives updates until ctx ends: with a WebhookURL it sets the webhook,
// otherwise it polls while it holds the lease. In both cases it handles updates set
// aside by a poller. A failed start-up call is logged and repeated in the background.
// Run returns an error only for a wrong configuration, at once.
func (c *Channel) Run(ctx context.Context) error {
	if c.api.broken != nil {
		return c.api.broken
	}
	if c.cfg.WebhookURL != "" && !secretForm.MatchString(c.cfg.Secret) {
		return errors.New("telegram: a webhook needs a secret of 1 to 256 characters of A-Za-z0-9_-")
	}
	c.wg.Go(func() { c.until(ctx, "getMe", c.learn) })
	if len(c.cfg.Groups) > 0 {
		c.wg.Go(func() { c.watchGroups(ctx) })
	}
	if len(c.cfg.Commands) > 0 {
		c.wg.Go(func() { c.until(ctx, "setMyCommands", c.setCommands) })
	}
	switch {
	case c.cfg.WebhookURL != "" || c.cfg.Posted:
		c.until(ctx, backlogCall, c.readBacklog) // before newer updates
		c.wg.Go(func() { c.handleBacklog(ctx) })
		if c.cfg.WebhookURL != "" {
			c.until(ctx, "setWebhook", c.setWebhook)
		}
		<-ctx.Done()
	default:
		c.poll(ctx)
	}
	c.Close()
	return nil
}

// Close ends the background work and closes idle connections. Show and Remove still
// work.
func (c *Channel) Close() {
	c.mu.Lock()
	c.stop()
	c.mu.Unlock()
	c.wg.Wait()
	c.strangers.end()
	c.api.close()
}

// until repeats a start-up call until it succeeds.
func (c *Channel) until(ctx context.Context, name string, f func(context.Context) error) {
	for wait := tryFirst; ctx.Err() == nil; wait = min(2*wait, tryMost) {
		err := f(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		var e *callError
		if errors.As(err, &e) && (e.Code == http.StatusUnauthorized || e.Code == http.StatusNotFound) {
			c.log.Error("telegram: the server does not know this bot: check the token", "call", name)
			wait = tryMost
		} else {
			c.log.Warn("telegram: a start-up call failed and is tried again", "call", name, "in", wait, "error", err)
		}
		if e != nil {
			wait = max(wait, e.RetryAfter)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// learn asks for the bot's name.
func (c *Channel) learn(ctx context.Context) error {
	me, err := call[botapi.User](ctx, c.api, "getMe", struct{}{}, callTimeout)
	if err == nil {
		c.username.Store(&me.Username)
	}
	return err
}

func (c *Channel) setCommands(ctx context.Context) error {
	type command struct {
		Command     string `json:"command"`
		Description string `json:"description"`
	}
	menus := map[string][]command{}
	for _, x := range c.cfg.Commands {
		menus[x.Lang] = append(menus[x.Lang], command{x.Name, x.Description})
	}
	for lang, list := range menus {
		_, err := call[bool](ctx, c.api, "setMyCommands", struct {
			Commands []command `json:"commands"`
			Lang     string    `json:"language_code,omitempty"`
		}{list, lang}, callTimeout)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Channel) setWebhook(ctx context.Context) error {
	_, err := call[bool](ctx, c.api, "setWebhook", struct {
		URL            string   `json:"url"`
		Secret         string   `json:"secret_token"`
		MaxConnections int      `json:"max_connections"`
		Allowed        []string `json:"allowed_updates"`
	}{c.cfg.WebhookURL, c.cfg.Secret, 100, allowedUpdates}, callTimeout)
	return err
}

func (c *Channel) deleteWebhook(ctx context.Context) error {
	_, err := call[bool](ctx, c.api, "deleteWebhook", struct {
		Drop bool `json:"drop_pending_updates"`
	}{false}, callTimeout)
	return err
}
