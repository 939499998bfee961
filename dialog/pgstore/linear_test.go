package pgstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/pgstore"
	"github.com/lockbay/lockbay/internal/testdb"
)

// note is a flow of one answer that can always be given again.
type note struct{}

func (note) FlowName() string { return "note" }
func (note) Decide(t *dialog.Turn) {
	t.Record.Draft, t.Record.Step = "d", "note"
	t.Record.Answers = []byte(t.Input.Text)
	t.Applied()
}
func (note) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{} }

// Three instances, each with a cache that may be old at any moment, handle inputs of the
// same conversations on a real server, with redeliveries to other instances. The history of
// each conversation is linearizable: its turns form one line, each from the answer before
// it, and each input is applied once.
func TestLinearizable(t *testing.T) {
	ctx := t.Context()
	url := testdb.Postgres(t)
	var engines []*dialog.Engine
	for i := range 3 {
		store, err := pgstore.Open(ctx, url, pgstore.WithLockWait("1min"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		e, err := dialog.New(store, dialog.Config{Instance: fmt.Sprintf("i%d.1", i)}, note{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = e.Close(context.WithoutCancel(ctx)) })
		engines = append(engines, e)
	}
	type output struct {
		version   int64
		answer    string
		duplicate bool
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	var wg sync.WaitGroup
	for client := range 12 {
		wg.Go(func() {
			for n := range 60 {
				owner := fmt.Sprintf("tg:%d", rand.IntN(6))
				text := fmt.Sprintf("%d.%d", client, n)
				in := dialog.Input{ID: text, Kind: dialog.KindText, Owner: owner, Text: text}
				for try := range 1 + rand.IntN(2) { // every other input comes twice, to any instance
					call := time.Since(began).Nanoseconds()
					out, err := engines[rand.IntN(3)].Handle(ctx, in)
					if err != nil {
						t.Error(err)
						return
					}
					op := porcupine.Operation{ClientId: client, Input: [2]string{owner, text}, Call: call, Return: time.Since(began).Nanoseconds(),
						Output: output{out.Record.Version, string(out.Record.Answers), out.Did == dialog.DidDuplicate}}
					if out.Did == dialog.DidDuplicate != (try > 0) {
						t.Errorf("%s to %s, try %d: %s", text, owner, try, out.Did)
					}
					mu.Lock()
					history = append(history, op)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	model := porcupine.Model{
		Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
			byOwner := map[string][]porcupine.Operation{}
			for _, op := range all {
				if !op.Output.(output).duplicate { // an instance recognises a duplicate from an old record, too
					owner := op.Input.([2]string)[0]
					byOwner[owner] = append(byOwner[owner], op)
				}
			}
			var parts [][]porcupine.Operation
			for _, p := range byOwner {
				parts = append(parts, p)
			}
			return parts
		},
		Init: func() any { return int64(0) },
		Step: func(state, in, out any) (bool, any) {
			version, o := state.(int64), out.(output)
			return o.version == version+1 && o.answer == in.([2]string)[1], version + 1
		},
	}
	if !porcupine.CheckOperations(model, history) {
		t.Errorf("the history of %d operations is of no store that has one order of them", len(history))
	}
}
