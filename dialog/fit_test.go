package dialog

import (
	"strconv"
	"strings"
	"testing"
)

// TestJudge judges inputs of a record of revision 3, whose last turns were a tap of
// revision 2 and message 7.
func TestJudge(t *testing.T) {
	tap := func(id, owner, draft, action string, revision int64) *Input {
		return &Input{ID: id, Kind: KindTap, Owner: owner, Name: action, Bound: true, Draft: draft, Revision: revision}
	}
	r := &Record{Head: Head{Owner: "tg:1", Draft: "d", Version: 5, Revision: 3}}
	r.remember(tap("c:1", "tg:1", "d", "small", 2), true)
	r.remember(&Input{ID: "m:7", Kind: KindText, Serial: Serial{Series: "tg:1", Number: 7}}, false)
	missing := &Record{Head: Head{Owner: "tg:1"}}
	for name, x := range map[string]struct {
		r    *Record
		in   *Input
		want fit
	}{
		"a text":                             {r, &Input{ID: "m:8", Kind: KindText, Owner: "tg:1"}, inputFits},
		"a button of this card":              {r, tap("c:2", "tg:1", "d", "back", 3), inputFits},
		"a button of an earlier card":        {r, tap("c:2", "tg:1", "d", "back", 2), inputOlder},
		"a button of a later card":           {r, tap("c:2", "tg:1", "d", "back", 4), inputOlder}, // of another life of the row
		"a button of another draft":          {r, tap("c:2", "tg:1", "e", "back", 3), inputOlder},
		"a form of an earlier card":          {r, &Input{ID: "w:1", Kind: KindText, Owner: "tg:1", Bound: true, Draft: "d", Revision: 2}, inputOlder},
		"a menu button":                      {r, &Input{ID: "c:2", Kind: KindTap, Owner: "tg:1", Name: "help"}, inputFits},
		"the same tap":                       {r, tap("c:1", "tg:1", "d", "small", 2), inputDuplicate},
		"the same button, another tap":       {r, tap("c:2", "tg:1", "d", "small", 2), inputDuplicate},
		"another button of the same card":    {r, tap("c:2", "tg:1", "d", "large", 2), inputOlder},
		"the same message":                   {r, &Input{ID: "m:7", Kind: KindText, Owner: "tg:1"}, inputDuplicate},
		"the same number":                    {r, &Input{ID: "m:7b", Kind: KindText, Owner: "tg:1", Serial: Serial{Series: "tg:1", Number: 7}}, inputDuplicate},
		"the id that an old record has":      {r, &Input{ID: "new", OldID: "m:7", Kind: KindText, Owner: "tg:1"}, inputDuplicate},
		"a stranger's text":                  {r, &Input{ID: "m:8", Kind: KindText, Owner: "tg:2"}, inputForeign},
		"a stranger's tap of this card":      {r, tap("c:2", "tg:2", "d", "back", 3), inputForeign},
		"a stranger's tap that was handled":  {r, tap("c:2", "tg:2", "d", "small", 2), inputForeign},
		"a result":                           {r, &Input{ID: "e:1", Kind: KindResult}, inputFits},
		"a result that was handled":          {r, &Input{ID: "c:1", Kind: KindResult}, inputDuplicate},
		"a wake with the id of another":      {r, &Input{ID: "c:1", Kind: KindWake}, inputFits},
		"a text, and no conversation":        {missing, &Input{ID: "m:1", Kind: KindText, Owner: "tg:1"}, inputFits},
		"a button, and no conversation":      {missing, tap("c:2", "tg:1", "d", "back", 3), inputOlder},
		"a wake, and no conversation":        {missing, &Input{ID: "wake", Kind: KindWake}, inputForeign},
		"an order, and no conversation":      {missing, &Input{ID: "o:1", Kind: KindOrder}, inputForeign},
		"the word of a block, and none here": {missing, &Input{ID: "b:1", Kind: KindBlock, Owner: "tg:1"}, inputForeign},
	} {
		_, sits := seatFor(nil, x.r, x.in)
		if got := judge(x.r, x.in, sits); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

// lines is a flow that keeps every line. From an earlier card it takes those that
// begin with a plus.
type lines struct{}

func (lines) FlowName() string { return "lines" }

func (lines) Accepts(r *Record, in *Input) bool {
	return in.Draft == r.Draft && strings.HasPrefix(in.Text, "+")
}

func (lines) Decide(t *Turn) {
	line := t.Input.Text
	if t.Older {
		line += " (older)"
	}
	t.Record.Draft, t.Record.Answers = "d", []byte(string(t.Record.Answers)+line+"\n")
	t.Applied()
}

func (lines) Render(r *Record, _ View) Card { return Card{Question: string(r.Answers)} }

func TestFlowThatAcceptsOlderInputs(t *testing.T) {
	e, err := New(NewMemory(), Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	line := func(id, text string, revision int64) Input {
		return Input{ID: id, Kind: KindText, Owner: "tg:1", Text: text, Bound: revision > 0, Draft: "d", Revision: revision}
	}
	for _, x := range []struct {
		in   Input
		want Did
	}{
		{line("1", "one", 0), DidApply},
		{line("2", "two", 1), DidApply},
		{line("3", "three", 1), DidStale},
		{line("4", "+four", 1), DidApply},
		{line("4", "+four", 1), DidDuplicate},
	} {
		if out, err := e.Handle(t.Context(), x.in); err != nil || out.Did != x.want {
			t.Errorf("%s: %s, %v; want %s", x.in.Text, out.Did, err, x.want)
		}
	}
	r, _, err := e.Hydrate(t.Context(), Key{"bot", "lines", "tg:1"})
	if want := "one\ntwo\n+four (older)\n"; err != nil || string(r.Answers) != want {
		t.Errorf("%q, %v; want %q", r.Answers, err, want)
	}
}

// A record keeps the eight places that were used last, the last one first.
func TestPlacesBound(t *testing.T) {
	e, err := New(NewMemory(), Config{}, lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	var places []Place
	for n, address := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "c"} {
		in := Input{ID: strconv.Itoa(n), Kind: KindText, Owner: "tg:1", Text: "x", Place: Place{Channel: "web", Address: address}}
		out, err := e.Handle(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		places = out.Record.Places
	}
	got := ""
	for _, p := range places {
		got += p.Address
	}
	if want := "cjihgfed"; got != want {
		t.Errorf("places %s, want %s", got, want)
	}
}
