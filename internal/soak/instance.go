package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// instance is one process of the program, on a port that stays its own over
// restarts.
type instance struct {
	program string
	flags   []string
	wrong   time.Duration // how far its clock is ahead
	addr    string

	up   atomic.Bool // whether updates are sent here, as a load balancer knows
	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
	said *lastLines
	died string // what it said when it ended by itself
}

// newInstance names a process that is not started yet.
func newInstance(program string, flags ...string) (*instance, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return &instance{program: program, flags: flags, addr: addr}, nil
}

// start starts the process and waits until it is ready. What ends at once, as
// when the database is away, is started again, as a supervisor does.
func (i *instance) start(ctx context.Context) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var last error
	for ctx.Err() == nil {
		cmd := exec.Command(i.program, append([]string{"serve", "--listen", i.addr}, i.flags...)...) // #nosec G204 -- what we built
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if i.wrong != 0 {
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", wrongBy, int(i.wrong.Seconds())))
		}
		said, done := &lastLines{}, make(chan struct{})
		cmd.Stderr = said
		began := make(chan error)
		spawner() <- func() { began <- cmd.Start() }
		if err := <-began; err != nil {
			return fmt.Errorf("start an instance: %w", err)
		}
		go func() { _ = cmd.Wait(); close(done) }()
		i.mu.Lock()
		i.cmd, i.done, i.said = cmd, done, said
		i.mu.Unlock()
		for waiting := true; waiting; {
			if res, err := client.Get("http://" + i.addr + "/readyz"); err == nil {
				_ = res.Body.Close()
				if res.StatusCode == http.StatusOK {
					if err := i.tellsTime(res.Header.Get("Date")); err != nil {
						return err
					}
					i.up.Store(true)
					go i.watch(cmd, done, said)
					return nil
				}
			}
			select {
			case <-done:
				waiting, last = false, errors.New(said.String())
			case <-ctx.Done():
				waiting = false
			case <-time.After(10 * time.Millisecond):
			}
		}
		pause(ctx, 100*time.Millisecond)
	}
	return errors.Join(fmt.Errorf("instance on %s is not ready: %w", i.addr, ctx.Err()), last)
}

// tellsTime holds what an instance believes that the time is against how wrong
// its clock is to be.
func (i *instance) tellsTime(date string) error {
	at, err := http.ParseTime(date)
	if err != nil {
		return fmt.Errorf("the instance on %s tells no time: %w", i.addr, err)
	}
	if ahead := time.Until(at); (ahead - i.wrong).Abs() > time.Minute {
		return fmt.Errorf("the clock of the instance on %s is ahead by %v, not by %v", i.addr, ahead.Round(time.Second), i.wrong)
	}
	return nil
}

// watch notes an end that nobody asked for.
func (i *instance) watch(cmd *exec.Cmd, done chan struct{}, said *lastLines) {
	<-done
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cmd == cmd {
		i.up.Store(false)
		i.died = "it said: " + said.String()
	}
}

// kill is kill -9.
func (i *instance) kill() { _ = i.end(syscall.SIGKILL) }

// stop lets it drain.
func (i *instance) stop() error { return i.end(syscall.SIGTERM) }

func (i *instance) end(sig syscall.Signal) error {
	i.mu.Lock()
	cmd, done := i.cmd, i.done
	i.cmd = nil
	i.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if sig != syscall.SIGTERM { // who drains still answers what is under way
		i.up.Store(false)
	}
	_ = cmd.Process.Signal(sig)
	defer i.up.Store(false)
	select {
	case <-done:
		return nil
	case <-time.After(15 * time.Second):
		_ = cmd.Process.Kill()
		<-done
		return fmt.Errorf("instance on %s did not stop within 15 s", i.addr)
	}
}

// spawner starts every process from one thread that lives as long as we do:
// Pdeathsig fires at the end of the thread that started the child.
var spawner = sync.OnceValue(func() chan<- func() {
	jobs := make(chan func())
	go func() {
		runtime.LockOSThread()
		for job := range jobs {
			job()
		}
	}()
	return jobs
})

// ports that were given out in this process.
var ports struct {
	sync.Mutex
	given []int
}

// freeAddr is an address below the range of outgoing connections: who is
// restarted must find it free again.
func freeAddr() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	for range 1000 {
		port := 11000 + rand.IntN(8000) // #nosec G404 -- not a secret
		if slices.Contains(ports.given, port) {
			continue
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		_ = l.Close()
		ports.given = append(ports.given, port)
		return addr, nil
	}
	return "", errors.New("no port is free")
}

// lastLines keeps the end of what was written.
type lastLines struct {
	mu sync.Mutex
	b  []byte
}

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p...)
	if over := len(l.b) - 2000; over > 0 {
		l.b = l.b[over:]
	}
	return len(p), nil
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.b))
}

// pause waits, or returns false because ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
