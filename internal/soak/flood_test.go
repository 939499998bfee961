package soak

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestFloods: a flood of one person or network leaves other people as they are, and what it costs is bounded. The long run
// judges the time that others wait, so there one flood runs at a time.
func TestFloods(t *testing.T) {
	programs := NewPrograms("../..", t.TempDir(), *binary, *release)
	if _, err := programs.of(today); err != nil {
		t.Fatal(err)
	}
	all, timed := floods(), *lasting > 0
	rows, slots, wg := make([]FloodRow, len(all)), make(chan struct{}, 4), sync.WaitGroup{}
	if timed {
		slots = make(chan struct{}, 1)
	}
	for n, l := range all {
		if !strings.Contains(string(l.by)+" "+l.name, *only) {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			size := l.few
			if timed {
				size = l.many
			}
			t.Run(string(l.by)+"/"+l.name+map[bool]string{true: " on PostgreSQL"}[l.postgres], func(t *testing.T) {
				rows[n] = l.run(t.Context(), t, programs, size, timed)
				for _, wrong := range rows[n].Wrong {
					t.Error(wrong)
				}
			})
		})
	}
	wg.Wait()
	Floods(os.Stdout, slices.DeleteFunc(rows, func(r FloodRow) bool { return r.Flood == "" }))
}

// TestFloodIsJudged: each bound that is passed is told, and times only in the long run.
func TestFloodIsJudged(t *testing.T) {
	most := bounds{ahead: 10, held: 10, rows: 10, events: 10, rss: 10, disk: 10}
	slow := []time.Duration{time.Millisecond, delayMost + 2*time.Millisecond}
	for _, c := range []struct {
		row   FloodRow
		most  bounds
		timed bool
		want  []string
	}{
		{FloodRow{Ahead: 10, Held: 10, Rows: 10, Events: 10, RSS: 10, Disk: 10, Ready: 5}, most, true, nil},
		{FloodRow{Ahead: 11, Held: 11, Rows: 11, Events: 11, RSS: 11, Disk: 11}, bounds{}, true, nil},
		{FloodRow{Ahead: 11}, most, false, []string{"11 inputs served ahead of a bystander's, at most 10"}},
		{FloodRow{Held: 11, Rows: 12}, most, false, []string{"11 inputs received at a time, at most 10", "12 rows, at most 10"}},
		{FloodRow{Events: 11, RSS: 12, Disk: 13}, most, false, []string{"11 events, at most 10", "12 MB of memory, at most 10", "13 MB on disk, at most 10"}},
		{FloodRow{NotReady: 2, Harmed: 3}, most, false, []string{"/readyz failed 2 times", "3 answers of bystanders were rejected"}},
		{FloodRow{Quiet: slow[:1], Pauses: slow}, most, false, nil},
		{FloodRow{Quiet: slow[:1], Pauses: slow}, most, true, []string{"a bystander waited 1.001s longer"}},
		{FloodRow{Quiet: slow[1:], Pauses: slow}, most, true, nil},
		{FloodRow{Quiet: slow[:1], Pauses: slow, Floor: 2 * time.Millisecond}, most, true, nil},
	} {
		if c.row.judge(c.most, c.timed); !slices.Equal(c.row.Wrong, c.want) {
			t.Errorf("%+v", c.row)
		}
	}
}
