package dialog

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// nasty are pieces that cost more bytes than characters: in UTF-8, as JSON, as HTML.
var nasty = []string{"<", "&", "\"", "\\", "\n", "\x00", "\x01", "\u2028", "\u00ad", "é", "漢", "😀", "\xff", "a"}

func longText(r *rand.Rand, runes int) string {
	var b strings.Builder
	piece := nasty[r.IntN(len(nasty))]
	for range runes {
		if r.IntN(3) == 0 {
			piece = nasty[r.IntN(len(nasty))]
		}
		b.WriteString(piece)
	}
	return b.String()
}

// TestBoundsOfText: a text is cut at TextMost runes, and what it keeps is what it began with.
func TestBoundsOfText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		in := Input{Kind: KindText, Text: longText(r, r.IntN(2*TextMost))}
		whole := clean(in.Text)
		if err := in.clamp(strings.Clone); err != nil {
			t.Fatal(err)
		}
		n := utf8.RuneCountInString(in.Text)
		if !utf8.ValidString(in.Text) || n > TextMost || !strings.HasPrefix(whole, in.Text) || n+in.Over != utf8.RuneCountInString(whole) {
			t.Fatalf("%d runes and %d over, of %d", n, in.Over, utf8.RuneCountInString(whole))
		}
	}
	in := Input{Kind: KindTap, Name: "create", Value: strings.Repeat("x", 60_000)}
	if err := in.clamp(strings.Clone); err != nil || in.Name == "create" || in.Value != "" {
		t.Errorf("%v: a button that nobody made is %s with %d bytes", err, in.Name, len(in.Value))
	}
}

// TestRowsHaveRoom: whatever a person types, its row keeps it once and has at most 64 KiB.
func TestRowsHaveRoom(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		in := Input{Kind: KindText, Text: longText(r, 2*TextMost)}
		if err := in.clamp(strings.Clone); err != nil {
			t.Fatal(err)
		}
		rec := &Record{Answers: []byte(strings.Repeat("a", 32<<10)), shown: &screens{}}
		for n := range placesMax {
			rec.Places = append(rec.Places, Place{Channel: "telegram", Address: fmt.Sprint(n), Given: strings.Repeat("9", 19), Heir: strings.Repeat("k", 64)})
		}
		turn := &Turn{Before: &Record{}, Record: rec, Input: &in}
		turn.Quote("at_review", map[string]string{"typed": in.Text}, in.Text)
		row, err := rec.fits(1, nil)
		if err != nil || row.size() > rowMost-shownMost {
			t.Fatalf("%v: %+v", err, row)
		}
		if row.size() > len(rec.Answers)+6*TextMost+2048 {
			t.Fatalf("a row of %d bytes has the text twice", row.size())
		}
		back, err := row.record()
		if err != nil || !back.Said.same(rec.Said) {
			t.Fatalf("%v: %+v is read as %+v", err, rec.Said, back.Said)
		}
	}
}

// TestLargeRow: a row that a turn makes too large is a defect, and one that was so before is
// left as it is.
func TestLargeRow(t *testing.T) {
	large := func(answers, effects, timers int) *Record {
		r := &Record{Answers: []byte(strings.Repeat("a", answers)), shown: &screens{}}
		for n := range effects {
			r.Pending = append(r.Pending, PendingEffect{ID: fmt.Sprint(n), Name: "print", Arg: []byte(`"` + strings.Repeat("b", ArgMost-2) + `"`)})
		}
		for n := range timers {
			r.Timers = append(r.Timers, Timer{fmt.Sprint("timer", n), int64(n)})
		}
		return r
	}
	for name, c := range map[string]struct {
		was, r *Record
		defect bool
	}{
		"answers":                     {&Record{}, large(70_000, 0, 0), true},
		"a start":                     {nil, large(70_000, 0, 0), true},
		"one more effect":             {large(20_000, 2, 0), large(20_000, 3, 0), true},
		"an effect has ended":         {large(20_000, 4, 0), large(20_000, 3, 0), false},
		"of an earlier program":       {large(70_000, 0, 0), large(70_000, 0, 0), false},
		"a timer in a full draft":     {large(bulkMost, 0, 0), large(bulkMost, 0, 1), false},
		"timers without an end":       {large(bulkMost, 0, 100), large(bulkMost, 0, 200), true},
		"an answer in a full draft":   {large(bulkMost, 0, 0), large(bulkMost+1, 0, 0), true},
		"a larger row of before":      {large(60<<10, 0, 0), large(60<<10, 0, 1), false},
		"it grows":                    {large(60<<10, 0, 0), large(60<<10+1, 0, 0), true},
		"a full draft becomes lesser": {large(bulkMost+10, 0, 0), large(bulkMost+1, 0, 0), false},
	} {
		row, err := c.r.fits(1, c.was)
		if errors.Is(err, errDefect) != c.defect || (err == nil) == c.defect {
			t.Errorf("%s: %v, want a defect: %v", name, err, c.defect)
		}
		if err == nil && row.size() > max(rowMost-shownMost, c.was.flowPart()+1024) {
			t.Errorf("%s: a row of %d bytes", name, row.size())
		}
	}
}

// TestRowsGiveWay: a row without room keeps what the flow wrote, the place where the person
// is, and that other places may have blocks.
func TestRowsGiveWay(t *testing.T) {
	long := strings.Repeat("n", idMost)
	r := &Record{Head: Head{Key: Key{long, long, long}, Owner: long}, Answers: make([]byte, flowMost-1000), shown: &screens{},
		Unread: make([]byte, 30<<10), Said: &Said{Code: "plain", Typed: strings.Repeat("x", 4096), Items: [][]string{{long, long, long}}}}
	for n := range placesMax {
		p := Place{Channel: long, Address: long[:200] + fmt.Sprint(n), Thread: long, Given: long, Heir: r.Key.String(), Lang: long[:wordMost], Blocked: true}
		r.Places = append(r.Places, p)
		for k := range blockNotesMax {
			r.addNote(p, r.Key.String()[:700]+fmt.Sprint(k))
		}
	}
	for n := range seriesMax {
		h := Handled{Series: long[:200] + fmt.Sprint(n), Floor: 1 << 40}
		for i := range windowMax {
			h.Window = append(h.Window, 1<<52+int64(i)<<45)
		}
		r.Series = append(r.Series, h)
	}
	for n := range uint64(seenMax) {
		r.Seen = append(r.Seen, n)
	}
	row, err := r.fits(1, r)
	if err != nil || row.size() > rowMost-shownMost {
		t.Fatalf("%v: %d bytes", err, row.size())
	}
	back, err := row.record()
	if err != nil || len(back.Answers) != flowMost-1000 || len(back.Places) != 1 || len(back.Series) == 0 || len(back.Seen) != seenMax {
		t.Errorf("%v: %d places, %d series, %d inputs", err, len(back.Places), len(back.Series), len(back.Seen))
	}
	if n := back.BlockNotes; len(n) != 1 || n[0].Key != "" || n[0].Address != r.Places[0].Address {
		t.Errorf("the notes are %+v", n)
	}
}

// TestCopiesHaveRoom: the copy of a row that has the bound of a row is a value of a draft
// store. The bound of a row alone would be too small for it.
func TestCopiesHaveRoom(t *testing.T) {
	long := strings.Repeat("n", 256)
	row := &Row{Head: Head{Key: Key{long, long, long}, Owner: long, Guest: long, Draft: long, Step: long, Version: math.MinInt64, Tag: math.MinInt64,
		DraftTag: math.MinInt64, Revision: math.MinInt64, Schema: math.MinInt, Format: math.MinInt, Where: InMemory,
		Created: time.UnixMilli(math.MinInt64), Updated: time.UnixMilli(math.MinInt64), Expires: time.UnixMilli(math.MinInt64)},
		Due: math.MinInt64, Answers: make([]byte, bulkMost), Seen: make([]byte, 8*seenMax), Shown: make([]byte, shownMost)}
	row.State = make([]byte, rowMost-shownMost-row.size())
	e := &Engine{store: NewMemory()}
	value, err := e.sealed(t.Context(), copyName(row.Key), encodeCopy(row))
	if err != nil || len(value) <= rowMost || len(value) > ValueMost {
		t.Errorf("%v: %d bytes of a row of %d, at most %d", err, len(value), row.size()+len(row.Shown), ValueMost)
	}
}

// TestShownHasRoom: the column shown keeps the entries of the latest versions.
func TestShownHasRoom(t *testing.T) {
	x := &screens{}
	for n := range 40 {
		x.change(Place{Channel: "chat", Address: fmt.Sprint(n, strings.Repeat("<", 200))}, func(v screen) screen {
			v, _ = v.wrote(int64(n+1), "m")
			return v
		})
	}
	list := decodeShown(x.copied())
	if n := len(x.copied()); n > shownMost || len(list) < 10 {
		t.Errorf("%d entries in %d bytes", len(list), n)
	}
	for i, s := range list {
		if s.Version != int64(40-len(list)+i+1) {
			t.Errorf("entry %d is of version %d", i, s.Version)
		}
	}
}

// TestCacheCountsEverything: each string and each slice that a record refers to counts.
func TestCacheCountsEverything(t *testing.T) {
	const more = 10_000
	var walk func(v reflect.Value, path string, size func() int)
	walk = func(v reflect.Value, path string, size func() int) {
		before := size()
		switch v.Kind() {
		case reflect.String:
			v.SetString(strings.Repeat("x", more))
		case reflect.Slice:
			if k := v.Type().Elem().Kind(); k != reflect.Struct && k != reflect.Slice {
				v.Set(reflect.MakeSlice(v.Type(), more, more))
				break
			}
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			walk(v.Index(0), path+"[]", size)
			return
		case reflect.Map:
			key := reflect.New(v.Type().Key()).Elem()
			key.SetString(strings.Repeat("x", more))
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
		case reflect.Pointer:
			if strings.HasSuffix(path, "Reason.Reason") || strings.HasSuffix(path, "Then.Then") {
				return
			}
			v.Set(reflect.New(v.Type().Elem()))
			walk(v.Elem(), path, size)
			return
		case reflect.Struct:
			for i := range v.NumField() {
				if f := v.Type().Field(i); f.IsExported() && f.Type.String() != "time.Time" {
					walk(v.Field(i), path+"."+f.Name, size)
				}
			}
			return
		default:
			return
		}
		if got := size() - before; got < more {
			t.Errorf("%s of %d counts as %d bytes", path, more, got)
		}
		v.SetZero()
	}
	r := &Record{}
	walk(reflect.ValueOf(r).Elem(), "Record", func() int { return r.size() })
}

// TestHeldDrafts: of several turns whose outcome is unknown, each may be the one that was
// written.
func TestHeldDrafts(t *testing.T) {
	key := Key{"bot", "pizza", "tg:1"}
	draft := func(tag int64) *Record {
		return &Record{Head: Head{Key: key, Where: InMemory, DraftTag: tag}, Answers: []byte{byte(tag)}}
	}
	h := &heldDrafts{}
	for tag := int64(2); tag < 100; tag++ {
		h.hold(draft(1), draft(tag))
		for _, want := range []int64{1, 2, max(2, tag-5), tag} {
			if got, ok := h.find(key, want); !ok || len(got) != 1 || got[0] != byte(want) {
				t.Fatalf("after turn %d: draft %d is %v, %v", tag, want, got, ok)
			}
		}
		if h.n > heldOfOneMost {
			t.Fatalf("%d bytes are held", h.n)
		}
	}
	if h.release(key); h.n != 0 || len(h.m) != 0 {
		t.Errorf("%d bytes of %d conversations are held after a commit", h.n, len(h.m))
	}
}

// TestHeldBytes: drafts of unknown outcome are bounded in bytes as well.
func TestHeldBytes(t *testing.T) {
	h := &heldDrafts{}
	for n := range 100 {
		r := &Record{Head: Head{Key: Key{"bot", "pizza", fmt.Sprint(n)}, Where: InMemory}, Answers: make([]byte, 1<<20)}
		h.hold(r, r)
	}
	if h.n > heldBytesMost || len(h.m) == 0 {
		t.Errorf("%d conversations with %d bytes", len(h.m), h.n)
	}
	for key := range h.m {
		h.release(key)
	}
	if h.n != 0 {
		t.Errorf("%d bytes of nothing", h.n)
	}
}

// TestDueMarksAreBounded: while the store is away, a bounded number of due marks waits. The newest stay.
func TestDueMarksAreBounded(t *testing.T) {
	const each = 4000
	var b batcher
	for n := range 5 {
		l := &batch{Batch: Batch{Due: b.due}}
		b.due, b.dueAt = nil, nil
		var marks []DueMark
		for i := range each {
			marks = append(marks, DueMark{Key{"bot", "pizza", fmt.Sprint(n, "-", i)}, 1, 1})
		}
		b.keepDue(marks) // while the batch fails
		b.again(l, ErrUnavailable)
		if len(b.due) > dueMax || len(b.due) < each || b.due[len(b.due)-1] != marks[each-1] {
			t.Errorf("%d marks wait", len(b.due))
		}
	}
}

// TestQuarantineIsBounded: a bounded number of keys is quarantined.
func TestQuarantineIsBounded(t *testing.T) {
	var b batcher
	for n := range 2 * quarantineMost {
		b.quarantineKey(Key{"bot", "pizza", fmt.Sprint(n)})
	}
	if n := len(b.quarantine.until); n != quarantineMost {
		t.Errorf("%d keys", n)
	}
}

// TestCountsOfADayAreBounded: the counts of events have a bounded number of conversations.
func TestCountsOfADayAreBounded(t *testing.T) {
	var d daily
	for n := range countedMost + 1000 {
		if !d.take(Key{"bot", "pizza", fmt.Sprint(n)}, EventRehydrated, time.Unix(1_700_000_000, 0)) {
			t.Fatal("the first event of a conversation is dropped")
		}
		if len(d.used) > countedMost+1 {
			t.Fatalf("%d conversations", len(d.used))
		}
	}
}
