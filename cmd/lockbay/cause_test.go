package main

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/testdb"
)

// Whose context was in a process that has stopped, as in a rolling update, goes on
// after a restart; whose process still runs comes from another instance. Neither
// the address nor the password of the database has a part in that.
func TestCauseOfRehydration(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	with := strings.Replace(url, "lockbay@", "lockbay:rotated@", 1) // no password is asked for
	a := serve(t, "--database-url", url)
	b := serve(t, "--database-url", with)
	v := visit(t, a).tap("create").say("@anna_ceramics").at("amount_input")
	last := func(i *served) string {
		lines := i.lines("ESCROW_CONTEXT: Rehydrated")
		if len(lines) == 0 {
			t.Fatalf("nothing was rehydrated:\n%s", &i.log)
		}
		return lines[len(lines)-1]
	}
	v.i = b
	v.get().say("20").at("description_input")
	if line := last(b); !strings.Contains(line, `"cause":"instance"`) {
		t.Errorf("the other one runs: %s", line)
	}
	b.stop()
	c := serve(t, "--database-url", url)
	v.i = c
	v.get().say("A dinner set, 24 pieces").at("delivery_time")
	if line := last(c); !strings.Contains(line, `"cause":"restart"`) {
		t.Errorf("the other one is gone: %s", line)
	}
}
