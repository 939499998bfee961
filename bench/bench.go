// Package bench starts a server, drives it with simulated people through its
// webhook and a fake Bot API, and reports the results.
//
// An update's time runs from the webhook post until the person's card shows the
// answer. The same run measures the floor: one append of 4 KiB with fdatasync
// on the database's disk, and two minimal HTTP round trips over loopback.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// Options of a run. Command is needed.
type Options struct {
	// Command is the server's argv without the flags that the run adds: listen,
	// telegram-token, telegram-api-url, telegram-updates,
	// telegram-webhook-secret, database-url, mode.
	Command []string
	// Flags are additional flags of the server.
	Flags []string
	// Env is the server's environment. People answer by lockbay.DefaultRules, so
	// it has no settings that change them. Defaults to that of this process.
	Env []string
	// DatabaseURL of the server. Defaults to a new SQLite file in Folder.
	DatabaseURL string
	// Folder for the files of the run. Defaults to a temporary one, removed at the end.
	Folder string
	// Mode of the drafts. Defaults to database.
	Mode string
	// Users is the number of concurrent people. Defaults to 200.
	Users int
	// For is how long people start new escrows. Defaults to 10 s.
	For time.Duration
	// KillEvery is the interval between kills of the server, with a restart
	// after each, while every user makes one escrow. 0: never.
	KillEvery time.Duration
	// Kills is the number of kills. Defaults to 50.
	Kills int
	// Double sends every tap and every Create three times at once: twice with
	// the same update id, once with another.
	Double bool
	// Rounds bounds the escrows of each user. 0: no bound.
	Rounds int
	// Fill prepares the database before the server starts.
	Fill func(ctx context.Context, databaseURL string) error
	// Bytes returns the size of a stored conversation after the run. Nil: not
	// reported.
	Bytes func(ctx context.Context, databaseURL string) (float64, error)
	// RedisBytes returns the size of a value in Redis after the run. Nil: not
	// reported.
	RedisBytes func(ctx context.Context) (float64, error)
	// Escrows lists the escrows after the run.
	Escrows func(ctx context.Context, databaseURL string) ([]Escrow, error)
	// Progress is called after each kill and each second. Defaults to none.
	Progress func(done, of int)
	// Log receives the server's standard error. Defaults to none.
	Log io.Writer
}

// Escrow is the part of an escrow that the run compares with its buyer's
// answers.
type Escrow struct {
	ID, Buyer string
	Terms     lockbay.Terms
}

// Report is the result of a run.
type Report struct {
	Users                int     `json:"users"`
	Turns                int64   `json:"turns"`
	UpdatesPerS          float64 `json:"updates_per_s"`
	P50us                int64   `json:"-"`
	P50ms                float64 `json:"p50_ms"`
	P95ms                float64 `json:"p95_ms"`
	P99ms                float64 `json:"p99_ms"`
	MaxMs                float64 `json:"max_ms"`
	CPUus                float64 `json:"cpu_us_per_update"`
	RSSMB                float64 `json:"rss_mb"`
	BytesPerConversation float64 `json:"bytes_per_conversation"`
	RedisBytes           float64 `json:"redis_bytes_per_conversation,omitempty"` // mean of the values present
	FloorP50us           float64 `json:"floor_p50_us"`
	Completed            int64   `json:"completed"`
	Lost                 int64   `json:"lost"`
	Duplicates           int64   `json:"duplicates"`
	Errors               int64   `json:"errors"`
	Kills                int     `json:"kills"`
	ReadyMs              float64 `json:"ready_ms"` // median time from the start of the process until it is ready
	Mode                 string  `json:"mode"`
	Database             string  `json:"database"`
	FirstError           string  `json:"first_error,omitempty"`
}

const (
	token  = "1000000:AAbenchbenchbenchbenchbenchbenchbench"
	secret = "bench-secret"
)

// run is one run in progress.
type run struct {
	opt    Options
	api    *telegramtest.Server
	srv    *server
	people map[int64]*person
	script *script

	turns     atomic.Int64
	completed atomic.Int64
	errors    atomic.Int64
	first     atomic.Pointer[string]
	updateID  atomic.Int64
	until     time.Time
	floor     *floor
}

// Run starts a server, drives it with simulated people, stops it and reports.
func Run(ctx context.Context, opt Options) (rep Report, err error) {
	opt.setDefaults()
	if opt.Folder == "" {
		if opt.Folder, err = os.MkdirTemp("", "lockbay-bench-"); err != nil {
			return rep, err
		}
		defer os.RemoveAll(opt.Folder)
	}
	if opt.DatabaseURL == "" {
		opt.DatabaseURL = "sqlite:" + filepath.Join(opt.Folder, "lockbay.db")
	}
	rep.Users, rep.Mode = opt.Users, opt.Mode
	if opt.Fill != nil {
		if err := opt.Fill(ctx, opt.DatabaseURL); err != nil {
			return rep, fmt.Errorf("fill the database: %w", err)
		}
	}
	r := newRun(opt)
	defer r.api.Close()
	if r.floor, err = newFloor(opt.Folder); err != nil {
		return rep, err
	}
	defer r.floor.close()
	if r.srv, err = startServer(ctx, opt, r.api.URL()); err != nil {
		return rep, err
	}
	defer r.srv.Kill()

	r.floor.sample(300)
	if err := r.drive(ctx, &rep); err != nil {
		return rep, err
	}
	r.floor.sample(300)
	rep.FloorP50us = r.floor.p50()
	rep.RSSMB = r.srv.rssMB()
	rep.ReadyMs = r.srv.readyMedian()
	rep.Kills = r.srv.kills
	if err := r.srv.Stop(); err != nil {
		return rep, err
	}
	rep.Errors = r.errors.Load()
	err = r.inspect(ctx, &rep)
	if s := r.first.Load(); s != nil { // the audit of the escrows names what it finds, too
		rep.FirstError = *s
	}
	return rep, err
}

func (o *Options) setDefaults() {
	if o.Users <= 0 {
		o.Users = 200
	}
	if o.For <= 0 {
		o.For = 10 * time.Second
	}
	if o.Mode == "" {
		o.Mode = "database"
	}
	if o.Kills <= 0 {
		o.Kills = 50
	}
	if o.KillEvery > 0 {
		o.Rounds = 1
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
}

// newRun makes the people and the fake Bot API that shows them their cards.
func newRun(opt Options) *run {
	r := &run{opt: opt, people: map[int64]*person{}, script: newScript()}
	r.updateID.Store(time.Now().UnixMilli())
	base := int64(1_000_000_000) + rand.Int64N(1_000_000)*1_000_000
	for i := range opt.Users {
		p := newPerson(r, base+int64(i), i)
		r.people[p.id] = p
	}
	r.api = telegramtest.New(telegramtest.Options{Token: token})
	r.api.OnShow(func(chat int64, message int, text string, rows [][]telegramtest.Button) {
		if p := r.people[chat]; p != nil {
			p.show(message, text, rows)
		}
	})
	r.api.OnRemove(func(chat int64, message int) {
		if p := r.people[chat]; p != nil {
			p.remove(message)
		}
	})
	return r
}

// inspect reads the stores after the server has stopped.
func (r *run) inspect(ctx context.Context, rep *Report) (err error) {
	if r.opt.Escrows != nil {
		list, err := r.opt.Escrows(ctx, r.opt.DatabaseURL)
		if err != nil {
			return fmt.Errorf("list escrows: %w", err)
		}
		rep.Completed, rep.Lost, rep.Duplicates = r.audit(list)
	}
	if r.opt.Bytes != nil {
		if rep.BytesPerConversation, err = r.opt.Bytes(ctx, r.opt.DatabaseURL); err != nil {
			return fmt.Errorf("measure a conversation: %w", err)
		}
	}
	if r.opt.RedisBytes != nil {
		if rep.RedisBytes, err = r.opt.RedisBytes(ctx); err != nil {
			return fmt.Errorf("measure a value in Redis: %w", err)
		}
	}
	return nil
}

// drive runs the people and measures them.
func (r *run) drive(ctx context.Context, rep *Report) error {
	began := time.Now()
	r.until = began.Add(r.opt.For)
	cpu := r.srv.cpu()
	var wg sync.WaitGroup
	for _, p := range r.people {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p.live(ctx)
		}()
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	if r.opt.KillEvery > 0 {
		r.kill(ctx, done)
	} else {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
	wait:
		for i := 1; ; i++ {
			select {
			case <-done:
				break wait
			case <-tick.C:
				r.opt.Progress(i, int(r.opt.For/time.Second))
			}
		}
	}
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	took := time.Since(began)
	var all []time.Duration
	for _, p := range r.people {
		all = append(all, p.took...)
	}
	slices.Sort(all)
	at := func(q float64) float64 {
		if len(all) == 0 {
			return 0
		}
		return float64(all[min(int(q*float64(len(all))), len(all)-1)].Microseconds()) / 1000
	}
	rep.Turns = r.turns.Load()
	rep.UpdatesPerS = float64(rep.Turns) / took.Seconds()
	rep.P50ms, rep.P95ms, rep.P99ms, rep.MaxMs = at(.5), at(.95), at(.99), at(1)
	if rep.Turns > 0 {
		rep.CPUus = float64((r.srv.cpu() - cpu).Microseconds()) / float64(rep.Turns)
	}
	rep.Completed = r.completed.Load()
	return nil
}

// kill kills the server at the set interval, up to the set number of times.
func (r *run) kill(ctx context.Context, done <-chan struct{}) {
	for n := range r.opt.Kills {
		pause := time.Duration(float64(r.opt.KillEvery) * (0.5 + rand.Float64()))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		case <-done:
			return
		}
		if err := r.srv.killAndRestart(ctx); err != nil {
			r.fail(fmt.Sprintf("restart: %v", err))
			return
		}
		r.opt.Progress(n+1, r.opt.Kills)
	}
}

// fail counts an error from a person's point of view.
func (r *run) fail(what string) {
	r.errors.Add(1)
	r.first.CompareAndSwap(nil, &what)
}

// audit compares the stored escrows with the people's intents.
func (r *run) audit(list []Escrow) (completed, lost, duplicates int64) {
	found := map[intent]int{}
	for _, e := range list {
		found[intent{e.Buyer, e.Terms}]++
	}
	wanted := map[intent]bool{}
	for _, p := range r.people {
		for _, in := range p.intents {
			wanted[in] = true
			n := found[in]
			if n == 0 {
				lost++
				r.first.CompareAndSwap(nil, new("an escrow of person "+fmt.Sprint(p.n)+" is missing or has other terms"))
				continue
			}
			completed++
			if n > 1 {
				duplicates += int64(n - 1)
				r.first.CompareAndSwap(nil, new("an escrow of person "+fmt.Sprint(p.n)+" was made more than once"))
			}
		}
	}
	for _, e := range list {
		in := intent{e.Buyer, e.Terms}
		var id int64
		if _, err := fmt.Sscanf(e.Buyer, "tg:%d", &id); err == nil && r.people[id] != nil && !wanted[in] {
			if p := r.people[id]; p.last == in {
				continue // confirmed, but the run ended before its card arrived
			}
			duplicates++
			r.first.CompareAndSwap(nil, new("an escrow that no person made: "+e.ID))
		}
	}
	return completed, lost, duplicates
}

// intent is one escrow that a person wants.
type intent struct {
	buyer string
	terms lockbay.Terms
}

var errStuck = errors.New("stuck")
