package redisdrafts_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/internal/testdb"
)

// BenchmarkStore compares calls with a plain GET of the same size on the same
// kind of client, in turns within one run: one caller, and two hundred at once.
// ×bare is the ratio.
func BenchmarkStore(b *testing.B) {
	node := testdb.RedisServer(b)
	s := open(b, node.URL(), redisdrafts.Options{Timeout: time.Second})
	ready(b, s)
	bare, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{node.Addr()}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	const keys = 1000
	value := []byte(strings.Repeat("x", 400))
	names := make([]string, keys)
	for i := range names {
		names[i] = fmt.Sprintf("{bot:escrow:tg:%d}", 1000000+i)
		put(b, s, names[i], 1, string(value))
	}
	ctx := context.Background()
	var version atomic.Int64
	get := func(i int) error { _, err := s.Get(ctx, names[i%keys]); return err }
	reference := func(i int) error {
		call, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_, err := bare.Do(call, bare.B().Get().Key("draft:"+names[i%keys]).Build()).AsBytes()
		return err
	}
	for _, op := range []struct {
		name string
		do   func(i int) error
	}{
		{"get", get},
		{"get-missing", func(i int) error {
			if _, err := s.Get(ctx, "{none}"); !errors.Is(err, dialog.ErrNotFound) {
				return fmt.Errorf("got %w", err)
			}
			return nil
		}},
		{"put", func(i int) error { return s.Put(ctx, names[i%keys], 0, value, time.Hour) }},
		{"put-newer", func(i int) error { return s.Put(ctx, names[i%keys], version.Add(1), value, time.Hour) }},
	} {
		for _, users := range []int{1, 200} {
			b.Run(fmt.Sprintf("%s/users=%d", op.name, users), func(b *testing.B) {
				var ours, theirs time.Duration
				for left := b.N; left > 0; {
					n := min(left, 20*users)
					ours += crowd(b, users, n, op.do)
					theirs += crowd(b, users, n, reference)
					left -= n
				}
				b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/op")
				b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "bare-ns/op")
				b.ReportMetric(float64(ours)/float64(theirs), "×bare")
			})
		}
	}
}

// crowd makes n calls, by users concurrent users.
func crowd(b *testing.B, users, n int, do func(i int) error) time.Duration {
	began := time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	for range users {
		all.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}
