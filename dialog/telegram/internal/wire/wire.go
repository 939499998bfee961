// Package wire posts to a server over kept HTTP/1.1 connections, each round trip in
// its caller's own goroutine. A transport of net/http has two goroutines for each
// connection and passes every call between them. A lost packet delays one chat; over
// HTTP/2 it would delay all chats.
//
// The saving: net/http costs the bot 223 µs of CPU for an update, this package 195 µs,
// which is 13 % less; together with package botapi 19 % (of 241 µs). Medians of three
// alternating runs of lockbay bench --users 200 --for 6s (SQLite, mode database) on two
// busy cores, in December 2026. See docs/decisions/0004-calls.md.
package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AnswerMax is how many bytes of an answer are read.
const AnswerMax = 8 << 20

const (
	idleMost   = 40 * time.Second // idle time of a connection; servers close after 50 s or more
	headerMost = 32 << 10         // bytes of an answer's header
)

// Wire posts to one server. Safe for concurrent use.
type Wire struct {
	addr, host, path string      // path ends in a slash
	tls              *tls.Config // nil: http
	most             int         // idle connections

	mu     sync.Mutex
	idle   []*conn // in the order of last use
	closed bool
}

// conn is a connection with its buffers.
type conn struct {
	net.Conn
	raw  net.Conn // below TLS
	r    *bufio.Reader
	out  []byte
	used time.Time
}

// New makes a wire to the server of base, whose path ends in a slash. It keeps at
// size idle connections.
func New(base *url.URL, size int) *Wire {
	w := &Wire{host: base.Host, addr: base.Host, path: base.EscapedPath(), most: size}
	port := "80"
	if base.Scheme == "https" {
		w.tls = &tls.Config{ServerName: base.Hostname(), NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
		port = "443"
	}
	if base.Port() == "" {
		w.addr = net.JoinHostPort(base.Hostname(), port)
	}
	return w
}

// Post sends body to a method and reads the whole answer into buf. After an error
// the server may still have done the call. After the end of ctx the error is that of
// ctx, or os.ErrDeadlineExceeded for a deadline.
func (w *Wire) Post(ctx context.Context, method string, body []byte, buf *bytes.Buffer) (status int, err error) {
	l := w.kept()
	if l == nil {
		if l, err = w.dial(ctx); err != nil {
			return 0, err
		}
	}
	until, _ := ctx.Deadline()
	_ = l.SetDeadline(until)
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	reusable := false
	if err = l.send(w, method, body); err == nil {
		status, reusable, err = l.receive(buf)
	}
	if !stop() || err != nil || !reusable {
		_ = l.Close()
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		return status, err
	}
	w.keep(l)
	return status, nil
}

// kept takes an open idle connection, nil if there is none.
func (w *Wire) kept() *conn {
	for {
		w.mu.Lock()
		n := len(w.idle)
		if n == 0 {
			w.mu.Unlock()
			return nil
		}
		l := w.idle[n-1]
		w.idle[n-1] = nil
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		if time.Since(l.used) < idleMost && quiet(l.raw) {
			return l
		}
		_ = l.Close()
	}
}

// keep makes a connection idle and closes one that was idle for too long.
func (w *Wire) keep(l *conn) {
	l.used = time.Now()
	w.mu.Lock()
	full := w.closed || len(w.idle) >= w.most
	var old *conn
	if !full {
		w.idle = append(w.idle, l)
		if first := w.idle[0]; l.used.Sub(first.used) > idleMost {
			old, w.idle = first, w.idle[1:]
		}
	}
	w.mu.Unlock()
	if full {
		_ = l.Close()
	}
	if old != nil {
		_ = old.Close()
	}
}

// Close closes the idle connections. A connection in use is closed after its answer.
func (w *Wire) Close() {
	w.mu.Lock()
	idle := w.idle
	w.idle, w.closed = nil, true
	w.mu.Unlock()
	for _, l := range idle {
		_ = l.Close()
	}
}

func (w *Wire) dial(ctx context.Context) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raw, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return nil, err
	}
	l := &conn{Conn: raw, raw: raw}
	if w.tls != nil {
		c := tls.Client(raw, w.tls)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		l.Conn = c
	}
	l.r = bufio.NewReaderSize(l.Conn, 4<<10)
	return l, nil
}

// send writes the request with one Write.
func (l *conn) send(w *Wire, method string, body []byte) error {
	b := append(l.out[:0], "POST "...)
	b = append(b, w.path...)
	b = append(b, method...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, w.host...)
	b = append(b, "\r\nUser-Agent: lockbay\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, body...)
	if l.out = b; cap(b) > 64<<10 {
		l.out = nil
	}
	_, err := l.Write(b)
	return err
}

var errAnswer = errors.New("answer is not HTTP")

// header is the part of an answer's header that says where the answer ends.
type header struct {
	status  int
	length  int64 // of the body; -1: not given
	chunked bool
	close   bool // the server closes the connection after the answer
}

// receive reads an answer (RFC 9112). reusable reports whether the connection can
// take another request.
func (l *conn) receive(buf *bytes.Buffer) (status int, reusable bool, err error) {
	h, err := l.header()
	for err == nil && h.status < 200 { // interim answers
		h, err = l.header()
	}
	if err != nil {
		return 0, false, err
	}
	reusable, err = l.body(h, buf)
	return h.status, reusable && l.drained(), err
}

// drained reports whether nothing that the server sent is left in this process. What a
// server sends beyond its answer would be taken for the answer to the next request, so
// such a connection is closed (RFC 9112, 6.3). Bytes that arrive later are found by
// quiet.
func (l *conn) drained() bool {
	_ = l.SetReadDeadline(time.Unix(1, 0)) // only the buffers are read: that of l and those of TLS
	_, err := l.r.Peek(1)
	_ = l.SetReadDeadline(time.Time{})
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// header reads a status line and the fields up to the empty line.
func (l *conn) header() (h header, err error) {
	line, err := l.line()
	if err != nil {
		return h, err
	}
	if len(line) < 12 || !strings.HasPrefix(line, "HTTP/1.") {
		return h, errAnswer
	}
	if h.status, err = strconv.Atoi(line[9:12]); err != nil || h.status < 100 {
		return h, errAnswer
	}
	h.length, h.close = -1, line[7] == '0' // HTTP/1.0
	for total := 0; ; {
		if line, err = l.line(); err != nil || line == "" {
			return h, err
		}
		if total += len(line); total > headerMost {
			return h, fmt.Errorf("%w: header too long", errAnswer)
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case strings.EqualFold(name, "Content-Length"):
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n < 0 || h.length >= 0 && h.length != n {
				return h, errAnswer
			}
			h.length = n
		case strings.EqualFold(name, "Transfer-Encoding"):
			h.chunked = strings.EqualFold(value, "chunked")
		case strings.EqualFold(name, "Connection"):
			h.close = h.close || strings.EqualFold(value, "close")
		}
	}
}

// body reads the body that follows a header.
func (l *conn) body(h header, buf *bytes.Buffer) (reusable bool, err error) {
	switch {
	case h.chunked:
		if _, err = buf.ReadFrom(io.LimitReader(httputil.NewChunkedReader(l.r), AnswerMax)); err != nil || h.close || h.length >= 0 {
			return false, err
		}
		line, err := l.line() // empty, unless a trailer follows
		return err == nil && line == "", err
	case h.status == 204 || h.status == 304:
		return !h.close, nil
	case h.length > AnswerMax:
		return false, fmt.Errorf("%w: body too long", errAnswer)
	case h.length >= 0:
		_, err = io.CopyN(buf, l.r, h.length)
		return !h.close && err == nil, err
	default: // the body ends with the connection
		_, err = buf.ReadFrom(io.LimitReader(l.r, AnswerMax))
		return false, err
	}
}

// line reads a line without its end.
func (l *conn) line() (string, error) {
	b, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("%w: header line too long", errAnswer)
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
