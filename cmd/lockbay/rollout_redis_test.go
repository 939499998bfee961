package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/rollout"
)

// TestRolloutNeedsRedis: a stage of a mode that needs Redis begins while Redis works as serve needs it, and else with --force alone.
func TestRolloutNeedsRedis(t *testing.T) {
	t.Parallel()
	node := testdb.RedisServer(t)
	node.Do("ACL", "SETUSER", "reader", "on", ">hunter2", "~escrow_draft:*", "+get", "+ping")
	set := settings(t, "--operator-token", operatorToken, "--redis-url", node.URL())
	within(t, set.DatabaseURL, func(st store) {
		b := &dialog.Batch{}
		for i := range 400 {
			e := dialog.Event{Kind: dialog.EventStarted, Key: fmt.Sprintf("lockbay:escrow:tg:%d", i), Draft: fmt.Sprintf("d%d", i), Mode: "database", Variant: rollout.VariantOf("half", 1, []rollout.Arm{rollout.New, rollout.Old}[i%2]), At: time.Now().Add(-50 * time.Hour)}
			b.Events = append(b.Events, e)
		}
		if _, err := st.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	})
	s, _, _ := inProcess(t, set)
	soon(t, "counts", func() bool { return s.metrics.counted.Load() != 0 })
	o := operate(t, s.addr).signIn()
	rolls := func(code int, verb string, args ...string) string {
		t.Helper()
		return says(t, code, "", append([]string{"rollout", verb, "half", "--reason", "a test", "--database-url", set.DatabaseURL}, args...)...)
	}
	has := func(said string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("%q lacks %q", said, w)
			}
		}
	}
	start := []string{"--stages", "50,60,100", "--days", "0,0,0", "--mode"}
	has(rolls(exitFailed, "start", append(start, "redis", "--redis-url", "redis://reader:hunter2@"+node.Addr())...), "the Redis of mode redis: this user lacks permissions", "--force starts it all the same")
	node.Stop()
	for _, mode := range []string{"redis", "hybrid"} {
		has(rolls(exitFailed, "start", append(start, mode, "--redis-url", node.URL())...), "the Redis of mode "+mode+": nothing listens there; check that Redis runs", "--force starts it all the same")
	}
	if list, _, err := readRollouts(t.Context(), s.app.store); err != nil || len(list) != 0 {
		t.Errorf("what was refused began: %v, %v", list, err)
	}
	node.Start()
	if said := rolls(exitDone, "start", append(start, "redis", "--redis-url", node.URL())...); strings.Contains(said, "Until it answers") {
		t.Errorf("Redis works, and it says %s", said)
	}
	node.Stop()
	has(rolls(exitFailed, "start", append(start, "redis", "--redis-url", node.URL())...), "rollout half exists")
	has(rolls(exitFailed, "advance", "--force", "--redis-url", node.URL(), "--reason", strings.Repeat("x", 201)), "at most 200 characters")
	soon(t, "a look", func() bool {
		list, _, err := readRollouts(t.Context(), s.app.store)
		return err == nil && len(list) == 1 && list[0].Situation(time.Now()) == rollout.MayAdvance
	})
	has(rolls(exitFailed, "advance", "--redis-url", node.URL()), "the Redis of mode redis: nothing listens there", "--force goes on all the same")
	has(rolls(exitFailed, "advance"), "mode redis needs --redis-url", "--force goes on all the same")
	o.get("/console/rollouts/half").is(200, "Go on to 60%")
	o.post("/console/rollouts/half", "reason", "it is time", "order", "advance").is(422, "The Redis of mode redis: nothing listens there", "Go on all the same")
	if strings.Contains(o.page, "--force") {
		t.Error("the page names an option of a command")
	}
	has(rolls(exitDone, "advance", "--force", "--redis-url", node.URL()), "from 50 % to 60 %", "nothing listens there", "Until it answers, these drafts lie in the database alone.")
	has(rolls(exitDone, "pause", "--redis-url", node.URL()), "is paused at 60 %")
	has(rolls(exitDone, "resume", "--redis-url", node.URL()), "goes on at 60 %")
	has(rolls(exitDone, "revert", "--redis-url", node.URL()), "is reverted to 0 %")
}

// TestRolloutRedisDies: while the Redis of a rollout is dead, people go on with what they had, in the database. What Redis
// takes along is lost once in mode redis, is counted for the new arm, and reverts the rollout; in mode hybrid nothing is lost.
func TestRolloutRedisDies(t *testing.T) {
	for _, mode := range []dialog.Mode{dialog.Redis, dialog.Hybrid} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			node := testdb.RedisServer(t)
			set := settings(t, "--redis-url", node.URL())
			s, _, _ := inProcess(t, set)
			other, _, _ := inProcess(t, settings(t, "--redis-url", node.URL(), "--database-url", set.DatabaseURL))
			says(t, exitDone, "", "rollout", "start", "half", "--mode", mode.String(), "--stages", "50,100", "--database-url", set.DatabaseURL, "--redis-url", node.URL())
			for _, s := range []*server{s, other} {
				soon(t, "the rollout", func() bool { return s.app.chosen.Load().Decides() == "half" })
			}
			const people = 40
			isNew, fresh := map[int]bool{}, 0
			for who := range people {
				r := begins(t, s, who)
				if isNew[who] = r.Variant == "half/1/new"; isNew[who] && who >= people/2 {
					fresh++
				}
				if inRedis := r.Where == dialog.InRedis; inRedis != (isNew[who] && mode == dialog.Redis) {
					t.Errorf("%s has variant %s, and lies in %v", r.Owner, r.Variant, r.Where)
				}
			}
			node.Stop()
			for who := range people / 2 {
				if r := goesOn(t, s, who); r.Step != "description_input" || r.Where != dialog.InRow {
					t.Errorf("without Redis %s is at %s, in %v", r.Owner, r.Step, r.Where)
				}
			}
			if r := begins(t, s, people); r.Step != "amount_input" || r.Where != dialog.InRow {
				t.Errorf("without Redis %s is at %s, in %v", r.Owner, r.Step, r.Where)
			}
			node.Start()
			lost := 0
			for who := people / 2; who < people; who++ {
				loses := isNew[who] && mode == dialog.Redis
				want := map[bool]string{true: "seller_input", false: "description_input"}[loses]
				if r := goesOn(t, other, who); r.Step != want {
					t.Errorf("%s is at %s, want %s", r.Owner, r.Step, want)
				}
				if loses {
					lost++
				}
			}
			if (lost > 0) != (mode == dialog.Redis) || fresh == 0 {
				t.Fatalf("%d of %d lose their answers", lost, fresh)
			}
			soon(t, "the log", func() bool { return len(lostIn(t, s.app.store)) >= lost })
			events := lostIn(t, s.app.store)
			for _, e := range events {
				if e.Variant != "half/1/new" || e.Mode != mode.String() {
					t.Errorf("lost: %+v", e)
				}
			}
			if len(events) != lost {
				t.Errorf("%d answers are lost, want %d", len(events), lost)
			}
			if lost == 0 {
				return
			}
			oldNews(t, s.app.store, &events[0])
			says(t, exitDone, "", "insight", "rebuild", "--database-url", set.DatabaseURL)
			says(t, exitDone, "", "rollout", "pause", "half", "--reason", "a look at once", "--database-url", set.DatabaseURL)
			soon(t, "the guardrail", func() bool { return s.app.chosen.Load().Decides() == "" })
			if status := says(t, exitDone, "", "rollout", "status", "half", "--database-url", set.DatabaseURL); !strings.Contains(status, "guardrail lost: evidence ") {
				t.Errorf("the status is\n%s", status)
			}
		})
	}
}

// goesOn has a person answer the second question.
func goesOn(t *testing.T, s *server, who int) *dialog.Record {
	t.Helper()
	owner := fmt.Sprintf("tg:%d", 1_000_000+who)
	out, err := s.app.engine.Handle(t.Context(), dialog.Input{ID: fmt.Sprint(who, " amount"), Kind: dialog.KindText, Text: "100", Owner: owner, Place: dialog.Place{Channel: "tg", Address: owner, Push: true}})
	if err != nil {
		t.Fatal(err)
	}
	return out.Record
}

func lostIn(t *testing.T, st store) []dialog.Event {
	t.Helper()
	list, err := st.(dialog.EventLog).Events(t.Context(), dialog.EventQuery{Kind: dialog.EventLost})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// oldNews writes the events of 400 people two days ago: those in the new arm lost their answers as lost says.
func oldNews(t *testing.T, st store, lost *dialog.Event) {
	t.Helper()
	b := &dialog.Batch{}
	for i := range 400 {
		e := *lost
		e.Key, e.Draft, e.At, e.Kind = fmt.Sprintf("lockbay:escrow:tg:%d", i), fmt.Sprintf("d%d", i), time.Now().Add(-50*time.Hour), dialog.EventStarted
		if i%2 == 0 {
			e.Mode, e.Variant = "database", rollout.VariantOf("half", 1, rollout.Old)
		}
		b.Events = append(b.Events, e)
		if e.Kind, e.At = dialog.EventLost, e.At.Add(time.Minute); i%8 == 1 {
			b.Events = append(b.Events, e)
		}
	}
	if _, err := st.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}
