package dialogtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// The parts of TestStore about batches.

func testDuplicates(t *storeTest) {
	r := NewRow(key("a"))
	t.put(r)
	w := Next(r, 11)
	t.turn(w, dialog.Applied)
	again := Next(r, 11) // the same input, decided by another instance
	t.turn(again, dialog.Duplicate)
	t.turn(Next(r, 12), dialog.Conflicts)
	t.holds(rowWithShown(w.After, r.Shown))
	// A late redelivery: other turns came in between, and it read an older row, or none.
	last := w.After
	for h := uint64(20); h < 25; h++ {
		n := Next(last, h)
		t.turn(n, dialog.Applied)
		last = n.After
	}
	t.turn(Next(r, 11), dialog.Duplicate)
	t.turn(Next(last, 26), dialog.Applied)
	first := create(NewRow(r.Key))
	first.Input = 22
	t.turn(first, dialog.Duplicate)
	first.Input = 99
	t.turn(first, dialog.Conflicts)
	first.Input = 0 // without an input there is no duplicate
	t.turn(first, dialog.Conflicts)
}

func rowWithShown(r *dialog.Row, b []byte) *dialog.Row {
	c := *r
	c.Shown = b
	return &c
}

func testLostAnswer(t *storeTest) {
	w := create(NewRow(key("a")))
	w.Events = []dialog.Event{{Kind: "started", At: epoch}}
	t.turn(w, dialog.Applied)
	t.turn(w, dialog.Applied) // the same turn again: its own retry
	n := Next(w.After, 3)
	n.Starts = []*dialog.Row{NewRow(key("deal"))}
	n.Events = []dialog.Event{{Kind: "confirmed", At: epoch}}
	t.turn(n, dialog.Applied)
	t.turn(n, dialog.Applied) // not taken by its own start
	t.holds(n.After)
	t.turn(Next(n.After, 4), dialog.Applied)
	t.turn(n, dialog.Duplicate) // a retry that comes after the next turn
	t.events(2)
}

func testOneLoser(t *storeTest) {
	var writes []*dialog.Write
	var rows []*dialog.Row
	for i := range 10 {
		rows = append(rows, NewRow(key(fmt.Sprint("k", i))))
	}
	t.put(rows...)
	moved := Next(rows[4], 0)
	t.turn(moved, dialog.Applied)
	want := slices.Repeat([]dialog.Verdict{dialog.Applied}, 10)
	want[4] = dialog.Conflicts
	for _, r := range rows {
		w := Next(r, 1)
		w.Events = []dialog.Event{{Kind: "answered", Key: r.Key.String(), At: epoch}}
		w.Starts = []*dialog.Row{NewRow(key("started by " + r.Key.ID))}
		writes = append(writes, w)
	}
	t.commit(writes, want...)
	for i, w := range writes {
		if i == 4 {
			t.holds(moved.After)
			t.absent(w.Starts[0].Key)
			continue
		}
		t.holds(w.After)
		t.holds(w.Starts[0])
	}
	t.events(9)
}

// testPoison: a turn that a store cannot take fails the whole batch, and the other turns
// succeed one by one. A store that can take it keeps it exactly.
func testPoison(t *storeTest) {
	var writes []*dialog.Write
	for i := range 5 {
		writes = append(writes, create(NewRow(key(fmt.Sprint("k", i)))))
	}
	writes[2].After.Step = "a\x00b"
	if _, err := t.s.Commit(context.Background(), &dialog.Batch{Writes: writes}); err != nil {
		for _, w := range writes {
			t.absent(w.After.Key)
		}
		for i, w := range writes {
			if i != 2 {
				t.turn(w, dialog.Applied)
			}
		}
	} else {
		for _, w := range writes {
			t.holds(w.After)
		}
	}
	t.turn(Next(writes[0].After, 0), dialog.Applied)
}

func testCancelled(t *storeTest) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := create(NewRow(key("a")))
	if _, err := t.s.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{w}}); !errors.Is(err, context.Canceled) {
		t.Fatalf("Commit with a cancelled context: %v", err)
	}
	t.absent(w.After.Key)
	if _, err := t.s.Load(ctx, w.After.Key); !errors.Is(err, context.Canceled) || errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("Load with a cancelled context: %v", err)
	}
	if _, err := t.s.Lease(ctx, "l", "h", time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("Lease with a cancelled context: %v", err)
	}
	// A batch that is cut off at any moment is written whole or not at all.
	for round := range 30 {
		var writes []*dialog.Write
		for i := range 20 {
			writes = append(writes, create(NewRow(key(fmt.Sprintf("r%02d-%02d", round, i)))))
		}
		ctx, cancel := context.WithTimeout(context.Background(), rand.N(3*time.Millisecond))
		_, err := t.s.Commit(ctx, &dialog.Batch{Writes: writes})
		cancel()
		there := 0
		for _, w := range writes {
			switch _, err := t.s.Head(context.Background(), w.After.Key); {
			case err == nil:
				there++
			case !errors.Is(err, dialog.ErrNotFound):
				t.Fatal(err)
			}
		}
		if there != 0 && there != len(writes) || err == nil && there == 0 {
			t.Fatalf("round %d: %d of %d turns are there, Commit said %v", round, there, len(writes), err)
		}
	}
	t.turn(w, dialog.Applied)
}

func testStarts(t *storeTest) {
	a, b := NewRow(key("a")), NewRow(key("b"))
	t.put(a, b)
	w := Next(a, 1)
	w.Starts = []*dialog.Row{NewRow(key("deal 2")), NewRow(key("deal 1"))}
	first := create(NewRow(key("c")))
	first.Starts = []*dialog.Row{NewRow(key("deal 3"))}
	t.commit([]*dialog.Write{w, Next(b, 1), first}, dialog.Applied, dialog.Applied, dialog.Applied)
	for _, r := range append(w.Starts, first.Starts...) {
		t.holds(r)
		t.turn(Next(r, 0), dialog.Applied) // a conversation like any other
	}
}

func testStartTaken(t *storeTest) {
	a, b, c, deal := NewRow(key("a")), NewRow(key("b")), NewRow(key("c")), NewRow(key("deal"))
	t.put(a, b, c, deal)
	confirm := func(r *dialog.Row, input uint64) *dialog.Write {
		w := Next(r, input)
		w.Starts = []*dialog.Row{NewRow(key("with " + r.Key.ID)), NewRow(deal.Key)}
		w.Events = []dialog.Event{{Kind: "confirmed", At: epoch}}
		return w
	}
	t.commit([]*dialog.Write{Next(a, 1), confirm(b, 2), Next(c, 3)}, dialog.Applied, dialog.Taken, dialog.Applied)
	t.holds(b)
	t.holds(deal)
	t.absent(key("with b"))
	t.events(0)
	// Duplicate and conflict are judged before taken.
	w := Next(b, 5)
	t.turn(w, dialog.Applied)
	t.turn(confirm(b, 6), dialog.Conflicts)
	t.turn(confirm(b, 5), dialog.Duplicate)
	t.commit([]*dialog.Write{confirm(a, 7), confirm(b, 5), confirm(c, 8)}, dialog.Conflicts, dialog.Duplicate, dialog.Conflicts)
	// So it is beside a turn whose start is taken.
	e, other := NewRow(key("e")), NewRow(key("other deal"))
	t.put(e, other)
	again := Next(b, 5)
	again.Starts = []*dialog.Row{NewRow(other.Key)}
	t.commit([]*dialog.Write{again, confirm(e, 9)}, dialog.Duplicate, dialog.Taken)
	t.holds(w.After)
	t.holds(e)
	// A new row whose start is taken is not created.
	d := create(NewRow(key("d")))
	d.Starts = []*dialog.Row{NewRow(deal.Key)}
	t.turn(d, dialog.Taken)
	t.absent(key("d"))
	d.Starts[0] = NewRow(key("deal of d")) // decided again with a new id
	t.turn(d, dialog.Applied)
	t.present(key("d"), key("deal of d"))
}

func testStartTwice(t *storeTest) {
	a, b, c := NewRow(key("a")), NewRow(key("b")), NewRow(key("c"))
	t.put(a, b, c)
	wa, wb, wc := Next(a, 1), Next(b, 2), Next(c, 3)
	wa.Starts = []*dialog.Row{NewRow(key("deal"))}
	wb.Starts = []*dialog.Row{NewRow(key("of b")), NewRow(key("deal"))}
	wc.Starts = []*dialog.Row{NewRow(key("own")), NewRow(key("own"))}
	t.commit([]*dialog.Write{wa, wb, wc}, dialog.Applied, dialog.Taken, dialog.Taken)
	t.holds(wa.After)
	t.holds(wa.Starts[0])
	t.holds(b)
	t.holds(c)
	t.absent(key("of b"), key("own"))
	self := create(NewRow(key("self")))
	self.Starts = []*dialog.Row{NewRow(key("self"))}
	t.turn(self, dialog.Taken)
	t.absent(key("self"))
}

// mark writes one mark, and wants this result.
func (t *storeTest) mark(k dialog.Key, had, now string, least int64, want dialog.Marked) {
	t.Helper()
	got := t.batch(&dialog.Batch{Shown: []dialog.ShownMark{{Key: k, Had: []byte(had), New: []byte(now), Least: least}}}).Marked[0]
	if got.Applied != want.Applied || got.Version != want.Version || string(got.Shown) != string(want.Shown) {
		t.Fatalf("mark %q → %q from version %d on: %+v, want %+v", had, now, least, got, want)
	}
}

// testShown: a mark compares and swaps the column shown, and changes no other column.
func testShown(t *storeTest) {
	r := NewRow(key("a"))
	r.Version, r.Shown = 5, nil
	other := NewRow(key("b"))
	t.put(r, other)
	applied := dialog.Marked{Applied: true, Version: 5}
	t.mark(r.Key, "", "one", 0, applied)
	t.holds(rowWithShown(r, []byte("one")))
	t.mark(r.Key, "one", "two", 5, applied)
	t.mark(r.Key, "two", "two", 5, applied) // nothing changes, and the result has the version
	// Another column or a later version: the column stays, and the result has it.
	there := dialog.Marked{Version: 5, Shown: []byte("two")}
	t.mark(r.Key, "one", "three", 0, there)
	t.mark(r.Key, "", "three", 0, there)
	t.mark(r.Key, "two", "three", 6, there)
	t.mark(r.Key, "two\x00", "three", 0, there)
	t.holds(rowWithShown(r, []byte("two")))
	t.mark(r.Key, "two", "", 0, applied)
	t.holds(r)
	t.mark(r.Key, "two", "three", 0, dialog.Marked{Version: 5})
	t.mark(key("nobody"), "", "one", 0, dialog.Marked{})
	t.absent(key("nobody"))
	t.holds(other)
}

// testShownWithTurn: a turn leaves the column shown of an existing row. Marks of its batch
// follow it.
func testShownWithTurn(t *storeTest) {
	r := NewRow(key("a"))
	t.put(r)
	w := Next(r, 1)
	w.After.Shown = []byte("[]")
	c := create(NewRow(key("c")))
	c.Starts = []*dialog.Row{NewRow(key("d"))}
	lost := Next(NewRow(key("e")), 1)
	mark := func(k dialog.Key, had, now string, least int64) dialog.ShownMark {
		return dialog.ShownMark{Key: k, Had: []byte(had), New: []byte(now), Least: least}
	}
	m1 := string(r.Shown)
	out := t.batch(&dialog.Batch{Writes: []*dialog.Write{w, c, lost}, Shown: []dialog.ShownMark{
		mark(key("d"), m1, "y", 1), mark(key("nobody"), "", "z", 0), mark(key("a"), m1, "x", 2), mark(key("e"), "", "v", 0), mark(key("c"), "other", "w", 1)}})
	want := []dialog.Marked{{Applied: true, Version: 1}, {}, {Applied: true, Version: 2}, {}, {Version: 1, Shown: r.Shown}}
	if !reflect.DeepEqual(out.Marked, want) {
		t.Errorf("%+v, want %+v", out.Marked, want)
	}
	t.holds(rowWithShown(w.After, []byte("x")))
	t.holds(rowWithShown(c.Starts[0], []byte("y")))
	t.holds(c.After)
	// Beside a turn that is not applied, and after a row of another life.
	conflict := Next(r, 2)
	out = t.batch(&dialog.Batch{Writes: []*dialog.Write{conflict}, Shown: []dialog.ShownMark{mark(key("a"), "x", "x2", 2)}})
	if out.Verdicts[0] != dialog.Conflicts || !out.Marked[0].Applied {
		t.Errorf("%+v", out)
	}
	if err := t.s.Forget(context.Background(), r.Key, w.After.Stamp()); err != nil {
		t.Fatal(err)
	}
	t.put(r)
	t.mark(r.Key, "x2", "x3", 2, dialog.Marked{Version: 1, Shown: r.Shown})
	t.holds(r)
}

// testShownWithLoneTurn: the mark of a turn that is alone in its batch, as those of a bot
// with few people are. A store may write both at once.
func testShownWithLoneTurn(t *storeTest) {
	r := NewRow(key("a"))
	r.Shown = nil
	t.put(r)
	now, shown := r, ""
	for i, c := range []struct {
		had, new string
		least    int64 // beside the version before the turn
		applied  bool
	}{{"", "one", 0, true}, {"one", "two", 1, true}, {"one", "three", 0, false}, {"", "three", 0, false}, {"two", "four", 2, false},
		{"two", "", 0, true}, {"two", "five", 0, false}, {"", "six", 0, true}} {
		w := Next(now, uint64(i+1))
		w.Events = []dialog.Event{{At: w.After.Updated, Kind: "answered", Key: r.Key.String()}}
		out := t.batch(&dialog.Batch{Writes: []*dialog.Write{w}, Shown: []dialog.ShownMark{
			{Key: r.Key, Had: []byte(c.had), New: []byte(c.new), Least: now.Version + c.least}}})
		want := dialog.Marked{Applied: c.applied, Version: w.After.Version, Shown: []byte(shown)}
		if c.applied {
			shown, want.Shown = c.new, nil
		}
		got := out.Marked[0]
		if out.Verdicts[0] != dialog.Applied || got.Applied != want.Applied || got.Version != want.Version || string(got.Shown) != string(want.Shown) {
			t.Errorf("mark %q → %q: %v, %+v, want %+v", c.had, c.new, out.Verdicts, got, want)
		}
		now = w.After
		t.holds(rowWithShown(now, []byte(shown)))
	}
}

// testShownByMany: many swap one column at once, and each swap builds on the one before.
func testShownByMany(t *storeTest) {
	r := NewRow(key("a"))
	r.Shown = nil
	t.put(r)
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			var had []byte
			for i := 0; i < each; {
				now := append(slices.Clone(had), byte('a'+n))
				out, err := t.s.Commit(context.Background(), &dialog.Batch{Shown: []dialog.ShownMark{{Key: r.Key, Had: had, New: now, Least: 1}}})
				if err != nil || out.Marked[0].Version != 1 {
					t.Errorf("%+v, %v", out, err)
					return
				}
				if had = out.Marked[0].Shown; out.Marked[0].Applied {
					had = now
					i++
				}
			}
		})
	}
	wg.Wait()
	got := t.load(r.Key).Shown
	if len(got) != writers*each {
		t.Errorf("%d swaps are there, want %d", len(got), writers*each)
	}
	for n := range writers {
		if c := bytes.Count(got, []byte{byte('a' + n)}); c != each {
			t.Errorf("writer %d swapped %d times, want %d", n, c, each)
		}
	}
}

// testSideBySide: a thousand conversations, 20 writers at once.
func testSideBySide(t *storeTest) {
	const writers, each, rounds = 20, 50, 4
	var wg sync.WaitGroup
	for n := range writers {
		wg.Go(func() {
			writes := make([]*dialog.Write, each)
			for i := range writes {
				writes[i] = create(NewRow(key(fmt.Sprintf("%02d-%02d", n, i))))
			}
			for range rounds {
				out, err := t.s.Commit(context.Background(), &dialog.Batch{Writes: writes})
				if err != nil {
					t.Errorf("Commit: %v", err)
					return
				}
				for i, v := range out.Verdicts {
					if v != dialog.Applied {
						t.Errorf("%s: %v", writes[i].After.Key, v)
						return
					}
					if _, err := t.s.Load(context.Background(), writes[i].After.Key); err != nil {
						t.Error(err)
					}
					writes[i] = Next(writes[i].After, rand.Uint64())
				}
			}
			for _, w := range writes {
				if r, err := t.s.Load(context.Background(), w.After.Key); err != nil || r.Stamp() != w.Before {
					t.Errorf("%s is %+v, %v, want %+v", w.After.Key, r, err, w.Before)
				}
			}
		})
	}
	wg.Wait()
}

// testOneKey: writers compete for one conversation; each win is one version.
func testOneKey(t *storeTest) {
	r := NewRow(key("a"))
	t.put(r)
	var wg sync.WaitGroup
	var won atomic.Int64
	for range 8 {
		wg.Go(func() {
			for range 25 {
				row, err := t.s.Load(context.Background(), r.Key)
				if err != nil {
					t.Error(err)
					return
				}
				out, err := t.s.Commit(context.Background(), &dialog.Batch{Writes: []*dialog.Write{Next(row, rand.Uint64())}})
				switch {
				case err != nil:
					t.Error(err)
					return
				case out.Verdicts[0] == dialog.Applied:
					won.Add(1)
				case out.Verdicts[0] != dialog.Conflicts:
					t.Errorf("verdict %v", out.Verdicts[0])
				}
			}
		})
	}
	wg.Wait()
	if got := t.load(r.Key).Version; got != 1+won.Load() || won.Load() < 25 {
		t.Errorf("version %d after %d turns that were told to have won", got, won.Load())
	}
}

// testClosed: a closed store is unavailable; it never says "not found".
func testClosed(t *storeTest) {
	ctx := context.Background()
	r := NewRow(key("a"))
	t.put(r)
	if err := t.s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	for name, call := range map[string]func() error{
		"Head": func() error { _, err := t.s.Head(ctx, r.Key); return err },
		"Load": func() error { _, err := t.s.Load(ctx, key("nobody")); return err },
		"List": func() error { _, err := t.s.List(ctx, dialog.Query{}); return err },
		"Due":  func() error { _, err := t.s.Due(ctx, dialog.DueQuery{Until: epoch}); return err },
		"Commit": func() error {
			_, err := t.s.Commit(ctx, &dialog.Batch{Writes: []*dialog.Write{Next(r, 0)}})
			return err
		},
		"Forget":  func() error { return t.s.Forget(ctx, key("nobody"), r.Stamp()) },
		"Lease":   func() error { _, err := t.s.Lease(ctx, "l", "h", time.Hour); return err },
		"Holders": func() error { _, err := t.s.Holders(ctx, ""); return err },
		"Secret":  func() error { _, err := t.s.Secret(ctx, "s", []byte("x")); return err },
		"Prune":   func() error { _, err := t.s.Prune(ctx, epoch); return err },
		"Now":     func() error { _, err := t.s.Now(ctx); return err },
	} {
		if err := call(); !errors.Is(err, dialog.ErrUnavailable) || errors.Is(err, dialog.ErrNotFound) {
			t.Errorf("%s of a closed store: %v, want unavailable", name, err)
		}
	}
	if err := t.s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}
