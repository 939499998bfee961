//go:build linux

package deploy

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/lockbay/lockbay/internal/testdb"
)

// TestMove: an operator moves from SQLite to PostgreSQL during people's orders,
// as described in docs/operations.md. People go on with the same cookie, on the
// page that they have open.
func TestMove(t *testing.T) {
	redis := testdb.Redis(t)
	for _, mode := range []string{"database", "redis", "hybrid"} {
		t.Run(mode, func(t *testing.T) {
			old, target := "sqlite:"+filepath.Join(t.TempDir(), "lockbay.db"), testdb.Postgres(t)
			args := []string{"--mode", mode, "--redis-url", redis, "--database-url"}
			before := newInstance(t, append(args, old)...)
			const n = 30
			people := make([]*visitor, n)
			done := make([]int, n) // steps
			walk := func(i, to int) {
				if _, err := people[i].walk(i, done[i], to); err != nil {
					t.Errorf("person %d: %v", i, err)
				}
				done[i] = to
			}
			for i := range people {
				people[i] = newVisitor("http://" + before.Addr)
				people[i].patient = mode == "redis" // on a busy machine Redis may take longer than 50 ms
				if err := people[i].get(); err != nil {
					t.Fatal(err)
				}
				walk(i, 1+i%3)
			}
			// The first pass runs during service; people go on meanwhile.
			out, err := exec.Command(program, "migrate", "copy", "--from", old, "--to", target).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("30 new")) || !bytes.Contains(out, []byte("once more")) {
				t.Fatalf("%v: %s", err, out)
			}
			for i := range people {
				walk(i, done[i]+1)
			}
			before.end(syscall.SIGTERM)
			// A server that has just stopped counts as stopped.
			out, err = exec.Command(program, "migrate", "copy", "--from", old, "--to", target).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("30 changed")) || bytes.Contains(out, []byte("once more")) {
				t.Fatalf("%v: %s", err, out)
			}
			after := newInstance(t, append(args, target)...)
			escrow := map[string]bool{}
			for i, v := range people {
				v.base = "http://" + after.Addr // cookies are valid for all ports of a host
				id, err := v.walk(i, done[i], 6)
				if err != nil {
					t.Errorf("person %d: %v", i, err)
				}
				escrow[id] = true
			}
			if list := escrows(t, target); len(list) != n || len(escrow) != n {
				t.Errorf("%d escrows, %d people, %s", len(list), len(escrow), fmt.Sprint(escrow))
			}
		})
	}
}
