package main

import (
	"bytes"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/lockbay/lockbay/internal/testdb"
)

// oneLineOf runs a failing command and returns its error line.
func oneLineOf(t *testing.T, code int, args ...string) string {
	t.Helper()
	var out, said bytes.Buffer
	if got := run(args, strings.NewReader(""), &out, &said); got != code {
		t.Errorf("exit status %d, want %d: %s", got, code, &said)
	}
	line := said.String()
	if strings.Count(line, "\n") != 1 || len(line) > 320 {
		t.Errorf("not one short line: %q", line)
	}
	return strings.TrimSpace(line)
}

// noHost is the name of no host, which no name server is asked about: some take seconds to answer.
const noHost = "nowhere..invalid"

// The error about an unusable PostgreSQL is one line: the setting, the URL without its password, the reason and how to fix
// it.
func TestPostgresTrouble(t *testing.T) {
	server := testdb.Primary(t)
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	server.Exec("alter role lockbay password 'right'")
	server.Exec("create role guest login password 'guest'")
	server.Exec(`do $$ begin
		execute format('copy (select ''host all lockbay,guest all scram-sha-256'') to %L', current_setting('hba_file'));
		perform pg_reload_conf();
	end $$`)
	soon(t, "passwords are asked for", func() bool {
		c, err := pgx.Connect(t.Context(), server.URL())
		if err == nil {
			_ = c.Close(t.Context())
		}
		return err != nil
	})
	for _, x := range []struct{ user, password, host, name, want string }{
		{"lockbay", "s3cr3t", u.Host, "postgres", "rejects this user or password; check both in the URL"},
		{"nobody", "s3cr3t", u.Host, "postgres", "rejects this user from this host; check its pg_hba.conf"},
		{"lockbay", "right", u.Host, "nowhere", "has no database of this name; createdb nowhere makes it"},
		{"guest", "guest", u.Host, "postgres", "may not create or use tables there; make it the owner of the database postgres"},
		{"lockbay", "s3cr3t", "127.0.0.1:1", "postgres", "nothing listens there; check that PostgreSQL runs"},
		{"lockbay", "s3cr3t", noHost, "postgres", "host"},
	} {
		to := "postgres://" + x.user + ":" + x.password + "@" + x.host + "/" + x.name
		shown := `--database-url: "postgres://` + x.user + ":••••@" + x.host + "/" + x.name + `": `
		for _, command := range []string{"serve", "escrows list", "try"} {
			code := exitNoDB
			if x.user == "guest" { // waiting does not help
				code = exitFailed
			}
			if x.user == "guest" && command == "escrows list" { // creates no tables
				continue
			}
			line := oneLineOf(t, code, append(strings.Fields(command), "--listen", "127.0.0.1:0", "--database-url", to)...)
			if !strings.HasPrefix(line, "lockbay: "+shown) || !strings.Contains(line, x.want) || strings.Contains(line, ":"+x.password) {
				t.Errorf("%s: %s\nwant %s… %s", command, line, shown, x.want)
			}
		}
	}
	if line := oneLineOf(t, exitNoDB, "escrows", "list", "--database-url", "postgres://lockbay@"+u.Host+"/postgres"); !strings.Contains(line, "requires a password for this user") {
		t.Error(line)
	}
	server.Stop()
	if line := oneLineOf(t, exitNoDB, "escrows", "list", "--database-url", server.URL()); !strings.Contains(line, "nothing listens there") {
		t.Error(line)
	}
}

func TestPostgresTroubleByCode(t *testing.T) {
	for code, want := range map[string]string{"53300": "out of connections", "57P03": "starting or stopping", "25006": "read-only"} {
		if why, mend := postgresTrouble("postgres://h/db", errors.Join(&pgconn.PgError{Code: code, Message: "m"})); !strings.Contains(why, want) || mend == "" {
			t.Errorf("%s: %s; %s", code, why, mend)
		}
	}
	t.Setenv("PGPASSWORD", "")
	refused := &pgconn.PgError{Code: "28P01", Message: "m"}
	if why, mend := postgresTrouble("postgres://u@h/db", refused); why != "the server requires a password for this user" || !strings.Contains(mend, "PGPASSWORD") {
		t.Errorf("without a password: %s; %s", why, mend)
	}
	t.Setenv("PGPASSWORD", "wrong")
	for _, to := range []string{"postgres://u@h/db", "postgres://u:wrong@h/db"} {
		if why, _ := postgresTrouble(to, refused); !strings.Contains(why, "rejects this user or password") {
			t.Errorf("with a wrong password: %s", why)
		}
	}
	if why, _ := postgresTrouble("postgres://h/db", &pgconn.PgError{Code: "XX000"}); why != "" {
		t.Errorf("an error that nobody knows is %q", why)
	}
}

// No part of a password is printed, whatever is wrong with its URL and wherever that cuts the URL.
func TestPostgresURLThatIsNone(t *testing.T) {
	for _, to := range []string{
		"postgres://u:s3c#r3t@h/db", "postgres://u:12/s3cr3t@h/db", "postgres://u:12?s3cr3t@h/db", "postgres://u:s3c%r3t@h/db", "postgres://u:s3c@r3t@h/db",
		"postgres://u:s3cr3t@h:x/db", "postgres://u:s3cr3t@h/db?sslmode=some", "postgres://u:s3cr3t@h/db?pool_max_conns=many", "postgres://u:s3cr3t@h/db?default_query_exec_mode=none",
	} {
		for _, setting := range []string{"--database-url", "--database-direct-url"} {
			args := []string{"escrows", "list", setting, to}
			if setting != "--database-url" {
				args = append(args, "--database-url", "postgres://h/db")
			}
			line := oneLineOf(t, exitUsage, args...)
			if !strings.HasPrefix(line, "lockbay: "+setting+": \"postgres://") || strings.Contains(line, "s3c") || strings.Contains(line, "r3t") || strings.Contains(line, ":12") {
				t.Errorf("%s: %s", to, line)
			}
		}
	}
	for _, to := range []string{"postgres://u:s3cr3t@h/db?sslmode=some", "postgres://u:s3cr3t@h/db?sslmode=verify-full&sslrootcert=/nope", "mysql://u:s3cr3t@h/db", "host=h password=s3cr3t"} {
		for setting, args := range map[string][]string{"--from": {"--from", to, "--to", "sqlite:a.db"}, "--to": {"--from", "sqlite:a.db", "--to", to}} {
			if line := oneLineOf(t, exitUsage, append([]string{"migrate", "copy"}, args...)...); !strings.HasPrefix(line, "lockbay: "+setting+": ") || strings.Contains(line, "s3cr3t") {
				t.Errorf("%s %s: %s", setting, to, line)
			}
		}
	}
	for to, want := range map[string]string{
		"postgres://u:p@h:5432/db?sslmode=require": "postgres://u:••••@h:5432/db", "postgres://u@h/db": "postgres://u@h/db",
		"postgresql://h1:1,h2:2/db": "postgresql://h1:1,h2:2/db", "postgres:///db?host=/run/x&user=a@b&password=p": "postgres:///db",
	} {
		if got := maskedURL(to); got != want {
			t.Errorf("%s is shown as %s", to, got)
		}
		if err := checkPostgres("database-url", to); err != nil {
			t.Errorf("%s: %v", to, err)
		}
	}
	if line := oneLineOf(t, exitUsage, "escrows", "list", "--database-direct-url", "postgres://u:s3cr3t@h/db"); !strings.Contains(line, "leave it out") || strings.Contains(line, "s3cr3t") {
		t.Error(line)
	}
}

func TestFlatLine(t *testing.T) {
	for said, want := range map[string]string{
		"a": "a", "a\nb": "a; b", "no:\n\t1: refused\n\t1: refused\n": "no: 1: refused", "no:\n\t1: refused\n\t2: refused": "no: 1: refused; 2: refused",
	} {
		if got := flatLine(errors.New(said)); got != want {
			t.Errorf("%q is told as %q, want %q", said, got, want)
		}
	}
}

// Two servers on one host have two names.
func TestDatabaseName(t *testing.T) {
	t.Setenv("PGHOST", "db.example")
	t.Setenv("PGPORT", "5433")
	for url, want := range map[string]string{
		"postgres://u:p@h:5432/b": "PostgreSQL h:5432/b", "postgres://h/b": "PostgreSQL h/b", "postgres://h1:1,h2:2/b": "PostgreSQL h1:1,h2:2/b",
		"postgres:///b?host=/run/postgresql": "PostgreSQL b, socket in /run/postgresql", "postgres:///b": "PostgreSQL db.example:5433/b",
		"postgres:///b?host=h&port=7": "PostgreSQL h:7/b", "sqlite:/a/b.db": "SQLite /a/b.db",
	} {
		if got := (&Settings{DatabaseURL: url}).databaseName(); got != want {
			t.Errorf("%s is named %q, want %q", url, got, want)
		}
	}
}

func TestMasked(t *testing.T) {
	for said, want := range map[string]string{
		"want postgres://USER:PASSWORD@HOST:PORT/NAME": "want postgres://USER:PASSWORD@HOST:PORT/NAME", "postgres://u@h/b at 12:30": "postgres://u@h/b at 12:30",
		"no postgres://u:p:w@h/b": "no postgres://u:••••@h/b", "unexpected postgres:u:pw@h": "unexpected postgres:••••@h", "host=h password='p w' x": "host=h password=•••• x",
		"redis://:pw@h": "redis://:••••@h", "http://127.0.0.1:8080/a": "http://127.0.0.1:8080/a",
	} {
		if got := masked(said); got != want {
			t.Errorf("%q is told as %q, want %q", said, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 drafts", 1: "1 draft", 2: "2 drafts"} {
		if got := count(n, "draft"); got != want {
			t.Error(got)
		}
	}
	if err := (&copyReport{Newer: 1}).verdict(); err == nil || err.Error() != "the databases differ: 1 conversation newer in --to, and left unchanged" {
		t.Error(err)
	}
}
