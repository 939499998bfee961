// Package soak lets simulated people make escrows through the real program while its servers break, and counts broken
// promises of the modes.
//
// A line is a kind of trouble. Each run of a line in a mode has its own servers, instances and people. The people answer
// the question on the card, remember their answers and which of them were acknowledged (the webhook's 200), and send
// unacknowledged updates again, as Telegram does. At the end everything is healed, people finish their escrows, and the
// escrows in the database are compared with their answers.
//
// A flood is a line of another kind: one person or network sends far more than people do, and a few other people make
// escrows beside it. Counted are their pauses, and what the flood costs.
package soak

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// line is one kind of trouble.
type line struct {
	name  string
	modes []string // defaults to all four
	// instances of the program. Defaults to 1.
	instances int
	kinds     []kind          // of the instances; defaults to today's
	wrong     []time.Duration // how far the clocks of the instances are ahead; defaults to 0
	first     int             // instances started at the beginning, the others by trouble; 0: all
	flags     []string        // additional flags of the instances
	// loses maps the modes that may lose acknowledged answers to the reason.
	loses map[string]string
	// restores: a backup is restored, so every mode loses its latest turns. Answers from the backup count as lost rather
	// than resurrected.
	restores bool
	copies   bool   // inputs arrive twice, under the same and other ids, and late
	devices  bool   // two devices choose different answers at once
	never    string // text that fails the run if a card has it
	blocks   bool   // people block the bot and unblock it
	// servers starts the servers. Defaults to a database of the shared PostgreSQL and, for redis and hybrid, a Redis.
	servers func(t testing.TB, w *world)
	// trouble makes trouble until ctx ends, and heals everything before it returns.
	trouble func(ctx context.Context, w *world)
	// enough reports whether the run has shown its purpose. The run goes on until then.
	enough func(w *world) bool
	// after checks the result, after people have finished.
	after func(ctx context.Context, w *world)
}

// Row is the result of a line in one mode.
type Row struct {
	Mode, Injected string
	Acknowledged   int64           // turns
	Times          int64           // faults injected
	Lost           int64           // acknowledged answers that were asked again, as mode and line allow
	Broken         int64           // acknowledged answers that were asked again against the promise
	LostAgain      int64           // part of Broken: in a draft that had lost answers before
	Resurrected    int64           // replaced or cancelled answers or drafts that came back
	Duplicates     int64           // second escrows of a draft
	Stuck          int64           // people who failed to finish after everything was healed
	Pauses         []time.Duration // from the post until the card shows the answer
	Escrows        int64
	May            string   // why answers may be lost here; "": losses break the promise
	Wrong          []string // other broken promises
}

// broken lists the broken promises.
func (r Row) broken() (all []string) {
	for _, c := range []struct {
		n    int64
		what string
	}{{r.Broken, "answers lost against the promise"}, {r.LostAgain, "answers lost a second time"}, {r.Resurrected, "resurrected"}, {r.Duplicates, "duplicate escrows"}, {r.Stuck, "people stuck"}} {
		if c.n > 0 {
			all = append(all, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if r.Escrows == 0 {
		all = append(all, "no escrow was made")
	}
	return append(all, r.Wrong...)
}

// Table prints rows.
func Table(out io.Writer, rows []Row) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODE\tINJECTED\tTIMES\tTURNS ACKNOWLEDGED\tLOST, ALLOWED\tLOST, BROKEN\tRESURRECTED\tDUPLICATE ESCROWS\tSTUCK\tPAUSE P99\tWORST\tESCROWS\t")
	for _, r := range rows {
		why := ""
		if r.Lost > 0 {
			why = r.May
		}
		if b := r.broken(); len(b) > 0 {
			why = "BROKEN PROMISE: " + strings.Join(b, "; ")
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%d\t%s\n", r.Mode, r.Injected, r.Times, r.Acknowledged, r.Lost, r.Broken,
			r.Resurrected, r.Duplicates, r.Stuck, quantile(r.Pauses, 990), quantile(r.Pauses, 1000), r.Escrows, why)
	}
	_ = w.Flush()
}
