package dialog

import (
	"slices"
	"strconv"
)

// Serial is the position of an input in a series: a counter outside that numbers the
// inputs of one person to one bot, such as the message ids of a chat (Bot API, Message).
type Serial struct {
	Series string // names the counter; empty: the input is of no series
	Number int64  // counts up from 1 in the order of sending, with gaps
	Sent   int64  // unix seconds
}

// series names the counter of in: edits are numbered by the edited message, and counted separately
// from the messages.
func (in *Input) series() string {
	if in.Serial.Series == "" || !in.Edit {
		return in.Serial.Series
	}
	return in.Serial.Series + ":edits"
}

// Source is the message that in is, or that it edits, among the messages of all series: 53
// bits of a hash. 0: in has no number.
func (in *Input) Source() int64 {
	if in.Serial == (Serial{}) {
		return 0
	}
	return int64(hash(in.Serial.Series+" "+strconv.FormatInt(in.Serial.Number, 10)) >> 11) // #nosec G115 -- 53 bits
}

// Handled is what a record remembers of a series. Numbers in the window were handled;
// the others above the floor are still to come. Numbers up to the floor count as
// handled, because the inputs of one person are handled in their order.
type Handled struct {
	Series string  `json:"s"`
	Floor  int64   `json:"f,omitempty"` // the highest number that has left the window
	Sent   int64   `json:"t,omitempty"` // latest time of sending, unix seconds
	Window []int64 `json:"w"`           // the highest numbers, ascending; in a row as packed
}

const (
	seenMax   = 32 // hashes of inputs that a record remembers
	windowMax = 32 // numbers that a record remembers of a series
	seriesMax = 4  // series that a record remembers for each of its people; the one used longest ago is dropped
)

// hasSeen reports whether an input with this hash is among the last ones.
func (r *Record) hasSeen(h uint64) bool { return h != 0 && slices.Contains(r.Seen, h) }

// remember adds in to the inputs that were handled. changed: the turn changed answers, step
// or open question, or what buttons mean.
func (r *Record) remember(in *Input, changed bool) {
	seen := make([]uint64, 0, len(r.Seen)+2)
	seen = append(seen, r.Seen...)
	if id := hash(in.ID); id != 0 {
		seen = append(seen, id)
	}
	if change := in.change(); change != 0 && changed {
		seen = append(seen, change)
	}
	r.Seen = seen[max(0, len(seen)-seenMax):]
	if in.Serial.Series == "" {
		return
	}
	h := Handled{Series: in.series()}
	series := make([]Handled, 0, len(r.Series)+1)
	for _, x := range r.Series {
		if x.Series == h.Series {
			h = x
		} else {
			series = append(series, x)
		}
	}
	series = append(series, h.with(in.Serial)) // the series used last stands last
	r.Series = series[max(0, len(series)-seriesMax*(1+len(r.Seats))):]
}

// has reports whether s was handled. A number up to the floor that was sent after all
// handled inputs shows that the counter has started again.
func (h *Handled) has(s Serial) bool {
	if s.Number <= h.Floor {
		return s.Sent <= h.Sent
	}
	_, found := slices.BinarySearch(h.Window, s.Number)
	return found
}

// with returns h after s was handled; h itself is unchanged.
func (h Handled) with(s Serial) Handled {
	if s.Number <= h.Floor {
		h.Floor, h.Window = 0, nil
	}
	at, _ := slices.BinarySearch(h.Window, s.Number)
	window := make([]int64, 0, windowMax+1)
	window = append(append(append(window, h.Window[:at]...), s.Number), h.Window[at:]...)
	if over := len(window) - windowMax; over > 0 {
		h.Floor, window = window[over-1], window[over:]
	}
	h.Window, h.Sent = window, max(h.Sent, s.Sent)
	return h
}

// packed is the form of series in a row: windows as steps from the floor on, a third of
// the bytes.
func packed(series []Handled) []Handled {
	return eachWindow(series, func(in, out []int64, last int64) {
		for i, n := range in {
			out[i], last = n-last, n
		}
	})
}

// unpacked reverses packed.
func unpacked(series []Handled) []Handled {
	return eachWindow(series, func(in, out []int64, last int64) {
		for i, step := range in {
			last += step
			out[i] = last
		}
	})
}

// eachWindow copies series, and has convert write the windows of the copy from the
// windows and floors of series.
func eachWindow(series []Handled, convert func(in, out []int64, floor int64)) []Handled {
	if len(series) == 0 {
		return nil
	}
	out := slices.Clone(series)
	for i, h := range out {
		out[i].Window = make([]int64, len(h.Window))
		convert(h.Window, out[i].Window, h.Floor)
	}
	return out
}
