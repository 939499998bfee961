package console_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestHeadlines: the page's first lines are the decision as an order, and the row of the strategy that says so.
func TestHeadlines(t *testing.T) {
	events := month()
	row := func(does string, met bool) insight.Decision {
		return insight.Decision{Leaf: insight.Persist, Asked: []insight.Question{{Asks: "Is it because answers were lost?", Answer: "8.1 % typed something again", Yes: true, Else: "the question"}},
			Action: &insight.Action{Condition: "Bot Restarts", Threshold: ">1/day with user impact", Does: does, Here: "mode database", Met: met}, Reach: "It cannot reach the strategy's 30 %.", Changes: []string{"fewer left at amount_input"}}
	}
	for name, c := range map[string]struct {
		decision insight.Decision
		says     []string
	}{
		"investigate": {row("Investigate root cause first", false), []string{"<h1>Investigate root cause first</h1>", "8.1% typed something again.", "The strategy’s row: Bot Restarts, >1/day with user impact: Investigate root cause first. Here: mode database."}},
		"hybrid":      {row("Implement hybrid approach", false), []string{"<h1>Move all drafts to the database</h1>", ": Implement hybrid approach. Here: mode database.", "It cannot reach the strategy's 30%.", "It would change if fewer left at Amount."}},
		"met":         {row("Implement hybrid approach", true), []string{"<h1>Keep answers as they are: mode hybrid does it already</h1>"}},
		"ux":          {insight.Decision{Leaf: insight.UX, Step: "description_input"}, []string{"<h1>Mend the question Description</h1>"}},
		"defect":      {insight.Decision{Leaf: insight.Defect}, []string{"<h1>Find out why answers were lost</h1>", "That must not happen."}},
		"wait":        {insight.Decision{Leaf: insight.Wait, Note: "Not sure yet: abandonment (about 40 more creations)."}, []string{"<h1>Wait: too few people came to be sure</h1>", "Not sure yet: abandonment (about 40 more creations)."}},
		"keep":        {insight.Decision{Leaf: insight.KeepOn}, []string{"<h1>Keep it as it is</h1>"}},
	} {
		w := newWorld(t, func(k *console.Config) {
			k.Report = func(_ context.Context, window time.Duration) (*console.Report, error) {
				r := reportOf(events, window)
				r.Decision, r.Now = c.decision, "hybrid"
				r.Modes = append(r.Modes, insight.ModeFigures{Mode: "redis", TypedAgain: insight.Rate{Interval: insight.Interval{High: 1}, Verdict: insight.NotSure}})
				r.Complaints = insight.Complaints{N: 9, WithLost: 5, Weeks: 4.3, Interval: insight.Interval{Low: 1, High: 4}, Verdict: insight.NotSure}
				return r, nil
			}
		})
		o := w.operator().signIn().is(200, c.says...)
		o.is(200, "1.0 to 4.0. 9 tickets about lost progress in 30 days, 5 of people who lost an answer.", "3 a week, not sure yet", "nobody began in it")
		if strings.Contains(o.page, "at most 100%") || strings.Contains(o.page, " %") {
			t.Errorf("%s: a mode that nobody used has a bound, or a percent has a gap", name)
		}
	}
}

// TestNotCounted: before the first count each page says so, and conversations are found all the same.
func TestNotCounted(t *testing.T) {
	failure := console.ErrNotCounted
	w := newWorld(t, func(k *console.Config) {
		k.Report = func(context.Context, time.Duration) (*console.Report, error) { return nil, failure }
	})
	o := w.operator().signIn().is(200, "Nothing is counted yet")
	o.get("/console/report").is(200, "Nothing is counted yet")
	o.get("/console/conversations").is(200, "A person, an escrow, a ticket or a draft", "Not known: the events are not counted yet.")
	failure = errors.New("the counts are locked")
	if o.get("/console").is(503, "The database does not answer"); strings.Contains(o.page, "locked") || !strings.Contains(w.log.String(), "the counts are locked") {
		t.Error("the fault is for the log, and not for the page")
	}
}

// TestRefusalWords: the page names why answers were refused, and shows no code.
func TestRefusalWords(t *testing.T) {
	w := newWorld(t, func(c *console.Config) {
		c.Report = func(_ context.Context, window time.Duration) (*console.Report, error) {
			x := reportOf(month(), window)
			x.Refusals = nil
			for i, code := range []string{"unusable.command", "unusable.photo", "unusable", "unusable.edited", "amount_low.minimum"} {
				x.Refusals = append(x.Refusals, insight.Refusal{Step: "amount_input", Code: code, N: i + 1})
			}
			return x, nil
		}
	})
	o := w.operator().signIn()
	o.get("/console").is(200, "Amount: an unknown command", "Amount: a message without words: photo", "Amount: nothing that is an answer", "Amount: an edited message", "Amount: amount low minimum")
	if strings.Contains(o.page, "unusable") {
		t.Error("the page shows a code")
	}
}

// TestNeeds: what waits for an operator leads to its conversation, by an address that names nothing.
func TestNeeds(t *testing.T) {
	w := newWorld(t, func(c *console.Config) {
		c.Needs = func(context.Context) ([]console.Need, error) {
			return []console.Need{{What: "ESC-7K4M-92QXA has waited for you too long", Why: "It is on hold", Label: "See what happened", Key: dialog.Key{Bot: "lockbay", Flow: "deal", ID: "ESC-7K4M-92QXA"}}}, nil
		}
	})
	w.plant()
	o := w.operator().signIn()
	o.get("/console").is(200, "ESC-7K4M-92QXA has waited for you too long", "It is on hold", "See what happened")
	_, rest, _ := strings.Cut(o.page, `href="/console/conversations/`)
	to, _, _ := strings.Cut(rest, `"`)
	o.get("/console/conversations/"+to).is(200, "Nothing happened here within 90 days")
	if to == "" || strings.Contains(to, "7K4M") {
		t.Errorf("it leads to %q", to)
	}
}

// TestLookingIsNoRestart: what an operator's look adds to the log moves no end of a story.
func TestLookingIsNoRestart(t *testing.T) {
	life := func(after time.Duration, e dialog.Event) dialog.Event {
		e.At, e.Instance = at.Add(after), "here.1"
		return e
	}
	events := []dialog.Event{life(0, dialog.Event{Kind: dialog.EventStarted}), life(time.Minute, dialog.Event{Kind: "confirmed"})}
	lives := []dialog.Event{life(time.Hour, dialog.Event{Kind: dialog.EventUp})}
	looked := append(events, life(2*time.Hour, dialog.Event{Kind: dialog.EventOrdered, Cause: "reveal:support"}))
	if s := console.Tell(looked, lives); s.Restarts != 0 || len(s.Turns) != 3 {
		t.Errorf("%d restarts in %+v", s.Restarts, s.Turns)
	}
	if s := console.Tell(append(events, life(3*time.Hour, dialog.Event{Kind: "paid"})), lives); s.Restarts != 1 {
		t.Errorf("%d restarts, want that between two turns", s.Restarts)
	}
}
