package insight

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// days are those of the window that are known, 1 at least.
func (x *Figures) days() float64 { return max(x.Known.Hours()/24, 1) }

// String writes a rate in percent, with its interval.
func (r Rate) String() string {
	if r.N == 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%s %% (%s to %s; %s)", points(r.Value()), points(r.Low), points(r.High), ofAll(r.X, r.N))
}

// points writes a rate in percent, with one decimal.
func points(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

// short writes a threshold in percent, without zeros at its end.
func short(v float64) string { return strconv.FormatFloat(math.Round(v*1e6)/1e4, 'f', -1, 64) }

// Number writes a whole number as 4,812.
func Number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Things counts: 1 ticket, 2 tickets.
func Things(n int, thing string) string {
	if one, person := strings.CutSuffix(thing, "person"); n != 1 && person {
		thing = one + "people"
	} else if n != 1 {
		thing += "s"
	}
	return Number(n) + " " + thing
}

func ofAll(x, n int) string { return Number(x) + " of " + Number(n) }

func ofThings(x, n int, thing string) string { return Number(x) + " of " + Things(n, thing) }

// until says how long it takes until a rate is sure.
func (x *Figures) until(r Rate, thing string) string {
	if r.More == 0 {
		return "about at its threshold"
	}
	text := Things(r.More, "more "+thing)
	if r.N > 0 {
		text += fmt.Sprintf(", %s as they come now", Things(max(int(math.Ceil(float64(r.More)*x.days()/float64(r.N))), 1), "day"))
	}
	return "about " + text
}

// until says how long it takes until the number of complaints is sure.
func (c Complaints) until() string {
	if c.More == 0 {
		return "about at its threshold"
	}
	return "about " + Things(c.More, "more week") + " as they come now"
}

// waits says which figures are not sure, and how long it takes.
func (x *Figures) waits(unsure []figure) string {
	if x.Creations == 0 {
		return "Nobody began an escrow in this window, so nothing is known."
	}
	var list []string
	for _, f := range unsure {
		list = append(list, fmt.Sprintf("%s (%s)", f.name, f.wait))
	}
	return "Not sure yet: " + strings.Join(list, "; ") + "."
}

// lostTold is how many drafts are told that lost answers where none can be.
const lostTold = 5

// lostIn says in which drafts to look.
func (x *Figures) lostIn() string {
	var list []string
	for _, l := range x.LostDrafts {
		if slices.Contains(keepAll, l.Mode) && len(list) < lostTold {
			list = append(list, l.Draft)
		}
	}
	if list == nil {
		return "Nobody has come back to see it yet."
	}
	return "The newest: lockbay explain " + strings.Join(list, ", ") + "."
}

// refusalsTold is how many refusals of a question are told.
const refusalsTold = 3

// refusedAt says what a question refuses most.
func (x *Figures) refusedAt(step string) string {
	var list []string
	for _, r := range x.Refusals {
		if r.Step == step && len(list) < refusalsTold {
			list = append(list, fmt.Sprintf("%s in %s", r.Code, Things(r.N, "creation")))
		}
	}
	if list == nil {
		return "It refused nothing: look at what it asks for, and how long the first answer takes."
	}
	return "It refuses most: " + strings.Join(list, ", ") + "."
}

// elsewhere says where to look if no question stands out.
func (x *Figures) elsewhere() string {
	text := x.slowest()
	if x.Complaints.Verdict == Over {
		text = strings.TrimSpace("Nothing that the complaints tell of was lost: read them, lockbay tickets list. " + text)
	}
	return text
}

// slowest says what takes longest.
func (x *Figures) slowest() string {
	if len(x.Steps) == 0 {
		return ""
	}
	s := slices.MaxFunc(x.Steps, func(a, b StepFigures) int { return int(a.Answer - b.Answer) })
	if s.Answer == 0 {
		return ""
	}
	return fmt.Sprintf("The first answer takes longest at %s: %s.", s.Step, s.Answer.Round(time.Second))
}
