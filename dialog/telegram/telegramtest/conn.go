package telegramtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const maxBody = 20 << 20 // bytes

// conn serves one connection. net/http's server would cost several times as much as a call itself, so conn reads plain
// calls (POST, JSON, Content-Length) itself and leaves all other requests to http.ReadRequest.
type conn struct {
	s   *Server
	net net.Conn
	br  *bufio.Reader
	out []byte // answer, reused
}

// httpCall is one HTTP request to the server.
type httpCall struct {
	verb, path  string
	contentType string
	query       string
	body        []byte
	close       bool // the client closes the connection after the answer
}

func (c *conn) serve() {
	c.br = bufio.NewReaderSize(c.net, 16<<10)
	for {
		call, err := c.read()
		if err != nil {
			return
		}
		a := c.s.serveCall(&call, c)
		if a.drop {
			return
		}
		if err := c.write(a, call.close); err != nil || call.close {
			return
		}
	}
}

// read returns the next request with its whole body.
func (c *conn) read() (httpCall, error) {
	if _, err := c.br.Peek(1); err != nil {
		return httpCall{}, err
	}
	ahead, _ := c.br.Peek(c.br.Buffered())
	if call, head, length, ok := plainCall(ahead); ok {
		c.br.Discard(head)
		call.body = make([]byte, length)
		_, err := io.ReadFull(c.br, call.body)
		return call, err
	}
	req, err := http.ReadRequest(c.br)
	if err != nil {
		return httpCall{}, err
	}
	if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
		if _, err := io.WriteString(c.net, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return httpCall{}, err
		}
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	if err != nil {
		return httpCall{}, err
	}
	return httpCall{verb: req.Method, path: req.URL.Path, query: req.URL.RawQuery,
		contentType: req.Header.Get("Content-Type"), body: body, close: req.Close || len(body) > maxBody}, nil
}

// plainCall parses the head of a request; ok is false for an incomplete or unusual one.
func plainCall(b []byte) (call httpCall, head, length int, ok bool) {
	if !bytes.HasPrefix(b, []byte("POST /")) {
		return
	}
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return
	}
	line := bytes.IndexByte(b, '\r')
	first := b[len("POST "):line]
	path, ok := bytes.CutSuffix(first, []byte(" HTTP/1.1"))
	if !ok || bytes.ContainsAny(path, " ?%") {
		return call, 0, 0, false
	}
	length = -1
	json := false
	for rest := b[line+2 : end+2]; len(rest) > 0; {
		eol := bytes.Index(rest, []byte("\r\n"))
		if eol < 0 {
			return call, 0, 0, false
		}
		name, value, found := bytes.Cut(rest[:eol], []byte{':'})
		rest = rest[eol+2:]
		if !found {
			return call, 0, 0, false
		}
		switch len(name) { // the relevant names differ in length
		case len("Content-Length"):
			if bytes.EqualFold(name, []byte("Content-Length")) {
				n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
				if err != nil || n < 0 || n > maxBody || length >= 0 {
					return call, 0, 0, false
				}
				length = n
			}
		case len("Content-Type"):
			if bytes.EqualFold(name, []byte("Content-Type")) {
				json = bytes.HasPrefix(bytes.TrimSpace(value), []byte("application/json"))
			}
		case len("Transfer-Encoding"):
			if bytes.EqualFold(name, []byte("Transfer-Encoding")) {
				return call, 0, 0, false
			}
		case len("Connection"):
			if bytes.EqualFold(name, []byte("Connection")) {
				return call, 0, 0, false
			}
		case len("Expect"):
			if bytes.EqualFold(name, []byte("Expect")) {
				return call, 0, 0, false
			}
		}
	}
	if length < 0 || !json {
		return call, 0, 0, false
	}
	return httpCall{verb: "POST", path: string(path), contentType: "application/json"}, end + 4, length, true
}

func (c *conn) write(a answer, last bool) error {
	b := append(c.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.code), 10)
	b = append(b, ' ')
	b = append(b, http.StatusText(a.code)...)
	if a.html != "" {
		b = append(b, "\r\nContent-Type: text/html"...)
	} else {
		b = append(b, "\r\nContent-Type: application/json"...)
	}
	if last {
		b = append(b, "\r\nConnection: close"...)
	}
	b = append(b, "\r\nContent-Length: "...)
	switch {
	case a.html != "":
		b = strconv.AppendInt(b, int64(len(a.html)), 10)
		b = append(b, "\r\n\r\n"...)
		b = append(b, a.html...)
	case a.code == 200:
		b = strconv.AppendInt(b, int64(len(`{"ok":true,"result":`)+len(a.result)+1), 10)
		b = append(b, "\r\n\r\n"+`{"ok":true,"result":`...)
		b = append(b, a.result...)
		b = append(b, '}')
	default:
		body := a.errorBody()
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n\r\n"...)
		b = append(b, body...)
	}
	c.out = b
	_, err := c.net.Write(b)
	return err
}

// gone watches the connection while an answer is delayed. The channel closes when the client hangs up. Call end before the
// next read.
func (c *conn) gone() (gone <-chan struct{}, end func()) {
	left, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := c.br.Peek(1); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				close(left)
			}
		}
	}()
	return left, func() {
		c.net.SetReadDeadline(time.Unix(1, 0))
		<-ended
		c.net.SetReadDeadline(time.Time{})
	}
}

// answer is the answer to a call.
type answer struct {
	result      []byte // JSON, with code 200
	code        int
	description string
	retryAfter  int    // seconds, with code 429
	movedTo     int64  // the supergroup that the chat has become
	html        string // a proxy's page instead of the API's answer
	drop        bool   // close the connection without an answer
}

func failure(code int, description string) answer {
	return answer{code: code, description: description}
}

func badRequest(description string) answer { return failure(400, "Bad Request: "+description) }

var yes = answer{code: 200, result: []byte("true")}

func (a answer) errorBody() []byte {
	type parameters struct {
		RetryAfter int   `json:"retry_after,omitempty"`
		MovedTo    int64 `json:"migrate_to_chat_id,omitempty"`
	}
	e := struct {
		OK          bool        `json:"ok"`
		Code        int         `json:"error_code"`
		Description string      `json:"description"`
		Parameters  *parameters `json:"parameters,omitempty"`
	}{Code: a.code, Description: a.description}
	if a.retryAfter > 0 || a.movedTo != 0 {
		e.Parameters = &parameters{a.retryAfter, a.movedTo}
	}
	b, _ := json.Marshal(e)
	return b
}

// serveCall checks the path and the form of a call and executes it.
func (s *Server) serveCall(h *httpCall, c *conn) answer {
	method, ok := strings.CutPrefix(h.path, s.prefix)
	if !ok {
		token, found := strings.CutPrefix(h.path, "/bot")
		token, _, slash := strings.Cut(token, "/")
		if found && slash && strings.Contains(token, ":") {
			return failure(401, "Unauthorized")
		}
		return failure(404, "Not Found")
	}
	if len(h.body) > maxBody {
		return failure(413, "Request Entity Too Large")
	}
	if h.verb != "GET" && h.verb != "POST" {
		return failure(405, "Method Not Allowed")
	}
	body, err := jsonBody(method, h)
	if err != nil {
		s.violate(method, err.Error(), string(h.body))
		return badRequest("can't parse request: " + err.Error())
	}
	return s.call(method, string(body), c)
}

func panicf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
