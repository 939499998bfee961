package main

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/rollout"
)

// TestCounter: the counts of a rollout are those of its two arms, stage by stage: of each owner the first creation, and who got
// the new before is left out. What is usual is how long rehydrations took with the old before the stage.
func TestCounter(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	first, second := now.AddDate(0, 0, -14), now.AddDate(0, 0, -6)
	var events []dialog.Event
	begin := func(at time.Time, who int, variant string, took time.Duration, kinds ...dialog.EventKind) {
		e := dialog.Event{Kind: dialog.EventStarted, Key: fmt.Sprintf("lockbay:escrow:tg:%d", 100+who), Draft: fmt.Sprintf("d%d", len(events)), Mode: "database", Variant: variant, At: at}
		events = append(events, e)
		for i, kind := range append([]dialog.EventKind{dialog.EventRehydrated}, kinds...) {
			e.Kind, e.At, e.Took, e.Source = kind, at.Add(time.Duration(i+1)*time.Minute), took, "database"
			events = append(events, e)
		}
	}
	begin(first.Add(-time.Hour), 1, "", 90*time.Millisecond)
	begin(first.Add(time.Hour), 1, "fast/1/new", 10*time.Millisecond, "confirmed")
	begin(first.Add(2*time.Hour), 1, "fast/1/new", 10*time.Millisecond, "failed") // again
	begin(first.Add(time.Hour), 2, "fast/1/old", 10*time.Millisecond)
	begin(second.Add(-time.Hour), 3, "fast/1/old", 30*time.Millisecond, "conflict")
	begin(second, 5, "fast/1/new", 10*time.Millisecond)                    // on an instance that does not know yet that the stage has ended
	begin(second.Add(3*time.Second), 6, "fast/1/old", 10*time.Millisecond) // likewise
	begin(second.Add(time.Hour), 1, "fast/2/earlier", time.Second, "lost")
	begin(second.Add(time.Hour), 2, "fast/2/new", time.Second, "lost", "confirmed")
	begin(second.Add(2*time.Hour), 3, "fast/2/old", 50*time.Millisecond, "failed")
	begin(second.Add(time.Hour), 2, "slow/2/new", time.Second)
	begin(now.Add(-time.Hour), 4, "fast/2/new", time.Second) // young
	want := []rollout.Compared{
		{Before: 0, Share: 10, All: rollout.Pair{New: rollout.Counts{N: 1}, Old: rollout.Counts{N: 2, Abandoned: 2, Conflict: 1}}, Fresh: rollout.Pair{New: rollout.Counts{N: 1}, Old: rollout.Counts{N: 2, Abandoned: 2, Conflict: 1}}},
		{Before: 10, Share: 50, All: rollout.Pair{New: rollout.Counts{N: 1, Lost: 1, Slow: 1}, Old: rollout.Counts{N: 1, Abandoned: 1, Failed: 1}}, Fresh: rollout.Pair{Old: rollout.Counts{N: 1, Abandoned: 1, Failed: 1}}},
	}
	running := rollout.Running{Name: "fast", Stages: []rollout.Stage{
		{Number: 1, Share: 10, Began: first, Ended: second, Resumed: first},
		{Number: 2, Before: 10, Share: 50, Began: second, Resumed: second.Add(90 * time.Minute), Slow: 80 * time.Millisecond},
	}}
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			within(t, url, func(st store) {
				if _, err := st.Commit(t.Context(), &dialog.Batch{Events: events}); err != nil {
					t.Fatal(err)
				}
				db, err := (&Settings{DatabaseURL: url}).openCounts(t.Context(), st)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if _, err := db.Fold(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err := counter(db)(t.Context(), running)
				if err != nil || fmt.Sprint(got.Stages) != fmt.Sprint(want) || got.P95 < 27*time.Millisecond || got.P95 > 33*time.Millisecond {
					t.Errorf("%+v, want %+v; usual %s, %v", got.Stages, want, got.P95, err)
				}
				before := running
				before.Stages = running.Stages[:1]
				if got, err = counter(db)(t.Context(), before); err != nil || len(got.Stages) != 1 || got.P95 < 81*time.Millisecond || got.P95 > 99*time.Millisecond {
					t.Errorf("the first stage: %+v, usual %s, %v", got.Stages, got.P95, err)
				}
				if got, err = counter(db)(t.Context(), rollout.Running{Name: "none"}); err != nil || len(got.Stages) > 0 || got.P95 != 0 {
					t.Errorf("no stage: %+v, %v", got, err)
				}
			})
		})
	}
}
