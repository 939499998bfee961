package main

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/internal/testdb"
)

// booked makes deals by commands: one without a log, one that was paid in parts and went on to its end, one that was
// decided anew.
func booked(t *testing.T, url string) {
	t.Helper()
	e := sample()
	pays, _, _ := strings.Cut(e.Quote.Money(e.Quote.BuyerPays).Plain(), " ")
	part, _, _ := strings.Cut(e.Quote.Money(e.Quote.BuyerPays-100).Plain(), " ")
	unpaid(t, url, 1)
	for id, orders := range map[string][]string{
		unpaid(t, url, 2): {"received ID --amount " + part + " --ref R-1", "mark-paid ID", "move ID accept --as seller", "move ID release --as buyer", "sending ID --where LT60", "sent ID --ref R-9"},
		unpaid(t, url, 3): {"received ID --amount " + pays + " --ref R-2", "decide ID --seller 70% --reason broken", "decide ID --seller 30% --reason worse", "hold ID"},
	} {
		for _, order := range orders {
			says(t, exitDone, "", append(append([]string{"escrows"}, strings.Fields(strings.ReplaceAll(order, "ID", id))...), "--database-url", url)...)
		}
	}
}

// open opens the database of a program for SQL.
func openSQL(t *testing.T, url string) *sql.DB {
	t.Helper()
	driver, at := "pgx", url
	if file, lite := strings.CutPrefix(url, "sqlite:"); lite {
		driver, at = "sqlite", file
	}
	db, err := sql.Open(driver, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// linesOf are the rows of a query, with a bar between the values.
func linesOf(t *testing.T, db *sql.DB, query string) (lines []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	for rows.Next() {
		values, at := make([]any, len(names)), make([]any, len(names))
		for i := range at {
			at[i] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if when, ok := v.(time.Time); ok {
				values[i] = when.UTC().Format(time.RFC3339)
			}
		}
		lines = append(lines, strings.TrimSuffix(strings.ReplaceAll(fmt.Sprintln(slices.Insert(values, 0, any(""))...), " ", "|"), "\n"))
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return lines
}

// TestLedgerView: the view has the lines of ledger export, and the queries of the operator's page have the sums of
// ledger balance.
func TestLedgerView(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			booked(t, url)
			db := openSQL(t, url)
			var want []string
			lines := bufio.NewScanner(strings.NewReader(says(t, exitDone, "", "ledger", "export", "--database-url", url)))
			for lines.Scan() {
				var p posted
				if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
					t.Fatal(err)
				}
				want = append(want, strings.Join([]string{"", p.ID, fmt.Sprint(p.Entry), p.At, p.By, p.Operator, p.Move, p.Ref, p.Account, fmt.Sprint(p.Minor), p.Currency}, "|"))
			}
			got := linesOf(t, db, "select id, entry, at, role, operator, move, ref, account, minor, currency from ledger")
			fraction := regexp.MustCompile(`(:\d\d)\.\d{3}Z`) // SQLite's times have milliseconds
			for i := range got {
				got[i] = fraction.ReplaceAllString(got[i], "${1}Z")
			}
			slices.Sort(got)
			slices.Sort(want)
			if len(want) < 20 || !slices.Equal(got, want) {
				t.Errorf("the view has\n%s\nthe export\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			balances(t, db, url)
		})
	}
}

// balances runs the queries of docs/operations.md.
func balances(t *testing.T, db *sql.DB, url string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	queries := regexp.MustCompile(`(?m)^    select .* from ledger.*(\n    .*)*`).FindAllString(string(page), -1)
	if len(queries) != 2 {
		t.Fatalf("the page has %d queries of the ledger", len(queries))
	}
	var list []balance
	if err := json.Unmarshal([]byte(says(t, exitDone, "", "ledger", "balance", "--json", "--database-url", url)), &list); err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	b := list[0]
	got := strings.Join(linesOf(t, db, queries[0]), "\n")
	for account, minor := range map[string]int64{"cash:manual": b.Cash, "buyer": -b.Buyer, "seller": -b.Seller, "fee": -b.Fee} {
		if line := fmt.Sprintf("|USD|%s|%d", account, minor); !strings.Contains(got+"\n", line+"\n") {
			t.Errorf("no %s in\n%s", line, got)
		}
	}
	if got := linesOf(t, db, queries[1]); got != nil {
		t.Errorf("these entries are not balanced: %s", got)
	}
}
