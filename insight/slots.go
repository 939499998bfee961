package insight

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SlotLength is that of a slot. All time zones differ from UTC by whole half hours, or nearly (a quarter of an hour, in a few).
const SlotLength = 30 * time.Minute

// SlotOf is the number of the slot of a time: half hours since 1970, UTC.
func SlotOf(t time.Time) int64 { return floorBy(t.UnixMilli(), SlotLength.Milliseconds()) }

// SlotTime is when a slot begins.
func SlotTime(slot int64) time.Time {
	return time.UnixMilli(slot * SlotLength.Milliseconds()).UTC()
}

func floorBy(n, by int64) int64 { return int64(math.Floor(float64(n) / float64(by))) }

// Slot is what the creations of a mode and a variant that started within half an hour come to. It names nobody, and slots add
// up to the figures of any window: they are the one way to them.
type Slot struct {
	At            int64 // its number, see [SlotOf]
	Mode, Variant string
	Counts        string // see [Counts]
}

// Counts are those of a slot, by name. A name is a word, or a word and what it is of: "asked/amount_input". As a text, counts
// are lines of a name, a space and a number, in the order of names.
type Counts map[string]int

// String is the text of the counts.
func (n Counts) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(n)) {
		b.WriteString(name)
		b.WriteByte(' ')
		b.WriteString(strconv.Itoa(n[name]))
		b.WriteByte('\n')
	}
	return b.String()
}

// each calls f with each count of a text.
func each(text string, f func(word, of string, n int)) {
	for line := range strings.Lines(text) {
		name, number, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		word, of, _ := strings.Cut(name, "/")
		if n, err := strconv.Atoi(number); err == nil {
			f(word, of, n)
		}
	}
}

// Count is the count of a name, such as creations or ticket/progress.
func (s *Slot) Count(name string) (n int) {
	each(s.Counts, func(word, of string, many int) {
		if word+"/"+of == name || word == name && of == "" {
			n = many
		}
	})
	return n
}

// Slots are those of all creations and tickets, in order, as of the last [Facts.Settle].
func (f *Facts) Slots() []Slot {
	return f.cfg.Slots(maps.Values(f.creations), maps.Values(f.tickets), f.Lives())
}

// Slots are those of creations and tickets, in order. A ticket has no mode and no variant. lives are those of instances, from 8
// days before the first start to 9 days after the last: by them restarts have met people, or not.
func (cfg *Config) Slots(creations iter.Seq[*Creation], tickets iter.Seq[*Ticket], lives []Life) []Slot {
	all, ends := map[Slot]Counts{}, restarts(lives)
	of := func(key Slot) Counts {
		if all[key] == nil {
			all[key] = Counts{}
		}
		return all[key]
	}
	for c := range creations {
		c.count(of(c.Slot()), cfg, ends)
	}
	for t := range tickets {
		if t.Counts {
			t.count(of(Slot{At: SlotOf(t.Written)}))
		}
	}
	list := make([]Slot, 0, len(all))
	for key, n := range all {
		key.Counts = n.String()
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b Slot) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.Variant, b.Variant))
	})
	return list
}

// Slot is that of a creation, without its counts.
func (c *Creation) Slot() Slot { return Slot{At: SlotOf(c.Started), Mode: c.Mode, Variant: c.Variant} }

// count adds the creation to the counts of its slot.
func (c *Creation) count(n Counts, cfg *Config, ends []end) {
	end := c.End()
	left := end != Confirmed && end != Replaced
	n["creations"]++
	n["end/"+string(end)]++
	for name, is := range map[string]bool{
		"rehydrated": len(c.Reads) > 0, "typed": c.TypedAgain(), "lost": !c.Lost.IsZero(), "ceiling": left && c.TypedAgain(),
		"back": left && c.ConfirmedLate, "paid": end == Confirmed && !c.Paid.IsZero(), "lapsed": end == Confirmed && c.Paid.IsZero() && !c.Lapsed.IsZero(),
	} {
		if is {
			n[name]++
		}
	}
	for cause := range c.Causes {
		n["cause/"+word(cause)]++
	}
	for source := range c.Sources {
		n["source/"+word(source)]++
	}
	c.countReads(n)
	c.countRefusals(n)
	if end != Replaced {
		c.countSteps(n, left)
	}
	if role, stratum := c.role(ends, cfg.Horizon); role != "" {
		n[role+"/"+stratum]++
		if left {
			n[role+"-left/"+stratum]++
		}
	}
}

// dividers are what divides names.
var dividers = strings.NewReplacer(" ", "_", "\n", "_", "/", "_")

// word has a name without what divides names.
func word(name string) string { return dividers.Replace(name) }

// countReads counts rehydrations, by how long they took, and by the slot in which they were.
func (c *Creation) countReads(n Counts) {
	for _, r := range c.Reads {
		n["took/"+word(r.Source)+"/"+strconv.Itoa(bucket(r.Took))]++
		after := strconv.FormatInt(SlotOf(r.At)-SlotOf(c.Started), 10)
		n["read/"+after]++
		if r.Soon {
			n["soon/"+after]++
		}
	}
}

// countRefusals counts what was not accepted, each question and each code once.
func (c *Creation) countRefusals(n Counts) {
	steps := map[string]bool{}
	for what := range c.Refused {
		n["code/"+word(what[0])+"/"+word(what[1])]++
		steps[what[0]] = true
	}
	for step := range steps {
		n["refused/"+word(step)]++
	}
}

// countSteps counts the questions that were asked, and the one at which its person left.
func (c *Creation) countSteps(n Counts, left bool) {
	open := ""
	if left {
		open = c.Open()
	}
	for name, s := range c.Steps {
		if s.Asked.IsZero() {
			continue
		}
		step := word(name)
		n["asked/"+step]++
		if name == open {
			n["left/"+step]++
		}
		n["first/"+step+"/"+strconv.Itoa(bucket(s.Asked.Sub(c.Started)))]++
		if s.Answered.After(s.Asked) {
			n["answer/"+step+"/"+strconv.Itoa(bucket(s.Answered.Sub(s.Asked)))]++
		}
	}
}

const (
	finest    = 100 * time.Microsecond // the end of the first bucket
	perDouble = 4                      // buckets
)

// bucket is the one of a duration in a histogram: 0 up to 0.1 ms, then four for each doubling.
func bucket(d time.Duration) int {
	if d <= finest {
		return 0
	}
	return int(math.Ceil(perDouble*math.Log2(float64(d)/float64(finest)) - 1e-9))
}

// histogram are numbers by bucket.
type histogram map[int]int

// quantile is the q-th, 0 ≤ q < 1, of the durations of a histogram; of none it is 0. It is the geometric middle of a bucket: off by
// 9 % at most, from 0.1 ms on.
func (h histogram) quantile(q float64) time.Duration {
	before, want := 0, int(q*float64(h.n()))
	for _, b := range slices.Sorted(maps.Keys(h)) {
		if before += h[b]; before > want {
			return time.Duration(float64(finest) * math.Exp2((float64(b)-.5)/perDouble)).Round(time.Microsecond)
		}
	}
	return 0
}

// TookOf is how long persons' rehydrations took in the creations of slots, from whatever source.
func TookOf(slots []Slot) Took {
	h := histogram{}
	for i := range slots {
		each(slots[i].Counts, func(word, of string, many int) {
			if b, err := strconv.Atoi(of[strings.LastIndexByte(of, '/')+1:]); word == "took" && err == nil {
				h[b] += many
			}
		})
	}
	return Took{h.n(), h.quantile(.5), h.quantile(.95), h.quantile(.99)}
}

func (h histogram) n() (all int) {
	for _, n := range h {
		all += n
	}
	return all
}
