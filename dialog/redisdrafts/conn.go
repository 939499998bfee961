package redisdrafts

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// conn is a connection whose first answer has a fixed deadline. The client
// closes a connection with a PING and makes all callers wait a second for the
// answer. The deadline spares them that wait when the peer accepts and never
// answers.
type conn struct {
	net.Conn
	by time.Time

	mu     sync.Mutex
	heard  bool
	wanted time.Time // deadline set by the client
}

func dial(ctx context.Context, addr string, dialer *net.Dialer, config *tls.Config) (c net.Conn, err error) {
	by, ok := ctx.Deadline()
	if !ok {
		by = time.Now().Add(dialer.Timeout)
	}
	if config != nil {
		c, err = (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, "tcp", addr)
	} else {
		c, err = dialer.DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, by: by}, c.SetDeadline(by)
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.mu.Lock()
		if !c.heard {
			c.heard = true
			_ = c.Conn.SetDeadline(c.wanted)
		}
		c.mu.Unlock()
	}
	return n, err
}

// SetDeadline is the only deadline that the client sets.
func (c *conn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = t
	if !c.heard && (t.IsZero() || t.After(c.by)) {
		t = c.by
	}
	return c.Conn.SetDeadline(t)
}
