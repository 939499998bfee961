package sqlitestore

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

const victim = "SQLITESTORE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		write(path)
	}
	os.Exit(m.Run())
}

// write commits batches of three and prints each acknowledged one, until the
// process is killed.
func write(path string) {
	s, err := Open(context.Background(), path)
	for err == nil {
		id := fmt.Sprintf("%016x", rand.Uint64())
		if err = put(s, id+"-1", id+"-2", id+"-3"); err == nil {
			fmt.Println(id)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestKill kills two processes that write one file. Every acknowledged batch
// survives, and every batch is whole.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	acknowledged := map[string]bool{}
	for range 8 {
		printed := make(chan []string, 2)
		for range 2 {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), victim+"="+path)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			go func() {
				var ids []string
				lines := bufio.NewScanner(out)
				for lines.Scan() {
					if len(ids) == 0 {
						delay := rand.N(60 * time.Millisecond)
						time.AfterFunc(delay, func() { cmd.Process.Kill() })
					}
					if len(lines.Text()) == 16 { // a whole line
						ids = append(ids, lines.Text())
					}
				}
				if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
					t.Errorf("the process ended by itself: %v", err)
				}
				printed <- ids
			}()
		}
		for range 2 {
			for _, id := range <-printed {
				acknowledged[id] = true
			}
		}
	}
	s := openAt(t, path)
	rows, err := s.List(context.Background(), dialog.Query{Limit: 1_000_000})
	must(t, err)
	parts := map[string]int{}
	for _, r := range rows {
		parts[r.Key.ID[:16]]++
	}
	for id, n := range parts {
		if n != 3 {
			t.Errorf("batch %s: %d of 3 turns", id, n)
		}
	}
	for id := range acknowledged {
		if parts[id] == 0 {
			t.Errorf("batch %s was acknowledged and is lost", id)
		}
	}
	if len(acknowledged) < 8 {
		t.Errorf("only %d batches: too few to prove anything", len(acknowledged))
	}
	t.Logf("%d batches acknowledged, %d stored", len(acknowledged), len(parts))
}
