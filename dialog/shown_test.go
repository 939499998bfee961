package dialog

import "testing"

var chatA = Place{Channel: "chat", Address: "a", Push: true}

func at(version int64, message string) Shown {
	return Shown{Channel: chatA.Channel, Address: chatA.Address, Version: version, Message: message}
}

// What is sure at a place: what the store says, or less where this process may
// have written over it.
func TestSure(t *testing.T) {
	for name, c := range map[string]struct {
		did  func(*shownBox)
		sure int64
	}{
		"nothing is known":                       {func(*shownBox) {}, 0},
		"the store knows":                        {func(b *shownBox) { b.put(at(6, "m")) }, 6},
		"shown, then a newer one read":           {func(b *shownBox) { b.written(at(5, "m")); b.put(at(6, "m")) }, 5},
		"read, then an older one shown":          {func(b *shownBox) { b.put(at(6, "m")); b.written(at(5, "m")) }, 5},
		"an edit with no answer":                 {func(b *shownBox) { b.put(at(6, "m")); b.atMost(at(5, "m")) }, 5},
		"an edit with no answer, after an older": {func(b *shownBox) { b.written(at(4, "m")); b.put(at(6, "m")); b.atMost(at(5, "m")) }, 4},
		"the next one shown":                     {func(b *shownBox) { b.put(at(6, "m")); b.written(at(5, "m")); b.written(at(7, "m")) }, 7},
		"nobody wrote before":                    {func(b *shownBox) { b.written(at(5, "m")); b.settle(at(5, "m")); b.put(at(6, "m")) }, 6},
		"a newer one is not settled by an older": {func(b *shownBox) {
			b.written(at(5, "m"))
			b.written(at(6, "m"))
			b.settle(at(5, "m"))
			b.put(at(7, "m"))
		}, 6},
		"another message replaced it":               {func(b *shownBox) { b.written(at(5, "m")); b.put(at(6, "n")) }, 6},
		"a tap on a button that was long gone":      {func(b *shownBox) { b.put(at(6, "m")); b.atMost(at(0, "m")) }, 0},
		"a tap on another message":                  {func(b *shownBox) { b.put(at(6, "m")); b.atMost(at(0, "l")) }, 6},
		"a tap on another message hides no doubt":   {func(b *shownBox) { b.written(at(5, "m")); b.put(at(6, "m")); b.atMost(at(0, "l")) }, 5},
		"a message that is known and was not shown": {func(b *shownBox) { b.merge(&shownBox{list: []Shown{at(0, "m")}}); b.written(at(1, "m")) }, 1},
	} {
		r := &Record{shown: &shownBox{}}
		c.did(r.shown)
		if got := r.sure(chatA); got != c.sure {
			t.Errorf("%s: %d, not %d", name, got, c.sure)
		}
	}
}

// A box that is merged into another one takes nothing from it.
func TestMergeBoxes(t *testing.T) {
	b, other := &shownBox{}, &shownBox{}
	b.written(at(5, "m"))
	b.drop("k")
	other.put(at(6, "m"))
	other.atMost(at(2, "m"))
	other.drop("l")
	b.merge(other)
	r := &Record{shown: b}
	if r.Message(chatA) != "m" || r.sure(chatA) != 5 || !b.dropped("k") || !b.dropped("l") {
		t.Errorf("%+v", b)
	}
	fresh := &shownBox{}
	fresh.merge(&shownBox{list: []Shown{at(0, "m")}}) // of a start that took a message over
	if fresh.get(chatA).Message != "m" {
		t.Errorf("a message that shows nothing yet is lost: %+v", fresh)
	}
}

// A place that was handed over is noted, and a late write to its message is the heir's to mend.
func TestHandedOver(t *testing.T) {
	p := chatA
	p.Released, p.Given, p.Heir = 6, "m", "bot:deal:D-1"
	r := &Record{Head: Head{Version: 6}, Card: 6, Places: []Place{p}, shown: &shownBox{}}
	r.shown.written(at(5, "m"))
	if r.Message(p) != "" || !r.handing(p) || !r.strayed(p) || !r.unfinished() {
		t.Errorf("just handed over: %+v", r.shown)
	}
	r.shown.put(at(6, "m"))
	r.shown.settle(at(5, "m"))
	if r.Message(p) != "" || r.handing(p) || r.strayed(p) || r.unfinished() {
		t.Errorf("noted: %+v", r.shown)
	}
	r.Card, r.Anew = 7, 7
	if !r.Undelivered() {
		t.Error("what comes later has no message of its own and is not shown")
	}
	r.shown.written(at(7, "n"))
	if r.Message(p) != "n" || r.unfinished() {
		t.Errorf("a message of its own: %+v", r.shown)
	}
}
