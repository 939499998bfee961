// Package telegram is a channel of dialog: conversations in private chats with a
// bot, by webhook or long polling, against any Bot API server.
//
// Both ways of receiving share one path: an update is decoded, handled by the
// engine up to its commit, and then confirmed; a webhook's 200 carries the one
// call that can ride in it (the answer to a tap, or the removal of the card that a
// new one replaces). Cards are shown by the engine's courier through [Channel.Show].
//
// A call that the server refuses with 429 pauses its own chat, and spaces it for a
// minute; others go on. When the refusals of many chats mean everybody, all calls go
// one after another for a minute, and those that answer a person go first.
//
// One card is live in a chat: a tap edits it, a typed answer brings it anew below
// what was typed. Sends have no idempotency key, so a send whose answer was lost
// may stand twice until the next card; whoever taps the stray one takes its
// buttons away.
package telegram

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/internal/limit"
	"github.com/lockbay/lockbay/dialog/telegram/internal/botapi"
)

// ChannelName is the channel's part of a place, and the first part of an owner.
const ChannelName = "tg"

// Config of a channel. Engine and Token are needed, and Secret with a WebhookURL.
type Config struct {
	Engine *dialog.Engine
	// Token of the bot. It appears in no error and no log line.
	Token string
	// APIURL is a Bot API server. Defaults to the official one.
	APIURL string
	// WebhookURL is where the server shall post updates, which is served by
	// [Channel.ServeHTTP]. Defaults to none: Run polls.
	WebhookURL string
	// Posted says that updates are posted though there is no WebhookURL: somebody
	// else sets the webhook. Run then neither sets one nor polls.
	Posted bool
	// Secret that a webhook's posts carry, 1 to 256 of A-Za-z0-9_-. An empty one
	// refuses every post.
	Secret string
	// Commands of the bot's menu. Defaults to none: what is set stays.
	Commands []Command
	// Words of toasts and short messages, by code: those of Outcome.Toast, "group"
	// ({bot} is the bot's name), and "too_fast" for what was not read. Defaults to
	// the words of the flows, and plain English for the channel's own two.
	Words dialog.Words
	// Lease says whether this instance may poll, and may handle what a poller has
	// set aside. It is asked every two seconds and must answer within about as
	// long. Defaults to the lease "poller:BOT" of the engine's store, for 8 s.
	Lease func(ctx context.Context) bool
	// RateLimit is inputs per second of one person, with bursts of six seconds.
	// Inputs above it wait: a poller tries them again, a webhook's server brings
	// them again. 0: off.
	RateLimit float64
	// Senders is how many calls are made over connections that are kept open; more
	// at once open some of their own. Defaults to 256.
	Senders int
	// Transport does the calls. Defaults to one with Senders idle connections.
	Transport http.RoundTripper
	// Log hears of what an operator should know. Defaults to slog.Default().
	Log *slog.Logger

	allow func(owner string) bool // in tests instead of RateLimit
}

// Command is one entry of the bot's menu.
type Command struct {
	Name        string // without slash
	Description string
	Lang        string // two letters; empty: for all who have no menu of their own
}

// String does not tell token and secret.
func (c Config) String() string { return "telegram.Config{" + c.APIURL + "}" }

// GoString does not tell token and secret.
func (c Config) GoString() string { return c.String() }

// LogValue does not tell token and secret.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Channel shows cards in private chats and takes updates. Its methods may be
// called concurrently.
type Channel struct {
	cfg      Config
	engine   *dialog.Engine
	bot      string // the bot's id, as its token has it
	api      *client
	pace     *pacer
	allow    func(owner string) bool // reports whether an owner may make another input now
	log      *slog.Logger
	username atomic.Pointer[string] // of the bot, learnt by getMe; nil: not yet
	leased   atomic.Int64           // unix nanoseconds of the last lease from the store
	behind   behind                 // by webhook: who waits for what was set aside

	ctx     context.Context // of what is done in the background
	stop    context.CancelFunc
	mu      sync.Mutex // nothing is begun after stop
	wg      sync.WaitGroup
	tidying chan struct{}
}

var _ dialog.Channel = (*Channel)(nil)

// New makes a channel. Attach it to the engine, and Run it.
func New(cfg Config) *Channel {
	if cfg.APIURL == "" {
		cfg.APIURL = "https://api.telegram.org"
	}
	if cfg.Senders <= 0 {
		cfg.Senders = 256
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	c := &Channel{
		tidying: make(chan struct{}, 64),
		cfg:     cfg, engine: cfg.Engine, log: cfg.Log, pace: newPacer(), allow: cfg.allow,
		bot: botOf(cfg.Token),
		api: newClient(strings.TrimRight(cfg.APIURL, "/"), cfg.Token, cfg.Transport, cfg.Senders),
	}
	if c.allow == nil {
		owners := limit.PerPerson(cfg.RateLimit)
		c.allow = func(owner string) bool { return owners.Take(owner, time.Now()) == 0 }
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// botOf is the bot's id, which stands before the colon of its token.
func botOf(token string) string {
	id, _, ok := strings.Cut(token, ":")
	if !ok {
		return "" // whatever else it is, it may be secret
	}
	return id
}

// Name implements dialog.Channel.
func (c *Channel) Name() string { return ChannelName }

// Username is the bot's name without @, empty until getMe has told it.
func (c *Channel) Username() string {
	if p := c.username.Load(); p != nil {
		return *p
	}
	return ""
}

// Show implements dialog.Channel: it sends the card, or edits the message that
// shows it, or sends it where that message cannot be edited any more. "Not
// modified" is success. A notice waits for its turn, and in a crowd every card
// does; when that is far, or the server has asked for a pause, Show returns
// *dialog.RetryAfter at once.
func (c *Channel) Show(ctx context.Context, s dialog.Showing) (string, error) {
	chat, err := strconv.ParseInt(s.Place.Address, 10, 64)
	if err != nil {
		return "", errors.New("telegram: address is no chat id")
	}
	var edit int64
	if s.Message != "" {
		if edit, err = strconv.ParseInt(s.Message, 10, 64); err != nil {
			return "", dialog.ErrGone
		}
	}
	ask := c.pace.answer
	if s.Notice {
		ask = c.pace.notice
	}
	if err := c.turn(ctx, chat, ask); err != nil {
		return "", err
	}
	text, rows := render(&s.Card)
	for _, data := range rows.tooLong {
		c.log.Error("telegram: a button's data is longer than 64 bytes and was left out", "action", data)
	}
	message, err := c.show(ctx, chat, edit, text, rows)
	if errors.Is(err, dialog.ErrGone) { // a fresh one has the same turn: to wait for another would end in the same edit
		message, err = c.show(ctx, chat, 0, text, rows)
	}
	return message, err
}

// show sends a card; edit: it edits that message.
func (c *Channel) show(ctx context.Context, chat, edit int64, text string, rows keyboard) (string, error) {
	method, edited := "sendMessage", ""
	if edit != 0 {
		method, edited = "editMessageText", strconv.FormatInt(edit, 10)
	}
	sent, err := c.api.send(ctx, method, botapi.AppendShow(make([]byte, 0, 512+2*len(text)), chat, edit, text, rows.buttons))
	switch {
	case err != nil:
		return c.refused(chat, edited, err)
	case edit != 0:
		return edited, nil
	}
	return strconv.FormatInt(sent, 10), nil
}

// turn waits until a call to chat may be made; ask is a method of the pacer.
func (c *Channel) turn(ctx context.Context, chat int64, ask func(chat int64) (wait time.Duration, ok bool)) error {
	wait, ok := ask(chat)
	if !ok {
		return &dialog.RetryAfter{After: wait}
	}
	if wait <= 0 {
		return nil
	}
	if !sleep(ctx, wait) {
		return ctx.Err()
	}
	if wait, ok := c.pace.paused(chat); !ok { // meanwhile a pause was asked for
		return &dialog.RetryAfter{After: wait}
	}
	return nil
}

// refused gives the meaning of a call's error to the engine.
func (c *Channel) refused(chat int64, edited string, err error) (string, error) {
	var e *APIError
	if !errors.As(err, &e) {
		return "", err
	}
	switch {
	case e.Code == http.StatusTooManyRequests:
		c.pace.pause(chat, e.RetryAfter)
		return "", &dialog.RetryAfter{After: e.RetryAfter}
	case e.Code == http.StatusForbidden, e.says("chat not found"), e.says("user is deactivated"), e.says("PEER_ID_INVALID"):
		return "", dialog.ErrBlocked
	case edited == "":
		return "", err
	case e.says("message is not modified"):
		return edited, nil
	case e.Code == http.StatusBadRequest:
		return "", dialog.ErrGone // whatever is wrong with it, a fresh card mends it
	}
	return "", err
}

// Remove implements dialog.Channel. A message that cannot be deleted, because it
// is older than 48 hours, loses its buttons. It gives way to cards: while the
// chat is paused, or the line of a crowd is long, Remove returns *dialog.RetryAfter
// at once.
func (c *Channel) Remove(ctx context.Context, p dialog.Place, message string) error {
	chat, err := strconv.ParseInt(p.Address, 10, 64)
	if err != nil {
		return errors.New("telegram: address is no chat id")
	}
	id, err := strconv.ParseInt(message, 10, 64)
	if err != nil {
		return errors.New("telegram: a message's id is no number")
	}
	if err := c.turn(ctx, chat, c.pace.spare); err != nil {
		return err
	}
	_, err = c.api.send(ctx, "deleteMessage", botapi.AppendMessage(nil, "", chat, id))
	var e *APIError
	if errors.As(err, &e) && e.Code == http.StatusBadRequest && !e.says("not found") {
		return c.strip(ctx, chat, id)
	}
	return c.settled(chat, err)
}

// strip takes the buttons of a message away.
func (c *Channel) strip(ctx context.Context, chat, message int64) error {
	_, err := c.api.send(ctx, "editMessageReplyMarkup", botapi.AppendMessage(nil, "", chat, message))
	return c.settled(chat, err)
}

// settled is the error of a call that only tidies up: what cannot be changed any more is as good as done.
func (c *Channel) settled(chat int64, err error) error {
	var e *APIError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case http.StatusBadRequest, http.StatusForbidden:
		return nil
	case http.StatusTooManyRequests:
		c.pace.pause(chat, e.RetryAfter)
	}
	return err
}

// sleep waits for d, and reports whether ctx is still alive then.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// link is the address of the private chat with the bot.
func link(username string) string { return fmt.Sprintf("https://t.me/%s", username) }
