package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/internal/testdb"
)

// books are the escrows of a test of ledger reconcile.
type books struct {
	t   *testing.T
	url string
	ids []string
}

// booksOf begins escrows in a database.
func booksOf(t *testing.T, url string, n int) *books {
	t.Helper()
	b := &books{t: t, url: url}
	for i := range n {
		b.ids = append(b.ids, unpaid(t, url, i+1))
	}
	return b
}

// do gives a command about an escrow.
func (b *books) do(i int, verb string, args ...string) {
	b.t.Helper()
	says(b.t, exitDone, "", append([]string{"escrows", verb, b.ids[i], "--database-url", b.url}, args...)...)
}

// reconcile compares the books with a list.
func (b *books) reconcile(code int, list string, args ...string) string {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "bank.csv")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return says(b.t, code, "", append([]string{"ledger", "reconcile", file, "--database-url", b.url}, args...)...)
}

// plainSum is a sum of the sample as a bank writes it.
func plainSum(minor int64) string {
	number, _, _ := strings.Cut(lockbay.Money{Minor: minor, Currency: sample().Quote.Currency}.Plain(), " ")
	return number
}

// settled pays an escrow, releases it, and begins to send the seller what they get.
func (b *books) settled(i int) {
	b.t.Helper()
	b.do(i, "mark-paid")
	b.do(i, "move", "accept", "--as", "seller")
	b.do(i, "move", "release", "--as", "buyer")
	b.do(i, "sending", "--where", "LT60")
}

// TestReconcileFindsALostPayout: after a restore of a backup that lacks a payout and a payment, the list of the bank names
// both, with the escrows that they may be of, and once they are recorded nothing differs.
func TestReconcileFindsALostPayout(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lockbay.db")
	b, backup := booksOf(t, "sqlite:"+file, 3), filepath.Join(t.TempDir(), "backup.db")
	q := sample().Quote
	b.settled(0)
	b.do(1, "received", "--amount", "5", "--ref", "R-1")
	says(t, exitDone, "", "backup", backup, "--database-url", b.url)
	b.do(0, "sent", "--ref", "R-77")
	b.do(1, "mark-paid")
	says(t, exitDone, "", "restore", backup, "--force", "--database-url", b.url)
	list := fmt.Sprintf("Ref,Sum,Currency,Direction\n%s thanks,%s,%s,in\nR-77,%s,%[3]s,out\nR-1,5.00,%[3]s,in\nwire 12,%[5]s,%[3]s,credit\n",
		strings.ToLower(b.ids[0]), plainSum(q.BuyerPays), q.Currency, plainSum(q.SellerGets), plainSum(q.BuyerPays-500))
	text := b.reconcile(exitFailed, list)
	for _, want := range []string{
		fmt.Sprintf("line 3: %s %s out, \"R-77\": not in the books; it may be of %s\n", plainSum(q.SellerGets), q.Currency, b.ids[0]),
		fmt.Sprintf("line 5: %s %s in, \"wire 12\": not in the books; it may be of %s\n", plainSum(q.BuyerPays-500), q.Currency, b.ids[1]),
		"4 lines, 2 in the books; 0 in the books alone.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it says\n%s\nwant %s", text, want)
		}
	}
	b.do(0, "sent", "--ref", "R-77") // which is true on hold as well
	b.do(1, "received", "--amount", plainSum(q.BuyerPays-500), "--ref", "wire 12")
	if text := b.reconcile(exitDone, list); text != "4 lines, 4 in the books; 0 in the books alone.\n" {
		t.Errorf("once all is recorded it says\n%s", text)
	}
}

// TestRestoreHolds: after a restore no payout begins, and no time runs out, of any escrow with money until an operator has
// looked; also of one that was on hold and decided. Escrows without money go on, and with --no-hold all do.
func TestRestoreHolds(t *testing.T) {
	dir := t.TempDir()
	b, backup := booksOf(t, "sqlite:"+filepath.Join(dir, "lockbay.db"), 6), filepath.Join(dir, "backup.db")
	b.do(0, "mark-paid")
	b.do(0, "move", "accept", "--as", "seller")
	b.do(0, "move", "release", "--as", "buyer")
	b.do(1, "mark-paid")
	b.do(2, "received", "--amount", "5", "--ref", "R-1")
	b.settled(3)
	b.do(3, "sent", "--ref", "R-2")
	b.do(4, "mark-paid")
	b.do(4, "hold", "--reason", "a question")
	b.do(4, "decide", "--seller", "100%", "--reason", "answered")
	says(t, exitDone, "", "backup", backup, "--database-url", b.url)
	for _, flag := range []string{"--no-hold", "--force"} {
		restored := "sqlite:" + filepath.Join(dir, "restored"+flag+".db")
		said := says(t, exitDone, "", "restore", backup, flag, "--database-url", restored)
		hold := flag != "--no-hold"
		if strings.Contains(said, "4 escrows with money: on hold until you resume.") != hold || strings.Contains(said, "Not on hold") {
			t.Errorf("%s: restore says %s", flag, said)
		}
		within(t, restored, func(st store) {
			list, err := escrows(t.Context(), st, "")
			if err != nil || len(list) != 6 {
				t.Fatal(len(list), err)
			}
			for _, e := range list {
				i := slices.Index(b.ids, e.ID)
				if stopped := e.OnHold() != "" && !e.MaySend(); stopped != (hold && i != 3 && i != 5) {
					t.Errorf("%s: escrow %d, %s, is on hold %q, and a payout may begin: %t", flag, i, e.Status, e.OnHold(), e.MaySend())
				}
			}
		})
		b.url = restored
		if code := map[bool]int{true: exitFailed, false: exitDone}[hold]; code != exitDone {
			said := says(t, code, "", "escrows", "sending", b.ids[0], "--where", "LT60", "--database-url", b.url)
			if !strings.Contains(said, "resume") {
				t.Errorf("a payout after the restore: %s", said)
			}
			b.do(0, "resume")
		}
		b.do(0, "sending", "--where", "LT60")
	}
}

// TestReconcile: a payout that was sent twice is named, and so are a payment of two escrows and transfers of the books that the bank does not have; a
// payment that was recorded by mistake is none, and one in another currency is one.
func TestReconcile(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			b := booksOf(t, url, 4)
			q := sample().Quote
			b.settled(0)
			b.do(0, "sent", "--ref", "=HYPERLINK(1)")
			b.do(1, "received", "--amount", "5", "--ref", "R-1")
			b.do(1, "mark-paid", "--undo", "--reason", "another's")
			b.do(2, "received", "--amount", "7", "--ref", "R-2")
			for _, i := range []int{1, 2} { // one payment, given to two escrows
				b.do(i, "received", "--amount", "3", "--ref", "R-9")
			}
			b.do(3, "received", "--amount", "12 GBP", "--ref", "R-3")
			sent := fmt.Sprintf("=HYPERLINK(1);-%s;%s\n", plainSum(q.SellerGets), q.Currency)
			list := "\ufeffreference;amount;currency\n" + sent + sent + fmt.Sprintf("%s;%s;\nR-3;12,00;gbp\nR-2;7,01;\nR-9;3;\n", b.ids[0], plainSum(q.BuyerPays))
			var rep reconcileReport
			out := b.reconcile(exitFailed, list, "--json", "--currency", q.Currency)
			if err := json.NewDecoder(strings.NewReader(out)).Decode(&rep); err != nil {
				t.Fatal(err, out)
			}
			if rep.OK || rep.Lines != 6 || rep.Found != 4 || len(rep.NotInBooks) != 2 || len(rep.NotInList) != 2 {
				t.Fatalf("%+v", rep)
			}
			if l := rep.NotInBooks[0]; l.Line != 3 || l.Ref != "=HYPERLINK(1)" || l.Direction != transferOut || l.Minor != q.SellerGets || len(l.MayBe) != 0 {
				t.Errorf("of what was sent twice it says %+v", l)
			}
			if l := rep.NotInBooks[1]; l.Line != 6 || l.Minor != 701 || l.Direction != transferIn {
				t.Errorf("of another sum it says %+v", l)
			}
			if x := rep.NotInList[1]; x.ID != b.ids[2] || x.Ref != "R-9" {
				t.Errorf("of what two escrows have it says %+v", x)
			}
			if x := rep.NotInList[0]; x.ID != b.ids[2] || x.Ref != "R-2" || x.Minor != 700 || x.Entry != 1 || x.Move != "received" || x.Direction != transferIn {
				t.Errorf("of what the list lacks it says %+v", x)
			}
			if text := b.reconcile(exitFailed, list, "--since", "2999-01-01", "--currency", q.Currency); !strings.Contains(text, "0 in the books alone") {
				t.Errorf("from the year 2999 on it says %s", text)
			}
		})
	}
}

// TestBankLists: what cannot be read is named with its line, and nothing is compared.
func TestBankLists(t *testing.T) {
	b := booksOf(t, "sqlite:"+filepath.Join(t.TempDir(), "lockbay.db"), 1)
	for list, want := range map[string]string{
		"":                                    "it is empty",
		"ref,currency\nR,EUR\n":               "no column is called sum or amount; the first line has the names: ref, sum, and if you have them currency and direction",
		"ref,sum,amount\nR,1,1\n":             "two columns are the sum",
		"ref,sum\nR,5,EUR\n":                  "line 2 has 3 columns, and the first line 2|one row is wrong",
		"ref,sum\nR,=1+1\nR,\n":               `line 2: sum "=1+1" is no sum of "USD"|line 3: sum "" is no sum|2 rows are wrong`,
		"ref,sum,currency\nR,5,zzz\n":         `line 2: currency "ZZZ" is unknown`,
		"ref,sum,currency\nR,5 EUR,GBP\n":     `line 2: sum "5 EUR" is no sum of "GBP"`,
		"ref,sum\nR,0\n":                      `line 2: sum "0" is no sum`,
		"ref,sum\nR,--5\n":                    `line 2: sum "--5" is no sum`,
		"ref,sum,direction\nR,5,up\n":         `line 2: direction "up" is neither in nor out`,
		"ref,sum,direction\nR,-5,out\n":       `line 2: sum "-5" has a minus`,
		"ref,sum\nR,1,000.00\n\"R,5\n":        "what follows cannot be read",
		"\xff\xfer\x00":                       "UTF-16",
		"ref,sum\nR\xff,5\n":                  "line 2: it is not UTF-8",
		"ref,sum\nR,9223372036854775807.00\n": "line 2: sum",
	} {
		said := strings.ReplaceAll(b.reconcile(exitUsage, list), "\n", "; ")
		for part := range strings.SplitSeq(want, "|") {
			if !strings.Contains(said, part) {
				t.Errorf("%q: it says %s, want %s", list, said, part)
			}
		}
	}
	if said := says(t, exitUsage, "", "ledger", "reconcile", "nowhere.csv", "--database-url", b.url); !strings.Contains(said, "nowhere.csv") {
		t.Errorf("without a file it says %s", said)
	}
	if text := b.reconcile(exitDone, "sum\tref\n"); text != "0 lines, 0 in the books; 0 in the books alone.\n" {
		t.Errorf("of an empty list it says %s", text)
	}
}

// TestEscrowIDs: a reference names the escrows that a buyer wrote into it.
func TestEscrowIDs(t *testing.T) {
	one, two := lockbay.NewEscrowID(1), lockbay.NewEscrowID(2)
	for text, want := range map[string][]string{
		"": nil, one: {one}, "for " + strings.ToLower(one) + ", " + two + " " + one: {one, two}, strings.TrimPrefix(one, "ESC-"): nil, one + "0": nil, "RF/" + one: {one},
	} {
		if got := escrowIDs(text); !slices.Equal(got, want) {
			t.Errorf("%q names %q, want %q", text, got, want)
		}
	}
}
