package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/views"
)

// says runs a command and returns its output.
func says(t *testing.T, code int, stdin string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(args, strings.NewReader(stdin), &out, &out); got != code {
		t.Errorf("%q: exit status %d, want %d: %s", args, got, code, &out)
	}
	return out.String()
}

var lookers = []string{"drafts list", "drafts show escrow/tg:1", "drafts prune --dry-run", "drafts prune", "drafts forget escrow/tg:1", "escrows list", "escrows cancel ESC-7K4M-92QXA"}

// Commands that look after a database leave its tables as they are.
func TestLookersMakeNoTables(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	old := func(files fs.FS) fs.FS {
		b, err := fs.ReadFile(files, "001_views.sql")
		if err != nil {
			t.Fatal(err)
		}
		return fstest.MapFS{"001_views.sql": {Data: b}}
	}
	empty, behind, file := testdb.Postgres(t), testdb.Postgres(t), filepath.Join(dir, "behind.db")
	pg, err := pgstore.Open(ctx, behind, pgstore.WithMigrations("views", old(views.Postgres())))
	if err != nil {
		t.Fatal(err)
	}
	pg.Close()
	lite, err := sqlitestore.Open(ctx, file, sqlitestore.WithMigrations("views", old(views.SQLite())))
	if err != nil {
		t.Fatal(err)
	}
	lite.Close()
	for _, x := range []struct {
		url, want string
		code      int
		have      [2]int // versions of dialog and views, before and after
	}{
		{empty, "has no LockBay tables; lockbay serve creates them", exitFailed, [2]int{0, 0}},
		{behind, "the tables of views are at version 1, this program needs 5; lockbay migrate up updates them", exitFailed, [2]int{3, 1}},
		{"sqlite:" + file, "the tables of views are at version 1, this program needs 5; lockbay migrate up updates them", exitFailed, [2]int{3, 1}},
		{"sqlite:" + dir + "/none.db", "lockbay serve creates it", exitNoDB, [2]int{}},
	} {
		for _, command := range lookers {
			if said := says(t, x.code, "", append(strings.Fields(command), "--database-url", x.url)...); !strings.Contains(said, x.want) {
				t.Errorf("%s: %s", command, said)
			}
		}
		set := Settings{DatabaseURL: x.url}
		kind, where, _ := set.database()
		if list, err := migrationStatus[kind](ctx, where); err == nil && (list[0].Have != x.have[0] || list[1].Have != x.have[1]) || err != nil && x.code != exitNoDB {
			t.Errorf("%s: %+v %v", x.url, list, err)
		}
	}
	says(t, exitDone, "", "migrate", "up", "--database-url", behind)
	says(t, exitDone, "", "drafts", "list", "--database-url", behind)
}

// robbed is a store whose sweeper's lease ends during a deletion.
type robbed struct {
	store
	pruned int
}

func (r *robbed) Prune(ctx context.Context, _ time.Time) (int, error) {
	if r.pruned++; r.pruned == 3 {
		_, gone := r.Lease(ctx, "sweeper:"+botName, "drafts prune", 0)
		if got, err := r.Lease(ctx, "sweeper:"+botName, "somebody", time.Minute); !got || errors.Join(gone, err) != nil {
			return 0, fmt.Errorf("stolen: %v, %w", got, errors.Join(gone, err))
		}
	}
	return min(7, 10-r.pruned), nil
}

// After prune has lost the lease, an instance continues its work.
func TestPruneLosesTheLease(t *testing.T) {
	set := Settings{DatabaseURL: "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")}
	st, err := set.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	engine, err := dialog.New(st, dialog.Config{Bot: botName, Detached: true}, deal.New(deal.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	thief, rep := &robbed{store: st}, pruneReport{}
	if err := (&draftsPruneCmd{}).prune(t.Context(), &app{store: thief, engine: engine}, &rep); err != nil || thief.pruned != 3 || rep.Events != 21 || rep.Serving {
		t.Errorf("%v after %d times: %+v", err, thief.pruned, rep)
	}
}

// prune counts each expired draft once, and reports its work.
func TestPrune(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			prune := func(flags ...string) string {
				t.Helper()
				return says(t, exitDone, "", append([]string{"drafts", "prune", "--database-url", url}, flags...)...)
			}
			old := newRig(t, clockAt(time.Now().Add(-8*24*time.Hour)), "--database-url", url) // longer than a draft is kept
			p := &chatter{r: old, id: 3, name: "Ada", lang: "en"}
			p.tap("create")
			p.say("@anna_ceramics")
			old.settle()
			old.close()
			set := Settings{DatabaseURL: url}
			st, err := set.openStore(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer st.Close()
			r := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:1"}) // has ended, so it has not expired
			r.Step, r.Where, r.Shown, r.Due = "", dialog.InRow, nil, 0
			kept := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:2"}) // in Redis
			kept.Shown, kept.Due, kept.Expires = nil, 0, time.Now().Add(time.Hour)
			for _, row := range []*dialog.Row{r, kept} {
				out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row, Events: []dialog.Event{{Kind: "started", Key: row.Key.String(), At: time.Unix(1, 0)}}}}})
				if err != nil || out.Verdicts[0] != dialog.Applied {
					t.Fatal(out, err)
				}
			}
			const redis = "1 draft in Redis skipped; set --redis-url to prune there.\n"
			if said := prune("--dry-run"); said != "1 draft expired, 2 events too old; nothing was deleted.\n"+redis {
				t.Error(said)
			}
			if held, err := st.Lease(context.Background(), "sweeper:"+botName, "somebody", time.Minute); !held || err != nil {
				t.Fatal(held, err)
			}
			if said := prune(); !strings.HasPrefix(said, "1 draft expired. A running instance deletes them by itself, so this command did nothing.\n") {
				t.Error(said)
			}
			if _, err := st.Lease(context.Background(), "sweeper:"+botName, "somebody", 0); err != nil {
				t.Fatal(err)
			}
			if said := prune(); !strings.HasPrefix(said, "1 draft expired. ") || !strings.HasSuffix(said, " 2 old events deleted.\n"+redis) || strings.Contains(said, " 0 timers") {
				t.Error(said)
			}
			for range 2 {
				if said := prune(); said != "0 drafts expired. 0 timers fired, 0 ended conversations forgotten, 0 old events deleted.\n"+redis {
					t.Error(said)
				}
			}
			if said := says(t, exitFailed, "", "drafts", "show", "escrow/tg:2", "--database-url", url); !strings.Contains(said, "are in Redis: set --redis-url") {
				t.Error(said)
			}
		})
	}
}

// An older program deletes no draft of a newer one.
func TestForgetNewer(t *testing.T) {
	for name, change := range map[string]func(row *dialog.Row){
		"format of the draft": func(row *dialog.Row) { row.Schema = 9999 },
		"step":                func(row *dialog.Row) { row.Step = "toppings" },
	} {
		t.Run(name, func(t *testing.T) {
			url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
			row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:1000001"})
			row.Owner, row.Where, row.Due, row.State, row.Shown, row.Format, row.Step, row.Schema = row.Key.ID, dialog.InRow, 0, nil, nil, 1, "", 1
			change(row)
			within(t, url, func(st store) {
				if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
					t.Fatal(out, err)
				}
			})
			if said := says(t, exitFailed, "", "drafts", "forget", "escrow/tg:1000001", "--database-url", url); said != "lockbay: escrow/tg:1000001 was written by a newer lockbay: forget it with the newer program\n" {
				t.Errorf("said %q", said)
			}
			within(t, url, func(st store) {
				if _, err := st.Load(t.Context(), row.Key); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// The error about a row of a newer format has the key of the command line.
func TestShowNewer(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:1000001"})
	row.Owner, row.Where, row.Due, row.State, row.Shown, row.Format = row.Key.ID, dialog.InRow, 0, nil, nil, 9999
	within(t, url, func(st store) {
		if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
			t.Fatal(out, err)
		}
	})
	if said := says(t, exitFailed, "", "drafts", "show", "escrow/tg:1000001", "--database-url", url); !strings.Contains(said, "lockbay: escrow/tg:1000001 was written by a newer lockbay") {
		t.Error(said)
	}
}

// drafts show prints unreadable answers, for which the person was asked again, as they are.
func TestShowUnread(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:1000001"})
	row.Owner, row.Where, row.Due, row.Shown, row.Format = row.Key.ID, dialog.InRow, 0, nil, 1
	row.Answers, row.State = []byte(`{"s":"@anna"}`), []byte(`{"x":"eyJzIjoxfQ=="}`)
	within(t, url, func(st store) {
		if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
			t.Fatal(out, err)
		}
	})
	for _, flags := range [][]string{nil, {"--json"}} {
		said := says(t, exitDone, "", append([]string{"drafts", "show", "escrow/tg:1000001", "--database-url", url}, flags...)...)
		if !strings.Contains(said, "@anna") || !strings.Contains(strings.ReplaceAll(said, `\"`, `"`), `{"s":1}`) {
			t.Errorf("%v: %s", flags, said)
		}
	}
}

// Updates set aside are not a conversation: lists leave them out, a copy carries them, and forgetting their person deletes
// them.
func TestWhatIsSetAside(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			target := "sqlite:" + filepath.Join(t.TempDir(), "copy.db")
			aside := func(owner string) *dialog.Row {
				return &dialog.Row{Answers: []byte(`{"u":[{"t":1,"u":{"text":"the words"}}]}`), Head: dialog.Head{Key: dialog.Key{Bot: botName, Flow: dialog.AsideFlow, ID: "77:" + owner},
					Owner: owner, Version: 1, Tag: 1, Format: dialog.AsideFormat, Created: time.Now(), Updated: time.Now(), Expires: time.Now().Add(time.Hour)}}
			}
			draft := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: "escrow", ID: "tg:1"})
			draft.Owner, draft.Schema, draft.Where, draft.Due, draft.State, draft.Shown = "tg:1", 1, dialog.InRow, 0, nil, nil
			within(t, url, func(st store) {
				for _, row := range []*dialog.Row{draft, aside("tg:1"), aside("tg:2")} {
					if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
						t.Fatal(out, err)
					}
				}
			})
			left := func(url string) (n int) {
				within(t, url, func(st store) {
					rows, err := st.List(t.Context(), dialog.Query{Flow: dialog.AsideFlow})
					if err != nil {
						t.Fatal(err)
					}
					n = len(rows)
				})
				return n
			}
			for command, code := range map[string]int{"drafts list": exitDone, "drafts list --json": exitDone, "escrows list": exitDone, "escrows list --json": exitDone, "drafts prune": exitDone,
				"drafts show aside/77:tg:1": exitFailed, "migrate copy --from " + url + " --to " + target: exitDone} {
				args := strings.Fields(command)
				if args[0] != "migrate" {
					args = append(args, "--database-url", url)
				}
				said := says(t, code, "", args...)
				if strings.Contains(said, "the words") || strings.Contains(said, "tg:2") || code == exitDone && strings.Contains(said, "aside") {
					t.Errorf("%s tells of it: %s", command, said)
				}
			}
			if n := left(target); n != 2 {
				t.Errorf("%d are in the copy, want 2", n)
			}
			for i, owner := range []string{"tg:1", "tg:2"} { // tg:2 has no conversation yet
				if said := says(t, exitDone, "", "drafts", "forget", "escrow/"+owner, "--database-url", url); !strings.Contains(said, "Forgotten: escrow/"+owner) {
					t.Error(said)
				}
				if n := left(url); n != 1-i {
					t.Errorf("%d are left, want %d", n, 1-i)
				}
			}
			if said := says(t, exitFailed, "", "drafts", "forget", "escrow/tg:2", "--database-url", url); !strings.Contains(said, "there is no conversation") {
				t.Error(said)
			}
		})
	}
}

// Forgetting deletes the events of the conversation at once, and no others. So does forgetting what has only events left.
func TestForgetDeletesEvents(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			key := func(owner string) dialog.Key { return dialog.Key{Bot: botName, Flow: "escrow", ID: owner} }
			row := dialogtest.NewRow(key("tg:1"))
			row.Schema, row.Where, row.Due, row.State, row.Shown = 1, dialog.InRow, 0, nil, nil
			within(t, url, func(st store) {
				b := dialog.Batch{Writes: []*dialog.Write{{After: row}}}
				for _, owner := range []string{"tg:1", "tg:1", "tg:10", "tg:2"} {
					b.Events = append(b.Events, dialog.Event{Kind: "answered", Key: key(owner).String(), At: time.Now()})
				}
				if out, err := st.Commit(t.Context(), &b); err != nil || out.Verdicts[0] != dialog.Applied {
					t.Fatal(out, err)
				}
			})
			for _, x := range []struct {
				owner string
				left  int
			}{{"tg:1", 2}, {"tg:2", 1}} {
				says(t, exitDone, "", "drafts", "forget", "escrow/"+x.owner, "--database-url", url)
				within(t, url, func(st store) {
					list, err := st.(dialog.EventLog).Events(t.Context(), dialog.EventQuery{})
					if err != nil || len(list) != x.left {
						t.Errorf("after %s: %v, %v, want %d", x.owner, list, err, x.left)
					}
				})
				says(t, exitFailed, "", "drafts", "forget", "escrow/"+x.owner, "--database-url", url)
			}
		})
	}
}

// TestManyDrafts: a list writes a page of drafts before it reads much more.
func TestManyDrafts(t *testing.T) {
	const n = 3 * rowsPage
	memory := dialog.NewMemory()
	for i := range n {
		row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: intake.FlowName, ID: fmt.Sprintf("tg:%07d", i)})
		row.Step = lockbay.FieldAmount
		if _, err := memory.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, json := range []bool{false, true} {
		st := &counted{Store: memory}
		var out bytes.Buffer
		most, written := 0, 0
		watched := writerFunc(func(b []byte) (int, error) {
			written += bytes.Count(b, []byte("/tg:"))
			most = max(most, st.rows-written)
			return out.Write(b)
		})
		if err := writeDrafts(t.Context(), watched, json, st); err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(out.Bytes(), []byte("/tg:")); got != n || most > 2*rowsPage {
			t.Errorf("JSON %v: %d of %d drafts, and %d in memory", json, got, n, most)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// A conversation without a draft is shown as one, and a fee that is out of range is told the range.
func TestShowWithoutADraft(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	r := newRig(t, clockAt(time.Now()), "--database-url", url)
	p := &chatter{r: r, id: 3, name: "Ada", lang: "en"}
	p.say("hello")
	r.settle()
	r.close()
	said := says(t, exitDone, "", "drafts", "show", "escrow/tg:3", "--database-url", url)
	if !strings.Contains(said, "escrow/tg:3 without a draft, version ") {
		t.Error(said)
	}
	if said := says(t, exitUsage, "", "serve", "--fee", "percent=150", "--database-url", url); !strings.Contains(said, "from 0 to 50") {
		t.Error(said)
	}
}
