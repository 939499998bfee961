package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/intake"
)

type draftsCmd struct {
	List   draftsListCmd   `cmd:"" help:"list unfinished escrows, without their answers"`
	Show   draftsShowCmd   `cmd:"" help:"show one draft with its answers; the audit log records it"`
	Forget draftsForgetCmd `cmd:"" help:"forget one conversation with its events, and what its person sent that still waits"`
	Prune  draftsPruneCmd  `cmd:"" help:"do once what serve does by itself: fire due timers, delete expired conversations"`
}

// draftJSON is one line of drafts list --json.
type draftJSON struct {
	Key       string          `json:"key"`
	DraftID   string          `json:"draft_id"`
	Step      string          `json:"step"`
	Version   int64           `json:"version"`
	Mode      string          `json:"mode"`
	CreatedAt string          `json:"created_at"`
	UpdatedAt string          `json:"updated_at"`
	ExpiresAt string          `json:"expires_at"`
	Answers   any             `json:"answers,omitempty"`
	Unread    json.RawMessage `json:"unread,omitempty"` // unreadable answers, as text; null: none
}

func draftOf(h *dialog.Head) draftJSON {
	mode := map[dialog.Where]string{dialog.InRow: "database", dialog.InRedis: "redis", dialog.InMemory: "lightweight"}[h.Where]
	return draftJSON{Key: h.Key.Path(), DraftID: h.Draft, Step: h.Step, Version: h.Version, Mode: mode,
		CreatedAt: rfc(h.Created), UpdatedAt: rfc(h.Updated), ExpiresAt: rfc(h.Expires)}
}

type draftsListCmd struct {
	JSON bool `name:"json" help:"one JSON array"`
}

func (c *draftsListCmd) Run(p *program, set *Settings) error {
	st, err := set.openExisting(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	return writeDrafts(p.ctx, p.out, c.JSON, st)
}

// writeDrafts writes the unfinished escrows, a page at a time.
func writeDrafts(ctx context.Context, out io.Writer, json bool, st dialog.Store) error {
	list := &lines[draftJSON]{
		out: out, json: json, none: "No drafts.",
		object: func(d *draftJSON) any { return d },
		table:  func(page []draftJSON) error { return draftTable(out, page) },
	}
	if err := eachRow(ctx, st, dialog.Query{Flow: intake.FlowName}, func(r *dialog.Row) error {
		if r.Step == "" {
			return nil
		}
		d := draftOf(&r.Head)
		return list.add(&d)
	}); err != nil {
		return err
	}
	return list.end()
}

func draftTable(out io.Writer, page []draftJSON) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTEP\tVERSION\tMODE\tUPDATED\tEXPIRES")
	for _, d := range page {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", d.Key, d.Step, d.Version, d.Mode, d.UpdatedAt, d.ExpiresAt)
	}
	return w.Flush()
}

// keyArg reads flow/id.
func keyArg(s string) (dialog.Key, error) {
	flow, id, ok := strings.Cut(s, "/")
	if !ok || flow == "" || id == "" {
		return dialog.Key{}, usageError{fmt.Errorf("%q is not a key; a key looks like escrow/tg:1000001", s)}
	}
	return dialog.Key{Bot: botName, Flow: flow, ID: id}, nil
}

type draftsShowCmd struct {
	Key  string `arg:"" help:"flow/id, for example escrow/tg:1000001"`
	JSON bool   `name:"json" help:"one JSON object"`
}

func (c *draftsShowCmd) Run(p *program, set *Settings) error {
	key, err := keyArg(c.Key)
	if err != nil {
		return err
	}
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	h, err := a.engine.Peek(p.ctx, key)
	switch {
	case errors.Is(err, dialog.ErrNotFound), key.Flow == dialog.AsideFlow: // updates that were set aside are not a conversation
		return fmt.Errorf("there is no conversation %s", c.Key)
	case err != nil:
		return err
	case h.Step != "" && h.Where == dialog.InRedis && a.drafts == nil:
		return fmt.Errorf("the answers of %s are in Redis: set --redis-url", c.Key)
	case h.Step != "" && h.Where == dialog.InMemory:
		return fmt.Errorf("the answers of %s are in the memory of the instance that serves it (mode lightweight)", c.Key)
	}
	r, _, err := a.engine.Hydrate(p.ctx, key)
	if errors.Is(err, dialog.ErrSchemaNewer) {
		return fmt.Errorf("%s was written by a newer lockbay: use the newer program", c.Key)
	}
	if err != nil {
		return err
	}
	set.logger(p.err).Info("audit: answers shown", "verb", "drafts show", "key", key.Path())
	d := draftOf(&r.Head)
	d.Answers, d.Unread = json.RawMessage("null"), json.RawMessage("null")
	if answers, ok := named(key, r.Answers); ok {
		d.Answers = answers
	}
	if len(r.Unread) > 0 {
		if d.Unread, err = json.Marshal(string(r.Unread)); err != nil {
			return err
		}
	}
	if c.JSON {
		return writeJSON(p.out, d)
	}
	at := "at " + d.Step
	if d.Step == "" {
		at = "without a draft"
	}
	fmt.Fprintf(p.out, "%s %s, version %d, saved %s\n", d.Key, at, d.Version, d.UpdatedAt)
	if err := writeJSON(p.out, d.Answers); err != nil {
		return err
	}
	if len(r.Unread) > 0 {
		fmt.Fprintf(p.out, "Unreadable answers, which are asked for again:\n%s\n", d.Unread)
	}
	return nil
}

// named are stored answers under the names that lists use; answers of another form stay as they are. ok is false if they
// cannot be read.
func named(key dialog.Key, answers []byte) (named any, ok bool) {
	var terms lockbay.Terms
	switch key.Flow {
	case intake.FlowName:
		var d intake.Draft
		ok = json.Unmarshal(answers, &d) == nil
		terms = d.Terms
	case deal.FlowName:
		var e lockbay.Escrow
		ok = json.Unmarshal(answers, &e) == nil
		terms = e.Terms
	default:
		return json.RawMessage(answers), json.Valid(answers)
	}
	given := jsonObject{}
	for _, v := range terms.Given() {
		given = append(given, member{v.Name, v.Is})
	}
	return given, ok
}

type draftsPruneCmd struct {
	DryRun bool `name:"dry-run" help:"only count"`
	JSON   bool `name:"json" help:"one JSON object"`
}

// pruneReport is what drafts prune --json writes.
type pruneReport struct {
	DryRun    bool  `json:"dry_run"`
	Serving   bool  `json:"serving"`   // an instance serves and prunes, so this command did nothing
	Expired   int   `json:"expired"`   // drafts that had expired at the beginning
	Woken     int   `json:"woken"`     // due timers: reminded, expired, lapsed
	Forgotten int   `json:"forgotten"` // ended conversations, deleted
	Events    int64 `json:"events"`    // too old
	Elsewhere int   `json:"elsewhere"` // drafts in Redis, skipped without --redis-url
}

// Run does the work of an instance's sweeper once.
func (c *draftsPruneCmd) Run(p *program, set *Settings) error {
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	now := a.engine.Now()
	rep := pruneReport{DryRun: c.DryRun}
	if err := eachRow(p.ctx, a.store, dialog.Query{Flow: intake.FlowName}, func(r *dialog.Row) error {
		if r.Step != "" && !r.Expires.IsZero() && r.Expires.Before(now) {
			rep.Expired++
		}
		if r.Step != "" && r.Where == dialog.InRedis && a.drafts == nil {
			rep.Elsewhere++
		}
		return nil
	}); err != nil {
		return err
	}
	if c.DryRun {
		rep.Events, err = a.store.(eventCounter).EventsBefore(p.ctx, now.Add(-eventsFor))
	} else {
		err = c.prune(p.ctx, a, &rep)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(p.out, rep)
	}
	rep.print(p.out)
	return nil
}

// eventCounter is implemented by both kinds of store.
type eventCounter interface {
	EventsBefore(ctx context.Context, before time.Time) (int64, error)
}

var _, _ eventCounter = (*sqliteFile)(nil), (*pgstore.Store)(nil)

// prune does nothing while an instance serves, since the instance prunes. It takes the sweeper's lease, and extends it
// after each step. If a step outlasts the lease, a new instance may sweep at the same time, which is harmless, and prune
// ends after the step.
func (c *draftsPruneCmd) prune(ctx context.Context, a *app, rep *pruneReport) error {
	hold := func(ttl time.Duration) (bool, error) {
		return a.store.Lease(ctx, "sweeper:"+botName, "drafts prune", ttl)
	}
	mine, err := hold(dialog.LeaseMost)
	if rep.Serving = err == nil && !mine; !mine {
		return err
	}
	defer func() { ctx = context.WithoutCancel(ctx); _, _ = hold(0) }()
	for range 10 { // a conversation may have several due timers
		did, err := a.engine.Sweep(ctx, 0)
		if err != nil {
			return err
		}
		rep.Woken, rep.Forgotten = rep.Woken+did.Woken, rep.Forgotten+did.Forgotten
		if did.Woken+did.Forgotten == 0 {
			break
		}
		if mine, err = hold(dialog.LeaseMost); !mine {
			return err
		}
	}
	for {
		n, err := a.store.Prune(ctx, a.engine.Now().Add(-eventsFor))
		if err != nil || n == 0 {
			return err
		}
		rep.Events += int64(n)
		if mine, err = hold(dialog.LeaseMost); !mine {
			return err
		}
	}
}

func (r *pruneReport) print(w io.Writer) {
	switch {
	case r.DryRun:
		fmt.Fprintf(w, "%s expired, %s too old; nothing was deleted.\n", count(r.Expired, "draft"), count(int(r.Events), "event"))
	case r.Serving:
		fmt.Fprintf(w, "%s expired. A running instance deletes them by itself, so this command did nothing.\n", count(r.Expired, "draft"))
	default:
		fmt.Fprintf(w, "%s expired. %s fired, %s forgotten, %s deleted.\n", count(r.Expired, "draft"), count(r.Woken, "timer"), count(r.Forgotten, "ended conversation"), count(int(r.Events), "old event"))
	}
	if r.Elsewhere > 0 {
		fmt.Fprintf(w, "%s in Redis skipped; set --redis-url to prune there.\n", count(r.Elsewhere, "draft"))
	}
}

// count writes a number of things: 1 draft, 2 drafts.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// eventsFor is how long events are kept.
const eventsFor = 90 * 24 * time.Hour
