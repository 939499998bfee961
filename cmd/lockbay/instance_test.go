package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/instance"
)

// freeAddr is an address without a listener.
func freeAddr(t testing.TB) string {
	t.Helper()
	addr, err := instance.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// patience bounds a hang; a slow machine needs far less.
const patience = time.Minute

// soon waits until ok.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// served is the program as a process. Its restarts share an address and a database.
type served struct {
	*instance.Instance
	t     testing.TB
	flags []string
	log   shared        // standard error of all processes
	ready time.Duration // from the last start until /readyz
}

// shared is a buffer that can be read while processes write.
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
func serve(t testing.TB, flags ...string) *served {
	t.Helper()
	i := newServed(t, clean(t.TempDir()), flags...)
	i.start()
	return i
}

// newServed returns an instance that is not started yet.
func newServed(t testing.TB, env []string, flags ...string) *served {
	t.Helper()
	in, err := instance.New(os.Args[0], append([]string{"serve"}, flags...)...)
	if err != nil {
		t.Fatal(err)
	}
	for f := range flags {
		if flags[f] == "--listen" {
			in.Addr = flags[f+1]
		}
	}
	i := &served{Instance: in, t: t, flags: flags}
	in.Env, in.Log = env, &i.log
	t.Cleanup(i.kill)
	return i
}

func (i *served) start() {
	i.t.Helper()
	l, err := i.Start(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	i.ready = l.Ready
}

// kill is kill -9.
func (i *served) kill() { i.Kill() }

func (i *served) restart() {
	i.t.Helper()
	i.kill()
	i.start()
}

// stop ends it gracefully and returns the time that took.
func (i *served) stop() time.Duration {
	i.t.Helper()
	began := time.Now()
	if err := i.Stop(); err != nil {
		i.t.Fatal(err)
	}
	return time.Since(began)
}

// run runs another command on the same database.
func (i *served) run(args ...string) (out string, err error) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = i.Env, &stdout, &stderr
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

// must is run for commands that have to succeed.
func (i *served) must(args ...string) string {
	i.t.Helper()
	out, err := i.run(args...)
	if err != nil {
		i.t.Fatalf("lockbay %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// fetch is a GET: status and body.
func (i *served) fetch(path string) (int, string) {
	i.t.Helper()
	res, err := http.Get(i.URL(path))
	if err != nil {
		i.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// lines are the log lines that contain text.
func (i *served) lines(text string) (found []string) {
	s := bufio.NewScanner(strings.NewReader(i.log.String()))
	for s.Scan() {
		if strings.Contains(s.Text(), text) {
			found = append(found, s.Text())
		}
	}
	return found
}

// database is the path of the instance's SQLite file.
func (i *served) database() string {
	for _, kv := range i.Env {
		if folder, ok := strings.CutPrefix(kv, "XDG_DATA_HOME="); ok {
			return filepath.Join(folder, "lockbay", "lockbay.db")
		}
	}
	return ""
}
