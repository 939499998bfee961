package dialogtest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// The parts of TestStore about lists.

func testList(t *storeTest) {
	ctx := context.Background()
	put := func(bot, flow, id, owner, step string) {
		r := NewRow(dialog.Key{Bot: bot, Flow: flow, ID: id})
		r.Owner, r.Step = owner, step
		t.put(r)
	}
	put("shop", "escrow", "tg:1", "tg:1", "amount_input")
	put("shop", "escrow", "tg:2", "tg:2", "trade_review")
	put("shop", "escrow-2", "tg:1", "tg:1", "amount_input") // '-' sorts before ':'
	put("shop", "deal", "ESC-1", "tg:1", "payment_pending")
	put("shop", "deal", "ESC-2", "tg:1", "cancelled")
	put("shop", "deals", "%_*", "tg:3", "payment_pending")
	put("shop2", "escrow", "tg:1", "tg:1", "amount_input")
	for _, c := range []struct {
		q    dialog.Query
		want string
	}{
		{dialog.Query{}, "shop2:escrow:tg:1 shop:deal:ESC-1 shop:deal:ESC-2 shop:deals:%_* shop:escrow-2:tg:1 shop:escrow:tg:1 shop:escrow:tg:2"},
		{dialog.Query{Bot: "shop"}, "shop:deal:ESC-1 shop:deal:ESC-2 shop:deals:%_* shop:escrow-2:tg:1 shop:escrow:tg:1 shop:escrow:tg:2"},
		{dialog.Query{Bot: "shop", Flow: "deal"}, "shop:deal:ESC-1 shop:deal:ESC-2"},
		{dialog.Query{Flow: "escrow"}, "shop2:escrow:tg:1 shop:escrow:tg:1 shop:escrow:tg:2"},
		{dialog.Query{Bot: "shop", Owner: "tg:1"}, "shop:deal:ESC-1 shop:deal:ESC-2 shop:escrow-2:tg:1 shop:escrow:tg:1"},
		{dialog.Query{Bot: "shop", Flow: "deal", Owner: "tg:1", Step: "payment_pending"}, "shop:deal:ESC-1"},
		{dialog.Query{Step: "payment_pending"}, "shop:deal:ESC-1 shop:deals:%_*"},
		{dialog.Query{Owner: "tg:1", Limit: 2}, "shop2:escrow:tg:1 shop:deal:ESC-1"},
		{dialog.Query{Owner: "tg:1", Limit: 2, After: "shop:deal:ESC-1"}, "shop:deal:ESC-2 shop:escrow-2:tg:1"},
		{dialog.Query{Bot: "shop", Flow: "escrow", After: "shop:escrow:tg:1"}, "shop:escrow:tg:2"},
		{dialog.Query{Bot: "sho"}, ""},
		{dialog.Query{Owner: "tg"}, ""},
		{dialog.Query{Flow: "ESCROW"}, ""},
	} {
		rows, err := t.s.List(ctx, c.q)
		if got := strings.Join(keysOf(rows), " "); err != nil || got != c.want {
			t.Errorf("List %+v: %q, %v\nwant %q", c.q, got, err, c.want)
		}
	}
	k := dialog.Key{Bot: "shop", Flow: "deal", ID: "ESC-1"}
	full := t.load(k)
	deep, err := t.s.List(ctx, dialog.Query{Flow: "deal", Limit: 1, Deep: true})
	if err != nil || len(deep) != 1 {
		t.Fatalf("deep List: %v, %v", deep, err)
	}
	sameRow(t, deep[0], full)
	flat, err := t.s.List(ctx, dialog.Query{Flow: "deal", Limit: 1})
	if err != nil || len(flat) != 1 {
		t.Fatalf("List: %v, %v", flat, err)
	}
	full.Answers, full.State, full.Seen, full.Shown = nil, nil, nil, nil
	sameRow(t, flat[0], full)
	// A default page is 100 rows.
	var many []*dialog.Write
	for i := range 103 {
		many = append(many, create(NewRow(dialog.Key{Bot: "z", Flow: "page", ID: fmt.Sprintf("%03d", i)})))
	}
	t.batch(&dialog.Batch{Writes: many})
	first, err := t.s.List(ctx, dialog.Query{Bot: "z"})
	if err != nil || len(first) != 100 {
		t.Fatalf("List: %d rows, %v", len(first), err)
	}
	rest, err := t.s.List(ctx, dialog.Query{Bot: "z", After: first[99].Key.String()})
	if err != nil || strings.Join(keysOf(rest), " ") != "z:page:100 z:page:101 z:page:102" {
		t.Fatalf("second page: %v, %v", keysOf(rest), err)
	}
}

// minute is a time within the hour after epoch.
func minute(n int) time.Time { return epoch.Add(time.Duration(n) * time.Minute) }

// putNewest creates the conversations of the parts about the newest. own is a person's own,
// old the first deal.
func putNewest(t *storeTest) (own, old *dialog.Row) {
	put := func(bot, flow, id, owner, guest, step string, created time.Time) *dialog.Row {
		r := NewRow(dialog.Key{Bot: bot, Flow: flow, ID: id})
		r.Owner, r.Guest, r.Step, r.Created = owner, guest, step, created
		t.put(r)
		return r
	}
	own = put("shop", "escrow", "tg:1", "tg:1", "", "amount_input", minute(90)) // has no id of its own
	put("shop", "escrow", "tg:2", "tg:2", "", "amount_input", minute(91))
	old = put("shop", "deal", "C", "tg:1", "", "pending", minute(1))
	put("shop", "deal", "A", "tg:1", "tg:2", "paid", minute(2))
	put("shop", "deal", "D", "tg:2", "tg:1", "pending", minute(3))
	put("shop", "deal", "B", "tg:1", "", "pending", minute(3)) // of the same moment: by key
	put("shop", "sale", "E", "tg:1", "tg:1", "pending", minute(5))
	put("shop", "deal", "F", "tg:3", "tg:1", "paid", time.Time{})
	put("shop", "deal", "tg:1", "tg:2", "tg:1", "paid", minute(6)) // the id is the guest's, not the owner's
	put("shop", "deal", "no", "tg:11", "tg:3", "paid", minute(7))
	put("shop2", "deal", "G", "tg:1", "", "pending", minute(8))
	return own, old
}

// newest lists the newest, the deals of the shop by their ids.
func (t *storeTest) newest(q dialog.Query) string {
	t.Helper()
	q.Newest = true
	rows, err := t.s.List(context.Background(), q)
	if err != nil {
		t.Fatalf("List %+v: %v", q, err)
	}
	return strings.ReplaceAll(strings.Join(keysOf(rows), " "), "shop:deal:", "")
}

// testNewest: a person's conversations with an id of their own, as owner or guest, newest
// first.
func testNewest(t *storeTest) {
	ctx := context.Background()
	own, old := putNewest(t)
	for _, c := range []struct {
		q    dialog.Query
		want string
	}{
		{dialog.Query{Owner: "tg:1"}, "shop2:deal:G tg:1 shop:sale:E D B A C F"},
		{dialog.Query{Owner: "tg:1", Bot: "shop"}, "tg:1 shop:sale:E D B A C F"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal"}, "tg:1 D B A C F"},
		{dialog.Query{Owner: "tg:1", Flow: "deal"}, "shop2:deal:G tg:1 D B A C F"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Limit: 3}, "tg:1 shop:sale:E D"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", Step: "pending"}, "D B C"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", Since: minute(2)}, "tg:1 D B A"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", Since: minute(3), Limit: 2}, "tg:1 D"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", After: "shop:deal:D", AfterCreated: minute(3)}, "B A C F"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", After: "shop:deal:B", AfterCreated: minute(3), Limit: 2}, "A C"},
		{dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", After: "shop:deal:B2", AfterCreated: minute(3)}, "B A C F"}, // a row that has gone
		{dialog.Query{Owner: "tg:1", Bot: "shop", After: "shop:deal:F"}, ""},
		{dialog.Query{Owner: "tg:2", Bot: "shop"}, "tg:1 D A"},
		{dialog.Query{Owner: "tg:3"}, "no F"},
		{dialog.Query{Owner: "tg:"}, ""},
		{dialog.Query{Owner: "tg:11"}, "no"},
		{dialog.Query{Bot: "shop", Flow: "deal"}, ""}, // nobody's are not everyone's
	} {
		if got := t.newest(c.q); got != c.want {
			t.Errorf("List newest %+v: %q\nwant %q", c.q, got, c.want)
		}
	}
	deep, err := t.s.List(ctx, dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal", Newest: true, Deep: true, Limit: 1})
	if err != nil || len(deep) != 1 {
		t.Fatalf("deep List: %v, %v", deep, err)
	}
	sameRow(t, deep[0], t.load(deep[0].Key))
	// A turn moves a row by its time, its owner and its guest.
	w := Next(old, 0)
	w.After.Created, w.After.Guest = minute(9), "tg:4"
	t.turn(w, dialog.Applied)
	w = Next(own, 0)
	w.After.Created = minute(10)
	t.turn(w, dialog.Applied)
	if got := t.newest(dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal"}); got != "C tg:1 D B A F" {
		t.Errorf("after the turns: %q", got)
	}
	w = Next(w.After, 0)
	t.turn(w, dialog.Applied) // one that moves nothing
	gone := t.load(old.Key)
	if err := t.s.Forget(ctx, gone.Key, gone.Stamp()); err != nil {
		t.Fatal(err)
	}
	if got := t.newest(dialog.Query{Owner: "tg:1", Bot: "shop", Flow: "deal"}) + "|" + t.newest(dialog.Query{Owner: "tg:4"}); got != "tg:1 D B A F|" {
		t.Errorf("after a row was forgotten: %q", got)
	}
}

// testNewestOfEveryone: the conversations of one flow with an id of their own, newest first.
func testNewestOfEveryone(t *storeTest) {
	_, old := putNewest(t)
	list := func(q dialog.Query) string {
		t.Helper()
		q.Bot, q.Everyone = cmp.Or(q.Bot, "shop"), true
		q.Flow = cmp.Or(q.Flow, "deal")
		return t.newest(q)
	}
	for _, c := range []struct {
		q    dialog.Query
		want string
	}{
		{dialog.Query{}, "no tg:1 D B A C F"},
		{dialog.Query{Owner: "tg:3"}, "no tg:1 D B A C F"},
		{dialog.Query{Bot: "shop2"}, "shop2:deal:G"},
		{dialog.Query{Bot: "sho"}, ""},
		{dialog.Query{Flow: "sale"}, "shop:sale:E"},
		{dialog.Query{Flow: "escrow"}, ""}, // people's own
		{dialog.Query{Limit: 3}, "no tg:1 D"},
		{dialog.Query{Step: "pending"}, "D B C"},
		{dialog.Query{Step: "pending", Limit: 2}, "D B"},
		{dialog.Query{Since: minute(2)}, "no tg:1 D B A"},
		{dialog.Query{After: "shop:deal:D", AfterCreated: minute(3)}, "B A C F"},
		{dialog.Query{After: "shop:deal:B", AfterCreated: minute(3), Limit: 2}, "A C"},
		{dialog.Query{After: "shop:deal:C", AfterCreated: minute(1)}, "F"},
		{dialog.Query{After: "shop:deal:F"}, ""},
	} {
		if got := list(c.q); got != c.want {
			t.Errorf("List everyone's newest %+v: %q\nwant %q", c.q, got, c.want)
		}
	}
	w := Next(old, 0)
	w.After.Created, w.After.Owner = minute(9), "tg:4"
	t.turn(w, dialog.Applied)
	if got := list(dialog.Query{}); got != "C no tg:1 D B A F" {
		t.Errorf("after a turn: %q", got)
	}
	gone := t.load(old.Key)
	if err := t.s.Forget(context.Background(), gone.Key, gone.Stamp()); err != nil {
		t.Fatal(err)
	}
	if got := list(dialog.Query{}); got != "no tg:1 D B A F" {
		t.Errorf("after a row was forgotten: %q", got)
	}
}

// testNewestByPages: pages of any size are the whole list, also where many rows have one
// time, and where the person is the guest of some.
func testNewestByPages(t *storeTest) {
	var writes []*dialog.Write
	var want []string
	for i := range 130 {
		r := NewRow(dialog.Key{Bot: "shop", Flow: "deal", ID: fmt.Sprintf("%03d", i)})
		r.Owner, r.Guest, r.Created = "tg:1", "tg:2", epoch.Add(time.Duration(i/40)*time.Second)
		if i%3 == 0 {
			r.Owner, r.Guest = r.Guest, r.Owner
		}
		writes = append(writes, create(r))
		want = append(want, r.Key.String())
	}
	t.batch(&dialog.Batch{Writes: writes})
	slices.Reverse(want) // both grow with i
	for _, q := range []dialog.Query{{Owner: "tg:1"}, {Everyone: true, Bot: "shop", Flow: "deal"}} {
		for _, q.Limit = range []int{1, 7, 40, 100, 0, 200} {
			if got := t.newestByPages(q, len(want)); !slices.Equal(got, want) {
				t.Errorf("%+v by pages: %v", q, got)
			}
		}
	}
}

// newestByPages reads a list of the newest, which should have at most so many rows, page by page.
func (t *storeTest) newestByPages(q dialog.Query, most int) (keys []string) {
	t.Helper()
	for q.Newest = true; len(keys) <= most; {
		rows, err := t.s.List(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		if q.Limit == 0 && len(keys) == 0 && len(rows) != 100 {
			t.Fatalf("a default page has %d rows", len(rows))
		}
		if len(rows) == 0 {
			break
		}
		keys = append(keys, keysOf(rows)...)
		last := rows[len(rows)-1]
		q.After, q.AfterCreated = last.Key.String(), last.Created
	}
	return keys
}

func testUnicode(t *storeTest) {
	r := NewRow(key("веб:Ірина🍕é́'\"\\;--"))
	r.Owner, r.Step, r.Draft = "Ірина👩‍👩‍👧", "адреса", "чернетка"
	t.put(r)
	t.holds(r)
	t.turn(Next(r, 5), dialog.Applied)
	rows, err := t.s.List(context.Background(), dialog.Query{Owner: r.Owner, Step: r.Step})
	if err != nil || len(rows) != 1 || rows[0].Key != r.Key {
		t.Fatalf("List: %v, %v", keysOf(rows), err)
	}
	// Case and composition are kept, and the order is that of the bytes.
	ids := []string{"Z", "a", "z", "É", "\u00e9", "e\u0301", "я", "🍕"}
	slices.Sort(ids)
	for _, id := range ids {
		r := NewRow(key(id))
		r.Owner = "order"
		t.put(r)
	}
	rows, err = t.s.List(context.Background(), dialog.Query{Owner: "order"})
	var got []string
	for _, r := range rows {
		got = append(got, r.Key.ID)
	}
	if err != nil || !slices.Equal(got, ids) {
		t.Fatalf("order %q, %v, want %q", got, err, ids)
	}
}

func testDue(t *storeTest) {
	ctx := context.Background()
	at := func(ms int64) time.Time { return time.UnixMilli(ms) }
	for id, due := range map[string]int64{"a": 3000, "b": 2000, "c": 2000, "d": 2000, "e": 1000, "f": 0, "g": 4000} {
		r := NewRow(key(id))
		r.Due = due
		t.put(r)
	}
	due := func(q dialog.DueQuery, want ...string) []*dialog.Row {
		t.Helper()
		rows, err := t.s.Due(ctx, q)
		var got []string
		for _, r := range rows {
			got = append(got, r.Key.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("Due %+v: %v, %v, want %v", q, got, err, want)
		}
		return rows
	}
	due(dialog.DueQuery{Until: at(999)})
	rows := due(dialog.DueQuery{Until: at(1000)}, "e") // inclusive
	sameRow(t, rows[0], t.load(key("e")))              // whole
	due(dialog.DueQuery{Until: at(3999)}, "e", "b", "c", "d", "a")
	var all []string
	for q := (dialog.DueQuery{Until: at(9000), Limit: 2}); ; {
		rows, err := t.s.Due(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 0 || len(all) > 7 { // pages that start over would never end
			break
		}
		all = append(all, keysOf(rows)...)
		last := rows[len(rows)-1]
		q.After, q.AfterKey = last.Due, last.Key.String()
	}
	if got := strings.ReplaceAll(strings.Join(all, " "), "bot:flow:", ""); got != "e b c d a g" {
		t.Fatalf("by pages of two: %s", got)
	}
	for _, k := range []dialog.Key{{Bot: "bot", Flow: "other", ID: "h"}, {Bot: "other", Flow: "flow", ID: "i"}} {
		r := NewRow(k)
		r.Due = 1500
		t.put(r)
	}
	due(dialog.DueQuery{Until: at(2000)}, "e", "h", "i", "b", "c", "d")
	due(dialog.DueQuery{Until: at(2000), Bot: "bot"}, "e", "h", "b", "c", "d")
	due(dialog.DueQuery{Until: at(2000), Flow: "flow"}, "e", "i", "b", "c", "d")
	due(dialog.DueQuery{Until: at(2000), Bot: "bot", Flow: "flow", Limit: 3}, "e", "b", "c")
	due(dialog.DueQuery{Until: at(2000), Bot: "bot", Flow: "flow", Limit: 3, After: 2000, AfterKey: key("c").String()}, "d")
	// A turn moves due, or clears it.
	w := Next(t.load(key("e")), 0)
	w.After.Due = 8000
	t.turn(w, dialog.Applied)
	w = Next(t.load(key("b")), 0)
	w.After.Due = 0
	t.turn(w, dialog.Applied)
	due(dialog.DueQuery{Until: at(9000), Bot: "bot", Flow: "flow"}, "c", "d", "a", "g", "e")
}

func testDueMarks(t *storeTest) {
	a, b := NewRow(key("a")), NewRow(key("b"))
	t.put(a, b)
	w := Next(a, 0)
	t.turn(w, dialog.Applied)
	t.batch(&dialog.Batch{Due: []dialog.DueMark{
		{Key: a.Key, Version: 1, Due: 5}, // decided on an older version
		{Key: b.Key, Version: 1, Due: 6},
		{Key: key("nobody"), Version: 1, Due: 7},
	}})
	t.holds(rowWithShown(w.After, a.Shown))
	b.Due = 6
	t.holds(b)
	t.batch(&dialog.Batch{Due: []dialog.DueMark{{Key: b.Key, Version: 1, Due: 0}}})
	b.Due = 0
	t.holds(b)
	t.turn(Next(b, 0), dialog.Applied) // a mark leaves the stamp
	t.absent(key("nobody"))
}

func keysOf(rows []*dialog.Row) (keys []string) {
	for _, r := range rows {
		keys = append(keys, r.Key.String())
	}
	return keys
}
