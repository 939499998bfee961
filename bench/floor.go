package bench

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// floor is the lower bound of an update's time: one append of 4 KiB with
// fdatasync on the database's disk, and two minimal HTTP round trips over
// loopback.
type floor struct {
	f      *os.File
	srv    *http.Server
	url    string
	client *http.Client
	took   []time.Duration
}

func newFloor(folder string) (*floor, error) {
	f, err := os.OpenFile(filepath.Join(folder, "floor"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	fl := &floor{f: f, url: "http://" + l.Addr().String(), client: &http.Client{}}
	fl.srv = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"ok":true}`)
	})}
	go func() { _ = fl.srv.Serve(l) }()
	return fl, nil
}

func (f *floor) sample(n int) {
	block := make([]byte, 4096)
	for range n {
		began := time.Now()
		if _, err := f.f.Write(block); err != nil {
			return
		}
		if err := datasync(f.f); err != nil {
			return
		}
		for range 2 {
			res, err := f.client.Get(f.url)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		f.took = append(f.took, time.Since(began))
	}
}

func (f *floor) p50() float64 {
	if len(f.took) == 0 {
		return 0
	}
	slices.Sort(f.took)
	return float64(f.took[len(f.took)/2].Nanoseconds()) / 1000
}

func (f *floor) close() {
	_ = f.srv.Close()
	_ = f.f.Close()
}
