// Package wire posts to a server over kept HTTP/1.1 connections, each round trip in
// its caller's own goroutine. A transport of net/http has two goroutines for each
// connection and hands the call back and forth between them. One lost packet holds up
// one chat only, which HTTP/2 would not give.
//
// What it earns: with net/http in its place the bot spent 223 instead of 195 µs of CPU
// on an update, so 13 % are saved; together with package botapi, 19 % (of 241 µs).
// Medians of three runs in turns of lockbay bench --users 200 --for 6s (SQLite, mode
// database) on two busy cores, in December 2026. See docs/decisions/0004-calls.md.
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
	"strconv"
	"strings"
	"sync"
	"time"
)

// AnswerMax is how many bytes of an answer are read.
const AnswerMax = 8 << 20

const (
	idleMost   = 40 * time.Second // a kept connection is not older than this; servers close them after 50 or more
	headerMost = 32 << 10         // bytes of an answer's header
)

// Wire posts to one server. Safe for concurrent use.
type Wire struct {
	addr, host, path string      // path ends in a slash
	tls              *tls.Config // nil: http
	most             int         // connections kept

	mu     sync.Mutex
	idle   []*held // the last used one last
	closed bool
}

// held is one connection.
type held struct {
	net.Conn
	raw  net.Conn // below TLS
	r    *bufio.Reader
	out  []byte
	used time.Time
}

// New makes a wire to the server of base, whose path ends in a slash. It keeps at
// most so many idle connections.
func New(base *url.URL, most int) *Wire {
	w := &Wire{host: base.Host, addr: base.Host, path: base.EscapedPath(), most: most}
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

// Post sends body to a method and reads the whole answer into buf. An error
// after the request was written means that it may have been done. After the
// end of ctx the error is that of ctx; a deadline may also be told by
// os.ErrDeadlineExceeded.
func (w *Wire) Post(ctx context.Context, method string, body []byte, buf *bytes.Buffer) (status int, err error) {
	l := w.kept()
	if l == nil {
		if l, err = w.dial(ctx); err != nil {
			return 0, err
		}
	}
	if until, ok := ctx.Deadline(); ok {
		_ = l.SetDeadline(until)
	}
	stop := context.AfterFunc(ctx, func() { _ = l.SetDeadline(time.Unix(1, 0)) })
	again := false
	if err = l.send(w, method, body); err == nil {
		status, again, err = l.receive(buf)
	}
	if !stop() || err != nil || !again {
		_ = l.Close()
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
		return status, err
	}
	w.keep(l)
	return status, nil
}

// kept takes a connection that the server has not closed, nil if there is none.
func (w *Wire) kept() *held {
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

func (w *Wire) keep(l *held) {
	l.used = time.Now()
	w.mu.Lock()
	full := w.closed || len(w.idle) >= w.most
	var old *held
	if !full {
		w.idle = append(w.idle, l)
		if first := w.idle[0]; l.used.Sub(first.used) > idleMost { // what is not needed goes, one at a time
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

// Close closes the idle connections. Those in use are closed after their answer.
func (w *Wire) Close() {
	w.mu.Lock()
	idle := w.idle
	w.idle, w.closed = nil, true
	w.mu.Unlock()
	for _, l := range idle {
		_ = l.Close()
	}
}

func (w *Wire) dial(ctx context.Context) (*held, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	raw, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return nil, err
	}
	l := &held{Conn: raw, raw: raw}
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

// send writes the request in one piece.
func (l *held) send(w *Wire, method string, body []byte) error {
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

var errAnswer = errors.New("the answer is no HTTP")

// receive reads an answer (RFC 9112). again: the connection can be used again.
func (l *held) receive(buf *bytes.Buffer) (status int, again bool, err error) {
	for status < 200 { // 1xx are interim
		line, err := l.line()
		if err != nil {
			return 0, false, err
		}
		if len(line) < 12 || !strings.HasPrefix(line, "HTTP/1.") {
			return 0, false, errAnswer
		}
		if status, err = strconv.Atoi(line[9:12]); err != nil || status < 100 {
			return 0, false, errAnswer
		}
		length, chunked, end := int64(-1), false, line[7] == '0'
		for total := 0; ; {
			if line, err = l.line(); err != nil {
				return 0, false, err
			}
			if line == "" {
				break
			}
			if total += len(line); total > headerMost {
				return 0, false, fmt.Errorf("%w: its header is too long", errAnswer)
			}
			name, value, _ := strings.Cut(line, ":")
			value = strings.TrimSpace(value)
			switch {
			case strings.EqualFold(name, "Content-Length"):
				if length, err = strconv.ParseInt(value, 10, 64); err != nil || length < 0 {
					return 0, false, errAnswer
				}
			case strings.EqualFold(name, "Transfer-Encoding"):
				chunked = strings.EqualFold(value, "chunked")
			case strings.EqualFold(name, "Connection"):
				end = end || strings.EqualFold(value, "close")
			}
		}
		switch {
		case status < 200:
		case chunked:
			_, err = buf.ReadFrom(io.LimitReader(httputil.NewChunkedReader(l.r), AnswerMax))
			again = err == nil && !end
			if again {
				line, err = l.line() // what ends the trailer
				again = err == nil && line == ""
			}
			return status, again, err
		case status == 204 || status == 304:
			return status, !end, nil
		case length >= 0:
			if length > AnswerMax {
				return status, false, fmt.Errorf("%w: it is too long", errAnswer)
			}
			_, err = io.CopyN(buf, l.r, length)
			return status, !end && err == nil, err
		default: // until the server closes
			_, err = buf.ReadFrom(io.LimitReader(l.r, AnswerMax))
			return status, false, err
		}
	}
	return status, false, errAnswer
}

// line reads a line without its end.
func (l *held) line() (string, error) {
	b, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("%w: a line of its header is too long", errAnswer)
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return "", err
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}
