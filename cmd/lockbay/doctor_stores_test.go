package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/internal/testdb"
)

// diagnosed runs doctor on a free port, and returns its output.
func diagnosed(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(append([]string{"doctor", "--support", "@bay_help", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), &out, &err)
	return out.String() + err.String(), code
}

// lineOf is the line of a check, and the next line.
func lineOf(said, name string) string {
	_, found, _ := strings.Cut("\n"+said, "  "+name+" ")
	found, below, _ := strings.Cut(found, "\n")
	if below, _, _ = strings.Cut(below, "\n"); strings.Contains(below, "→") {
		found += "\n" + below
	}
	mark := map[bool]string{true: "ok    ", false: "MEND  "}[strings.Contains(said, "ok    "+name+" ")]
	return mark + name + " " + found
}

func execAt(t *testing.T, url, sql string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// TestDoctorPostgres: doctor explains why serve cannot work on a PostgreSQL, and how to fix it. serve ends with 1 if waiting
// cannot help.
func TestDoctorPostgres(t *testing.T) {
	t.Parallel()
	server := testdb.Primary(t)
	of := func(name string) string { return strings.Replace(server.URL(), "/postgres?", "/"+name+"?", 1) }
	guest := func(url string) string { return strings.Replace(url, "lockbay@", "guest@", 1) }
	server.Exec("create role guest login")
	for _, name := range []string{"empty", "made", "foreign_users", "foreign_version"} {
		server.Exec("create database " + name)
	}
	execAt(t, of("foreign_users"), "create table users (id int)")
	execAt(t, of("foreign_version"), "create table schema_version (id int)")
	if code := run([]string{"migrate", "up", "--database-url", of("made")}, nil, &bytes.Buffer{}, &bytes.Buffer{}); code != exitDone {
		t.Fatal(code)
	}
	serve(t, "--database-url", of("made")).stop() // creates the key of the cookies
	execAt(t, of("made"), "grant select on all tables in schema public to guest")
	pooled := testdb.PgBouncer(t, of("made"))
	for _, x := range []struct {
		name, url, direct string
		want              string // of the database's or the notices' check; empty: all is well
		serve             int    // exit status, 0: it serves
	}{
		{"empty", of("empty"), "", "", 0},
		{"made", of("made"), of("made"), "", 0},
		{"URL of a pool", of("made") + "&pool_max_conns=4", "", "", 0},
		{"direct URL of a pool", of("made"), of("made") + "&pool_max_conns=4", "", 0},
		{"past a pooler", pooled, of("made"), "", 0},
		{"through a pooler", pooled, "", "ok    notices   changes by other instances do not arrive: this URL goes through a pooler\n                → with several instances, set --database-direct-url", 0},
		{"may only read", guest(of("made")), "", "MEND  database  PostgreSQL " + server.Addr() + "/made: this user may not create or use tables there\n                → make it the owner", exitFailed},
		{"may make nothing", guest(of("empty")), "", "MEND  database  PostgreSQL " + server.Addr() + "/empty: this user may not", exitFailed},
		{"not durable", of("empty") + "&synchronous_commit=off", "", "acknowledged turns could be lost\n                → turn both on", exitFailed},
		{"takes no writes", of("made") + "&default_transaction_read_only=on", "", "is read-only", exitNoDB},
		{"table users", of("foreign_users"), "", "the database has tables of another program\n                → give LockBay a database of its own", exitFailed},
		{"table schema_version", of("foreign_version"), "", "the database has tables of another program", exitFailed},
		{"no such database", of("nowhere"), "", "has no database of this name", exitNoDB},
		{"nobody at the direct URL", of("made"), "postgres://u:hunter2@127.0.0.1:1/b?sslmode=disable", "MEND  notices", 0},
		{"another database", of("made"), of("postgres"), "MEND  notices", 0},
	} {
		args := []string{"--database-url", x.url}
		if x.direct != "" {
			args = append(args, "--database-direct-url", x.direct)
		}
		said, code := diagnosed(t, args...)
		lines := lineOf(said, "database") + "\n" + lineOf(said, "notices")
		if good := !strings.Contains(x.want, "MEND") && x.serve == 0; (code == exitDone) != good || !strings.Contains(lines, x.want) || x.want == "" && strings.Contains(lines, "→") {
			t.Errorf("%s: status %d, want %q:\n%s", x.name, code, x.want, lines)
		}
		if strings.Contains(said, "hunter2") {
			t.Errorf("%s: the password is said", x.name)
		}
		if x.serve != 0 {
			if line := oneLineOf(t, x.serve, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...); strings.Contains(line, "cannot be reached") {
				t.Errorf("%s: %s", x.name, line)
			}
		}
	}
	if said, _ := diagnosed(t, "--database-url", of("empty")); !strings.Contains(said, "goes from version 0") {
		t.Errorf("doctor made tables:\n%s", said)
	}
}

var slowAnswer = regexp.MustCompile(`(reads and writes), in [0-9.µms]+`)

// TestDoctorRedis: doctor tries the calls of serve, and quotes the answer of Redis.
func TestDoctorRedis(t *testing.T) {
	t.Parallel()
	node := testdb.RedisServer(t)
	node.Do("ACL", "SETUSER", "reader", "on", ">hunter2", "~escrow_draft:*", "+get", "+ping")
	node.Do("ACL", "SETUSER", "writer", "on", ">hunter2", "~escrow_draft:*", "+get", "+set", "+del", "+eval", "+evalsha", "+getrange", "+ping")
	node.Do("ACL", "SETUSER", "stranger", "on", ">hunter2", "~other:*", "+@all")
	replica := testdb.RedisServer(t)
	host, port, _ := strings.Cut(node.Addr(), ":")
	replica.Do("REPLICAOF", host, port)
	locked := testdb.RedisServer(t, "--requirepass", "hunter2")
	file := filepath.Join(t.TempDir(), "lockbay.db")
	for _, x := range []struct{ url, want string }{
		{node.URL(), "ok    redis     reads and writes; mode hybrid"},
		{"redis://writer:hunter2@" + node.Addr(), "ok    redis     reads and writes; mode hybrid"},
		{"redis://reader:hunter2@" + node.Addr(), "lacks permissions (NOPERM"},
		{"redis://stranger:hunter2@" + node.Addr(), "lacks permissions (NOPERM"},
		{"redis://writer:hunter22@" + node.Addr(), "rejects this user or password"},
		{locked.URL(), "requires a password"},
		{replica.URL(), "is a read-only replica"},
		{"rediss://" + node.Addr(), "or no TLS (redis…)"},
		{"redis://" + noHost, "host"},
		{"redis://:hunter2@127.0.0.1:1", "nothing listens there"},
		{testdb.RedisCluster(t), "ok    redis     reads and writes; mode hybrid"},
	} {
		said, code := diagnosed(t, "--mode", "hybrid", "--redis-url", x.url, "--database-url", "sqlite:"+file)
		line := lineOf(said, "redis")
		line = slowAnswer.ReplaceAllString(line, "$1") // a busy machine's Redis: doctor says how slow it is
		if good := strings.HasPrefix(x.want, "ok"); (code == exitDone) != good || !strings.Contains(line, x.want) || !good && !strings.Contains(line, "→") || strings.Contains(line, "hunter") {
			t.Errorf("%s: status %d, want %q:\n%s", x.url, code, x.want, line)
		}
	}
	if left := node.Do("KEYS", "*"); strings.Contains(left, "doctor") {
		t.Errorf("left behind: %s", left)
	}
}

func TestDoctorSQLite(t *testing.T) {
	dir := t.TempDir()
	said, code := diagnosed(t, "--database-url", "sqlite:"+dir+"/a/b/lockbay.db")
	if code != exitDone || !strings.Contains(said, "does not exist yet; serve creates it") {
		t.Error(said)
	}
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if said, code = diagnosed(t, "--database-url", "sqlite:"+dir+"/file/lockbay.db"); code != exitFailed || !strings.Contains(lineOf(said, "database"), "MEND") {
		t.Error(said)
	}
	if left, _ := filepath.Glob(dir + "/.lockbay*"); len(left) > 0 {
		t.Errorf("left behind: %s", left)
	}
}
