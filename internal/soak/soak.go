// Package soak lets simulated people make escrows through the real program while
// its servers break, and counts what the modes promise never to happen.
//
// A line is one kind of trouble in one mode. It has servers, instances and
// people of its own: the people answer whatever question the card shows, know
// what they said and what of it was acknowledged (the webhook's 200), and send
// again what was not, as Telegram does. At the end everything is healed, who is
// mid-flow finishes, and the escrows in the database are compared with what was
// said.
package soak

import (
	"context"
	"fmt"
	"io"
	"slices"
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
	wrong     []time.Duration // by how much the clocks of the instances are ahead; defaults to nothing
	first     int             // so many instances are started before people come, the others by trouble; 0: all
	flags     []string        // of the instances, besides the usual ones
	// loses names the modes in which acknowledged answers may be lost here, and why.
	loses map[string]string
	// restores: the database itself goes back in time; what came after is gone in
	// every mode, and an older answer is no resurrected one.
	restores bool
	copies   bool   // inputs come twice, under the same and other ids, and late
	devices  bool   // what one chooses is answered on two devices at once, differently
	never    string // no card may say this
	blocks   bool   // people block the bot and unblock it
	// servers starts what the line needs. Defaults to a database of the shared PostgreSQL and, for redis and hybrid, a Redis.
	servers func(t testing.TB, w *world)
	// trouble makes trouble until ctx ends and has healed everything when it returns.
	trouble func(ctx context.Context, w *world)
	// enough reports whether all was seen that the line is to show: it goes on until then.
	enough func(w *world) bool
	// after looks at what came of it, when people have gone.
	after func(ctx context.Context, w *world)
}

// Row is what came of one line in one mode.
type Row struct {
	Mode, Injected string
	Acknowledged   int64           // turns
	Times          int64           // that the trouble struck
	Lost           int64           // answers that were acknowledged and asked again, as mode and line allow
	Broken         int64           // the same, although the draft was where nothing is lost, or had lost before
	Twice          int64           // of those: in a draft that had lost before
	Resurrected    int64           // answers or drafts that were replaced or cancelled, and came back
	Duplicates     int64           // escrows beyond one of a draft
	Stuck          int64           // people who could not finish after everything was healed
	Pauses         []time.Duration // from the post until the card shows the answer
	Escrows        int64
	May            string   // why answers may be lost here; "": they may not
	Wrong          []string // what else is not as promised
}

// pause is how long so many of a thousand pauses were at most.
func (r Row) pause(permille int) time.Duration {
	if len(r.Pauses) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(r.Pauses))
	return sorted[(len(sorted)*permille+999)/1000-1].Round(time.Millisecond)
}

// broken lists what is not as promised.
func (r Row) broken() (all []string) {
	for _, c := range []struct {
		n    int64
		what string
	}{{r.Broken, "answers lost that may not be"}, {r.Twice, "answers lost a second time"}, {r.Resurrected, "resurrected"}, {r.Duplicates, "duplicate escrows"}, {r.Stuck, "people stuck"}} {
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
		note := ""
		if r.Lost > 0 {
			note = r.May
		}
		if b := r.broken(); len(b) > 0 {
			note = "NOT AS PROMISED: " + strings.Join(b, "; ")
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%d\t%s\n", r.Mode, r.Injected, r.Times, r.Acknowledged, r.Lost, r.Broken,
			r.Resurrected, r.Duplicates, r.Stuck, r.pause(990), r.pause(1000), r.Escrows, note)
	}
	_ = w.Flush()
}
