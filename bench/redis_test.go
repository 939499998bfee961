package bench_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/bench"
	"github.com/lockbay/lockbay/internal/testdb"
)

// BenchmarkRedisAway measures 200 people's update times while Redis goes away
// and comes back every second.
func BenchmarkRedisAway(b *testing.B) {
	path, err := binary()
	if err != nil {
		b.Fatalf("build: %v\n%s", err, path)
	}
	for _, away := range []struct {
		how  string
		does func(*testdb.FaultyProxy)
	}{
		{"never", func(*testdb.FaultyProxy) {}},
		{"refused", func(p *testdb.FaultyProxy) { p.Refuse(true) }},
		{"hung", func(p *testdb.FaultyProxy) { p.Hang(true) }},
		{"slow", func(p *testdb.FaultyProxy) { p.Delay(200 * time.Millisecond) }},
	} {
		for _, mode := range []string{"hybrid", "redis"} {
			b.Run(away.how+"/"+mode, func(b *testing.B) {
				proxy := testdb.Proxy(b, testdb.RedisServer(b).Addr())
				for b.Loop() {
					over := make(chan struct{})
					go func() {
						for n := 1; ; n++ {
							select {
							case <-over:
								return
							case <-time.After(500 * time.Millisecond):
							}
							if proxy.Heal(); n%2 == 1 {
								away.does(proxy)
							}
						}
					}()
					rep, err := bench.Run(b.Context(), bench.Options{
						Command: []string{path, "serve"}, Flags: []string{"--redis-url", "redis://" + proxy.Addr()}, Folder: b.TempDir(),
						DatabaseURL: testdb.Postgres(b), Mode: mode, For: 6 * time.Second,
					})
					close(over)
					if err != nil {
						b.Fatal(err)
					}
					if rep.Errors > 0 {
						b.Errorf("%d errors: %s", rep.Errors, rep.FirstError)
					}
					b.ReportMetric(rep.P50ms, "p50-ms")
					b.ReportMetric(rep.P99ms, "p99-ms")
					b.ReportMetric(rep.MaxMs, "max-ms")
					b.ReportMetric(rep.UpdatesPerS, "updates/s")
				}
			})
		}
	}
}
