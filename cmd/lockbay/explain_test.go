package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

// TestExplain: explain replays the log, knows its receipts, and names the first entry that somebody altered.
func TestExplain(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	id := unpaid(t, url, 1)
	for _, x := range []string{"received ID --amount 5 --ref R-1", "mark-paid ID", "move ID accept --as seller"} {
		says(t, exitDone, "", append(append([]string{"escrows"}, strings.Fields(strings.ReplaceAll(x, "ID", id))...), "--database-url", url)...)
	}
	var x explained
	if err := json.Unmarshal([]byte(says(t, exitDone, "", "explain", id, "--json", "--database-url", url)), &x); err != nil || !x.OK || len(x.Entries) != 4 ||
		x.Entries[0].Balances[0] != (accountBalance{"buyer", -500}) || len(x.Entries[3].Balances) != 2 || x.Entries[0].Note != "R-1" {
		t.Fatalf("%+v, %v", x, err)
	}
	receipt := x.Entries[1].Receipt
	for _, given := range []string{receipt, strings.ToLower(strings.ReplaceAll(receipt, "-", ""))} {
		if got := says(t, exitDone, "", "explain", id, "--receipt", given, "--database-url", url); !strings.Contains(got, "is of entry 2.") {
			t.Error(got)
		}
	}
	for _, given := range []string{"0000-0000", receipt[:4], "x"} {
		if got := says(t, exitFailed, "", "explain", id, "--receipt", given, "--database-url", url); !strings.Contains(got, "is not of this log") {
			t.Error(got)
		}
	}
	within(t, url, func(st store) {
		row, err := st.Load(t.Context(), dialog.Key{Bot: botName, Flow: deal.FlowName, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		before := row.Stamp()
		row.Answers, row.Version = bytes.Replace(row.Answers, []byte(`"m":"accept"`), []byte(`"m":"decline"`), 1), row.Version+1
		if _, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}}); err != nil {
			t.Fatal(err)
		}
	})
	if got := says(t, exitFailed, "", "explain", id, "--database-url", url); !strings.Contains(got, "entry 4 is not as it was written") {
		t.Error(got)
	}
}
