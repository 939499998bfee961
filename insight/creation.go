package insight

import (
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// Step is what happened at a question of a creation.
type Step struct {
	Asked, Answered time.Time // the first ones
	Last            time.Time // asked for the last time within the horizon
}

// Creation is a draft that somebody began: what is known of it from its events. Each field takes the earliest or the latest
// time, or says that something happened, so that events may come in any order, and twice.
type Creation struct {
	Draft, Owner                 string
	Mode, Variant                string // as it began
	Started, Confirmed, Replaced time.Time
	Cancelled, Undone, Blocked   time.Time // the last ones within the horizon
	Answered                     time.Time // the first answer
	Lost                         time.Time // when answers were lost, the last time
	Seen                         time.Time // when its person was there, the last time
	Steps                        map[string]Step
	Rehydrated                   bool               // by an input of its person
	Causes, Sources              map[string]bool    // of that
	Escrow                       string             // that it became
	ConfirmedLate                bool               // after the horizon
	Refused                      map[[2]string]bool // question and code of answers that were not accepted
}

// TypedAgain reports whether answers were lost that its person had given, and the person came to see that. Who never came
// back has typed nothing again: a timer found the answers gone.
func (c *Creation) TypedAgain() bool {
	return !c.Answered.IsZero() && c.Answered.Before(c.Lost) && !c.Seen.Before(c.Lost)
}

// End is how a creation stood at the horizon.
type End string

// The ends. All but the first two are abandoned.
const (
	Confirmed End = "confirmed"
	Replaced  End = "replaced" // the person started over: no creation of its own but for what it lost
	Cancelled End = "cancelled"
	Blocked   End = "blocked"
	Silent    End = "silent"
)

// End is how the creation stood at the horizon.
func (c *Creation) End() End {
	switch {
	case !c.Confirmed.IsZero() && !c.ConfirmedLate:
		return Confirmed
	case !c.Replaced.IsZero():
		return Replaced
	case c.Cancelled.After(c.Undone):
		return Cancelled
	case !c.Blocked.IsZero():
		return Blocked
	}
	return Silent
}

// Open is the question at which the creation stood at the horizon.
func (c *Creation) Open() (step string) {
	var last time.Time
	for name, s := range c.Steps {
		if s.Last.After(last) || s.Last.Equal(last) && name > step {
			step, last = name, s.Last
		}
	}
	return step
}

// Config says what counts.
type Config struct {
	Flow    string         // of creations
	Horizon time.Duration  // in which a creation is to be confirmed
	Exclude []string       // owners who do not count. Those of terminals (tty:…) never do
	Zone    *time.Location // in which days are cut; nil: UTC
}

// Facts collects events. It is not safe for concurrent use.
type Facts struct {
	cfg       Config
	creations map[string]*Creation
	early     map[string][]dialog.Event // of drafts whose start was not seen yet
	lives     map[string][]span         // of instances
	persons   []rehydration
	paid      map[string]time.Time // escrows
	lapsed    map[string]time.Time
}

// span is an event of an instance's life.
type span struct {
	at    time.Time
	up    bool
	crash bool // how the life before ended, of an up
}

// rehydration is one by a person's input.
type rehydration struct {
	at       time.Time
	instance string
	source   string
	took     time.Duration
}

// Collect begins without facts.
func Collect(cfg Config) *Facts {
	return &Facts{cfg: cfg, creations: map[string]*Creation{}, early: map[string][]dialog.Event{}, lives: map[string][]span{},
		paid: map[string]time.Time{}, lapsed: map[string]time.Time{}}
}

// counts reports whether an event belongs to a creation that counts.
func (f *Facts) counts(e *dialog.Event) (owner string, ok bool) {
	key, err := dialog.ParseKey(e.Key)
	if err != nil || key.Flow != f.cfg.Flow || strings.HasPrefix(key.ID, "tty:") || slices.Contains(f.cfg.Exclude, key.ID) {
		return "", false
	}
	return key.ID, e.Draft != ""
}

// Add takes an event.
func (f *Facts) Add(e *dialog.Event) {
	switch e.Kind {
	case dialog.EventUp, dialog.EventDown:
		f.lives[e.Instance] = append(f.lives[e.Instance], span{e.At, e.Kind == dialog.EventUp, e.Cause == "crash"})
		return
	case "paid":
		f.paid[e.Draft] = earliest(f.paid[e.Draft], e.At)
		return
	case "lapsed":
		f.lapsed[e.Draft] = earliest(f.lapsed[e.Draft], e.At)
		return
	}
	owner, ok := f.counts(e)
	if !ok {
		return
	}
	c := f.creations[e.Draft]
	switch {
	case e.Kind == dialog.EventStarted && c == nil:
		c = &Creation{Draft: e.Draft, Owner: owner, Started: e.At, Mode: e.Mode, Variant: e.Variant, Steps: map[string]Step{}, Causes: map[string]bool{}, Sources: map[string]bool{}}
		f.creations[e.Draft] = c
		for _, before := range f.early[e.Draft] {
			f.add(c, &before)
		}
		delete(f.early, e.Draft)
	case c == nil:
		f.early[e.Draft] = append(f.early[e.Draft], *e)
	default:
		f.add(c, e)
	}
}

func (f *Facts) add(c *Creation, e *dialog.Event) {
	within := e.At.Before(c.Started.Add(f.cfg.Horizon))
	if byPerson[e.Kind] {
		c.Seen = latest(c.Seen, e.At)
	}
	switch e.Kind {
	case "confirmed":
		c.Confirmed, c.Escrow = earliest(c.Confirmed, e.At), e.Cause
		c.ConfirmedLate = !c.Confirmed.Before(c.Started.Add(f.cfg.Horizon))
	case dialog.EventLost:
		c.Lost = latest(c.Lost, e.At)
	case dialog.EventRehydrated:
		c.Rehydrated, c.Causes[e.Cause], c.Sources[e.Source] = true, true, true
		f.persons = append(f.persons, rehydration{e.At, e.Instance, e.Source, e.Took})
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
	if !within {
		return
	}
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

// byPerson are events of a creation that its person alone causes.
var byPerson = map[dialog.EventKind]bool{
	"answered": true, "refused": true, "cancelled": true, "undone": true, "confirmed": true,
	dialog.EventRehydrated: true, dialog.EventMoved: true, dialog.EventReplaced: true,
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
