// Package telegram is a channel of dialog: conversations in private chats with a
// bot, by webhook or long polling, against any Bot API server.
//
// Both ways of receiving share one path: decode the update, handle it up to the
// commit, confirm it. A webhook's 200 carries one call: the answer to a tap, or the
// removal of the message that a new one replaces. The engine's courier shows cards
// through [Channel.Show].
//
// A 429 pauses its chat, and limits the chat to a card a second for a minute; other
// chats go on. When the 429s of many chats mean the whole bot, all calls go one after
// another for a minute, and answers to people go first.
//
// The newest message of a chat shows the card: a tap edits it, a typed answer sends a
// new one below the answer. Sends have no idempotency key, so a message may stand
// twice after a lost answer. A tap on the stray message removes its buttons.
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

// channelName is the channel of a place, and the first part of an owner.
const channelName = "tg"

// Config of a channel. Engine and Token are needed, and Secret with a WebhookURL.
type Config struct {
	Engine *dialog.Engine
	// Token of the bot. Errors and log lines never contain it.
	Token string
	// APIURL is a Bot API server. Defaults to the official one.
	APIURL string
	// WebhookURL is the address to which the server posts updates; [Channel.ServeHTTP]
	// serves it. Defaults to none: Run polls.
	WebhookURL string
	// Posted means that another program sets the webhook. Run then neither sets one
	// nor polls.
	Posted bool
	// Secret in a header of every post, 1 to 256 of A-Za-z0-9_-. With an empty
	// secret every post is rejected.
	Secret string
	// Commands of the bot's menu. Defaults to none: the menu stays as it is.
	Commands []Command
	// Words of toasts and short messages, by code: the codes of Outcome.Toast,
	// "group" ({bot} is the bot's name), and "too_fast" for dropped updates.
	// Defaults to the words of the flows, and to English for the last two.
	Words dialog.Words
	// Lease reports whether this instance may poll and handle updates set aside. It
	// is called every two seconds, beside the polling. Defaults to the lease
	// "poller:BOT" of the engine's store, for 8 s, and longer where the store is slow.
	Lease func(ctx context.Context) bool
	// Groups are chats of several people where cards are shown: taps there, and replies to the
	// bot's messages, are inputs (see dialog.Groups). The channel says in the log when it cannot
	// write there, and follows a group that becomes a supergroup. Defaults to none.
	Groups []int64
	// RateLimit is inputs per second of one person, with bursts of six seconds.
	// Inputs above it wait: a poller tries them again, the server posts them
	// again. 0: off.
	RateLimit float64
	// Senders is how many connections are kept open. Further concurrent calls open
	// connections for themselves. Defaults to 256.
	Senders int
	// Transport makes the calls. Defaults to one with Senders idle connections.
	Transport http.RoundTripper
	// Log of faults for the operator. Defaults to slog.Default().
	Log *slog.Logger

	allow      func(owner string) bool // replaces RateLimit in tests
	groupAgain time.Duration           // replaces groupAgain in tests
}

// Command is one entry of the bot's menu.
type Command struct {
	Name        string // without slash
	Description string
	Lang        string // two letters; empty: for every language without a menu of its own
}

// String leaves out token and secret.
func (c Config) String() string { return "telegram.Config{" + c.APIURL + "}" }

// GoString leaves out token and secret.
func (c Config) GoString() string { return c.String() }

// LogValue leaves out token and secret.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Channel shows cards in private chats and receives updates. Safe for concurrent
// use.
type Channel struct {
	cfg       Config
	engine    *dialog.Engine
	bot       string // the bot's id, from its token
	api       *client
	pace      *pacer
	allow     func(owner string) bool // reports whether an owner may make another input now
	log       *slog.Logger
	username  atomic.Pointer[string] // of the bot; nil until getMe succeeds
	end       atomic.Pointer[ending] // of the bot's message ids; nil until it is read
	leased    atomic.Int64           // unix nanoseconds at which the lease was asked for; 0: not held
	leaseTTL  atomic.Int64           // nanoseconds for which it was asked
	leaseTook atomic.Int64           // nanoseconds that the last answer took, truncated to whole seconds
	groups    *groups
	backlog   backlog // with a webhook: people with updates set aside

	strangers strangers // posts without the right secret

	ctx     context.Context // of background work
	stop    context.CancelFunc
	mu      sync.Mutex // after stop no work begins
	wg      sync.WaitGroup
	tidying chan struct{} // one value for each clean-up call
}

var _ dialog.Channel = (*Channel)(nil)

// New makes a channel. The caller attaches it to the engine and calls Run.
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
		bot: botOf(cfg.Token), groups: newGroups(cfg.Groups),
		api: newClient(strings.TrimRight(cfg.APIURL, "/"), cfg.Token, cfg.Transport, cfg.Senders),
	}
	c.strangers.log = c.log
	if c.allow == nil {
		owners := limit.PerPerson(cfg.RateLimit)
		c.allow = func(owner string) bool { return owners.Take(owner, time.Now()) == 0 }
	}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// botOf returns the bot's id, the part of the token before the colon.
func botOf(token string) string {
	id, _, ok := strings.Cut(token, ":")
	if !ok {
		return "" // a malformed token may be secret as a whole
	}
	return id
}

// Name implements dialog.Channel.
func (c *Channel) Name() string { return channelName }

// Username is the bot's name without @, empty until getMe succeeds.
func (c *Channel) Username() string {
	if p := c.username.Load(); p != nil {
		return *p
	}
	return ""
}

// Show implements dialog.Channel: it edits the message, or sends a new one if there
// is none or it cannot be edited. "Not modified" is success. The pacer may delay the
// call. In a pause, or for a long delay, Show returns *dialog.RetryAfter at once. A
// message of another bot is none.
func (c *Channel) Show(ctx context.Context, s dialog.Showing) (string, error) {
	end, err := c.ending(ctx)
	if err != nil {
		return "", err
	}
	at, edit, err := c.stands(s.Place, end, s.Message)
	if err != nil {
		return "", err
	}
	ask := c.pace.answer
	if s.Notice {
		ask = c.pace.notice
	}
	if err := c.await(ctx, at.chat, ask); err != nil {
		return "", err
	}
	if s.Card.For != "" { // a question for one of several people is a message of its own
		edit = 0
	}
	text, rows := render(&s.Card)
	for _, data := range rows.tooLong {
		c.log.Error("telegram: a button is left out: its data is longer than 64 bytes; shorten its action", "action", data)
	}
	rows.asks = s.Card.For != ""
	message, err := c.show(ctx, at, edit, text, rows)
	if errors.Is(err, dialog.ErrGone) { // the send uses the edit's slot; after another wait the edit would fail again
		message, err = c.show(ctx, at, 0, text, rows)
	}
	var e *callError
	if errors.As(err, &e) && e.says("message thread not found") { // the topic was deleted: the chat is still there
		message, err = c.show(ctx, spot{chat: at.chat}, 0, text, rows)
	}
	if errors.As(err, &e) && e.MovedTo < 0 && e.MovedTo != at.chat {
		c.moved(at.chat, e.MovedTo)
		message, err = c.show(ctx, spot{chat: e.MovedTo}, 0, text, rows)
		at.chat = e.MovedTo
	}
	return c.named(at.chat, end, message), err
}

// show sends a card, or edits this message if edit is not 0. It returns the number of the
// message.
func (c *Channel) show(ctx context.Context, at spot, edit int64, text string, rows keyboard) (string, error) {
	method, edited := "sendMessage", ""
	if edit != 0 {
		method, edited = "editMessageText", strconv.FormatInt(edit, 10)
	}
	body := make([]byte, 0, 512+2*len(text))
	if rows.asks {
		body = botapi.AppendAsk(body, at.chat, at.thread, text)
	} else {
		body = botapi.AppendShow(body, at.chat, at.thread, edit, text, rows.buttons)
	}
	sent, err := c.api.send(ctx, method, body)
	if trouble := troubleOf(err); err == nil || trouble != "" {
		c.able(at.chat, trouble)
	}
	switch {
	case err != nil:
		return c.engineError(at.chat, edited, err)
	case edit != 0:
		return edited, nil
	}
	return strconv.FormatInt(sent, 10), nil
}

// await waits until a call to chat may be made; ask is a method of the pacer.
func (c *Channel) await(ctx context.Context, chat int64, ask func(chat int64) (wait time.Duration, ok bool)) error {
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
	if wait, ok := c.pace.paused(chat); !ok { // a 429 came during the wait
		return &dialog.RetryAfter{After: wait}
	}
	return nil
}

// engineError translates the error of a call for the engine. "Not modified" is no
// error: it returns edited.
func (c *Channel) engineError(chat int64, edited string, err error) (string, error) {
	var e *callError
	if !errors.As(err, &e) {
		return "", err
	}
	switch {
	case e.Code == http.StatusTooManyRequests:
		c.pace.pause(chat, e.RetryAfter)
		return "", &dialog.RetryAfter{After: e.RetryAfter}
	case e.Code == http.StatusForbidden, e.says("chat not found"), e.says("user is deactivated"), e.says("PEER_ID_INVALID"), chat < 0 && troubleOf(err) != "":
		return "", dialog.ErrBlocked
	case e.MovedTo != 0:
		return "", err
	case edited == "":
		return "", err
	case e.says("message is not modified"):
		return edited, nil
	case e.Code == http.StatusBadRequest:
		return "", dialog.ErrGone // a new message helps, whatever is wrong with this one
	}
	return "", err
}

// Remove implements dialog.Channel. The server deletes no message older than 48
// hours; Remove takes its buttons away. It gives way to cards: while the chat is
// paused, or the queue of a crowd is long, it returns *dialog.RetryAfter at once.
// A message of another bot counts as removed.
func (c *Channel) Remove(ctx context.Context, p dialog.Place, message string) error {
	end, err := c.ending(ctx)
	if err != nil {
		return err
	}
	at, id, err := c.stands(p, end, message)
	if err != nil || id == 0 {
		return err
	}
	return c.remove(ctx, at.chat, id)
}

// remove is Remove of a message of this bot, by its number.
func (c *Channel) remove(ctx context.Context, chat, message int64) error {
	if err := c.await(ctx, chat, c.pace.spare); err != nil {
		return err
	}
	_, err := c.api.send(ctx, "deleteMessage", botapi.AppendMessage(nil, "", chat, message))
	var e *callError
	if errors.As(err, &e) && e.Code == http.StatusBadRequest && !e.says("not found") {
		return c.strip(ctx, chat, message)
	}
	return c.settled(chat, err)
}

// strip removes the buttons of a message.
func (c *Channel) strip(ctx context.Context, chat, message int64) error {
	_, err := c.api.send(ctx, "editMessageReplyMarkup", botapi.AppendMessage(nil, "", chat, message))
	return c.settled(chat, err)
}

// settled returns the error of a clean-up call. A message or chat that cannot be
// changed any more counts as success.
func (c *Channel) settled(chat int64, err error) error {
	var e *callError
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

// sleep waits for d. It returns false if ctx ends first.
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

// link returns the address of the private chat with the bot.
func link(username string) string { return fmt.Sprintf("https://t.me/%s", username) }
