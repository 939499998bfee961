package pgstore

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

var views = fstest.MapFS{
	"0001_view.sql":  {Data: []byte(`create view active as select key, conversation_state from conversations where conversation_state <> '';`)},
	"0002_table.sql": {Data: []byte(`create table notes (n int); insert into notes values (1)`)},
}

// TestMigrateAtOnce: one of ten stores that open at once migrates; also through a pooler.
func TestMigrateAtOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		url  func(t *testing.T) string
		opts []Option
	}{
		{"direct", func(t *testing.T) string { return testdb.Postgres(t) }, nil},
		{"serializable", func(t *testing.T) string {
			return testdb.Postgres(t) + "&default_transaction_isolation=serializable"
		}, nil},
		{"partitioned", func(t *testing.T) string { return testdb.Postgres(t) }, []Option{WithPartitions()}},
		{"pooled", func(t *testing.T) string { return bouncer(t, testdb.Postgres(t)) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := c.url(t)
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					s, err := Open(t.Context(), url, append(c.opts, WithMigrations("views", views))...)
					if err != nil {
						t.Error(err)
						return
					}
					s.Close()
				})
			}
			wg.Wait()
			s := openAt(t, url, WithMigrations("views", views))
			if n := ask[int](t, url, `select count(*) from schema_version where component in ('dialog', 'views')`); n != own.Version()+2 {
				t.Errorf("%d migrations ran, want %d", n, own.Version()+2)
			}
			if n := count(t, s, "notes"); n != 1 {
				t.Errorf("one of them ran %d times", n)
			}
			if n := ask[int](t, url, `select count(*) from pg_locks where locktype = 'advisory'`); n != 0 {
				t.Errorf("%d locks were left behind", n)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	url := testdb.Postgres(t)
	with := WithMigrations("views", views)
	want := func(have ...int) {
		t.Helper()
		list, err := Status(t.Context(), url, with)
		if err != nil || len(list) != 2 || list[0] != (dialog.Migration{Component: "dialog", Have: have[0], Want: own.Version(), Needs: min(have[0], 1)}) ||
			list[1] != (dialog.Migration{Component: "views", Have: have[1], Want: 2, Needs: min(have[1], 1)}) {
			t.Errorf("status %+v, %v, want %v", list, err, have)
		}
	}
	want(0, 0)
	want(0, 0) // it changed nothing
	s := openAt(t, url)
	want(own.Version(), 0)
	put(t, s, 3)
	again := openAt(t, url, with)
	want(own.Version(), 2)
	if n := count(t, again, "active"); n != 3 {
		t.Errorf("%d rows in the view", n)
	}
}

// TestMigrationFails: a failed migration is undone, and the error names it.
func TestMigrationFails(t *testing.T) {
	url := testdb.Postgres(t)
	broken := fstest.MapFS{"0001.sql": {Data: []byte(`create table half (n int); select * from nowhere`)}}
	_, err := Open(t.Context(), url, WithMigrations("app", broken))
	if err == nil || !strings.Contains(err.Error(), "app 0001.sql") || errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
	if ask[bool](t, url, `select to_regclass('half') is not null or to_regclass('conversations') is not null`) {
		t.Error("something of it is there")
	}
	openAt(t, url)
}

// TestMigrationWaits: a migration waits for a busy table in short steps, so that no other
// statement waits behind it for long.
func TestMigrationWaits(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url)
	put(t, s, 1)
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if _, err := c.Exec(t.Context(), `begin; lock table conversations in access share mode`); err != nil {
		t.Fatal(err)
	}
	alter := fstest.MapFS{"0001.sql": {Data: []byte(`alter table conversations add column note text`)}}
	done := make(chan error, 1)
	go func() {
		s, err := Open(context.Background(), url, WithMigrations("app", alter))
		if err == nil {
			s.Close()
		}
		done <- err
	}()
	tries := map[string]bool{}
	soon(t, "it tries a second time", func() bool {
		if who := ask[string](t, url, `select coalesce(min(virtualtransaction), '') from pg_locks where not granted and relation = 'conversations'::regclass`); who != "" {
			tries[who] = true
		}
		return len(tries) > 1
	})
	if _, err := s.Load(t.Context(), key("k00000")); err != nil {
		t.Errorf("beside the waiting migration: %v", err)
	}
	if _, err := c.Exec(t.Context(), `commit`); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("migration: %v", err)
	}
	// The older version goes on beside it.
	if _, err := s.Load(t.Context(), key("k00000")); err != nil {
		t.Error(err)
	}
	mustApply(t, s, &dialog.Write{After: dialogtest.NewRow(key("new"))})
}

func TestRefusesLossyServer(t *testing.T) {
	server := testdb.Primary(t)
	server.Set("synchronous_commit", "off")
	if _, err := Open(t.Context(), server.URL()); err == nil || !strings.Contains(err.Error(), "synchronous_commit=off") {
		t.Errorf("open: %v", err)
	}
}

func TestBadURL(t *testing.T) {
	for _, url := range []string{"postgres://u:secret@h:port/db", "postgres://u:secret@127.0.0.1:1/db?sslmode=nonsense"} {
		if _, err := Open(t.Context(), url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("open: %v", err)
		}
	}
	_, err := Open(t.Context(), "postgres://u:secret@127.0.0.1:1/db?sslmode=disable")
	if !errors.Is(err, dialog.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestSSLMode: the sslmode of the URL is obeyed.
func TestSSLMode(t *testing.T) {
	url := strings.Replace(testdb.Postgres(t), "sslmode=disable", "sslmode=require", 1)
	if _, err := Open(t.Context(), url); !errors.Is(err, dialog.ErrUnavailable) || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("open a server without TLS: %v", err)
	}
}

func TestDistributeWithoutCitus(t *testing.T) {
	s := openAt(t, testdb.Postgres(t))
	if err := s.Distribute(t.Context()); !errors.Is(err, ErrNoCitus) || errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("distribute: %v", err)
	}
}

// TestWholeTables: Open with partitions rejects tables without them.
func TestWholeTables(t *testing.T) {
	url := testdb.Postgres(t)
	put(t, openAt(t, url), 3)
	if _, err := Open(t.Context(), url, WithPartitions()); !errors.Is(err, ErrNotPartitioned) || errors.Is(err, dialog.ErrUnavailable) {
		t.Errorf("open: %v", err)
	}
	if n := count(t, openAt(t, url), "conversations"); n != 3 {
		t.Errorf("%d conversations", n)
	}
}

// TestMonthsWithoutRights: a user who may not make or drop tables opens and prunes all the
// same; events without a month's partition lie in the default one.
func TestMonthsWithoutRights(t *testing.T) {
	url := testdb.Postgres(t)
	owner := openAt(t, url, WithPartitions())
	ctx := t.Context()
	march := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	if err := owner.makeMonths(ctx, march); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{march, march.AddDate(0, -3, 0), time.Now()} {
		if _, err := owner.Commit(ctx, &dialog.Batch{Events: []dialog.Event{{Kind: "asked", At: at}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := owner.pool.Exec(ctx, `drop role if exists dml; create role dml login; grant select, insert, update, delete on all tables in schema public to dml;
		drop table events_`+time.Now().UTC().AddDate(0, 2, 0).Format("2006_01"), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, _ = owner.pool.Exec(context.Background(), `drop owned by dml; drop role dml`, pgx.QueryExecModeSimpleProtocol)
	}()
	s, err := Open(ctx, strings.Replace(url, "lockbay@", "dml@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	mustApply(t, s, &dialog.Write{After: dialogtest.NewRow(key("a"))})
	for _, want := range []int{2, 0} {
		if n, err := s.Prune(ctx, march.AddDate(0, 6, 0)); err != nil || n != want {
			t.Errorf("prune: %d, %v, want %d", n, err, want)
		}
	}
	if n := count(t, s, "events"); n != 1 {
		t.Errorf("%d events are left", n)
	}
}

// TestMonths: events lie in partitions by month, and an old one is dropped as a whole.
func TestMonths(t *testing.T) {
	s := openAt(t, testdb.Postgres(t), WithPartitions())
	ctx := t.Context()
	march := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	if err := s.makeMonths(ctx, march); err != nil {
		t.Fatal(err)
	}
	log := func(n int, at time.Time) {
		t.Helper()
		events := make([]dialog.Event, n)
		for i := range events {
			events[i] = dialog.Event{Kind: "asked", At: at.Add(time.Duration(i) * time.Millisecond)}
		}
		if _, err := s.Commit(ctx, &dialog.Batch{Events: events}); err != nil {
			t.Fatal(err)
		}
	}
	log(12_000, march)
	log(1, march.AddDate(0, 0, -9)) // the month's first instant
	log(5, march.AddDate(0, 1, 0))
	log(7, march.AddDate(0, -3, 0)) // no month has these
	log(3, time.Now())
	if n := count(t, s, "events_2026_03"); n != 12_001 {
		t.Errorf("%d events in March", n)
	}
	if n := count(t, s, "events_other"); n != 7 {
		t.Errorf("%d events in no month", n)
	}
	prune := func(before time.Time, want ...int) {
		t.Helper()
		for _, want := range append(want, 0) {
			if n, err := s.Prune(ctx, before); err != nil || n != want {
				t.Errorf("prune: %d, %v, want %d", n, err, want)
			}
		}
	}
	prune(march.Add(time.Second), 1008) // some of a month: row by row
	prune(march.AddDate(0, 0, 22), 11_000)
	if ask[bool](t, s.pool.Config().ConnString(), `select to_regclass('events_2026_03') is not null`) {
		t.Error("March is still there")
	}
	if n := count(t, s, "events"); n != 8 {
		t.Errorf("%d events are left", n)
	}
	// A month that begins without its partition: the default one takes its events, for good.
	other := openAt(t, testdb.Postgres(t), WithPartitions())
	if _, err := other.Commit(ctx, &dialog.Batch{Events: []dialog.Event{{Kind: dialog.EventUp, At: march}}}); err != nil {
		t.Fatal(err)
	}
	if err := other.makeMonths(ctx, march); err != nil {
		t.Errorf("months: %v", err)
	}
}

// TestMonthIsRead: during a long read of the events turns go on, and an old month is dropped
// after the read.
func TestMonthIsRead(t *testing.T) {
	url := testdb.Postgres(t)
	s := openAt(t, url, WithPartitions())
	ctx := t.Context()
	march := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	if err := s.makeMonths(ctx, march); err != nil {
		t.Fatal(err)
	}
	log := func() {
		t.Helper()
		if _, err := s.Commit(ctx, &dialog.Batch{Events: []dialog.Event{{Kind: "asked", At: march}}}); err != nil {
			t.Fatal(err)
		}
	}
	log()
	reader, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close(context.Background()) }()
	if _, err := reader.Exec(ctx, `begin; select count(*) from events`); err != nil {
		t.Fatal(err)
	}
	later := march.AddDate(0, 2, 0)
	soon(t, "no turn waits for long", func() bool {
		done := make(chan error, 1)
		go func() {
			_, err := s.Prune(ctx, later)
			done <- errors.Join(err, s.makeMonths(ctx, march.AddDate(1, 0, 0)))
		}()
		var longest time.Duration
		for {
			select {
			case err := <-done:
				if !errors.Is(err, dialog.ErrUnavailable) || !strings.Contains(err.Error(), "events_2026_03") {
					t.Fatalf("prune: %v", err)
				}
				return longest < 500*time.Millisecond
			default:
				began := time.Now()
				log()
				longest = max(longest, time.Since(began))
			}
		}
	})
	if _, err := reader.Exec(ctx, `commit`); err != nil {
		t.Fatal(err)
	}
	if n, err := s.Prune(ctx, later); err != nil || n == 0 {
		t.Errorf("prune: %d, %v", n, err)
	}
	if ask[bool](t, url, `select to_regclass('events_2026_03') is not null`) {
		t.Error("March is still there")
	}
}
