package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lockbay/lockbay/internal/testdb"
)

// TestCauseOfRehydration: the cause is a restart if the process that had the context has stopped, as in a rolling update,
// and a change of instance if that process still runs. Address and password of the database do not matter.
func TestCauseOfRehydration(t *testing.T) {
	t.Parallel()
	url := testdb.Postgres(t)
	with := strings.Replace(url, "lockbay@", "lockbay:rotated@", 1) // the server ignores the password
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
	inhabited(t, url, 2)
	v.i = b
	v.get().say("20").at("description_input")
	if line := last(b); !strings.Contains(line, `"cause":"instance"`) {
		t.Errorf("the other one runs: %s", line)
	}
	b.stop()
	c := serve(t, "--database-url", url)
	inhabited(t, url, 2) // from here on each knows the other
	v.i = c
	v.get().say("A dinner set, 24 pieces").at("delivery_time")
	if line := last(c); !strings.Contains(line, `"cause":"restart"`) {
		t.Errorf("the other one is gone: %s", line)
	}
}

// inhabited waits until that many instances run on a database.
func inhabited(t *testing.T, url string, want int) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		var n int
		err := c.QueryRow(t.Context(), `select count(*) from leases where name like 'instance:%' and until > extract(epoch from now()) * 1000`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n == want {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("%d instances live, want %d", n, want)
		}
	}
}
