package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/internal/testdb"
)

// A Redis that is taken away while drafts lie in it is missed before their people miss it.
func TestDraftsLeftInRedis(t *testing.T) {
	i := serve(t, "--mode", "redis", "--redis-url", testdb.Redis(t))
	v := visit(t, i)
	v.tap("create")
	st, err := sqlitestore.Open(t.Context(), i.database())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	soon(t, "the draft lies in Redis", func() bool { // a Redis that takes more than its 50 ms leaves an answer to the row
		if v.get().step() == "amount_input" {
			v.tap("back").get()
		}
		v.say("@anna_ceramics")
		n, err := st.DraftsInRedis(t.Context())
		return err == nil && n == 1
	})
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
