package insight_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// history are the events of a creation in the order of time, and those of the escrow that it became.
type history struct {
	start  dialog.Event
	events []dialog.Event
	after  []dialog.Event // of the escrow
}

// when are the times of the events that match; within the horizon alone, if that is asked for.
func (h *history) when(within bool, match func(e *dialog.Event) bool) (first, last time.Time) {
	for i := range h.events {
		if e := &h.events[i]; match(e) && (!within || e.At.Sub(h.start.At) < horizon) {
			if first.IsZero() {
				first = e.At
			}
			last = e.At
		}
	}
	return first, last
}

func of(kinds ...dialog.EventKind) func(e *dialog.Event) bool {
	return func(e *dialog.Event) bool { return slices.Contains(kinds, e.Kind) }
}

// histories are those of the creations of an escrow flow, without those of tg:7 and of terminals.
func histories(all []dialog.Event) map[string]*history {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b dialog.Event) int { return a.At.Compare(b.At) })
	list, escrows := map[string]*history{}, map[string]*history{}
	counts := func(e *dialog.Event) bool {
		return strings.HasPrefix(e.Key, "lockbay:escrow:") && !strings.HasSuffix(e.Key, ":tg:7") && !strings.HasPrefix(e.Key, "lockbay:escrow:tty:")
	}
	for _, e := range all {
		if counts(&e) && e.Kind == dialog.EventStarted {
			list[e.Draft] = &history{start: e}
		}
	}
	for _, e := range sorted {
		h := list[e.Draft]
		if h == nil || !counts(&e) {
			continue
		}
		h.events = append(h.events, e)
		if e.Kind == "confirmed" {
			escrows[e.Cause] = h
		}
	}
	for _, e := range sorted {
		if h := escrows[e.Draft]; h != nil {
			h.after = append(h.after, e)
		}
	}
	return list
}

// recount is what a history comes to, in words, by the rules of the issue and nothing else.
func (h *history) recount(ups []dialog.Event) string {
	var b strings.Builder
	say := func(name string, value any) { fmt.Fprintf(&b, "%s %v\n", name, value) }
	say("start", h.start.At)
	say("mode", h.start.Mode+"/"+h.start.Variant)
	confirmed, _ := h.when(false, of("confirmed"))
	say("confirmed", confirmed)
	for _, kind := range []dialog.EventKind{"replaced", "cancelled", "undone", "blocked"} {
		_, last := h.when(true, of(kind))
		say(string(kind), last)
	}
	answered, _ := h.when(false, of("answered"))
	say("answered", answered)
	lostFirst, lost := h.when(false, of("lost"))
	say("lost", fmt.Sprint(lostFirst, lost))
	_, seen := h.when(false, of("answered", "refused", "cancelled", "undone", "confirmed", "rehydrated", "moved", "replaced"))
	say("seen", seen)
	say("typed again", !lost.IsZero() && !answered.IsZero() && answered.Before(lost) && !seen.Before(lost))
	conflict, _ := h.when(false, of("conflict"))
	say("conflict", conflict)
	h.recountEnd(say)
	h.recountSteps(say)
	h.recountReads(say, ups)
	return b.String()
}

func (h *history) recountEnd(say func(string, any)) {
	confirmed, _ := h.when(true, of("confirmed"))
	_, replaced := h.when(true, of("replaced"))
	_, cancelled := h.when(true, of("cancelled"))
	_, undone := h.when(true, of("undone"))
	_, blocked := h.when(true, of("blocked"))
	end := insight.Silent
	switch {
	case !confirmed.IsZero():
		end = insight.Confirmed
	case !replaced.IsZero():
		end = insight.Replaced
	case cancelled.After(undone):
		end = insight.Cancelled
	case !blocked.IsZero():
		end = insight.Blocked
	}
	say("end", end)
	first := func(kind dialog.EventKind) (at time.Time) {
		for _, e := range h.after {
			if e.Kind == kind && at.IsZero() {
				at = e.At
			}
		}
		return at
	}
	say("paid", fmt.Sprint(first("paid"), first("lapsed")))
}

func (h *history) recountSteps(say func(string, any)) {
	refused := map[string]bool{}
	for _, e := range h.events {
		if e.Kind == "refused" {
			refused[e.Step+" "+e.Cause] = true
		}
	}
	say("refused", slices.Sorted(maps.Keys(refused)))
	open, at := "", time.Time{}
	for _, step := range insighttest.Steps {
		asks := func(e *dialog.Event) bool { return e.Kind == "asked" && e.Cause == step }
		asked, _ := h.when(false, asks)
		_, last := h.when(true, asks)
		answered, _ := h.when(false, func(e *dialog.Event) bool { return e.Kind == "answered" && e.Step == step })
		say(step, fmt.Sprint(asked, answered, last))
		if last.After(at) || !last.IsZero() && last.Equal(at) && step > open {
			open, at = step, last
		}
	}
	say("open", open)
}

func (h *history) recountReads(say func(string, any), ups []dialog.Event) {
	causes, sources := map[string]bool{}, map[string]bool{}
	slowest := time.Duration(0)
	var reads []string
	for _, e := range h.events {
		if e.Kind != "rehydrated" {
			continue
		}
		causes[e.Cause], sources[e.Source] = true, true
		if e.At.Sub(h.start.At) < horizon {
			slowest = max(slowest, e.Took)
		}
		soon := slices.ContainsFunc(ups, func(up dialog.Event) bool {
			ago := e.At.Sub(up.At)
			return up.Instance == e.Instance && ago >= 0 && ago <= 5*time.Minute
		})
		reads = append(reads, fmt.Sprint(e.At, e.Source, e.Took, soon))
	}
	say("causes", fmt.Sprint(slices.Sorted(maps.Keys(causes)), slices.Sorted(maps.Keys(sources))))
	slices.Sort(reads)
	say("reads", strings.Join(slices.Compact(reads), "\n"))
	say("slowest", slowest)
}

// said is what a creation says, in the words of recount.
func said(c *insight.Creation) string {
	var b strings.Builder
	say := func(name string, value any) { fmt.Fprintf(&b, "%s %v\n", name, value) }
	say("start", c.Started)
	say("mode", c.Mode+"/"+c.Variant)
	say("confirmed", c.Confirmed)
	say("replaced", c.Replaced)
	say("cancelled", c.Cancelled)
	say("undone", c.Undone)
	say("blocked", c.Blocked)
	say("answered", c.Answered)
	say("lost", fmt.Sprint(c.FirstLost, c.Lost))
	say("seen", c.Seen)
	say("typed again", c.TypedAgain())
	say("conflict", c.Conflict)
	say("end", c.End())
	say("paid", fmt.Sprint(c.Paid, c.Lapsed))
	refused := []string{}
	for what := range c.Refused {
		refused = append(refused, what[0]+" "+what[1])
	}
	slices.Sort(refused)
	say("refused", refused)
	for _, step := range insighttest.Steps {
		s := c.Steps[step]
		say(step, fmt.Sprint(s.Asked, s.Answered, s.Last))
	}
	say("open", c.Open())
	say("causes", fmt.Sprint(slices.Sorted(maps.Keys(c.Causes)), slices.Sorted(maps.Keys(c.Sources))))
	var reads []string
	for _, r := range c.Reads {
		reads = append(reads, fmt.Sprint(r.At, r.Source, r.Took, r.Soon))
	}
	slices.Sort(reads)
	say("reads", strings.Join(reads, "\n"))
	say("slowest", c.Slowest)
	return b.String()
}

// TestRecount: each fact of a creation is what its events say, in whatever order they come, and twice; as it is stored and
// read back, too.
func TestRecount(t *testing.T) {
	for seed := range uint64(8) {
		all := insighttest.Random(seed, 150, 9, at)
		want, r := histories(all), rand.New(rand.NewPCG(seed, 31)) //nolint:gosec // the same each time
		var ups []dialog.Event
		for _, e := range all {
			if e.Kind == dialog.EventUp {
				ups = append(ups, e)
			}
		}
		for range 3 {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			f := insight.Collect(insight.Config{Flow: "escrow", Horizon: horizon, Exclude: []string{"tg:7"}})
			for _, e := range append(slices.Clone(all[:len(all)/9]), all...) {
				f.Add(&e)
			}
			f.Settle()
			if got, want := slices.Sorted(maps.Keys(f.Creations())), slices.Sorted(maps.Keys(want)); !slices.Equal(got, want) {
				t.Fatalf("seed %d: creations %v, want %v", seed, got, want)
			}
			for draft, c := range f.Creations() {
				told := want[draft].recount(ups)
				if got := said(c); got != told {
					t.Fatalf("seed %d, draft %s:\n%s\nwant\n%s", seed, draft, got, told)
				}
				text, err := c.Stored()
				if err != nil {
					t.Fatal(err)
				}
				again, err := insight.Restored(draft, text)
				if err != nil || said(again) != told {
					t.Fatalf("seed %d, draft %s is read back as\n%s\nwant\n%s, %v", seed, draft, said(again), told, err)
				}
			}
		}
	}
}
