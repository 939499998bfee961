package bench_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/dialog/redisdrafts"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/redis/rueidis"
)

// BenchmarkRehydrate compares a rehydration with its lower bound, as ratios
// within one run: deep with lightweight (one query each), on PostgreSQL with a
// plain SELECT by primary key, from Redis with a plain GET. STORED=1000000
// first stores that many conversations.
func BenchmarkRehydrate(b *testing.B) {
	ctx := context.Background()
	stored := 1000
	if n, err := strconv.Atoi(os.Getenv("STORED")); err == nil {
		stored = n
	}
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(fmt.Sprintf("%s/%d", kind, stored), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "r.db")
			var store dialog.Store
			var pool *pgxpool.Pool
			var err error
			if kind == "sqlite" {
				store, err = sqlitestore.Open(ctx, path)
			} else {
				url := testdb.Postgres(b)
				if store, err = pgstore.Open(ctx, url); err == nil {
					pool, err = pgxpool.New(ctx, url)
				}
			}
			if err != nil {
				b.Fatal(err)
			}
			keys := fill(b, store, stored)
			if kind == "sqlite" { // closing checkpoints the write-ahead log
				if err = errors.Join(err, store.Close()); err == nil {
					store, err = sqlitestore.Open(ctx, path)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			defer store.Close()
			if pool != nil { // a server with so many rows has done both long ago
				for _, settle := range []string{"vacuum analyze conversations", "checkpoint"} {
					if _, err := pool.Exec(ctx, settle); err != nil {
						b.Fatal(err)
					}
				}
			}
			url := testdb.Redis(b)
			drafts, err := redisdrafts.Open(ctx, url, redisdrafts.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer drafts.Close()
			opt, err := redisdrafts.ParseURL(url)
			if err != nil {
				b.Fatal(err)
			}
			opt.DisableCache = true
			bare, err := rueidis.NewClient(opt)
			if err != nil {
				b.Fatal(err)
			}
			defer bare.Close()
			value := make([]byte, 600)
			for _, k := range keys[:min(len(keys), 1000)] {
				if err := drafts.Put(ctx, "{"+k.String()+"}", 1, value, time.Hour); err != nil {
					b.Fatal(err)
				}
				if err := bare.Do(ctx, bare.B().Set().Key("bare:"+k.String()).Value(string(value)).Build()).Error(); err != nil {
					b.Fatal(err)
				}
			}
			took := map[string][]time.Duration{}
			measure := func(name string, f func() error) {
				began := time.Now()
				if err := f(); err != nil {
					b.Fatal(name, err)
				}
				took[name] = append(took[name], time.Since(began))
			}
			b.ResetTimer()
			for i := range b.N {
				k, hot := keys[i*7919%len(keys)], keys[i%min(len(keys), 1000)]
				measure("head", func() error { _, err := store.Head(ctx, k); return err })
				measure("deep", func() error { _, err := store.Load(ctx, keys[(i*7919+1)%len(keys)]); return err })
				measure("redis", func() error { _, err := drafts.Get(ctx, "{"+hot.String()+"}"); return err })
				measure("get", func() error { return bare.Do(ctx, bare.B().Get().Key("bare:"+hot.String()).Build()).Error() })
				if pool != nil {
					measure("select", func() error {
						var a, s []byte
						return pool.QueryRow(ctx, "select answers, state from conversations where key = $1", keys[(i*7919+2)%len(keys)].String()).Scan(&a, &s)
					})
				}
			}
			b.StopTimer()
			at := func(name string, q float64) float64 {
				l := took[name]
				slices.Sort(l)
				return float64(l[min(int(q*float64(len(l))), len(l)-1)].Nanoseconds())
			}
			b.ReportMetric(at("deep", .5)/1000, "deep-p50-µs")
			b.ReportMetric(at("deep", .99)/1000, "deep-p99-µs")
			b.ReportMetric(at("deep", .5)/at("head", .5), "deep/head-p50")
			b.ReportMetric(at("deep", .99)/at("head", .99), "deep/head-p99")
			b.ReportMetric(at("redis", .5)/at("get", .5), "redis/get-p50")
			if pool != nil {
				b.ReportMetric(at("deep", .5)/at("select", .5), "deep/select-p50")
				pool.Close()
			}
		})
	}
}

// fill stores n conversations and returns their keys, in no order of the table.
func fill(b *testing.B, store dialog.Store, n int) []dialog.Key {
	b.Helper()
	keys := make([]dialog.Key, 0, n)
	for len(keys) < n {
		batch := &dialog.Batch{}
		for range min(500, n-len(keys)) {
			k := dialog.Key{Bot: "lockbay", Flow: "escrow", ID: fmt.Sprintf("tg:%09d", len(keys))}
			row := dialogtest.NewRow(k)
			row.Answers = fmt.Appendf(nil, `{"s":"@anna_ceramics_%d","a":{"m":125000,"c":"EUR"},"d":"Handmade dinner set, 24 pieces, celadon glaze, two spare plates","h":72,"f":"split","q":1234567890}`, len(keys))
			row.State, row.Seen = make([]byte, 180), make([]byte, 256)
			batch.Writes = append(batch.Writes, &dialog.Write{After: row})
			keys = append(keys, k)
		}
		if _, err := store.Commit(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	return keys
}
