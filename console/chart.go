package console

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// The charts are SVG with classes alone. Their coordinates are numbers of the report, written with one decimal, so that the
// same report has the same charts.

// rule is the scale of a measure: value by threshold, 0 to 3, in 300 units. The threshold is at 100.
type rule struct {
	Label           string
	Low, High, At   string // coordinates
	Known, HasRange bool
}

const ruleLong = 300.0

// onRule is the coordinate of a value. Beyond the end it is at the edge.
func onRule(value, threshold float64) float64 {
	switch {
	case math.IsNaN(value):
		return 0
	case threshold > 0:
		return max(0, min(ruleLong, 100*value/threshold))
	case value > 0:
		return ruleLong
	}
	return 0
}

func ruleOf(label string, value, low, high, threshold float64) rule {
	r := rule{Label: label, Known: !math.IsNaN(value)}
	r.HasRange = r.Known
	r.Low, r.High, r.At = coordinate(onRule(low, threshold)), coordinate(onRule(high, threshold)), coordinate(onRule(value, threshold))
	return r
}

func coordinate(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }

// trend is a line of weeks, and the threshold as a dashed one. The scale is 100 by 40.
type trend struct {
	Label, Points, Limit, X, Y string
}

// trendOf draws at least three weeks that have a value; nil: there are fewer.
func trendOf(name string, weeks []float64, threshold float64) *trend {
	most, known := threshold, 0
	for _, v := range weeks {
		if !math.IsNaN(v) {
			most, known = max(most, v), known+1
		}
	}
	if known < 3 || most <= 0 {
		return nil
	}
	y := func(v float64) float64 { return 36 - 32*v/most }
	t := &trend{Limit: coordinate(y(threshold))}
	var list []string
	var first, last float64
	for i, v := range weeks {
		if math.IsNaN(v) {
			continue
		}
		x := 6 + 88*float64(i)/float64(len(weeks)-1)
		t.X, t.Y = coordinate(x), coordinate(y(v))
		if list == nil {
			first = v
		}
		last, list = v, append(list, t.X+","+t.Y)
	}
	t.Points = strings.Join(list, " ")
	way := "steady"
	switch {
	case last > 1.1*first:
		way = "up"
	case last < .9*first:
		way = "down"
	}
	t.Label = fmt.Sprintf("%s over %d weeks: %s", name, len(weeks), way)
	return t
}

// bar is a part of a funnel in 100 units: all who came, and those of them who went on.
type bar struct{ Came, Went string }

func barOf(first, asked, left int) bar {
	if first == 0 {
		return bar{"0", "0"}
	}
	share := func(n int) string { return coordinate(min(100, 100*float64(n)/float64(first))) }
	return bar{share(asked), share(asked - left)}
}

// columns is a chart of days, 10 units a day, 100 high, the restarts in the topmost ten.
type columns struct {
	Wide  int
	Lines string // path of the axis
	Bars  []column
	Marks []mark
	Half  int // where lines are
	Most  int
	Label string
}

type column struct{ X, AllY, AllHigh, CutY, CutHigh string }

type mark struct {
	X    string
	Felt bool
}

// columnsOf draws days: read back, those of them soon after a restart, episodes, felt ones.
func columnsOf(days [][4]int, label string) *columns {
	most := 0
	for _, d := range days {
		most = max(most, d[0])
	}
	c := &columns{Wide: 10 * len(days), Label: label, Most: roundUp(most)}
	c.Half = c.Most / 2
	const foot, high = 100.0, 85.0
	long := func(n int) float64 { return high * float64(n) / float64(c.Most) }
	c.Lines = fmt.Sprintf("M0 100H%d", c.Wide)
	for _, n := range []int{c.Half, c.Most} {
		if n > 0 {
			c.Lines += fmt.Sprintf("M0 %sH%d", coordinate(foot-long(n)), c.Wide)
		}
	}
	for i, d := range days {
		x := 10 * float64(i)
		if d[0] > 0 {
			cut := long(d[1])
			c.Bars = append(c.Bars, column{coordinate(x + 1.5), coordinate(foot - long(d[0])), coordinate(long(d[0]) - cut), coordinate(foot - cut), coordinate(cut)})
		}
		if d[2] > 0 {
			c.Marks = append(c.Marks, mark{coordinate(x + 5), d[3] > 0})
		}
	}
	return c
}

// roundUp is the next of 2, 4, 10, 20, 40, 100, …: its half is whole.
func roundUp(n int) int {
	for by := 1; ; by *= 10 {
		for _, m := range []int{2, 4, 10} {
			if n <= m*by {
				return m * by
			}
		}
	}
}

// logOf is the logarithm of odds, which are never nothing.
func logOf(odds float64) float64 { return math.Log(max(odds, 1e-300)) }

// share is x of n, and unknown of nobody.
func share(x, n int) float64 { return float64(x) / float64(n) }

// markup is a text of ours that is markup.
func markup(text string) template.HTML { return template.HTML(text) } //nolint:gosec // constants of this package
