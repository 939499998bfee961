package limit

import (
	"strconv"
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := New(2, 3)
	take := func(key string, want time.Duration) {
		t.Helper()
		if got := l.Take(key, now); got != want {
			t.Errorf("%s at %s: wait %s, want %s", key, now.Format("05.000"), got, want)
		}
	}
	for range 3 {
		take("anna", 0)
	}
	for range 3 { // an empty bucket stays as it is
		take("anna", time.Second/2)
	}
	take("bob", 0)
	now = now.Add(time.Second / 4)
	take("anna", time.Second/4)
	now = now.Add(time.Second / 4)
	take("anna", 0)
	take("anna", time.Second/2)
	now = now.Add(time.Hour)
	for range 3 { // a bucket holds no more than its burst
		take("anna", 0)
	}
	take("anna", time.Second/2)
}

// A token that is given back can be taken again. A full bucket stays full.
func TestGive(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := New(1, 2)
	l.Give("anna", now)
	for range 10 {
		if wait := l.Take("anna", now); wait != 0 {
			t.Fatalf("wait %s for a token that was given back", wait)
		}
		l.Give("anna", now)
	}
	l.Give("anna", now)
	if first, second, third := l.Take("anna", now), l.Take("anna", now), l.Take("anna", now); first != 0 || second != 0 || third != time.Second {
		t.Errorf("wait %s, %s, then %s", first, second, third)
	}
	l = nil
	l.Give("anna", now)
}

// A burst is at least one token.
func TestSlow(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	l := PerPerson(0.1)
	if first, second := l.Take("anna", now), l.Take("anna", now); first != 0 || second != 10*time.Second {
		t.Errorf("wait %s, then %s", first, second)
	}
}

func TestOff(t *testing.T) {
	l := PerPerson(0)
	for range 1000 {
		if wait := l.Take("anna", time.Unix(0, 0)); wait != 0 {
			t.Fatalf("wait %s without a limit", wait)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	l := New(1, 2)
	l.buckets.most = 100
	now := time.Unix(0, 0)
	for i := range 100_000 {
		l.Take(strconv.Itoa(i), now)
		l.Take("busy", now)
	}
	if n := l.buckets.Len(); n > 200 {
		t.Errorf("%d buckets", n)
	}
	if l.Take("busy", now) == 0 {
		t.Error("a key that asks all the time was forgotten")
	}
}
