package dialogtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// BenchmarkStore measures a store with 20,000 conversations of a usual size: a draft of 250
// bytes, a state of 150 and 32 inputs seen. One operation is one turn or one read. For a
// store with a method ConversationBytes it also measures the bytes of a conversation on the
// disk.
func BenchmarkStore(b *testing.B, open func(t testing.TB) dialog.Store) {
	s := open(b)
	bench := newStoreBench(b, s, 20_000)
	b.Run("lone", func(b *testing.B) { bench.turns(b, 1, false) })
	b.Run("batch=200", func(b *testing.B) { bench.turns(b, 200, false) })
	b.Run("batch=200/events", func(b *testing.B) { bench.turns(b, 200, true) })
	b.Run("load", func(b *testing.B) {
		bench.reads(b, func(ctx context.Context, k dialog.Key) error { _, err := s.Load(ctx, k); return err })
	})
	b.Run("head", func(b *testing.B) {
		bench.reads(b, func(ctx context.Context, k dialog.Key) error { _, err := s.Head(ctx, k); return err })
	})
	b.Run("size", func(b *testing.B) { bench.size(b, open) })
}

type storeBench struct {
	s    dialog.Store
	rows []*dialog.Row // as the store has them
}

// usualRow is the n-th conversation of a usual size.
func usualRow(n int) *dialog.Row {
	r := NewRow(dialog.Key{Bot: "lockbay", Flow: "escrow", ID: fmt.Sprintf("tg:%010d", rand.N(10_000_000)*1000+n%1000)})
	r.Draft = fmt.Sprintf("01JDF3K8Y6Q%015d", n)
	r.Guest, r.Created = "", time.Now()
	r.Updated, r.Expires = r.Created, r.Created.Add(168*time.Hour)
	r.Due = r.Created.Truncate(time.Hour).Add(time.Hour).UnixMilli()
	return fill(r, 32)
}

// fill gives r a draft, a state and inputs of the usual size after so many inputs, at most
// 32.
func fill(r *dialog.Row, inputs int) *dialog.Row {
	r.Answers = []byte(`{"a":"` + strings.Repeat("x", 240*inputs/32) + `"}`)
	r.State = []byte(`{"p":"` + strings.Repeat("x", 142) + `"}`)
	r.Shown, r.Seen = nil, nil
	for range inputs {
		r.Seen = append(r.Seen, seen(rand.Uint64())...)
	}
	return r
}

func newStoreBench(b *testing.B, s dialog.Store, n int) *storeBench {
	b.Helper()
	x := &storeBench{s: s}
	have := map[dialog.Key]bool{}
	for i := 0; len(x.rows) < n; i++ {
		if r := usualRow(i); !have[r.Key] {
			have[r.Key] = true
			x.rows = append(x.rows, r)
		}
	}
	for part := range slices.Chunk(x.rows, 200) {
		var writes []*dialog.Write
		for _, r := range part {
			writes = append(writes, create(r))
		}
		x.commit(b, &dialog.Batch{Writes: writes})
	}
	return x
}

func (x *storeBench) commit(b *testing.B, batch *dialog.Batch) {
	slices.SortFunc(batch.Writes, func(a, b *dialog.Write) int {
		return strings.Compare(a.After.Key.String(), b.After.Key.String())
	})
	out, err := x.s.Commit(context.Background(), batch)
	if err != nil {
		b.Fatal(err)
	}
	for _, v := range out.Verdicts {
		if v != dialog.Applied {
			b.Fatalf("verdict %v", v)
		}
	}
}

func (x *storeBench) turns(b *testing.B, batch int, events bool) {
	var took []time.Duration
	var cpu, wall time.Duration
	done := 0
	for b.Loop() {
		if done++; batch > 1 && done%batch != 1 {
			continue // one operation is one turn, written at the first of its batch
		}
		var writes []*dialog.Write
		picked := map[int]bool{}
		for len(writes) < batch {
			n := rand.N(len(x.rows))
			if picked[n] {
				continue
			}
			picked[n] = true
			w := Next(x.rows[n], rand.Uint64())
			if events {
				w.Events = []dialog.Event{{Kind: "answered", Key: w.After.Key.String(), Draft: w.After.Draft,
					Step: w.After.Step, Mode: "database", Instance: "i1", At: time.Now()}}
			}
			writes = append(writes, w)
			x.rows[n] = w.After
		}
		began, used := time.Now(), CPUTime()
		x.commit(b, &dialog.Batch{Writes: writes})
		took = append(took, time.Since(began))
		cpu += CPUTime() - used
		wall += took[len(took)-1]
	}
	slices.Sort(took)
	n := float64(len(took) * batch)
	b.ReportMetric(n/wall.Seconds(), "turns/s")
	b.ReportMetric(float64(cpu.Microseconds())/n, "cpu-us/turn")
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
}

func (x *storeBench) reads(b *testing.B, read func(context.Context, dialog.Key) error) {
	ctx, cancel := context.WithCancel(context.Background()) // as callers have it
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		if err := read(ctx, x.rows[rand.N(len(x.rows))].Key); err != nil {
			b.Fatal(err)
		}
	}
}

// size measures 10,000 conversations on the disk: written at once, and grown over eight
// turns in random order, which leaves pages less full.
func (x *storeBench) size(b *testing.B, open func(t testing.TB) dialog.Store) {
	measure := func(turns int) float64 {
		grown := &storeBench{s: open(b)}
		sized, ok := grown.s.(interface {
			ConversationBytes(ctx context.Context) (bytes, conversations int64, err error)
		})
		if !ok {
			b.Skip("this store has no ConversationBytes")
		}
		var writes []*dialog.Write
		for _, r := range x.rows[:10_000] {
			c := *r
			c.Version = 1
			grown.rows = append(grown.rows, fill(&c, 32/turns))
			writes = append(writes, create(&c))
		}
		grown.commit(b, &dialog.Batch{Writes: writes})
		for turn := 2; turn <= turns; turn++ {
			for part := range slices.Chunk(rand.Perm(len(grown.rows)), 500) {
				writes = nil
				for _, n := range part {
					w := Next(grown.rows[n], 0)
					grown.rows[n] = fill(w.After, 32*turn/turns)
					writes = append(writes, w)
				}
				grown.commit(b, &dialog.Batch{Writes: writes})
			}
		}
		bytes, n, err := sized.ConversationBytes(context.Background())
		if err != nil || n != int64(len(grown.rows)) {
			b.Fatal(bytes, n, err)
		}
		return float64(bytes) / float64(n)
	}
	once, grown := measure(1), measure(8)
	for b.Loop() {
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(once, "bytes/conversation")
	b.ReportMetric(grown, "bytes/grown")
}
