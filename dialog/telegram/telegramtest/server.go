package telegramtest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// defaultToken has the shape of a real token, because some clients reject shorter ones.
const defaultToken = "123456:AAFakeFakeFakeFakeFakeFakeFakeFake0"

// Options configure a Server. The zero value is the fast mode.
type Options struct {
	// Strict checks every request against its method's schema and every text and keyboard against the API's limits, and
	// records calls and a transcript of every chat. Without Strict the server is as fast as possible, for load tests.
	// Defaults to false.
	Strict bool

	// Now is the server's clock, for the expiry of updates and taps and the age of messages. Backoff and long polls
	// wait in real time. Defaults to time.Now.
	Now func() time.Time

	// Token is the bot's token. Defaults to one of the usual length.
	Token string

	// Privacy is the bot's privacy mode, which @BotFather turns on for a new bot: of what people write in a group the bot gets
	// commands for it and replies to its own messages. Defaults to false: it gets everything.
	Privacy bool

	// RetryScale scales the backoff of webhook deliveries (2, 4, 8 … s): 0.001 makes them milliseconds. It also scales a
	// webhook's Retry-After. Defaults to 1.
	RetryScale float64

	// WebhookTimeout is how long a webhook may take to answer. Defaults to 60 s.
	WebhookTimeout time.Duration

	// Keyboard is an additional check of every reply_markup in strict mode, for example by a second library. Defaults to
	// none.
	Keyboard func(raw []byte) error

	// OnViolation is called with each violation at once, for example to call t.Error. Defaults to none.
	OnViolation func(Violation)

	// Fail is called, for example as t.Fatalf, when a test asks a person for an impossible action. Defaults to a panic.
	Fail func(format string, args ...any)

	// Logf logs every call and delivery. Defaults to none.
	Logf func(format string, args ...any)
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Token == "" {
		o.Token = defaultToken
	}
	if o.RetryScale == 0 {
		o.RetryScale = 1
	}
	if o.WebhookTimeout == 0 {
		o.WebhookTimeout = time.Minute
	}
	if o.Fail == nil {
		o.Fail = func(format string, args ...any) { panicf(format, args...) }
	}
	return o
}

// lastQuery counts the taps of all servers, since the id of a callback query is unique over all bots.
var lastQuery atomic.Int64

// Server is a fake Bot API server for one bot on a loopback port. All methods may be called concurrently.
type Server struct {
	opt    Options
	listen net.Listener
	prefix string // of a call's path: "/bot" + token + "/"
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
	client *http.Client // posts to the webhook

	wireBot     wireUser
	lastMessage atomic.Int64 // of private chats and basic groups: one sequence per bot, as in reality
	onShow      atomic.Pointer[func(chat int64, messageID int, text string, rows [][]Button)]
	onRemove    atomic.Pointer[func(chat int64, messageID int)]
	faulty      atomic.Bool // faults is not empty
	connections atomic.Int64

	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	chats    map[int64]*chat
	people   map[int64]*Person
	queries  map[string]*query // callback queries by id
	counts   map[string]int    // calls by method
	calls    []Call
	breaches []Violation

	unrecorded int        // calls in strict mode whose effect may be seen before their record
	recorded   *sync.Cond // one fewer

	faults  []*plannedFault
	bot     botSettings
	changed chan struct{} // closed at the next change; nil without a waiter

	// Updates: see updates.go.
	pending      []*queued
	nextUpdate   int64
	zeroIDs      bool
	inaccessible int             // number of next taps with an inaccessible message
	allowed      map[string]bool // nil: the default kinds
	poll         *poll           // the waiting long poll
	hook         *webhook
	dropped      []Update
}

// New starts a server on a free port of 127.0.0.1. It panics without a free port.
func New(o Options) *Server {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panicf("telegramtest: %v", err)
	}
	o = o.withDefaults()
	s := &Server{
		opt: o, listen: listen, wireBot: botOf(o.Token), prefix: "/bot" + o.Token + "/",
		conns: map[net.Conn]struct{}{}, chats: map[int64]*chat{}, people: map[int64]*Person{},
		queries: map[string]*query{}, counts: map[string]int{},
		nextUpdate: 700_000_001,
		bot:        botSettings{name: "Test bot", commands: "[]"},
	}
	s.recorded = sync.NewCond(&s.mu)
	s.lastMessage.Store(100)
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.wg.Add(1)
	go s.accept()
	return s
}

// URL returns the server's URL without a final slash. A bot uses it in place of the official one.
func (s *Server) URL() string { return "http://" + s.listen.Addr().String() }

// Token returns the bot's token. Calls with another token fail with 401.
func (s *Server) Token() string { return s.opt.Token }

// BotUsername returns the bot's name in commands such as /start@BotUsername.
func (s *Server) BotUsername() string { return botUsername }

// Connections returns the number of TCP connections that clients have opened so far. A test can assert that clients reuse
// connections.
func (s *Server) Connections() int { return int(s.connections.Load()) }

// Close ends all connections and deliveries and returns when they have ended. It may be called twice.
func (s *Server) Close() {
	s.stop()
	s.listen.Close()
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
	s.client.CloseIdleConnections()
}

// OnShow sets a hook for each message that the bot sends or edits. It runs before the bot gets its answer. In strict mode
// text is as people see it, in fast mode as sent, with markup. The hook may use the server and should be fast. Concurrent
// calls for one chat may show in either order.
func (s *Server) OnShow(f func(chat int64, messageID int, text string, rows [][]Button)) {
	s.onShow.Store(&f)
}

// OnRemove sets a hook for each message that the bot deletes, under the rules of OnShow. Whoever follows the newest message of
// a chat needs it: a bot may turn to an older message, and delete the newest.
func (s *Server) OnRemove(f func(chat int64, messageID int)) { s.onRemove.Store(&f) }

// NewMessageID reserves the id of a message in a private chat, for tests that make their own updates.
func (s *Server) NewMessageID() int { return int(s.lastMessage.Add(1)) }

func (s *Server) accept() {
	defer s.wg.Done()
	for {
		c, err := s.listen.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.ctx.Err() != nil {
			s.mu.Unlock()
			c.Close()
			return
		}
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.connections.Add(1)
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			(&conn{s: s, net: c}).serve()
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		}()
	}
}

// notify wakes the waiters for a change. The caller holds the lock.
func (s *Server) notify() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// changes returns a channel that closes at the next change. The caller holds the lock.
func (s *Server) changes() <-chan struct{} {
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed
}

func (s *Server) logf(format string, args ...any) {
	if s.opt.Logf != nil {
		s.opt.Logf(format, args...)
	}
}
