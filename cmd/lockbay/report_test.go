package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/ticket"
)

// TestReport: the report of a month whose figures are known, on both databases: the same text each time, and the planted
// figures and decision.
func TestReport(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	plant := insighttest.Plant{Seed: 1, N: 2000, Days: 30, End: at.AddDate(0, 0, -1), Mode: "database", Leaves: []float64{.02, .02, .4, .01, .01}, Pauses: .04, Writes: .02}
	events, planted := plant.Events()
	texts := map[string]string{}
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		within(t, url, func(st store) {
			for some := range chunks(events, 500) {
				if _, err := st.Commit(t.Context(), &dialog.Batch{Events: some}); err != nil {
					t.Fatal(err)
				}
			}
		})
		args := []string{"report", "--database-url", url, "--at", at.Format(time.RFC3339)}
		var x report.Document
		if err := json.Unmarshal([]byte(says(t, exitDone, "", append(args, "--format", "json")...)), &x); err != nil {
			t.Fatal(err)
		}
		if x.Creations != planted.Creations || x.Abandoned.X != planted.Abandoned || x.Rehydrated.X != planted.Rehydrated || x.Decision != string(insight.UX) || x.Step != "description_input" || x.Lost != 0 || x.Complaints.N != planted.Complaints || x.Complaints.N == 0 {
			t.Errorf("%s: %+v, planted %+v", name, x, planted)
		}
		texts[name] = says(t, exitDone, "", args...)
		if again := says(t, exitDone, "", args...); again != texts[name] {
			t.Errorf("%s: the text changes:\n%s\n%s", name, texts[name], again)
		}
	}
	if texts["sqlite"] != texts["postgres"] || !strings.Contains(texts["sqlite"], "Decision: Mend the question description_input.\n  People leave at this question, and not because anything was lost.\n") {
		t.Errorf("the reports are\n%s\n%s", texts["sqlite"], texts["postgres"])
	}
}

// chunks divides a list.
func chunks[T any](list []T, n int) func(func([]T) bool) {
	return func(yield func([]T) bool) {
		for len(list) > 0 && yield(list[:min(n, len(list))]) {
			list = list[min(n, len(list)):]
		}
	}
}

// TestReportOfNothing: a new database has nothing to tell, and says so.
func TestReportOfNothing(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	says(t, exitDone, "", "migrate", "up", "--database-url", url)
	if got := says(t, exitDone, "", "report", "--database-url", url); !strings.Contains(got, "0 creations; 0 more under way.\nNothing is known yet.\n") || !strings.Contains(got, "Wait: too few people came to be sure.") {
		t.Errorf("it says\n%s", got)
	}
	for _, args := range [][]string{{"--window", "0"}, {"--window", "91d"}, {"--window", "x"}, {"--at", "yesterday"}, {"--format", "pdf"}} {
		says(t, exitUsage, "", append([]string{"report", "--database-url", url}, args...)...)
	}
}

// TestInsightSetting: what is wrong is one line.
func TestInsightSetting(t *testing.T) {
	limits, counts, err := (&Settings{Insight: "rehydration=7.5%,abandonment=20,complaints=5,horizon=2d,multi_device=true,exclude_owners=tg:1 web:2"}).insight()
	if err != nil || limits.Rehydration != .075 || limits.Abandonment != .2 || limits.Complaints != 5 || limits.Step != .2 || !limits.MultiDevice || counts.Horizon != 48*time.Hour || len(counts.Exclude) != 2 {
		t.Errorf("%+v, %+v, %v", limits, counts, err)
	}
	wrong(t, "insight", "abandonment", "abandonment=-1", "abandonment=abc", "abandonment=101", "abandonment=NaN", "horizon=1m", "horizon=31d", "multi_device=maybe", "exclude_owners=anna", "speed=1", "step=1,step=2")
}

// TestCostSetting: the report and doctor tell what a month costs as the setting says, and else that it is unknown.
func TestCostSetting(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	says(t, exitDone, "", "migrate", "up", "--database-url", url)
	file := filepath.Join(t.TempDir(), "lockbay.toml")
	if err := os.WriteFile(file, []byte("[cost]\ndatabase = 20.5\nredis = 95\nincrease = 50\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args         []string
		text, doctor string
		want         report.Cost
	}{
		{nil, "unknown in mode database ", "unknown: [cost] does not say\n", report.Cost{Threshold: 100}},
		{[]string{"--config", file}, "$20.50 in mode database ", "a month costs $20.50; $50 more in another mode is told\n", report.Cost{Known: true, Month: 20.5, Threshold: 50}},
		{[]string{"--config", file, "--mode", "lightweight"}, "unknown in mode lightweight ", "unknown: [cost] does not say\n", report.Cost{Threshold: 50}},
		{[]string{"--cost", "database=0"}, "$0 in mode database ", "a month costs $0; $100 more in another mode is told\n", report.Cost{Known: true, Threshold: 100}},
	} {
		args := append(c.args, "--database-url", url)
		var x report.Document
		if err := json.Unmarshal([]byte(says(t, exitDone, "", append(args, "report", "--format", "json")...)), &x); err != nil || x.Cost != c.want {
			t.Errorf("%v: %v, %+v, want %+v", c.args, err, x.Cost, c.want)
		}
		for _, format := range []string{"text", "html"} {
			if got := says(t, exitDone, "", append(args, "report", "--format", format)...); !strings.Contains(got, c.text) {
				t.Errorf("%v: the %s has no %q:\n%s", c.args, format, c.text, got)
			}
		}
		if got := says(t, exitDone, "", append(args, "doctor", "--listen", "127.0.0.1:0", "--support", "@bay")...); !strings.Contains(got, c.doctor) {
			t.Errorf("%v: doctor says no %q:\n%s", c.args, c.doctor, got)
		}
	}
	wrong(t, "cost", "database", "database=", "database=-1", "database=abc", "database=NaN", "memory=1", "redis=1e99", "increase=-1", "redis=1,redis=2")
}

// TestGoNoGo: the document names whom to tell and whom to ask, by ids alone, in each format.
func TestGoNoGo(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	says(t, exitDone, "", "migrate", "up", "--database-url", url)
	within(t, url, func(st store) {
		for i, class := range []ticket.Class{ticket.Interview, ticket.Progress} {
			k := &ticket.Ticket{ID: fmt.Sprintf("TCK-%d", i), Owner: "tg:4829142", Text: "secret words", Class: class, At: time.Now().Add(-time.Hour).UnixMilli()}
			answers, err := json.Marshal(k)
			if err != nil {
				t.Fatal(err)
			}
			row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: ticket.FlowName, ID: k.ID})
			row.Step, row.Schema, row.Answers, row.Where, row.Shown = "", ticket.Version, answers, dialog.InRow, nil
			if _, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil {
				t.Fatal(err)
			}
		}
	})
	for _, format := range []string{"text", "html", "json"} {
		got := says(t, exitDone, "", "report", "--go-no-go", "--format", format, "--escalation", "first=Mia @mia,third=Jo", "--database-url", url)
		for _, want := range []string{"No-go", "Mia @mia", "Jo", "TCK-0", "Review metrics monthly"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s has no %s:\n%s", format, want, got)
			}
		}
		for _, never := range []string{"TCK-1", "4829142", "secret words"} {
			if strings.Contains(got, never) {
				t.Errorf("%s has %s", format, never)
			}
		}
	}
	wrong(t, "escalation", "first", "first=", "fourth=Mia", "Mia")
}
