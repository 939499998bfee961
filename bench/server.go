package bench

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/internal/instance"
)

// server is the process under load.
type server struct {
	*instance.Instance

	mu    sync.Mutex
	spent time.Duration // CPU time of ended processes
	kills int
	ready []time.Duration
	peak  float64 // MB
}

// startServer starts the server on a free port and waits until it is ready.
func startServer(ctx context.Context, opt Options, api string) (*server, error) {
	args := append(slices.Clone(opt.Command[1:]), "--telegram-token", token,
		"--telegram-api-url", api, "--telegram-updates", "webhook", "--telegram-webhook-secret", secret,
		"--database-url", opt.DatabaseURL, "--mode", opt.Mode, "--rate-limit", "0", "--log-format", "json")
	i, err := instance.New(opt.Command[0], append(args, opt.Flags...)...)
	if err != nil {
		return nil, err
	}
	i.Log, i.Env = opt.Log, opt.Env
	s := &server{Instance: i}
	return s, s.start(ctx)
}

func (s *server) start(ctx context.Context) error {
	l, err := s.Start(ctx)
	if err == nil {
		s.ready = append(s.ready, l.Ready)
	}
	return err
}

// killAndRestart sends SIGKILL and starts a process on the same port and
// database.
func (s *server) killAndRestart(ctx context.Context) error {
	s.measure()
	s.mu.Lock()
	s.kills++
	s.mu.Unlock()
	s.Kill()
	return s.start(ctx)
}

// measure adds the figures of a process that is about to end.
func (s *server) measure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spent += processCPU(s.pid())
	s.peak = max(s.peak, s.rss())
}

// pid returns 0 without a process, as after a failed restart.
func (s *server) pid() int {
	if l := s.Life(); l != nil {
		return l.PID()
	}
	return 0
}

// cpu returns the CPU time of all processes of this server, user and system.
func (s *server) cpu() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spent + processCPU(s.pid())
}

func (s *server) rssMB() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(s.peak, s.rss())
}

// rss returns the peak of resident memory in MB, 0 if unknown.
func (s *server) rss() float64 {
	if l := s.Life(); l != nil {
		return float64(l.PeakRSS()) / (1 << 20)
	}
	return 0
}

func (s *server) readyMedian() float64 {
	r := slices.Clone(s.ready)
	slices.Sort(r)
	if len(r) == 0 {
		return 0
	}
	return float64(r[len(r)/2].Microseconds()) / 1000
}

// processCPU reads utime and stime of /proc/PID/stat (proc(5)), 0 without that
// file.
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
