package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// server is the process under load.
type server struct {
	opt  Options
	api  string
	addr string

	mu    sync.Mutex
	cmd   *exec.Cmd
	done  chan struct{} // closed when cmd has ended
	spent time.Duration // CPU of the processes that were killed
	kills int
	ready []time.Duration
	peak  float64
}

// startServer starts the server on a free port and waits until it is ready.
func startServer(ctx context.Context, opt Options, api string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	_ = l.Close()
	s := &server{opt: opt, api: api, addr: addr}
	return s, s.start(ctx)
}

func (s *server) start(ctx context.Context) error {
	args := append(slices.Clone(s.opt.Command[1:]), "--listen", s.addr, "--telegram-token", token,
		"--telegram-api-url", s.api, "--telegram-updates", "webhook", "--telegram-webhook-secret", secret,
		"--database-url", s.opt.DatabaseURL, "--mode", s.opt.Mode, "--rate-limit", "0", "--log-format", "json")
	args = append(args, s.opt.Flags...)
	cmd := exec.Command(s.opt.Command[0], args...)
	var tail lastLines
	cmd.Stdout, cmd.Stderr = io.Discard, &tail
	if s.opt.Log != nil {
		cmd.Stderr = io.MultiWriter(s.opt.Log, &tail)
	}
	cmd.SysProcAttr = childAttr()
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	s.mu.Lock()
	s.cmd, s.done = cmd, done
	s.mu.Unlock()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Since(began) < 30*time.Second {
		if res, err := client.Get("http://" + s.addr + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				s.ready = append(s.ready, time.Since(began))
				return nil
			}
		}
		select {
		case <-done:
			return fmt.Errorf("the server ended: %s", tail.String())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	return fmt.Errorf("the server was not ready in 30 s: %s", tail.String())
}

// killAndRestart is kill -9 and a start on the same port and database.
func (s *server) killAndRestart(ctx context.Context) error {
	s.mu.Lock()
	cmd, done := s.cmd, s.done
	s.spent += processCPU(cmd.Process.Pid)
	s.peak = max(s.peak, processRSS(cmd.Process.Pid))
	s.kills++
	s.mu.Unlock()
	_ = cmd.Process.Signal(syscall.SIGKILL)
	<-done
	return s.start(ctx)
}

// stop ends the server gracefully, and says when it could not.
func (s *server) stop() error {
	s.mu.Lock()
	cmd, done := s.cmd, s.done
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-done:
		return nil
	case <-time.After(15 * time.Second):
		_ = cmd.Process.Kill()
		<-done
		return fmt.Errorf("the server did not stop within 15 s")
	}
}

// cpu is what all processes of this server have used, user and system.
func (s *server) cpu() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent + processCPU(s.cmd.Process.Pid)
}

func (s *server) rssMB() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.peak, processRSS(s.cmd.Process.Pid))
}

func (s *server) readyMedian() float64 {
	r := slices.Clone(s.ready)
	slices.Sort(r)
	if len(r) == 0 {
		return 0
	}
	return float64(r[len(r)/2].Microseconds()) / 1000
}

// processCPU reads utime and stime of /proc/PID/stat (proc(5)), 0 where there is none.
func processCPU(pid int) time.Duration {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

// processRSS is the peak of resident memory in MB, 0 where it is not told.
func processRSS(pid int) float64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseFloat(strings.Fields(kb)[0], 64)
			return n / 1024
		}
	}
	return 0
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
