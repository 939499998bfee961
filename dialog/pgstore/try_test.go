package pgstore

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/internal/testdb"
)

// Try succeeds where Open does, and fails for the same reason. It leaves nothing behind.
func TestTry(t *testing.T) {
	ctx := context.Background()
	server := testdb.Primary(t)
	server.Exec("create role guest login")
	server.Exec("create database empty")
	server.Exec("create database made")
	server.Exec("create database foreigners")
	of := func(name string) string { return strings.Replace(server.URL(), "/postgres", "/"+name, 1) }
	guest := func(url string) string { return strings.Replace(url, "lockbay@", "guest@", 1) }
	on := func(url, sql string) {
		t.Helper()
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		if _, err := c.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(ctx, of("made"))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	on(of("foreigners"), "create table schema_version (id int)")
	on(of("made"), "grant select on all tables in schema public to guest")
	for _, x := range []struct{ name, url, want string }{
		{"nothing there", of("empty"), ""},
		{"all there", of("made"), ""},
		{"may only read", guest(of("made")), "permission denied for table"},
		{"may make nothing", guest(of("empty")), "permission denied for schema public"},
		{"takes no writes", of("made") + "&default_transaction_read_only=on", "read-only transaction"},
		{"not durable", of("made") + "&synchronous_commit=off", "synchronous_commit=off"},
		{"of another program", of("foreigners"), "does not exist"},
		{"no such server", strings.Replace(of("made"), server.Addr(), "127.0.0.1:1", 1), "refused"},
	} {
		err := Try(ctx, x.url)
		if x.want == "" && err != nil || x.want != "" && (err == nil || !strings.Contains(err.Error(), x.want)) {
			t.Errorf("%s: %v, want %q", x.name, err, x.want)
		}
	}
	list, err := Status(ctx, of("empty"))
	if err != nil || list[0].Have != 0 {
		t.Errorf("tables were left: %+v, %v", list, err)
	}
	c, err := pgx.Connect(ctx, of("made"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	var rows int
	if err := c.QueryRow(ctx, `select (select count(*) from conversations) + (select count(*) from events) + (select count(*) from leases) + (select count(*) from secrets)`).Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows were left, %v", rows, err)
	}
}
