// Package testdb starts real servers for tests: PostgreSQL (alone, or a primary
// with its standby), Redis (alone, a cluster of three, or under a sentinel),
// PgBouncer, and a TCP proxy with faults on command.
//
// Only real servers show the faults that lose conversations: a commit whose
// answer is lost, a cache that returns with an old copy, a promoted standby.
// Every server has its own port on 127.0.0.1, never 5432 or 6379, and its own
// folder. It ends with the test binary, even if the binary is killed.
//
// A missing program fails the test, which names its Debian package; no test is
// skipped. Each start prints one line on standard error, such as
//
//	testdb: PostgreSQL 15.18 on 127.0.0.1:23456
//
// and appends the line to the file named by LOCKBAY_TEST_BACKENDS, because go
// test hides the output of passing packages.
//
// A package that uses it has
//
//	func TestMain(m *testing.M) { testdb.Main(m) }
//
// All functions may be called from several tests at once.
package testdb

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Main runs the tests of a package, stops the shared servers and exits.
func Main(m *testing.M) {
	code := m.Run()
	Stop()
	os.Exit(code)
}

// Stop stops the shared servers of this process and removes their folders, for
// a TestMain that does more than Main. New servers may be started afterwards.
func Stop() {
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		shared.server.destroy()
		shared.server = nil
	}
	removeCluster()
}

// shared is the PostgreSQL cluster of the databases of Postgres.
var shared struct {
	sync.Mutex
	server *PostgresServer
}

const folderPrefix = "lockbay-testdb-" // then the process id, a dash and a random part

var sweep sync.Once

// newFolder makes a folder directly under /tmp: a Unix socket's path must stay
// under 107 bytes, and t.TempDir can be longer. The first call of a process
// removes the folders of killed test runs.
func newFolder(name string) (string, error) {
	sweep.Do(removeLeftovers)
	dir, err := os.MkdirTemp("/tmp", folderPrefix+strconv.Itoa(os.Getpid())+"-"+name+"-")
	if err != nil {
		return "", fmt.Errorf("make a folder for %s: %w", name, err)
	}
	if id := serverIdentity(); id != nil {
		if err := os.Chown(dir, int(id.Uid), int(id.Gid)); err != nil {
			return "", fmt.Errorf("hand %s to its server: %w", dir, err)
		}
	}
	return dir, nil
}

func removeLeftovers() {
	dirs, _ := filepath.Glob("/tmp/" + folderPrefix + "*")
	for _, dir := range dirs {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), folderPrefix), "-")
		pid, err := strconv.Atoi(id)
		if err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
}

// announce prints the name of a started server.
func announce(format string, args ...any) {
	line := "testdb: " + fmt.Sprintf(format, args...) + "\n"
	fmt.Fprint(os.Stderr, line)
	if path := os.Getenv("LOCKBAY_TEST_BACKENDS"); path != "" {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			fmt.Fprintln(os.Stderr, "testdb:", err)
			return
		}
		defer func() { _ = f.Close() }()
		_, _ = f.WriteString(line) // one short append stays whole beside other processes
	}
}

// must ends the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
}
