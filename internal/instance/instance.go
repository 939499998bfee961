// Package instance runs the program as a separate process, for benchmarks and
// for tests that start and end processes.
package instance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Both bound a hang; a slow machine needs far less.
const (
	readyIn   = 2 * time.Minute
	stoppedIn = time.Minute
)

// Instance is the program at one address, with one process at a time. Set the
// fields before the first Start. Its methods may be called concurrently.
type Instance struct {
	Program string
	Args    []string  // serve and its flags; --listen is added
	Env     []string  // nil: of this process
	Log     io.Writer // standard error; nil: discarded
	Addr    string

	mu   sync.Mutex
	life *Life
}

// Life is one process of an instance.
type Life struct {
	Ready time.Duration // from the start of the process until it was ready
	Date  string        // header of its first answer
	cmd   *exec.Cmd
	done  chan struct{}
	said  tail
}

// New returns an instance of a program at a free address, without starting it.
func New(program string, args ...string) (*Instance, error) {
	addr, err := FreeAddr()
	return &Instance{Program: program, Args: args, Addr: addr}, err
}

// URL returns the URL of a path.
func (i *Instance) URL(path string) string { return "http://" + i.Addr + path }

// Start starts a process and waits until it is ready. The process ends with
// this one. A process that is not ready within two minutes, or when ctx ends,
// is killed; the error contains its last output.
func (i *Instance) Start(ctx context.Context) (*Life, error) {
	l, err := i.start(ctx)
	if err != nil {
		i.Kill()
	}
	return l, err
}

func (i *Instance) start(ctx context.Context) (*Life, error) {
	l := &Life{done: make(chan struct{})}
	args := append(slices.Clone(i.Args), "--listen", i.Addr)
	l.cmd = exec.Command(i.Program, args...) //nolint:gosec // the caller's own program
	l.cmd.Env, l.cmd.Stderr = i.Env, &l.said
	if i.Log != nil {
		l.cmd.Stderr = io.MultiWriter(&l.said, i.Log)
	}
	began := time.Now()
	if err := start(l.cmd); err != nil {
		return nil, fmt.Errorf("start an instance: %w", err)
	}
	go func() { _ = l.cmd.Wait(); close(l.done) }()
	i.mu.Lock()
	i.life = l
	i.mu.Unlock()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Since(began) < readyIn {
		if res, err := client.Get(i.URL("/readyz")); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				l.Ready, l.Date = time.Since(began), res.Header.Get("Date")
				return l, nil
			}
		}
		select {
		case <-l.done:
			return nil, fmt.Errorf("the instance ended: %s", l.Said())
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("the instance is not ready: %w", ctx.Err()), errors.New(l.Said()))
		case <-time.After(2 * time.Millisecond):
		}
	}
	return nil, fmt.Errorf("the instance was not ready in %v: %s", readyIn, l.Said())
}

// Life returns the current process, nil before the first and after Kill or
// Stop.
func (i *Instance) Life() *Life {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.life
}

// end removes and returns the current process.
func (i *Instance) end() *Life {
	i.mu.Lock()
	defer i.mu.Unlock()
	l := i.life
	i.life = nil
	return l
}

// Kill sends SIGKILL. Without a process it does nothing.
func (i *Instance) Kill() {
	if l := i.end(); l != nil {
		_ = l.cmd.Process.Kill()
		<-l.done
	}
}

// Stop lets the process drain. An error means that it took over a minute or
// ended with a status other than 0.
func (i *Instance) Stop() error {
	l := i.end()
	if l == nil {
		return nil
	}
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-l.done:
	case <-time.After(stoppedIn):
		_ = l.cmd.Process.Kill()
		<-l.done
		return fmt.Errorf("the instance on %s did not stop within %v", i.Addr, stoppedIn)
	}
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the instance on %s ended with status %d: %s", i.Addr, code, l.Said())
	}
	return nil
}

// Done is closed when the process has ended.
func (l *Life) Done() <-chan struct{} { return l.done }

// PID returns the process id.
func (l *Life) PID() int { return l.cmd.Process.Pid }

// PeakRSS returns the peak of the process's resident memory in bytes, 0 if unknown (only Linux tells it).
func (l *Life) PeakRSS() int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(l.PID()) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(kb)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// Said returns the end of the process's standard error.
func (l *Life) Said() string { return l.said.String() }

// tail is an io.Writer that keeps the end of its input.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if over := len(t.b) - 2000; over > 0 {
		t.b = t.b[over:]
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}

// ports are the ports given out in this process, with their reservations.
var ports struct {
	sync.Mutex
	held map[int]io.Closer
}

// FreeAddr returns a free loopback address. Its port is below the range of
// outgoing connections, so a restarted process finds it free.
func FreeAddr() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	if ports.held == nil {
		ports.held = map[int]io.Closer{}
	}
	for range 1000 {
		port := 11000 + rand.IntN(8000) //nolint:gosec // not a secret
		if ports.held[port] != nil {
			continue
		}
		held, err := hold(port)
		if err != nil {
			continue
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			_ = held.Close()
			continue
		}
		_ = l.Close()
		ports.held[port] = held
		return addr, nil
	}
	return "", errors.New("no port is free")
}
