package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestMonitoringCommands: the strategy's commands, as docs/strategy.md writes them, give the figures of the report over its window.
func TestMonitoringCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/strategy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```bash\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of commands, want PostgreSQL, SQLite, and the three commands", len(blocks))
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := testdb.Postgres(t)
		agree(t, serve(t, "--database-url", url), url, blocks[0][1]+blocks[2][1])
	})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		i := serve(t)
		agree(t, i, i.database(), blocks[1][1]+blocks[2][1])
	})
}

// agree wants the commands to print the figures of the report, over a window that has some of the creations.
func agree(t *testing.T, i *served, database, commands string) {
	t.Helper()
	browse(t, i)
	i.stop()
	all := window(t, i, time.Now().Add(26*time.Hour))
	none := window(t, i, time.Now()) // its horizon is not over yet
	if all.Creations != 6 || all.Rehydrated.X != 2 || all.Confirmed+all.Back != 2 || all.Complaints.N != 1 || none.Creations != 0 {
		t.Errorf("the figures are %+v, and before %d creations", all, none.Creations)
	}
	logs := t.TempDir()
	for n, text := range strings.SplitAfter(i.log.String(), "\n") { // each second line is in another file
		f, err := os.OpenFile(filepath.Join(logs, fmt.Sprint(n%2)+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []*report.Document{all, none} {
		want := fmt.Sprintf("%d\n%d %d\n%d\n", x.Rehydrated.X, x.Creations, x.Confirmed+x.Back, x.Complaints.N)
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
		cmd.Env = append(i.Env, "PATH="+asLockbay(t)+":"+os.Getenv("PATH"), "FROM="+x.From, "UNTIL="+x.Until, "LOGS="+logs, "DATABASE="+database)
		if strings.HasPrefix(database, "postgres:") {
			cmd.Env = append(cmd.Env, "LOCKBAY_DATABASE_URL="+database)
		}
		out, err := cmd.CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("from %s to %s: the commands print\n%s%v; the report has\n%s", x.From, x.Until, out, err, want)
		}
	}
}

// browse has six creations of five people: two of them meet a restart, two are confirmed, one is replaced and one is cancelled.
// Another restart meets an escrow, and somebody writes of lost progress.
func browse(t *testing.T, i *served) {
	t.Helper()
	begin := func() *visitor { return visit(t, i).tap("create").say("@anna_ceramics").at("amount_input") }
	finish := func(v *visitor) *visitor {
		return v.say("100 usd").say("Handmade dinner set, 24 pieces").tap("delivery:48").tap("confirm").at("payment_pending")
	}
	a, b, c := finish(begin()), begin(), begin()
	begin().tap("cancel").at("")
	begin().tap("create").tap("restart").at("seller_input")
	i.restart()
	finish(b.get())
	c.get().say("/support You lost my progress, I have to type again").at("amount_input").say("20 usd").at("description_input")
	a.get().tap("help").at("payment_pending")
	c.say("/support Where is my money?")
}

// window is the report of a month that ends at a time.
func window(t *testing.T, i *served, at time.Time) *report.Document {
	t.Helper()
	x := new(report.Document)
	if err := json.Unmarshal([]byte(i.must("report", "--at", at.UTC().Format(time.RFC3339), "--format", "json")), x); err != nil {
		t.Fatal(err)
	}
	return x
}

// asLockbay is a folder with this program under its own name.
func asLockbay(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(folder, "lockbay"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}
