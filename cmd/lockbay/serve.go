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
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram"
	"github.com/lockbay/lockbay/dialog/web"
	"github.com/lockbay/lockbay/texts"
)

// drainFor is how long a graceful stop may take.
const drainFor = 8 * time.Second

type serveCmd struct{}

// server is a running instance.
type server struct {
	app      *app
	log      *slog.Logger
	tg       *telegram.Channel // nil: the browser only
	draining atomic.Bool
	srv      []*http.Server
	addr     string // of the page
}

// Run serves until a signal ends it.
func (c *serveCmd) Run(p *program, set *Settings) error {
	log := set.logger(p.err)
	s, err := startServer(p.ctx, set, log)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "LockBay is at http://%s\n", s.addr)
	if s.tg == nil {
		fmt.Fprintln(p.out, "No Telegram token: the browser only. lockbay serve --help tells the rest.")
	}
	return s.serve(p.ctx)
}

// startServer opens everything and listens.
func startServer(ctx context.Context, set *Settings, log *slog.Logger) (*server, error) {
	m := newMetrics()
	a, err := newApp(ctx, set, false, m.recorder(log))
	if err != nil {
		return nil, err
	}
	s := &server{app: a, log: log}
	if err := s.listen(ctx, set, m); err != nil {
		a.close(ctx)
		return nil, err
	}
	return s, nil
}

// listen puts the doors together: page, webhook, health, metrics.
func (s *server) listen(ctx context.Context, set *Settings, m *metrics) error {
	key, err := web.Key(ctx, s.app.engine)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	proxies, _ := set.proxies()
	host, _, _ := net.SplitHostPort(set.Listen)
	if set.TelegramToken != "" {
		if s.tg, err = s.telegram(ctx, set); err != nil {
			return err
		}
		s.app.engine.Attach(s.tg)
	}
	cfg := web.Config{
		Engine: s.app.engine, Key: key, Name: "LockBay", PublicURL: set.PublicURL, Words: words,
		Languages: texts.Languages(), RateLimit: set.RateLimit, TrustedProxies: proxies, Log: s.log,
	}
	if host != "" {
		cfg.Hosts = []string{host}
	}
	page, err := web.New(cfg)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", page)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	if s.tg != nil && set.updates() == "webhook" {
		mux.Handle("/telegram/webhook", s.tg)
	}
	m.watch(s.app.engine)
	switch {
	case set.AdminListen != "":
		admin := http.NewServeMux()
		admin.Handle("GET /metrics", m.handler())
		if _, err := s.open(set.AdminListen, admin); err != nil {
			return badSetting("admin-listen", set.AdminListen, err.Error())
		}
	case set.loopback():
		mux.Handle("GET /metrics", m.handler())
	}
	if s.addr, err = s.open(set.Listen, mux); err != nil {
		return fmt.Errorf("--listen: %q: %w; is another lockbay running? --listen 127.0.0.1:0 picks a free port", set.Listen, err)
	}
	return nil
}

// open listens at addr.
func (s *server) open(addr string, h http.Handler) (string, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", err
	}
	srv := web.Server(h)
	srv.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)
	s.srv = append(s.srv, srv)
	go func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("listener ended", "addr", addr, "err", err)
		}
	}()
	return l.Addr().String(), nil
}

// telegram makes the channel.
func (s *server) telegram(ctx context.Context, set *Settings) (*telegram.Channel, error) {
	cfg := telegram.Config{
		Engine: s.app.engine, Token: string(set.TelegramToken), APIURL: set.TelegramAPIURL,
		Words: words, Log: s.log, Commands: commands(),
	}
	if set.RateLimit > 0 {
		cfg.Allow = newAllowance(set.RateLimit).allow
	}
	if set.updates() == "webhook" {
		cfg.Secret = string(set.WebhookSecret)
		if cfg.Secret == "" {
			fresh := make([]byte, 24)
			_, _ = rand.Read(fresh)
			kept, err := s.app.store.Secret(ctx, "telegram webhook", []byte(hex.EncodeToString(fresh)))
			if err != nil {
				return nil, fmt.Errorf("%w: %w", errNoDatabase, err)
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
	}
	return telegram.New(cfg), nil
}

// commands of the bot's menu.
func commands() []telegram.Command {
	var list []telegram.Command
	for i, lang := range texts.Languages() {
		for _, name := range []string{"create", "resume", "status", "back", "cancel", "restart", "help"} {
			c := telegram.Command{Name: name, Description: texts.Words(lang, "command."+name, nil)}
			if i > 0 {
				c.Lang = lang
			}
			list = append(list, c)
		}
	}
	return list
}

// readyz: the database answers and its tables are up to date; 503 while draining.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if s.draining.Load() {
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	if _, err := s.app.store.Now(ctx); err != nil {
		http.Error(w, "the database cannot be reached", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// serve runs until ctx ends, then drains in under ten seconds.
func (s *server) serve(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.app.engine.Run(work) })
	wg.Go(func() {
		if err := s.app.listen(work); err != nil && work.Err() == nil {
			s.log.Warn("change notices of other instances are not heard; the commit judges what is stale", "err", err)
		}
	})
	if s.tg != nil && (s.app.set.updates() == "polling" || s.app.set.PublicURL != "") {
		wg.Go(func() {
			if err := s.tg.Run(work); err != nil && work.Err() == nil {
				s.log.Error("telegram", "err", err)
			}
		})
	}
	s.log.Info("serving", "addr", s.addr, "database", s.app.set.databaseName(), "mode", s.app.set.Mode,
		"telegram", s.tg != nil, "updates", s.app.set.updates(), "pid", os.Getpid())
	s.warnOfOthers(ctx)
	<-ctx.Done()
	began := time.Now()
	s.draining.Store(true)
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	for _, srv := range s.srv {
		_ = srv.Shutdown(bye)
	}
	stop()
	wg.Wait()
	s.app.close(bye)
	s.log.Info("stopped", "took", time.Since(began).Round(time.Millisecond).String())
	return nil
}

// warnOfOthers says when another instance serves the same database: it works.
func (s *server) warnOfOthers(ctx context.Context) {
	kind, where, _ := s.app.set.database()
	if kind != "sqlite" {
		return
	}
	got, err := s.app.store.Lease(ctx, "sweeper:"+botName, s.app.set.instance(), time.Second)
	if err == nil && got {
		return
	}
	if err == nil {
		s.log.Warn("another process serves, or has just served, this database file; that works, and one machine gains nothing by it", "file", strings.TrimPrefix(where, "sqlite:"))
	}
}
