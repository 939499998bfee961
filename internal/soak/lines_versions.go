package soak

import (
	"context"
	"slices"
	"time"
)

// versionLines have instances of different versions, or with different clocks.
func versionLines() []*line {
	change := map[string]string{"lightweight": ofInstance}
	// All deadlines are shorter than the clock's error, so that trusting the clock ends drafts and deals.
	const parked = "A newer version of LockBay" // shown for an unreadable draft
	short := []string{"--draft-ttl", "4h", "--payment-window", "2h"}
	return []*line{
		{name: "a newer version beside an older one, killed at random", instances: 2, kinds: []kind{older, newer}, first: 1,
			loses: change, never: parked, trouble: rollout, enough: bothSeen, after: sawBoth},
		{name: "newer, older, newer, killed at random", instances: 3, kinds: []kind{older, newer, newer}, first: 1,
			modes: []string{"database", "hybrid"}, never: parked, trouble: rollout, enough: bothSeen, after: sawBoth},
		{name: "SQLite, a newer version beside an older one on one file", instances: 2, kinds: []kind{older, newer}, first: 1,
			modes: []string{"database"}, servers: oneFile, never: parked, trouble: rollout, enough: bothSeen, after: sawBoth},
		{name: "a newer version beside one that reads its drafts, killed at random", instances: 2, kinds: []kind{reads, newer}, first: 1,
			modes: []string{"hybrid", "redis"}, never: parked, trouble: rollout, enough: bothSeen, after: sawBoth},
		{name: "one of two clocks 5 h ahead, killed at random", instances: 2, kinds: []kind{today, clock}, wrong: []time.Duration{0, 5 * time.Hour},
			loses: change, flags: short, trouble: killing, after: nothingEnded},
		{name: "one of two clocks 5 h behind, killed at random", instances: 2, kinds: []kind{today, clock}, wrong: []time.Duration{0, -5 * time.Hour},
			loses: change, flags: short, trouble: killing, after: nothingEnded},
	}
}

// rollout lets newer instances join an older one, and then kills them all at random.
func rollout(ctx context.Context, w *world) {
	for _, i := range w.running[w.first:] {
		pause(ctx, w.lasts/5)
		w.struck()
		w.again(i)
	}
	killing(ctx, w)
}

// bothSeen reports whether both versions have written drafts, which is the purpose of the run.
func bothSeen(w *world) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen.schemas) == 2 || w.released()
}

// released reports whether the older version is a release, whose schemas and columns are unknown here.
func (w *world) released() bool {
	older, _ := w.programs.of(older)
	today, _ := w.programs.of(today)
	return older != today
}

// sawBoth complains if the newer version left no traces, or drafts of only one version were seen.
func sawBoth(ctx context.Context, w *world) {
	if w.released() {
		return
	}
	if w.expanded(ctx) == 0 {
		w.complain("the newer version has not expanded the tables")
	}
	if !bothSeen(w) {
		w.complain("only drafts of versions %v were seen", w.seen.schemas)
	}
}

// expanded counts the conversations that have the newer version's column, including those written by older programs.
func (w *world) expanded(ctx context.Context) (n int) {
	if err := w.rows.db.QueryRowContext(ctx, `select count(*) from conversations where next = 'none'`).Scan(&n); err != nil {
		w.complain("%v", err)
	}
	return n
}

// nothingEnded complains about reminders and expiries: every draft and deal of the run was within its time.
func nothingEnded(ctx context.Context, w *world) {
	db, err := openRows(w.databases.audit)
	if err != nil {
		w.complain("%v", err)
		return
	}
	defer func() { _ = db.db.Close() }()
	found, err := db.db.QueryContext(ctx, `select kind, count(*) from events group by kind`)
	if err != nil {
		w.complain("events: %v", err)
		return
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var kind string
		var n int
		if err := found.Scan(&kind, &n); err != nil {
			w.complain("events: %v", err)
		}
		if slices.Contains([]string{"reminded", "renewed", "expired", "lapsed"}, kind) {
			w.complain("%s %d times", kind, n)
		}
	}
	if err := found.Err(); err != nil {
		w.complain("events: %v", err)
	}
}
