package dialog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// counted is a store that counts lists, and the rows that they return.
type counted struct {
	Store
	lists, rows atomic.Int64
}

func (s *counted) List(ctx context.Context, q Query) ([]*Row, error) {
	rows, err := s.Store.List(ctx, q)
	s.lists.Add(1)
	s.rows.Add(int64(len(rows)))
	return rows, err
}

// The pages of a person's conversations are the whole list, newest first, wherever the
// keys stand. A page costs its rows.
func TestConversations(t *testing.T) {
	store := &counted{Store: NewMemory()}
	e, err := New(store, Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	began := e.Now().Add(-500 * time.Hour)
	var want []string
	const all = 450
	for i := range all {
		owner, guest := "tg:1", ""
		if i%7 == 0 {
			owner, guest = "tg:9", "tg:1"
		}
		putRow(t, store, Key{"bot", "sale", fmt.Sprintf("%03d", i*7%all)}, owner, guest, began.Add(time.Duration(i)*time.Hour), recordFormat)
		want = append(want, fmt.Sprintf("%03d", i*7%all))
	}
	slices.Reverse(want)
	now := began.Add(9999 * time.Hour)
	putRow(t, store, Key{"bot", "sale", "of-another"}, "tg:2", "", now, recordFormat)
	putRow(t, store, Key{"bot", "sale", "of-tomorrow"}, "tg:1", "", now, seatsFormat+1)
	putRow(t, store, Key{"bot", AsideFlow, "7:tg:1"}, "tg:1", "", now, AsideFormat)
	putRow(t, store, Key{"bot", "lines", "tg:1"}, "tg:1", "", now, recordFormat)

	var got []string
	for p := (Page{}); len(got) <= all; {
		before := store.rows.Load()
		list, err := e.Conversations(t.Context(), "tg:1", "", p)
		if err != nil {
			t.Fatal(err)
		}
		if n := store.rows.Load() - before; n > 40 {
			t.Fatalf("a page reads %d rows", n)
		}
		if len(list) == 0 {
			break
		}
		for _, r := range list {
			got = append(got, r.Key.ID)
		}
		p.After = &list[len(list)-1].Head
	}
	if !slices.Equal(got, want) {
		t.Errorf("by pages: %v", got)
	}
	for _, c := range []struct {
		flow string
		p    Page
		want int
	}{
		{"sale", Page{Limit: 5}, 5},
		{"sale", Page{Limit: 1}, 1},
		{"purchase", Page{}, 0},
		{"sale", Page{Since: began.Add(440 * time.Hour)}, 10},
		{"sale", Page{Step: "elsewhere"}, 0},
	} {
		if list, err := e.Conversations(t.Context(), "tg:1", c.flow, c.p); err != nil || len(list) != c.want {
			t.Errorf("%s %+v: %d, %v", c.flow, c.p, len(list), err)
		}
	}
}

func putRow(t *testing.T, store Store, key Key, owner, guest string, created time.Time, format int) {
	t.Helper()
	row := &Row{Head: Head{Key: key, Owner: owner, Guest: guest, Version: 1, Tag: 1, Format: format, Created: created}}
	if guest != "" {
		seated := &Record{Head: row.Head, Seats: []Seat{{Role: "guest", Owner: guest}}, shown: &screens{}}
		var err error
		if row, err = seated.row(0); err != nil {
			t.Fatal(err)
		}
	}
	done, err := store.Commit(t.Context(), &Batch{Writes: []*Write{{After: row}}})
	if err != nil || done.Verdicts[0] != Applied {
		t.Fatal(done.Verdicts, err)
	}
}

// listing is a flow that lists what its command says.
type listing struct{ lines }

func (listing) Lists(_ *Record, in *Input) (Listing, bool) {
	l := Listing{Flow: "sale"}
	switch in.Name {
	case "three":
		l.Most = 3
	case "counted":
		l.Most, l.Count = 3, 20
	case "lately":
		l.Most, l.Within = 10, 150*time.Minute
	case "open":
		l.Most, l.Step = 10, "open"
	default:
		var ok bool
		l.ID, ok = strings.CutPrefix(in.Name, "id-")
		return l, ok
	}
	l.ID = in.Value
	return l, true
}

func (listing) Decide(t *Turn) {
	var ids []string
	for _, r := range t.Others {
		ids = append(ids, r.Key.ID)
	}
	t.Say("has "+strings.Join(ids, " "), map[string]string{"total": fmt.Sprint(t.Total)})
}

// A flow gets the conversations that it lists: the newest, those of a step or of a time,
// and one by its id, if it is the person's.
func TestListing(t *testing.T) {
	store := NewMemory()
	e, err := New(store, Config{}, listing{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	for i := range 50 {
		putRow(t, store, Key{"bot", "sale", fmt.Sprintf("%02d", i)}, "tg:1", "", e.Now().Add(time.Duration(i-50)*time.Hour), recordFormat)
	}
	putRow(t, store, Key{"bot", "sale", "other"}, "tg:2", "", e.Now(), recordFormat)
	putRow(t, store, Key{"bot", "sale", "guest"}, "tg:2", "tg:1", e.Now().Add(-100*time.Hour), recordFormat)
	for i, c := range []struct{ name, value, want string }{
		{"three", "", "49 48 47"},
		{"three", "48", "49 48 47"},
		{"three", "07", "49 48 47 07"},
		{"counted", "", "49 48 47"},
		{"lately", "", "49 48"},
		{"open", "", ""},
		{"id-03", "", "03"},
		{"id-guest", "", "guest"},
		{"id-other", "", ""},
		{"id-none", "", ""},
		{"nothing", "", ""},
	} {
		in := Input{ID: fmt.Sprint(i), Kind: KindTap, Owner: "tg:1", Name: c.name, Value: c.value}
		out, err := e.Handle(t.Context(), in)
		if err != nil || out.Record.Said == nil || out.Record.Said.Code != "has "+c.want {
			t.Errorf("%s %s: %+v, %v, want %q", c.name, c.value, out.Record.Said, err, c.want)
		}
		if total := out.Record.Said.Args["total"]; total != map[bool]string{true: "20", false: "0"}[c.name == "counted"] {
			t.Errorf("%s counts %s", c.name, total)
		}
	}
}
