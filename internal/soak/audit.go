package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
)

// escrow is one of `escrows list --json`.
type escrow struct {
	ID            string `json:"id"`
	DraftID       string `json:"draft_id"`
	Buyer         string `json:"buyer"`
	Seller        string `json:"seller"`
	AmountMinor   int64  `json:"amount_minor"`
	Description   string `json:"description"`
	DeliveryHours int    `json:"delivery_hours"`
}

// audit compares what is in the database with what people said.
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
		p := buyers[e.Buyer]
		if p == nil {
			continue
		}
		w.row.Escrows++
		if drafts[e.DraftID]++; drafts[e.DraftID] > 1 {
			w.duplicate(p, e)
			continue
		}
		said := want{e.Seller, e.Description, e.AmountMinor, e.DeliveryHours}
		i := slices.IndexFunc(p.deals, func(d *deal) bool { return d.description == e.Description })
		switch {
		case i < 0:
			w.resurrected(p, fmt.Sprintf("escrow %s has an older answer: %+v", e.ID, said))
		case !p.deals[i].confirmed || p.deals[i].cancelled:
			w.resurrected(p, fmt.Sprintf("escrow %s was not confirmed", e.ID))
		case p.deals[i].want != said && p.deals[i].hours != 0:
			w.resurrected(p, fmt.Sprintf("escrow %s is not as it was said: %+v, not %+v", e.ID, said, p.deals[i].want))
		default:
			if found[p.deals[i]]++; found[p.deals[i]] > 1 {
				w.duplicate(p, e)
			}
		}
	}
	for _, p := range w.people {
		for _, d := range p.deals {
			if d.escrow != "" && found[d] == 0 {
				w.vanished(p, "escrow "+d.escrow+" was shown and is not there")
			}
		}
	}
}

// vanished counts an escrow that was confirmed and is gone. No mode may lose
// one: they are always in the database. Only a restored backup may.
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
	w.tell(p, "duplicate: "+e.ID)
}

// auditor is the newest program that has seen the database.
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
	cmd := exec.CommandContext(ctx, program, "escrows", "list", "--json", "--database-url", w.databases.audit) // #nosec G204 -- what we built
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, said.String())
	}
	return list, json.Unmarshal(out, &list)
}
