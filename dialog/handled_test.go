package dialog

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Messages of one chat come in their order, some of them late behind up to 31
// later ones, and any of them again at any time: each is new exactly once.
func TestSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Record{}
		in := func(n int64) *Input {
			return &Input{Kind: KindText, Serial: Serial{Series: "tg:1:7", Number: n, Sent: 1000 + n/3}}
		}
		var waiting, done []int64
		next := int64(1)
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch x := rapid.IntRange(0, 9).Draw(t, "what"); {
			case x < 3 && len(done) > 0: // again
				n := rapid.SampledFrom(done).Draw(t, "again")
				if !r.isDuplicate(in(n)) {
					t.Fatalf("%d is taken twice: %+v", n, r.Series)
				}
				continue
			case x == 3: // one waits
				waiting = append(waiting, next)
				next += rapid.Int64Range(1, 5).Draw(t, "gap")
			}
			n := next
			if len(waiting) > 0 && (rapid.Bool().Draw(t, "comes") || behind(done, waiting[0]) >= windowMax-1) {
				n, waiting = waiting[0], waiting[1:]
			} else {
				next += rapid.Int64Range(1, 5).Draw(t, "gap")
			}
			if r.isDuplicate(in(n)) {
				t.Fatalf("%d was never handled, and is passed over: %+v", n, r.Series)
			}
			r.remember(in(n), false)
			done = append(done, n)
			if rapid.IntRange(0, 5).Draw(t, "dies") == 0 { // and it is read again
				row, err := r.row(0)
				if err != nil {
					t.Fatal(err)
				}
				if r, err = row.record(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// behind counts the numbers above n.
func behind(done []int64, n int64) (count int) {
	for _, x := range done {
		if x > n {
			count++
		}
	}
	return count
}

func TestSeriesBounds(t *testing.T) {
	r := &Record{}
	say := func(series string, n, sent int64) bool {
		in := &Input{Kind: KindText, Serial: Serial{Series: series, Number: n, Sent: sent}}
		if r.isDuplicate(in) {
			return false
		}
		r.remember(in, false)
		return true
	}
	for n := range int64(50) {
		say("tg:1:7", 1000+n, 500+n)
	}
	if !say("tg:2:7", 3, 400) {
		t.Error("another bot's message is taken for a redelivery")
	}
	if say("tg:1:7", 3, 549) {
		t.Error("a number below the floor is taken for a new message")
	}
	if !say("tg:1:7", 3, 600) || say("tg:1:7", 3, 600) || !say("tg:1:7", 4, 600) {
		t.Error("a counter that begins anew is not followed")
	}
	for _, other := range []string{"a", "b", "c", "d", "e"} {
		say(other, 1, 700)
	}
	if got := len(r.Series); got != seriesMax || r.Series[got-1].Series != "e" {
		t.Errorf("%d series are kept, the last one is %q", got, r.Series[got-1].Series)
	}
	for _, h := range r.Series {
		if len(h.Window) > windowMax || !slices.IsSorted(h.Window) {
			t.Errorf("window %v", h.Window)
		}
	}
	before := &Record{}
	before.remember(&Input{ID: "m:7:5", Kind: KindText}, false) // as record format 1 noted it
	if !before.isDuplicate(&Input{ID: "m:1:7:5", OldID: "m:7:5", Kind: KindText, Serial: Serial{Series: "tg:1:7", Number: 5}}) {
		t.Error("a message that an older version handled is taken again")
	}
}

// A record knows its last 32 inputs. A tap that changed something counts twice: by its id
// and by its button.
func TestSeenBounds(t *testing.T) {
	text := func(n int) *Input { return &Input{ID: fmt.Sprint("m:", n), Kind: KindText} }
	tap := func(n int) *Input {
		return &Input{ID: fmt.Sprint("c:", n), Kind: KindTap, Name: "back", Bound: true, Draft: "d", Revision: int64(n)}
	}
	for name, c := range map[string]struct {
		in   func(int) *Input
		last int // that are known
	}{"texts": {text, seenMax}, "taps": {tap, seenMax / 2}} {
		r := &Record{}
		for n := range 100 {
			r.remember(c.in(n), true)
		}
		for n := range 100 {
			if known, want := r.isDuplicate(c.in(n)), n >= 100-c.last; known != want {
				t.Errorf("%s: number %d of 100 is known: %v", name, n, known)
			}
		}
	}
}
