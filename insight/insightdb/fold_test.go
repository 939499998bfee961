package insightdb

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
	"github.com/lockbay/lockbay/internal/testdb"
)

var (
	end    = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	config = insight.Config{Flow: "escrow", Horizon: 24 * time.Hour, Exclude: []string{"tg:7"}}
	limits = insight.DefaultThresholds()
)

const window = 6 * 24 * time.Hour

// clocked is a store with a clock that the test turns.
type clocked struct {
	dialog.Store
	dialog.EventLog
	now time.Time
}

func (c *clocked) Now(context.Context) (time.Time, error) { return c.now, nil }

func (c *clocked) put(t *testing.T, events []dialog.Event) {
	t.Helper()
	for some := range slices.Chunk(events, 1000) {
		if _, err := c.Commit(t.Context(), &dialog.Batch{Events: some}); err != nil {
			t.Fatal(err)
		}
	}
}

// both runs a test on both databases, each new.
func both(t *testing.T, test func(t *testing.T, log *clocked, open func() *DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lockbay.db")
		st, err := sqlitestore.Open(t.Context(), path, sqlitestore.WithMigrations("insight", SQLite()))
		opens(t, test, st, err, func(log *clocked) (*DB, error) { return OpenSQLite(t.Context(), path, path+".insight", log, config) })
	})
	t.Run("postgres", func(t *testing.T) {
		url := testdb.Postgres(t)
		st, err := pgstore.Open(t.Context(), url, pgstore.WithMigrations("insight", Postgres()))
		opens(t, test, st, err, func(log *clocked) (*DB, error) { return OpenPostgres(t.Context(), url, log, config) })
	})
}

func opens[S interface {
	dialog.Store
	dialog.EventLog
}](t *testing.T, test func(t *testing.T, log *clocked, open func() *DB), st S, err error, open func(log *clocked) (*DB, error)) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	log := &clocked{Store: st, EventLog: st, now: end}
	test(t, log, func() *DB {
		d, err := open(log)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	})
}

// month are events of people, restarts and payments.
func month(seed uint64, n, days int) []dialog.Event {
	r := rand.New(rand.NewPCG(seed, 3)) //nolint:gosec // the same each time
	p := insighttest.Plant{Seed: seed, N: n, Days: days, End: end, Mode: "lightweight", Leaves: []float64{.1, .1, .2, .1, .1}, Pauses: .3, Loses: .5, Writes: .3, Pace: 3 * time.Minute}
	for day := range days {
		p.Restarts = append(p.Restarts, end.AddDate(0, 0, -day).Add(-time.Duration(r.IntN(1440))*time.Minute))
	}
	all, _ := p.Events()
	q := p
	q.Seed, q.N, q.Mode, q.Loses = seed+1000, n/2, "database", 0
	more, _ := q.Events()
	for _, e := range more {
		if e.Draft != "" {
			if e.Kind == "confirmed" {
				e.Cause = "ESC-n" + e.Draft
			}
			e.Draft, e.Variant = "n"+e.Draft, "new"
			all = append(all, e)
		}
	}
	for _, e := range all {
		if e.Kind == "confirmed" && r.IntN(3) > 0 {
			all = append(all, dialog.Event{Kind: []dialog.EventKind{"paid", "lapsed"}[r.IntN(2)], Key: "lockbay:deal:" + e.Cause, Draft: e.Cause, At: e.At.Add(time.Duration(r.IntN(3600)) * time.Second)})
		}
	}
	for i := range all {
		all[i].At = all[i].At.Truncate(time.Millisecond)
	}
	return all
}

// counted are the figures and slots of events, without a database.
func counted(events []dialog.Event, at time.Time) (*insight.Facts, *insight.Figures) {
	f := insight.Collect(config)
	for i := range events {
		f.Add(&events[i])
	}
	return f, f.Figures(at, window, limits)
}

// agree fails unless the counts are those of the events.
func agree(t *testing.T, d *DB, events []dialog.Event, at time.Time) {
	t.Helper()
	f, want := counted(events, at)
	got, since, err := d.Figures(t.Context(), at, window, limits)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("figures:\n%+v\n%+v", got, want)
	}
	var kept []insight.Slot
	err = rows(t.Context(), d.kept, `select at, mode, variant, counts from insight_slots order by at, mode, variant`, nil, func(scan func(...any) error) error {
		var s insight.Slot
		err := scan(&s.At, &s.Mode, &s.Variant, &s.Counts)
		kept = append(kept, s)
		return err
	})
	slots := f.Slots()
	if err != nil || !slices.Equal(kept, slots) {
		t.Errorf("%d slots, want %d, %v", len(kept), len(slots), err)
		for i := range min(len(kept), len(slots)) {
			if kept[i] != slots[i] {
				t.Fatalf("%s\n%+v\n%+v", insight.SlotTime(slots[i].At), kept[i], slots[i])
			}
		}
	}
	if len(slots) > 0 && !since.Equal(insight.SlotTime(slots[0].At)) {
		t.Errorf("known since %s", since)
	}
	if list, err := d.Check(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("check: %v, %v", list, err)
	}
}

// folds is how many random folds are tried; make prove tries 10,000.
var folds = flag.Int("folds", 200, "random folds")

// TestRandomFolds: whatever the folds were, killed before any statement or around any commit, after pauses, over events that
// come twice and up to ten minutes late, the counts are those of the events.
func TestRandomFolds(t *testing.T) {
	done := 0
	for seed := uint64(1); done < *folds; seed++ {
		both(t, func(t *testing.T, log *clocked, open func() *DB) { done += randomFolds(t, seed, log, open) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d folds", done)
}

func randomFolds(t *testing.T, seed uint64, log *clocked, open func() *DB) (folds int) {
	r := rand.New(rand.NewPCG(seed, 5)) //nolint:gosec // the same each time
	events := insighttest.Random(seed, 120, 9, end)
	for i := range len(events) / 10 { // some come twice
		events = append(events, events[i*10])
	}
	all := arrivals(r, events)
	var d *DB
	live := func() { // another process
		if d != nil {
			_ = d.Close()
		}
		d = open()
		d.page = 20 + r.IntN(200)
	}
	live()
	next := 0
	for log.now = all[0].seen; next < len(all); {
		pause := time.Duration(30+r.IntN(60)) * time.Minute
		if r.IntN(4) > 0 {
			pause = time.Duration(30+r.IntN(600)) * time.Second
		}
		log.now = log.now.Add(pause)
		var some []dialog.Event
		for ; next < len(all) && !all[next].seen.After(log.now); next++ {
			some = append(some, all[next].Event)
		}
		if len(some) == 0 {
			continue
		}
		log.put(t, some)
		folds++
		after := r.IntN(2 << r.IntN(8)) // statements, few or many
		d.killed = func() bool { after--; return after == 0 }
		switch done, err := d.Fold(t.Context()); {
		case errors.Is(err, errKilled):
			live()
		case err != nil:
			t.Fatal(err)
		case done.Late > 0:
			t.Errorf("%d creations were mended by the nightly recount: the fold had missed events", done.Late)
		}
	}
	d.killed = nil
	log.now = end.Add(40 * time.Hour)
	for range 2 {
		folds++
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, d, events, log.now)
		agreeOnOutcomes(t, d, events, log.now)
	}
	return folds
}

// arrival is an event, and when it is in the log.
type arrival struct {
	dialog.Event
	seen time.Time
}

// arrivals are events in the order in which they come to the log: at once, or up to ten minutes late.
func arrivals(r *rand.Rand, events []dialog.Event) (all []arrival) {
	for _, e := range events {
		late := time.Duration(r.IntN(1000)) * time.Millisecond
		if r.IntN(4) == 0 {
			late = time.Duration(r.IntN(600)) * time.Second
		}
		all = append(all, arrival{e, e.At.Add(late)})
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.seen.Compare(b.seen) })
	return all
}

// TestLateEvents: what comes later than a fold waits for is mended by the nightly recount, and is counted.
func TestLateEvents(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(1, 100, 3)
		slices.SortFunc(events, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
		var early, late []dialog.Event
		for i, e := range events {
			if e.At.After(end.Add(-20*time.Hour)) && e.At.Before(end.Add(-time.Hour)) && i%7 == 0 {
				late = append(late, e)
			} else {
				early = append(early, e)
			}
		}
		d := open()
		log.put(t, early)
		fold := func() Folded {
			done, err := d.Fold(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return done
		}
		fold()
		log.put(t, late)
		if done := fold(); done.Late != 0 {
			t.Errorf("%d late ones on the same day", done.Late)
		}
		if list, err := d.Check(t.Context()); err != nil || len(list) == 0 {
			t.Errorf("check finds no late event: %v", err)
		}
		log.now = log.now.Add(13 * time.Hour) // the next day
		if done := fold(); done.Late == 0 || done.Late > len(late) {
			t.Errorf("%d of %d late", done.Late, len(late))
		}
		agree(t, d, events, log.now)
	})
}

// TestRebuild: counts are made anew from the events, after the scratch tables were lost, too; those of a time without events
// stay.
func TestRebuild(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(2, 150, 6)
		log.put(t, events)
		d := open()
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, d, events, log.now)
		exec := func(text string) {
			t.Helper()
			if _, err := d.kept.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		exec(`update insight_slots set counts = 'creations 9000' where at = (select max(at) from insight_slots)`)
		if list, err := d.Check(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("check: %v, %v", list, err)
		}
		if _, err := d.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, d, events, log.now)
		for _, table := range []string{"insight_drafts", "insight_state", "insight_lives"} { // as after a crash of PostgreSQL
			if _, err := d.scratch.ExecContext(t.Context(), `delete from `+table); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, d, events, log.now)
		_, before := counted(events, log.now)
		for gone := 1; gone > 0; { // the older half of the events is pruned
			var err error
			if gone, err = log.Prune(t.Context(), end.Add(-60*time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := d.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		after, _, err := d.Figures(t.Context(), log.now, window, limits)
		if err != nil || after.Creations != before.Creations || after.Starts != before.Starts {
			t.Errorf("%d creations, %d starts, before %d and %d, %v", after.Creations, after.Starts, before.Creations, before.Starts, err)
		}
	})
}

// TestForget: who began a creation is known by eight bytes, and by none once forgotten; the counts stay.
func TestForget(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(3, 20, 2)
		log.put(t, events)
		d := open()
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		known := func() (n int64) {
			t.Helper()
			if err := d.scratch.QueryRowContext(t.Context(), `select count(*) from insight_drafts where who is not null and length(who) = 8`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := known()
		key, err := dialog.ParseKey(events[slices.IndexFunc(events, func(e dialog.Event) bool { return e.Draft != "" })].Key)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Forget(t.Context(), key.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := known(); before < 20 || after >= before || after < before-2 {
			t.Errorf("%d known, then %d", before, after)
		}
		agree(t, d, events, log.now)
	})
}

// TestNothing: without events there are no figures, and nothing fails.
func TestNothing(t *testing.T) {
	both(t, func(t *testing.T, _ *clocked, open func() *DB) {
		d := open()
		x, since, err := d.Figures(t.Context(), end, window, limits)
		if err != nil || x.Creations != 0 || !since.IsZero() {
			t.Errorf("%+v, %s, %v", x, since, err)
		}
		if _, err := d.Fold(t.Context()); err != nil {
			t.Error(err)
		}
		agree(t, d, nil, end)
	})
}

// TestExcluded: who does not count leaves no row; who is to count no longer is counted out.
func TestExcluded(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(4, 20, 2)
		log.put(t, events)
		d := open()
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		agree(t, d, events, log.now)
		d.cfg.Exclude = append(slices.Clone(d.cfg.Exclude), "tg:8", "tg:9")
		until, whole, err := d.Until(t.Context())
		if err != nil || !until.IsZero() || whole {
			t.Errorf("by other settings it is counted until %s, %v", until, err)
		}
		if list, err := d.Check(t.Context()); err != nil || !slices.ContainsFunc(list, func(line string) bool { return strings.HasPrefix(line, "nothing was counted yet") }) {
			t.Errorf("by other settings the check says %q, %v", list, err)
		}
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		was := config
		config.Exclude = d.cfg.Exclude
		defer func() { config = was }()
		agree(t, d, events, log.now)
		if until, whole, err = d.Until(t.Context()); err != nil || !until.Equal(log.now) || !whole {
			t.Errorf("it is counted until %s, %v", until, err)
		}
	})
}
