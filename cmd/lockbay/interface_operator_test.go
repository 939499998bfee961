package main

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
)

func logLinesSection(t *testing.T, page told, s *source) {
	lines, _ := s.logs(t)
	sameRows(t, "log lines", page.rows(), lines)
}

func logKeysSection(t *testing.T, page told, s *source) {
	_, keys := s.logs(t)
	same(t, "log keys", page.names(), keys)
}

// logWordsSection: the values of a rehydration's keys.
func logWordsSection(t *testing.T, page told, s *source) {
	sameRows(t, "log words", page.rows(), map[string][]string{
		"marker": {dialog.Rehydration{Source: dialog.FromHead}.Marker(), dialog.Rehydration{Source: dialog.FromDatabase}.Marker()},
		"source": slices.DeleteFunc(s.constants("dialog", "From"), func(w string) bool { return w == string(dialog.FromPresent) }), // not logged
		"cause":  s.constants("dialog", "Cause"),
		"by":     s.constants("dialog", "By"),
	})
}

var descriptor = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

// metricsSection: each metric of the program with its labels.
func metricsSection(t *testing.T, page told, _ *source) {
	m := newMetrics()
	m.watch(nil) // the gauges are not read here
	m.watchDesk(nil)
	m.watchPages(nil)
	described := make(chan *prometheus.Desc)
	go func() { m.reg.Describe(described); close(described) }()
	code := map[string][]string{}
	for d := range described {
		found := descriptor.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("a description that is not understood: %s", d)
		}
		if strings.HasPrefix(found[1], "lockbay_") {
			code[found[1]] = slices.DeleteFunc(strings.Split(found[2], ","), func(l string) bool { return l == "" })
		} else if !strings.HasPrefix(found[1], "go_") && !strings.HasPrefix(found[1], "process_") {
			t.Errorf("a metric of another family: %s", found[1])
		}
	}
	sameRows(t, "metrics", page.rows(), code)
}

// tablesSection: tables and views with their columns, in both kinds of database.
func tablesSection(t *testing.T, page told, _ *source) {
	columns := map[string]map[string][]string{"sqlite": sqliteColumns(t), "postgres": postgresColumns(t)}
	for kind, code := range columns {
		rows := map[string][]string{}
		for _, row := range page {
			other := map[string]int{"sqlite": 2, "postgres": 3}[kind]                                                                        // the cell with the other kind's columns
			if own := slices.DeleteFunc(slices.Clone(row[1]), func(c string) bool { return slices.Contains(row[other], c) }); len(own) > 0 { // else a table of the other kind
				rows[row[0][0]] = own
			}
		}
		sameRows(t, kind, rows, code)
	}
}

func sqliteColumns(t *testing.T) map[string][]string {
	t.Helper()
	set := settings(t)
	st, err := set.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	_, file, _ := set.database()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), //nolint:rowserrcheck // columnsOf does
		`select t.name, c.name from sqlite_schema t join pragma_table_xinfo(t.name) c
		where t.type in ('table', 'view') and t.name not like 'sqlite_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	return columnsOf(t, rows)
}

func postgresColumns(t *testing.T) map[string][]string {
	t.Helper()
	set := settings(t, "--database-url", testdb.Postgres(t))
	st, err := set.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	_, url, _ := set.database()
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	rows, err := db.Query(t.Context(), `select table_name, column_name from information_schema.columns where table_schema = current_schema()`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	return columnsOf(t, rows)
}

func columnsOf(t *testing.T, rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}) map[string][]string {
	t.Helper()
	columns := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		columns[table] = append(columns[table], column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return columns
}

// eventsSection: a flow names kinds of its own.
func eventsSection(t *testing.T, page told, s *source) {
	var code []string
	for folder := range s.files {
		code = append(code, s.constants(folder, "Event")...)
	}
	same(t, "events", page.names(), code)
}

func redisSection(t *testing.T, page told, _ *source) {
	key := draftPrefix + "{bot:flow:id}"
	same(t, "Redis", page.names(), []string{key, key + ":DRAFTTAG"})
}

func filesSection(t *testing.T, page told, s *source) {
	same(t, "files", page.names(), append(s.constants("cmd/lockbay", "file"), s.constants("dialog/sqlitestore", "file")...))
}
