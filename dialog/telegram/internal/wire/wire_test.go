package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds a hang, not a slow machine.
const patience = time.Minute

// server answers each request with the next of its raw answers. After an answer with
// the suffix "<close>" it closes the connection.
type server struct {
	*Wire
	connections atomic.Int32
	requests    chan *http.Request // with the body read into its form
	closed      chan struct{}      // one value for each connection closed by the server
}

func serve(t *testing.T, answers ...string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &server{requests: make(chan *http.Request, 100), closed: make(chan struct{}, 100)}
	next := make(chan string, len(answers))
	for _, a := range answers {
		next <- a
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go func() {
				defer func() { c.Close(); s.closed <- struct{}{} }()
				for r := bufio.NewReader(c); ; {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(req.Body)
					req.Form = url.Values{"body": {string(body)}}
					s.requests <- req
					answer, last := strings.CutSuffix(<-next, "<close>")
					if _, err := io.WriteString(c, answer); err != nil || last {
						return
					}
				}
			}()
		}
	}()
	s.Wire = New(&url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/bot1:T/"}, 2)
	t.Cleanup(s.Close)
	return s
}

func (s *server) post(t *testing.T) (int, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var buf bytes.Buffer
	status, err := s.Post(ctx, "getMe", []byte(`{"a":1}`), &buf)
	return status, buf.String(), err
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

const stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		status int
		body   string
		again  bool // the connection is used for the next call
	}{
		"a length":         {fine, 200, "ok", true},
		"a refusal":        {"HTTP/1.1 429 Too Many Requests\r\nCONTENT-length:  2 \r\n\r\nno", 429, "no", true},
		"chunks":           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", 200, "ok", true},
		"after a hint":     {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + fine, 200, "ok", true},
		"nothing":          {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		"up to the end":    {"HTTP/1.1 200 OK\r\n\r\nok<close>", 200, "ok", false},
		"the last one":     {"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		"an old server":    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok<close>", 200, "ok", false},
		"and one more":     {fine + stray, 200, "ok", false},
		"a byte more":      {fine + "\n", 200, "ok", false},
		"more chunks":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + stray, 200, "ok", false},
		"both ends":        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok", false},
		"after nothing":    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nstray", 204, "", false},
		"the length twice": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		"a trailer's line": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n", 200, "ok", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.answer, fine)
			status, body, err := s.post(t)
			if err != nil || status != c.status || body != c.body {
				t.Errorf("%d %q %v, want %d %q", status, body, err, c.status, c.body)
			}
			if _, body, err := s.post(t); err != nil || body != "ok" {
				t.Errorf("the next: %q %v", body, err)
			}
			if n, want := s.connections.Load(), map[bool]int32{true: 1, false: 2}[c.again]; n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
			req := <-s.requests
			if req.Method != http.MethodPost || req.URL.Path != "/bot1:T/getMe" || req.FormValue("body") != `{"a":1}` || req.Header.Get("Content-Type") != "application/json" {
				t.Errorf("asked %s %s %q %v", req.Method, req.URL, req.FormValue("body"), req.Header)
			}
		})
	}
}

func TestBrokenAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"no HTTP":          "SSH-2.0-OpenSSH_9.2\r\n\r\n<close>",
		"no status":        "HTTP/1.1 OK really\r\n\r\n<close>",
		"a bad length":     "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok<close>",
		"two lengths":      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nok<close>",
		"a long length":    fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", AnswerMax+1),
		"a long line":      "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 5<<10) + "\r\n\r\n<close>",
		"a long header":    "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 40) + "\r\n<close>",
		"cut in the head":  "HTTP/1.1 200 OK\r\nContent-Le<close>",
		"cut in the body":  "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok<close>",
		"cut in the chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok<close>",
		"no answer":        "<close>",
	} {
		s := serve(t, answer, fine)
		if status, body, err := s.post(t); err == nil {
			t.Errorf("%s: %d %q is accepted", name, status, body)
		}
		if n := len(s.requests); n != 1 {
			t.Errorf("%s: asked %d times", name, n)
		}
		if _, body, err := s.post(t); err != nil || body != "ok" {
			t.Errorf("after %s: %q %v", name, body, err)
		}
	}
}

// An idle connection that the server has closed is dropped before the next call.
func TestClosedMeanwhile(t *testing.T) {
	s := serve(t, fine+"<close>", fine)
	if _, _, err := s.post(t); err != nil {
		t.Fatal(err)
	}
	<-s.closed
	for end := time.Now().Add(patience); time.Now().Before(end) && quiet(s.idle[0].raw); time.Sleep(time.Millisecond) {
	}
	if _, body, err := s.post(t); err != nil || body != "ok" || len(s.requests) != 2 {
		t.Errorf("%q %v, asked %d times", body, err, len(s.requests))
	}
}

func TestContext(t *testing.T) {
	s := serve(t) // never answers
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-s.requests; cancel() }()
	if _, err := s.Post(ctx, "getMe", nil, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := s.Post(ctx, "getMe", nil, &bytes.Buffer{}); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("too late: %v", err)
	}
}

// Idle connections are bounded, and Close closes them.
func TestKept(t *testing.T) {
	answers := make([]string, 9)
	for i := range answers {
		answers[i] = fine
	}
	s := serve(t, answers...)
	conns := []*conn{}
	for range 3 {
		l, err := s.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, l)
	}
	for _, l := range conns {
		s.keep(l)
	}
	if n := len(s.idle); n != 2 {
		t.Errorf("%d are kept", n)
	}
	s.idle[0].used = time.Now().Add(-2 * idleMost)
	if _, _, err := s.post(t); err != nil || len(s.idle) != 1 {
		t.Errorf("%v, %d are kept beside an expired one", err, len(s.idle))
	}
	s.Close()
	if _, body, err := s.post(t); err != nil || body != "ok" || len(s.idle) != 0 {
		t.Errorf("after Close: %q %v, %d are kept", body, err, len(s.idle))
	}
}

// corked holds what is written to a connection back until it is flushed.
type corked struct {
	net.Conn
	hold bool
	held []byte
}

func (c *corked) Write(b []byte) (int, error) {
	if !c.hold {
		return c.Conn.Write(b)
	}
	c.held = append(c.held, b...)
	return len(b), nil
}

func (c *corked) flush() {
	_, _ = c.Conn.Write(c.held)
	c.hold, c.held = false, nil
}

// TLS has buffers of its own: for the rest of a record, and for records that are not
// decrypted yet. What is left there closes the connection, too.
func TestLeftInTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS()
	defer srv.Close()
	answer := func(raw net.Conn, records []string) {
		defer raw.Close()
		cork := &corked{Conn: raw}
		c := tls.Server(cork, srv.TLS)
		for r := bufio.NewReader(c); ; cork.flush() {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			cork.hold = true
			for _, record := range records {
				_, _ = io.WriteString(c, record)
			}
		}
	}
	for name, records := range map[string][]string{
		"nothing":            {fine},
		"the same record":    {fine + stray},
		"a long record":      {fine + strings.Repeat(stray, 200)},
		"a record behind it": {fine, stray},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			var connections atomic.Int32
			go func() {
				for raw, err := l.Accept(); err == nil; raw, err = l.Accept() {
					connections.Add(1)
					go answer(raw, records)
				}
			}()
			w := New(&url.URL{Scheme: "https", Host: l.Addr().String(), Path: "/"}, 2)
			defer w.Close()
			w.tls.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			for range 3 {
				var buf bytes.Buffer
				if _, err := w.Post(t.Context(), "getMe", nil, &buf); err != nil || buf.String() != "ok" {
					t.Fatalf("%q %v", &buf, err)
				}
			}
			if n, want := connections.Load(), map[bool]int32{true: 1, false: 3}[len(records) == 1 && records[0] == fine]; n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // the first handshake fails
	srv.StartTLS()
	defer srv.Close()
	base, _ := url.Parse(srv.URL + "/bot1:T/")
	w := New(base, 2)
	defer w.Close()
	if _, err := w.Post(t.Context(), "getMe", nil, &bytes.Buffer{}); err == nil {
		t.Error("an untrusted certificate is accepted")
	}
	w.tls.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	var buf bytes.Buffer
	if status, err := w.Post(t.Context(), "getMe", nil, &buf); err != nil || status != 200 || buf.String() != "HTTP/1.1" {
		t.Errorf("%d %q %v", status, &buf, err)
	}
}
