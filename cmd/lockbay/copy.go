package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/copystore"
)

type migrateCopyCmd struct {
	From  string `name:"from" required:"" placeholder:"URL" help:"source database: sqlite:PATH or postgres://…"`
	To    string `name:"to" required:"" placeholder:"URL" help:"target database; missing tables are created"`
	Exact bool   `name:"exact" help:"also delete conversations that only --to has; pending and paid escrows are never deleted"`
	JSON  bool   `name:"json" help:"one JSON object"`
}

// copyReport is what migrate copy --json writes.
type copyReport struct {
	From     copystore.Sum `json:"from"`
	To       copystore.Sum `json:"to"`
	Equal    bool          `json:"equal"`
	Created  int           `json:"created"`
	Updated  int           `json:"updated"`
	Same     int           `json:"same"`
	Newer    int           `json:"newer"`   // newer in the target: left unchanged
	Extra    int           `json:"extra"`   // in the target only: left unchanged
	Deleted  int           `json:"deleted"` // with --exact
	Serving  bool          `json:"source_serves"`
	Finished bool          `json:"finished"`
}

// sharedSecrets are the secrets that belong to the conversations. "web cookie" is the key of visitors' cookies, "drafts"
// of drafts in Redis, "insight" of counted people; "telegram bot" is the bot that the rows' bare message ids belong to.
var sharedSecrets = []string{"web cookie", webhookSecret, "drafts", quoteSecret, refsSecret, seatsSecret, wordsSecret, devicesSecret, consoleSecret, "telegram bot", "insight"}

// Run copies, counts and compares. It may be interrupted and run again.
func (c *migrateCopyCmd) Run(p *program, set *Settings) error {
	from, to := *set, *set
	from.DatabaseURL, to.DatabaseURL = c.From, c.To
	from.calledURL, to.calledURL = "from", "to"
	for _, s := range []*Settings{&from, &to} {
		if _, err := s.checkURL(s.urlSetting()); err != nil {
			return usageError{err}
		}
	}
	if err := c.hasConversations(p.ctx, &from); err != nil {
		return err
	}
	source, err := from.openStore(p.ctx)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := to.openStore(p.ctx)
	if err != nil {
		return err
	}
	defer target.Close()

	rep := copyReport{}
	if rep.Serving, err = c.prepare(p.ctx, source, target); err != nil {
		return err
	}
	res, err := c.pass(p, source, target)
	rep.Created, rep.Updated, rep.Same = res.Created, res.Updated, res.Same
	rep.Newer, rep.Extra, rep.Deleted = res.Newer+res.Missed, res.Extra, res.Deleted
	if err == nil {
		rep.From, err = copystore.SumOf(p.ctx, source)
	}
	if err == nil {
		rep.To, err = copystore.SumOf(p.ctx, target)
	}
	if err == nil {
		err = copyCounts(p.ctx, &from, &to, source, target)
	}
	rep.Finished, rep.Equal = err == nil, err == nil && rep.From == rep.To
	if c.JSON {
		if err := writeJSON(p.out, rep); err != nil {
			return err
		}
	} else {
		rep.print(p.out, from.databaseName(), to.databaseName())
	}
	if err != nil {
		return fmt.Errorf("interrupted after %d new and %d changed; run it again to continue: %w", rep.Created, rep.Updated, err)
	}
	return rep.verdict()
}

// hasConversations fails for a source without tables, before they would be created, and for a source with columns that
// this program lacks.
func (c *migrateCopyCmd) hasConversations(ctx context.Context, from *Settings) error {
	kind, where, _ := from.database()
	list, err := migrationStatus[kind](ctx, where)
	switch {
	case errors.Is(err, errNoFile):
		return fmt.Errorf("%w: --from: %s does not exist", errNoDatabase, where)
	case err != nil:
		return from.databaseTrouble(err)
	}
	tables := false
	for _, m := range list {
		if m.Have > m.Want {
			return fmt.Errorf("--from: %s is at version %d, newer than this program's %d: copy with the newer program, which knows all columns", m.Component, m.Have, m.Want)
		}
		tables = tables || m.Have > 0
	}
	if tables {
		return nil
	}
	return fmt.Errorf("--from: %s has no LockBay tables", from.databaseName())
}

// prepare fails if the copy would do harm, and copies the secrets. It reports whether an instance serves from the source.
func (c *migrateCopyCmd) prepare(ctx context.Context, source, target store) (serving bool, err error) {
	same, err := copystore.Same(ctx, source, target)
	if err != nil {
		return false, err
	}
	if same {
		return false, usageError{errors.New("--from and --to are the same database")}
	}
	switch held, err := copystore.Held(ctx, target, "sweeper:"+botName); {
	case err != nil:
		return false, err
	case held:
		return false, errors.New("an instance serves from --to, or did until a few seconds ago: stop it first, since both would remind the same people")
	}
	for _, name := range sharedSecrets {
		err := copystore.Secret(ctx, source, target, name)
		if errors.Is(err, copystore.ErrOtherSecret) {
			return false, fmt.Errorf("--to has served before: its own key (%s) keeps cookies, drafts and quotes of its people valid; copy into a new database", name)
		}
		if err != nil {
			return false, err
		}
	}
	return copystore.Held(ctx, source, "sweeper:"+botName)
}

// pass copies, with a progress bar on a terminal.
func (c *migrateCopyCmd) pass(p *program, source, target store) (copystore.Result, error) {
	_, total, err := source.ConversationBytes(p.ctx)
	counters := decor.CountersNoUnit("%d / %d")
	if err != nil { // a slow count, say: the bar has no total
		total, counters = 0, decor.CurrentNoUnit("%d")
	}
	bars := newBars(p.err)
	bar := bars.AddBar(total, mpb.PrependDecorators(decor.Name("copy ")),
		mpb.AppendDecorators(counters, decor.Name(" "), decor.AverageETA(decor.ET_STYLE_GO)))
	defer bars.Wait()
	defer bar.Abort(false) // Wait waits until a bar is full or aborted
	return copystore.Copy(p.ctx, source, target, copystore.Options{
		Exact: c.Exact,
		Keep: func(r *dialog.Row) bool {
			return keepsMoney(&r.Head)
		},
		Progress: func(seen int) {
			if total > 0 {
				seen = min(seen, int(total))
			}
			bar.SetCurrent(int64(seen))
		},
	})
}

func (r *copyReport) print(w io.Writer, from, to string) {
	fmt.Fprintf(w, "%d new, %d changed, %d unchanged\n", r.Created, r.Updated, r.Same)
	if r.Newer+r.Extra+r.Deleted > 0 {
		fmt.Fprintf(w, "%d newer in the target, %d only in the target, %d deleted from the target\n", r.Newer, r.Extra, r.Deleted)
	}
	if r.Finished {
		fmt.Fprintf(w, "%s: %s, checksum %s\n", from, count(r.From.Conversations, "conversation"), r.From.Checksum)
		fmt.Fprintf(w, "%s: %s, checksum %s\n", to, count(r.To.Conversations, "conversation"), r.To.Checksum)
	}
	if r.Serving {
		fmt.Fprintln(w, "An instance serves from the source: stop it and run this once more before you serve from the target.")
	}
}

// verdict is nil if both databases are equal.
func (r *copyReport) verdict() error {
	switch {
	case r.Equal:
		return nil
	case r.Newer > 0:
		return fmt.Errorf("the databases differ: %s newer in --to, and left unchanged", count(r.Newer, "conversation"))
	case r.Extra > 0:
		return fmt.Errorf("the databases differ: %s only in --to; --exact deletes all but pending and paid escrows", count(r.Extra, "conversation"))
	default:
		return errors.New("the databases differ: the source has changed meanwhile; stop its instances and run this again")
	}
}

// keepsMoney reports whether money may have come for a deal, is on its way, or went through its books.
func keepsMoney(h *dialog.Head) bool {
	status := lockbay.Status(h.Step)
	return h.Key.Flow == deal.FlowName &&
		(status == lockbay.PaymentPending || status.HoldsMoney() || status == lockbay.Completed || status == lockbay.Refunded)
}
