package insight

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// ModeFigures are those of the creations that began in a mode.
type ModeFigures struct {
	Mode       string
	TypedAgain Rate
}

// DayFigures are those of a day, which is cut in Config.Zone.
type DayFigures struct {
	Day            string // its date, as 2026-11-30
	ReadBack, Soon int    // persons' rehydrations, and those of them soon after a start
	Episodes, Felt int    // that began on this day
}

// Refusal is an answer that a question did not accept.
type Refusal struct {
	Step, Code string
	N          int // creations in which it happened
}

// LostDraft is a creation whose person typed something again.
type LostDraft struct {
	Draft, Mode string
	At          time.Time // when its answers were lost, the last time
	Left        bool      // it was abandoned
}

// LostMost is how many drafts Figures.LostDrafts has.
const LostMost = 20

// LostDraft is what figures say of a creation whose person typed something again.
func (c *Creation) LostDraft() LostDraft { return LostDraft{c.Draft, c.Mode, c.Lost, c.leaves()} }

// SortLost sorts drafts, the newest loss first.
func SortLost(list []LostDraft) {
	slices.SortFunc(list, func(a, b LostDraft) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Draft, b.Draft)) })
}

// leaves reports whether the creation was abandoned.
func (c *Creation) leaves() bool { end := c.End(); return end != Confirmed && end != Replaced }

// daily are the days of the window, each of which is there, in the order of time.
func (n *tally) daily() {
	last := civil(n.x.Until.Add(-1), n.zone)
	for day := civil(n.x.From, n.zone); !day.After(last); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		n.index[date] = len(n.x.Days)
		n.x.Days = append(n.x.Days, DayFigures{Day: date})
	}
}

// day is the one of a time in the window.
func (n *tally) day(at time.Time) *DayFigures {
	return &n.x.Days[n.index[at.In(n.zone).Format(time.DateOnly)]]
}

// read counts rehydrations that were some slots after a slot.
func (n *tally) read(slot int64, word, of string, many int) {
	if word != "read" && word != "soon" {
		return
	}
	after, err := strconv.ParseInt(of, 10, 64)
	at := SlotTime(slot + after)
	if err != nil || at.Before(n.x.From) || !at.Before(n.x.Until) {
		return
	}
	if word == "read" {
		n.reads.add(dayOf(slot+after), 0, many)
		n.day(at).ReadBack += many
		return
	}
	n.reads.add(dayOf(slot+after), many, 0)
	n.day(at).Soon += many
}

// restarts counts the starts of the window, and the episodes that they come in.
func (n *tally) restarts(ups []Up) {
	var last time.Time
	felt := false
	for _, up := range ups {
		if up.At.Before(n.x.From) || !up.At.Before(n.x.Until) {
			continue
		}
		d := n.day(up.At)
		if n.x.Starts++; n.x.Starts == 1 || up.At.Sub(last) > episode {
			n.x.Episodes++
			d.Episodes++
			felt, n.began = false, d
		}
		if up.Felt && !felt {
			n.x.Felt++
			n.began.Felt++
			felt = true
		}
		last = up.At
	}
}

// civil is the date of a time in a zone, as a day of UTC: in other zones a clock change may leave out midnight.
func civil(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
