package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/internal/testdb"
)

// Without --redis-url, doctor and serve report the drafts left in Redis.
func TestDraftsLeftInRedis(t *testing.T) {
	i := serve(t, "--mode", "redis", "--redis-url", testdb.Redis(t))
	v := visit(t, i)
	v.tap("create")
	st, err := sqlitestore.Open(t.Context(), i.database())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	soon(t, "the draft lies in Redis", func() bool { // if Redis takes more than 50 ms, an answer goes into the row
		if v.get().step() == "amount_input" {
			v.tap("back").get()
		}
		v.say("@anna_ceramics")
		n, err := st.DraftsInRedis(t.Context())
		return err == nil && n == 1
	})
	i.stop()

	file := "sqlite:" + i.database()
	const want = "unfinished drafts in Redis: 1, but --redis-url is not set"
	if said, code := diagnosed(t, "--database-url", file); code != exitFailed || !strings.Contains(lineOf(said, "redis"), "MEND  redis     "+want) {
		t.Errorf("status %d:\n%s", code, said)
	}
	bare := newServed(t, i.Env, "--database-url", file)
	bare.start()
	soon(t, "serve says so", func() bool { return len(bare.lines(want)) == 1 })
}
