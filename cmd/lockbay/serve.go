package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram"
	"github.com/lockbay/lockbay/dialog/web"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/texts"
)

// A graceful stop takes less than ten seconds: it reports draining, answers on for a moment, finishes the open requests
// and shows the pending cards.
const (
	lingerHere  = 300 * time.Millisecond // a loopback page has no load balancer
	lingerWorld = 2 * time.Second        // time for a load balancer to ask /readyz
	shutFor     = 4 * time.Second        // for open requests
	closeFor    = 3 * time.Second        // for pending cards
)

type serveCmd struct{}

// server is a running instance.
type server struct {
	app        *app
	isNew      bool // the database was created
	log        *slog.Logger
	metrics    *metrics
	tg         *telegram.Channel // nil: the browser only
	draining   atomic.Bool
	endStreams func() // of open pages
	ready      readiness
	srv        []*http.Server
	lookout    lookout
	broken     chan error // errors of listeners that ended by themselves
	addr       string     // of the page
	admin      string     // of /metrics, with --admin-listen
}

// Run serves until a signal ends it.
func (c *serveCmd) Run(p *program, set *Settings) error {
	if err := set.checkOffer(); err != nil {
		return err
	}
	log := set.logger(p.err)
	s, err := startServer(p.ctx, set, log)
	if err != nil {
		return err
	}
	for _, line := range s.greeting() {
		fmt.Fprintln(p.out, line)
	}
	return s.serve(p.ctx)
}

// greeting describes the running server for people.
func (s *server) greeting() []string {
	set := s.app.set
	lines := []string{"LockBay is at http://" + reachable(s.addr)}
	if set.PublicURL != "" {
		lines[0] += ", publicly at " + set.PublicURL
	}
	if s.admin != "" {
		lines = append(lines, "Metrics are at http://"+reachable(s.admin)+"/metrics")
	}
	lines = append(lines, s.consoleLine()...)
	lines = append(lines, dataIsIn(set, s.isNew))
	if s.tg == nil {
		lines = append(lines, "No Telegram token, so the browser only: lockbay help serve lists the settings")
	} else {
		lines = append(lines, "Telegram's updates come by "+set.updates())
	}
	return lines
}

// dataIsIn names the database. Whoever mistypes its path reads that it is new.
func dataIsIn(set *Settings, isNew bool) string {
	line := "Data is in " + set.databaseName()
	if isNew {
		line += ", which is new: it has no escrows yet"
	}
	return line
}

// reachable is the address at which this machine reaches a listener at addr.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// startServer opens everything and listens.
func startServer(ctx context.Context, set *Settings, log *slog.Logger) (*server, error) {
	m, isNew := newMetrics(), set.isNew(ctx)
	a, err := newApp(ctx, set, false, m.recorder(log), m.redis)
	if err != nil {
		return nil, err
	}
	// A database without write permission fails here rather than with the first person.
	if _, err := a.store.Lease(ctx, "start:"+botName, a.engine.Host(), time.Second); err != nil {
		a.close(ctx)
		return nil, set.databaseTrouble(err)
	}
	s := &server{app: a, lookout: lookout{app: a}, isNew: isNew, log: log, metrics: m, broken: make(chan error, 2)}
	if err := s.listen(ctx, set, m); err != nil {
		for _, srv := range s.srv {
			_ = srv.Close()
		}
		a.close(ctx)
		return nil, err
	}
	if set.RedisURL == "" {
		go func() {
			if n, err := a.store.DraftsInRedis(ctx); err == nil && n > 0 {
				log.Warn(fmt.Sprintf(leftBehind, n))
			}
		}()
	}
	return s, nil
}

// listen assembles and opens the HTTP handlers: page, webhook, health, metrics.
func (s *server) listen(ctx context.Context, set *Settings, m *metrics) error {
	if err := s.attach(ctx, set); err != nil {
		return err
	}
	page, err := s.page(ctx, set)
	if err != nil {
		return err
	}
	m.watch(s.app.engine)
	m.watchPages(page)
	s.endStreams = page.Drain
	m.watchDesk(s.tg)
	ops, err := s.forOperators(ctx, set, page, m)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.tellBareProxy(set, page))
	s.health(mux)
	if s.tg != nil && set.updates() == "webhook" {
		mux.Handle("/telegram/webhook", s.tg)
	}
	switch {
	case set.AdminListen != "":
		admin := http.NewServeMux()
		admin.Handle("/", ops)
		s.health(admin)
		if s.admin, err = s.open(ctx, set.AdminListen, admin); err != nil {
			return fmt.Errorf("--admin-listen: %q: %w", set.AdminListen, reason(err))
		}
	case set.metricsHere():
		mux.Handle("GET /metrics", hereOnly(ops, page))
		if set.OperatorToken != "" {
			mux.Handle("/console", hereOnly(ops, page))
			mux.Handle("/console/", hereOnly(ops, page))
		}
	}
	if s.addr, err = s.open(ctx, set.Listen, mux); err != nil {
		return fmt.Errorf("--listen: %q: %w; is another lockbay running? --listen 127.0.0.1:0 picks a free port", set.Listen, reason(err))
	}
	here := concrete(s.addr)
	s.app.page.Store(&here)
	return nil
}

// attach connects the Telegram channel, if there is a token.
func (s *server) attach(ctx context.Context, set *Settings) (err error) {
	if set.TelegramToken == "" {
		return nil
	}
	if s.tg, err = s.telegram(ctx, set); err != nil {
		return err
	}
	s.app.tg.Store(s.tg)
	s.app.engine.Attach(s.tg)
	return nil
}

// page is the page for people.
func (s *server) page(ctx context.Context, set *Settings) (*web.Site, error) {
	key, err := web.Key(ctx, s.app.engine)
	if err != nil {
		return nil, set.databaseTrouble(err)
	}
	proxies, _ := set.proxies()
	cfg := web.Config{
		Engine: s.app.engine, Key: key, Name: "LockBay", PublicURL: set.PublicURL, Words: s.app.intake.PageWords,
		Languages: texts.Languages(), RateLimit: set.RateLimit, TrustedProxies: proxies, Support: set.Support, Hours: s.app.operator.Hours, Log: s.log, Telegram: s.app.username,
		Takes: intake.Takes, Invite: s.app.invite, Help: s.app.help, Devices: pageDevices{s.app.devices}, Flow: deal.FlowName, Write: intake.CommandSupport, Waiting: []string{string(lockbay.PaymentPending)},
	}
	if cfg.LivePages = set.LivePages; cfg.LivePages == 0 {
		cfg.LivePages = -1 // none
	}
	if open := set.openEscrows(); open > 0 {
		cfg.Starts, cfg.StartCap, cfg.StartSpan = []string{"confirm"}, 5*open, s.app.rules.LongestWindow()
	}
	if host, _, _ := net.SplitHostPort(set.Listen); host != "" {
		cfg.Hosts = []string{host}
	}
	return web.New(cfg)
}

// health answers those who watch the process.
func (s *server) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
}

// forOperators has what only operators may see: the metrics, and the console if there is a token for it.
func (s *server) forOperators(ctx context.Context, set *Settings, page *web.Site, m *metrics) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.handler())
	if set.OperatorToken == "" {
		return mux, nil
	}
	pages, err := s.console(ctx, set, page, m)
	if err != nil {
		return nil, err
	}
	mux.Handle("/console", pages)
	mux.Handle("/console/", pages)
	return mux, nil
}

// invite reads the link of a seller.
func (a *app) invite(ctx context.Context, owner, link string, v dialog.View) (*web.Invitation, error) {
	id := deal.LinkedID(link)
	if id == "" {
		return nil, nil
	}
	r, _, err := a.engine.Hydrate(ctx, dialog.Key{Bot: botName, Flow: deal.FlowName, ID: id})
	if err != nil || r.Version == 0 {
		return nil, err
	}
	if as, sits := r.AsOf(owner); sits && as.Role() != "" {
		return &web.Invitation{Joined: as}, nil
	}
	card, command, ok := a.deal.Invited(r, link, v)
	if !ok {
		return nil, nil
	}
	return &web.Invitation{Card: card, Command: command}, nil
}

// help are the questions and answers of the help page.
func (a *app) help(lang string) (list []web.Answer) {
	for _, w := range a.intake.Help(lang) {
		list = append(list, web.Answer{Question: w.Ask, Text: w.Answer})
	}
	return list
}

// reason is the cause of a listener's error, without the address.
func reason(err error) error {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err
	}
	return err
}

// proxyHeaders are the headers that proxies add.
var proxyHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"}

// hereOnly serves requests of this machine with h. Requests through a proxy, or under a name other than loopback, go to
// elsewhere: they come from a loopback address on behalf of another machine.
func hereOnly(h, elsewhere http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !asksHere(r) {
			elsewhere.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// asksHere reports whether a request asks for a name of loopback and has no header of a proxy.
func asksHere(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	for _, name := range proxyHeaders {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	return isLoopbackHost(host)
}

// tellBareProxy warns, once a minute, that a browser asks for this machine although there is a public name: its
// proxy forwards no name, so that the page takes the public for this machine, and its cookies lack Secure.
func (s *server) tellBareProxy(set *Settings, h http.Handler) http.Handler {
	public, err := url.Parse(set.PublicURL)
	if err != nil || set.PublicURL == "" || isLoopbackHost(public.Hostname()) {
		return h
	}
	quiet := &everyMinute{last: map[string]time.Time{}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Mode") == "navigate" && asksHere(r) && quiet.may("bare proxy") {
			s.log.Warn("a browser asked for " + r.Host + ", not for " + set.PublicURL + "; if it came through a proxy, let the proxy send Host, X-Forwarded-For and X-Forwarded-Proto (nginx: proxy_set_header Host $host), or cookies are not marked as secure")
		}
		h.ServeHTTP(w, r)
	})
}

// open listens at addr.
func (s *server) open(ctx context.Context, addr string, h http.Handler) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	proxies, _ := s.app.set.proxies()
	srv := web.Server(h)
	srv.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.srv = append(s.srv, srv)
	go func() {
		if err := srv.Serve(web.Bounded(l, proxies, s.app.set.LivePages)); !errors.Is(err, http.ErrServerClosed) {
			s.broken <- fmt.Errorf("listen at %s: %w", addr, err)
		}
	}()
	return l.Addr().String(), nil
}

// telegram makes the Telegram channel.
func (s *server) telegram(ctx context.Context, set *Settings) (*telegram.Channel, error) {
	cfg := telegram.Config{
		Engine: s.app.engine, Token: string(set.TelegramToken), APIURL: set.TelegramAPIURL,
		Words: words, Log: s.log, Commands: commands(), RateLimit: set.RateLimit, Groups: set.deskGroups(),
	}
	if set.updates() == "webhook" {
		cfg.Secret = string(set.WebhookSecret)
		if cfg.Secret == "" {
			secret := make([]byte, 24)
			_, _ = rand.Read(secret)
			kept, err := s.app.store.Secret(ctx, webhookSecret, []byte(hex.EncodeToString(secret)))
			if err != nil {
				return nil, set.databaseTrouble(err)
			}
			cfg.Secret = string(kept)
		}
		if set.PublicURL != "" {
			u, err := url.JoinPath(set.PublicURL, "/telegram/webhook")
			if err != nil {
				return nil, badSetting("public-url", set.PublicURL, "want https://…")
			}
			cfg.WebhookURL = u
		}
		cfg.Posted = cfg.WebhookURL == ""
	}
	return telegram.New(cfg), nil
}

// commands of the bot's menu.
func commands() []telegram.Command {
	var list []telegram.Command
	for i, lang := range texts.Languages() {
		for _, name := range []string{"create", "resume", "status", "back", "cancel", "restart", "web", "devices", "support", "help"} {
			c := telegram.Command{Name: name, Description: texts.Words(lang, "command."+name, nil)}
			if i > 0 {
				c.Lang = lang
			}
			list = append(list, c)
		}
	}
	return list
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
}

// serve runs until ctx ends or a listener breaks, then drains.
func (s *server) serve(ctx context.Context) (err error) {
	set := s.app.set
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	updates, stopUpdates := context.WithCancel(work)
	defer stopUpdates()
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.app.engine.Run(work) })
	wg.Go(func() {
		if err := s.app.listen(work); err != nil && work.Err() == nil {
			s.log.Warn("notices of other instances do not arrive; nothing is lost, but changes by another instance show later", "err", err)
		}
	})
	wg.Go(func() { s.count(work) })
	wg.Go(func() { s.watchRollouts(work) })
	if s.app.alerts.Tells() {
		wg.Go(func() { s.watchInputs(work) })
	}
	wg.Go(func() { watchOverdue(work, s.app.store, s.metrics, s.app.trouble) })
	if s.tg != nil {
		wg.Go(func() {
			if err := s.tg.Run(updates); err != nil && updates.Err() == nil {
				s.log.Error("telegram", "err", err)
			}
		})
	}
	if trouble := set.proxyTrouble(); trouble != "" {
		s.log.Warn(trouble)
	}
	s.log.Info("serving", "addr", s.addr, "database", set.databaseName(), "mode", set.Mode,
		"telegram", s.tg != nil, "updates", set.updates(), "version", versionName(), "pid", os.Getpid())
	if f, ok := s.app.store.(*sqliteFile); ok && !f.alone {
		s.log.Warn("another process has this database file open; nothing is lost, but two processes on a machine are no faster than one", "database", set.databaseName())
	}
	if what, mend := set.paymentTrouble(); what != "" {
		s.log.Warn(what + "; " + mend)
	}
	select {
	case <-ctx.Done():
	case err = <-s.broken:
	}
	began := time.Now()
	s.draining.Store(true)
	s.endStreams() // first, so that the pages are at another instance when this one ends
	if set.updates() == "polling" {
		stopUpdates() // another instance may take over at once
	}
	s.linger()
	s.shut(ctx)
	stop()
	wg.Wait()
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeFor)
	defer cancel()
	s.app.close(bye)
	s.log.Info("stopped", "took", time.Since(began).Round(time.Millisecond).String())
	return err
}

// linger keeps answering until load balancers have noticed the draining.
func (s *server) linger() {
	d := lingerHere
	if !s.app.set.loopback() || s.app.set.PublicURL != "" {
		d = lingerWorld
	}
	s.log.Info("draining", "for", d.String())
	time.Sleep(d)
}

// shut closes the listeners and waits for the open requests.
func (s *server) shut(ctx context.Context) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutFor)
	defer cancel()
	var wg sync.WaitGroup
	for _, srv := range s.srv {
		wg.Go(func() {
			if srv.Shutdown(bye) != nil {
				_ = srv.Close()
			}
		})
	}
	wg.Wait()
}
