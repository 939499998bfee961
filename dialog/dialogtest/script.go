package dialogtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// patience bounds a hang, not a slow machine: scripts wait for conditions.
const patience = time.Minute

// Options of a Script. Flows is needed; the other fields work when zero.
type Options struct {
	// Store keeps the conversations. Defaults to a dialog.Memory.
	Store dialog.Store
	// Reopen makes the store of the next process after a death. Defaults to the same
	// store.
	Reopen func(dialog.Store) dialog.Store
	Flows  []dialog.Flow
	// Config of every engine. Its Now and Gate are the script's. Random defaults to a
	// generator with a fixed seed, Instance to the same host in each process.
	Config dialog.Config
	// Person is the person's address. Defaults to "1", whose owner is chat:1.
	Person string
	// Lang of the person. Defaults to "en".
	Lang string
	// Start is the time at the beginning, see NewClock.
	Start time.Time
}

// Script is a conversation as a test: the inputs of a person, and the cards that they see.
// After each step it waits until everything is delivered. Its methods are for one
// goroutine. A failure ends the test and prints the whole conversation.
type Script struct {
	t      testing.TB
	opt    Options
	store  dialog.Store
	chat   *Chat
	clock  *Clock
	ledger *ledger
	random func() uint64

	proc     *process
	engine   *dialog.Engine
	lives    int
	inputs   int
	last     []dialog.Input // of the last step
	lines    []string
	onDeath  string // where the last process died
	dress    func(*process)
	closings sync.WaitGroup
}

// New makes a Script and its first engine, which end with the test.
func New(t testing.TB, opt Options) *Script {
	s := newScript(t, opt, nil)
	t.Cleanup(s.close)
	return s
}

func newScript(t testing.TB, opt Options, dress func(*process)) *Script {
	t.Helper()
	if opt.Person == "" {
		opt.Person = "1"
	}
	if opt.Lang == "" {
		opt.Lang = "en"
	}
	s := &Script{t: t, opt: opt, clock: NewClock(opt.Start), store: opt.Store, random: opt.Config.Random, dress: dress}
	s.chat, s.ledger = NewChat(s.clock.Now), newLedger()
	if s.store == nil {
		m := dialog.NewMemory()
		m.SetNow(s.clock.Now)
		s.store = m
	}
	if s.random == nil {
		s.random = seeded(1)
	}
	s.live()
	return s
}

// seeded is a generator that always gives the same numbers.
func seeded(seed uint64) func() uint64 {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	return func() uint64 {
		mu.Lock()
		defer mu.Unlock()
		return r.Uint64()
	}
}

// live starts the next process.
func (s *Script) live() {
	s.t.Helper()
	s.lives++
	s.proc = &process{store: s.store, chat: s.chat, now: s.clock.Now, ledger: s.ledger}
	if s.dress != nil {
		s.dress(s.proc)
	}
	c := s.proc.config(s.opt.Config)
	c.Random = s.random
	if c.Instance == "" {
		c.Instance = "host." + strconv.Itoa(s.lives)
	}
	var err error
	if s.engine, err = dialog.New(processStore{s.proc}, c, s.opt.Flows...); err != nil {
		s.fail("new engine: %v", err)
	}
	s.engine.Attach(processChat{s.proc})
}

// die abandons the engine, which has no effect from now on.
func (s *Script) die() {
	s.proc.dead.Store(true)
	old := s.engine
	s.closings.Go(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = old.Close(ctx)
	})
}

func (s *Script) close() {
	s.die()
	s.closings.Wait()
}

// revive starts a new process after a death. Like any start it looks at every row that is
// due within the hour.
func (s *Script) revive() {
	s.t.Helper()
	s.die()
	if s.opt.Reopen != nil {
		s.store = s.opt.Reopen(s.store)
	}
	s.live()
	_, err := s.engine.Sweep(context.Background(), time.Hour)
	if s.proc.dead.Load() {
		s.writeDeath()
		s.revive()
		return
	}
	if err != nil {
		s.write("  sweep: %v", err)
	}
}

func (s *Script) writeDeath() {
	s.write("  † the process dies: %s", s.onDeath)
}

// write adds a line to the transcript.
func (s *Script) write(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *Script) fail(format string, args ...any) {
	s.t.Helper()
	where := ""
	if s.onDeath != "" {
		where = "\n(the process had died: " + s.onDeath + ")"
	}
	s.t.Fatalf("%s%s\n\n%s", fmt.Sprintf(format, args...), where, s.Transcript())
}

// Transcript is the conversation so far, for people to read.
func (s *Script) Transcript() string { return strings.Join(s.lines, "\n") }

// Chat is the channel of the script, which can fail on command.
func (s *Script) Chat() *Chat { return s.chat }

func (s *Script) input(kind dialog.Kind) dialog.Input {
	s.inputs++
	return dialog.Input{
		ID: "in" + strconv.Itoa(s.inputs), Kind: kind, Owner: ChatName + ":" + s.opt.Person,
		Place: dialog.Place{Channel: ChatName, Address: s.opt.Person, Lang: s.opt.Lang, Push: true},
	}
}

// Say types a text.
func (s *Script) Say(text string) {
	s.t.Helper()
	in := s.input(dialog.KindText)
	in.Text = text
	s.write("> %s", text)
	s.step(in)
}

// Command types a command: "/create", "/start payload".
func (s *Script) Command(command string) {
	s.t.Helper()
	in := s.input(dialog.KindCommand)
	in.Name, in.Text, _ = strings.Cut(strings.TrimPrefix(command, "/"), " ")
	s.write("> %s", command)
	s.step(in)
}

// Tap taps a button of the newest message that has it. button is its label or action.
func (s *Script) Tap(button string) {
	s.t.Helper()
	in := s.tap(button)
	s.write("> [%s]", button)
	s.step(in)
}

// DoubleTap taps a button twice at once, under two callback ids.
func (s *Script) DoubleTap(button string) {
	s.t.Helper()
	in := s.tap(button)
	again := in
	again.ID = s.input(dialog.KindTap).ID
	s.write("> [%s] [%s]", button, button)
	s.step(in, again)
}

func (s *Script) tap(button string) dialog.Input {
	s.t.Helper()
	shown := s.chat.Messages(s.opt.Person)
	for i := len(shown) - 1; i >= 0; i-- {
		if b, ok := findButton(&shown[i].Card, button); ok {
			return tapInput(s.input(dialog.KindTap), &shown[i], b)
		}
	}
	s.fail("there is no button %q", button)
	return dialog.Input{}
}

func findButton(c *dialog.Card, name string) (dialog.Button, bool) {
	for _, b := range Buttons(c) {
		if b.Action == name || dialog.Plain(b.Label) == name {
			return b, true
		}
	}
	return dialog.Button{}, false
}

// tapInput makes in a tap of b on m, by way of the button's data.
func tapInput(in dialog.Input, m *Message, b dialog.Button) dialog.Input {
	action, draft, revision, bound, _ := dialog.ParseData(m.Card.Data(b))
	in.Kind, in.Message, in.Draft, in.Revision, in.Bound = dialog.KindTap, m.ID, draft, revision, bound
	in.Name, in.Value, _ = strings.Cut(action, ":")
	return in
}

// Send handles inputs that the other methods cannot make: orders, blocks,
// foreign taps. Several are handled at once.
func (s *Script) Send(inputs ...dialog.Input) {
	s.t.Helper()
	for _, in := range inputs {
		s.write("> %s %s %s", in.Kind, in.Name, in.Text)
	}
	s.step(inputs...)
}

// Redeliver sends the last input again, like a channel that heard no answer.
func (s *Script) Redeliver() {
	s.t.Helper()
	s.write("> (the same again)")
	s.step(s.last...)
}

// Restart abandons the engine like kill -9, once the store knows of every message, and
// starts another one on the same store.
func (s *Script) Restart() {
	s.t.Helper()
	for end := time.Now().Add(patience); !s.written(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.fail("the store does not know of every message")
		}
	}
	s.write("  † restart")
	s.revive()
	s.settle()
	s.see()
}

// written reports whether the store knows of every message.
func (s *Script) written() bool {
	for _, m := range s.chat.Messages(s.opt.Person) {
		if !s.ledger.knows(m.ID) {
			return false
		}
	}
	return true
}

// Evict empties the engine's cache.
func (s *Script) Evict() {
	s.write("  the cache is emptied")
	s.engine.Evict()
}

// Advance moves the clock. Timers fire at the next Sweep or input.
func (s *Script) Advance(d time.Duration) {
	s.t.Helper()
	s.write("  %v pass", d)
	s.clock.Advance(d)
	s.settle()
	s.see()
}

// Sweep lets the engine look at the rows that are due.
func (s *Script) Sweep() {
	s.t.Helper()
	s.write("  sweep")
	_, err := s.engine.Sweep(context.Background(), 0)
	if s.proc.dead.Load() {
		s.writeDeath()
		s.revive()
	} else if err != nil {
		s.write("  sweep: %v", err)
	}
	s.settle()
	s.see()
}

// step delivers inputs at once, and waits until everything is shown. If the process dies
// before it has acknowledged them, the next one gets them again.
func (s *Script) step(inputs ...dialog.Input) {
	s.t.Helper()
	s.last = inputs
	var err error
	for todo := inputs; ; {
		errs := make([]error, len(todo))
		var wg sync.WaitGroup
		for i, in := range todo {
			wg.Go(func() { _, errs[i] = s.engine.Handle(context.Background(), in) })
		}
		wg.Wait()
		if s.proc.dead.Load() { // a dead process acknowledges nothing
			s.writeDeath()
			s.revive()
			continue
		}
		err = errors.Join(errs...)
		break
	}
	if err != nil {
		s.write("  not acknowledged: %v", err)
		if !errors.Is(err, dialog.ErrUnavailable) && !errors.Is(err, dialog.ErrSchemaNewer) {
			s.fail("%v", err)
		}
	}
	s.settle()
	s.see()
}

// settle waits until nothing is under way; marks and couriers that wait for the clock may
// be left.
func (s *Script) settle() {
	s.t.Helper()
	s.await(func(dialog.Stats) bool { return true })
}

// await waits until nothing is under way and more holds.
func (s *Script) await(more func(dialog.Stats) bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Microsecond) {
		if s.proc.dead.Load() {
			s.writeDeath()
			s.revive()
		}
		if s.proc.busy.Load() == 0 {
			if is := s.engine.Stats(); is.Couriers == is.Waiting && more(is) && !s.proc.dead.Load() { // the couriers of a dead process wait, too
				return
			}
		}
		if time.Now().After(end) {
			s.fail("deliveries do not end")
		}
	}
}

// see adds the person's messages to the transcript, if they have changed.
func (s *Script) see() {
	var b strings.Builder
	for _, m := range s.chat.Messages(s.opt.Person) {
		fmt.Fprintf(&b, "  %s", m.ID)
		for line := range strings.Lines(Text(&m.Card)) {
			b.WriteString("\t| " + line)
		}
	}
	text := strings.TrimRight(b.String(), "\n")
	for i := len(s.lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(s.lines[i], "  m") {
			if s.lines[i] == text {
				return
			}
			break
		}
	}
	if text != "" {
		s.lines = append(s.lines, text)
	}
}

// Messages are the texts of the messages that the person sees, oldest first.
func (s *Script) Messages() []string {
	var out []string
	for _, m := range s.chat.Messages(s.opt.Person) {
		out = append(out, Text(&m.Card))
	}
	return out
}

// Card is the newest card that the person sees, as text.
func (s *Script) Card() string {
	if m := s.Messages(); len(m) > 0 {
		return m[len(m)-1]
	}
	return ""
}

// Expect wants every part to be on the newest card.
func (s *Script) Expect(parts ...string) {
	s.t.Helper()
	card := s.Card()
	for _, p := range parts {
		if !strings.Contains(card, p) {
			s.fail("the card does not say %q", p)
		}
	}
}

// ExpectNot wants no part to be on the newest card.
func (s *Script) ExpectNot(parts ...string) {
	s.t.Helper()
	card := s.Card()
	for _, p := range parts {
		if strings.Contains(card, p) {
			s.fail("the card says %q", p)
		}
	}
}
