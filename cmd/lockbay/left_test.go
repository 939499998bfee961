package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/testdb"
)

// A Redis that is taken away while drafts lie in it is missed before their people miss it.
func TestDraftsLeftInRedis(t *testing.T) {
	i := serve(t, "--mode", "redis", "--redis-url", testdb.Redis(t))
	v := visit(t, i)
	v.get().post("action", "create")
	v.post("text", "@anna_ceramics")
	i.stop()

	file := "sqlite:" + i.database()
	const want = "unfinished drafts in Redis: 1, and no --redis-url is set"
	if said, code := diagnosed(t, "--database-url", file); code != exitFailed || !strings.Contains(lineOf(said, "redis"), "MEND  redis     "+want) {
		t.Errorf("status %d:\n%s", code, said)
	}
	bare := newServed(t, i.Env, "--database-url", file)
	bare.start()
	soon(t, "serve says so", func() bool { return len(bare.lines(want)) == 1 })
}
