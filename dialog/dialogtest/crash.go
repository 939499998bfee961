package dialogtest

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/lockbay/lockbay/dialog"
)

// CrashPoints plays script once undisturbed, and then once for each crash point: before
// and after each call of the store and of the channel, and at the engine's gates. There
// the process dies: its engine is abandoned, the next one goes on with the same store, and
// unacknowledged inputs are delivered again. Each run must end the same way: with the same
// conversations and answers, and the same cards, each in one message. open gives each run
// a store of its own.
//
// Two differences are fine. A message may remain whose process died before the store knew
// of it, or before it was removed. Cards may welcome the person back.
func CrashPoints(t testing.TB, open func(t testing.TB) Options, script func(*Script)) {
	t.Helper()
	var want string
	points := 0
	for at := int64(0); ; at++ {
		end, died := crashAt(t, open(t), script, at)
		if at == 0 {
			want = end
			continue
		}
		if !died {
			break
		}
		points++
		if end != want {
			t.Errorf("point %d: the end differs.\nundisturbed:\n%s\nafter the crash:\n%s", at, want, end)
			return
		}
	}
	t.Logf("%d crash points, each with the same end", points)
}

// crashAt plays script and lets the process die at a point, counted from 1; 0: never.
func crashAt(t testing.TB, opt Options, script func(*Script), at int64) (end string, died bool) {
	t.Helper()
	var n atomic.Int64
	var gone atomic.Bool
	var s *Script
	s = newScript(t, opt, func(p *process) {
		point := func(when, what string) {
			if at > 0 && n.Add(1) == at && gone.CompareAndSwap(false, true) {
				s.onDeath = fmt.Sprintf("point %d, %s %s", at, when, what)
				p.dead.Store(true)
			}
		}
		p.around = func(who string, do func() error) error {
			point("before", who)
			err := do()
			point("after", who)
			return err
		}
		p.gate = func(who string) { point("at the gate", who) }
	})
	t.Cleanup(s.closings.Wait) // dead engines take a moment to stop
	defer s.die()
	script(s)
	s.rest()
	if d := s.stale(); d != "" {
		s.fail("%s", d)
	}
	return s.end(), gone.Load()
}

// rest closes the last process, so that everything is shown and marked.
func (s *Script) rest() {
	s.t.Helper()
	for {
		s.await(func(dialog.Stats) bool { return true })
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		_ = s.engine.Close(ctx)
		cancel()
		if !s.proc.dead.Load() {
			return
		}
	}
}

func (s *Script) records() []*dialog.Record {
	rows, err := s.store.List(context.Background(), dialog.Query{Deep: true, Limit: 1000})
	if err != nil {
		s.fail("list: %v", err)
	}
	var out []*dialog.Record
	for _, row := range rows {
		r, err := dialog.Decode(row)
		if err != nil {
			s.fail("%v", err)
		}
		out = append(out, r)
	}
	return out
}

// end describes the end of a conversation. Numbers in the order of the conversations stand
// for random ids.
func (s *Script) end() string {
	records := s.records()
	slices.SortFunc(records, func(a, b *dialog.Record) int { return a.Created.Compare(b.Created) })
	var ids []string
	for i, r := range records {
		for _, id := range []string{r.Draft, r.Key.ID, r.Started} {
			if id != "" && id != r.Owner && !slices.Contains(ids, id) {
				ids = append(ids, id, fmt.Sprintf("<%s %d>", r.Key.Flow, i+1))
			}
		}
	}
	var lines []string
	for _, r := range records {
		lines = append(lines, fmt.Sprintf("%s step=%q open=%q answers=%s started=%s", r.Key.Path(), r.Step, r.Open, r.Answers, r.Started))
		for _, p := range r.Places {
			if m, ok := s.message(r.Message(p)); ok {
				m.Card.Band = nil
				lines = append(lines, Text(&m.Card))
			}
		}
	}
	return strings.NewReplacer(ids...).Replace(strings.Join(lines, "\n"))
}

func (s *Script) message(id string) (Message, bool) {
	for _, m := range s.chat.Messages(s.opt.Person) {
		if m.ID == id {
			return m, true
		}
	}
	return Message{}, false
}

// stale finds a fault of the messages: one that should be gone, one that shows another
// card than its record, or a card without a message.
func (s *Script) stale() string {
	return staleMessages(s.chat.Messages(s.opt.Person), s.records(), s.ledger, s.engine)
}

// ago is an age on a card: a turn may change it without showing the card again.
var ago = regexp.MustCompile(`(?i)saved (just now|[^.\n/]* ago)`)

func staleMessages(messages []Message, records []*dialog.Record, known *ledger, e *dialog.Engine) string {
	owner := map[string]*dialog.Record{}
	for _, r := range records {
		for _, p := range r.Places {
			id := r.Message(p)
			if id == "" || p.Seat != r.Role() {
				continue
			}
			if other := owner[id]; other != nil {
				return fmt.Sprintf("message %s belongs to %s and to %s", id, other.Key.Path(), r.Key.Path())
			}
			owner[id] = r
		}
		if r.Undelivered() {
			return fmt.Sprintf("the card of %s is not shown", r.Key.Path())
		}
	}
	for i := range messages {
		m := &messages[i]
		r := owner[m.ID]
		switch {
		case r == nil && !known.orphan(m.ID):
			return fmt.Sprintf("message %s is left behind:\n%s", m.ID, Text(&m.Card))
		case r == nil || known.spoilt(m.ID):
			continue
		}
		p, _ := r.Place(ChatName, m.Address)
		card := e.Render(r, dialog.View{Place: p, Lang: p.Lang, Now: m.At})
		if got, want := Text(&m.Card), Text(&card); ago.ReplaceAllString(got, "") != ago.ReplaceAllString(want, "") {
			return fmt.Sprintf("message %s is out of date:\n%s\nits record would show:\n%s", m.ID, got, want)
		}
	}
	return ""
}
