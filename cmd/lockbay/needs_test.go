package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/ticket"
)

// TestTicketsWait: tickets about lost progress stand among what needs an operator for a week, until somebody sets their class.
func TestTicketsWait(t *testing.T) {
	now := time.Now()
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	within(t, url, func(st store) {
		o := &operators{app: &app{store: st}, metrics: newMetrics()}
		needs := func() string {
			t.Helper()
			list, err := o.needs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			told := ""
			for _, n := range list {
				told += n.What + " " + n.Why + " " + n.To + "\n"
			}
			return told
		}
		n := 0
		put := func(class ticket.Class, by string, ago time.Duration) {
			t.Helper()
			n++
			answers, err := json.Marshal(&ticket.Ticket{ID: fmt.Sprintf("TCK-%d", n), Owner: "tg:1", Text: "words", Class: class, By: by, At: now.Add(-ago).UnixMilli()})
			if err != nil {
				t.Fatal(err)
			}
			row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: ticket.FlowName, ID: fmt.Sprintf("TCK-%d", n)})
			row.Step, row.Owner, row.Schema, row.Answers, row.Where, row.Shown = "", "tg:1", ticket.Version, answers, dialog.InRow, nil
			row.Created = now.Add(-ago)
			if out, err := st.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}}); err != nil || out.Verdicts[0] != dialog.Applied {
				t.Fatal(err)
			}
		}
		put(ticket.Payment, "", time.Hour)
		put(ticket.Progress, "cli", time.Hour)
		put(ticket.Progress, "", 8*24*time.Hour)
		if got := needs(); got != "" {
			t.Errorf("what needs an operator: %s", got)
		}
		put(ticket.Progress, "", time.Hour)
		if got := needs(); !strings.HasPrefix(got, "A person wrote of lost progress lockbay tickets set TCK-4 CLASS ") || !strings.HasSuffix(got, " "+console.Path+"/tickets\n") {
			t.Errorf("what needs an operator: %s", got)
		}
		put(ticket.Progress, "", 6*24*time.Hour)
		if got := needs(); !strings.HasPrefix(got, "2 people wrote of lost progress ") || strings.Count(got, "\n") != 1 {
			t.Errorf("what needs an operator: %s", got)
		}
	})
}
