package insight

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Config says what counts.
type Config struct {
	Flow    string         // of creations
	Horizon time.Duration  // in which a creation is to be confirmed
	Exclude []string       // owners who do not count. Those of terminals (tty:…) never do
	Zone    *time.Location // in which days are cut; nil: UTC
}

// Owner is who began the creation of an event; ok is false for an event of something else, or of somebody who does not count.
func (cfg *Config) Owner(e *dialog.Event) (owner string, ok bool) {
	key, err := dialog.ParseKey(e.Key)
	if err != nil || key.Flow != cfg.Flow || cfg.excludes(key.ID) {
		return "", false
	}
	return key.ID, e.Draft != ""
}

// excludes reports whether an owner does not count.
func (cfg *Config) excludes(owner string) bool {
	return strings.HasPrefix(owner, "tty:") || slices.Contains(cfg.Exclude, owner)
}

// Facts collects events, in any order; one that comes twice changes nothing. It is not safe for concurrent use.
type Facts struct {
	cfg       Config
	creations map[string]*Creation
	escrows   map[string]*Creation      // by the escrow that they became
	early     map[string][]dialog.Event // of drafts and escrows that were not seen yet
	lives     map[Life]bool
	tickets   map[string]*Ticket
	tried     map[string][]*Creation // those with a variant, by owner
	unread    map[string][]time.Time // inputs that got no turn before their draft was known, by owner
}

// Life is the start or the end of an instance.
type Life struct {
	At       time.Time
	Instance string
	Up       bool
	Crash    bool // how the life before ended, of an up
}

// Ends reports whether a life ended: by its down, or by the start of the next one after a crash.
func (l *Life) Ends() bool { return !l.Up || l.Crash }

// Read is a rehydration by a person's input.
type Read struct {
	At     time.Time
	Source string
	Took   time.Duration
	Soon   bool // after the start of the instance that took the input

	instance string // of the event
}

// readMost is how many rehydrations a creation keeps: the first ones.
const readMost = 64

// Collect begins without facts.
func Collect(cfg Config) *Facts {
	return &Facts{cfg: cfg, creations: map[string]*Creation{}, escrows: map[string]*Creation{}, early: map[string][]dialog.Event{}, lives: map[Life]bool{}, tickets: map[string]*Ticket{}, tried: map[string][]*Creation{}, unread: map[string][]time.Time{}}
}

// Know takes a creation that is known from elsewhere; its later events change it.
func (f *Facts) Know(c *Creation) {
	f.creations[c.Draft] = c
	f.try(c)
	if c.Escrow != "" {
		f.escrows[c.Escrow] = c
	}
}

// Live takes a start or an end of an instance, and reports whether it is new.
func (f *Facts) Live(l Life) bool {
	l.At = time.UnixMilli(l.At.UnixMilli()).UTC() // the precision of a log
	known := f.lives[l]
	f.lives[l] = true
	return !known
}

// Creations are all that are known, by draft.
func (f *Facts) Creations() map[string]*Creation { return f.creations }

// LifeOf is the start or the end of an instance that an event tells of.
func LifeOf(e *dialog.Event) (l Life, ok bool) {
	l = Life{At: e.At, Instance: e.Instance, Up: e.Kind == dialog.EventUp, Crash: e.Cause == "crash"}
	return l, e.Kind == dialog.EventUp || e.Kind == dialog.EventDown
}

// Add takes an event. An input that failed before its row was read has no draft: it belongs to all creations of its owner that
// have a variant and had begun.
func (f *Facts) Add(e *dialog.Event) {
	if l, ok := LifeOf(e); ok {
		f.Live(l)
		return
	}
	if IsTicket(e) {
		f.ticket(e)
		return
	}
	if e.Kind == "paid" || e.Kind == "lapsed" {
		f.settle(e)
		return
	}
	owner, ok := f.cfg.Owner(e)
	if !ok {
		if e.Kind == dialog.EventFailed && owner != "" {
			f.failed(owner, e.At)
		}
		return
	}
	c := f.creations[e.Draft]
	switch {
	case c != nil:
		f.add(c, e)
	case e.Kind == dialog.EventStarted:
		c = &Creation{Draft: e.Draft, Owner: owner, Started: e.At, Mode: e.Mode, Variant: e.Variant, Steps: map[string]Step{}, Causes: map[string]bool{}, Sources: map[string]bool{}}
		f.Know(c)
		f.catchUp(e.Draft)
	default:
		f.early[e.Draft] = append(f.early[e.Draft], *e)
	}
}

// try takes a creation that rollouts compare.
func (f *Facts) try(c *Creation) {
	if c.Owner == "" || c.Variant == "" {
		return
	}
	f.tried[c.Owner] = append(f.tried[c.Owner], c)
	for _, at := range f.unread[c.Owner] {
		c.fail(at)
	}
}

// failed takes an input of an owner that got no turn before its draft was known.
func (f *Facts) failed(owner string, at time.Time) {
	f.unread[owner] = append(f.unread[owner], at)
	for _, c := range f.tried[owner] {
		c.fail(at)
	}
}

func (c *Creation) fail(at time.Time) {
	if !at.Before(c.Started) {
		c.Failed = earliest(c.Failed, at)
	}
}

// settle takes an event of an escrow, whose draft id is its own id.
func (f *Facts) settle(e *dialog.Event) {
	c := f.escrows[e.Draft]
	switch {
	case c == nil:
		f.early[e.Draft] = append(f.early[e.Draft], *e)
	case e.Kind == "paid":
		c.Paid = earliest(c.Paid, e.At)
	default:
		c.Lapsed = earliest(c.Lapsed, e.At)
	}
}

// catchUp takes the events of a draft or an escrow that came before it was seen.
func (f *Facts) catchUp(id string) {
	waited := f.early[id]
	delete(f.early, id)
	for i := range waited {
		f.Add(&waited[i])
	}
}

func (f *Facts) add(c *Creation, e *dialog.Event) {
	within := e.At.Before(c.Started.Add(f.cfg.Horizon))
	if byPerson[e.Kind] {
		c.Seen = latest(c.Seen, e.At)
	}
	if byPerson[e.Kind] || e.Kind == "asked" && (e.Source == "back" || e.Source == "edit") {
		c.input(e.At, e.Instance)
	}
	switch e.Kind {
	case "confirmed":
		c.Confirmed, c.Escrow = earliest(c.Confirmed, e.At), e.Cause
		c.ConfirmedLate = !c.Confirmed.Before(c.Started.Add(f.cfg.Horizon))
		f.escrows[c.Escrow] = c
		f.catchUp(c.Escrow)
	case dialog.EventLost:
		c.Lost, c.FirstLost = latest(c.Lost, e.At), earliest(c.FirstLost, e.At)
	case dialog.EventFailed:
		c.Failed = earliest(c.Failed, e.At)
	case dialog.EventConflict:
		c.Conflict = earliest(c.Conflict, e.At)
	case dialog.EventRehydrated:
		c.Causes[e.Cause], c.Sources[e.Source] = true, true
		c.read(Read{At: e.At, Source: e.Source, Took: e.Took, instance: e.Instance})
		if within {
			c.Slowest = max(c.Slowest, e.Took)
		}
	case "asked":
		s := c.Steps[e.Cause]
		if s.Asked = earliest(s.Asked, e.At); within {
			s.Last = latest(s.Last, e.At)
		}
		c.Steps[e.Cause] = s
	case dialog.EventRefused:
		c.refuse(e)
	case "answered":
		s := c.Steps[e.Step]
		s.Answered, c.Answered = earliest(s.Answered, e.At), earliest(c.Answered, e.At)
		c.Steps[e.Step] = s
	}
	if within {
		c.end(e)
	}
}

// end takes an event that may end a creation, within its horizon.
func (c *Creation) end(e *dialog.Event) {
	switch e.Kind {
	case dialog.EventReplaced:
		c.Replaced = latest(c.Replaced, e.At)
	case "cancelled":
		c.Cancelled = latest(c.Cancelled, e.At)
	case "undone":
		c.Undone = latest(c.Undone, e.At)
	case dialog.EventBlocked:
		c.Blocked = latest(c.Blocked, e.At)
	}
}

// refuse notes an answer that a question did not accept.
func (c *Creation) refuse(e *dialog.Event) {
	if c.Refused == nil {
		c.Refused = map[[2]string]bool{}
	}
	c.Refused[[2]string{e.Step, e.Cause}] = true
}

// read notes a rehydration. It keeps the first ones, in order, so that the same ones are kept in whatever order they come.
func (c *Creation) read(r Read) {
	i, known := slices.BinarySearchFunc(c.Reads, r, func(a, b Read) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Took, b.Took))
	})
	if known {
		c.Reads[i].instance = r.instance
		return
	}
	c.Reads = slices.Insert(c.Reads, i, r)
	c.Reads = c.Reads[:min(len(c.Reads), readMost)]
}

// byPerson are events of a creation that its person alone causes.
var byPerson = map[dialog.EventKind]bool{
	"answered": true, "refused": true, "cancelled": true, "undone": true, "confirmed": true,
	dialog.EventRehydrated: true, dialog.EventMoved: true, dialog.EventReplaced: true,
}

// Lives are the starts and ends of instances in the order of time.
func (f *Facts) Lives() (list []Life) {
	for l := range f.lives {
		list = append(list, l)
	}
	slices.SortFunc(list, Life.compare)
	return list
}

func (l Life) compare(m Life) int {
	return cmp.Or(l.At.Compare(m.At), cmp.Compare(l.Instance, m.Instance), cmp.Compare(hit(l.Up), hit(m.Up)), cmp.Compare(hit(l.Crash), hit(m.Crash)))
}

// Settle marks the rehydrations that came soon after a start, and the tickets of people who lost answers, once all events have
// been added.
func (f *Facts) Settle() {
	f.hurt()
	ups := map[string][]time.Time{}
	for _, l := range f.Lives() {
		if l.Up {
			ups[l.Instance] = append(ups[l.Instance], l.At)
		}
	}
	for _, c := range f.creations {
		for i := range c.Reads {
			r := &c.Reads[i]
			if n, _ := slices.BinarySearchFunc(ups[r.instance], r.At.Add(1), time.Time.Compare); n > 0 {
				r.Soon = r.Soon || r.At.Sub(ups[r.instance][n-1]) <= Soon
			}
		}
	}
}

// earliest and latest take a time that is there.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
