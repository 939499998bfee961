package views

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	_ "modernc.org/sqlite"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/internal/testdb"
)

// broken are answers that no view can read, also terms of a deal with wrong
// types.
var broken = []string{"\xff\xfe", "{", "", `"text"`, "null", `{"t":{"a":{"m":"much","c":7},"h":1e300,"s":[]}}`, `{"t":{"a":{"m":99999999999999999999}}}`, `{"t":1}`,
	`{"l":1}`, `{"l":{"a":{"t":1,"m":"received"}}}`, `{"l":[7,[],null]}`, `{"o":1,"l":[{"t":"x","by":5,"m":[],"r":{},"p":1},{"t":1e300,"by":"o9","p":[1,[]]},{"by":"t99999999999","p":[["cash:manual","much"]]}]}`}

// fill writes whole drafts and deals, and some with broken answers.
func fill(t *testing.T, s dialog.Store) {
	t.Helper()
	ctx := context.Background()
	row := func(flow, id, step, answers string) {
		r := dialogtest.NewRow(dialog.Key{Bot: "lockbay", Flow: flow, ID: id})
		r.Step, r.Answers, r.Where, r.Shown = step, []byte(answers), dialog.InRow, nil
		out, err := s.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{{After: r, Events: []dialog.Event{
			{Key: r.Key.String(), Kind: "started", Draft: r.Draft, At: r.Created}, {Key: r.Key.String(), Kind: "confirmed", Draft: r.Draft, At: r.Created},
		}}}})
		if err != nil || out.Verdicts[0] != dialog.Applied {
			t.Fatal(err, out)
		}
	}
	row("escrow", "tg:1000001", "amount_input", `{"s":"@anna_ceramics"}`)
	row("escrow", "tg:"+strings.Repeat("9", 30), "amount_input", `{"s":"@anna_ceramics"}`)
	row("deal", "ESC-7K4M-92QXA", "payment_confirmed", `{"dr":"d1","t":{"s":"@anna_ceramics","a":{"m":12050,"c":"EUR"},"d":"A vase","h":72}}`)
	for _, step := range lockbay.Statuses {
		row("deal", "ESC-of-"+string(step), string(step), `{"dr":"of","t":{"s":"@anna_ceramics","a":{"m":1,"c":"EUR"},"d":"A vase","h":72}}`)
	}
	for i, answers := range broken {
		row("escrow", fmt.Sprintf("web:%d", i), "amount_input", answers)
		row("deal", fmt.Sprintf("ESC-%d", i), "payment_pending", answers)
	}
}

// funnel writes the events of three drafts: one left at the second question
// after Back, one whose deal was cancelled, one just started. Events of the
// same time keep the order of their writes.
func funnel(t *testing.T, s dialog.Store) {
	t.Helper()
	at := time.UnixMilli(9_999_999_999_994).UTC() // the next times have one more digit
	tell := func(key, draft string, told ...string) {
		for _, x := range told {
			kind, cause, _ := strings.Cut(x, " ")
			at = at.Add(time.Millisecond)
			if _, err := s.Commit(t.Context(), &dialog.Batch{Events: []dialog.Event{{Key: key, Kind: dialog.EventKind(kind), Draft: draft, Cause: cause, At: at}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	tell("lockbay:escrow:web:a:b", "left", "started", "asked seller_input", "answered", "asked amount_input", "asked seller_input", "asked amount_input")
	tell("lockbay:escrow:tg:1", "went", "started", "asked seller_input", "asked trade_review", "asked amount_input", "asked trade_review", "confirmed")
	tell("lockbay:deal:ESC-7K4M-92QXA", "ESC-7K4M-92QXA", "started", "asked payment_pending", "cancelled")
	tell("lockbay:escrow:tg:2", "begun", "started")
}

// tellsTheFunnel wants the drafts of funnel, and no row for the deal.
func tellsTheFunnel(t *testing.T, db *sql.DB) {
	t.Helper()
	for draft, want := range map[string]string{"left": "amount_input creating", "went": "trade_review completed", "begun": "- creating"} {
		if got := one(t, db, "select coalesce(last_asked, '-') || ' ' || status from escrow_funnel where draft_id = '"+draft+"'"); got != want {
			t.Errorf("%s: %s, want %s", draft, got, want)
		}
	}
	if got := one(t, db, "select count(*) from escrow_funnel where draft_id like 'ESC%'"); got != "0" {
		t.Errorf("%s deals are counted as drafts", got)
	}
}

// old returns the first version of the views.
func old(t *testing.T, now fs.FS) fs.FS {
	t.Helper()
	b, err := fs.ReadFile(now, "001_views.sql")
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{"001_views.sql": {Data: b}}
}

func one(t *testing.T, db *sql.DB, query string) (got string) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&got); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return got
}

// readsAll wants every row of every view, and every column of the unbroken
// ones.
func readsAll(t *testing.T, db *sql.DB) {
	t.Helper()
	for view, want := range map[string]int{"users": 2 + len(broken), "escrow_drafts": 2 + len(broken), "escrows": 1 + len(lockbay.Statuses) + len(broken), "escrow_funnel": 3 + 2 + len(broken), "ledger": 3} {
		rows, err := db.Query("select * from " + view)
		if err != nil {
			t.Fatalf("%s: %v", view, err)
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			n++
		}
		if n != want || rows.Err() != nil {
			t.Errorf("%s has %d rows, want %d: %v", view, n, want, rows.Err())
		}
	}
	for query, want := range map[string]string{
		"select count(*) from users where telegram_id = 1000001":                                                                                        "1",
		"select draft_data from escrow_drafts where telegram_id = 1000001":                                                                              `{"s":"@anna_ceramics"}`,
		"select buyer || ' ' || seller || ' ' || amount_minor || currency || ' ' || delivery_hours || ' ' || status from escrows where draft_id = 'd1'": "ESC-7K4M-92QXA @anna_ceramics 12050EUR 72 completed",
		"select count(*) from escrows where draft_id = 'of' and status = 'completed'":                                                                   "7",
		"select count(*) from escrows where draft_id = 'of' and status = conversation_state":                                                            "4",
		"select count(*) from escrow_drafts d join users u on d.user_id = u.id":                                                                         fmt.Sprint(2 + len(broken)),
		"select count(*) filter (where conversation_state = 'seller_input') from escrow_funnel":                                                         fmt.Sprint(3 + 2 + len(broken)),
		"select count(*) filter (where status = 'completed') from escrow_funnel":                                                                        fmt.Sprint(2 + len(broken) + 1),
	} {
		if got := strings.ReplaceAll(one(t, db, query), `": "`, `":"`); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// hasEveryTerm wants a column for each term by its name in lists. Who pays the
// fee has none in the strategy's table.
func hasEveryTerm(t *testing.T, db *sql.DB) {
	t.Helper()
	for _, v := range new(lockbay.Terms).Values() {
		if v.Name != lockbay.FieldFeePayer {
			one(t, db, "select count("+v.Name+") from escrows")
		}
	}
}

// cannotBeWritten wants every write through a view to fail, and unchanged rows.
func cannotBeWritten(t *testing.T, db *sql.DB) {
	t.Helper()
	before := one(t, db, "select count(*) || ' ' || max(version) from conversations where conversation_state <> 'payment_lapsed'")
	for _, statement := range []string{
		"delete from escrow_drafts where expires_at < current_timestamp", "delete from users", "delete from escrows", "delete from escrow_funnel",
		"update users set conversation_state = 'payment_lapsed'", "update escrows set conversation_state = 'payment_lapsed'",
		"update escrow_drafts set current_step = ''", "delete from ledger", "update ledger set minor = 0", "insert into users (owner, conversation_state) values ('a', 'b')",
	} {
		if _, err := db.Exec(statement); err == nil {
			t.Errorf("%s: no error", statement)
		}
	}
	if after := one(t, db, "select count(*) || ' ' || max(version) from conversations where conversation_state <> 'payment_lapsed'"); after != before {
		t.Errorf("rows and version were %s and are %s", before, after)
	}
}

// finds wants a condition on the key to use its index, and a condition on the id to be judged before the answers of a deal are
// read. explain is the statement that tells the plan of a query.
func finds(t *testing.T, db *sql.DB, explain, byKey string) {
	t.Helper()
	for _, view := range []string{"escrows", "ledger"} {
		if plan := planOf(t, db, explain+" select * from "+view+" where key = 'lockbay:deal:ESC-7K4M-92QXA'"); !strings.Contains(plan, byKey) {
			t.Errorf("%s by key: %s", view, plan)
		}
		if plan := planOf(t, db, explain+" select * from "+view+" where id = 'ESC-7K4M-92QXA'"); strings.Contains(plan, "CO-ROUTINE") || strings.Contains(plan, "MATERIALIZE") || strings.Contains(plan, "Subquery Scan") {
			t.Errorf("%s by id: %s", view, plan)
		}
	}
}

// planOf is the last column of the lines of a plan.
func planOf(t *testing.T, db *sql.DB, query string) (plan string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, _ := rows.Columns()
	for rows.Next() {
		var line string
		into := make([]any, len(columns))
		for i := range into {
			into[i] = new(any)
		}
		into[len(into)-1] = &line
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		plan += line + "\n"
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return plan
}

// sameByKey wants the view to have the same lines of a deal by its key and by its id.
func sameByKey(t *testing.T, db *sql.DB) {
	t.Helper()
	for view, want := range map[string]string{"escrows": "1 ESC-0", "ledger": "3 ESC-11"} {
		count, id, _ := strings.Cut(want, " ")
		for _, where := range []string{"key = 'lockbay:deal:" + id + "'", "id = '" + id + "'", "key = 'lockbay:deal:' || id and id = '" + id + "'"} {
			if got := one(t, db, "select count(*) from "+view+" where "+where); got != count {
				t.Errorf("%s where %s: %s rows, want %s", view, where, got, count)
			}
		}
	}
}

func TestSQLite(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "lockbay.db")
	for _, files := range []fs.FS{old(t, SQLite()), SQLite()} { // upgrade a database of the first version
		s, err := sqlitestore.Open(ctx, path, sqlitestore.WithMigrations("views", files))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := fs.Stat(files, "002_views.sql"); err != nil {
			fill(t, s)
			funnel(t, s)
		}
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	readsAll(t, db)
	tellsTheFunnel(t, db)
	hasEveryTerm(t, db)
	cannotBeWritten(t, db)
	sameByKey(t, db)
	finds(t, db, "explain query plan", "(key=?)")
}

func TestPostgres(t *testing.T) {
	ctx, url := context.Background(), testdb.Postgres(t)
	for _, files := range []fs.FS{old(t, Postgres()), Postgres()} {
		s, err := pgstore.Open(ctx, url, pgstore.WithMigrations("views", files))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := fs.Stat(files, "002_views.sql"); err != nil {
			fill(t, s)
			funnel(t, s)
		}
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	readsAll(t, db)
	tellsTheFunnel(t, db)
	hasEveryTerm(t, db)
	cannotBeWritten(t, db)
	if got := one(t, db, `select coalesce(string_agg(table_name, ' '), '') from information_schema.views
		where table_schema = current_schema and 'YES' in (is_updatable, is_insertable_into, is_trigger_updatable)`); got != "" {
		t.Errorf("can be written through: %s", got)
	}
	if got := one(t, db, "select count(*) from users where id between 0 and 4294967295"); got != "0" {
		t.Errorf("%s ids have 32 bits", got)
	}
	// A view is as fast as its table: a query by an indexed column uses the
	// index.
	if _, err := db.Exec("set enable_seqscan = off"); err != nil {
		t.Fatal(err)
	}
	sameByKey(t, db)
	finds(t, db, "explain", "conversations_pkey")
	plan := one(t, db, "explain (format json) select * from users where owner = 'tg:1000001'")
	if !strings.Contains(plan, "conversations_owner") || strings.Contains(plan, "Join") || strings.Contains(plan, "Nested") {
		t.Errorf("the plan:\n%s", plan)
	}
}
