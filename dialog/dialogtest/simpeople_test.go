package dialogtest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// simInput is an act of a person. It is delivered until it is acknowledged.
type simInput struct {
	no      int
	in      dialog.Input
	begun   int // step of the first delivery
	acked   int // step of the acknowledgement; 0: not yet
	out     dialog.Outcome
	flying  int
	subject string
}

type attempt struct {
	of   *simInput
	host *host
	done bool
	out  dialog.Outcome
	err  error
}

// add makes an input and delivers it for the first time.
func (s *sim) add(in dialog.Input, subject string) {
	n := &simInput{no: len(s.inputs) + 1, in: in, subject: subject}
	n.in.ID = "in" + strconv.Itoa(n.no)
	if in.Kind == dialog.KindText || in.Kind == dialog.KindCommand {
		n.in.Serial = dialog.Serial{Series: in.Owner, Number: int64(n.no), Sent: time.Now().Unix()}
	}
	s.inputs = append(s.inputs, n)
	if s.dawdles() {
		s.delay(n, "comes")
		return
	}
	s.deliver(n)
}

// deliver gives an input to one of the engines.
func (s *sim) deliver(in *simInput) {
	h := s.hosts[s.rnd.IntN(2)]
	if in.begun == 0 {
		in.begun = s.step
	}
	in.flying++
	a := &attempt{of: in, host: h}
	s.attempts = append(s.attempts, a)
	p, e := h.proc, h.engine
	s.logf("in%d comes to %s: %s", in.no, s.life(h), in.subject)
	s.mix(in.subject + s.life(h))
	name := fmt.Sprintf("%s in%d", s.life(h), in.no)
	go func() {
		if o := s.park(p, name, false); o.fail != nil {
			a.err = o.fail
		} else if a.out, a.err = e.Handle(context.Background(), in.in); p.dead.Load() {
			a.err = errDead
		}
		a.done = true
	}()
}

// open are the inputs that are to be delivered, or delivered again.
func (s *sim) open() []*simInput {
	var out []*simInput
	for _, in := range s.inputs {
		if in.acked == 0 && in.flying == 0 {
			out = append(out, in)
		}
	}
	return out
}

// eager reports whether people act now: the more of their inputs are open, the less likely.
func (s *sim) eager() bool {
	waiting := 0
	for _, in := range s.inputs {
		if in.acked == 0 {
			waiting++
		}
	}
	return s.rnd.IntN(1+2*waiting*waiting) == 0
}

// late is an input that comes late.
type late struct {
	of *simInput
	at time.Time
}

// dawdles reports whether an input is late.
func (s *sim) dawdles() bool { return !s.calm && s.odds.late > 0 && s.rnd.Float64() < s.odds.late }

// delay lets an input come minutes or hours from now.
func (s *sim) delay(in *simInput, how string) {
	d := []time.Duration{time.Minute, 7 * time.Minute, 40 * time.Minute, 3 * time.Hour, 11 * time.Hour}[s.rnd.IntN(5)]
	s.logf("in%d %s in %v: %s", in.no, how, d, in.subject)
	in.flying++
	s.late = append(s.late, late{in, time.Now().Add(d)})
	slices.SortStableFunc(s.late, func(a, b late) int { return a.at.Compare(b.at) })
}

// arrive delivers the first late input whose time has come.
func (s *sim) arrive() bool {
	if len(s.late) == 0 || s.late[0].at.After(time.Now()) {
		return false
	}
	in := s.late[0].of
	s.late = s.late[1:]
	in.flying--
	s.deliver(in)
	return true
}

// await lets time pass until the next late input comes, quickly once all else is done.
// False: there is none.
func (s *sim) await() bool {
	switch {
	case len(s.late) == 0:
		return false
	case s.idle():
		s.sleep(time.Until(s.late[0].at))
	default:
		s.sleep(200 * time.Millisecond)
	}
	return true
}

func (s *sim) place(person string) dialog.Place {
	return dialog.Place{Channel: ChatName, Address: person, Lang: "en", Push: true}
}

// act lets a person do something that their cards offer.
func (s *sim) act(person string) {
	if s.blocked[person] {
		s.block(person)
		return
	}
	add := func(in dialog.Input, subject string) { s.add(in, person+"> "+subject) }
	base := dialog.Input{Owner: ChatName + ":" + person, Place: s.place(person)}
	command := func(name string) {
		in := base
		in.Kind, in.Name = dialog.KindCommand, name
		add(in, "/"+name)
	}
	if len(s.model.deals) > 0 && s.rnd.IntN(8) == 0 {
		in := base
		in.Kind, in.Name, in.Text = dialog.KindCommand, "join", s.model.deals[s.rnd.IntN(len(s.model.deals))]
		add(in, "/join "+in.Text)
		return
	}
	shown := s.chat.Messages(person)
	if len(shown) == 0 {
		command("create")
		return
	}
	m := &shown[len(shown)-1]
	if s.rnd.IntN(8) == 0 {
		m = &shown[s.rnd.IntN(len(shown))]
	}
	buttons := Buttons(&m.Card)
	x := s.rnd.IntN(100)
	switch {
	case x < 8:
		command([]string{"create", "back", "cancel", "restart", "resume", "undo", "confirm", "help"}[s.rnd.IntN(8)])
	case m.Card.Field != nil && x < 70:
		in := base
		if m := shown[s.rnd.IntN(len(shown))]; s.rnd.IntN(10) == 0 {
			in.Reply = dialog.Reply{Message: m.ID, Draft: m.Card.Draft, Revision: m.Card.Revision}
		}
		in.Kind, in.Text = dialog.KindText, fmt.Sprintf("a%d", len(s.inputs)+1)
		if s.rnd.IntN(10) == 0 {
			in.Text = "x" // too short
		}
		add(in, in.Text)
	case len(buttons) == 0 || x < 14:
		in := base
		in.Kind, in.Text = dialog.KindText, []string{"small", "large", "huge", "a7"}[s.rnd.IntN(4)]
		add(in, in.Text)
	default:
		b := buttons[s.rnd.IntN(len(buttons))]
		if (b.Action == "cancel" || b.Action == "back") && s.rnd.IntN(3) > 0 { // most people go on
			b = buttons[0]
		}
		if c, ok := findButton(&m.Card, "confirm"); ok && s.rnd.IntN(2) == 0 {
			b = c
		}
		in := tapInput(base, m, b)
		add(in, "["+dialog.Plain(b.Label)+"] on "+m.ID)
		if s.rnd.IntN(4) == 0 {
			add(in, "["+dialog.Plain(b.Label)+"] on "+m.ID+" again")
		}
	}
}

// block lets a person block the bot, or come back. The channel reports that to the
// person's own conversation.
func (s *sim) block(person string) {
	s.blocked[person] = !s.blocked[person]
	s.chat.Block(person, s.blocked[person])
	s.logf("%s has blocked the bot: %v", person, s.blocked[person])
	name := "unblocked"
	if s.blocked[person] {
		name = "blocked"
	}
	owner := ChatName + ":" + person
	if slices.ContainsFunc(s.records(), func(r *dialog.Record) bool { return r.Key.ID == owner }) {
		s.add(dialog.Input{Kind: dialog.KindBlock, Owner: owner, Name: name, Place: s.place(person)}, person+"> "+name)
	}
}

// write has each person who counts as blocked write once, which lifts the block. A block
// without a witness, which a death leaves, waits for the sweep after that.
func (s *sim) write() (again bool) {
	for _, person := range s.people {
		i := slices.IndexFunc(s.records(), func(r *dialog.Record) bool {
			r, _ = r.AsOf(ChatName + ":" + person)
			p, _ := r.Place(ChatName, person)
			return p.Blocked && p.Unwitnessed == 0
		})
		switch {
		case i < 0:
		case s.wrote[person]:
			s.fail("%s has written and is blocked in %s", person, s.records()[i].Key.Path())
		default:
			s.wrote[person], again = true, true
			s.add(dialog.Input{Kind: dialog.KindCommand, Name: "help", Owner: ChatName + ":" + person, Place: s.place(person)}, person+"> /help")
		}
	}
	return again
}

// look logs the changes in the chats.
func (s *sim) look() {
	for _, p := range s.people {
		now := map[string]bool{}
		for _, m := range s.chat.Messages(p) {
			now[m.ID] = true
			if text := Text(&m.Card); s.seen[m.ID] != text {
				s.seen[m.ID] = text
				s.logf("   %s sees %s: %s", p, m.ID, strings.ReplaceAll(strings.TrimSpace(text), "\n", " / "))
			}
		}
		for id, text := range s.seen {
			if text != "" && strings.HasPrefix(id, "m") && !now[id] && s.chat.find(id).Address == p {
				s.seen[id] = ""
				s.logf("   %s: %s goes", p, id)
			}
		}
	}
}
