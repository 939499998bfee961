package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
)

// checkRedisURL accepts a URL that the draft store can use. The error leaves the URL out.
func (s *Settings) checkRedisURL() error {
	if s.RedisURL == "" {
		return nil
	}
	if _, err := redisdrafts.ParseURL(string(s.RedisURL)); err != nil {
		return errors.New("--redis-url: " + strings.TrimPrefix(err.Error(), "redis url: "))
	}
	return nil
}

// draftPrefix begins every name in Redis.
const draftPrefix = "escrow_draft:"

// openDrafts opens the draft store, or returns nil without --redis-url. If Redis is away, the store connects later.
func (s *Settings) openDrafts(ctx context.Context, rec dialog.Recorder, observe func(op string, took time.Duration, err error)) (dialog.Drafts, error) {
	if s.RedisURL == "" {
		return nil, nil
	}
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{Prefix: draftPrefix, Observe: observe, Trouble: rec.Trouble})
	if err != nil {
		return nil, usageError{errors.New("--redis-url: " + err.Error())}
	}
	return d, nil
}

// redisTrouble explains an error of Redis: the reason and how to fix it.
func redisTrouble(err error) (why, mend string) {
	text := err.Error()
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	lookup, unknown := errors.AsType[*net.DNSError](err)
	has := func(answer string) bool { return strings.Contains(text, answer) }
	const rights = "it needs +get +set +del +eval +evalsha +getrange +ping on ~" + draftPrefix + "*"
	switch {
	case has("WRONGPASS"):
		return "rejects this user or password", "check both in --redis-url; " + signs
	case has("NOAUTH"):
		return "requires a password", "put it into --redis-url: redis://:PASSWORD@HOST"
	case has("NOPERM"):
		return "this user lacks permissions (" + answerOf(text, "NOPERM") + ")", rights
	case has("READONLY"):
		return "is a read-only replica", "name the primary, or its Sentinels with redis-sentinel://"
	case has("OOM "):
		return "is out of memory", "raise its maxmemory"
	case has("MOVED "), has("CLUSTERDOWN"):
		return "is part of a cluster (" + answerOf(text, "MOVED ", "CLUSTERDOWN") + ")", "use redis-cluster://, and check that all its slots are served"
	case untrusted, has("x509:"):
		return "its certificate is not trusted here (" + answerOf(text, "x509:") + ")", "name its authority with ?ca=FILE in --redis-url"
	case record, has("does not look like a TLS handshake"):
		return "has no TLS on this port", "write redis… instead of rediss… if the network is your own"
	case unknown && lookup.IsNotFound, has("no such host"):
		return "the host name is unknown", "check its spelling in --redis-url"
	case errors.Is(err, syscall.ECONNREFUSED), has("connection refused"):
		return "nothing listens there", "check that Redis runs, and that host and port are right"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), has("i/o timeout"), has("EOF"):
		return "does not answer", "check host, port, TLS (rediss…) or no TLS (redis…), and firewalls"
	}
	return "cannot be used: " + masked(flatLine(err)), "check that it runs and that --redis-url is right"
}

// answerOf is the part of text from the first of marks on.
func answerOf(text string, marks ...string) string {
	for _, m := range marks {
		if i := strings.Index(text, m); i >= 0 {
			return text[i:]
		}
	}
	return text
}

// redisBytes is the mean size of a conversation in Redis.
func (s *Settings) redisBytes(ctx context.Context) (float64, error) {
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{Prefix: draftPrefix})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	mean, _, err := d.ValueBytes(ctx)
	return mean, err
}
