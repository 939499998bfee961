package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/bench"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

type benchCmd struct {
	Users     int           `name:"users" placeholder:"N" default:"200" least:"1" help:"people at the same time"`
	For       time.Duration `name:"for" placeholder:"DURATION" default:"10s" least:"100ms" help:"how long people begin new escrows"`
	Rounds    int           `name:"rounds" placeholder:"N" least:"1" help:"escrows per person (default: as many as fit)"`
	KillEvery time.Duration `name:"kill-every" placeholder:"DURATION" least:"100ms" help:"mean time between kills (kill -9) of the server; each person then makes one escrow"`
	Kills     int           `name:"kills" placeholder:"N" default:"50" least:"1" help:"number of kills, with --kill-every"`
	Double    bool          `name:"double" help:"send every tap and every Create three times at once: twice with the same update id, once with another"`
	Stored    int           `name:"stored" placeholder:"N" least:"1" help:"conversations to store before the run"`
	Keep      string        `name:"folder" placeholder:"FOLDER" help:"folder to keep the files of the run in"`
	JSON      bool          `name:"json" help:"one JSON object"`
	Verbose   bool          `name:"verbose" help:"show the server's log"`
}

// Run measures a server of its own, on a new SQLite file unless --database-url is given. Both the people and the server
// use the default rules, whatever is set here.
func (c *benchCmd) Run(p *program, set *Settings) error {
	opt, err := c.options(p, set)
	if err != nil {
		return err
	}
	bars := newBars(p.err)
	var once sync.Once
	var bar *mpb.Bar
	opt.Progress = func(done, of int) {
		once.Do(func() {
			bar = bars.AddBar(int64(of), mpb.PrependDecorators(decor.Name("bench ")), mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
		})
		bar.SetCurrent(int64(min(done, of)))
	}
	rep, err := bench.Run(p.ctx, opt)
	if bar != nil {
		bar.Abort(false)
	}
	bars.Wait()
	if err != nil {
		return err
	}
	rep.Database = "sqlite"
	if kind, _, _ := set.database(); set.DatabaseURL != "" {
		rep.Database = kind
	}
	if !c.JSON {
		printReport(p.out, &rep)
	} else if err := writeJSON(p.out, rep); err != nil {
		return err
	}
	if rep.Lost+rep.Duplicates+rep.Errors > 0 {
		return errors.New("broken promise: " + rep.FirstError)
	}
	return nil
}

// unset is an environment without settings.
func unset(env []string) []string {
	return slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "LOCKBAY_") && !foreign.MatchString(kv) })
}

// newBars shows progress bars on a terminal only.
func newBars(w io.Writer) *mpb.Progress {
	if !isTerminal(w) {
		w = nil
	}
	return mpb.New(mpb.WithOutput(w))
}

func (c *benchCmd) options(p *program, set *Settings) (opt bench.Options, err error) {
	self, err := os.Executable()
	if err != nil {
		return opt, err
	}
	opt = bench.Options{
		Command: []string{self, "serve"}, DatabaseURL: set.DatabaseURL, Folder: c.Keep, Mode: set.Mode, Users: c.Users, For: c.For,
		Rounds: c.Rounds, KillEvery: c.KillEvery, Kills: c.Kills, Double: c.Double, Env: unset(os.Environ()),
	}
	if set.RedisURL != "" {
		opt.Flags = append(opt.Flags, "--redis-url", string(set.RedisURL))
		opt.RedisBytes = set.redisBytes
	}
	if c.Verbose {
		opt.Log = p.err
	}
	if c.Keep != "" {
		if err := os.MkdirAll(c.Keep, 0o700); err != nil {
			return opt, err
		}
	}
	on := func(url string) *Settings {
		s := *set
		s.DatabaseURL, s.Currency, s.Currencies, s.Fee, s.Limits, s.Instructions = url, lockbay.DefaultRules().Default, "", "", "", howToPay{}
		return &s
	}
	opt.Escrows = func(ctx context.Context, url string) ([]bench.Escrow, error) { return benchEscrows(ctx, on(url)) }
	opt.Bytes = func(ctx context.Context, url string) (float64, error) { return conversationBytes(ctx, on(url)) }
	if c.Stored > 0 {
		opt.Fill = func(ctx context.Context, url string) error { return fillStore(ctx, on(url), c.Stored) }
	}
	return opt, nil
}

func benchEscrows(ctx context.Context, set *Settings) (out []bench.Escrow, err error) {
	st, err := set.openStore(ctx)
	if err != nil {
		return nil, err
	}
	defer st.Close()
	list, err := escrows(ctx, st, "")
	for i := range list {
		out = append(out, bench.Escrow{ID: list[i].ID, Buyer: list[i].Buyer, Terms: list[i].Terms})
	}
	return out, err
}

// conversationBytes is the mean size of a stored conversation.
func conversationBytes(ctx context.Context, set *Settings) (float64, error) {
	st, err := set.openStore(ctx)
	if err != nil {
		return 0, err
	}
	defer st.Close()
	bytes, n, err := st.ConversationBytes(ctx)
	if err != nil || n == 0 {
		return 0, err
	}
	return float64(bytes) / float64(n), nil
}

func printReport(w io.Writer, rep *bench.Report) {
	fmt.Fprintf(w, "%d users, mode %s on %s: %d updates, %.0f a second\n", rep.Users, rep.Mode, rep.Database, rep.Turns, rep.UpdatesPerS)
	fmt.Fprintf(w, "until the card shows the answer: p50 %.2f ms, p95 %.2f, p99 %.2f; floor p50 %.0f µs\n", rep.P50ms, rep.P95ms, rep.P99ms, rep.FloorP50us)
	fmt.Fprintf(w, "server: %.0f µs CPU an update, %.0f MB resident, ready after %.0f ms; %.0f bytes a conversation\n", rep.CPUus, rep.RSSMB, rep.ReadyMs, rep.BytesPerConversation)
	if rep.RedisBytes > 0 {
		fmt.Fprintf(w, "Redis: %.0f bytes a conversation\n", rep.RedisBytes)
	}
	fmt.Fprintf(w, "escrows: %d completed, %d lost, %d duplicates, %d errors, %d kills\n", rep.Completed, rep.Lost, rep.Duplicates, rep.Errors, rep.Kills)
}

// fillStore stores n unfinished conversations, through the engine.
func fillStore(ctx context.Context, set *Settings, n int) error {
	a, err := newApp(ctx, set, true, dialog.Recorder{}, nil)
	if err != nil {
		return err
	}
	defer a.close(ctx)
	asks := a.intake.Asks()
	ids := make(chan int)
	errs := make(chan error, 256)
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for i := range ids {
				owner := "tg:" + strconv.Itoa(900_000_000+i)
				for step, in := range halfway(asks, i) {
					in.ID, in.Owner = "fill:"+strconv.Itoa(step), owner
					// A page asks for its card: no card of these people waits to be sent.
					in.Place = dialog.Place{Channel: "web", Address: owner[3:], Lang: "en"}
					if _, err := a.engine.Handle(ctx, in); err != nil {
						errs <- err
						return
					}
				}
			}
		})
	}
	for i := range n {
		select {
		case ids <- i:
		case err := <-errs:
			close(ids)
			return err
		}
	}
	close(ids)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// halfway are the inputs of a person who leaves the last question open.
func halfway(asks []*intake.Ask, n int) []dialog.Input {
	inputs := []dialog.Input{{Kind: dialog.KindCommand, Name: "create"}}
	for _, ask := range asks[:len(asks)-1] {
		var t lockbay.Terms
		ask.Field.Sample(&t, n)
		inputs = append(inputs, dialog.Input{Kind: dialog.KindText, Text: ask.Typed(&t)})
	}
	return inputs
}
