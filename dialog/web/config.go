package web

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/internal/limit"
)

// VisitorPrefix begins the owners that visitors are, unless Config.Owner is another.
const VisitorPrefix = "web:"

// Config of the page. Engine and Key are needed.
type Config struct {
	Engine *dialog.Engine

	// Key signs cookies and form tokens: at least 32 bytes, shared by all
	// instances. Signatures of OldKey stay valid, for rotation.
	Key, OldKey []byte

	// Name stands beside the logo and in titles. Defaults to the engine's bot.
	Name string
	// PublicURL is the address of the page, for example https://pay.example.
	// Defaults to the host of each request.
	PublicURL string
	// Hosts are further host names (without port) accepted on a loopback address.
	// localhost, loopback addresses and the public URL's host are always accepted.
	Hosts []string
	// Words are the page's own texts; words.go has their codes. Defaults to
	// English.
	Words dialog.Words
	// Languages of the texts, the default language first. Defaults to "en".
	Languages []string
	// Menu are the actions that apply to no draft, on every card. Defaults to
	// create, resume, status, help and start. A card's own button may have one of these
	// names: it is bound to the card, unless it is dialog.Button.Free. Whoever writes one of them, back, cancel or
	// restart into a field with a slash before it, and nothing else, gives this command, as
	// in a chat.
	Menu []string
	// Takes reports whether a command of Menu has this argument, which is not empty. So a text that
	// begins with a slash is an answer, and /status ESC-… is a command. Defaults to none.
	Takes func(name, argument string) bool
	// Telegram returns the name of the same bot in Telegram, without @, as soon as it
	// is known. A visitor whose browser keeps no cookie is sent there. Defaults to
	// none.
	Telegram func() string
	// HelpURL and TelegramURL are linked in the foot. HelpURL defaults to the
	// short page at /help, TelegramURL to no link.
	HelpURL, TelegramURL string
	// Support is the contact of a person who helps: @name on Telegram, an email
	// address, or a URL. Texts that name it have a link. Defaults to none.
	Support string
	// Hours say when that person answers. Defaults to none.
	Hours string
	// Help are the questions and answers of the page at /help, in a language.
	// Defaults to none.
	Help func(lang string) []Answer

	// Write is the action by which a visitor writes to the people who help: a button on the page at
	// /help, a command like those of Menu, and the name of the question that then asks for the
	// text. Defaults to none.
	Write string

	// Flow is the flow whose conversations stand on the page beside the visitor's own, and in the
	// list. Defaults to all flows.
	Flow string
	// Waiting are the steps of conversations that wait for their owner: they come
	// first on the page at /list. Defaults to none.
	Waiting []string

	// Invite reads what stands behind /s/ in the path of a link to a conversation in which the
	// visitor, whose owner this is, may take a seat. It writes nothing. A nil Invitation: the link leads to nothing, or
	// does no more. The buttons of the card that act are those of its form, which joins whatever
	// its button. Defaults to no such pages.
	Invite func(ctx context.Context, owner, link string, v dialog.View) (*Invitation, error)

	// Devices sign people in and out: then a browser has the conversations of a person whom another channel knows. Defaults
	// to none.
	Devices Devices

	// RateLimit is inputs per second of one visitor, with bursts of six seconds.
	// An address (IPv6: /64) gets ten times as many, its /24 (IPv6: /48) forty
	// times; loopback has no limit. 0: off.
	RateLimit float64
	// LivePages is how many pages may hear of changes at once at this instance. One visitor has
	// at most eight, an address (IPv6: /64) as many as it may have connections. The others ask
	// now and then. Defaults to 10,000; negative: none.
	LivePages int
	// TrustedProxies are the proxies whose X-Forwarded-For and X-Forwarded-Proto
	// count.
	TrustedProxies []netip.Prefix
	// AnonymousCap is how many new visitors may begin a conversation in 24 hours
	// at this instance. An address (IPv6: /64) may begin a hundredth of them, its
	// /24 (/48) a twentieth, its /16 (/32) a quarter; loopback counts separately, as one.
	// Beyond the cap, and beyond that of its /16 (/32), each /24 (/48) still begins
	// a few, so that nobody can use them up for others. Defaults to 20,000; negative: no cap.
	AnonymousCap int
	// Starts are the names of actions that start a conversation of its own. The visitors of one
	// address (IPv6: /64) start at most StartCap in StartSpan, those of its /24 (/48) four
	// times as many; loopback has no cap. Defaults to none.
	Starts    []string
	StartCap  int
	StartSpan time.Duration
	// Owner prefixes the visitor's id. Defaults to VisitorPrefix.
	Owner string

	// Log of faults, without personal data. Defaults to slog.Default.
	Log *slog.Logger
	// Now is the clock of the limits. Defaults to time.Now.
	Now func() time.Time
}

// Answer is a question of the page at /help with its answer.
type Answer struct{ Question, Text string }

func (c Config) withDefaults() (Config, error) {
	if c.Engine == nil {
		return c, fmt.Errorf("web: Config.Engine is missing")
	}
	if len(c.Key) < 32 || c.OldKey != nil && len(c.OldKey) < 32 {
		return c, fmt.Errorf("web: Config.Key or OldKey has fewer than 32 bytes")
	}
	if c.Name == "" {
		c.Name = c.Engine.Bot()
	}
	if c.Takes == nil {
		c.Takes = func(string, string) bool { return false }
	}
	if len(c.Languages) == 0 {
		c.Languages = []string{"en"}
	}
	if c.Menu == nil {
		c.Menu = []string{"create", "resume", "status", "help", "start"}
	}
	if c.HelpURL == "" {
		c.HelpURL = "/help"
	}
	if c.AnonymousCap == 0 {
		c.AnonymousCap = 20_000
	}
	if c.LivePages == 0 {
		c.LivePages = 10_000
	}
	if c.Owner == "" {
		c.Owner = VisitorPrefix
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}

// reserved is how many new visitors of a network begin in 24 hours beyond AnonymousCap and
// its provider's share, reservedAll how many of all networks of a provider. A /16 has 256
// networks.
const (
	reserved    = 5
	reservedAll = 256 * reserved
)

// Site is the page's http.Handler. [Server] serves it with the bounds that it needs.
type Site struct {
	cfg         Config
	engine      *dialog.Engine
	keys        keys
	cross       *http.CrossOriginProtection
	public      *url.URL // nil: none
	hosts       map[string]bool
	menu        map[string]bool
	typed       map[string]bool // commands
	cookie      string          // name of the visitor's cookie, without __Host-
	assets      *assets
	pages       *template.Template
	owners      *limit.Limiter
	addrs       networks
	newcomers   *limit.Limiter // new visitors, all together; those of loopback
	newcomersAt networks       // new visitors of an address and its network
	providers   networks       // new visitors of a provider
	reserve     networks       // new visitors of a network beyond providers and newcomers
	signIns     *limit.Limiter // sign-ins of a person
	signInsAt   networks       // sign-ins of a network
	starts      networks       // conversations that Starts started
	bodies      *bodies
	audience    *audience
	proxies     warning // that proxies are not trusted
	unknown     warning // hosts
	knownMu     sync.Mutex
	known       *limit.Recent[struct{}]     // visitors that have a conversation
	shown       *limit.Recent[*dialog.Card] // the cards that visitors see
}

// New makes the page.
func New(cfg Config) (*Site, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Site{
		cfg: cfg, engine: cfg.Engine, keys: keys{cfg.Key}, assets: packed(),
		cross: http.NewCrossOriginProtection(), hosts: map[string]bool{"localhost": true}, menu: map[string]bool{}, typed: map[string]bool{"back": true, "cancel": true, "restart": true},
		cookie: cookieName(cfg.Engine.Bot()), bodies: newBodies(), audience: newAudience(cfg.LivePages), proxies: warning{log: cfg.Log}, unknown: warning{log: cfg.Log}, known: limit.NewRecent[struct{}](1 << 16), shown: limit.NewRecent[*dialog.Card](1 << 9),
	}
	s.pages = s.templates()
	if cfg.OldKey != nil {
		s.keys = append(s.keys, cfg.OldKey)
	}
	for _, name := range append(slices.Clone(cfg.Menu), cfg.Write) {
		s.menu[name], s.typed[name] = name != "", name != ""
	}
	if cfg.Devices != nil {
		s.signIns, s.signInsAt, s.typed["devices"] = newSignIns(), networks{nil, newSignIns()}, true
	}
	for _, h := range cfg.Hosts {
		s.hosts[strings.ToLower(h)] = true
	}
	if cfg.PublicURL != "" {
		if s.public, err = url.Parse(cfg.PublicURL); err != nil || s.public.Host == "" {
			return nil, fmt.Errorf("web: public URL %q: want https://host", cfg.PublicURL)
		}
		if strings.ContainsFunc(s.public.Host, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return nil, fmt.Errorf("web: public URL %q: want the host as browsers send it, in ASCII (xn--…)", cfg.PublicURL)
		}
		s.hosts[strings.ToLower(s.public.Hostname())] = true
		// a proxy may send another Host than the browser
		if err := s.cross.AddTrustedOrigin(s.public.Scheme + "://" + s.public.Host); err != nil {
			return nil, fmt.Errorf("web: public URL %q: %w", cfg.PublicURL, err)
		}
	}
	if r := cfg.RateLimit; r > 0 {
		s.owners, s.addrs = limit.PerPerson(r), networks{limit.PerPerson(10 * r), limit.PerPerson(40 * r)}
	}
	if n := float64(cfg.AnonymousCap); n > 0 {
		const day = 24 * 60 * 60
		share := func(of float64) *limit.Limiter { return limit.New(max(1, n/of)/day, max(1, n/of)) }
		s.newcomers, s.newcomersAt, s.providers = share(1), networks{share(100), share(20)}, networks{nil, nil, share(4)}
		s.reserve = networks{nil, limit.New(reserved/day, reserved), limit.New(reservedAll/day, reservedAll)}
	}
	if n := float64(cfg.StartCap); n > 0 && cfg.StartSpan > 0 {
		perSecond := n / cfg.StartSpan.Seconds()
		s.starts = networks{limit.New(perSecond, n), limit.New(4*perSecond, 4*n)}
	}
	return s, nil
}
