package dialog

import (
	"fmt"
	"testing"
	"time"
)

func TestRefusals(t *testing.T) {
	var r refusals
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
