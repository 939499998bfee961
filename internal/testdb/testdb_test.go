package testdb

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv("LOCKBAY_TESTDB_VICTIM") != "" {
		victim()
	}
	Main(m)
}

// recorder is a testing.TB that records a failure instead of failing.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.said = sprintf(format, args...)
	panic(r)
}

// TestMissingProgram: without its server a test fails and names the package to
// install.
func TestMissingProgram(t *testing.T) {
	_, err := program("no-such-server", "some-package")
	if err == nil || !strings.Contains(err.Error(), "the Debian package some-package has it") {
		t.Fatalf("got %v", err)
	}
	r := &recorder{TB: t}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the test was not ended")
			}
		}()
		must(r, err)
	}()
	if !strings.Contains(r.said, "no-such-server is not installed") {
		t.Errorf("the test says %q", r.said)
	}
}

func TestStartNamesItself(t *testing.T) {
	file := filepath.Join(t.TempDir(), "backends")
	t.Setenv("LOCKBAY_TEST_BACKENDS", file)
	n := RedisServer(t)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(got), "testdb: Redis ") || !strings.HasSuffix(string(got), " on "+n.Addr()+"\n") {
		t.Errorf("got %q", got)
	}
}

func TestPortsAreOurOwn(t *testing.T) {
	seen := map[int]bool{}
	for range 200 {
		p := freePort()
		if seen[p] || p == 5432 || p == 6379 || p < 20000 || p >= 32000 {
			t.Fatalf("port %d", p)
		}
		seen[p] = true
	}
}

// TestNothingOutlivesTheTests: a killed test run leaves no server behind, and
// the next run removes its folders.
func TestNothingOutlivesTheTests(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "LOCKBAY_TESTDB_VICTIM=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 4096)
	n, err := out.Read(ready)
	if err != nil {
		t.Fatal(err)
	}
	addrs := strings.Fields(string(ready[:n]))
	if len(addrs) != 2 {
		t.Fatalf("the victim said %q", ready[:n])
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, addr := range addrs {
		if err := poll(addr+" is gone", func() (bool, error) { return !listening(addr), nil }); err != nil {
			t.Error(err)
		}
	}
	left, _ := filepath.Glob("/tmp/" + folderPrefix + itoa(cmd.Process.Pid) + "-*")
	if len(left) != 3 { // of a new cluster and of two servers
		t.Errorf("the victim had folders %v", left)
	}
	if err := poll("its folders are removed", func() (bool, error) {
		removeLeftovers()
		left, _ := filepath.Glob("/tmp/" + folderPrefix + itoa(cmd.Process.Pid) + "-*")
		return len(left) == 0, nil
	}); err != nil {
		t.Error(err)
	}
	own, _ := filepath.Glob("/tmp/" + folderPrefix + itoa(os.Getpid()) + "-*")
	n1 := RedisServer(t)
	removeLeftovers()
	after, _ := filepath.Glob("/tmp/" + folderPrefix + itoa(os.Getpid()) + "-*")
	if len(after) != len(own)+1 || !slices.Contains(after, n1.dir) {
		t.Errorf("folders of a living process: %v, then %v", own, after)
	}
}

// victim starts servers, prints their addresses, and waits to be killed.
func victim() {
	pg, err := newPostgres()
	if err != nil {
		panic(err)
	}
	redis, err := newRedis(bystander{}, nil)
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(pg.Addr() + " " + redis.Addr() + "\n")
	select {} // until it is killed
}

// bystander is a testing.TB outside of a test.
type bystander struct{ testing.TB }

func (bystander) Helper()        {}
func (bystander) Cleanup(func()) {}
