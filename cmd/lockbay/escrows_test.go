package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
)

// escrowLine is an element of escrows list --json, as scripts read it.
type escrowLine struct {
	ID              string `json:"id"`
	DraftID         string `json:"draft_id"`
	Buyer           string `json:"buyer"`
	Seller          string `json:"seller"`
	AmountMinor     int64  `json:"amount_minor"`
	Currency        string `json:"currency"`
	Description     string `json:"description"`
	DeliveryHours   int    `json:"delivery_hours"`
	FeeMinor        int64  `json:"fee_minor"`
	FeePayer        string `json:"fee_payer"`
	BuyerPaysMinor  int64  `json:"buyer_pays_minor"`
	SellerGetsMinor int64  `json:"seller_gets_minor"`
	Status          string `json:"status"`
	CreatedAt       string `json:"created_at"`
	ExpiresAt       string `json:"expires_at"`
	HeldMinor       int64  `json:"held_minor"`
	OwedMinor       int64  `json:"owed_minor"`
	Hold            string `json:"hold"`
	Deadline        string `json:"deadline"`
}

// sample is an escrow with a value in every field of its terms.
func sample() lockbay.Escrow {
	var terms lockbay.Terms
	for _, f := range lockbay.Fields {
		f.Sample(&terms, 1)
	}
	return lockbay.NewEscrow("ESC-7K4M-92QXA", "d1", "tg:1", terms, lockbay.DefaultRules().Quote(terms), time.UnixMilli(1796000000000), time.Hour)
}

// TestEscrowsListEveryTerm: the list for scripts has all terms and sums, the list for people the short ones.
func TestEscrowsListEveryTerm(t *testing.T) {
	e := sample()
	e.Terms.Description = "Cups & <saucers>"
	var out bytes.Buffer
	if err := writeJSON(&out, []jsonObject{escrowJSON(&e), {}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"Cups & <saucers>"`) {
		t.Errorf("texts are escaped:\n%s", &out)
	}
	var line []escrowLine
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || len(line) != 2 {
		t.Fatal(err, line)
	}
	want := escrowLine{e.ID, "d1", "tg:1", e.Terms.Seller.Canonical(), e.Terms.Amount.Minor, e.Terms.Amount.Currency, e.Terms.Description, e.Terms.DeliveryHours,
		e.Quote.Fee, e.Terms.FeePayer, e.Quote.BuyerPays, e.Quote.SellerGets, "payment_pending", rfc(e.CreatedAt()), rfc(e.ExpiresAt()), 0, 0, "", rfc(e.ExpiresAt())}
	if line[0] != want {
		t.Errorf("%+v, want\n%+v", line[0], want)
	}
	for _, v := range e.Terms.Values() {
		if !strings.Contains(out.String(), `"`+v.Name+`": `) {
			t.Errorf("no %s in\n%s", v.Name, &out)
		}
	}
	out.Reset()
	if err := escrowTable(&out, lockbay.DefaultRules(), []lockbay.Escrow{e}); err != nil {
		t.Fatal(err)
	}
	for _, f := range lockbay.Fields {
		if short := !f.Long && !f.InSums; short != strings.Contains(out.String(), strings.ToUpper(f.Name)) || short && !strings.Contains(out.String(), f.Cell(&e.Terms)) {
			t.Errorf("%s is in a line: %v, want %v\n%s", f.Name, !short, short, &out)
		}
	}
}

// TestSumsOnTheCommandLine: lists and sheets write sums as the cards do, with the code where two offered currencies share a
// sign.
func TestSumsOnTheCommandLine(t *testing.T) {
	e := sample()
	for offered, want := range map[string]string{"USD,EUR": "$5", "USD,CAD": " USD"} {
		set := settings(t, "--currencies", offered)
		rules, err := set.rules()
		if err != nil {
			t.Fatal(err)
		}
		var list, sheet bytes.Buffer
		if err := errors.Join(escrowTable(&list, rules, []lockbay.Escrow{e}), escrowSheet(&sheet, rules, &e)); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{list.String(), sheet.String(), whose(rules, &e)} {
			if !strings.Contains(text, want) || strings.Contains(text, "$") != (want == "$5") {
				t.Errorf("with %s:\n%s", offered, text)
			}
		}
	}
}

// TestNewestEscrows: the list has the newest escrows first, in any number of them, and --all streams all of them.
func TestNewestEscrows(t *testing.T) {
	begun := time.UnixMilli(1796000000000)
	for _, n := range []int{0, 1, 99, 100, 101, 1201, 2500} {
		st := &counted{Store: dialog.NewMemory()}
		var newestFirst []string
		var batch []*dialog.Write
		for i := range n {
			e := sample()
			e.ID, e.Created = lockbay.NewEscrowID(uint64(i)*0x9e3779b97f4a7c15), begun.Add(time.Duration(i*7919%n)*time.Minute).UnixMilli()
			newestFirst = append(newestFirst, e.ID)
			raw, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			row := dialogtest.NewRow(dialog.Key{Bot: botName, Flow: deal.FlowName, ID: e.ID})
			row.Owner, row.Step, row.Answers, row.Schema, row.Created = e.Buyer, string(e.Status), raw, deal.Version, e.CreatedAt()
			batch = append(batch, &dialog.Write{After: row})
		}
		slices.SortFunc(batch, func(a, b *dialog.Write) int { return b.After.Created.Compare(a.After.Created) })
		for i, w := range batch {
			newestFirst[i] = w.After.Key.ID
		}
		slices.SortFunc(batch, func(a, b *dialog.Write) int { return strings.Compare(a.After.Key.String(), b.After.Key.String()) })
		if _, err := st.Commit(t.Context(), &dialog.Batch{Writes: batch}); err != nil {
			t.Fatal(err)
		}
		for _, limit := range []int{1, 100, 700} {
			st.rows = 0
			ids, older := listed(t, &escrowsListCmd{Limit: limit}, st)
			if want := newestFirst[:min(n, limit)]; older != (n > limit) || !slices.Equal(ids, want) {
				t.Errorf("%d of %d: %d escrows, older: %v", limit, n, len(ids), older)
			}
			if st.rows > limit+rowsPage {
				t.Errorf("%d of %d: %d rows were read", limit, n, st.rows)
			}
		}
		slices.Sort(newestFirst)
		if ids, older := listed(t, &escrowsListCmd{All: true, Limit: 100}, st); older || !slices.Equal(ids, newestFirst) {
			t.Errorf("of %d: --all has %d, older: %v", n, len(ids), older)
		}
	}
}

// counted counts the rows of its lists.
type counted struct {
	dialog.Store
	rows int
}

func (c *counted) List(ctx context.Context, q dialog.Query) ([]*dialog.Row, error) {
	rows, err := c.Store.List(ctx, q)
	c.rows += len(rows)
	return rows, err
}

// listed are the ids that escrows list --json writes.
func listed(t *testing.T, c *escrowsListCmd, st dialog.Store) (ids []string, older bool) {
	t.Helper()
	var out bytes.Buffer
	older, err := c.write(t.Context(), escrowLines(&out, true, nil), st)
	if err != nil {
		t.Fatal(err)
	}
	var lines []escrowLine
	if err := json.Unmarshal(out.Bytes(), &lines); err != nil {
		t.Fatalf("%v\n%.300s", err, &out)
	}
	for _, l := range lines {
		ids = append(ids, l.ID)
	}
	var indented bytes.Buffer
	_ = json.Indent(&indented, out.Bytes(), "", "  ")
	if !bytes.Equal(indented.Bytes(), out.Bytes()) {
		t.Errorf("the list is laid out as\n%.300s", &out)
	}
	return ids, older
}
