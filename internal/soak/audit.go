package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"

	"github.com/lockbay/lockbay"
)

// escrow is one of `escrows list --json`.
type escrow struct {
	id, draft, buyer string
	terms            lockbay.Terms
}

// UnmarshalJSON implements json.Unmarshaler.
func (e *escrow) UnmarshalJSON(b []byte) error {
	var line map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&line); err != nil {
		return err
	}
	terms, err := lockbay.TermsOf(line)
	*e = escrow{fmt.Sprint(line["id"]), fmt.Sprint(line["draft_id"]), fmt.Sprint(line["buyer"]), terms}
	return err
}

// audit compares the escrows in the database with people's answers.
func (w *world) audit(ctx context.Context) {
	list, err := w.list(ctx)
	if err != nil {
		w.complain("escrows list: %v", err)
		return
	}
	buyers := map[string]*person{}
	for _, p := range w.people {
		buyers[fmt.Sprintf("tg:%d", p.id)] = p
	}
	drafts, found := map[string]int{}, map[*deal]int{}
	for _, e := range list {
		p := buyers[e.buyer]
		if p == nil {
			continue
		}
		w.row.Escrows++
		if drafts[e.draft]++; drafts[e.draft] > 1 {
			w.duplicate(p, e)
			continue
		}
		i := slices.IndexFunc(p.deals, func(d *deal) bool { return slices.Contains(w.terms(d), e.terms) })
		switch {
		case i < 0:
			w.resurrected(p, fmt.Sprintf("escrow %s differs from the last answers: %+v", e.id, e.terms))
		case !p.deals[i].confirmed || p.deals[i].cancelled:
			w.resurrected(p, fmt.Sprintf("escrow %s was not confirmed", e.id))
		default:
			if found[p.deals[i]]++; found[p.deals[i]] > 1 {
				w.duplicate(p, e)
			}
		}
	}
	for _, p := range w.people {
		for _, d := range p.deals {
			if d.escrow != "" && found[d] == 0 {
				w.vanished(p, "escrow "+d.escrow+" was shown and is missing")
			}
		}
	}
}

// terms are the terms that a deal may have. Of two answers given at once, either may have won.
func (w *world) terms(d *deal) []lockbay.Terms {
	all := []lockbay.Terms{d.want}
	for q, samples := range d.unsure {
		for _, t := range all {
			for _, n := range samples {
				w.asks[q-1].Field.Sample(&t, n)
				all = append(all, t)
			}
		}
	}
	for i := range all {
		all[i] = w.rules.Filled(all[i])
	}
	return all
}

// vanished counts a confirmed escrow that is gone. Escrows are always in the database, so only a restored backup may lose
// them.
func (w *world) vanished(p *person, how string) {
	w.lost(p, false, false, how)
	if !w.restores {
		w.complain("an escrow was lost")
	}
}

func (w *world) duplicate(p *person, e escrow) {
	w.mu.Lock()
	w.row.Duplicates++
	w.mu.Unlock()
	w.tell(p, "duplicate: "+e.id)
}

// auditor is the newest program that used the database.
func (w *world) auditor() kind {
	if slices.Contains(w.kinds, newer) {
		return newer
	}
	return today
}

func (w *world) list(ctx context.Context) (list []escrow, err error) {
	ctx, cancel := context.WithTimeout(ctx, finishing)
	defer cancel()
	program, err := w.programs.of(w.auditor())
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "escrows", "list", "--json", "--all", "--database-url", w.databases.audit) // #nosec G204 -- our own program
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	return list, json.Unmarshal(out, &list)
}
