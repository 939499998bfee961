package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// copying runs migrate copy and returns its status and its output.
func copying(t *testing.T, flags ...string) (code int, rep copyReport, stderr string) {
	t.Helper()
	var out, errw bytes.Buffer
	code = run(append([]string{"migrate", "copy", "--json"}, flags...), strings.NewReader(""), &out, &errw)
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &rep); err != nil {
			t.Fatalf("%v in %s", err, out.String())
		}
	}
	return code, rep, errw.String()
}

// within opens a database as the program does, and closes it after do.
func within(t *testing.T, url string, do func(store)) {
	t.Helper()
	st, err := (&Settings{DatabaseURL: url}).openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	do(st)
}

func putRows(t *testing.T, st store, from, n int) {
	t.Helper()
	b := &dialog.Batch{}
	for i := range n {
		row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: fmt.Sprintf("tg:%d", 100_000+from+i)})
		row.Where = dialog.InRow
		b.Writes = append(b.Writes, &dialog.Write{After: row})
	}
	if _, err := st.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestMigrateCopy(t *testing.T) {
	server := testdb.Primary(t)
	newDatabase := func(name string) string {
		server.Exec("create database " + name)
		return strings.Replace(server.URL(), "/postgres?", "/"+name+"?", 1)
	}
	sqlite := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
	pg, parted, back := newDatabase("whole"), newDatabase("parted"), "sqlite:"+filepath.Join(t.TempDir(), "b.db")

	if code, _, stderr := copying(t, "--from", sqlite, "--to", pg); code != exitNoDB || !strings.Contains(stderr, "a.db does not exist") {
		t.Fatal(code, stderr)
	}
	if code, _, stderr := copying(t, "--from", pg, "--to", sqlite); code != exitFailed || !strings.Contains(stderr, "no LockBay tables") {
		t.Fatal(code, stderr)
	}
	if code, _, stderr := copying(t, "--from", "mysql://x:secret@y/z", "--to", sqlite); code != exitUsage || strings.Contains(stderr, "secret") {
		t.Fatal(code, stderr)
	}

	within(t, sqlite, func(st store) {
		putRows(t, st, 0, 700)
		for name, value := range map[string]string{"web cookie": "the key of the cookies", "telegram bot": "123456"} {
			if _, err := st.Secret(t.Context(), name, []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
	})
	if code := run([]string{"migrate", "up", "--partitions", "--database-url", parted}, nil, new(bytes.Buffer), new(bytes.Buffer)); code != exitDone {
		t.Fatal("migrate up --partitions:", code)
	}
	for _, hop := range [][2]string{{sqlite, pg}, {pg, parted}, {parted, back}} {
		code, rep, stderr := copying(t, "--from", hop[0], "--to", hop[1])
		if code != exitDone || !rep.Equal || rep.Created != 700 || rep.To.Conversations != 700 || rep.Serving || stderr != "" {
			t.Fatalf("%v: %d %+v %s", hop, code, rep, stderr)
		}
	}
	within(t, back, func(st store) {
		for name, want := range map[string]string{"web cookie": "the key of the cookies", "telegram bot": "123456"} {
			if got, err := st.Secret(t.Context(), name, []byte("another")); err != nil || string(got) != want {
				t.Fatalf("%s: %q %v", name, got, err)
			}
		}
	})

	// The same database under two names.
	for _, other := range []string{sqlite, strings.Replace(sqlite, "sqlite:", "sqlite://", 1)} {
		if code, _, stderr := copying(t, "--from", sqlite, "--to", other); code != exitUsage || !strings.Contains(stderr, "same database") {
			t.Fatal(code, stderr)
		}
	}

	// Somebody serves.
	within(t, sqlite, func(st store) {
		putRows(t, st, 5000, 3)
		_, _ = st.Lease(t.Context(), "sweeper:"+botName, "an instance", 60e9)
	})
	if code, rep, _ := copying(t, "--from", sqlite, "--to", pg); code != exitDone || !rep.Serving || rep.Created != 3 || rep.Same != 700 {
		t.Fatalf("%d %+v", code, rep)
	}
	if code, _, stderr := copying(t, "--from", pg, "--to", sqlite); code != exitFailed || !strings.Contains(stderr, "stop it first") {
		t.Fatal(code, stderr)
	}

	// Rows of the target alone make the databases differ; --exact deletes them, except pending and paid escrows.
	within(t, back, func(st store) {
		putRows(t, st, 9000, 2)
		deal := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "deal", ID: "ESC-AAAA-AAAAA"})
		deal.Step = "payment_pending"
		if _, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: deal}}}); err != nil {
			t.Fatal(err)
		}
	})
	if code, rep, stderr := copying(t, "--from", pg, "--to", back); code != exitFailed || rep.Equal || !rep.Finished || rep.Extra != 3 || !strings.Contains(stderr, "--exact") {
		t.Fatalf("%d %+v %s", code, rep, stderr)
	}
	if code, rep, _ := copying(t, "--from", pg, "--to", back, "--exact"); code != exitFailed || rep.Deleted != 2 || rep.Extra != 1 {
		t.Fatalf("%d %+v", code, rep)
	}

	// A target that has served before has a key of its own.
	served := newDatabase("served")
	within(t, served, func(st store) { _, _ = st.Secret(t.Context(), "web cookie", []byte("its own")) })
	if code, _, stderr := copying(t, "--from", sqlite, "--to", served); code != exitFailed || !strings.Contains(stderr, "web cookie") || strings.Contains(stderr, "its own\"") {
		t.Fatal(code, stderr)
	}
}

// TestSecretsAreCopied: a copied database has every secret of a bot with a webhook and a console, so the links, words,
// cookies and buttons of its people stay good.
func TestSecretsAreCopied(t *testing.T) {
	addr := freeAddr(t)
	w := withTelegram(t, "--listen", addr, "--public-url", "http://"+addr, "--operator-token", "0123456789abcdef0123456789abcdef")
	w.stop()
	have := secretsOf(t, w.database())
	if len(have) < 8 {
		t.Fatalf("the bot has only the secrets %v", have)
	}
	to := filepath.Join(t.TempDir(), "to.db")
	if code, _, stderr := copying(t, "--from", "sqlite:"+w.database(), "--to", "sqlite:"+to); code != exitDone {
		t.Fatal(code, stderr)
	}
	if diff := cmp.Diff(have, secretsOf(t, to)); diff != "" {
		t.Errorf("secrets of the source (-) and the target (+):\n%s", diff)
	}
}

// secretsOf returns the secrets of a database file.
func secretsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `select name, hex(value) from secrets`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	secrets := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		secrets[name] = value
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return secrets
}

func TestMigrateUpApart(t *testing.T) {
	server := testdb.Primary(t)
	up := func(flags ...string) (int, string) {
		var out, errw bytes.Buffer
		code := run(append([]string{"migrate", "up"}, flags...), nil, &out, &errw)
		if strings.Count(errw.String(), "\n") > 1 {
			t.Fatal("more than a line:", errw.String())
		}
		return code, errw.String()
	}
	url := "--database-url=" + server.URL()
	for range 2 {
		if code, stderr := up(url, "--partitions"); code != exitDone {
			t.Fatal(code, stderr)
		}
	}
	c, err := pgx.Connect(context.Background(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	var n int
	if err := c.QueryRow(t.Context(), `select count(*) from pg_partition_tree('conversations') where isleaf`).Scan(&n); err != nil || n != 16 {
		t.Fatal(n, err)
	}
	server.Exec("create database whole")
	whole := "--database-url=" + strings.Replace(server.URL(), "/postgres?", "/whole?", 1)
	if code, stderr := up(whole); code != exitDone {
		t.Fatal(code, stderr)
	}
	if code, stderr := up(whole, "--partitions"); code != exitFailed || !strings.Contains(stderr, "without partitions") {
		t.Fatal(code, stderr)
	}
	if code, stderr := up(whole, "--citus"); code != exitFailed || !strings.Contains(stderr, "citus") {
		t.Fatal(code, stderr)
	}
	for _, wrong := range [][]string{{"--database-url=sqlite:" + filepath.Join(t.TempDir(), "a.db"), "--citus"}, {url, "--citus", "--partitions"}} {
		if code, stderr := up(wrong...); code != exitUsage {
			t.Fatal(wrong, code, stderr)
		}
	}
}

// TestCopyFromReadOnly: the source may be a standby, or opened by a user who may only read, or too slow to count its rows.
func TestCopyFromReadOnly(t *testing.T) {
	server := testdb.Primary(t)
	within(t, server.URL(), func(st store) {
		putRows(t, st, 0, 300)
		if _, err := st.Secret(t.Context(), "web cookie", []byte("the key of the cookies")); err != nil {
			t.Fatal(err)
		}
		if got, err := st.Lease(t.Context(), "sweeper:"+botName, "an instance", 60e9); !got || err != nil {
			t.Fatal(got, err)
		}
	})
	server.Exec(`create role reader login; grant select on all tables in schema public to reader`)
	standby := server.Standby()
	for name, from := range map[string]string{"standby": standby.URL(), "reader": strings.Replace(server.URL(), "lockbay@", "reader@", 1)} {
		to := "sqlite:" + filepath.Join(t.TempDir(), "a.db")
		for _, want := range []copyReport{{Created: 300}, {Same: 300}} {
			code, rep, stderr := copying(t, "--from", from, "--to", to)
			if code != exitDone || !rep.Equal || rep.Created != want.Created || rep.Same != want.Same || !rep.Serving || stderr != "" {
				t.Fatalf("%s: %d %+v %s", name, code, rep, stderr)
			}
		}
		within(t, to, func(st store) {
			if got, err := st.Secret(t.Context(), "web cookie", nil); err != nil || string(got) != "the key of the cookies" {
				t.Fatalf("%s: %q %v", name, got, err)
			}
		})
	}
	within(t, server.URL(), func(st store) {
		p := &program{ctx: t.Context(), err: io.Discard}
		res, err := (&migrateCopyCmd{}).pass(p, uncounted{st}, dialogStore{dialog.NewMemory()})
		if err != nil || res.Created != 300 {
			t.Fatalf("%+v %v", res, err)
		}
	})
}

// uncounted is a store that fails to count its rows.
type uncounted struct{ store }

func (uncounted) ConversationBytes(context.Context) (bytes, conversations int64, err error) {
	return 0, 0, errors.New("canceling statement due to statement timeout")
}

// dialogStore is a store of the library in place of the program's.
type dialogStore struct{ dialog.Store }

func (dialogStore) ConversationBytes(context.Context) (bytes, conversations int64, err error) {
	return 0, 0, nil
}

func (dialogStore) DraftsInRedis(context.Context) (int64, error) { return 0, nil }
