package instance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// programs are the instances of this test: the test binary itself, by its first
// argument.
var programs = map[string]func(addr string){
	"serves":     func(addr string) { answer(addr, http.StatusOK, "here", 0) },
	"ends badly": func(addr string) { answer(addr, http.StatusOK, "here", 4) },
	"chats": func(addr string) {
		answer(addr, http.StatusOK, "the beginning "+strings.Repeat("и", 3000)+" the end", 0)
	},
	"is never ready": func(addr string) {
		answer(addr, http.StatusServiceUnavailable, "waiting for Godot", 0)
	},
	"dies": func(string) { fmt.Fprintln(os.Stderr, "no database"); os.Exit(3) },
}

// answer listens, prints says, answers every request with one status, and exits
// with another after SIGTERM.
func answer(addr string, ready int, says string, ends int) {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		fmt.Fprintln(os.Stderr, "over")
		os.Exit(ends)
	}()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(os.Stderr, says)
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(ready) })) //nolint:gosec // of a test
}

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[2] == "--listen" && programs[os.Args[1]] != nil {
		programs[os.Args[1]](os.Args[3])
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func newInstance(t *testing.T, does string) *Instance {
	t.Helper()
	i, err := New(os.Args[0], does)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Kill)
	return i
}

type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// refused reports whether an instance's address refuses connections.
func refused(i *Instance) bool {
	_, err := net.Dial("tcp", i.Addr)
	return errors.Is(err, syscall.ECONNREFUSED)
}

// An instance has one process after another, at the same address.
func TestLives(t *testing.T) {
	i := newInstance(t, "serves")
	i.Kill() // there is no process
	if err := i.Stop(); err != nil || i.Life() != nil {
		t.Fatal(err, i.Life())
	}
	pids := map[int]bool{}
	for _, end := range []func() error{func() error { i.Kill(); return nil }, i.Stop, i.Stop} {
		l, err := i.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i.Life() != l || l.Ready <= 0 || l.Date == "" || pids[l.PID()] {
			t.Errorf("%+v", l)
		}
		pids[l.PID()] = true
		if err := end(); err != nil {
			t.Error(err)
		}
		select {
		case <-l.Done():
		default:
			t.Error("the process goes on")
		}
		if i.Life() != nil || !refused(i) {
			t.Error("the process still listens")
		}
	}
}

// A process that never gets ready is killed, and the error contains its last
// output.
func TestNeverReady(t *testing.T) {
	i := newInstance(t, "is never ready")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	i.Log = writer(func([]byte) { cancel() })
	l, err := i.Start(ctx)
	if l != nil || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "waiting for Godot") {
		t.Errorf("%v, %v", l, err)
	}
	if i.Life() != nil || !refused(i) {
		t.Error("the process goes on")
	}

	i = newInstance(t, "dies")
	if l, err := i.Start(t.Context()); l != nil || err == nil || !strings.Contains(err.Error(), "no database") || i.Life() != nil {
		t.Errorf("%v, %v", l, err)
	}
	i.Program += "-nowhere"
	if l, err := i.Start(t.Context()); l != nil || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, %v", l, err)
	}
}

// Stop reports a bad exit status.
func TestEndsBadly(t *testing.T) {
	i := newInstance(t, "ends badly")
	if _, err := i.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := i.Stop(); err == nil || !strings.Contains(err.Error(), "status 4: here\nover") {
		t.Error(err)
	}
}

// Said returns the end of the output; the log has all of it.
func TestSaid(t *testing.T) {
	i := newInstance(t, "chats")
	var log bytes.Buffer
	i.Log = &log
	l, err := i.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Stop(); err != nil {
		t.Fatal(err)
	}
	if said := l.Said(); len(said) > 2000 || strings.Contains(said, "beginning") || !strings.HasSuffix(said, "the end\nover") {
		t.Errorf("%d bytes: %q", len(said), said)
	}
	if !strings.HasPrefix(log.String(), "the beginning") || !strings.HasSuffix(log.String(), "over\n") {
		t.Errorf("%d bytes in the log", log.Len())
	}
}

// Addresses are unique and free.
func TestFreeAddr(t *testing.T) {
	seen := map[string]bool{}
	for range 50 {
		addr, err := FreeAddr()
		if err != nil || seen[addr] {
			t.Fatal(addr, err)
		}
		seen[addr] = true
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
}
