package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/ticket"
)

type ticketsImportCmd struct {
	File string `arg:"" type:"path" help:"CSV with the columns text and written_at, and if you have them id, owner (such as tg:1000001) and class"`
}

const (
	wrongRowsMost = 20 // that are named
	importAtOnce  = 64 // tickets that are written together
)

// Run takes the tickets of a file. It reads all rows first, and takes none if one is wrong.
func (c *ticketsImportCmd) Run(p *program, set *Settings) error {
	now := time.Now()
	if err := c.check(p, now); err != nil {
		return err
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	done := imports{app: a}
	err = done.all(p.ctx, c.File, now)
	fmt.Fprintf(p.out, "Imported %s; %d were there, %d are older than 90 days and were left out.\n", count(done.taken, "ticket"), done.there, done.old)
	return err
}

// check reads all rows, and names the wrong ones.
func (c *ticketsImportCmd) check(p *program, now time.Time) error {
	wrong, cut := 0, 0
	err := eachTicket(c.File, now, func(row *ticketRow, err error) error {
		switch {
		case err != nil:
			if wrong++; wrong <= wrongRowsMost {
				fmt.Fprintln(p.err, "lockbay: "+err.Error())
			}
		case row.cut:
			if cut++; cut <= wrongRowsMost {
				fmt.Fprintf(p.err, "line %d: the text is too long; its first 1,000 characters are kept, in some scripts fewer\n", row.line)
			}
		}
		return nil
	})
	if cut > wrongRowsMost {
		fmt.Fprintf(p.err, "%d texts are too long\n", cut)
	}
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%s wrong in %s; nothing was imported", map[bool]string{true: "one row is", false: fmt.Sprint(wrong, " rows are")}[wrong == 1], c.File)
	}
	return err
}

// eachTicket calls fn with every row of a file, or with what is wrong with it.
func eachTicket(path string, now time.Time, fn func(row *ticketRow, err error) error) error {
	f, err := openTicketFile(path, now)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		row, err := f.next()
		var bad errRow
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = fn(nil, bad)
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		default:
			err = fn(&row, nil)
		}
		if err != nil {
			return err
		}
	}
}

// imports counts what became of rows.
type imports struct {
	app               *app
	taken, there, old int

	mu sync.Mutex
}

// all imports the rows of a file, many at once. An error leaves out the rows behind it.
func (x *imports) all(ctx context.Context, path string, now time.Time) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	free := make(chan struct{}, importAtOnce)
	err := eachTicket(path, now, func(row *ticketRow, err error) error {
		switch {
		case err != nil: // the file has changed since it was checked
			return err
		case now.Sub(row.Written()) >= ticket.Kept:
			x.old++
			return nil
		}
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		mine := *row
		mine.Owner, mine.Class = strings.Clone(row.Owner), ticket.Class(strings.Clone(string(row.Class))) // the reader uses its memory again
		running.Go(func() {
			defer func() { <-free }()
			if err := x.one(ctx, &mine); err != nil {
				stop(err)
			}
		})
		return nil
	})
	running.Wait()
	if err == nil {
		err = context.Cause(ctx)
	}
	return err
}

// idsMost is how many ids a source may have: another source may have come to the ones before.
const idsMost = 8

// one imports a row.
func (x *imports) one(ctx context.Context, row *ticketRow) error {
	for n := range idsMost {
		in := ticket.Import(botName, row.source, n, &row.Ticket)
		in.By = "cli"
		out, err := x.app.engine.Handle(ctx, in)
		if err != nil {
			return err
		}
		if out.Did == dialog.DidApply {
			x.count(&x.taken)
			return nil
		}
		r, _, err := x.app.engine.Hydrate(ctx, in.Key)
		if err != nil {
			return err
		}
		if k, err := ticket.Of(r); err != nil || k.Is(row.source) {
			x.count(&x.there)
			return err
		}
	}
	return fmt.Errorf("line %d: there is no id for it", row.line)
}

func (x *imports) count(what *int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	*what++
}
