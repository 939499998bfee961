package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a step may take on a machine that is busy.
const patience = 20 * time.Second

// instance is the program as a process of its own, on one address and one
// database for all its lives.
type instance struct {
	t     testing.TB
	addr  string
	env   []string
	flags []string
	cmd   *exec.Cmd
	done  chan struct{} // closed when the process has ended
	log   shared        // standard error of all lives
	ready time.Duration // from the start until /readyz, of the last life
}

// shared is what processes write, to be read meanwhile.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// freeAddr is a port that was free a moment ago.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// clean is an environment without settings.
func clean(folder string) (env []string) {
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "LOCKBAY_") && !strings.HasPrefix(kv, "COMP_") {
			env = append(env, kv)
		}
	}
	return append(env, asProgram+"=1", "XDG_DATA_HOME="+folder)
}

// serve starts the program in a folder of its own.
func serve(t testing.TB, flags ...string) *instance {
	t.Helper()
	i := &instance{t: t, addr: freeAddr(t), env: clean(t.TempDir()), flags: flags}
	for f := range flags {
		if flags[f] == "--listen" {
			i.addr = flags[f+1]
		}
	}
	t.Cleanup(i.kill)
	i.start()
	return i
}

func (i *instance) start() {
	i.t.Helper()
	args := append([]string{"serve", "--listen", i.addr}, i.flags...) // the last one counts
	i.cmd = exec.Command(os.Args[0], args...)
	i.cmd.Env, i.cmd.Stderr = i.env, &i.log
	began, done := time.Now(), make(chan struct{})
	if err := i.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	go func() { _ = i.cmd.Wait(); close(done) }()
	i.done = done
	for time.Since(began) < patience {
		if res, err := http.Get(i.url("/readyz")); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				i.ready = time.Since(began)
				return
			}
		}
		select {
		case <-done:
			i.t.Fatalf("the server ended:\n%s", &i.log)
		case <-time.After(2 * time.Millisecond):
		}
	}
	i.t.Fatalf("the server is not ready:\n%s", &i.log)
}

func (i *instance) url(path string) string { return "http://" + i.addr + path }

// kill is kill -9.
func (i *instance) kill() {
	if i.cmd.Process != nil {
		_ = i.cmd.Process.Kill()
		<-i.done
	}
}

func (i *instance) restart() {
	i.t.Helper()
	i.kill()
	i.start()
}

// stop ends it gracefully and says how long that took.
func (i *instance) stop() time.Duration {
	i.t.Helper()
	began := time.Now()
	_ = i.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-i.done:
	case <-time.After(patience):
		i.t.Fatalf("the server did not stop:\n%s", &i.log)
	}
	if code := i.cmd.ProcessState.ExitCode(); code != exitDone {
		i.t.Errorf("a graceful stop ended with status %d:\n%s", code, &i.log)
	}
	return time.Since(began)
}

// run runs another command on the same database.
func (i *instance) run(args ...string) (out string, err error) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = i.env, &stdout, &stderr
	for f := range len(i.flags) {
		if name := i.flags[f]; name == "--database-url" {
			cmd.Args = append(cmd.Args, name, i.flags[f+1])
		}
	}
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%w: %s", err, &stderr)
	}
	return stdout.String(), err
}

// must is run for what has to succeed.
func (i *instance) must(args ...string) string {
	i.t.Helper()
	out, err := i.run(args...)
	if err != nil {
		i.t.Fatalf("lockbay %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// fetch is a GET: status and body.
func (i *instance) fetch(path string) (int, string) {
	i.t.Helper()
	res, err := http.Get(i.url(path))
	if err != nil {
		i.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// lines are those of the log that contain text.
func (i *instance) lines(text string) (found []string) {
	s := bufio.NewScanner(strings.NewReader(i.log.String()))
	for s.Scan() {
		if strings.Contains(s.Text(), text) {
			found = append(found, s.Text())
		}
	}
	return found
}

// database is the path of the instance's SQLite file.
func (i *instance) database() string {
	for _, kv := range i.env {
		if folder, ok := strings.CutPrefix(kv, "XDG_DATA_HOME="); ok {
			return filepath.Join(folder, "lockbay", "lockbay.db")
		}
	}
	return ""
}
