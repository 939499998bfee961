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

// checkRedisURL refuses what the draft store cannot use. The error is without the URL.
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

// openDrafts opens the draft store, nil without a Redis. A Redis that is away is
// connected to later.
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

// redisTrouble is why Redis cannot be used, and what to do.
func redisTrouble(err error) (why, mend string) {
	text := err.Error()
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	lookup, unknown := errors.AsType[*net.DNSError](err)
	has := func(answer string) bool { return strings.Contains(text, answer) }
	const rights = "it needs +get +set +del +eval +evalsha +getrange +ping on ~" + draftPrefix + "*"
	switch {
	case has("WRONGPASS"):
		return "does not take this user with this password", "see both in --redis-url; " + signs
	case has("NOAUTH"):
		return "wants a password", "put it into --redis-url: redis://:PASSWORD@HOST"
	case has("NOPERM"):
		return "this user may not do what is needed (" + answerOf(text, "NOPERM") + ")", rights
	case has("READONLY"):
		return "takes no writes: it is a replica", "name the primary, or its Sentinels with redis-sentinel://"
	case has("OOM "):
		return "has no memory left for writes", "raise its maxmemory"
	case has("MOVED "), has("CLUSTERDOWN"):
		return "is part of a cluster (" + answerOf(text, "MOVED ", "CLUSTERDOWN") + ")", "use redis-cluster://, and see that all its slots are served"
	case untrusted, has("x509:"):
		return "its certificate is not trusted here (" + answerOf(text, "x509:") + ")", "name its authority with ?ca=FILE in --redis-url"
	case record, has("does not look like a TLS handshake"):
		return "speaks no TLS there", "write redis… instead of rediss…, where the network is your own"
	case unknown && lookup.IsNotFound, has("no such host"):
		return "nobody knows this host", "see how its name is written in --redis-url"
	case errors.Is(err, syscall.ECONNREFUSED), has("connection refused"):
		return "nobody listens there", "see that Redis runs, and that host and port are right"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), has("i/o timeout"), has("EOF"):
		return "does not answer", "see that host and port are right, whether it has TLS (rediss…) or none (redis…), and that no firewall stands between"
	}
	return "cannot be used: " + masked(flatLine(err)), "see that it runs and that --redis-url is right"
}

// answerOf is what text says from the first of marks on.
func answerOf(text string, marks ...string) string {
	for _, m := range marks {
		if i := strings.Index(text, m); i >= 0 {
			return text[i:]
		}
	}
	return text
}

// redisBytes is what a conversation takes in Redis, of those that it has.
func (s *Settings) redisBytes(ctx context.Context) (float64, error) {
	d, err := redisdrafts.Open(ctx, string(s.RedisURL), redisdrafts.Options{Prefix: draftPrefix})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	mean, _, err := d.ValueBytes(ctx)
	return mean, err
}
