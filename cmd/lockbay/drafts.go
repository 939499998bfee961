package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

type draftsCmd struct {
	List   draftsListCmd   `cmd:"" help:"unfinished escrows, without their answers"`
	Show   draftsShowCmd   `cmd:"" help:"one draft with its answers; the audit log says that you did"`
	Forget draftsForgetCmd `cmd:"" help:"delete a conversation"`
	Prune  draftsPruneCmd  `cmd:"" help:"delete what has expired, as serve does by itself"`
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
	Answers   json.RawMessage `json:"answers,omitempty"`
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
	list := []draftJSON{}
	if err := eachRow(p.ctx, st, dialog.Query{Flow: "escrow"}, func(r *dialog.Row) error {
		if r.Step != "" {
			list = append(list, draftOf(&r.Head))
		}
		return nil
	}); err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(p.out, list)
	}
	if len(list) == 0 {
		fmt.Fprintln(p.out, "No drafts.")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tSTEP\tVERSION\tMODE\tUPDATED\tEXPIRES")
	for _, d := range list {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s\n", d.Key, d.Step, d.Version, d.Mode, d.UpdatedAt, d.ExpiresAt)
	}
	return w.Flush()
}

// keyArg reads flow/id.
func keyArg(s string) (dialog.Key, error) {
	flow, id, ok := strings.Cut(s, "/")
	if !ok || flow == "" || id == "" {
		return dialog.Key{}, usageError{fmt.Errorf("%q is no key; one looks like escrow/tg:1000001", s)}
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
	if _, err := a.engine.Peek(p.ctx, key); errors.Is(err, dialog.ErrNotFound) {
		return fmt.Errorf("there is no conversation %s", c.Key)
	}
	r, _, err := a.engine.Hydrate(p.ctx, key)
	if err != nil {
		return err
	}
	set.logger(p.err).Info("audit: answers shown", "verb", "drafts show", "key", key.Path())
	d := draftOf(&r.Head)
	d.Answers = json.RawMessage("null")
	if json.Valid(r.Answers) {
		d.Answers = r.Answers
	}
	if c.JSON {
		return writeJSON(p.out, d)
	}
	fmt.Fprintf(p.out, "%s at %s, version %d, saved %s\n%s\n", d.Key, d.Step, d.Version, d.UpdatedAt, d.Answers)
	return nil
}

type draftsForgetCmd struct {
	Key string `arg:"" help:"flow/id, for example escrow/tg:1000001"`
}

func (c *draftsForgetCmd) Run(p *program, set *Settings) error {
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
	case errors.Is(err, dialog.ErrNotFound):
		return fmt.Errorf("there is no conversation %s", c.Key)
	case err != nil:
		return err
	case h.Step == "payment_pending" || h.Step == "payment_confirmed":
		return fmt.Errorf("%s is %s: money may be on its way, so it is kept; cancel it first", c.Key, h.Step)
	}
	if err := a.engine.Forget(p.ctx, key); err != nil {
		return err
	}
	set.logger(p.err).Info("audit: forgotten", "verb", "drafts forget", "key", key.Path())
	fmt.Fprintln(p.out, "Forgotten:", key.Path())
	return nil
}

type draftsPruneCmd struct {
	DryRun bool `name:"dry-run" help:"only count"`
	JSON   bool `name:"json" help:"one JSON object"`
}

func (c *draftsPruneCmd) Run(p *program, set *Settings) error {
	a, err := openApp(p.ctx, set)
	if err != nil {
		return err
	}
	defer a.close(p.ctx)
	now := a.engine.Now()
	expired := 0
	if err := eachRow(p.ctx, a.store, dialog.Query{Flow: "escrow"}, func(r *dialog.Row) error {
		if !r.Expires.IsZero() && r.Expires.Before(now) {
			expired++
		}
		return nil
	}); err != nil {
		return err
	}
	events := 0
	if !c.DryRun {
		if _, err := a.engine.Sweep(p.ctx, 0); err != nil {
			return err
		}
		for {
			n, err := a.store.Prune(p.ctx, now.Add(-eventsFor))
			if err != nil {
				return err
			}
			if events += n; n == 0 {
				break
			}
		}
	}
	if c.JSON {
		return writeJSON(p.out, map[string]any{"expired": expired, "events": events, "dry_run": c.DryRun})
	}
	if c.DryRun {
		fmt.Fprintf(p.out, "%d expired; nothing was deleted.\n", expired)
		return nil
	}
	fmt.Fprintf(p.out, "%d expired, %d old events deleted.\n", expired, events)
	return nil
}

// eventsFor is how long events are kept.
const eventsFor = 400 * 24 * time.Hour
