package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

// unpaid writes a deal that was just confirmed, and returns its id.
func unpaid(t *testing.T, url string, n int) string {
	t.Helper()
	set := Settings{DatabaseURL: url}
	st, err := set.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	e := sample()
	e.ID, e.Created, e.Expires = lockbay.NewEscrowID(uint64(n)), time.Now().UnixMilli(), time.Now().Add(time.Hour).UnixMilli()
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: e.ID})
	row.Owner, row.Draft, row.Step, row.Answers, row.Schema, row.Where, row.Shown = e.Buyer, e.ID, string(e.Status), raw, deal.Version, dialog.InRow, nil
	if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
		t.Fatal(err, out)
	}
	return e.ID
}

// TestDealByCommandLine: a deal goes from its payment to the money sent by commands alone, and every command may be given
// twice.
func TestDealByCommandLine(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			id := unpaid(t, url, 1)
			e := sample()
			do := func(code int, want string, args ...string) {
				t.Helper()
				args = append(args, "--database-url", url)
				if got := says(t, code, "", args...); !strings.Contains(got, want) {
					t.Errorf("%q says %q, want %q", args, got, want)
				}
			}
			escrow := func(code int, want, verb string, args ...string) {
				t.Helper()
				do(code, want, append([]string{"escrows", verb, id}, args...)...)
			}
			part, _, _ := strings.Cut(e.Quote.Money(e.Quote.BuyerPays-100).Plain(), " ")
			do(exitDone, "to be paid (payment_pending). $1.00 is missing.", "escrows", "received", id, "--amount", part, "--ref", "R-1")
			escrow(exitDone, "already", "received", "--amount", part, "--ref", "R-1")
			escrow(exitFailed, "was to be paid, not", "mark-paid", "--amount", part)
			for _, want := range []string{"is now paid", "is paid (payment_confirmed) already"} {
				escrow(exitDone, want, "mark-paid", "--amount", "1.00")
			}
			escrow(exitFailed, "the deal is paid: escrows decide --seller 0% gives all of it back, nothing was changed", "cancel")
			escrow(exitFailed, "release by the buyer is possible in active", "move", "release", "--as", "buyer")
			escrow(exitDone, "is now accepted (active)", "move", "accept", "--as", "seller")
			escrow(exitDone, "on hold (desk)", "hold", "--reason", "asks the carrier")
			do(exitDone, id, "escrows", "list", "--hold")
			do(exitDone, "No escrows.", "escrows", "list", "--hold", "--overdue")
			escrow(exitFailed, "the deal is on hold (desk)", "move", "delivered", "--as", "seller")
			escrow(exitDone, "is now accepted", "resume")
			do(exitDone, "No escrows.", "escrows", "list", "--hold")
			for _, want := range []string{"is now delivered.", "is delivered already"} {
				escrow(exitDone, want, "move", "delivered", "--as", "seller")
			}
			escrow(exitDone, "is owed to the seller", "move", "release", "--as", "buyer")
			do(exitFailed, "we hold its money", "drafts", "forget", "deal/"+id)
			escrow(exitFailed, "nothing is on its way", "sent", "--ref", "R-77", "--to", "seller")
			escrow(exitDone, "is on its way to the seller", "sending", "--where", "LT60 1010")
			escrow(exitDone, "is owed to the seller", "failed", "--reason", "no such account")
			escrow(exitDone, "is on its way to the seller", "sending", "--where", "LT60 1011")
			for _, want := range []string{"is now completed.", "is completed already"} {
				escrow(exitDone, want, "sent", "--ref", "R-77")
			}
			do(exitDone, "1 escrow, 1 with books, 0 wrong.", "ledger", "verify")
			do(exitDone, "sent:seller", "escrows", "show", id)
			do(exitDone, "completed", "escrows", "list", "--status", "completed")
			do(exitDone, "no such account", "escrows", "show", id)
			var list []balance
			if err := json.Unmarshal([]byte(says(t, exitDone, "", "ledger", "balance", "--json", "--database-url", url)), &list); err != nil || len(list) != 1 ||
				list[0] != (balance{Currency: "USD", Deals: 1, Cash: e.Quote.Fee, Fee: e.Quote.Fee}) {
				t.Errorf("the balance is %+v, %v", list, err)
			}
			do(exitDone, "USD", "ledger", "balance")
			do(exitDone, "its books stay", "drafts", "forget", "deal/"+id)
			do(exitDone, "1 escrow, 1 with books, 0 wrong.", "ledger", "verify")
		})
	}
}

// TestNothingByCommandLine: a buyer who says they have paid is answered by a command, as by the desk's button.
func TestNothingByCommandLine(t *testing.T) {
	for name, url := range bothStores(t) {
		t.Run(name, func(t *testing.T) {
			e, quiet, at := sample(), unpaid(t, url, 2), time.Now()
			e.ID, e.Created, e.Expires = lockbay.NewEscrowID(1), at.UnixMilli(), at.Add(time.Hour).UnixMilli()
			if changed, err := e.Act(lockbay.Act{Role: lockbay.Buyer, Move: lockbay.MovePaid, At: at}); err != nil || !changed {
				t.Fatal(err)
			}
			within(t, url, func(st store) { putDeals(t, st, at, e) })
			do := func(code int, id, want, verb string, args ...string) {
				t.Helper()
				args = append([]string{"escrows", verb, id, "--database-url", url}, args...)
				if got := says(t, code, "", args...); !strings.Contains(got, want) {
					t.Errorf("%q says %q, want %q", args, got, want)
				}
			}
			do(exitDone, e.ID, "is now to be paid", "nothing")
			do(exitDone, e.ID, "nothing", "show")
			do(exitDone, e.ID, "is to be paid (payment_pending) already", "nothing")
			do(exitDone, e.ID, "is now cancelled", "cancel")
			do(exitDone, e.ID, "is cancelled already", "nothing")
			do(exitFailed, quiet, "the buyer has not said that they paid, nothing was changed", "nothing")
			do(exitDone, quiet, "is now paid", "mark-paid")
			do(exitFailed, quiet, "the deal is payment_confirmed: nothing by the desk is possible in payment_pending, cancelled, payment_lapsed, nothing was changed", "nothing")
		})
	}
}

// TestBadOrders: what nobody can mean is refused in one line, and books nothing.
func TestBadOrders(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	id := unpaid(t, url, 2)
	for _, x := range []struct {
		code int
		want string
		args string
	}{
		{exitFailed, "a payment of 0.00 USD", "received ID --amount 0 --ref R-1"},
		{exitUsage, "--amount", "received ID --amount much --ref R-1"},
		{exitUsage, "--amount", "received ID --amount 1e99 --ref R-1"},
		{exitFailed, "characters; at most 200", "received ID --amount 5 --ref " + strings.Repeat("r", 10_000)},
		{exitUsage, "missing flags", "received ID --amount 5"},
		{exitUsage, "want a percentage", "decide ID --seller 101% --reason x"},
		{exitUsage, "--seller", "decide ID --seller -1 --reason x"},
		{exitFailed, "decide by the desk is possible in payment_confirmed", "decide ID --seller 50 --reason x"},
		{exitFailed, "sent by the desk is possible in settling", "sent ID --ref R-1"},
		{exitFailed, "no payment to take back", "mark-paid ID --undo --reason mistake"},
		{exitUsage, "--reason", "move ID dispute --as buyer"},
		{exitUsage, "want \"accept\"", "move ID steal --as buyer"},
		{exitUsage, "--as", "move ID accept --as desk"},
		{exitUsage, "--since", "since"},
	} {
		args := append([]string{"escrows"}, strings.Fields(strings.ReplaceAll(x.args, "ID", id))...)
		if x.args == "since" {
			args = []string{"ledger", "export", "--since", "yesterday"}
		}
		if got := says(t, x.code, "", append(args, "--database-url", url)...); !strings.Contains(got, x.want) {
			t.Errorf("%.80s says %.200q, want %q", x.args, got, x.want)
		}
	}
	if got := says(t, exitDone, "", "ledger", "verify", "--database-url", url); !strings.Contains(got, "1 escrow, 0 with books, 0 wrong.") {
		t.Errorf("after all of it: %s", got)
	}
	says(t, exitDone, "", "escrows", "received", id, "--amount", "50 EUR", "--ref", "R-1", "--database-url", url)
	if got := says(t, exitDone, "", "escrows", "show", id, "--database-url", url); !strings.Contains(got, "hold:currency") {
		t.Errorf("euros came: %s", got)
	}
}

// TestLedgerFindsDamage: verify names the deal that somebody changed in the database, and a reference that two deals share.
func TestLedgerFindsDamage(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	var ids []string
	for n := range 3 {
		ids = append(ids, unpaid(t, url, n+1))
	}
	for i, ref := range []string{"R-1", "R-2", "R-2"} {
		says(t, exitDone, "", "escrows", "received", ids[i], "--amount", "5", "--ref", ref, "--database-url", url)
		says(t, exitDone, "", "escrows", "mark-paid", ids[i], "--database-url", url) // all rests have the same reference
	}
	set := Settings{DatabaseURL: url}
	st, err := set.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row, err := st.Load(t.Context(), dialog.Key{Bot: botName, Flow: deal.FlowName, ID: ids[0]})
	if err != nil {
		t.Fatal(err)
	}
	before, changed := row.Stamp(), bytes.Replace(row.Answers, []byte(`["cash:manual",500]`), []byte(`["cash:manual",600]`), 1)
	if bytes.Equal(changed, row.Answers) {
		t.Fatalf("nothing to change in %s", row.Answers)
	}
	row.Answers, row.Version = changed, row.Version+1
	if _, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}}); err != nil {
		t.Fatal(err)
	}
	_ = st.Close()
	var rep verifyReport
	if err := json.Unmarshal([]byte(strings.SplitAfter(says(t, exitFailed, "", "ledger", "verify", "--json", "--database-url", url), "\n}\n")[0]), &rep); err != nil {
		t.Fatal(err)
	}
	if rep.OK || rep.Deals != 3 || rep.Books != 3 || len(rep.Wrong) != 2 {
		t.Fatalf("%+v", rep)
	}
	for _, w := range rep.Wrong {
		if want := map[bool]string{true: "not balanced", false: "is that of"}[w.ID == ids[0]]; !strings.Contains(w.Error, want) {
			t.Errorf("%s: %s, want %s", w.ID, w.Error, want)
		}
	}
	jsonl := says(t, exitDone, "", "ledger", "export", "--database-url", url)
	csv := says(t, exitDone, "", "ledger", "export", "--format", "csv", "--since", "2020-01-01", "--database-url", url)
	if a, b := strings.Count(jsonl, "\n"), strings.Count(csv, "\n"); a != 3*6 || b != a+1 || !strings.Contains(csv, ",desk,cli,received,manual:") || !strings.Contains(jsonl, `"account":"held"`) {
		t.Errorf("%d lines of JSON, %d of CSV:\n%s%s", a, b, jsonl, csv)
	}
	if got := says(t, exitDone, "", "ledger", "export", "--since", "2999-01-01", "--database-url", url); got != "" {
		t.Errorf("from the year 2999 on: %s", got)
	}
}

// TestCommandsAtOnce: several operators give the same orders at once. Each is booked once.
func TestCommandsAtOnce(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			id := unpaid(t, url, 3)
			e := sample()
			all := func(args ...string) {
				t.Helper()
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() {
						says(t, exitDone, "", append(append([]string{"escrows"}, args...), "--database-url", url)...)
					})
				}
				group.Wait()
			}
			pays, _, _ := strings.Cut(e.Quote.Money(e.Quote.BuyerPays).Plain(), " ")
			all("received", id, "--amount", pays, "--ref", "R-1")
			all("mark-paid", id)
			all("decide", id, "--seller", "100%", "--reason", "agreed")
			if got := says(t, exitDone, "", "ledger", "export", "--format", "csv", "--database-url", url); strings.Count(got, "\n") != 1+2+2+3 || strings.Count(got, "received") != 2 {
				t.Errorf("the postings are\n%s", got)
			}
			says(t, exitDone, "", "ledger", "verify", "--database-url", url)
		})
	}
}
