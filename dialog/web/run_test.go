package web

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// An answer waits for no body that the handler leaves unread, and ends the connection. After a body that was read, and
// without one, the connection stays.
func TestUnreadBodies(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.Handler = Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/reads":
			_, _ = io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, "read")
		case "/refuses":
			w.WriteHeader(http.StatusUnauthorized)
		case "/writes":
			fmt.Fprint(w, "unread")
		case "/begins":
			_, _ = r.Body.Read(make([]byte, 1))
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		case "/streams":
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})).Handler
	srv.Start()
	defer srv.Close()
	for _, c := range []struct {
		path  string
		sent  int // of 4,000 bytes
		stays bool
	}{
		{"/reads", 4000, true}, {"/refuses", 10, false}, {"/writes", 10, false}, {"/begins", 10, false}, {"/nothing", 10, false}, {"/streams", 10, false},
		{"/refuses", 0, true}, {"/nothing", 0, true},
	} {
		conn, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		length := 4000
		if c.sent == 0 {
			length = 0
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", c.path, length, strings.Repeat("x", c.sent))
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s with %d bytes: no answer: %v", c.path, c.sent, err)
			continue
		}
		if res.Close == c.stays {
			t.Errorf("%s with %d bytes: the connection ends: %v", c.path, c.sent, res.Close)
		}
		_ = res.Body.Close()
		_ = conn.Close()
	}
}

// An answer arrives whole, and ends without a reset, at a client that is still sending.
func TestAnswerWhileSending(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", w.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		4*backBody, strings.Repeat("x", 64<<10))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 413 ") || !strings.HasSuffix(string(answer), "</html>\n") {
		t.Errorf("%v after %d bytes of an answer: %.40q", err, len(answer), answer)
	}
}
