package soak

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/internal/testdb"
)

// channel is how the bystanders of a flood come.
type channel string

const (
	byPolling channel = "polling"
	byWebhook channel = "webhook"
	byPage    channel = "page"
)

const (
	bystanders   = 3
	thinks       = 120 * time.Millisecond // of a bystander, between two answers: under the limit for one person
	delayMost    = time.Second            // of a bystander's answer, by the flood
	asksReadyIn  = 100 * time.Millisecond
	asksNobodyIn = 20 * time.Millisecond
	overdone     = 50 // a flood ends without success after so many times its inputs
)

// flood is a line in which one person or one network sends far more than people do. Meanwhile a few others, the
// bystanders, make escrows by the same channel. The flood goes on until all its inputs are sent and each bystander has
// made an escrow beside it.
type flood struct {
	name      string
	by        channel
	postgres  bool
	many, few int // inputs, and those of the short run
	// attack sends f.size inputs and calls f.all. Then it keeps up the flood until ctx ends.
	attack func(ctx context.Context, f *flooding)
	most   bounds
}

// bounds are what a flood may cost. 0: not bounded here.
type bounds struct {
	ahead        int64 // inputs of the flood that are served while a bystander waits for one answer
	held         int64 // inputs of the flood that are being received at a time
	rows, events int64 // of the flood, in the database
	rss, disk    int64 // MB: peak of the memory, growth of the database and its log
}

// FloodRow is the result of a flood.
type FloodRow struct {
	Flood, By, Database    string
	Sent, Served, Rejected int64           // inputs of the flood
	Held                   int64           // most inputs of the flood that were being received at a time
	Escrows                int64           // that bystanders made beside it
	Harmed                 int64           // answers of bystanders that were rejected
	Ahead                  int64           // see bounds
	Quiet, Pauses          []time.Duration // bystanders' answers until the card: before the flood, and beside it
	Floor                  time.Duration   // worst of two bare requests to this process, beside the flood
	RSS, Disk              int64           // MB
	Rows, Events           int64           // of the flood
	Ready, NotReady        int64           // answers of /readyz
	Wrong                  []string
}

// Floods prints rows.
func Floods(out io.Writer, rows []FloodRow) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FLOOD\tBYSTANDERS BY\tDATABASE\tINPUTS\tSERVED\tREJECTED\tHELD\tESCROWS BESIDE\tP50\tP99\tWORST\tFLOOR\tAHEAD\tRSS MB\tDISK MB\tROWS\tEVENTS\tREADY\t")
	for _, r := range rows {
		why := ""
		if len(r.Wrong) > 0 {
			why = "BROKEN PROMISE: " + strings.Join(r.Wrong, "; ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%v\t%v\t%d\t%d\t%d\t%d\t%d\t%d of %d\t%s\n", r.Flood, r.By, r.Database, r.Sent, r.Served, r.Rejected, r.Held,
			r.Escrows, quantile(r.Pauses, 500), quantile(r.Pauses, 990), quantile(r.Pauses, 1000), r.Floor.Round(time.Millisecond), r.Ahead, r.RSS, r.Disk, r.Rows, r.Events, r.Ready, r.Ready+r.NotReady, why)
	}
	_ = w.Flush()
}

// judge compares the row with the bounds. timed judges times as well, which depend on the machine.
func (r *FloodRow) judge(most bounds, timed bool) {
	for _, c := range []struct {
		n, most int64
		what    string
	}{{r.Ahead, most.ahead, "inputs served ahead of a bystander's"}, {r.Held, most.held, "inputs received at a time"}, {r.Rows, most.rows, "rows"}, {r.Events, most.events, "events"},
		{r.RSS, most.rss, "MB of memory"}, {r.Disk, most.disk, "MB on disk"}} {
		if c.most > 0 && c.n > c.most {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%d %s, at most %d", c.n, c.what, c.most))
		}
	}
	if r.NotReady > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("/readyz failed %d times", r.NotReady))
	}
	if r.Harmed > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d answers of bystanders were rejected", r.Harmed))
	}
	// The flood comes from the same machine, and takes its time from everything else there.
	if delay := quantile(r.Pauses, 1000) - max(quantile(r.Quiet, 500), r.Floor); timed && delay > delayMost {
		r.Wrong = append(r.Wrong, fmt.Sprintf("a bystander waited %v longer", delay))
	}
}

// flooding is a run of a flood.
type flooding struct {
	*flood
	t      testing.TB
	size   int // inputs
	server *server
	url    string // of the database
	file   string // of SQLite; "": PostgreSQL
	api    *telegramtest.Server
	asks   []*intake.Ask
	form   *intake.Flow

	others   []bystander
	begun    atomic.Bool   // the flood
	whole    chan struct{} // closed when all inputs are sent
	wholly   sync.Once
	sent     atomic.Int64
	served   atomic.Int64
	rejected atomic.Int64
	held     atomic.Int64 // now

	mu  sync.Mutex
	row FloodRow
}

// bystander is an ordinary person.
type bystander interface {
	owner() string
	// begin, answer and confirm return when the card shows until.
	begin(ctx context.Context, until string) error
	answer(ctx context.Context, ask *intake.Ask, want *lockbay.Terms, until string) error
	confirm(ctx context.Context, until string) error
}

// run runs a flood of so many inputs.
func (l *flood) run(ctx context.Context, t testing.TB, programs *Programs, size int, timed bool) FloodRow {
	form := intake.New(intake.Config{})
	f := &flooding{flood: l, t: t, size: size, form: form, asks: form.Asks(), whole: make(chan struct{}),
		row: FloodRow{Flood: fmt.Sprintf("%d %s", size, l.name), By: string(l.by), Database: "SQLite"}}
	ctx, cancel := context.WithTimeout(ctx, 2*seeing)
	defer cancel()
	f.start(ctx, programs)
	defer f.server.kill()
	if f.api != nil {
		defer f.api.Close()
	}
	f.meet()
	f.each(func(n int, b bystander) { f.escrow(ctx, b, n) })
	before := f.disk()

	attack, calm := context.WithCancel(ctx)
	var wg sync.WaitGroup
	f.begun.Store(true)
	wg.Go(func() { f.attack(attack, f) })
	wg.Go(func() { f.askReady(attack) })
	wg.Go(func() { f.askNobody(attack) })
	f.each(func(n int, b bystander) {
		for round := 1; f.escrow(ctx, b, n+round*bystanders) && !f.isWhole(); round++ {
		}
	})
	calm()
	wg.Wait()
	if died := f.server.died.Load(); died != nil {
		f.complain("the program ended by itself; %s", *died)
	} else {
		f.row.RSS = f.server.Life().PeakRSS() >> 20
	}
	f.row.Disk = (f.disk() - before) >> 20
	f.row.Rows, f.row.Events = f.stored()
	f.row.Sent, f.row.Served, f.row.Rejected = f.sent.Load(), f.served.Load(), f.rejected.Load()
	f.row.judge(l.most, timed)
	return f.row
}

// start starts the servers and the program.
func (f *flooding) start(ctx context.Context, programs *Programs) {
	f.file = f.t.TempDir() + "/lockbay.db"
	f.url = "sqlite:" + f.file
	if f.postgres {
		f.file, f.url, f.row.Database = "", testdb.Postgres(f.t), "PostgreSQL"
	}
	program, err := programs.of(today)
	if err != nil {
		f.t.Fatal(err)
	}
	flags := []string{"--database-url", f.url, "--open-escrows", "1000", "--log-format", "json"}
	if f.by != byPage {
		f.api = telegramtest.New(telegramtest.Options{Token: token})
		flags = append(flags, "--telegram-token", token, "--telegram-api-url", f.api.URL(), "--telegram-webhook-secret", secret, "--telegram-updates", string(f.by))
	}
	if f.server, err = newServer(program, 0, flags...); err != nil {
		f.t.Fatal(err)
	}
	if f.by == byWebhook {
		f.server.Args = append(f.server.Args, "--public-url", f.server.URL(""))
	}
	if err := f.server.start(ctx); err != nil {
		f.t.Fatal(err)
	}
}

// meet makes the bystanders.
func (f *flooding) meet() {
	if f.by == byPage {
		for n := range bystanders {
			f.others = append(f.others, newVisitor(f, fmt.Sprintf("198.51.%d.7", n)))
		}
		return
	}
	chats := map[int64]*chatter{}
	for n := range bystanders {
		c := &chatter{f: f, person: f.api.Person(2_000_000_000+int64(n), "", "Bystander"), chat: chat{cards: map[int]card{}, news: make(chan struct{}, 1)}}
		chats[c.person.ID] = c
		f.others = append(f.others, c)
	}
	f.api.OnShow(func(id int64, message int, text string, rows [][]telegramtest.Button) {
		if c := chats[id]; c != nil {
			c.chat.show(message, text, rows)
		} else {
			f.served.Add(1)
		}
	})
	f.api.OnRemove(func(id int64, message int) {
		if c := chats[id]; c != nil {
			c.chat.remove(message)
		}
	})
}

// each lets the bystanders act, all at once.
func (f *flooding) each(do func(n int, b bystander)) {
	var wg sync.WaitGroup
	for n, b := range f.others {
		wg.Go(func() { do(n, b) })
	}
	wg.Wait()
}

// escrow lets a bystander make an escrow, and reports whether it was made.
func (f *flooding) escrow(ctx context.Context, b bystander, n int) bool {
	var want lockbay.Terms
	for _, ask := range f.asks {
		ask.Field.Sample(&want, n)
	}
	err := f.step(func() error { return b.begin(ctx, f.form.Progress("en", 1)) })
	for i, ask := range f.asks {
		if err == nil && pause(ctx, thinks) {
			err = f.step(func() error { return b.answer(ctx, ask, &want, f.form.Progress("en", i+2)) })
		}
	}
	if err == nil && pause(ctx, thinks) {
		err = f.step(func() error { return b.confirm(ctx, "ESC-") })
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		f.complain("a bystander could not finish: %v", err)
		return false
	}
	if f.begun.Load() {
		f.mu.Lock()
		f.row.Escrows++
		f.mu.Unlock()
	}
	pause(ctx, thinks)
	return true
}

// step measures an answer of a bystander.
func (f *flooding) step(do func() error) error {
	beside, began, served := f.begun.Load(), time.Now(), f.served.Load()
	err := do()
	took := time.Since(began)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !beside {
		f.row.Quiet = append(f.row.Quiet, took)
		return err
	}
	f.row.Pauses = append(f.row.Pauses, took)
	f.row.Ahead = max(f.row.Ahead, f.served.Load()-served)
	return err
}

// more counts an input of the flood. It returns false when the flood must end.
func (f *flooding) more(ctx context.Context) bool {
	if ctx.Err() != nil {
		return false
	}
	if n := f.sent.Add(1); n > int64(f.size)*overdone {
		f.sent.Add(-1)
		f.complain("no escrow of each bystander beside %d inputs of the flood", n-1)
		return false
	}
	return true
}

// all tells that all inputs are sent.
func (f *flooding) all() { f.wholly.Do(func() { close(f.whole) }) }

func (f *flooding) isWhole() bool {
	select {
	case <-f.whole:
		return true
	default:
		return false
	}
}

// complain adds a broken promise to the row, each text once.
func (f *flooding) complain(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.row.Wrong, text) {
		f.row.Wrong = append(f.row.Wrong, text)
	}
}

// quantile is a quantile of durations, in thousandths.
func quantile(all []time.Duration, permille int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[(len(sorted)*permille+999)/1000-1].Round(time.Millisecond)
}
