package intake_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// atOnce sends the same input several times at the same moment, each under an id of its own.
func (k *talk) atOnce(n int, in dialog.Input) (did map[dialog.Did]int) {
	k.t.Helper()
	did = map[dialog.Did]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	in.Owner = k.owner
	for i := range n {
		wg.Go(func() {
			in := in
			in.ID = fmt.Sprint("at once ", k.n, " ", i)
			out, err := k.bot.Handle(context.Background(), in)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				k.t.Error(err)
			}
			did[out.Did]++
		})
	}
	wg.Wait()
	k.n++
	return did
}

func TestFiveAtOnceAreOne(t *testing.T) {
	k := begin(t)
	k.atOnce(5, dialog.Input{Kind: dialog.KindCommand, Name: "create"})
	started := 0
	for _, e := range k.store.Logged() {
		if e.Kind == dialog.EventStarted {
			started++
		}
	}
	if started != 1 {
		t.Errorf("five creates at once started %d drafts", started)
	}
	k.mine().review()
	if did := k.atOnce(5, k.pressed("confirm")); did[dialog.DidApply] != 1 || did[dialog.DidDuplicate] != 4 {
		t.Errorf("five confirms at once: %v", did)
	}
	if d := k.deals(); len(d) != 1 {
		t.Errorf("five confirms at once made %d deals", len(d))
	}
}

func TestDraftThatCannotBeReadIsKeptAndAskedForAgain(t *testing.T) {
	flow := intake.New(intake.Config{Start: deal.Start})
	in := &dialog.Input{Kind: dialog.KindText, Text: "100 eur", Owner: "tg:1"}
	was := &dialog.Record{Head: dialog.Head{Owner: "tg:1", Draft: "d", Step: intake.StepAmount, Schema: intake.Version}, Answers: []byte(`{"a":"garbage"`)}
	after := *was
	turn := &dialog.Turn{Before: was, Record: &after, Input: in}
	flow.Decide(turn)
	if after.Step != intake.StepSeller || string(after.Unread) != `{"a":"garbage"` || after.Said == nil || after.Said.Code != "damaged" || !strings.Contains(string(after.Answers), "EUR") {
		t.Errorf("the record is %+v, said %+v", after, after.Said)
	}
	was.Schema = intake.Version + 1
	after = *was
	turn = &dialog.Turn{Before: was, Record: &after, Input: in}
	if flow.Decide(turn); turn.Did() != dialog.DidPark || string(after.Answers) != string(was.Answers) {
		t.Errorf("a draft of a newer version: %s", turn.Did())
	}
}

func TestWithoutAFeeNobodyIsAskedWhoPaysIt(t *testing.T) {
	k := begin(t)
	k.rules.Fee = lockbay.FeeRule{}
	k.review().expect("You pay: €1,250.00", "Seller gets: €1,250.00")
	if strings.Contains(k.text(), "ee: ") {
		t.Errorf("a fee is on\n%s", k.text())
	}
	k.tap("confirm")
	if d := k.deals(); len(d) != 1 || d[0].Quote.Fee != 0 {
		t.Errorf("the deals are %+v", d)
	}
}

func TestIdThatIsTakenIsDrawnAgain(t *testing.T) {
	k := begin(t).review()
	taken := map[string]bool{}
	start := 0
	form := intake.New(intake.Config{Rules: func() *lockbay.Rules { return k.rules }, Start: func(t *dialog.Turn, e lockbay.Escrow) {
		if start++; start == 1 { // another conversation takes this id first
			r := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: "bot", Flow: deal.FlowName, ID: e.ID}, Owner: "tg:2", Draft: e.ID, Step: "payment_pending"}}
			if err := seed(k.store, r); err != nil {
				k.t.Fatal(err)
			}
		}
		taken[e.ID] = true
		deal.Start(t, e)
	}})
	bot, err := dialog.New(k.store, dialog.Config{}, form, deal.New(deal.Config{}))
	if err != nil {
		t.Fatal(err)
	}
	k.bot = bot
	k.tap("confirm").step("")
	if len(taken) != 2 || len(k.deals()) != 1 {
		t.Errorf("%d ids were drawn for %d deals", len(taken), len(k.deals()))
	}
}

// seed puts a conversation into a store.
func seed(store dialog.Store, r *dialog.Record) error {
	r.Version, r.Tag = 1, 1
	row := &dialog.Row{Head: r.Head}
	row.Format = 1
	done, err := store.Commit(context.Background(), &dialog.Batch{Writes: []*dialog.Write{{After: row}}})
	if err == nil && len(done.Verdicts) > 0 && done.Verdicts[0] != dialog.Applied {
		err = errors.New("not applied")
	}
	return err
}
