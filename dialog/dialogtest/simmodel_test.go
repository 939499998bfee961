package dialogtest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/lockbay/lockbay/dialog"
)

// model checks every turn that the store has written against the possible lives of an
// order. It is plain, and knows nothing of engines.
type model struct {
	turns   []turn
	rows    map[dialog.Key]*dialog.Row
	made    map[dialog.Stamp]bool // turns so far; a turn whose answer was lost comes again
	applied map[done]int          // its turn
	started map[string]string     // draft → its deal
	deals   []string
	sent    map[uint64]*sentOn // texts that went on to a deal, by the hash of their input there
	inputs  map[uint64]*simInput
	noted   int
}

// done is an input of a conversation, by its hash.
type done struct {
	key   dialog.Key
	input uint64
}

// turn is one turn that was written.
type turn struct {
	key           dialog.Key
	before, after dialog.Stamp
	input         uint64
	step          int // of the simulation
}

func newModel() *model {
	return &model{rows: map[dialog.Key]*dialog.Row{}, made: map[dialog.Stamp]bool{}, applied: map[done]int{}, started: map[string]string{}, sent: map[uint64]*sentOn{}, inputs: map[uint64]*simInput{}}
}

func inputHash(id string) uint64 {
	sum := sha256.Sum256([]byte(id))
	return binary.BigEndian.Uint64(sum[:8])
}

// input finds the input of a turn; nil: not a person's.
func (m *model) input(s *sim, hash uint64) *simInput {
	for ; m.noted < len(s.inputs); m.noted++ {
		in := s.inputs[m.noted]
		m.inputs[inputHash(in.in.ID)] = in
	}
	return m.inputs[hash]
}

// wrote hears of a batch. It is called by one goroutine at a time.
func (m *model) wrote(s *sim, b *dialog.Batch, verdicts []dialog.Verdict) {
	for i, w := range b.Writes {
		after := w.After.Stamp()
		if verdicts[i] != dialog.Applied || m.made[after] {
			continue
		}
		m.made[after] = true
		was := m.rows[w.After.Key]
		if was == nil {
			was = &dialog.Row{}
		}
		if was.Stamp() != w.Before {
			s.fail("%s: a turn on version %d was written over version %d", w.After.Key.Path(), w.Before.Version, was.Version)
			return
		}
		if _, twice := m.applied[done{w.After.Key, w.Input}]; twice && w.Input != 0 {
			s.fail("%s: one input made two turns", w.After.Key.Path())
			return
		}
		in := m.input(s, w.Input)
		if d := m.judge(was, w, in); d != "" {
			s.fail("%s version %d: %s", w.After.Key.Path(), after.Version, d)
		}
		m.hold(s, was, w.After)
		for _, r := range w.Starts {
			m.hold(s, &dialog.Row{}, r)
		}
		m.applied[done{w.After.Key, w.Input}] = len(m.turns)
		m.turns = append(m.turns, turn{w.After.Key, w.Before, after, w.Input, s.step})
		m.rows[w.After.Key] = w.After
		for _, r := range w.Starts {
			m.rows[r.Key] = r
		}
		s.logf("   %s is at version %d, %q", w.After.Key.Path(), after.Version, w.After.Step)
	}
}

// hold checks a turn against the invariants.
func (m *model) hold(s *sim, was, now *dialog.Row) {
	a, err := dialog.Decode(was)
	b, err2 := dialog.Decode(now)
	at, err3 := s.store.Now(context.Background())
	if err := errors.Join(err, err2, err3); err != nil {
		s.fail("%s version %d: %v", now.Key.Path(), now.Version, err)
		return
	}
	if name := broken(a, b, at); name != "" {
		s.fail("%s version %d breaks: %s", now.Key.Path(), now.Version, name)
	}
}

// marked checks a batch against two invariants of all rows: no place shows a later version
// than its row has, and a message shows one conversation.
func (m *model) marked(s *sim, b *dialog.Batch, out dialog.Committed) {
	for i, mark := range b.Shown {
		for message, version := range entries(mark.New) {
			if got := out.Marked[i]; got.Applied && version > got.Version {
				s.fail("%s: %s shows version %d of %d", mark.Key.Path(), message, version, got.Version)
			}
		}
	}
	live := map[string]*dialog.Record{}
	for _, r := range s.records() {
		for _, p := range r.Places {
			id := r.Message(p)
			if o := live[id]; id != "" && o != nil {
				s.fail("message %s shows %s and %s", id, o.Key.Path(), r.Key.Path())
			}
			live[id] = r
		}
	}
}

// judgeDeal names the fault of a deal's turn. Each move is one person's.
func judgeDeal(was, now *dialog.Row, in *simInput, sent *sentOn) string {
	a, err := dialog.Decode(was)
	b, err2 := dialog.Decode(now)
	if err := errors.Join(err, err2); err != nil {
		return err.Error()
	}
	by, owner := "nobody", ""
	if in != nil {
		owner = in.in.Owner
	} else if sent != nil {
		owner = sent.owner
	}
	if owner != "" {
		by = "a stranger"
		if mine, sits := b.AsOf(owner); sits {
			by = map[string]string{"": "the owner", "s": "the other"}[mine.Role()]
		}
	}
	action := ""
	if in != nil {
		action = in.in.Name
	}
	mover := map[string]string{"dropped": "the owner drop", "accepted": "the other accept", "released": "the owner release", "lapsed": "nobody ", "paid": "nobody paid"}
	added := strings.TrimPrefix(string(now.Answers), string(was.Answers))
	switch {
	case len(b.Seats) != len(a.Seats) && (action != "join" || by != "the other"):
		return "a seat was taken by " + by + " with " + action
	case len(a.Seats) > 0 && (len(b.Seats) == 0 || a.Seats[0].Owner != b.Seats[0].Owner || b.Guest != b.Seats[0].Owner):
		return "a seat has another holder"
	case was.Step != now.Step && mover[now.Step] != by+" "+action:
		return fmt.Sprintf("%s became %s by %s with %q", was.Step, now.Step, by, action)
	case was.Step != now.Step && was.Step != "pending" && (was.Step != "accepted" || now.Step != "released"):
		return "a deal that was over has gone on"
	case sent != nil:
		return sent.judge(now, by, added)
	case added == "":
	case added != "+" && added != "+s" || action != "add" || (added == "+s") != (by == "the other") || by == "nobody":
		return fmt.Sprintf("the terms of a deal have changed by %s with %q: %q", by, action, added)
	}
	return ""
}

func answers(r *dialog.Row) (o order) {
	if len(r.Answers) > 0 && r.Key.Flow == "order" {
		if err := json.Unmarshal(r.Answers, &o); err != nil {
			panic(err)
		}
	}
	return o
}

// judge names the fault of a turn.
func (m *model) judge(was *dialog.Row, w *dialog.Write, in *simInput) string {
	now := w.After
	if now.Key.Flow == "deal" {
		return judgeDeal(was, now, in, m.sent[w.Input])
	}
	if d := m.judgeSent(was, now, in); d != "" {
		return d
	}
	a, b := answers(was), answers(now)
	fields := [][2]string{{a.What, b.What}, {a.Size, b.Size}, {a.Where, b.Where}}
	changed := slices.DeleteFunc(slices.Clone(fields), func(f [2]string) bool { return f[0] == f[1] })
	switch {
	case len(w.Starts) > 0:
		deal := w.Starts[0]
		switch {
		case len(w.Starts) > 1 || m.started[was.Draft] != "":
			return "a draft has started twice"
		case in == nil || in.in.Name != "confirm":
			return "a deal was started by something else than Confirm"
		case string(deal.Answers) != a.What+"/"+a.Size+"/"+a.Where || a.What == "" || a.Size == "" || a.Where == "":
			return fmt.Sprintf("answers %v have become the deal %s", a, deal.Answers)
		}
		m.started[was.Draft] = deal.Key.ID
		m.deals = append(m.deals, deal.Key.ID)
		return ""
	case was.Draft != now.Draft:
		if was.Step != "" && (in == nil || in.in.Name != "restart") {
			return "a draft was thrown away"
		}
		if was.Step == "" && (in == nil || in.in.Name != "create") {
			return "a draft came from nowhere"
		}
		if b != (order{}) {
			return "a new draft has answers"
		}
		return ""
	case len(changed) > 1:
		if now.Step == "" && b == (order{}) && in == nil { // expired, or wiped after a cancel
			return ""
		}
		return fmt.Sprintf("answers %v have become %v", a, b)
	case len(changed) == 1:
		switch {
		case now.Step == "" && b == (order{}) && in == nil:
		case in == nil:
			return fmt.Sprintf("an answer has changed by itself: %v, %v", a, b)
		case changed[0][1] != in.in.Text && changed[0][1] != in.in.Value:
			return fmt.Sprintf("%q has become %q by %s", changed[0][0], changed[0][1], in.subject)
		}
		return ""
	}
	if in != nil && in.in.Kind == dialog.KindText && !m.elsewhere(was, now, in) { // no answer has changed: was it one?
		field := map[string]string{"what": b.What, "size": b.Size, "where": b.Where}
		text := in.in.Text
		open := was.Step
		valid := len(text) >= 2 && (open == "what" || open == "where") || open == "size" && (text == "small" || text == "large")
		if valid && field[open] != text {
			return fmt.Sprintf("the answer %q to %s was lost", text, open)
		}
	}
	return ""
}

// check checks the whole history against the model.
func (m *model) check(s *sim) {
	for _, in := range s.inputs {
		i, applied := m.find(s, in)
		switch {
		case in.acked == 0:
			s.fail("in%d was never acknowledged", in.no)
		case applied && in.out.Did == dialog.DidForeign:
			s.fail("in%d was applied and called foreign", in.no)
		case in.forgotten():
		case applied && in.out.Record != nil && in.out.Did != dialog.DidDuplicate && in.out.Record.Stamp() != m.turns[i].after:
			s.fail("in%d: the answer tells of version %d, its turn was %d", in.no, in.out.Record.Version, m.turns[i].after.Version)
		case !applied && in.in.Name == "join" && in.out.Did == dialog.DidForeign: // nobody can join
		case !applied && in.in.Kind != dialog.KindTap:
			s.fail("in%d was acknowledged (%v) and has had no effect", in.no, in.out.Did)
		case !applied && in.out.Did != dialog.DidDuplicate && in.out.Did != dialog.DidForeign && in.out.Did != dialog.DidNothing:
			s.fail("in%d was acknowledged (%v) and has made no turn", in.no, in.out.Did)
		case !applied && !m.tappedBefore(s, in):
			s.fail("in%d was taken for a duplicate (%v) and is none", in.no, in.out.Did)
		}
	}
	for _, x := range m.sent {
		if !x.ended {
			s.fail("%q was acknowledged, and its sender never hears of it", x.text)
		}
	}
	for _, id := range m.started {
		if !s.printed[id] {
			s.fail("%s was never printed", id)
		}
	}
	rows := s.records()
	for _, r := range rows {
		last := m.rows[r.Key]
		if last == nil || last.Stamp() != r.Stamp() {
			s.fail("%s: the store has version %d", r.Key.Path(), r.Version)
		}
	}
	for _, p := range s.people {
		var own []*dialog.Record
		for _, r := range rows {
			if mine, sits := r.AsOf(ChatName + ":" + p); sits {
				own = append(own, mine)
			}
		}
		if d := staleMessages(s.chat.Messages(p), own, s.known, s.hosts[0].engine); d != "" {
			s.fail("%s", d)
		}
	}
	if s.good() {
		m.linearizable(s)
	}
}

// forgotten reports whether an input reports a block and changed nothing: it made no turn,
// so its redelivery is no duplicate. That may count, until the chat's own answer corrects
// it.
func (in *simInput) forgotten() bool {
	return in.in.Kind == dialog.KindBlock && in.out.Did == dialog.DidNothing
}

// find is the turn that an input made.
func (m *model) find(s *sim, in *simInput) (turn int, ok bool) {
	turn, ok = m.applied[done{s.hosts[0].engine.Route(&in.in), inputHash(in.in.ID)}]
	return turn, ok
}

// tappedBefore reports whether another tap of the same button was applied.
func (m *model) tappedBefore(s *sim, in *simInput) bool {
	for _, o := range s.inputs {
		_, applied := m.find(s, o)
		if o != in && applied && o.in.Draft == in.in.Draft && o.in.Revision == in.in.Revision && o.in.Action() == in.in.Action() {
			return true
		}
	}
	return false
}

// linearizable checks the acknowledged inputs and their times against one register per
// conversation, which a turn compares and swaps.
func (m *model) linearizable(s *sim) {
	type op struct {
		key           dialog.Key
		before, after dialog.Stamp
	}
	var ops []porcupine.Operation
	for _, t := range m.turns {
		o := porcupine.Operation{ClientId: len(ops), Input: op{t.key, t.before, t.after}, Call: int64(t.step), Return: int64(t.step) + 1, Output: nil}
		if in := m.inputs[t.input]; in != nil && !in.forgotten() {
			o.Call, o.Return = int64(in.begun), int64(in.acked)
		}
		ops = append(ops, o)
	}
	register := porcupine.Model{
		Partition: func(h []porcupine.Operation) [][]porcupine.Operation {
			by := map[dialog.Key][]porcupine.Operation{}
			for _, o := range h {
				k := o.Input.(op).key
				by[k] = append(by[k], o)
			}
			var out [][]porcupine.Operation
			for _, p := range by {
				out = append(out, p)
			}
			return out
		},
		Init: func() any { return dialog.Stamp{} },
		Step: func(state, input, _ any) (bool, any) {
			o := input.(op)
			at := state.(dialog.Stamp)
			if at == (dialog.Stamp{}) && strings.HasPrefix(o.key.ID, "D-") {
				at = o.before // it was started
			}
			return at == o.before, o.after
		},
		Equal: func(a, b any) bool { return a == b },
	}
	if r := porcupine.CheckOperationsTimeout(register, ops, 5*time.Second); r != porcupine.Ok {
		s.fail("the history is not linearizable: %s", r)
	}
}
