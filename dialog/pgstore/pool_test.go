package pgstore

import (
	"runtime"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestPool: an instance opens up to four connections a core, at least eight. The URL decides
// where it has a setting, except that a store never caches descriptions of tables.
func TestPool(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range []struct {
		cores      int
		query      string
		conns      int32
		timeout    time.Duration
		mode       pgx.QueryExecMode
		mayPrepare bool
	}{
		{1, "", 8, connectTimeout, pgx.QueryExecModeCacheStatement, false},
		{3, "", 12, connectTimeout, pgx.QueryExecModeCacheStatement, false},
		{3, "?pool_max_conns=5", 5, connectTimeout, pgx.QueryExecModeCacheStatement, false},
		{1, "?connect_timeout=77", 8, 77 * time.Second, pgx.QueryExecModeCacheStatement, false},
		{1, "?default_query_exec_mode=cache_statement", 8, connectTimeout, pgx.QueryExecModeCacheStatement, true},
		{1, "?default_query_exec_mode=cache_describe", 8, connectTimeout, pgx.QueryExecModeExec, true},
	} {
		runtime.GOMAXPROCS(c.cores)
		s, err := prepare(t.Context(), "postgres://lockbay@127.0.0.1:1/none"+c.query, nil)
		if err != nil {
			t.Fatal(err)
		}
		cfg := s.pool.Config()
		s.end()
		s.pool.Close()
		if cfg.MaxConns != c.conns || cfg.ConnConfig.ConnectTimeout != c.timeout ||
			cfg.ConnConfig.DefaultQueryExecMode != c.mode || s.mayPrepare != c.mayPrepare {
			t.Errorf("%d cores, %q: %d connections, %v, %v, %v; want %+v", c.cores, c.query, cfg.MaxConns,
				cfg.ConnConfig.ConnectTimeout, cfg.ConnConfig.DefaultQueryExecMode, s.mayPrepare, c)
		}
	}
}
