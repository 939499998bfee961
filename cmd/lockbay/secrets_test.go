package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/testdb"
)

// everyCommand lists the commands that may open a database. URL is its place in their arguments.
func everyCommand(t *testing.T) (list [][]string) {
	t.Helper()
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup.db")
	if err := os.WriteFile(backup, []byte("none"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken := httptest.NewServer(http.NotFoundHandler()) // its port is taken, so that serve fails
	t.Cleanup(taken.Close)
	t.Setenv("LOCKBAY_LISTEN", taken.Listener.Addr().String())
	good := "sqlite:" + filepath.Join(dir, "lockbay.db")
	for _, line := range []string{
		"serve", "try", "doctor", "doctor --json", "escrows list", "escrows list --json", "escrows mark-paid ESC-7K4M-92QXA",
		"escrows mark-paid ESC-7", "escrows cancel ESC-7K4M-92QXA", "drafts list", "drafts show escrow/tg:1", "drafts forget escrow/tg:1", "drafts prune",
		"drafts prune --dry-run", "backup " + dir + "/new.db", "restore " + backup, "migrate status", "migrate status --json", "migrate up",
		"migrate up --partitions", "migrate up --citus", "healthcheck", "bench --users 1 --for 1s", "bench --users 1 --for 1s --stored 10",
	} {
		list = append(list, append(strings.Fields(line), "--database-url", "URL"))
	}
	return append(list,
		[]string{"migrate", "copy", "--from", "URL", "--to", good}, []string{"migrate", "copy", "--from", "URL", "--to", "URL"},
		[]string{"migrate", "copy", "--from", good, "--to", "URL"},
		[]string{"serve", "--database-direct-url", "URL"}, []string{"doctor", "--database-direct-url", "URL", "--database-url", "postgres://127.0.0.1:1/b"},
		[]string{"serve", "URL"}, []string{"serve", "--database-ur=URL"}, []string{"--database-url", "URL"}, []string{"serve", "--mode", "URL"},
		[]string{"serve", "--mode", "redis", "--redis-url", "URL"}, []string{"doctor", "--mode", "hybrid", "--redis-url", "URL"}, []string{"drafts", "show", "escrow/tg:1", "--redis-url", "URL"})
}

// TestPasswordIsNotSaid: no command prints the password of a database, whatever is wrong with its URL.
func TestPasswordIsNotSaid(t *testing.T) {
	t.Setenv(asProgram, "1") // bench starts a server
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	server := testdb.Primary(t)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	server.Exec("alter role lockbay password 'hunter2'")
	const pw = "hunter2"
	good := "postgres://lockbay:" + pw + "@" + u.Host + "/postgres"
	bad := []string{
		good + "?sslrootcert=/nope&sslmode=verify-full", good + "?sslcert=/nope&sslkey=/nope", good + "?sslmode=nonsense", good + "?pool_max_conns=x",
		good + "?sslmode=require", good + "?default_transaction_read_only=on", good + "?nonsense=on", good + "none",
		good + "?" + pw, good + "?statement_timeout=" + pw, good + "?pool_max_conns=" + pw, good + "?target_session_attrs=" + pw, good + "?connect_timeout=" + pw, "postgres://lockbay:" + pw + "@127.0.0.1:1/b",
		"postgres://lockbay@127.0.0.1:1/b?password=" + pw, "postgres://lockbay:" + pw + "@/b?host=/nope", "postgres://lockbay:" + pw + "@" + noHost + "/b",
		"postgres://lockbay:" + pw + "#@h/b", "postgres://lockbay:" + pw + "/@h/b", "postgres:lockbay:" + pw + "@h/b", "mysql://lockbay:" + pw + "@h/b", pw + "://h",
		"lockbay:" + pw + "@h/b", "host=h user=u password=" + pw + " dbname=b", "host=h user=u password='" + pw + " x' dbname=b", "password=" + pw,
		"sqlite:postgres://lockbay:" + pw + "@h/b", "sqlite:host=h password=" + pw, "POSTGRES://lockbay:" + pw + "@h/b", " postgres://lockbay:" + pw + "@h/b",
		"redis://:" + pw + "@127.0.0.1:1", "rediss://:" + pw + "@h?ca=/nope", "redis://:a?" + pw + "@h", "redis://:a/" + pw + "@h", "redis://:a#" + pw + "@h", "redis://" + pw + ":x", "redis-sentinel://:" + pw + "@h",
	}
	for i, command := range everyCommand(t) {
		for j, to := range bad {
			if testing.Short() && (i+j)%8 != 0 { // the race detector sees every command and every URL, and an eighth of the pairs
				continue
			}
			// bench takes a second; and a text without the form of a URL has no recognisable password
			if slices.Contains(command, "bench") && !strings.Contains(to, "nope") || nowhere(command) && !strings.Contains(to, pw+"@") {
				continue
			}
			args := slices.Clone(command)
			for i := range args {
				args[i] = strings.Replace(args[i], "URL", to, 1)
			}
			var out, said bytes.Buffer
			code := run(args, strings.NewReader(""), &out, &said)
			if text := out.String() + said.String(); strings.Contains(text, pw) {
				t.Errorf("%q: status %d, and says\n%s", args, code, text)
			}
		}
	}
}

// nowhere reports whether URL is an unexpected argument.
func nowhere(command []string) bool {
	return slices.Equal(command, []string{"serve", "URL"}) || slices.Contains(command, "--mode") && command[2] == "URL"
}
