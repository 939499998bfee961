package dialogtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// The part of TestStore about dialog.EventLog, which a store may leave out.

func testEventLog(t *storeTest) {
	log, ok := t.s.(dialog.EventLog)
	if !ok {
		t.Logf("%T is no EventLog", t.s)
		return
	}
	for _, part := range []func(*storeTest, dialog.EventLog){testLogOfEvents, testLogByPages, testForgetEvents, testLogErrors} {
		part(t, log)
	}
}

// page asks for events.
func (t *storeTest) page(log dialog.EventLog, q dialog.EventQuery) []dialog.Event {
	t.Helper()
	page, err := log.Events(context.Background(), q)
	if err != nil {
		t.Fatalf("Events %+v: %v", q, err)
	}
	return page
}

// An event comes back with every field, and only to those who ask for its time and key.
func testLogOfEvents(t *storeTest, log dialog.EventLog) {
	k := key("ü:1")
	whole := dialog.Event{Kind: dialog.EventRehydrated, Key: k.String(), Draft: "d", Step: "amount_input", Mode: "database", Variant: "v",
		Instance: "i", Cause: "restart", Source: "database", Took: 1500 * time.Microsecond, At: epoch}
	up := dialog.Event{Kind: dialog.EventUp, Instance: "i", At: epoch.Add(time.Millisecond)}
	fine := up
	fine.At = up.At.Add(999 * time.Microsecond) // stored in whole milliseconds
	if page := t.page(log, dialog.EventQuery{}); len(page) > 0 {
		t.Fatalf("an empty log has %v", page)
	}
	t.batch(&dialog.Batch{Events: []dialog.Event{fine, whole}})
	for _, c := range []struct {
		q    dialog.EventQuery
		want []dialog.Event
	}{
		{dialog.EventQuery{}, []dialog.Event{whole, up}},
		{dialog.EventQuery{From: epoch}, []dialog.Event{whole, up}},
		{dialog.EventQuery{From: epoch.Add(1)}, []dialog.Event{up}},
		{dialog.EventQuery{Until: epoch}, nil},
		{dialog.EventQuery{Until: epoch.Add(1)}, []dialog.Event{whole}},
		{dialog.EventQuery{From: epoch, Until: up.At}, []dialog.Event{whole}},
		{dialog.EventQuery{From: up.At, Until: up.At}, nil},
		{dialog.EventQuery{Key: k}, []dialog.Event{whole}},
		{dialog.EventQuery{Key: k, From: up.At}, nil},
		{dialog.EventQuery{Key: key("ü")}, nil},
		{dialog.EventQuery{Kind: dialog.EventUp}, []dialog.Event{up}},
		{dialog.EventQuery{Kind: dialog.EventRehydrated, Key: k}, []dialog.Event{whole}},
		{dialog.EventQuery{Kind: "rehydrate"}, nil},
		{dialog.EventQuery{Draft: "d"}, []dialog.Event{whole}},
		{dialog.EventQuery{Draft: "d", Kind: dialog.EventUp}, nil},
		{dialog.EventQuery{Draft: "D"}, nil},
		{dialog.EventQuery{Key: key("Ü:1")}, nil},
	} {
		if page := t.page(log, c.q); !slices.Equal(page, c.want) {
			t.Errorf("Events %+v:\n%+v\nwant\n%+v", c.q, page, c.want)
		}
	}
	t.events(2)
}

// Pages of any size are the whole log in the order of time, also if many events have one
// time.
func testLogByPages(t *storeTest, log dialog.EventLog) {
	var all []dialog.Event
	for i := range 300 {
		at := epoch.Add(time.Duration(rand.IntN(40)) * time.Millisecond)
		all = append(all, dialog.Event{Kind: "answered", Key: key(fmt.Sprint(i % 3)).String(), Draft: fmt.Sprint(i), At: at})
	}
	t.batch(&dialog.Batch{Events: all})
	for _, q := range []dialog.EventQuery{{}, {From: epoch.Add(7 * time.Millisecond), Until: epoch.Add(31 * time.Millisecond)}, {Key: key("1")}, {Kind: "answered"}} {
		want := map[string]bool{}
		for _, e := range all {
			in := (q.From.IsZero() || !e.At.Before(q.From)) && (q.Until.IsZero() || e.At.Before(q.Until))
			if in && (q.Key == dialog.Key{} || e.Key == q.Key.String()) {
				want[e.Draft] = true
			}
		}
		for _, limit := range []int{1, 2, 7, 100, 299, 300, 0} {
			t.pages(log, q, limit, want)
		}
	}
	t.events(300)
}

// pages reads all pages of q, and wants the events of these drafts.
func (t *storeTest) pages(log dialog.EventLog, q dialog.EventQuery, limit int, want map[string]bool) {
	t.Helper()
	q.Limit = limit
	got, last := map[string]bool{}, time.Time{}
	for {
		page := t.page(log, q)
		begins := last
		for _, e := range page {
			if e.At.Before(last) || e.At.Equal(begins) || got[e.Draft] {
				t.Fatalf("Events %+v: event %s at %s after %s, in the page after %s", q, e.Draft, e.At, last, begins)
			}
			got[e.Draft], last = true, e.At
		}
		if len(page) < max(limit, 1) || limit == 0 {
			break
		}
		if q.From = last.Add(time.Millisecond); limit == 1 && page[0].At != last {
			t.Fatalf("a page of one event has two times: %v", page)
		}
	}
	if len(got) != len(want) {
		t.Errorf("Events %+v by %d: %d events, want %d", q, limit, len(got), len(want))
	}
	for draft := range got {
		if !want[draft] {
			t.Errorf("Events %+v: event %s", q, draft)
		}
	}
}

// The events of one conversation go, however many; its row and all other events stay.
func testForgetEvents(t *storeTest, log dialog.EventLog) {
	ctx := context.Background()
	r := NewRow(key("a"))
	t.put(r)
	var events []dialog.Event
	for i := range 2500 {
		events = append(events, dialog.Event{Kind: "answered", Key: r.Key.String(), At: epoch.Add(time.Duration(i) * time.Hour)})
	}
	for _, other := range []string{"", key("a:b").String(), key("A").String(), key("b").String()} {
		events = append(events, dialog.Event{Kind: "answered", Key: other, At: epoch})
	}
	t.batch(&dialog.Batch{Events: events})
	for _, want := range []int{2500, 0} {
		if n, err := log.ForgetEvents(ctx, r.Key); err != nil || n != want {
			t.Fatalf("ForgetEvents: %d, %v, want %d", n, err, want)
		}
	}
	if h, err := t.s.Head(ctx, r.Key); err != nil || h.Version != r.Version {
		t.Errorf("the row after ForgetEvents: %+v, %v", h, err)
	}
	t.events(4)
}

func testLogErrors(t *storeTest, log dialog.EventLog) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	calls := map[string]func(context.Context) error{
		"Events":       func(ctx context.Context) error { _, err := log.Events(ctx, dialog.EventQuery{}); return err },
		"ForgetEvents": func(ctx context.Context) error { _, err := log.ForgetEvents(ctx, key("a")); return err },
	}
	for name, call := range calls {
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", name, err)
		}
	}
	if err := t.s.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls {
		if err := call(context.Background()); !errors.Is(err, dialog.ErrUnavailable) {
			t.Errorf("%s of a closed store: %v, want unavailable", name, err)
		}
	}
}
