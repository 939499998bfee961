package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/internal/testdb"
)

// TestCounts: the counts of a month are made, checked, mended, read by the report, backed up, restored and copied, on both
// databases; a forgotten person is in none of them.
func TestCounts(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Second)
	plant := insighttest.Plant{Seed: 1, N: 300, Days: 30, End: at.Add(-time.Hour), Mode: "database", Leaves: []float64{.02, .02, .4, .01, .01}, Pauses: .04}
	events, _ := plant.Events()
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			within(t, url, func(st store) {
				for some := range chunks(events, 500) {
					if _, err := st.Commit(t.Context(), &dialog.Batch{Events: some}); err != nil {
						t.Fatal(err)
					}
				}
			})
			with := func(args ...string) []string { return append(args, "--database-url", url) }
			read := func() (x report.Document) {
				t.Helper()
				if err := json.Unmarshal([]byte(says(t, exitDone, "", with("report", "--at", at.Format(time.RFC3339), "--format", "json")...)), &x); err != nil {
					t.Fatal(err)
				}
				return x
			}
			counted := read()
			says(t, exitFailed, "", with("insight", "check")...) // nothing is counted yet
			if got := says(t, exitDone, "", with("insight", "rebuild")...); !strings.HasPrefix(got, "Counted ") {
				t.Errorf("it says %s", got)
			}
			says(t, exitDone, "", with("insight", "check")...)
			folded := read()
			if counted.Since, folded.Since = "", ""; !equalJSON(t, counted, folded) || folded.Creations < 200 {
				t.Errorf("the events say\n%+v\nthe counts\n%+v", counted, folded)
			}
			countsElsewhere(t, url, folded)
		})
	}
}

// countsElsewhere copies and restores a database, whose counts say the same without events.
func countsElsewhere(t *testing.T, url string, want report.Document) {
	t.Helper()
	elsewhere := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	says(t, exitDone, "", "migrate", "copy", "--from", url, "--to", elsewhere)
	said := func() {
		t.Helper()
		set := &Settings{DatabaseURL: elsewhere}
		within(t, elsewhere, func(st store) {
			db, err := set.openCounts(t.Context(), st)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			until, err := time.Parse(time.RFC3339, want.Until)
			if err != nil {
				t.Fatal(err)
			}
			x, _, err := db.Figures(t.Context(), until.Add(usualHorizon), 30*24*time.Hour, insight.DefaultThresholds())
			if err != nil || x.Creations != want.Creations || x.Abandoned.X != want.Abandoned.X {
				t.Errorf("%+v, %v, want %+v", x, err, want)
			}
		})
	}
	said()
	copied := filepath.Join(t.TempDir(), "backup.db")
	says(t, exitDone, "", "backup", copied, "--database-url", elsewhere)
	_, where, _ := (&Settings{DatabaseURL: elsewhere}).database()
	if err := os.WriteFile(scratchFile(where)+"-wal", []byte("of another life"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, exitDone, "", "restore", "--force", copied, "--database-url", elsewhere)
	for _, end := range []string{"", "-wal"} {
		if exists(scratchFile(where) + end) {
			t.Errorf("%s is still there", scratchFile(where)+end)
		}
	}
	said()
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(x) == string(y)
}

// TestServeCounts: an instance counts the events by itself, and tells how old the counts are; one that starts later leaves it to
// the first.
func TestServeCounts(t *testing.T) {
	set := settings(t)
	m := newMetrics()
	if !math.IsNaN(m.lag()) {
		t.Errorf("before the first count the lag is %g", m.lag())
	}
	first, _, stop := inProcess(t, set)
	counted := func(s *server) func() bool { return func() bool { return s.metrics.counted.Load() > 0 } }
	soon(t, "counts", counted(first))
	if lag := first.metrics.lag(); !(lag >= 0 && lag < 3600) {
		t.Errorf("the counts are %g seconds old", lag)
	}
	other := *set
	other.Listen = "localhost:0" // another name
	second, _, _ := inProcess(t, &other)
	soon(t, "knowledge of the counts", counted(second))
	held, err := second.app.store.Holders(t.Context(), countsName)
	if err != nil || held[countsName] != first.app.engine.Host() {
		t.Errorf("it is counted by %v, %v", held, err)
	}
	if until, err := second.app.counted(t.Context()); err != nil || until.IsZero() {
		t.Errorf("events may go until %s, %v", until, err)
	}
	stop()
	if held, err = second.app.store.Holders(t.Context(), countsName); err != nil || len(held) > 0 {
		t.Errorf("after the stop it is counted by %v, %v", held, err)
	}
}

// stopping is a store whose events can be read only so often.
type stopping struct {
	store
	left int
}

func (s *stopping) Events(ctx context.Context, q dialog.EventQuery) ([]dialog.Event, error) {
	if s.left--; s.left < 0 {
		return nil, errors.New("stopped")
	}
	log, ok := s.store.(dialog.EventLog)
	if !ok {
		return nil, errors.New("no events")
	}
	return log.Events(ctx, q)
}

func (s *stopping) Prune(ctx context.Context, before time.Time) (int, error) { return 0, nil }

func (s *stopping) ForgetEvents(context.Context, dialog.Key) (int, error) { return 0, nil }

// TestReachingAnew: while the counts are made anew, figures are read from those of before, for an hour; nothing says that events
// may go.
func TestReachingAnew(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			set := &Settings{DatabaseURL: url}
			within(t, url, func(st store) {
				reaches := func(ago time.Duration) bool {
					t.Helper()
					now, err := st.Now(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					db := set.reaching(t.Context(), st, now.Add(ago))
					if db == nil {
						return false
					}
					return db.Close() == nil
				}
				log := &stopping{store: st, left: 100}
				db, err := set.openCounts(t.Context(), log)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				if reaches(0) {
					t.Error("nothing is counted, and it reaches now")
				}
				if _, err := db.Fold(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !reaches(time.Minute) || reaches(3*time.Minute) {
					t.Error("a fold reaches two minutes ahead, and no more")
				}
				log.left = 1 // the first event is found, and no more
				if _, err := db.Rebuild(t.Context()); err == nil {
					t.Fatal("it was not stopped")
				}
				if !reaches(50*time.Minute) || reaches(70*time.Minute) {
					t.Error("counts that are made anew reach an hour ahead, and no more")
				}
				a := &app{}
				a.counts.Store(db)
				if until, err := a.counted(t.Context()); err != nil || !until.IsZero() {
					t.Errorf("events may go until %s, %v", until, err)
				}
			})
		})
	}
}
