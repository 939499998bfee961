package deal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
)

var update = flag.Bool("update", false, "write the JSON of a new version to testdata")

// full is an escrow with a value in every field.
func full(t *testing.T) lockbay.Escrow {
	t.Helper()
	var terms lockbay.Terms
	for _, f := range lockbay.Fields {
		f.Sample(&terms, 2)
	}
	e := escrow()
	e.Terms, e.Quote = terms, lockbay.DefaultRules().Quote(terms)
	for v, i := reflect.ValueOf(e.Terms), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("%s has no value here", v.Type().Field(i).Name)
		}
	}
	return e
}

// TestShapeOfADeal: the JSON of a deal changes only together with lockbay.Reads.
// testdata/deal-VERSION.json is the JSON of each version; -update writes that of a new one.
func TestShapeOfADeal(t *testing.T) {
	got, err := json.Marshal(full(t))
	if err != nil {
		t.Fatal(err)
	}
	file := func(version int) string { return filepath.Join("testdata", fmt.Sprintf("deal-%d.json", version)) }
	if _, err := os.Stat(file(lockbay.Reads)); *update && errors.Is(err, fs.ErrNotExist) {
		if err := errors.Join(os.MkdirAll("testdata", 0o750), os.WriteFile(file(lockbay.Reads), append(got, '\n'), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for version := 1; version <= lockbay.Reads; version++ {
		was, err := os.ReadFile(file(version))
		if err != nil {
			t.Fatalf("%v; a new version is written by -update", err)
		}
		was = bytes.TrimSpace(was)
		if version == lockbay.Reads && !bytes.Equal(was, got) {
			t.Errorf("a deal of version %d is\n%s, and was\n%s\nRaise lockbay.Reads, or lockbay.Format: a program of the old version would drop what it does not know.", version, got, was)
		}
		e, err := deal.Escrow(&dialog.Record{Head: dialog.Head{Schema: version}, Answers: was})
		if err != nil {
			t.Fatal(err)
		}
		if now, err := json.Marshal(e); err != nil || !bytes.Equal(now, was) {
			t.Errorf("version %d was\n%s and is read as\n%s (%v)", version, was, now, err)
		}
	}
}

// TestShapeOfALog: the JSON of a log changes only together with deal.Booked: a program that does not know a new member would
// drop it.
func TestShapeOfALog(t *testing.T) {
	e := escrow()
	e.Terms = lockbay.Terms{}
	for _, a := range []lockbay.Act{
		{Role: lockbay.Desk, Move: lockbay.MoveReceived, Rest: true}, {Role: lockbay.Seller, Move: lockbay.MoveAccept}, {Role: lockbay.Buyer, Move: lockbay.MoveRelease},
		{Role: lockbay.Desk, Move: lockbay.MoveSending, Text: "LT60"}, {Role: lockbay.Desk, Move: lockbay.MoveFailed, Text: "no such account"},
	} {
		a.Operator, a.At, a.Key = "cli", begun, []byte("key")
		if changed, err := e.Act(a); err != nil || !changed {
			t.Fatal(a.Move, err)
		}
	}
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/log.json"
	if _, err := os.Stat(file); *update && errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	was, err := os.ReadFile(file)
	if was = bytes.TrimSpace(was); err != nil || !bytes.Equal(was, got) {
		t.Errorf("a log is\n%s, and was\n%s (%v)", got, was, err)
	}
	back, err := deal.Escrow(&dialog.Record{Head: dialog.Head{Schema: deal.Booked + deal.Version}, Answers: was})
	if err != nil || back.Verify() != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("it is read as %+v (%v, %v)", back, err, back.Verify())
	}
}

// TestCardHasEveryTerm: a deal's card shows all terms, as facts or in the sums.
func TestCardHasEveryTerm(t *testing.T) {
	e := full(t)
	for _, e.Status = range []lockbay.Status{lockbay.PaymentPending, lockbay.PaymentConfirmed} {
		answers, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		c := deal.New(deal.Config{}).Render(&dialog.Record{Head: dialog.Head{Step: string(e.Status), Schema: deal.Version}, Answers: answers}, dialog.View{Lang: "en"})
		facts := map[string]dialog.Fact{}
		for _, f := range c.Facts {
			facts[f.Field] = f
		}
		for _, f := range lockbay.Fields {
			if fact, there := facts[f.Name]; there == f.InSums || there && (fact.Label == "" || fact.Value == "") {
				t.Errorf("%s: %s is told: %v, %+v", e.Status, f.Name, there, fact)
			}
		}
	}
}

// TestDealStaysInItsFormat: a deal of each format that this version reads goes on, keeps all of its terms and its format. A
// log is marked beside it.
func TestDealStaysInItsFormat(t *testing.T) {
	for format := deal.Version; format <= lockbay.Reads; format++ {
		stored, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("deal-%d.json", format)))
		if err != nil {
			t.Fatal(err)
		}
		var e lockbay.Escrow
		if err := json.Unmarshal(stored, &e); err != nil {
			t.Fatal(err)
		}
		e.ID = escrow().ID
		k := beginWith(t, opener{e: e, format: format})
		if want := deal.Met + format; k.rec.Schema != want {
			t.Errorf("a deal without a log has version %d, want %d", k.rec.Schema, want)
		}
		if err := k.order(deal.MarkPaid); err != nil {
			t.Fatalf("format %d: %v", format, err)
		}
		got, err := deal.Escrow(k.load().rec)
		if err != nil || got.Status != lockbay.PaymentConfirmed || got.Terms != e.Terms || got.Quote != e.Quote || k.rec.Schema != deal.Met+deal.Booked+format || got.Verify() != nil {
			t.Errorf("a deal of format %d is left in %d as %+v (%v), want %+v", format, k.rec.Schema, got, err, e)
		}
		if err := k.act(accepts); err != nil {
			t.Fatal(err)
		}
		timed := e
		timed.Times.Late = 60
		if k := beginWith(t, opener{e: timed, format: format}); k.rec.Schema != deal.Timed+deal.Met+format || k.stored().Times != timed.Times {
			t.Errorf("a deal with times of its own has version %d: %+v", k.rec.Schema, k.stored().Times)
		}
		if k.rec.Schema != deal.Met+deal.Booked+format {
			t.Errorf("accepted, it has version %d", k.rec.Schema)
		}
	}
}
