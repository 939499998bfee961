package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/bench"
)

// binary builds the program once.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "lockbay")
	cmd := exec.Command("go", "build", "-o", path, "github.com/lockbay/lockbay/cmd/lockbay")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), err
	}
	return path, nil
})

// run drives the real binary and wants no loss, no duplicate and no error.
func run(t *testing.T, opt bench.Options) bench.Report {
	t.Helper()
	var log bytes.Buffer
	opt.Log = &log
	rep := drive(t, opt, func(list []bench.Escrow) []bench.Escrow { return list })
	if rep.Lost+rep.Duplicates+rep.Errors != 0 {
		t.Errorf("%d lost, %d duplicates, %d errors: %s\n%s", rep.Lost, rep.Duplicates, rep.Errors, rep.FirstError, &log)
	}
	return rep
}

// drive drives the real binary; seen is what the audit sees of the stored escrows.
func drive(t *testing.T, opt bench.Options, seen func([]bench.Escrow) []bench.Escrow) bench.Report {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, path)
	}
	opt.Command, opt.Folder = []string{path, "serve"}, t.TempDir()
	opt.Escrows = func(ctx context.Context, url string) (list []bench.Escrow, err error) {
		out, err := exec.CommandContext(ctx, path, "escrows", "list", "--json", "--all", "--database-url", url).Output()
		if err != nil {
			return nil, err
		}
		var all []map[string]any
		d := json.NewDecoder(bytes.NewReader(out))
		d.UseNumber()
		if err := d.Decode(&all); err != nil {
			return nil, err
		}
		for _, e := range all {
			terms, err := lockbay.TermsOf(e)
			if err != nil {
				return nil, err
			}
			list = append(list, bench.Escrow{ID: fmt.Sprint(e["id"]), Buyer: fmt.Sprint(e["buyer"]), Terms: terms})
		}
		return seen(list), nil
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	rep, err := bench.Run(ctx, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", rep)
	return rep
}

// kill -9 at random moments during people's flows: everybody finishes with
// every acknowledged answer and one escrow each.
func TestKills(t *testing.T) {
	rep := run(t, bench.Options{Users: 30, KillEvery: 300 * time.Millisecond, Kills: 10})
	if rep.Completed != 30 {
		t.Errorf("%d of 30 escrows", rep.Completed)
	}
	if rep.Kills < 5 {
		t.Errorf("only %d kills", rep.Kills)
	}
}

// Every Create, Confirm and tap arrives three times at once, with the same and
// with another update id: no second escrow, no lost draft, no error.
func TestDouble(t *testing.T) {
	rep := run(t, bench.Options{Users: 50, Rounds: 2, For: time.Second, Double: true})
	if rep.Completed < 100 {
		t.Errorf("%d escrows, want at least 100", rep.Completed)
	}
}
