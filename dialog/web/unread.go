package web

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// unwaiting serves h, and ends the connection after an answer to a request whose body h leaves unread. Otherwise
// net/http reads the rest first, to keep the connection: a client that sends it late, or never, would hold answer and
// connection until ReadTimeout. net/http keeps its own body in the request: it sees there that the client may still
// be sending, and lets the answer arrive before it closes the connection.
func unwaiting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			h.ServeHTTP(w, r)
			return
		}
		x := &exchange{ResponseWriter: w, ReadCloser: r.Body}
		r = r.WithContext(r.Context())
		r.Body = x
		h.ServeHTTP(x, r)
		x.begin()
	})
}

// exchange is a request's body, and its answer.
type exchange struct {
	http.ResponseWriter
	io.ReadCloser
	read  atomic.Bool // to the end
	begun bool        // the answer
}

// Read implements io.Reader.
func (x *exchange) Read(b []byte) (int, error) {
	n, err := x.ReadCloser.Read(b)
	if errors.Is(err, io.EOF) {
		x.read.Store(true)
	}
	return n, err
}

// begin fixes the answer's header.
func (x *exchange) begin() {
	if !x.begun && !x.read.Load() {
		x.Header().Set("Connection", "close")
	}
	x.begun = true
}

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if status >= http.StatusOK {
		x.begin()
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(b []byte) (int, error) {
	x.begin()
	return x.ResponseWriter.Write(b)
}

// FlushError is for http.ResponseController.
func (x *exchange) FlushError() error {
	x.begin()
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }
