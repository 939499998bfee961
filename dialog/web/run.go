package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Key returns the key that signs cookies. It is made once, kept in the engine's store
// and shared by all instances.
func Key(ctx context.Context, e *dialog.Engine) ([]byte, error) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails, see crypto/rand
	key, err := e.Secret(ctx, "web cookie", random)
	if err != nil {
		return nil, fmt.Errorf("web: cookie key: %w", err)
	}
	return key, nil
}

// Server serves h with time limits for slow and idle clients. No answer waits for a
// body that h leaves unread. A handler that streams clears its write limit by
// http.ResponseController.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           unwaiting(h),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// Run serves the engine's conversations as a page at addr until ctx ends. Each of set may
// change the settings, which are those of the zero Config with a rate limit of 10.
func Run(ctx context.Context, e *dialog.Engine, addr string, set ...func(*Config)) error {
	key, err := Key(ctx, e)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("web: address %q: %w", addr, err)
	}
	cfg := Config{Engine: e, Key: key, RateLimit: 10, Hosts: []string{host}}
	for _, f := range set {
		f(&cfg)
	}
	site, err := New(cfg)
	if err != nil {
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	srv := Server(site)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(Bounded(ln, nil, site.cfg.LivePages)) }()
	select {
	case err = <-done:
		return fmt.Errorf("web: %w", err)
	case <-ctx.Done():
	}
	site.Drain()
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(bye); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("web: %w", err)
	}
	return nil
}
