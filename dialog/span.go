package dialog

import (
	"time"
)

// spanUnits are the units of a length of time, the largest first. A text has the code
// "span.UNIT" and the argument {n}; the code "span.UNIT.more" has a word for more: 7 more
// days.
var spanUnits = []struct {
	name  string
	size  time.Duration
	least int64 // fewer of them are written in the next unit: 24 hours, 90 minutes
}{
	{"days", 24 * time.Hour, 2},
	{"hours", time.Hour, 1},
	{"minutes", time.Minute, 1},
	{"seconds", time.Second, 1},
}

// spanExact is how many of a unit make its remainder unimportant: 10 days for 250 hours.
const spanExact = 10

// Span writes a length of time in the largest unit that has it whole, or at least ten
// times: 7 days, 24 hours, 90 minutes, 70 seconds. It rounds down, to a second at least.
func (w Words) Span(v View, d time.Duration) string { return w.span(v, d, "") }

// SpanMore is Span with a word for more: 7 more days.
func (w Words) SpanMore(v View, d time.Duration) string { return w.span(v, d, ".more") }

func (w Words) span(v View, d time.Duration, kind string) string {
	d = max(d.Truncate(time.Second), time.Second)
	for _, u := range spanUnits {
		n := int64(d / u.size)
		if n >= spanExact || n >= u.least && d%u.size == 0 {
			if s := w.Say(v, "span."+u.name+kind, map[string]string{"n": itoa(n)}); s != "" {
				return s
			}
			break
		}
	}
	return d.String()
}
