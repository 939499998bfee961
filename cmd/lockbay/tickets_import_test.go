package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// importer is a database with tables, and files to import into it.
type importer struct {
	t   *testing.T
	url string
}

func newImporter(t *testing.T) *importer {
	t.Helper()
	m := &importer{t, "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")}
	says(t, exitDone, "", "migrate", "up", "--database-url", m.url)
	return m
}

func (m *importer) run(code int, args ...string) string {
	m.t.Helper()
	return says(m.t, code, "", append(args, "--database-url", m.url)...)
}

// file writes a file.
func (m *importer) file(text string) string {
	m.t.Helper()
	name := filepath.Join(m.t.TempDir(), "tickets.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
	return name
}

func (m *importer) list() (list []ticketJSON) {
	m.t.Helper()
	if err := json.Unmarshal([]byte(m.run(exitDone, "tickets", "list", "--json")), &list); err != nil {
		m.t.Fatal(err)
	}
	return list
}

// daysAgo is a time as a helpdesk writes it.
func daysAgo(n int) string { return time.Now().UTC().AddDate(0, 0, -n).Format(time.DateTime) }

// TestTicketsImport: a file is imported once, however often the command is given, with a byte order mark, formulas, line breaks
// and other scripts; forget takes the tickets of a person whom it names.
func TestTicketsImport(t *testing.T) {
	m := newImporter(t)
	rows := []string{
		"ID;Subject;Description;Created_At;owner;class",
		`7;=cmd;"=cmd|' /C calc'!A0";` + daysAgo(1) + `;tg:1000001;`,
		`8;;"It ""hangs""` + "\n" + `again; and the draft is gone";` + daysAgo(2) + ` +0200;tg:1000001;`,
		`9;;ضاعت إجاباتي;` + daysAgo(3) + ` UTC;;progress`,
		`10;;` + strings.Repeat("I paid. ", 12_500) + `;` + daysAgo(4) + `;;`,
		`11;;Long ago;` + daysAgo(91) + `;;`,
	}
	name := m.file("\ufeff" + strings.Join(rows, "\r\n") + "\r\n")
	got := m.run(exitDone, "tickets", "import", name)
	if !strings.Contains(got, "Imported 4 tickets; 0 were there, 1 are older than 90 days and were left out.") || !strings.Contains(got, "line 6: the text is too long; its first 1,000 characters are kept") {
		t.Errorf("it says\n%s", got)
	}
	if got = m.run(exitDone, "tickets", "import", name); !strings.Contains(got, "Imported 0 tickets; 4 were there, 1 are older") {
		t.Errorf("again it says\n%s", got)
	}
	by := map[string]ticketJSON{}
	for _, x := range m.list() {
		by[x.WrittenAt[:10]] = x
		if x.From != "import" {
			t.Errorf("%+v", x)
		}
	}
	day := func(n int) ticketJSON { return by[daysAgo(n)[:10]] }
	if len(m.list()) != 4 || day(1).Class != "other" || day(2).Phrase != "draft is gone" || day(3).Class != "progress" || day(3).Owner != "" || day(4).Class != "payment" || day(2).Owner != "tg:1000001" {
		t.Errorf("the tickets are %+v", by)
	}
	if got = m.run(exitDone, "tickets", "show", day(1).ID); !strings.Contains(got, " '=cmd|' /C calc'!A0") || strings.Contains(got, " =cmd") {
		t.Errorf("a formula is shown as\n%s", got)
	}
	if got = m.run(exitDone, "tickets", "show", "--json", day(4).ID); strings.Count(got, "I paid.") != 125 {
		t.Errorf("the long one is\n%s", got)
	}
	m.run(exitDone, "tickets", "set", day(1).ID, "dispute")
	m.run(exitDone, "tickets", "import", name)
	if day(1).Class == "dispute" || len(m.list()) != 4 || m.run(exitDone, "tickets", "list", "--class", "dispute") == "No tickets.\n" {
		t.Error("a correction has not stayed")
	}
	if got = m.run(exitDone, "report", "--format", "json", "--window", "7d"); !strings.Contains(got, "\"complaints\": {\n    \"n\": 2,") {
		t.Errorf("the report has\n%s", got)
	}
	if m.run(exitDone, "forget", "tg:1000001"); len(m.list()) != 2 {
		t.Errorf("after forget: %+v", m.list())
	}
}

// TestTicketsImportOfNoIDs: without ids a row is known by all that it has.
func TestTicketsImportOfNoIDs(t *testing.T) {
	m := newImporter(t)
	head := "text,written_at\n"
	one := "It hangs," + daysAgo(1) + "\n"
	m.run(exitDone, "tickets", "import", m.file(head+one))
	if got := m.run(exitDone, "tickets", "import", m.file(head+one+"It hangs,"+daysAgo(2)+"\n"+one)); !strings.Contains(got, "Imported 1 ticket; 2 were there") || len(m.list()) != 2 {
		t.Errorf("it says\n%s", got)
	}
}

// TestTicketsImportWrongRows: each wrong row is named by its line, and then nothing is taken.
func TestTicketsImportWrongRows(t *testing.T) {
	m := newImporter(t)
	when := daysAgo(1)
	got := m.run(exitFailed, "tickets", "import", m.file("id,text,written_at,owner,class\n1,Fine,"+when+",,\n2,\"two\nlines\","+when+",@anna,\n3,  ,"+when+",,\n4,x,yesterday,,\n5,x\n6,x,"+
		when+",,nonsense\n1,x,"+when+",,\n8,x,2999-01-01,,\n9,\xff\xfe,"+when+",,\n10,x,"+when+" CET,,\n"))
	for _, want := range []string{
		`line 3: owner "@anna" is no key of a person, such as tg:1000001`, "line 5: the text is empty", `line 6: written_at "yesterday" is no time such as`, "line 7 has 2 columns, and the first line 5",
		`line 8: class "nonsense" is none of progress,dispute,payment,other,interview`, `line 9: id "1" stands in line 2, too`, `line 10: written_at "2999-01-01" is in the future`, "line 11: it is not UTF-8",
		"line 12: written_at", "lockbay: 9 rows are wrong in ", "nothing was imported",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for text, want := range map[string]string{
		"":                       "it is empty; its first line has the names of the columns",
		"text\nx\n":              "no column is called written_at or created_at",
		"text,description\nx,\n": "two columns are the text: leave one",
		"\xff\xfet\x00":          "this is UTF-16: save it as CSV in UTF-8",
		"text,written_at\nFine," + when + "\n\"open,quote\n":  "what follows cannot be read",
		"text,written_at\n" + strings.Repeat("x,never\n", 50): "50 rows are wrong",
	} {
		if got := m.run(exitFailed, "tickets", "import", m.file(text)); !strings.Contains(got, want) || strings.Count(got, "\n") > wrongRowsMost+1 {
			t.Errorf("%.20q: it says\n%s", text, got)
		}
	}
	m.run(exitFailed, "tickets", "import", "/nowhere/tickets.csv")
	if len(m.list()) != 0 {
		t.Errorf("taken were %+v", m.list())
	}
}

// TestTicketsImportStreams: a file of 50 MB is read without being held in memory.
func TestTicketsImportStreams(t *testing.T) {
	const size, most = 50 << 20, 24 << 20
	name := filepath.Join(t.TempDir(), "tickets.csv")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,text,written_at,notes")
	notes, rows := strings.Repeat("a note to ourselves, ", 500), 0
	for n := 0; n < size; rows++ {
		k, _ := fmt.Fprintf(w, "%d,It hangs,%s,\"%s\"\n", rows, daysAgo(1), notes)
		n += k
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	held := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before, n := held(), 0
	err = eachTicket(name, time.Now(), func(_ *ticketRow, err error) error {
		if n++; n%1000 == 0 && held() > before+most {
			t.Fatalf("after %d rows %d MB are held", n, (held()-before)>>20)
		}
		return err
	})
	if err != nil || n != rows {
		t.Errorf("%d of %d rows, %v", n, rows, err)
	}
}
