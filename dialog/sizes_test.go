package dialog

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestSizes: each part of a row counts with all its bytes.
func TestSizes(t *testing.T) {
	b := func(n int) []byte { return make([]byte, n) }
	s := func(n int) string { return strings.Repeat("x", n) }
	row := &Row{Head: Head{Key: Key{"b", "f", s(100)}, Owner: s(200), Guest: s(400), Draft: s(800), Step: s(1600)}, Answers: b(3200), State: b(6400), Seen: b(12800)}
	if got, want := row.size(), len("b:f:")+25500; got != want {
		t.Errorf("a row of %d bytes, want %d", got, want)
	}
	empty := (&Record{}).flowPart()
	for name, r := range map[string]*Record{
		"answers": {Answers: b(1000)}, "guest": {Head: Head{Guest: s(1000)}}, "draft": {Head: Head{Draft: s(1000)}}, "step": {Head: Head{Step: s(1000)}},
		"open": {Open: s(1000)}, "started": {Started: s(1000)}, "variant": {Variant: s(1000)}, "a seat": {Seats: []Seat{{Open: s(1000)}}},
		"a timer": {Timers: []Timer{{Name: s(1000)}}}, "a source": {Sources: map[string]int64{s(1000): 1}}, "a touch": {Touched: map[string]Touch{s(1000): {}}},
		"a touch's channel": {Touched: map[string]Touch{"": {Channel: s(1000)}}}, "an effect": {Pending: []PendingEffect{{Arg: b(1000)}}},
		"an effect's name": {Pending: []PendingEffect{{Name: s(1000)}}}, "a question of another": {Asks: &Asks{Role: s(1000)}},
	} {
		if got := r.flowPart() - empty; got < 1000 || got > 1200 {
			t.Errorf("%s of 1,000 bytes counts %d", name, got)
		}
	}
}

// TestInputsAreCut: what surrounds a text has its bound, too, and a text within its bound stays as it was typed.
func TestInputsAreCut(t *testing.T) {
	in := Input{Kind: KindText, Text: "4111", Attached: strings.Repeat("x", wordMost+1), Mentioned: strings.Repeat("x", valueMax+1),
		Draft: strings.Repeat("d", wordMost+1), Base: strings.Repeat("b", wordMost+1)}
	in.Reply.Draft = in.Draft
	if err := in.clamp(func(string) string { return "" }); err != nil {
		t.Fatal(err)
	}
	if len(in.Draft) > wordMost || len(in.Base) > wordMost || len(in.Reply.Draft) > wordMost {
		t.Errorf("a draft of %d bytes, a base of %d, a reply to one of %d", len(in.Draft), len(in.Base), len(in.Reply.Draft))
	}
	if in.Text != "4111" || len(in.Attached) != wordMost || len(in.Mentioned) != valueMax {
		t.Errorf("%q, attached %d bytes, mentioned %d", in.Text, len(in.Attached), len(in.Mentioned))
	}
}

// TestSourceOfNoMessage: an input without a number comes from no message.
func TestSourceOfNoMessage(t *testing.T) {
	none, one := Input{}, Input{Serial: Serial{Series: "7:1", Number: 5}}
	if none.Source() != 0 || one.Source() == 0 {
		t.Errorf("%d and %d", none.Source(), one.Source())
	}
}

// TestButtonData: what button data is, and what it is not.
func TestButtonData(t *testing.T) {
	for data, want := range map[string]struct {
		action, draft string
		revision      int64
		bound, ok     bool
	}{
		"help||":                         {"help", "", 0, false, true},
		"edit:amount|d|3":                {"edit:amount", "d", 3, true, true},
		"edit|d|0":                       {"edit", "d", 0, true, true},
		strings.Repeat("a", 60) + "|d|3": {strings.Repeat("a", 60), "d", 3, true, true},
		strings.Repeat("a", 61) + "|d|3": {},
		"|d|3":                           {},
		"edit|d|3|":                      {},
		"edit":                           {},
	} {
		action, draft, revision, bound, ok := ParseData(data)
		if action != want.action || draft != want.draft || revision != want.revision || bound != want.bound || ok != want.ok {
			t.Errorf("%q: %q %q %d %t %t", data, action, draft, revision, bound, ok)
		}
	}
	for _, data := range []string{"edit|d|", "edit||3", "edit|d|-1", "edit|d|x", "edit|d|99999999999999999999"} {
		if _, _, _, _, ok := ParseData(data); ok {
			t.Errorf("%q is a button's", data)
		}
	}
}

// TestRoleNames: a role is one to eight small letters.
func TestRoleNames(t *testing.T) {
	for s, want := range map[string]bool{"": false, "s": true, "z": true, "abcdefgh": true, "abcdefghi": false, "S": false, "s1": false, "s~": false, "é": false} {
		if isRole(s) != want {
			t.Errorf("%q: %t", s, !want)
		}
	}
}

// TestMemoryLease: one holder has a lease, until its end, and the longest one is LeaseMost.
func TestMemoryLease(t *testing.T) {
	clock := newHandClock()
	m := NewMemory()
	m.SetNow(clock.now)
	for i, x := range []struct {
		after  time.Duration
		holder string
		ttl    time.Duration
		want   bool
	}{
		{0, "a", 0, false}, // nobody's
		{0, "a", time.Second, true},
		{0, "b", time.Second, false},
		{0, "b", 0, false},           // another's is not given back
		{0, "b", time.Second, false}, // so it still runs
		{time.Second - 1e6, "b", time.Second, false},
		{0, "a", time.Second, true}, // extended
		{time.Second - 1e6, "b", time.Second, false},
		{1e6, "b", time.Hour, true}, // its end
		{LeaseMost - 1e6, "a", time.Second, false},
		{1e6, "a", time.Second, true}, // an hour was too long
		{0, "a", 0, true},             // given back
		{0, "b", time.Second, true},
	} {
		clock.advance(x.after)
		if got, err := m.Lease(t.Context(), "sweeper", x.holder, x.ttl); err != nil || got != x.want {
			t.Errorf("%d: %s for %v: %t, %v", i, x.holder, x.ttl, got, err)
		}
	}
}

// TestUnfiredAreBounded: beyond their bound all are forgotten, and begin anew.
func TestUnfiredAreBounded(t *testing.T) {
	var u unfired
	x := unfiredTimer{wake: "x"}
	for i := range unfiredMost {
		u.rest(unfiredTimer{wake: itoa(int64(i))}, time.UnixMilli(2))
	}
	if u.rest(unfiredTimer{wake: "0"}, time.UnixMilli(3)); len(u.until) != unfiredMost || !u.rests(unfiredTimer{wake: "1"}, time.UnixMilli(1)) {
		t.Errorf("%d are remembered, of %d", len(u.until), unfiredMost)
	}
	if !u.first(x) || u.first(x) || len(u.until) != 1 {
		t.Errorf("one more, and %d are remembered", len(u.until))
	}
}

// TestNobodys: a record is nobody's when it has neither people nor places.
func TestNobodys(t *testing.T) {
	for _, r := range []*Record{{Head: Head{Owner: "tg:1"}}, {Head: Head{Guest: "tg:1"}}, {Places: []Place{{}}}} {
		if r.nobodys() {
			t.Errorf("%+v is nobody's", r)
		}
	}
	if !(&Record{}).nobodys() {
		t.Error("a record without people is somebody's")
	}
}

// TestRowsOfOthers: a row of another bot, or of a flow that this program lacks, is looked at again in an hour.
func TestRowsOfOthers(t *testing.T) {
	clock := newHandClock()
	e, err := New(NewMemory(), Config{Now: clock.now}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	for _, key := range []Key{{"other", "lines", "tg:1"}, {"bot", "other", "tg:1"}} {
		m, did := e.sweep(t.Context(), &Row{Head: Head{Key: key, Version: 3}})
		if want := (DueMark{Key: key, Version: 3, Due: e.Now().Add(time.Hour).UnixMilli()}); m != want || did != sweptMark {
			t.Errorf("%v: %+v, %v", key, m, did)
		}
	}
	e.Refresh(Key{"bot", "lines", "unknown"}) // of a conversation that is not in memory
}

// holderless is a store that does not say who holds leases.
type holderless struct{ *Memory }

func (holderless) Holders(context.Context, string) (map[string]string, error) {
	return nil, errors.New("away")
}

// TestGoneIsKnown: an instance is gone only where the store says so.
func TestGoneIsKnown(t *testing.T) {
	for _, x := range []struct {
		store Store
		name  string
		want  bool
	}{{NewMemory(), "other.1", true}, {NewMemory(), "", false}, {holderless{NewMemory()}, "other.1", false}} {
		e, err := New(x.store, Config{}, lines{})
		if err != nil {
			t.Fatal(err)
		}
		if e.gone(t.Context(), x.name) {
			t.Errorf("%q is gone to an engine that does not run", x.name)
		}
		e.peers.Store(&peers{e: e})
		if e.gone(t.Context(), x.name) != x.want {
			t.Errorf("%T %q: gone %t", x.store, x.name, !x.want)
		}
		_ = e.Close(context.Background())
	}
}

// spare leaves the draft alone.
type spare struct{ lines }

func (spare) Spares(*Input) bool { return true }

// TestSpares: a person's input, or none, needs the draft whatever the flow says.
func TestSpares(t *testing.T) {
	for _, flow := range []Flow{spare{}, lines{}} {
		e, err := New(NewMemory(), Config{}, flow)
		if err != nil {
			t.Fatal(err)
		}
		_, spares := flow.(Sparer)
		for _, x := range []struct {
			in   Input
			want bool
		}{
			{Input{}, false}, {Input{Kind: KindText}, false}, {Input{Kind: KindTap}, false}, {Input{Kind: KindWake}, spares}, {Input{Kind: KindResult, Name: "print"}, spares},
			{Input{Kind: KindBlock}, true}, {Input{Kind: KindResult, Name: effectText}, true}, {Input{Kind: KindTap, Name: effectText}, false},
		} {
			x.in.Key = Key{"bot", "lines", "tg:1"}
			if e.spares(&x.in) != x.want {
				t.Errorf("%T, %s %s: %t", flow, x.in.Kind, x.in.Name, !x.want)
			}
		}
		_ = e.Close(t.Context())
	}
}

// TestWhereDraftsGo: a draft goes where its mode says, and into the row where that place has no room for it.
func TestWhereDraftsGo(t *testing.T) {
	store, _ := any(nil).(Drafts)
	draft := Record{Head: Head{Key: Key{"bot", "lines", "tg:1"}, Step: "on", Expires: time.UnixMilli(1)}, Answers: []byte("x")}
	with := func(change func(r *Record)) *Record {
		r := draft
		change(&r)
		return &r
	}
	for _, x := range []struct {
		name   string
		mode   Mode
		drafts Drafts
		r      *Record
		byID   bool
		want   Where
	}{
		{"redis", Redis, noDrafts{}, &draft, false, InRedis},
		{"redis that is not configured", Redis, store, &draft, false, InRow},
		{"redis without an expiry", Redis, noDrafts{}, with(func(r *Record) { r.Expires = time.Time{} }), false, InRow},
		{"memory", Lightweight, nil, &draft, false, InMemory},
		{"hybrid", Hybrid, noDrafts{}, &draft, false, InRow},
		{"database", Database, nil, &draft, false, InRow},
		{"a deal", Lightweight, nil, &draft, true, InRow},
		{"lost once", Lightweight, nil, with(func(r *Record) { r.Lost = true }), false, InRow},
		{"no answers", Lightweight, nil, with(func(r *Record) { r.Answers = nil }), false, InRow},
		{"ended", Lightweight, nil, with(func(r *Record) { r.Step = "" }), false, InRow},
	} {
		e := &Engine{cfg: Config{Drafts: x.drafts, Mode: func(string) Mode { return x.mode }}}
		if got := e.whereTo(x.r, x.byID); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// noDrafts is a draft store that is never asked.
type noDrafts struct{ Drafts }

// TestReseatWithoutAPlace: a seat that is given without a place is shown where its person comes from.
func TestReseatWithoutAPlace(t *testing.T) {
	for _, at := range []Place{{}, {Channel: "chat", Address: "3"}} {
		r := &Record{Head: Head{Owner: "tg:1", Guest: "tg:2"}, Seats: []Seat{{Role: "s", Owner: "tg:2"}}, Places: []Place{{Channel: "chat", Address: "2", Seat: "s"}}, shown: &screens{}}
		turn := &Turn{Before: r, Record: r.clone(), Input: &Input{Kind: KindOrder}}
		if !turn.Reseat("s", "tg:3", at) || turn.Record.Guest != "tg:3" || (len(turn.Record.Places) == 1) != (at.Channel != "") {
			t.Errorf("at %+v: %+v", at, turn.Record)
		}
	}
}

// TestPlaceOfATap: whether a tapped message shows another conversation is asked only where the record would adopt the message.
func TestPlaceOfATap(t *testing.T) {
	store := &counted{Store: NewMemory()}
	e, err := New(store, Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	at := Place{Channel: "chat", Address: "1", Push: true}
	released, page := at, at
	released.Released, page.Push = 3, false
	for _, x := range []struct {
		name     string
		in       Input
		has      Place
		live     string
		is, asks bool
	}{
		{"a text", Input{Kind: KindText, Message: "8", Place: at}, at, "", false, false},
		{"a page", Input{Kind: KindTap, Message: "8", Place: page}, at, "", false, false},
		{"no message", Input{Kind: KindTap, Place: at}, at, "", false, false},
		{"known before", Input{Kind: KindTap, Message: "8", Place: at, atAnother: true}, at, "", true, false},
		{"a place that was released", Input{Kind: KindTap, Message: "8", Place: at}, released, "", false, false},
		{"the live card", Input{Kind: KindTap, Message: "7", Place: at}, at, "7", false, false},
		{"an earlier message", Input{Kind: KindTap, Message: "6", Place: at}, at, "7", false, false},
		{"a later message", Input{Kind: KindTap, Message: "8", Place: at}, at, "7", false, true},
		{"no card is known", Input{Kind: KindTap, Message: "8", Place: at}, at, "", false, true},
	} {
		r := &Record{Head: Head{Key: Key{"bot", "lines", "tg:1"}, Owner: "tg:1", Version: 9}, Places: []Place{x.has}, shown: &screens{}}
		if x.live != "" {
			r.shown.wrote(at, 9, x.live)
		}
		x.in.Owner = "tg:1"
		before := store.lists.Load()
		is, err := e.atAnother(t.Context(), r, &x.in)
		if asks := store.lists.Load() > before; err != nil || is != x.is || asks != x.asks {
			t.Errorf("%s: %t, asks the store %t, %v", x.name, is, asks, err)
		}
	}
}
