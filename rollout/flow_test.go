package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// TestRollout: a rollout that does no harm goes to everybody by three orders. Each stage has its days and its creations, the
// history has who, why and the figures, and at the end nothing is looked at any more.
func TestRollout(t *testing.T) {
	play(t, func(k *rig) {
		k.p95 = 33 * time.Millisecond
		k.must(k.e, usual(Safe))
		time.Sleep(5 * time.Minute)
		k.is(10, Comparing)
		asked, n := k.looked()
		if n < 4 || n > 7 || len(asked.Stages) != 1 || asked.Name != "tenth" || asked.Stages[0].Share != 10 || asked.Stages[0].Number != 1 {
			t.Errorf("%d looks in 5 minutes, the last one at %+v", n, asked)
		}
		if asked.Stages[0].Slow != 83*time.Millisecond {
			t.Errorf("slow is what takes longer than %v, want 83ms", asked.Stages[0].Slow)
		}
		k.p95 = time.Second // what is slow stays what it was when the stage began
		k.pass(7 * day)
		k.is(10, TooFewYet)
		k.heard()
		k.set(1, 105, 20, 900, 180)
		time.Sleep(2 * time.Minute)
		k.is(10, MayAdvance)
		k.heard("may")
		k.must(k.e, k.order(Advance))
		time.Sleep(time.Minute)
		k.is(50, Comparing)
		k.heard("may", "over")
		if asked, _ = k.looked(); len(asked.Stages) != 2 || asked.Stages[0].Ended.IsZero() || asked.Stages[1].Before != 10 || asked.Stages[0].Slow != 83*time.Millisecond || asked.Stages[1].Slow != 0 && asked.Stages[1].Slow != 1050*time.Millisecond {
			t.Errorf("at stage 2 the counts are asked for %+v", asked)
		}
		k.set(2, 500, 100, 600, 120)
		k.pass(14 * day)
		k.heard("may", "over", "may")
		if asked, _ = k.looked(); len(asked.Stages) != 1 || asked.Stages[0].Number != 2 {
			t.Errorf("the first stage is settled, and the counts are asked for %+v", asked)
		}
		k.must(k.e, k.order(Advance))
		k.pass(4 * day)
		k.is(100, Full)
		_, n = k.looked()
		k.pass(day)
		if _, more := k.looked(); more != n {
			t.Errorf("%d looks although nothing is left to count", more-n)
		}
		var story []string
		for _, c := range k.state().Changes {
			story = append(story, fmt.Sprintf("%s %d-%d by %s: %s, %d", c.What, c.From, c.To, c.By, c.Reason, c.All.New.N))
		}
		if got := strings.Join(story, "\n"); got != "start 0-10 by cli: typed again is over 5 %, 0\nadvance 10-50 by cli: because, 0\nadvance 50-100 by cli: because, 0" {
			t.Errorf("the history is\n%s", got)
		}
	})
}

// TestHarmReverts: what the guardrails find takes the new back or pauses it, once, also while it is paused or at 100 %.
func TestHarmReverts(t *testing.T) {
	play(t, func(k *rig) {
		k.must(k.e, usual(Safe))
		k.set(1, 300, 87, 2700, 513)
		time.Sleep(2 * time.Minute)
		k.is(0, Reverted)
		k.heard("reverted.abandonment")
		s := k.state()
		last := s.Changes[len(s.Changes)-1]
		if last.By != "" || last.Why.Guard != Abandonment || last.From != 10 || last.To != 0 || last.All.New.N != 300 || last.Odds < 50 {
			t.Errorf("the history says %+v", last)
		}
		said := s.Said(time.Now())
		if said.Args["percent"] != "29" || said.Args["before"] != "19" || said.Args["evidence"] == "0" {
			t.Errorf("operators are told %+v", said)
		}
		_, n := k.looked()
		k.pass(25 * time.Hour)
		k.heard("reverted.abandonment", "over")
		if _, more := k.looked(); more != n {
			t.Errorf("%d looks at what is reverted", more-n)
		}
		if did := k.gives(k.e, k.order(Resume)); did != dialog.DidNothing {
			t.Errorf("what is reverted is resumed: %s", did)
		}
		k.pass(366 * day)
		if k.state().Begun() {
			t.Error("a year later it is still there")
		}
	})
}

// TestPause: what is slow pauses a rollout, once; it goes on when it is resumed, and counts anew from then on.
func TestPause(t *testing.T) {
	play(t, func(k *rig) {
		k.p95 = 33 * time.Millisecond
		k.must(k.e, usual(Safe))
		slow := Pair{New: Counts{N: 400, Abandoned: 80, Slow: 300}, Old: Counts{N: 3600, Abandoned: 720, Slow: 90}}
		k.mu.Lock()
		k.counts[1] = slow
		k.mu.Unlock()
		k.pass(8 * day)
		k.is(10, Paused)
		k.heard("paused.slower")
		if n := len(k.state().Changes); n != 2 {
			t.Errorf("%d lines of history, want 2: %+v", n, k.state().Changes)
		}
		if k.gives(k.e, k.order(Advance)) != dialog.DidNothing {
			t.Error("a paused rollout is advanced")
		}
		k.must(k.e, k.order(Resume))
		time.Sleep(5 * time.Minute)
		k.heard("paused.slower", "over", "may")
		k.is(10, MayAdvance)
		k.must(k.e, k.order(Pause))
		time.Sleep(time.Minute)
		k.heard("paused.slower", "over", "may", "over", "paused")
		k.set(1, 400, 180, 3600, 720) // harm is looked for while it is paused
		time.Sleep(2 * time.Minute)
		k.is(0, Reverted)
	})
}

// TestLateHarm: what is found of an earlier stage when all have the new mode takes it back from all.
func TestLateHarm(t *testing.T) {
	play(t, func(k *rig) {
		k.must(k.e, usual(Safe))
		for range 2 {
			o := k.order(Advance)
			o.Force = true
			k.must(k.e, o)
			time.Sleep(time.Minute)
		}
		k.is(100, Full)
		k.set(2, 400, 200, 500, 100)
		time.Sleep(2 * time.Minute)
		k.is(0, Reverted)
	})
}

// TestFewer: the goal fewer ends in what its interval says.
func TestFewer(t *testing.T) {
	for name, c := range map[string]struct {
		newX, oldX int
		share      int
		is         Situation
		told       string
	}{
		"proved":  {80, 400, 50, MayAdvance, "proved"},
		"too few": {312, 400, 0, Reverted, "reverted.goal"},
		"unsure":  {216, 400, 50, Unsure, "unsure"},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, func(k *rig) {
				k.must(k.e, usual(Fewer))
				o := k.order(Advance)
				o.Force = true
				k.must(k.e, o)
				k.set(2, 800, c.newX, 1000, c.oldX)
				k.pass(13 * day)
				k.is(50, Comparing)
				k.heard()
				if did := k.gives(k.e, k.order(Advance)); did != dialog.DidNothing {
					t.Errorf("advanced before its time: %s", did)
				}
				k.pass(2 * day)
				k.is(c.share, c.is)
				k.heard(c.told)
			})
		})
	}
}

// TestUnsure: one that is not sure goes on as long as it takes, and an operator may accept it.
func TestUnsure(t *testing.T) {
	play(t, func(k *rig) {
		k.must(k.e, usual(Fewer))
		o := k.order(Advance)
		o.Force = true
		k.must(k.e, o)
		k.set(2, 800, 204, 1000, 400)
		k.pass(15 * day)
		k.is(50, Unsure)
		s := k.state()
		more := time.Until(at(s.last().Until))
		if n := s.Said(time.Now()).Args["n"]; more < day/2 || more > 60*day || n != fmt.Sprint(days(more)) {
			t.Errorf("it goes on for %v, and tells %s days", more, n)
		}
		k.pass(more - time.Hour)
		if n := len(k.state().Changes); n != 3 {
			t.Errorf("%d lines of history before its time, want 3", n)
		}
		k.set(2, 3200, 640, 4000, 1600)
		time.Sleep(2 * time.Hour)
		k.is(50, MayAdvance)
		k.heard("unsure", "over", "proved")
	})
	play(t, func(k *rig) {
		k.must(k.e, usual(Fewer))
		o := k.order(Advance)
		o.Force = true
		k.must(k.e, o)
		k.set(2, 800, 204, 1000, 400)
		k.pass(15 * day)
		k.must(k.e, k.order(Advance))
		time.Sleep(time.Minute)
		k.is(100, Full)
		k.heard("unsure", "over")
	})
}

// TestAtOnce: of two operators who advance at once, at two instances, one does; an order that comes twice is applied once.
func TestAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		a, killA := k.engine("a.1")
		b, killB := k.engine("b.1")
		k.must(a, usual(Safe))
		o := k.order(Advance)
		o.Force = true
		var wg sync.WaitGroup
		did := map[dialog.Did]int{}
		for _, e := range []*dialog.Engine{a, b, a, b} {
			wg.Go(func() {
				out, err := e.Handle(context.Background(), o.Input("bot", "tenth", "cli"))
				k.mu.Lock()
				defer k.mu.Unlock()
				if did[out.Did]++; err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		k.is(50, Comparing)
		if did[dialog.DidApply] != 1 || did[dialog.DidNothing] != 3 {
			t.Errorf("four orders at once did %v", did)
		}
		if err := k.state().Check(o, time.Now()); err == nil || !strings.Contains(err.Error(), "is at stage 2 (50 %) by now, not at stage 1") {
			t.Errorf("the others read %v", err)
		}
		in := (&Order{Verb: Pause, Stage: 2, Reason: "because"}).Input("bot", "tenth", "cli")
		for i, e := range []*dialog.Engine{a, b, a} {
			out, err := e.Handle(context.Background(), in)
			if want := []dialog.Did{dialog.DidApply, dialog.DidDuplicate, dialog.DidDuplicate}[i]; err != nil || out.Did != want {
				t.Errorf("order %d did %s, want %s: %v", i, out.Did, want, err)
			}
		}
		killA()
		killB()
	})
}

// TestTwoInstances: however many instances run, a minute has one look that counts, and operators hear of a change once.
func TestTwoInstances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		a, killA := k.engine("a.1")
		_, killB := k.engine("b.1")
		k.must(a, usual(Safe))
		k.set(1, 300, 87, 2700, 513)
		time.Sleep(5 * time.Minute)
		k.is(0, Reverted)
		k.heard("reverted.abandonment")
		if s := k.state(); len(s.Changes) != 2 {
			t.Errorf("the history is %+v", s.Changes)
		}
		killA()
		killB()
	})
}

// TestKilledWhileItLooks: a process that dies between a look and its result leaves the look to the next one.
func TestKilledWhileItLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		k.away = errors.New("the counts are away")
		a, kill := k.engine("a.1")
		k.must(a, usual(Safe))
		time.Sleep(10 * time.Minute)
		if r := k.row(); len(r.Pending) != 1 || r.Pending[0].Name != look {
			t.Errorf("the look is not pending: %+v", r.Pending)
		}
		kill()
		k.mu.Lock()
		k.away = nil
		k.mu.Unlock()
		k.set(1, 300, 87, 2700, 513)
		_, kill = k.engine("b.1")
		time.Sleep(5 * time.Minute)
		k.is(0, Reverted)
		kill()
	})
}

// TestOrderWhileItLooks: a look that began before an order does not count after it: its figures are of another stage.
func TestOrderWhileItLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := begin(t)
		e, kill := k.engine("a.1")
		k.away = errors.New("the counts are away")
		k.must(e, usual(Safe))
		time.Sleep(time.Minute)
		r := k.row()
		effect := r.Pending[0]
		o := k.order(Advance)
		o.Force = true
		k.must(e, o)
		late := `{"at":` + fmt.Sprint(time.Now().UnixMilli()) + `,"stage":1,"resumed":0,"numbers":[1],"counted":{"stages":[{"share":10,"all":{"new":{"n":300,"abandoned":290},"old":{"n":2700}}}]}}`
		if _, err := e.Handle(context.Background(), dialog.Input{ID: "effect:" + effect.ID, Kind: dialog.KindResult, Key: r.Key, Name: look, Value: effect.ID, Text: late}); err != nil {
			t.Fatal(err)
		}
		k.is(50, Comparing)
		if s := k.state(); s.Looked != 0 || s.Parts[0].All.New.N != 0 {
			t.Errorf("the late look counts: %+v", s.Parts)
		}
		k.mu.Lock()
		k.away = nil
		k.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if s := k.state(); s.Looked == 0 {
			t.Error("no look follows")
		}
		kill()
	})
}

// TestBlind: counts that cannot be made are said, and tried again.
func TestBlind(t *testing.T) {
	play(t, func(k *rig) {
		k.away = dialog.Forever(errors.New("no counts"))
		k.must(k.e, usual(Safe))
		time.Sleep(2 * time.Minute)
		if !k.state().Blind {
			t.Error("it does not say that nothing is counted")
		}
		k.mu.Lock()
		k.away = nil
		k.mu.Unlock()
		time.Sleep(2 * time.Minute)
		if s := k.state(); s.Blind || s.Looked == 0 {
			t.Errorf("it does not look again: %+v", s)
		}
	})
}

// TestHistoryIsBounded: a rollout that is changed again and again fits its row, with its start and the newest changes.
func TestHistoryIsBounded(t *testing.T) {
	play(t, func(k *rig) {
		o := usual(Safe)
		o.Plan, _ = PlanOf([]int{1, 2, 3, 4, 5, 6, 7, 100}, nil)
		k.must(k.e, o)
		for i := range 7 {
			n := int(1e6 * ratio(o.Plan.before(i), o.Plan.Stages[i]))
			k.set(i+1, 1000*n, 100*n, 1000*(1e6-n), 100*(1e6-n))
			a := k.order(Advance)
			a.Force = true
			k.must(k.e, a)
		}
		for i := range 40 {
			o := k.order([]Verb{Pause, Resume}[i%2])
			o.Reason = strings.Repeat("ї", ReasonMost-2) + fmt.Sprintf("%02d", i)
			k.must(k.e, o)
		}
		o = k.order(Pause)
		o.Reason = strings.Repeat("a", ReasonMost+1)
		if k.gives(k.e, o) != dialog.DidNothing {
			t.Error("a reason may be of any length")
		}
		s := k.state()
		if last := s.Changes[len(s.Changes)-1]; len(s.Changes) != 30 || s.Changes[0].What != "start" || !strings.HasSuffix(last.Reason, "39") {
			t.Errorf("%d changes, from %s to %s", len(s.Changes), s.Changes[0].What, last.Reason)
		}
		if n := len(k.row().Answers); n > 45<<10 {
			t.Errorf("the row has %d bytes", n)
		}
	})
}

// TestToldInOrder: operators who cannot be told while a rollout is paused and resumed hear one thing after the other.
func TestToldInOrder(t *testing.T) {
	play(t, func(k *rig) {
		k.deaf = errors.New("away")
		k.must(k.e, usual(Safe))
		for range 3 {
			for _, v := range []Verb{Pause, Resume} {
				k.must(k.e, k.order(v))
				if n := len(k.row().Pending); n > 2 { // a look, and what is being told
					t.Errorf("%d effects are pending", n)
				}
				time.Sleep(time.Minute)
			}
		}
		k.mu.Lock()
		k.deaf = nil
		k.mu.Unlock()
		time.Sleep(5 * time.Minute)
		k.heard("paused", "over")
	})
}
