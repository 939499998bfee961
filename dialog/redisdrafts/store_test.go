package redisdrafts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patient are the options of tests that measure no time: the machine may be
// busy.
var patient = redisdrafts.Options{Timeout: patience}

// patience bounds a hang, not a slow machine.
const patience = time.Minute

// soon waits until ok.
func soon(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

const name = "{bot:escrow:tg:1000001}"

func open(t testing.TB, url string, o redisdrafts.Options) *redisdrafts.Store {
	t.Helper()
	s, err := redisdrafts.Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func ready(t testing.TB, s *redisdrafts.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	soon(t, "redis answers", func() bool { return s.Ping(ctx) == nil })
}

func put(t testing.TB, s *redisdrafts.Store, name string, version int64, value string) {
	t.Helper()
	if err := s.Put(t.Context(), name, version, []byte(value), time.Hour); err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, s *redisdrafts.Store, name, value string) {
	t.Helper()
	b, err := s.Get(t.Context(), name)
	if err != nil || string(b) != value {
		t.Fatalf("got %q, %v, want %q", b, err, value)
	}
}

func missing(t testing.TB, s *redisdrafts.Store, name string) {
	t.Helper()
	if b, err := s.Get(t.Context(), name); !errors.Is(err, dialog.ErrNotFound) {
		t.Fatalf("got %q, %v, want ErrNotFound", b, err)
	}
}

// contract tests the behaviour that every kind of Redis must have.
func contract(t *testing.T, url string) {
	s := open(t, url, patient)
	ready(t, s)
	t.Run("round trip", func(t *testing.T) {
		missing(t, s, name)
		for _, v := range []string{"", "Ünïcøde 🍕\x00\r\n", strings.Repeat("x", dialog.ValueMost)} {
			put(t, s, name, 0, v)
			want(t, s, name, v)
		}
		if err := s.Delete(t.Context(), name, name+":00000000000000ff", "{another:slot:x}"); err != nil {
			t.Fatal(err)
		}
		missing(t, s, name)
		if err := s.Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("never over a newer version", func(t *testing.T) {
		// Pairs whose bytes compare differently from their numbers, and pairs
		// beyond 32 bits.
		for i, pair := range [][2]int64{{1, 2}, {9, 10}, {255, 256}, {256, 511}, {1<<32 - 1, 1 << 32}, {1<<52 - 1, 1 << 52}} {
			n := name + strconv.Itoa(i)
			put(t, s, n, pair[1], "newer")
			put(t, s, n, pair[0], "older")
			want(t, s, n, "newer")
			put(t, s, n, pair[1], "again")
			want(t, s, n, "again")
			put(t, s, n, pair[1]+1, "next")
			want(t, s, n, "next")
		}
	})
	t.Run("many writers", func(t *testing.T) {
		var all sync.WaitGroup
		for v := range 200 {
			all.Go(func() { put(t, s, name+"many", int64(v+1), strconv.Itoa(v+1)) })
		}
		all.Wait()
		want(t, s, name+"many", "200")
	})
	t.Run("too large", func(t *testing.T) {
		if err := s.Put(t.Context(), name, 0, make([]byte, dialog.ValueMost+1), time.Hour); !errors.Is(err, dialog.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestSingle(t *testing.T) { contract(t, testdb.Redis(t)) }

func TestCluster(t *testing.T) { contract(t, testdb.RedisCluster(t)) }

func TestLayout(t *testing.T) {
	node := testdb.RedisServer(t)
	s := open(t, node.URL(), patient)
	put(t, s, name, 7, "copy")
	if err := s.Put(t.Context(), name+":00000000000000ff", 0, []byte("draft"), 8*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	keys := node.Do("KEYS", "*")
	for _, key := range []string{"draft:{bot:escrow:tg:1000001}", "draft:{bot:escrow:tg:1000001}:00000000000000ff"} {
		if !strings.Contains(keys+"\n", key+"\n") {
			t.Errorf("no key %s in\n%s", key, keys)
		}
	}
	if got := node.Do("GET", "draft:"+name); !strings.HasPrefix(got, "\x02\x00\x00\x00\x00\x00\x00\x00\x07copy") || len(got) != 17 {
		t.Errorf("value %q", got)
	}
	ttl := func(key string) int {
		n, _ := strconv.Atoi(node.Do("PTTL", key))
		return n
	}
	if got := ttl("draft:" + name + ":00000000000000ff"); got < 690_000_000 || got > 691_200_000 {
		t.Errorf("ttl %d ms, want 8 days", got)
	}
	// The TTL slides: each write restarts it.
	node.Do("PEXPIRE", "draft:"+name, "1000")
	put(t, s, name, 8, "copy")
	if got := ttl("draft:" + name); got < 3_500_000 || got > 3_600_000 {
		t.Errorf("ttl %d ms, want an hour", got)
	}
	if err := s.Put(t.Context(), name, 9, nil, 0); err != nil {
		t.Fatal(err)
	}
	soon(t, "the value expires", func() bool { _, err := s.Get(t.Context(), name); return errors.Is(err, dialog.ErrNotFound) })
}

// TestRoundTrips counts commands: one for each call.
func TestRoundTrips(t *testing.T) {
	node := testdb.RedisServer(t)
	s := open(t, node.URL(), patient)
	put(t, s, name, 1, "loads the script")
	node.Do("CONFIG", "RESETSTAT")
	put(t, s, name, 2, "x")
	put(t, s, name+":1", 0, "x")
	want(t, s, name, "x")
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	stats := node.Do("INFO", "commandstats")
	for _, cmd := range []string{"evalsha", "get", "del"} {
		if !strings.Contains(stats, "cmdstat_"+cmd+":calls=1,") {
			t.Errorf("%s was called more or less than once:\n%s", cmd, stats)
		}
	}
	if strings.Contains(stats, "cmdstat_eval:") {
		t.Error("the script was sent again")
	}
}

func TestForeignValues(t *testing.T) {
	node := testdb.RedisServer(t)
	var reported []string
	o := patient
	o.Trouble = func(what string, err error) { reported = append(reported, what+": "+err.Error()) }
	s := open(t, node.URL(), o)
	node.Do("RPUSH", "draft:"+name+"list", "a", "b")
	node.Do("SET", "draft:"+name+"short", "\x01\x00")
	node.Do("SET", "draft:"+name+"garbage", "some words that are not ours")
	node.Do("SET", "draft:"+name+"later", "\x03\x00\x00\x00\x00\x00\x00\x00\x07of another format")
	node.Do("SET", "draft:"+name+"huge", "\x02\x00\x00\x00\x00\x00\x00\x00\x02"+strings.Repeat("x", dialog.ValueMost+1))
	put(t, s, name+"bent", 2, "what was written")
	node.Do("COPY", "draft:"+name+"bent", "draft:"+name+"moved")
	node.Do("SETRANGE", "draft:"+name+"bent", "12", "?")
	node.Do("SET", "draft:"+name+"emptied", "\x02\x00\x00\x00\x00\x00\x00\x00\x02{}")
	foreign := []string{"list", "short", "garbage", "later", "huge", "bent", "moved", "emptied"}
	for _, n := range foreign {
		for range 10 { // more than open the breaker
			missing(t, s, name+n)
		}
	}
	if s.State() != "closed" {
		t.Errorf("breaker is %s", s.State())
	}
	if len(reported) != 2 {
		t.Errorf("reported %q, want each kind once", reported)
	}
	for _, line := range reported {
		if strings.Contains(line, "1000001") {
			t.Errorf("a name in %q", line)
		}
	}
	for _, n := range foreign {
		put(t, s, name+n, 3, "ours") // overwrites: no foreign value counts as newer
		want(t, s, name+n, "ours")
	}
	node.Do("RPUSH", "draft:"+name+":tag", "a")
	put(t, s, name+":tag", 0, "ours")
	want(t, s, name+":tag", "ours")
}

func TestFlushedAndRestarted(t *testing.T) {
	node := testdb.RedisServer(t)
	s := open(t, node.URL(), patient)
	put(t, s, name, 5, "five")
	node.Do("SAVE")
	put(t, s, name, 6, "six")
	node.Flush() // also the script, after FLUSHALL below
	node.Do("SCRIPT", "FLUSH")
	missing(t, s, name)
	put(t, s, name, 6, "six")
	want(t, s, name, "six")
	node.Stop()
	node.Start()
	ready(t, s)
	want(t, s, name, "five") // an old copy: readers detect it by its version
	put(t, s, name, 7, "seven")
	want(t, s, name, "seven")
}

func TestNoMemory(t *testing.T) {
	node := testdb.RedisServer(t)
	s := open(t, node.URL(), patient)
	put(t, s, name, 1, "x")
	used := node.Do("INFO", "memory")
	_, used, _ = strings.Cut(used, "used_memory:")
	used, _, _ = strings.Cut(used, "\r")
	bytesUsed, err := strconv.ParseInt(used, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	node.MaxMemory(bytesUsed, "noeviction")
	value := strings.Repeat("x", 32<<10)
	failed := 0
	for i := range 40 {
		if err := s.Put(t.Context(), fmt.Sprint("{full}", i), 0, []byte(value), time.Hour); err != nil {
			if !errors.Is(err, dialog.ErrUnavailable) {
				t.Fatal(err)
			}
			failed++
		}
	}
	if failed < 10 {
		t.Fatalf("%d writes were rejected", failed)
	}
	want(t, s, name, "x") // reads go on: rejected writes leave the breaker closed
	node.MaxMemory(bytesUsed+1<<20, "allkeys-lru")
	for i := range 100 {
		put(t, s, fmt.Sprint("{evict}", i), 0, value)
	}
	evicted := 0
	for i := range 100 {
		switch _, err := s.Get(t.Context(), fmt.Sprint("{evict}", i)); {
		case errors.Is(err, dialog.ErrNotFound):
			evicted++
		case err != nil:
			t.Fatal(err)
		}
	}
	if evicted == 0 {
		t.Error("nothing was evicted")
	}
}

func TestObserve(t *testing.T) {
	node := testdb.RedisServer(t)
	var seen bytes.Buffer
	o := patient
	o.Observe = func(op string, took time.Duration, err error) {
		fmt.Fprintln(&seen, op, took > 0 && took < 2*time.Second, errors.Is(err, dialog.ErrNotFound), errors.Is(err, dialog.ErrUnavailable))
	}
	s := open(t, node.URL(), o)
	missing(t, s, name)
	put(t, s, name, 1, "x")
	_ = s.Delete(t.Context(), name)
	_ = s.Close()
	_, _ = s.Get(t.Context(), name)
	if got := seen.String(); got != "get true true false\nput true false false\ndelete true false false\nget true false true\n" {
		t.Errorf("observed\n%s", got)
	}
}
