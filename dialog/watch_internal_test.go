package dialog

import "testing"

// Of keys that nobody watches any more nothing is kept, and a word for one of them finds nobody.
func TestWatchesKeepNothing(t *testing.T) {
	e := &Engine{cache: newCache(0)}
	a, b := Key{"bot", "flow", "a"}, Key{"bot", "flow", "b"}
	_, over := e.Watch(a, b)
	_, overToo := e.Watch(b, b)
	over()
	if list := e.watches.of[b]; len(list) != 2 || len(e.watches.of) != 1 {
		t.Errorf("%v are left, want one watcher of b, twice", e.watches.of)
	}
	overToo()
	overToo()
	e.watches.tell(b)
	if len(e.watches.of)+len(e.watches.all)+e.Watchers() != 0 {
		t.Errorf("left: %v, %v, %d", e.watches.of, e.watches.all, e.Watchers())
	}
}

// BenchmarkTell is what a commit pays: while nobody watches anything, and beside 10,000 watchers of other keys.
func BenchmarkTell(b *testing.B) {
	w := &Write{After: &Row{Head: Head{Key: Key{"bot", "flow", "tg:1000001"}}}}
	b.Run("nobody", func(b *testing.B) {
		var s watches
		for b.Loop() {
			s.tellWrite(w)
		}
	})
	b.Run("others", func(b *testing.B) {
		var s watches
		for i := range 10_000 {
			s.add(&watcher{keys: []Key{{"bot", "flow", string(rune(i))}}, told: make(chan struct{}, 1)})
		}
		for b.Loop() {
			s.tellWrite(w)
		}
	})
}
