// Package dialogtest is for authors of stores, channels and forms for package dialog: one
// call tests a store, scripts test forms, and faulty stores and crash points test the code
// above them.
package dialogtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestStore tests the contract of dialog.Store. It calls open once for each part; open makes
// an empty store, which the test's cleanup closes. The store needs one more method, which
// may stand in a test file: SetLease(testing.TB, name, holder string, until time.Time)
// writes a lease of any holder, to test leases from before a clock was set back.
func TestStore(t *testing.T, open func(t testing.TB) dialog.Store) {
	for _, c := range storeCases {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			t.Logf("store: %T", s)
			c.run(&storeTest{T: t, s: s})
		})
	}
}

// storeCases are the parts of TestStore. A fault that was found in one store becomes a case
// for all.
var storeCases = []struct {
	name string
	run  func(*storeTest)
}{
	{"missing", testMissing},
	{"round trip", testRoundTrip},
	{"opaque bytes", testOpaque},
	{"compare and swap", testCompareAndSwap},
	{"tag", testTag},
	{"forgotten", testForgotten},
	{"duplicates", testDuplicates},
	{"lost answer", testLostAnswer},
	{"one loser", testOneLoser},
	{"poison", testPoison},
	{"cancelled", testCancelled},
	{"starts", testStarts},
	{"start taken", testStartTaken},
	{"start twice", testStartTwice},
	{"shown", testShown},
	{"shown with a turn", testShownWithTurn},
	{"shown with a lone turn", testShownWithLoneTurn},
	{"shown by many", testShownByMany},
	{"due", testDue},
	{"due marks", testDueMarks},
	{"list", testList},
	{"newest", testNewest},
	{"newest of everyone", testNewestOfEveryone},
	{"newest by pages", testNewestByPages},
	{"unicode", testUnicode},
	{"leases", testLeases},
	{"secrets", testSecrets},
	{"events", testEvents},
	{"prune", testPrune},
	{"prune leases", testPruneLeases},
	{"event log", testEventLog},
	{"side by side", testSideBySide},
	{"one key", testOneKey},
	{"closed", testClosed},
}

// storeTest is one part at work.
type storeTest struct {
	*testing.T
	s dialog.Store
}

func key(id string) dialog.Key { return dialog.Key{Bot: "bot", Flow: "flow", ID: id} }

var epoch = time.Date(2026, 5, 1, 12, 0, 0, 123e6, time.UTC)

// NewRow is a conversation at version 1 with a value in every column, for tests and
// benchmarks. Its draft is no form's.
func NewRow(k dialog.Key) *dialog.Row {
	return &dialog.Row{
		Head: dialog.Head{
			Key: k, Owner: k.ID, Guest: "guest of " + k.ID, Draft: "01J" + k.ID, Step: "amount_input", Version: 1, Tag: rand.Int64(), DraftTag: rand.Int64(),
			Revision: 1, Schema: 3, Format: 1, Where: dialog.InRedis, Created: epoch, Updated: epoch.Add(time.Second), Expires: epoch.Add(time.Hour),
		},
		Answers: []byte(`{"seller":"@` + k.ID + `"}`),
		State:   []byte(`{"o":"amount"}`),
		Shown:   shown(dialog.Shown{Channel: "telegram", Address: "1", Version: 1, Message: "m1"}),
		Due:     epoch.Add(time.Hour).UnixMilli(),
	}
}

// Next is the turn after r: the next version, with a new tag, having seen input (0: none).
func Next(r *dialog.Row, input uint64) *dialog.Write {
	after := *r
	after.Version++
	after.Tag = rand.Int64()
	if input != 0 {
		after.Seen = append(slices.Clone(r.Seen), seen(input)...)
		after.Seen = after.Seen[max(0, len(after.Seen)-8*32):]
	}
	return &dialog.Write{Before: r.Stamp(), After: &after, Input: input}
}

func create(r *dialog.Row) *dialog.Write { return &dialog.Write{After: r} }

func seen(h uint64) []byte {
	var b []byte
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(h>>shift))
	}
	return b
}

func shown(list ...dialog.Shown) []byte {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return b
}

func (t *storeTest) batch(b *dialog.Batch) dialog.Committed {
	t.Helper()
	slices.SortFunc(b.Writes, func(x, y *dialog.Write) int { return strings.Compare(x.After.Key.String(), y.After.Key.String()) })
	c, err := t.s.Commit(context.Background(), b)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	if len(c.Verdicts) != len(b.Writes) || len(c.Marked) != len(b.Shown) {
		t.Fatalf("Commit of %d writes and %d marks: %d verdicts of turns and %d of marks",
			len(b.Writes), len(b.Shown), len(c.Verdicts), len(c.Marked))
	}
	if c.Now.IsZero() || !wholeMillis(c.Now) {
		t.Fatalf("Commit returned the time %v, want whole milliseconds", c.Now)
	}
	return c
}

// commit writes turns, which come in the order of their keys, and wants these verdicts.
func (t *storeTest) commit(writes []*dialog.Write, want ...dialog.Verdict) {
	t.Helper()
	if got := t.batch(&dialog.Batch{Writes: writes}).Verdicts; !slices.Equal(got, want) {
		t.Fatalf("verdicts %v, want %v", got, want)
	}
}

func (t *storeTest) turn(w *dialog.Write, want dialog.Verdict) {
	t.Helper()
	t.commit([]*dialog.Write{w}, want)
}

// put creates a conversation.
func (t *storeTest) put(rows ...*dialog.Row) {
	t.Helper()
	for _, r := range rows {
		t.turn(create(r), dialog.Applied)
	}
}

func (t *storeTest) load(k dialog.Key) *dialog.Row {
	t.Helper()
	r, err := t.s.Load(context.Background(), k)
	if err != nil {
		t.Fatalf("Load %s: %v", k, err)
	}
	return r
}

// holds wants the store to hold exactly this row, read by Load and by Head.
func (t *storeTest) holds(want *dialog.Row) {
	t.Helper()
	sameRow(t, t.load(want.Key), want)
	h, err := t.s.Head(context.Background(), want.Key)
	if err != nil {
		t.Fatalf("Head %s: %v", want.Key, err)
	}
	sameRow(t, &dialog.Row{Head: h}, &dialog.Row{Head: want.Head})
}

func (t *storeTest) absent(keys ...dialog.Key) {
	t.Helper()
	for _, k := range keys {
		if _, err := t.s.Load(context.Background(), k); !errors.Is(err, dialog.ErrNotFound) || errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("Load %s: %v, want not found", k, err)
		}
	}
}

func (t *storeTest) present(keys ...dialog.Key) {
	t.Helper()
	for _, k := range keys {
		t.load(k)
	}
}

func sameRow(t testing.TB, got, want *dialog.Row) {
	t.Helper()
	g, w := plainRow(got), plainRow(want)
	if !reflect.DeepEqual(g, w) {
		t.Fatalf("row\n %+v\nwant\n %+v", g, w)
	}
}

// plainRow makes rows comparable: whole milliseconds UTC, no bytes as nil.
func plainRow(r *dialog.Row) dialog.Row {
	c := *r
	for _, at := range []*time.Time{&c.Created, &c.Updated, &c.Expires} {
		if !at.IsZero() {
			*at = time.UnixMilli(at.UnixMilli()).UTC()
		}
	}
	for _, b := range []*[]byte{&c.Answers, &c.State, &c.Seen, &c.Shown} {
		if len(*b) == 0 {
			*b = nil
		}
	}
	return c
}

func testMissing(t *storeTest) {
	ctx := context.Background()
	t.absent(key("nobody"))
	if _, err := t.s.Head(ctx, key("nobody")); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("Head: %v, want not found", err)
	}
	if err := t.s.Forget(ctx, key("nobody"), dialog.Stamp{Version: 1, Tag: 1}); !errors.Is(err, dialog.ErrNotFound) {
		t.Errorf("Forget: %v, want not found", err)
	}
	if rows, err := t.s.List(ctx, dialog.Query{}); err != nil || len(rows) != 0 {
		t.Errorf("List: %v, %v", rows, err)
	}
	if rows, err := t.s.Due(ctx, dialog.DueQuery{Until: epoch}); err != nil || len(rows) != 0 {
		t.Errorf("Due: %v, %v", rows, err)
	}
	t.batch(&dialog.Batch{}) // of nothing
	before := time.Now().Add(-time.Hour)
	for range 10 { // a finer clock reads a whole millisecond once in a thousand times or more
		if now, err := t.s.Now(ctx); err != nil || now.Before(before) || !wholeMillis(now) {
			t.Errorf("Now: %v, %v, want whole milliseconds", now, err)
		}
	}
}

func wholeMillis(at time.Time) bool { return at.Equal(at.Truncate(time.Millisecond)) }

func testRoundTrip(t *storeTest) {
	full := NewRow(key("full"))
	full.Seen = seen(7)
	t.put(full)
	t.holds(full)
	bare := &dialog.Row{Head: dialog.Head{Key: key("bare"), Version: 1, Tag: -1}} // no times, no draft, not due
	t.put(bare)
	t.holds(bare)
	if r := t.load(bare.Key); r.Answers != nil || !r.Expires.IsZero() {
		t.Errorf("null came back as %v, %v", r.Answers, r.Expires)
	}
	// Every column but shown changes, also to null.
	w := Next(full, 8)
	*w.After = dialog.Row{Head: dialog.Head{Key: full.Key, Version: 2, Tag: w.After.Tag, Step: "trade_review", Expires: epoch}, State: []byte("{}"), Seen: w.After.Seen}
	t.turn(w, dialog.Applied)
	w.After.Shown = full.Shown
	t.holds(w.After) // expired rows are returned, too
	w = Next(bare, 9)
	*w.After = *NewRow(bare.Key)
	w.After.Version = 2
	t.turn(w, dialog.Applied)
	w.After.Shown = nil
	t.holds(w.After)
	for _, v := range []int64{-1 << 63, 1<<63 - 1} { // tags are any 64 bits
		r := NewRow(key(fmt.Sprint("tag", v)))
		r.Tag, r.DraftTag = v, -v-1
		t.put(r)
		t.turn(Next(r, 0), dialog.Applied)
	}
}

func testOpaque(t *storeTest) {
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	r := NewRow(key("bytes"))
	r.Answers = all
	r.State = slices.Concat(all, all)
	slices.Reverse(r.State)
	r.Seen = all
	t.put(r)
	t.holds(r)
	w := Next(r, 0)
	w.After.Answers, w.After.State = r.State, slices.Repeat(all, 1000) // 256 KB
	t.turn(w, dialog.Applied)
	got := t.load(r.Key)
	sameRow(t, got, w.After)
	got.Answers[0]++ // a copy, not the store's own
	w.After.State[0]++
	if again := t.load(r.Key); again.Answers[0] == got.Answers[0] || again.State[0] == w.After.State[0] {
		t.Error("changing a row that was passed to or from the store changed the store")
	}
}

func testCompareAndSwap(t *storeTest) {
	r := NewRow(key("a"))
	t.put(r)
	t.turn(create(NewRow(r.Key)), dialog.Conflicts) // not an upsert
	t.holds(r)
	w := Next(r, 0)
	t.turn(w, dialog.Applied)
	t.turn(Next(r, 0), dialog.Conflicts) // of an old version
	t.holds(w.After)
	ahead := Next(Next(w.After, 0).After, 0)
	t.turn(ahead, dialog.Conflicts) // of a version that is not there yet
	t.turn(Next(NewRow(key("b")), 0), dialog.Conflicts)
	t.absent(key("b"))
	t.holds(w.After)
}

func testTag(t *storeTest) {
	r := NewRow(key("a"))
	t.put(r)
	other := *r
	other.Tag++
	t.turn(Next(&other, 0), dialog.Conflicts) // the right version of another history
	t.holds(r)
	later := *r
	later.Version++
	t.turn(Next(&later, 0), dialog.Conflicts) // the right tag at another version
	t.holds(r)
	if err := t.s.Forget(context.Background(), r.Key, other.Stamp()); !errors.Is(err, dialog.ErrConflict) {
		t.Errorf("Forget with another tag: %v, want conflict", err)
	}
	t.holds(r)
}

func testForgotten(t *storeTest) {
	ctx := context.Background()
	old := NewRow(key("a"))
	t.put(old)
	w := Next(old, 0)
	t.turn(w, dialog.Applied)
	if err := t.s.Forget(ctx, old.Key, old.Stamp()); !errors.Is(err, dialog.ErrConflict) {
		t.Fatalf("Forget of an old stamp: %v, want conflict", err)
	}
	if err := t.s.Forget(ctx, old.Key, w.After.Stamp()); err != nil {
		t.Fatalf("Forget: %v", err)
	}
	t.absent(old.Key)
	t.turn(Next(w.After, 0), dialog.Conflicts) // not resurrected
	t.absent(old.Key)
	anew := NewRow(old.Key)
	t.put(anew)
	t.turn(Next(old, 0), dialog.Conflicts) // the same version of another history
	t.holds(anew)
	if err := t.s.Forget(ctx, old.Key, old.Stamp()); !errors.Is(err, dialog.ErrConflict) {
		t.Errorf("Forget of the first history: %v, want conflict", err)
	}
	t.turn(Next(anew, 0), dialog.Applied)
}
