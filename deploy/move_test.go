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

// TestMove: an operator moves from SQLite to PostgreSQL under people who are in the middle of an order,
// as docs/operations.md tells. They go on with the same cookie, on the page that they have open.
func TestMove(t *testing.T) {
	redis := testdb.Redis(t)
	for _, mode := range []string{"database", "redis", "hybrid"} {
		t.Run(mode, func(t *testing.T) {
			old, fresh := "sqlite:"+filepath.Join(t.TempDir(), "lockbay.db"), testdb.Postgres(t)
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
				people[i].patient = mode == "redis" // which on a busy machine may take more than its 50 ms
				if err := people[i].get(); err != nil {
					t.Fatal(err)
				}
				walk(i, 1+i%3)
			}
			// Once while it serves, and they go on behind it.
			out, err := exec.Command(program, "migrate", "copy", "--from", old, "--to", fresh).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("30 new")) || !bytes.Contains(out, []byte("once more")) {
				t.Fatalf("%v: %s", err, out)
			}
			for i := range people {
				walk(i, done[i]+1)
			}
			before.end(syscall.SIGTERM)
			// A server that has just gone is not taken for one that serves.
			out, err = exec.Command(program, "migrate", "copy", "--from", old, "--to", fresh).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("30 changed")) || bytes.Contains(out, []byte("once more")) {
				t.Fatalf("%v: %s", err, out)
			}
			after := newInstance(t, append(args, fresh)...)
			escrow := map[string]bool{}
			for i, v := range people {
				v.base = "http://" + after.Addr // cookies are the host's, whatever the port
				id, err := v.walk(i, done[i], 6)
				if err != nil {
					t.Errorf("person %d: %v", i, err)
				}
				escrow[id] = true
			}
			if list := escrows(t, fresh); len(list) != n || len(escrow) != n {
				t.Errorf("%d escrows, %d people, %s", len(list), len(escrow), fmt.Sprint(escrow))
			}
		})
	}
}
