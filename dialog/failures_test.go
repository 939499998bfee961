package dialog

import (
	"fmt"
	"testing"
	"time"
)

func TestFailures(t *testing.T) {
	f := failures[Key]{pause: 2 * time.Minute}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	key := func(n int) Key { return Key{"bot", "pizza", fmt.Sprint(n)} }
	const many = 20_000
	for minute := range 3 {
		for n := range many { // more people than anybody expects, each counted by itself
			if got := f.add(key(n), now); got != time.Duration(minute)*time.Minute {
				t.Fatalf("failed for %v in minute %d", got, minute)
			}
		}
		now = now.Add(time.Minute)
	}
	f.over(key(1))
	if got := f.add(key(1), now); got != 0 {
		t.Errorf("failed for %v after it was over", got)
	}
	if now = now.Add(time.Hour); f.add(key(2), now) != 0 {
		t.Error("a failure of an hour ago counts")
	}
	for n := range many + 1000 {
		f.add(key(many+n), now)
	}
	for range 2 { // grows with those who retry now
		now = now.Add(time.Hour)
		for n := range 3000 {
			f.add(key(n), now)
		}
	}
	f.tidy(now)
	if len(f.m) != 3000 {
		t.Errorf("%d are kept, 3,000 retry", len(f.m))
	}
}

// The number that is kept has a bound; those that are dropped begin anew.
func TestFailuresMost(t *testing.T) {
	f := failures[int]{pause: time.Hour}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := range 5 * failuresMost / 2 {
		f.add(n, now)
		if len(f.m) > failuresMost {
			t.Fatalf("%d are kept", len(f.m))
		}
	}
	kept := 0
	for n := range 5 * failuresMost / 2 {
		if _, ok := f.m[n]; ok {
			kept++
			if got := f.add(n, now.Add(time.Minute)); got != time.Minute {
				t.Fatalf("failed for %v", got)
			}
		}
	}
	if kept < failuresMost/2 {
		t.Errorf("%d are kept", kept)
	}
}
