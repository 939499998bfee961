package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/rollout"
)

// begins has a person begin a draft and answer the first question.
func begins(t *testing.T, s *server, who int) *dialog.Record {
	t.Helper()
	owner := fmt.Sprintf("tg:%d", 1_000_000+who)
	var out dialog.Outcome
	for i, in := range []dialog.Input{{Kind: dialog.KindCommand, Name: "create"}, {Kind: dialog.KindText, Text: "@anna_ceramics"}} {
		in.ID, in.Owner, in.Place = fmt.Sprint(who, " ", i), owner, dialog.Place{Channel: "tg", Address: owner, Push: true}
		var err error
		if out, err = s.app.engine.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	return out.Record
}

// TestRolloutModes: a rollout that a command starts is followed by each instance: who is in the new arm begins drafts in the new
// mode, and each draft keeps its variant. An advance, and a revert, reach both.
func TestRolloutModes(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			a, _, _ := inProcess(t, settings(t, "--database-url", url))
			b, log, _ := inProcess(t, settings(t, "--database-url", url))
			both := []*server{a, b}
			share := func(want float64) {
				t.Helper()
				for _, s := range both {
					soon(t, "share", func() bool {
						w := httptest.NewRecorder()
						s.metrics.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
						return strings.Contains(w.Body.String(), fmt.Sprintf("lockbay_rollout_share_ratio{rollout=%q} %v\n", "half", want))
					})
				}
			}
			says(t, exitDone, "", "rollout", "start", "half", "--mode", "lightweight", "--stages", "50,100", "--database-url", url)
			share(.5)
			n := map[string]int{}
			for who := range 40 {
				r := begins(t, both[who%2], who)
				n[r.Variant]++
				if inMemory := r.Where == dialog.InMemory; inMemory != (r.Variant == "half/1/new") {
					t.Errorf("%s has variant %s, and lies in memory: %v", r.Owner, r.Variant, inMemory)
				}
			}
			if len(n) != 2 || n["half/1/new"] < 8 || n["half/1/old"] < 8 {
				t.Errorf("40 people begin as %v", n)
			}
			says(t, exitDone, "", "rollout", "advance", "half", "--reason", "a test", "--force", "--database-url", url)
			share(1)
			if r := begins(t, b, 100); r.Where != dialog.InMemory || r.Variant != "" {
				t.Errorf("at 100 %% a draft lies in %v, as %q", r.Where, r.Variant)
			}
			says(t, exitDone, "", "rollout", "revert", "half", "--reason", "a test", "--database-url", url)
			share(0)
			if r := begins(t, a, 101); r.Where != dialog.InRow || r.Variant != "" {
				t.Errorf("after a revert a draft lies in %v, as %q", r.Where, r.Variant)
			}
			if !strings.Contains(log.String(), `"msg":"rollout","name":"half","mode":"lightweight","percent":50`) {
				t.Errorf("the log has\n%s", log)
			}
		})
	}
}

// TestRolloutHarm: the events of people who leave in the new arm revert a rollout, and operators are told.
func TestRolloutHarm(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	told := make(chan alert.Message, 9)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m alert.Message
		if json.NewDecoder(r.Body).Decode(&m) == nil {
			told <- m
		}
	}))
	defer hook.Close()
	within(t, url, func(st store) {
		var events []dialog.Event
		for i := range 2000 {
			e := dialog.Event{Kind: dialog.EventStarted, Key: fmt.Sprintf("lockbay:escrow:tg:%d", i), Draft: fmt.Sprintf("d%d", i), Mode: "lightweight", Variant: rollout.VariantOf("half", 1, rollout.New), At: time.Now().Add(-50 * time.Hour)}
			leaves := i%100 < 29
			if i%2 == 0 {
				e.Mode, e.Variant, leaves = "database", rollout.VariantOf("half", 1, rollout.Old), i%100 < 19
			}
			events = append(events, e)
			if e.Kind, e.At = "confirmed", e.At.Add(time.Minute); !leaves {
				events = append(events, e)
			}
		}
		if _, err := st.Commit(t.Context(), &dialog.Batch{Events: events}); err != nil {
			t.Fatal(err)
		}
	})
	s, _, _ := inProcess(t, settings(t, "--database-url", url, "--notify", "chat=none,webhook="+hook.URL))
	soon(t, "counts", func() bool { return s.metrics.counted.Load() != 0 })
	says(t, exitDone, "", "rollout", "start", "half", "--mode", "lightweight", "--stages", "50,100", "--database-url", url)
	select {
	case m := <-told:
		if m.Alert != "rollout.half" || m.State != "firing" || !strings.Contains(m.Text, "Rollout half reverted to 0 %: ") || !strings.Contains(m.Text, " % abandon against ") {
			t.Errorf("operators are told %+v", m)
		}
	case <-time.After(patience):
		t.Fatalf("operators are told nothing:\n%s", says(t, exitDone, "", "rollout", "status", "half", "--database-url", url))
	}
	soon(t, "revert", func() bool { return s.app.chosen.Load().Decides() == "" })
	status := says(t, exitDone, "", "rollout", "status", "half", "--database-url", url)
	if !strings.Contains(status, "itself") || !strings.Contains(status, "guardrail abandonment: evidence ") {
		t.Errorf("the status is\n%s", status)
	}
	if r := begins(t, s, 1); r.Where != dialog.InRow || r.Key.Flow != intake.FlowName {
		t.Errorf("after a revert a draft lies in %v", r.Where)
	}
}

// TestRolloutInTheConsole: an operator sees a rollout in the console, and reverts it there with a reason.
func TestRolloutInTheConsole(t *testing.T) {
	t.Parallel()
	set := settings(t, "--operator-token", operatorToken)
	s, _, _ := inProcess(t, set)
	says(t, exitDone, "", "rollout", "start", "half", "--mode", "lightweight", "--stages", "50,100", "--reason", "a test", "--database-url", set.DatabaseURL)
	o := operate(t, s.addr).signIn()
	o.get("/console/rollouts").is(200, "half")
	o.get("/console/rollouts/half").is(200, "a test", "Revert to 0%")
	pairs := []string{"reason", "it is slow", "order", "revert"}
	for _, name := range []string{"id", "stage"} {
		if m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(o.page); m != nil {
			pairs = append(pairs, name, m[1])
		}
	}
	o.post("/console/rollouts/half", pairs...).is(http.StatusSeeOther)
	soon(t, "revert", func() bool { return s.app.chosen.Load().Decides() == "" })
	list, _, err := readRollouts(t.Context(), s.app.store)
	if err != nil || len(list) != 1 || len(list[0].Changes) != 2 || list[0].Changes[1].By != "console" || list[0].Changes[1].Reason != "it is slow" {
		t.Errorf("the rollouts are %+v, %v", list, err)
	}
	o.get("/console/rollouts/half").is(200, "it is slow")
}
