package testdb

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PgBouncer starts a pooler in front of a PostgreSQL, in transaction pooling
// with at most 10 server connections, and returns the URL of the same database
// through the pooler. The URL asks pgx for default_query_exec_mode=exec:
// PgBouncer before 1.21 lacks prepared statements in this mode. LISTEN needs
// the direct URL.
func PgBouncer(t testing.TB, postgresURL string) string {
	t.Helper()
	bouncer, err := program("pgbouncer", "pgbouncer")
	must(t, err)
	u, err := url.Parse(postgresURL)
	must(t, err)
	dir, err := newFolder("pgbouncer")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })

	var proc *process
	var through string
	for range 3 { // another program may take the port before its server does
		port := freePort()
		through = bouncerURL(*u, localAddr(port))
		must(t, writeBouncerFiles(dir, u, port))
		if proc, err = start(dir, syscall.SIGKILL, bouncer, filepath.Join(dir, "pgbouncer.ini")); err != nil {
			continue
		}
		if err = proc.await(dir, func() error { return pingPostgres(through) }); err == nil {
			announce("PgBouncer %s on %s", bouncerVersion(bouncer), localAddr(port))
			break
		}
		proc.end(syscall.SIGKILL)
	}
	must(t, err)
	t.Cleanup(func() { proc.end(syscall.SIGKILL) })
	return through
}

func bouncerURL(u url.URL, addr string) string {
	u.Host = addr
	q := u.Query()
	q.Set("default_query_exec_mode", "exec")
	u.RawQuery = q.Encode()
	return u.String()
}

func writeBouncerFiles(dir string, u *url.URL, port int) error {
	users := filepath.Join(dir, "users.txt")
	conf := fmt.Sprintf(`[databases]
* = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s
pool_mode = transaction
default_pool_size = 10
max_client_conn = 1000
`, u.Hostname(), u.Port(), port, users)
	for path, text := range map[string]string{
		users:                               fmt.Sprintf("%q \"\"\n", u.User.Username()),
		filepath.Join(dir, "pgbouncer.ini"): conf,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { // #nosec G306 -- the server runs as another user
			return fmt.Errorf("configure PgBouncer: %w", err)
		}
	}
	return nil
}

func bouncerVersion(bouncer string) string {
	out, _ := exec.Command(bouncer, "--version").Output() // #nosec G204 -- found by program
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimPrefix(first, "PgBouncer ")
}

func pingPostgres(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, "select 1")
	return err
}
