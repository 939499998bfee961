package dialogtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// sim is one simulated history: two engines on one store, some people in
// chats, and one scheduler. Whenever a goroutine is about to meet the world it
// parks; the scheduler waits until all are parked, sorts their names and lets
// one go, or lets something else happen. All it decides comes from the seed.
type sim struct {
	seed  uint64
	rnd   *rand.Rand
	odds  odds
	store *dialog.Memory
	plant func(dialog.Store) dialog.Store // a store with a fault in it
	chat  *Chat
	known *ledger
	hosts [2]*host
	model *model

	mu     sync.Mutex
	parked []*stop
	free   bool // nothing parks any more

	people   []string
	inputs   []*simInput
	attempts []*attempt
	late     []late // in the order in which they come
	printed  map[string]bool
	step     int
	blocked  map[string]bool
	calm     bool // no more faults
	verbose  bool
	lines    []string
	seen     map[string]string
	sum      uint64
	problem  string
}

// odds are the chances of what goes wrong in one history.
type odds struct {
	fail, lose, linger float64 // of a call
	crash, evict       float64 // of a step
	chat               float64 // of a call of the channel, besides
	gone, sleep, block float64
	late               float64 // of an input, minutes to hours
}

// host is where one engine after another lives.
type host struct {
	no, lives int
	proc      *process
	engine    *dialog.Engine
}

// stop is a goroutine that has parked.
type stop struct {
	name string
	proc *process
	call bool
	let  chan verdict
}

// verdict is what the scheduler tells a goroutine that it lets go.
type verdict struct {
	fail   error
	lose   bool
	linger bool
	die    bool // after the call, before its answer
}

// simInput is something that a person does. It is delivered until it is acknowledged.
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

func newSim(seed uint64, verbose bool) *sim {
	s := &sim{
		seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), store: dialog.NewMemory(), chat: NewChat(nil),
		known: newLedger(), printed: map[string]bool{}, blocked: map[string]bool{}, verbose: verbose, seen: map[string]string{},
		model: newModel(), people: []string{"1", "2"},
	}
	chance := func(list ...float64) float64 { return list[s.rnd.IntN(len(list))] }
	s.odds = odds{
		fail: chance(0, 0, .02, .1), lose: chance(0, 0, .02, .1), linger: chance(0, .2, .5),
		crash: chance(0, .002, .01), evict: chance(0, .01, .05), chat: chance(0, .02, .1), gone: chance(0, 0, .01), block: chance(0, 0, .1), sleep: chance(.02, .05, .2),
		late: []float64{0, 0, .1, .3}[seed%4],
	}
	return s
}

func (s *sim) logf(format string, args ...any) {
	if s.verbose {
		s.lines = append(s.lines, fmt.Sprintf("%4d %9s  ", s.step, time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).Round(time.Millisecond))+fmt.Sprintf(format, args...))
	}
}

func (s *sim) fail(format string, args ...any) {
	s.mu.Lock()
	first := s.problem == ""
	if first {
		s.problem = fmt.Sprintf(format, args...)
	}
	s.mu.Unlock()
	if first {
		s.logf("FAIL "+format, args...)
	}
}

// good reports whether nothing is wrong so far.
func (s *sim) good() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem == ""
}

// park holds the calling goroutine until the scheduler lets it go.
func (s *sim) park(p *process, name string, call bool) verdict {
	s.mu.Lock()
	if s.free {
		s.mu.Unlock()
		return verdict{}
	}
	if p != nil && p.dead.Load() {
		s.mu.Unlock()
		return verdict{fail: errDead}
	}
	w := &stop{name: name, proc: p, call: call, let: make(chan verdict, 1)}
	s.parked = append(s.parked, w)
	s.mu.Unlock()
	return <-w.let
}

// waiting is how many goroutines have parked.
func (s *sim) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.parked)
}

// boot starts the next engine of a host.
func (s *sim) boot(h *host) {
	h.lives++
	var store dialog.Store = s.store
	if s.plant != nil {
		store = s.plant(store)
	}
	p := &process{store: store, chat: s.chat, now: time.Now, ledger: s.known}
	name := fmt.Sprintf("h%d.%d", h.no, h.lives)
	p.gate = func(point string) { s.park(p, name+" "+point, false) }
	p.around = func(who string, do func() error) error {
		if strings.HasPrefix(who, "load ") {
			who += caller()
		}
		o := s.park(p, name+" "+who, true)
		if o.fail != nil {
			return o.fail
		}
		err := do()
		switch {
		case o.die:
			p.dead.Store(true)
		case o.linger:
			s.park(p, name+" answer of "+who, false)
		}
		if err == nil && o.lose {
			return errors.New("the answer is lost")
		}
		return err
	}
	p.wrote = func(b *dialog.Batch, v []dialog.Verdict) { s.model.wrote(s, b, v) }
	c := p.config(dialog.Config{Instance: name, Random: seeded(s.seed<<16 | uint64(h.no)<<8 | uint64(h.lives)), CacheBytes: 1 << 20})
	print := func(_ context.Context, id, key string) error {
		return p.call("print "+id, func() error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.printed[id] = true
			return nil
		})
	}
	e, err := dialog.New(processStore{p}, c, orderForm(), deal{print: print})
	if err != nil {
		panic(err)
	}
	e.Attach(processChat{p})
	h.proc, h.engine = p, e
	s.logf("† %s starts", name)
	go func() { // as Run does first
		if s.park(p, name+" start", false).fail == nil {
			_, _ = e.Sweep(context.Background(), time.Hour)
		}
	}()
}

// caller tells goroutines apart that read the same row at the same time: by
// where they come from in the source, so that a seed is the same history in every build.
func caller() string {
	var pcs [24]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	h := fnv.New64a()
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		_, _ = fmt.Fprint(h, f.Function, f.Line)
	}
	return " " + strconv.FormatUint(h.Sum64()%997, 10)
}

// kill lets the engine of a host die, and starts the next one.
func (s *sim) kill(h *host) {
	s.logf("† %s dies", s.life(h))
	h.proc.dead.Store(true)
	s.bury(h)
}

func (s *sim) life(h *host) string { return fmt.Sprintf("h%d.%d", h.no, h.lives) }

// bury cuts off all that a dead engine still wants, and starts the next one.
func (s *sim) bury(h *host) {
	s.mu.Lock()
	var rest []*stop
	for _, w := range s.parked {
		if w.proc == h.proc {
			w.let <- verdict{fail: errDead}
		} else {
			rest = append(rest, w)
		}
	}
	s.parked = rest
	s.mu.Unlock()
	old := h.engine
	go func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = old.Close(ctx)
	}()
	synctest.Wait()
	s.boot(h)
}

// run plays the history and reports what is wrong with it.
func (s *sim) run() string {
	for i := range s.hosts {
		s.hosts[i] = &host{no: i}
		s.boot(s.hosts[i])
	}
	total := 10 + s.rnd.IntN(12)
	for s.good() && s.step < 4000 {
		if !s.turn(total) {
			break
		}
	}
	s.calmDown()
	if s.good() {
		s.model.check(s)
	}
	s.mu.Lock()
	s.free = true
	for _, w := range s.parked {
		w.let <- verdict{}
	}
	s.parked = nil
	s.mu.Unlock()
	for _, h := range s.hosts {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.engine.Close(ctx)
	}
	return s.problem
}

// turn lets one thing happen. False: the people have done all that they wanted.
func (s *sim) turn(total int) bool {
	s.observe()
	if s.arrive() {
		return true
	}
	open := s.open()
	if len(s.inputs) >= total && len(open) == 0 && s.waiting() == 0 {
		return s.await()
	}
	o := s.odds
	switch x := s.rnd.Float64(); {
	case x < o.crash:
		s.kill(s.hosts[s.rnd.IntN(2)])
	case x < o.crash+o.evict:
		h := s.hosts[s.rnd.IntN(2)]
		s.logf("the cache of %s is emptied", s.life(h))
		h.engine.Evict()
	case x < o.crash+o.evict+o.gone:
		if m := s.chat.Messages(s.people[s.rnd.IntN(2)]); len(m) > 0 {
			id := m[s.rnd.IntN(len(m))].ID
			s.logf("%s is deleted by the person", id)
			s.chat.Gone(id)
		}
	case s.waiting() == 0 || s.rnd.Float64() < .25:
		s.outside(total, open)
	default:
		s.release()
	}
	return true
}

// outside lets something happen that is no engine's: a person acts, an input
// comes again, time passes.
func (s *sim) outside(total int, open []*simInput) {
	x := s.rnd.Float64()
	switch {
	case x < s.odds.sleep:
		s.sleep([]time.Duration{50 * time.Millisecond, 300 * time.Millisecond, 2 * time.Second, time.Minute}[s.rnd.IntN(4)])
	case x < s.odds.sleep+.03:
		h := s.hosts[s.rnd.IntN(2)]
		e, p, name := h.engine, h.proc, s.life(h)
		s.logf("%s sweeps", name)
		go func() {
			if s.park(p, name+" sweep", false).fail == nil {
				_, _ = e.Sweep(context.Background(), time.Duration(0))
			}
		}()
	case x < s.odds.sleep+.06 && len(s.late) > 0 && s.idle():
		s.await()
	case x < s.odds.sleep+.04 && s.idle():
		s.sleep([]time.Duration{31 * time.Minute, payWithin, 85 * time.Hour, 8 * 24 * time.Hour}[s.rnd.IntN(4)])
	case len(open) > 0 && (s.rnd.IntN(2) == 0 || len(s.inputs) >= total):
		in := open[s.rnd.IntN(len(open))]
		s.deliver(in)
	case len(s.inputs) < total && s.patient():
		switch {
		case len(s.model.deals) > 0 && s.rnd.IntN(12) == 0:
			id := s.model.deals[s.rnd.IntN(len(s.model.deals))]
			s.add(dialog.Input{Kind: dialog.KindOrder, Key: dialog.Key{Bot: "bot", Flow: "deal", ID: id}, Name: "paid"}, "operator> paid "+id)
		case s.rnd.Float64() < s.odds.block:
			s.block(s.people[s.rnd.IntN(len(s.people))])
		default:
			s.act(s.people[s.rnd.IntN(len(s.people))])
		}
	case s.waiting() == 0:
		s.sleep(200 * time.Millisecond)
	default:
		s.release()
	}
}

func (s *sim) sleep(d time.Duration) {
	s.logf("%v pass", d)
	time.Sleep(d)
	synctest.Wait()
}

// idle reports whether nothing is on its way: then a long time may pass quickly.
func (s *sim) idle() bool {
	if s.waiting() > 0 {
		return false
	}
	for _, h := range s.hosts {
		if h.engine.Stats().Couriers > 0 {
			return false
		}
	}
	return true
}

// patient reports whether people act although something of theirs is on its way.
func (s *sim) patient() bool {
	waiting := 0
	for _, in := range s.inputs {
		if in.acked == 0 {
			waiting++
		}
	}
	return s.rnd.IntN(1+2*waiting*waiting) == 0
}

// open are the inputs that have to come (again).
func (s *sim) open() []*simInput {
	var out []*simInput
	for _, in := range s.inputs {
		if in.acked == 0 && in.flying == 0 {
			out = append(out, in)
		}
	}
	return out
}

// observe waits until everything is parked, and hears what became of deliveries.
func (s *sim) observe() {
	synctest.Wait()
	s.step++
	for _, h := range s.hosts {
		if h.proc.dead.Load() {
			s.logf("† %s dies before it hears of that", s.life(h))
			s.bury(h)
			synctest.Wait()
		}
	}
	s.mu.Lock()
	slices.SortStableFunc(s.parked, func(a, b *stop) int { return cmp.Compare(a.name, b.name) })
	s.mu.Unlock()
	var rest []*attempt
	for _, a := range s.attempts {
		if !a.done {
			rest = append(rest, a)
			continue
		}
		a.of.flying--
		if a.err != nil {
			s.logf("   in%d is not acknowledged: %v", a.of.no, a.err)
			if s.dawdles() {
				s.delay(a.of, "comes again")
			}
		} else {
			s.logf("   in%d is acknowledged: %v", a.of.no, a.out.Did)
			s.mix(fmt.Sprint(a.of.no, a.out.Did))
			if a.of.acked == 0 {
				a.of.acked, a.of.out = s.step, a.out
				if s.dawdles() { // as when the acknowledgement is lost, or the sender has sent it twice
					s.delay(a.of, "comes once more")
				}
			}
		}
	}
	s.attempts = rest
	if s.verbose {
		s.look()
	}
}

// look notes what is new in the chats.
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

func (s *sim) mix(what string) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(what))
	s.sum = s.sum*1099511628211 ^ h.Sum64()
}

// release lets one parked goroutine go on.
func (s *sim) release() {
	if s.waiting() == 0 {
		return
	}
	i := s.rnd.IntN(s.waiting())
	s.mu.Lock()
	w := s.parked[i]
	s.parked = slices.Delete(s.parked, i, i+1)
	s.mu.Unlock()
	var o verdict
	note := ""
	if w.call && !s.calm {
		x := s.rnd.Float64()
		show := strings.Contains(w.name, " send ") || strings.Contains(w.name, " edit ")
		o.linger = s.rnd.Float64() < s.odds.linger
		switch {
		case x < s.odds.fail:
			o.fail, note = fmt.Errorf("failed: %w", dialog.ErrUnavailable), " ✗ fails"
		case x < s.odds.fail+s.odds.lose:
			o.lose, note = true, " ✗ its answer is lost"
		case x < s.odds.fail+s.odds.lose+s.odds.crash:
			o.die = true
		case show && x < s.odds.fail+s.odds.lose+s.odds.crash+s.odds.chat:
			o.fail, note = []error{&dialog.RetryAfter{After: 3 * time.Second}, dialog.ErrGone, errors.New("bad gateway")}[s.rnd.IntN(3)], " ✗ is refused"
		}
		if strings.Contains(w.name, " remove ") { // best effort: nothing is promised of it
			o.fail, o.lose = nil, false
		}
	}
	s.mix(w.name + note)
	s.logf("%s%s", w.name, note)
	w.let <- o
}

// deliver brings an input to one of the engines.
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

// add makes an input and delivers it for the first time.
func (s *sim) add(in dialog.Input, subject string) {
	n := &simInput{no: len(s.inputs) + 1, in: in, subject: subject}
	n.in.ID = "in" + strconv.Itoa(n.no)
	s.inputs = append(s.inputs, n)
	if s.dawdles() {
		s.delay(n, "comes")
		return
	}
	s.deliver(n)
}

// late is an input that is on its way for long.
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

// await lets the time pass until the next late input comes, quickly once all
// else is done. False: there is none.
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

// block lets a person block the bot, or come back: then all their
// conversations are told.
func (s *sim) block(person string) {
	s.blocked[person] = !s.blocked[person]
	s.chat.Block(person, s.blocked[person])
	s.logf("%s has blocked the bot: %v", person, s.blocked[person])
	name := "unblocked"
	if s.blocked[person] {
		name = "blocked"
	}
	for _, r := range s.records() {
		if r.Owner == ChatName+":"+person {
			s.add(dialog.Input{Kind: dialog.KindBlock, Key: r.Key, Name: name, Place: s.place(person)}, person+"> "+name+" for "+r.Key.Path())
		}
	}
}

// act lets a person do something: what they see decides what.
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

// calmDown lets all that is open come to its end without any more faults.
func (s *sim) calmDown() {
	s.calm = true
	for _, p := range s.people {
		if s.blocked[p] {
			s.block(p)
		}
	}
	sweeps := 0
	for i := 0; s.good() && i < 4000; i++ {
		s.observe()
		if s.arrive() {
			continue
		}
		if open := s.open(); len(open) > 0 {
			s.deliver(open[0])
			continue
		}
		if s.waiting() > 0 {
			s.release()
			continue
		}
		if len(s.attempts) > 0 || !s.idle() {
			s.sleep(200 * time.Millisecond)
			continue
		}
		if s.await() || s.unblock() {
			continue
		}
		if sweeps++; sweeps > 2 && s.settled() {
			return
		}
		s.sleep(6 * time.Second)
		for _, h := range s.hosts {
			e, p, name := h.engine, h.proc, s.life(h)
			go func() {
				if s.park(p, name+" sweep", false).fail == nil {
					_, _ = e.Sweep(context.Background(), time.Hour)
				}
			}()
		}
		if i > 3000 {
			break
		}
	}
	s.fail("it does not come to rest: %s", s.unrest())
}

// unblock tells conversations that took a late answer of the chat for a block.
func (s *sim) unblock() (again bool) {
	for _, r := range s.records() {
		for _, p := range r.Places {
			if p.Blocked {
				s.add(dialog.Input{Kind: dialog.KindBlock, Key: r.Key, Name: "unblocked", Place: p}, "unblocked for "+r.Key.Path())
				again = true
			}
		}
	}
	return again
}

func (s *sim) settled() bool { return s.unrest() == "" && s.rounds() }

// rounds gives marks and removals their time after the last movement.
func (s *sim) rounds() bool {
	for range 4 {
		s.sleep(2 * time.Second)
		if s.waiting() > 0 {
			return false
		}
	}
	return s.unrest() == ""
}

// unrest is what still waits to be done.
func (s *sim) unrest() string {
	if s.waiting() > 0 {
		return "goroutines are parked"
	}
	for _, r := range s.records() {
		if r.Undelivered() {
			return "the card of " + r.Key.Path() + " is not shown"
		}
		if len(r.Pending) > 0 {
			return "an effect of " + r.Key.Path() + " is not done"
		}
	}
	return ""
}

func (s *sim) records() []*dialog.Record {
	rows, _ := s.store.List(context.Background(), dialog.Query{Deep: true, Limit: 1000})
	var out []*dialog.Record
	for _, row := range rows {
		r, err := dialog.Decode(row)
		if err != nil {
			s.fail("%v", err)
			continue
		}
		out = append(out, r)
	}
	return out
}
