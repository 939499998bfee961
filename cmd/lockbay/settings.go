package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
)

// Secret is a setting that is never printed.
type Secret string

// Decode refuses an empty text: it is the value of a variable that is not set, for example, and whoever gave it wants a secret.
func (s *Secret) Decode(ctx *kong.DecodeContext) error {
	var text string
	if err := ctx.Scan.PopValueInto("text", &text); err != nil {
		return err
	}
	if *s = Secret(text); text == "" {
		return errors.New("is empty; leave it out for none")
	}
	return nil
}

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "••••"
}

// Settings are the configuration. A setting has one name as flag, environment variable and entry of the file.
type Settings struct {
	DatabaseURL       string `group:"Storage" name:"database-url" env:"LOCKBAY_DATABASE_URL" placeholder:"URL" help:"sqlite:PATH or postgres://… (default: SQLite in the user's data folder)"`
	DatabaseDirectURL string `group:"Storage" name:"database-direct-url" env:"LOCKBAY_DATABASE_DIRECT_URL" placeholder:"URL" help:"URL past a pooler, for LISTEN (default: the database URL)"`
	RedisURL          Secret `group:"Storage" name:"redis-url" env:"LOCKBAY_REDIS_URL" placeholder:"URL" help:"redis://…, redis-sentinel://… or redis-cluster://…; with TLS rediss…"`
	Mode              string `group:"Storage" name:"mode" env:"LOCKBAY_MODE" default:"database" enum:"lightweight,database,redis,hybrid" help:"where drafts are written"`

	Listen         string  `group:"Page" name:"listen" env:"LOCKBAY_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"address of page and webhook; port 0 picks a free one"`
	PublicURL      string  `group:"Page" name:"public-url" env:"LOCKBAY_PUBLIC_URL" placeholder:"URL" help:"public address of the page, https://…"`
	TrustedProxies string  `group:"Page" name:"trusted-proxies" env:"LOCKBAY_TRUSTED_PROXIES" placeholder:"NETS" help:"addresses or networks whose X-Forwarded-For is trusted"`
	RateLimit      float64 `group:"Page" name:"rate-limit" placeholder:"N" env:"LOCKBAY_RATE_LIMIT" default:"10" help:"inputs a second from one person; 0: no limit"`
	LivePages      int     `group:"Page" name:"live-pages" placeholder:"N" env:"LOCKBAY_LIVE_PAGES" default:"10000" help:"open pages that hear of changes at once, of this instance; the others ask each ten seconds"`

	TelegramToken   Secret `group:"Telegram" name:"telegram-token" env:"LOCKBAY_TELEGRAM_TOKEN" placeholder:"TOKEN" help:"token from @BotFather (default: none, the browser only)"`
	TelegramAPIURL  string `group:"Telegram" name:"telegram-api-url" env:"LOCKBAY_TELEGRAM_API_URL" placeholder:"URL" help:"Bot API server (default: the official one)"`
	TelegramUpdates string `group:"Telegram" name:"telegram-updates" env:"LOCKBAY_TELEGRAM_UPDATES" enum:"polling,webhook," default:"" placeholder:"HOW" help:"how updates arrive (default: webhook with a public URL, else polling)"`
	WebhookSecret   Secret `group:"Telegram" name:"telegram-webhook-secret" env:"LOCKBAY_TELEGRAM_WEBHOOK_SECRET" placeholder:"SECRET" help:"secret of the webhook, 1–256 of A-Za-z0-9_- (default: made once, kept in the database)"`

	Currency      string     `group:"Terms" name:"currency" placeholder:"CODE" env:"LOCKBAY_CURRENCY" help:"currency of amounts without one, and of the quick amounts (default: USD, or the first of --currencies)"`
	Currencies    string     `group:"Terms" name:"currencies" env:"LOCKBAY_CURRENCIES" placeholder:"CODES" help:"offered currencies (default: USD,EUR,GBP,UAH,NGN,BTC,USDT)"`
	Fee           string     `group:"Terms" name:"fee" env:"LOCKBAY_FEE" placeholder:"FEE" help:"fee of a deal, for example percent=5,payer=split,minimum.USD=1; refund=keep keeps it when the buyer cancels after paying (in the file: the table [fee])"`
	Limits        string     `group:"Terms" name:"limits" env:"LOCKBAY_LIMITS" placeholder:"LIMITS" help:"smallest and largest deal, for example USD=5..10000,EUR=5..10000 (in the file: the table [limits])"`
	Instructions  howToPay   `group:"Terms" name:"payment-instructions" env:"LOCKBAY_PAYMENT_INSTRUCTIONS" placeholder:"FILE" help:"file for every currency, or EUR=FILE,BTC=FILE (in the file: the table [payment-instructions]); {id} {amount} {expires} are filled in"`
	PaymentWindow payWindows `group:"Terms" name:"payment-window" placeholder:"DURATION" env:"LOCKBAY_PAYMENT_WINDOW" default:"60m" help:"time to pay, from Confirm until the escrow lapses; with times of currencies: 60m,EUR=48h"`
	Deal          string     `group:"Terms" name:"deal" env:"LOCKBAY_DEAL" placeholder:"DEAL" help:"when the seller accepts (any, or first: before the buyer is asked to pay), and times of an escrow (default: accept=any,accept_within=24h,late=72h,inspection=72h,answer=72h,decision_delay=24h; in the file: the table [deal])"`
	OpenEscrows   *int       `group:"Terms" name:"open-escrows" placeholder:"N" env:"LOCKBAY_OPEN_ESCROWS" help:"unpaid escrows of one person at a time; 0: no limit (default: 20, or 0 with --rate-limit 0)"`
	Support       string     `group:"Terms" name:"support" env:"LOCKBAY_SUPPORT" placeholder:"CONTACT" help:"how to reach the operator: @name, address or URL"`
	Operator      string     `group:"Terms" name:"operator" env:"LOCKBAY_OPERATOR" placeholder:"WHO" help:"who runs this, and when a person answers: name=Bay Escrow,hours=Mon to Fri 9 to 17 UTC (in the file: the table [operator])"`

	Keep       string        `group:"Conversations" name:"keep" env:"LOCKBAY_KEEP" placeholder:"TIMES" help:"how long an escrow that has ended is kept with its people, and its books (default: people=90d,books=10y; in the file: the table [keep])"`
	DraftTTL   time.Duration `group:"Conversations" name:"draft-ttl" placeholder:"DURATION" env:"LOCKBAY_DRAFT_TTL" default:"168h" help:"how long a draft is kept after its last answer; on the page for 24h at most"`
	SessionGap time.Duration `group:"Conversations" name:"session-gap" placeholder:"DURATION" env:"LOCKBAY_SESSION_GAP" default:"30m" help:"pause after which the bot sends its message again"`
	TimeZone   string        `group:"Conversations" name:"time-zone" env:"LOCKBAY_TIME_ZONE" default:"UTC" help:"zone of shown times"`

	AdminListen   string `group:"Operation" name:"admin-listen" env:"LOCKBAY_ADMIN_LISTEN" placeholder:"HOST:PORT" help:"address of /metrics and /console (default: --listen if that is loopback and there is no public URL, else off)"`
	Operators     string `group:"Operation" name:"operators" env:"LOCKBAY_OPERATORS" placeholder:"IDS" help:"Telegram ids of the operators who may press at the desk, for example 123,456 (default: none, orders by this program only)"`
	Desk          string `group:"Operation" name:"desk" env:"LOCKBAY_DESK" placeholder:"ID" help:"where the desk is: a group, for example -1001234567890, or one of --operators in whose chat with the bot it is (default: the first of --operators)"`
	Insight       string `group:"Operation" name:"insight" env:"LOCKBAY_INSIGHT" placeholder:"METRICS" help:"thresholds of lockbay report in percent, and what counts (default: rehydration=5,abandonment=15,complaints=3,restart=10,step=20,felt=1,horizon=24h; in the file: the table [insight])"`
	Cost          string `group:"Operation" name:"cost" env:"LOCKBAY_COST" placeholder:"MODES" help:"what a month costs in each mode, in dollars, and how much more is told: database=20,redis=95,increase=100 (default: unknown; in the file: the table [cost])"`
	Escalation    string `group:"Operation" name:"escalation" env:"LOCKBAY_ESCALATION" placeholder:"WHO" help:"who is told once a threshold is exceeded, for lockbay report --go-no-go: first=Mia @mia,second=Jo +49301234 (default: nobody; in the file: the table [escalation])"`
	Notify        Secret `group:"Operation" name:"notify" env:"LOCKBAY_NOTIFY" placeholder:"WHERE" help:"where alerts go: chat=ID or chat=none, webhook=https://… (default: the desk; in the file: the table [notify])"`
	OperatorToken Secret `group:"Operation" name:"operator-token" env:"LOCKBAY_OPERATOR_TOKEN" placeholder:"TOKEN" help:"secret of /console, the operators' pages, at least 24 characters (default: none, no console)"`
	LogFormat     string `group:"Operation" name:"log-format" env:"LOCKBAY_LOG_FORMAT" enum:"text,json," default:"" help:"format of the log on standard error (default: text on a terminal, else json)"`

	calledURL string // the flag that set DatabaseURL. Defaults to database-url
}

// urlSetting is the flag that set the database's URL.
func (s *Settings) urlSetting() string {
	if s.calledURL != "" {
		return s.calledURL
	}
	return "database-url"
}

// badSetting is an error in one line: the setting, the value and the accepted values.
func badSetting(name, value, accepted string) error {
	return fmt.Errorf("--%s: %q: %s", name, value, accepted)
}

// Validate checks the settings beyond kong's checks. Its error never quotes a secret.
func (s *Settings) Validate() error {
	kind, err := s.checkURL("database-url")
	if err != nil {
		return err
	}
	if u := s.DatabaseDirectURL; u != "" && kind != "postgres" {
		return errors.New("--database-direct-url: needs a --database-url of postgres://…; leave it out")
	} else if u != "" {
		if err := checkPostgres("database-direct-url", u); err != nil {
			return err
		}
	}
	if err := s.checkRedisURL(); err != nil {
		return err
	}
	if (s.Mode == "redis" || s.Mode == "hybrid") && s.RedisURL == "" {
		return badSetting("mode", s.Mode, "needs --redis-url; without Redis use database or lightweight")
	}
	switch {
	case s.Listen == "":
		return badSetting("listen", "", "want host:port, for example 127.0.0.1:8080")
	case s.Listen == s.AdminListen && !strings.HasSuffix(s.Listen, ":0"):
		return badSetting("admin-listen", s.AdminListen, "is the same as --listen: want another port")
	}
	if s.PublicURL != "" {
		u, err := checkSite("public-url", s.PublicURL)
		if err != nil {
			return err
		}
		if u.Path != "" && u.Path != "/" {
			return badSetting("public-url", s.PublicURL, "want the address alone, without a path: the page is at /")
		}
	}
	if s.TelegramAPIURL != "" {
		if _, err := checkSite("telegram-api-url", s.TelegramAPIURL); err != nil {
			return err
		}
	}
	if t := string(s.TelegramToken); t != "" && !regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`).MatchString(t) {
		return errors.New("--telegram-token: want digits, a colon and letters, as @BotFather wrote it")
	}
	if t := string(s.WebhookSecret); t != "" && !regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`).MatchString(t) {
		return errors.New("--telegram-webhook-secret: want 1 to 256 of A-Z a-z 0-9 _ -")
	}
	if t := string(s.OperatorToken); t != "" && len(t) < 24 {
		return errors.New("--operator-token: too short, want at least 24 characters")
	}
	if _, err := s.proxies(); err != nil {
		return err
	}
	_, errKeep := s.keep()
	_, errOperator := s.operator()
	_, _, errDesk := s.desk()
	_, _, errInsight := s.insight()
	_, errCost := s.cost()
	_, errEscalation := s.escalation()
	_, _, errNotify := s.notify()
	_, err = s.rules()
	return cmp.Or(
		checkAddress("listen", s.Listen), checkAddress("admin-listen", s.AdminListen), checkRate(s.RateLimit), checkLivePages(s.LivePages), checkZone(s.TimeZone),
		checkDuration("draft-ttl", s.DraftTTL, longestKept), checkDuration("session-gap", s.SessionGap, longestKept),
		checkOpenEscrows(s.openEscrows()), checkSupport(s.Support), errKeep, errOperator, errDesk, errInsight, errCost, errEscalation, errNotify, err)
}

// checkOffer checks the payment instructions, for the commands that show cards. An operator's order needs none, so it never
// fails because of them.
func (s *Settings) checkOffer() error {
	if err := s.Instructions.check(); err != nil {
		return usageError{err}
	}
	if offered, _ := s.Instructions.payable(s.currencies()); len(offered) == 0 {
		value := cmp.Or(s.Instructions.file, strings.Join(slices.Sorted(maps.Keys(s.Instructions.each)), ", "))
		return usageError{badSetting("payment-instructions", value, "want instructions that name at least one of "+strings.Join(s.currencies(), ", "))}
	}
	return nil
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

// loopback reports whether the page listens on this machine only.
func (s *Settings) loopback() bool {
	host, _, err := net.SplitHostPort(s.Listen)
	return err == nil && isLoopbackHost(host)
}

// metricsHere reports whether /metrics is on the main address: only this machine reaches that, and no proxy leads there.
func (s *Settings) metricsHere() bool {
	return s.AdminListen == "" && s.loopback() && s.PublicURL == ""
}

// database splits the URL into its kind (sqlite, postgres) and the path or URL.
func (s *Settings) database() (kind, where string, err error) {
	u := s.DatabaseURL
	switch {
	case u == "":
		dir, err := dataFolder()
		if err != nil {
			return "", "", fmt.Errorf("--database-url: the data folder is unknown (%w); set sqlite:PATH", err)
		}
		return "sqlite", filepath.Join(dir, fileDatabase), nil
	case strings.HasPrefix(u, "sqlite:"):
		path := strings.TrimPrefix(strings.TrimPrefix(u, "sqlite:"), "//")
		if path == "" || path == ":memory:" {
			return "", "", badSetting("database-url", u, "want sqlite:PATH, the path of a file")
		}
		if strings.Contains(path, "://") || strings.Contains(path, "password=") { // a server's URL may have a password
			return "", "", errors.New("--database-url: want either sqlite:PATH or postgres://…")
		}
		return "sqlite", path, nil
	case isPostgres(u):
		return "postgres", u, nil
	}
	return "", "", errors.New("--database-url: want sqlite:PATH or postgres://…") // any part of another text may be a password
}

// checkURL accepts a usable database URL; setting is the name of its flag. The error never has a password.
func (s *Settings) checkURL(setting string) (kind string, err error) {
	kind, where, err := s.database()
	switch {
	case err != nil:
		return "", errors.New(strings.Replace(err.Error(), "--database-url", "--"+setting, 1))
	case kind == "postgres":
		return kind, checkPostgres(setting, where)
	}
	return kind, checkFile(setting, where)
}

// databaseName names the database for people, without its password.
func (s *Settings) databaseName() string {
	kind, where, _ := s.database()
	if kind == "sqlite" {
		return "SQLite " + where
	}
	u, ok := readURL(where)
	if !ok {
		return "PostgreSQL"
	}
	if u.Host != "" {
		return "PostgreSQL " + u.Host + u.Path
	}
	c, err := pgconn.ParseConfig(where) // the host is a parameter, an environment variable, or a socket
	if err != nil {
		return "PostgreSQL " + strings.TrimPrefix(u.Path, "/")
	}
	if strings.HasPrefix(c.Host, "/") {
		return "PostgreSQL " + c.Database + ", socket in " + c.Host
	}
	return "PostgreSQL " + net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))) + "/" + c.Database
}

func dataFolder() (string, error) {
	if d := os.Getenv("XDG_DATA_HOME"); d != "" {
		return filepath.Join(d, "lockbay"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "share", "lockbay"), nil
}

func (s *Settings) proxies() (nets []netip.Prefix, err error) {
	for _, p := range strings.FieldsFunc(s.TrustedProxies, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := netip.ParsePrefix(p)
		if err != nil {
			a, err := netip.ParseAddr(p)
			if err != nil {
				return nil, badSetting("trusted-proxies", p, "want addresses or networks, for example 10.0.0.0/8")
			}
			n = netip.PrefixFrom(a, a.BitLen())
		}
		nets = append(nets, n)
	}
	return nets, nil
}

// openEscrows is how many unpaid escrows one person may have, 0 for no limit. Trials without a rate limit have none.
func (s *Settings) openEscrows() int {
	switch {
	case s.OpenEscrows != nil:
		return *s.OpenEscrows
	case s.RateLimit == 0:
		return 0
	}
	return usualOpen
}

// proxyTrouble says what is wrong if the proxy in front is not trusted. This program serves no HTTPS, so a public address
// has a proxy.
func (s *Settings) proxyTrouble() string {
	if s.PublicURL == "" || s.TrustedProxies != "" {
		return ""
	}
	return "set --trusted-proxies to the address of the proxy in front of --public-url, for example 127.0.0.1: otherwise the addresses of visitors are unknown, and their limits may count them as one"
}

// updates is how Telegram's updates arrive: polling or webhook.
func (s *Settings) updates() string {
	if s.TelegramUpdates != "" {
		return s.TelegramUpdates
	}
	if s.PublicURL != "" {
		return "webhook"
	}
	return "polling"
}

func (s *Settings) mode() dialog.Mode {
	m, _ := dialog.ParseMode(s.Mode)
	return m
}

func (s *Settings) zone() *time.Location {
	z, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

// pairs reads a=b,c=d.
func pairs(name, text string) (map[string]string, error) {
	out, seen := map[string]string{}, map[string]bool{}
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		k, v, ok := strings.Cut(part, "=")
		if !ok {
			return nil, badSetting(name, part, "want name=value, separated by commas")
		}
		k = strings.TrimSpace(k)
		if seen[strings.ToUpper(k)] {
			return nil, badSetting(name, k, "is given twice: give it once")
		}
		seen[strings.ToUpper(k)] = true
		out[k] = strings.TrimSpace(v)
	}
	return out, nil
}

// rules are the service's rules as configured.
func (s *Settings) rules() (*lockbay.Rules, error) {
	r := lockbay.DefaultRules()
	r.Currencies, r.Default = s.currencies(), s.currency()
	for _, c := range r.Currencies {
		if limits, fee, ok := lockbay.Usual(c); ok {
			r.Limits[c], r.Fee.Minimum[c] = limits, fee
		}
	}
	if err := s.setLimits(r); err != nil {
		return nil, err
	}
	if err := s.setFee(r); err != nil {
		return nil, err
	}
	var err error
	if r.Times, err = s.times(); err != nil {
		return nil, err
	}
	if err := s.setAccept(r); err != nil {
		return nil, err
	}
	r.PaymentWindow = max(s.PaymentWindow.usual, time.Minute) // trials use less, which Rules reject
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("--%w", err)
	}
	r.PaymentWindow, r.PaymentWindows = s.PaymentWindow.usual, s.PaymentWindow.each
	s.withdraw(r)
	return r, nil
}

// currencies are the configured currencies.
func (s *Settings) currencies() []string {
	if s.Currencies == "" {
		return lockbay.DefaultRules().Currencies
	}
	return strings.FieldsFunc(strings.ToUpper(s.Currencies), func(c rune) bool { return c == ',' || c == ' ' })
}

// currency is the currency of amounts without one. Unless it is set, it is the usual one if that is offered, else the first.
func (s *Settings) currency() string {
	usual, offered := lockbay.DefaultRules().Default, s.currencies()
	switch {
	case s.Currency != "":
		return strings.ToUpper(s.Currency)
	case len(offered) > 0 && !slices.Contains(offered, usual):
		return offered[0]
	}
	return usual
}

// withdraw takes the currencies without payment instructions out of r, unless none would be left: see checkOffer. If the
// default is one of them, the first currency that is left is the default.
func (s *Settings) withdraw(r *lockbay.Rules) {
	offered, _ := s.Instructions.payable(r.Currencies)
	if len(offered) == 0 {
		return
	}
	if !slices.Contains(offered, r.Default) {
		r.Default = offered[0]
	}
	r.Currencies = offered
}

// setLimits reads --limits into r.
func (s *Settings) setLimits(r *lockbay.Rules) error {
	limits, err := pairs("limits", s.Limits)
	if err != nil {
		return err
	}
	for c, v := range limits {
		c = strings.ToUpper(c)
		low, high, ok := strings.Cut(v, "..")
		a, err1 := lockbay.MoneyOf(low, c)
		b, err2 := lockbay.MoneyOf(high, c)
		if !ok || err1 != nil || err2 != nil {
			return badSetting("limits", c+"="+v, "want CODE=LOW..HIGH, for example USD=5..10000")
		}
		r.Limits[c] = lockbay.Range{Min: a.Minor, Max: b.Minor}
	}
	return nil
}

// What is kept of the fee when the buyer cancels after paying: the setting refund of --fee.
const (
	feeBack = "none"
	feeKept = "keep"
)

// refund is the setting in force.
func refund(r *lockbay.Rules) string {
	if r.Fee.Keep {
		return feeKept
	}
	return feeBack
}

// setFee reads --fee into r.
func (s *Settings) setFee(r *lockbay.Rules) error {
	fee, err := pairs("fee", s.Fee)
	if err != nil {
		return err
	}
	for k, v := range fee {
		c, minimum := strings.CutPrefix(k, "minimum.")
		switch {
		case k == "percent":
			p, err := strconv.ParseFloat(strings.TrimSuffix(v, "%"), 64)
			points := math.Round(p * 100)
			if err != nil || math.IsNaN(p) || math.Abs(p) > 100 || math.Abs(points-p*100) > 1e-6 {
				return badSetting("fee", k+"="+v, "want a percentage from 0 to 50 with at most two decimals, for example percent=2.5")
			}
			r.Fee.BasisPoints = int(points)
		case k == "payer":
			if err := lockbay.FieldOf(lockbay.FieldFeePayer).CheckWord(v); err != nil {
				return badSetting("fee", k+"="+v, "want buyer, seller or split")
			}
			r.FeePayer = v
		case k == "refund":
			if v != feeBack && v != feeKept {
				return badSetting("fee", k+"="+v, "want none or keep")
			}
			r.Fee.Keep = v == feeKept
		case minimum:
			m, err := lockbay.MoneyOf(v, strings.ToUpper(c))
			if err != nil {
				return badSetting("fee", k+"="+v, "want minimum.CODE=AMOUNT, for example minimum.USD=1")
			}
			r.Fee.Minimum[m.Currency] = m.Minor
		default:
			return badSetting("fee", k, "want percent, payer, refund or minimum.CODE")
		}
	}
	return nil
}
