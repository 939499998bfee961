package insight

import (
	"cmp"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// The events of tickets: what somebody wrote to the operator, and its class as an operator corrected it.
const (
	ticketed dialog.EventKind = "ticketed"
	classed  dialog.EventKind = "classed"
)

// progress is the class of tickets about lost progress.
const progress = "progress"

// Ticket is what somebody wrote to the operator: what is known of it from its events, in any order.
type Ticket struct {
	ID      string
	Owner   string // who wrote it; empty: unknown
	Written time.Time
	Class   string
	Set     time.Time // when it got its class
	Counts  bool      // false: only its correction is known, or nobody counts who wrote it
	Lost    bool      // its person lost answers that they had given, see [HurtBy]
}

// HurtBy is how many slots before a ticket creations may have started whose losses stand beside it.
const HurtBy = int64(7 * 24 * time.Hour / SlotLength)

// ticket takes an event of a ticket.
func (f *Facts) ticket(e *dialog.Event) {
	key, err := dialog.ParseKey(e.Key)
	own := err == nil && key.Flow == f.cfg.Flow
	if err != nil || e.Source == "" || own && f.cfg.excludes(key.ID) {
		return
	}
	t := f.tickets[e.Source]
	if t == nil {
		t = &Ticket{ID: e.Source}
		f.tickets[e.Source] = t
	}
	if own {
		t.Owner = key.ID
	}
	t.Counts = t.Counts || e.Kind == ticketed
	t.Written = earliest(t.Written, e.At.Add(-e.Took))
	if c := cmp.Or(e.At.Compare(t.Set), cmp.Compare(e.Cause, t.Class)); c > 0 {
		t.Class, t.Set = e.Cause, e.At
	}
}

// KnowTicket takes a ticket that is known from elsewhere; its later events change it.
func (f *Facts) KnowTicket(t *Ticket) { f.tickets[t.ID] = t }

// Tickets are all that are known, by id.
func (f *Facts) Tickets() map[string]*Ticket { return f.tickets }

// IsTicket reports whether an event is one of tickets. Its source is the ticket's id.
func IsTicket(e *dialog.Event) bool { return e.Kind == ticketed || e.Kind == classed }

// hurt marks the tickets of people who lost answers.
func (f *Facts) hurt() {
	lost := map[string][]int64{} // slots of creations, by owner
	for _, c := range f.creations {
		if c.TypedAgain() {
			lost[c.Owner] = append(lost[c.Owner], c.Slot().At)
		}
	}
	for _, t := range f.tickets {
		slot := SlotOf(t.Written)
		for _, at := range lost[t.Owner] {
			t.Lost = t.Lost || t.Owner != "" && at <= slot && at >= slot-HurtBy
		}
	}
}

// count adds the ticket to the counts of its slot.
func (t *Ticket) count(n Counts) {
	n["ticket/"+word(t.Class)]++
	if t.Lost {
		n["hurt/"+word(t.Class)]++
	}
}

// Complaints are tickets about lost progress.
type Complaints struct {
	N        int
	WithLost int     // of people who lost answers in a creation that they started in the week before
	Weeks    float64 // of the window, as far as it is known; 1 at least
	Interval         // of N a week
	Verdict  Verdict // of N
	More     int     // weeks like these that it takes to be sure, about; 0: it is sure, or never will be
	Related  Verdict // of WithLost
}

// Value is the number a week.
func (c Complaints) Value() float64 { return float64(c.N) / c.Weeks }

// tickets adds a count of tickets.
func (n *tally) tickets(word, of string, many int) bool {
	c := &n.x.Complaints
	switch {
	case word != "ticket" && word != "hurt":
		return false
	case of != progress:
	case word == "ticket":
		c.N += many
	default:
		c.WithLost += many
	}
	return true
}

// complaints judges tickets about lost progress.
func (n *tally) complaints(threshold float64) {
	c := &n.x.Complaints
	c.Weeks = max(n.x.Known.Hours()/(7*24), 1)
	c.Interval, c.Verdict = weekly(float64(c.N), c.Weeks, threshold)
	_, c.Related = weekly(float64(c.WithLost), c.Weeks, threshold)
	for more := 1; c.Verdict == NotSure && c.More == 0 && more <= weeksMost; more++ {
		all := c.Weeks + float64(more)
		if _, v := weekly(float64(c.N)*all/c.Weeks, all, threshold); v != NotSure {
			c.More = more
		}
	}
}

// weeksMost is how far it is foreseen when complaints are sure.
const weeksMost = 520

// weekly judges a count a week. A count that is foreseen need not be whole.
func weekly(n, weeks, threshold float64) (Interval, Verdict) {
	i := garwood(n)
	i.Low, i.High = i.Low/weeks, i.High/weeks
	switch {
	case i.Low > threshold:
		return i, Over
	case i.High < threshold:
		return i, Under
	}
	return i, NotSure
}
