package pgstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/internal/testdb"
)

func BenchmarkStore(b *testing.B) {
	dialogtest.BenchmarkStore(b, func(t testing.TB) dialog.Store { return openAt(t, testdb.Postgres(t)) })
}

// BenchmarkBare measures the server alone, one statement on one connection, to compare with
// lone, load and batch.
func BenchmarkBare(b *testing.B) {
	url := testdb.Postgres(b)
	rows := put(b, openAt(b, url), 20_000)
	ctx := context.Background()
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	b.Run("select", func(b *testing.B) {
		var answers []byte
		for b.Loop() {
			if err := c.QueryRow(ctx, `select answers from conversations where key = $1`, rows[rand.N(len(rows))].Key.String()).Scan(&answers); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("select row", func(b *testing.B) {
		for b.Loop() {
			if _, err := scanRow(c.QueryRow(ctx, selectRow, rows[rand.N(len(rows))].Key.String())); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update", func(b *testing.B) {
		for b.Loop() {
			if _, err := c.Exec(ctx, `update conversations set version = version + 1 where key = $1`, rows[rand.N(len(rows))].Key.String()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update=200", func(b *testing.B) {
		keys := make([]string, 200)
		for b.Loop() {
			for i, n := range rand.Perm(len(rows))[:200] {
				keys[i] = rows[n].Key.String()
			}
			slices.Sort(keys)
			if _, err := c.Exec(ctx, `update conversations set version = version + 1 where key = any($1)`, keys); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(200*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkMarks measures the batch of a busy instance: each turn with an event, and a mark
// for the turn before; with prepared statements, and without, as behind a pooler.
func BenchmarkMarks(b *testing.B) {
	for _, mode := range []string{"cache_statement", "exec"} {
		for _, size := range []int{1, 200} {
			b.Run(fmt.Sprintf("%s/batch=%d", mode, size), func(b *testing.B) {
				s := openAt(b, testdb.Postgres(b)+"&default_query_exec_mode="+mode)
				rows := put(b, s, 5000)
				var took time.Duration
				for b.Loop() {
					batch := &dialog.Batch{}
					picked := rand.Perm(len(rows))[:size]
					slices.Sort(picked)
					for _, i := range picked {
						m := dialog.ShownMark{Key: rows[i].Key, Had: rows[i].Shown, Least: rows[i].Version,
							New: fmt.Appendf(nil, `[{"c":"telegram","a":"1000001","v":%d,"m":"1"}]`, rows[i].Version)}
						batch.Shown = append(batch.Shown, m)
						w := dialogtest.Next(rows[i], rand.Uint64())
						w.Events = []dialog.Event{{Kind: "answered", Key: w.After.Key.String(), Step: w.After.Step, At: time.Now()}}
						batch.Writes = append(batch.Writes, w)
						rows[i], w.After.Shown = w.After, m.New
					}
					began := time.Now()
					if _, err := s.Commit(context.Background(), batch); err != nil {
						b.Fatal(err)
					}
					took += time.Since(began)
				}
				b.ReportMetric(float64(size*b.N)/took.Seconds(), "turns/s")
			})
		}
	}
}
