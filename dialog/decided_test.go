package dialog

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestGapIsAPersons: only an input of one of the record's people comes after a gap.
func TestGapIsAPersons(t *testing.T) {
	e, err := New(NewMemory(), Config{SessionGap: time.Hour}, gaps{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	key := Key{"bot", "lines", "tg:1"}
	for _, x := range []struct {
		name    string
		kind    Kind
		owner   string
		version int64
		want    bool
	}{
		{"their text", KindText, "tg:1", 1, true},
		{"a timer", KindWake, "", 1, false},
		{"an order", KindOrder, "", 1, false},
		{"a stranger's tap", KindTap, "tg:2", 1, false},
		{"their first text", KindText, "tg:1", 0, false},
	} {
		rec := &Record{Head: Head{Key: key, Owner: "tg:1", Version: x.version, Step: "on", Updated: e.Now().Add(-2 * time.Hour)}, shown: &screens{}}
		turn, _ := e.turn(gaps{}, rec, &Input{Key: key, Kind: x.kind, Owner: x.owner}, Rehydration{}, nil)
		if turn.Gap != x.want {
			t.Errorf("%s: gap %t", x.name, turn.Gap)
		}
	}
}

// TestIdle: a turn is idle if it did nothing and logs nothing; a timer, a result and a block are written anyway.
func TestIdle(t *testing.T) {
	for _, x := range []struct {
		kind   Kind
		did    Did
		events int
		lifts  bool
		want   bool
	}{
		{KindTap, DidNothing, 0, false, true},
		{KindTap, DidApply, 0, false, false},
		{KindTap, DidNothing, 1, false, false},
		{KindTap, DidNothing, 0, true, false},
		{KindWake, DidNothing, 0, false, false},
		{KindResult, DidNothing, 0, false, false},
		{KindBlock, DidNothing, 0, false, false},
	} {
		turn := &Turn{Input: &Input{Kind: x.kind}, did: x.did, events: make([]Event, x.events), unblocks: x.lifts}
		if turn.idle() != x.want {
			t.Errorf("%+v: idle %t", x, turn.idle())
		}
	}
}

// TestWakeIsOfItsTimer: a wake removes the timer of its name and time, which is due, and is nothing without it.
func TestWakeIsOfItsTimer(t *testing.T) {
	for in, want := range map[string]bool{"remind 100": true, "lapse 100": false, "remind 99": false, "later 201": false} {
		name, at, _ := strings.Cut(in, " ")
		turn := &Turn{Input: &Input{Kind: KindWake, Name: name, Value: at}, Now: time.UnixMilli(200),
			Record: &Record{Timers: []Timer{{"remind", 100}, {"later", 201}}}}
		if got := turn.admit(); got != want || got == (len(turn.Record.Timers) == 2) {
			t.Errorf("%s: %t, left %v", in, got, turn.Record.Timers)
		}
	}
}

// TestChangesButtons: answers that came by themselves leave the buttons of a conversation with seats good.
func TestChangesButtons(t *testing.T) {
	was := &Record{Head: Head{Step: "a"}}
	for _, x := range []struct {
		seats      int
		kind       Kind
		step, open string
		want       bool
	}{
		{0, KindResult, "a", "", true},
		{1, KindResult, "a", "", false},
		{1, KindTap, "a", "", true},
		{1, KindResult, "b", "", true},
		{1, KindResult, "a", "b", true},
	} {
		turn := &Turn{Before: was, Input: &Input{Kind: x.kind}, Record: &Record{Head: Head{Step: x.step}, Open: x.open, Seats: make([]Seat, x.seats)}}
		if turn.changesButtons() != x.want {
			t.Errorf("%+v: %t", x, !x.want)
		}
	}
}

// TestChanges: a turn changes a conversation by its step, its open question or its answers.
func TestChanges(t *testing.T) {
	was := &Record{Head: Head{Step: "a", Draft: "d"}, Answers: []byte("x")}
	for name, x := range map[string]struct {
		change func(r *Record)
		want   bool
	}{
		"nothing": {func(*Record) {}, false}, "step": {func(r *Record) { r.Step = "b" }, true}, "open question": {func(r *Record) { r.Open = "b" }, true},
		"answers": {func(r *Record) { r.Answers = []byte("y") }, true}, "a notice": {func(r *Record) { r.Said = &Said{Code: "plain"} }, false},
	} {
		now := *was
		x.change(&now)
		if turn := (&Turn{Before: was, Record: &now, Input: &Input{}}); turn.changes() != x.want {
			t.Errorf("%s: changes %t", name, !x.want)
		}
	}
}

// TestBlockTurns: what each input of the courier changes in a record.
func TestBlockTurns(t *testing.T) {
	note := BlockNote{Channel: "chat", Address: "1", Key: "bot:sale:9", At: 3}
	at := Place{Channel: "chat", Address: "1", Push: true}
	for _, x := range []struct {
		does     string
		in       Input
		unblocks bool
		want     bool
		blocked  bool
		since    int64
		notes    int
	}{
		{does: "a person cannot send one", in: Input{Name: blockLifted, Place: at}, blocked: true, since: 7, notes: 2},
		{does: "an unknown place", in: Input{Name: blockLifted, block: &blockFact{}}, blocked: true, since: 7, notes: 2},
		{does: "its end", in: Input{Name: blockEnded, Place: at}, want: true, notes: 2},
		{does: "lifted", in: Input{Name: blockLifted, Place: at, block: &blockFact{}}, want: true, notes: 2},
		{does: "settled", in: Input{Name: blockSettled, Place: at, block: &blockFact{note: note}}, want: true, blocked: true, since: 7, notes: 1},
		{does: "settled before", in: Input{Name: blockSettled, Place: at, block: &blockFact{note: BlockNote{Key: "bot:sale:8"}}}, blocked: true, since: 7, notes: 2},
		{does: "witnessed", in: Input{Name: blockWitnessed, Place: at, block: &blockFact{since: 7}}, want: true, blocked: true, notes: 2},
		{does: "another one witnessed", in: Input{Name: blockWitnessed, Place: at, block: &blockFact{since: 6}}, blocked: true, since: 7, notes: 2},
		{does: "none witnessed", in: Input{Name: blockWitnessed, Place: at, block: &blockFact{}}, blocked: true, since: 7, notes: 2},
		{does: "witnessed elsewhere", in: Input{Name: blockWitnessed, Place: Place{Channel: "chat", Address: "2"}, block: &blockFact{since: 7}}, blocked: true, since: 7, notes: 2},
		{does: "learned", in: Input{Name: blockListed, Place: at, block: &blockFact{notes: []BlockNote{{Channel: "chat", Address: "1", Key: "bot:sale:5"}}}}, want: true, blocked: true, since: 7, notes: 2},
	} {
		x.in.Kind = KindBlock
		p := at
		p.Blocked, p.Unwitnessed, p.Tried = true, 7, 4
		r := &Record{Places: []Place{p}, BlockNotes: []BlockNote{note, {}}, shown: &screens{}}
		turn := &Turn{Before: r, Record: r.clone(), Input: &x.in}
		got := turn.block()
		now := turn.Record.Places[0]
		if got != x.want || now.Blocked != x.blocked || now.Unwitnessed != x.since || len(turn.Record.BlockNotes) != x.notes {
			t.Errorf("%s: %t, %+v, %+v", x.does, got, now, turn.Record.BlockNotes)
		}
		if r.Places[0] != p || len(r.BlockNotes) != 2 {
			t.Errorf("%s: changes the record before", x.does)
		}
	}
	r := &Record{Places: []Place{at}, shown: &screens{}}
	for _, lifts := range []bool{false, true} {
		turn := &Turn{Before: r, Record: r.clone(), Input: &Input{Kind: KindBlock, Name: blockEnded, Place: at}, unblocks: lifts}
		if turn.block() != lifts {
			t.Errorf("a place that is not blocked: %t", !lifts)
		}
	}
	turn := &Turn{Before: r, Record: r.clone(), Input: &Input{Kind: KindBlock, Name: blockListed, Place: at, block: &blockFact{notes: []BlockNote{note}}}}
	if turn.block() || len(turn.Record.BlockNotes) != 0 {
		t.Error("a list that nobody waits for is noted")
	}
}

// TestSkips: a blocked place is tried again at the next card, and until the block has a witness.
func TestSkips(t *testing.T) {
	r := &Record{Card: 5}
	for _, x := range []struct {
		p    Place
		want bool
	}{
		{Place{}, false}, {Place{Tried: 5}, false}, {Place{Blocked: true, Tried: 5}, true}, {Place{Blocked: true, Tried: 6}, true},
		{Place{Blocked: true, Tried: 4}, false}, {Place{Blocked: true, Tried: 5, Unwitnessed: 1}, false},
	} {
		if x.p.skips(r) != x.want {
			t.Errorf("%+v: %t", x.p, !x.want)
		}
	}
}

// TestRefusedTextComesAnew: a refused text is asked for again in the card that is there, and in a new message once the person
// may have put the phone away.
func TestRefusedTextComesAnew(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	raw := func(x any) []byte {
		b, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sent := raw(sentText{Asks: Asks{Key: Key{"bot", "pact", "P-1"}, Action: "say"}, Text: "no", Turn: 4})
	for _, x := range []struct {
		later time.Duration
		anew  bool
	}{{lateAnswer - time.Millisecond, false}, {lateAnswer, true}} {
		r := &Record{Head: Head{Updated: now}, Card: 4, Pending: []PendingEffect{{ID: "e", Name: effectText, Arg: sent}}, shown: &screens{}}
		turn := &Turn{Before: r, Record: r.clone(), Now: now.Add(x.later), Input: &Input{Kind: KindResult, Name: effectText, Value: "e", Text: string(raw(textAnswer{Refused: true, Said: &Said{Code: "short"}}))}}
		turn.textEnded()
		if a := turn.Record.Asks; turn.anew != x.anew || a == nil || a.Action != "say" || turn.Record.Said.Typed != "no" {
			t.Errorf("%v later: anew %t, %+v", x.later, turn.anew, turn.Record)
		}
	}
}

// TestGroupHears: in a group an input that is no tap, and answers nothing, gets no window; a tap does, whatever its name.
func TestGroupHears(t *testing.T) {
	e, err := New(NewMemory(), Config{}, lines{}, Groups{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	for _, x := range []struct {
		in   Input
		want bool
	}{
		{Input{Kind: KindTap, Name: effectText}, true}, {Input{Kind: KindTap, Name: "say"}, true}, {Input{Kind: KindText, Text: "hello"}, false},
		{Input{Kind: KindResult, Name: "another"}, false}, {Input{Kind: KindCommand, Name: "help"}, false},
	} {
		x.in.Group = true
		r := &Record{shown: &screens{}}
		turn := &Turn{Before: r, Record: r.clone(), Input: &x.in}
		e.askInGroup(turn)
		if (turn.toast != nil) != x.want || turn.did != DidNothing || turn.Record.Said != nil {
			t.Errorf("%s %s: %+v, did %v", x.in.Kind, x.in.Name, turn.toast, turn.did)
		}
	}
}

// answers is a flow whose conversations P-… take texts.
type answers struct{ lines }

func (answers) FlowName() string                                             { return "pact" }
func (answers) Match(id string) bool                                         { return id == "" || strings.HasPrefix(id, "P-") }
func (answers) Asks(*Input) bool                                             { return false }
func (answers) Ask(*Record, *Input) (about map[string]string, refused *Said) { return nil, nil }
func (answers) Asked(*Record, View) Card                                     { return Card{} }

// TestReplies: which replies are no answers to the own card, and where they go.
func TestReplies(t *testing.T) {
	e, err := New(NewMemory(), Config{}, lines{}, answers{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	at := Place{Channel: "chat", Address: "1", Push: true}
	for _, x := range []struct {
		name, message, draft string
		revision             int64
		kind                 Kind
		want                 bool
		to                   string // the conversation that gets the text
		says                 string
	}{
		{name: "no reply", draft: "P-1"},
		{name: "the own card", message: "7", draft: "P-1"},
		{name: "the own draft", message: "6", draft: "own", revision: 3},
		{name: "an earlier card of the own draft", message: "6", draft: "own", revision: 2, kind: KindText, want: true, says: CodeNoAnswer},
		{name: "a card without a draft", message: "6", kind: KindText, want: true, says: CodeNoAnswer},
		{name: "a contact for nothing", message: "6", kind: KindOther},
		{name: "another's card", message: "6", draft: "P-1", kind: KindText, want: true, to: "P-1", says: CodeSentOn},
		{name: "a picture for another's card", message: "6", draft: "P-1", kind: KindOther, want: true, says: CodeNoAnswer},
	} {
		r := &Record{Head: Head{Key: Key{"bot", "lines", "tg:1"}, Owner: "tg:1", Draft: "own", Version: 9, Revision: 3}, Places: []Place{at}, shown: &screens{}}
		r.shown.wrote(at, 9, "7")
		in := &Input{Kind: x.kind, Text: "hi", Place: at, Owner: "tg:1"}
		in.Reply.Message, in.Reply.Draft, in.Reply.Revision = x.message, x.draft, x.revision
		turn := &Turn{Before: r, Record: r.clone(), Input: in, Now: e.Now()}
		if got := e.replies(turn); got != x.want {
			t.Errorf("%s: %t", x.name, got)
		}
		to := ""
		for _, p := range turn.Record.Pending {
			var sent sentText
			if err := json.Unmarshal(p.Arg, &sent); err != nil {
				t.Fatal(err)
			}
			to = sent.Key.ID
		}
		code := ""
		if s := turn.Record.Said; s != nil {
			code = s.Code
		}
		if to != x.to || code != x.says {
			t.Errorf("%s: goes to %q, says %q", x.name, to, code)
		}
	}
	if f := e.flowOf(""); f != nil {
		t.Errorf("no id is one of the flow %s", f.FlowName())
	}
	if err := e.carry(t.Context(), &Record{}, []byte("{"), "key"); err == nil || !errors.As(err, new(*foreverError)) {
		t.Errorf("a text that cannot be read: %v", err)
	}
}

// TestPlaceKeepsWhatItHandedOver: an input from a known place moves it to the front, with the message that it handed over.
func TestPlaceKeepsWhatItHandedOver(t *testing.T) {
	at := Place{Channel: "chat", Address: "1", Push: true}
	had := at
	had.Released, had.Given, had.Heir = 3, "7", "bot:pact:P-1"
	r := &Record{Head: Head{Owner: "tg:1"}, Places: []Place{{Channel: "page", Address: "x"}, had}, shown: &screens{}}
	turn := &Turn{Before: r, Record: r.clone(), Input: &Input{Kind: KindText, Owner: "tg:1", Place: at}}
	turn.placeFirst()
	if p := turn.Record.Places[0]; p.Address != "1" || p.Released != 3 || p.Given != "7" || p.Heir != "bot:pact:P-1" {
		t.Errorf("%+v", turn.Record.Places)
	}
}

// telling is a flow whose card tells the time of the view.
type telling struct{ lines }

func (telling) Render(_ *Record, v View) Card {
	return Card{Question: v.Now.Format(time.RFC3339) + " " + v.Zone.String()}
}

// TestViewsHaveATime: a card is rendered for the time and the zone of its view, or else for now and the engine's zone.
func TestViewsHaveATime(t *testing.T) {
	clock := newHandClock()
	e, err := New(NewMemory(), Config{Now: clock.now}, telling{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	then, east := clock.now().Add(-time.Hour), time.FixedZone("east", 3600)
	for want, v := range map[string]View{
		e.Now().Format(time.RFC3339) + " UTC": {},
		then.Format(time.RFC3339) + " east":   {Now: then, Zone: east},
	} {
		c, err := e.render(&Record{Head: Head{Key: Key{"bot", "lines", "tg:1"}}, shown: &screens{}}, v)
		if err != nil || c.Question != want {
			t.Errorf("%q, want %q, %v", c.Question, want, err)
		}
	}
}

// TestDueOfDetached: what a detached engine leaves to be shown is due at once; any other row at the end of the hour.
func TestDueOfDetached(t *testing.T) {
	now := time.Date(2026, 12, 3, 4, 5, 6, 0, time.UTC)
	hour := time.Date(2026, 12, 3, 5, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		detached bool
		pending  int
		want     time.Time
	}{{true, 1, now}, {true, 0, hour}, {false, 1, hour}, {false, 0, hour}} {
		e := &Engine{cfg: Config{Detached: x.detached}}
		if got := e.due(&Record{Pending: make([]PendingEffect, x.pending), shown: &screens{}}, now); got != x.want.UnixMilli() {
			t.Errorf("%+v: due at %v", x, time.UnixMilli(got).UTC())
		}
	}
}

// TestOneTurnAKey: a batch has one turn of a key, also of a key that another of its turns begins.
func TestOneTurnAKey(t *testing.T) {
	write := func(id string, starts ...string) *waiting {
		w := &Write{After: &Row{Head: Head{Key: Key{"bot", "lines", id}}}}
		for _, s := range starts {
			w.Starts = append(w.Starts, &Row{Head: Head{Key: Key{"bot", "deal", s}}})
		}
		return &waiting{w: w}
	}
	queue := []*waiting{write("b", "1"), write("a"), write("b"), write("c", "1"), write("d", "2")}
	turns, rest := choose(queue)
	ids := func(list []*waiting) (s string) {
		for _, p := range list {
			s += p.w.After.Key.ID
		}
		return s
	}
	if ids(turns) != "abd" || ids(rest) != "bc" {
		t.Errorf("turns %q, the rest %q", ids(turns), ids(rest))
	}
}
