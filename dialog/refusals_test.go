package dialog

import (
	"fmt"
	"testing"
	"time"
)

func TestRefusals(t *testing.T) {
	r := refusals[Key]{pause: 2 * time.Minute}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	key := func(n int) Key { return Key{"bot", "pizza", fmt.Sprint(n)} }
	const many = 20_000
	for minute := range 3 {
		for n := range many { // more people than anybody expects, each with a clock of their own
			if got := r.again(key(n), now); got != time.Duration(minute)*time.Minute {
				t.Fatalf("refused for %v in minute %d", got, minute)
			}
		}
		now = now.Add(time.Minute)
	}
	r.over(key(1))
	if got := r.again(key(1), now); got != 0 {
		t.Errorf("refused for %v after it was over", got)
	}
	if now = now.Add(time.Hour); r.again(key(2), now) != 0 {
		t.Error("a refusal of an hour ago counts")
	}
	for n := range many + 1000 {
		r.again(key(many+n), now)
	}
	for range 2 { // grows with those who ask, not with those who once asked
		now = now.Add(time.Hour)
		for n := range 3000 {
			r.again(key(n), now)
		}
	}
	r.tidy(now)
	if len(r.m) != 3000 {
		t.Errorf("%d are kept, 3,000 ask", len(r.m))
	}
}

// However many are refused at once, what is kept of them is bounded; those that
// are forgotten begin anew.
func TestRefusalsMost(t *testing.T) {
	r := refusals[int]{pause: time.Hour}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range 5 * refusalsMost / 2 {
		r.again(n, now)
		if len(r.m) > refusalsMost {
			t.Fatalf("%d are kept", len(r.m))
		}
	}
	kept := 0
	for n := range 5 * refusalsMost / 2 {
		if _, ok := r.m[n]; ok {
			kept++
			if got := r.again(n, now.Add(time.Minute)); got != time.Minute {
				t.Fatalf("refused for %v", got)
			}
		}
	}
	if kept < refusalsMost/2 {
		t.Errorf("%d are kept", kept)
	}
}
