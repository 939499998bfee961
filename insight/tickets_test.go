package insight_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

const month = 30 * 24 * time.Hour

// tickets are events of n people who write each day, and lost answers if hurt.
func tickets(days, n int, hurt bool) (all []dialog.Event) {
	begin := at.Add(-horizon - month)
	for day := range days {
		for i := range n {
			e := dialog.Event{Key: fmt.Sprintf("lockbay:escrow:tg:%d", 1_000_000+day*n+i), Draft: fmt.Sprintf("w%d-%d", day, i), Mode: "lightweight", At: begin.AddDate(0, 0, day).Add(time.Duration(i) * time.Minute)}
			add := func(kind dialog.EventKind, cause, source string) {
				x := e
				x.Kind, x.Cause, x.Source = kind, cause, source
				all = append(all, x)
				e.At = e.At.Add(time.Second)
			}
			add(dialog.EventStarted, "", "telegram")
			add("answered", "seller_input", "")
			if hurt {
				add(dialog.EventLost, "memory", "")
				add(dialog.EventRehydrated, "restart", "none")
			}
			add("answered", "amount_input", "")
			add("confirmed", "ESC-"+e.Draft, "")
			add("ticketed", "progress", "TCK-"+e.Draft)
		}
	}
	return all
}

// TestComplaints: more than three tickets a week decide for the database only if their people lost answers.
func TestComplaints(t *testing.T) {
	p := plant(1)
	p.Mode, p.Leaves = "lightweight", []float64{.02, .02, .02, .01, .01}
	quiet, _ := p.Events()
	for name, c := range map[string]struct {
		days, n int
		hurt    bool
		verdict insight.Verdict
		want    string
	}{
		"nobody writes":            {0, 0, false, insight.Under, "keep"},
		"one a week":               {30, 0, true, insight.Under, "keep"},
		"three a week":             {13, 1, true, insight.NotSure, "wait"},
		"seven a week, of a loss":  {30, 1, true, insight.Over, "persist Support Tickets"},
		"seven a week, of nothing": {30, 1, false, insight.Over, "performance"},
	} {
		x := collect(append(tickets(c.days, c.n, c.hurt), quiet...)).Figures(at, month, insight.DefaultThresholds())
		d := insight.Decide(x, insight.DefaultThresholds(), x.Mode)
		got := string(d.Leaf)
		if d.Action != nil {
			got += " " + d.Action.Condition
		}
		if x.Complaints.Verdict != c.verdict || got != c.want || x.Complaints.N != c.days*c.n {
			t.Errorf("%s: %+v, %s, want %s: %+v", name, x.Complaints, got, c.want, d.Asked)
		}
		if c.want == "persist Support Tickets" && !strings.Contains(fmt.Sprint(d.Asked), "30 of 30 tickets about lost progress are of people who lost answers") {
			t.Errorf("%s: %+v", name, d.Asked)
		}
	}
}

// TestComplaintsOfAYoungService: a service of some days is judged by the time for which it is known, and by a week at least.
func TestComplaintsOfAYoungService(t *testing.T) {
	for days, want := range map[int]float64{30: 30. / 7, 14: 2, 3: 1} {
		events := tickets(1, 4, false)
		for i := range events {
			events[i].At = events[i].At.AddDate(0, 0, 30-days)
		}
		x := collect(events).Figures(at, month, insight.DefaultThresholds()).Complaints
		if x.N != 4 || x.Weeks < want-.01 || x.Weeks > want+.01 || x.Low != insight.Garwood(4).Low/x.Weeks {
			t.Errorf("after %d days: %+v", days, x)
		}
	}
	if x := collect(nil).Figures(at, month, insight.DefaultThresholds()).Complaints; x.Verdict != insight.NotSure || x.Weeks != 1 {
		t.Errorf("of nothing: %+v", x)
	}
}

// TestTicketsThatCount: a ticket of somebody who does not count is none, whatever its class becomes; one of another helpdesk
// is one; a loss in a creation that began after the ticket, or more than a week before it, is none of it.
func TestTicketsThatCount(t *testing.T) {
	written := at.Add(-72 * time.Hour)
	loss := func(who string, before time.Duration) []dialog.Event {
		start, key := written.Add(-before), "lockbay:escrow:"+who
		return []dialog.Event{
			{Kind: dialog.EventStarted, Key: key, Draft: "d" + who, At: start}, {Kind: "answered", Key: key, Draft: "d" + who, Step: "a", At: start.Add(time.Second)},
			{Kind: dialog.EventLost, Key: key, Draft: "d" + who, At: start.Add(2 * time.Second)}, {Kind: dialog.EventRehydrated, Key: key, Draft: "d" + who, At: start.Add(2 * time.Second)},
		}
	}
	ticket := func(who, id, class string) dialog.Event {
		return dialog.Event{Kind: "ticketed", Key: "lockbay:escrow:" + who, Source: id, Cause: class, At: written}
	}
	of := func(kind dialog.EventKind, id, class string, after time.Duration) dialog.Event {
		return dialog.Event{Kind: kind, Key: "lockbay:ticket:" + id, Source: id, Cause: class, At: written.Add(after), Took: after}
	}
	for name, c := range map[string]struct {
		events  []dialog.Event
		n, lost int
	}{
		"a ticket":                     {[]dialog.Event{ticket("tg:1", "TCK-1", "progress")}, 1, 0},
		"of a terminal":                {[]dialog.Event{ticket("tty:me", "TCK-1", "progress"), of("classed", "TCK-1", "progress", time.Hour)}, 0, 0},
		"excluded":                     {[]dialog.Event{ticket("tg:7", "TCK-1", "progress"), of("classed", "TCK-1", "progress", time.Hour)}, 0, 0},
		"of another helpdesk":          {[]dialog.Event{of("ticketed", "TCK-1", "progress", 40*24*time.Hour)}, 1, 0},
		"of another class":             {[]dialog.Event{ticket("tg:1", "TCK-1", "payment")}, 0, 0},
		"corrected":                    {[]dialog.Event{of("classed", "TCK-1", "progress", time.Hour), ticket("tg:1", "TCK-1", "payment")}, 1, 0},
		"corrected twice":              {[]dialog.Event{of("classed", "TCK-1", "other", 2*time.Hour), of("classed", "TCK-1", "progress", time.Hour), ticket("tg:1", "TCK-1", "progress")}, 0, 0},
		"with a loss":                  {append(loss("tg:1", 24*time.Hour), ticket("tg:1", "TCK-1", "progress")), 1, 1},
		"with a loss of somebody":      {append(loss("tg:2", 24*time.Hour), ticket("tg:1", "TCK-1", "progress")), 1, 0},
		"with a loss long before":      {append(loss("tg:1", 8*24*time.Hour), ticket("tg:1", "TCK-1", "progress")), 1, 0},
		"with a loss of later":         {append(loss("tg:1", -time.Hour), ticket("tg:1", "TCK-1", "progress")), 1, 0},
		"nobody, with somebody's loss": {append(loss("tg:1", time.Hour), of("ticketed", "TCK-1", "progress", time.Hour)), 1, 0},
	} {
		f := insight.Collect(insight.Config{Flow: "escrow", Horizon: horizon, Exclude: []string{"tg:7"}})
		for i := range c.events {
			f.Add(&c.events[i])
		}
		if x := f.Figures(at, month, insight.DefaultThresholds()).Complaints; x.N != c.n || x.WithLost != c.lost {
			t.Errorf("%s: %+v", name, x)
		}
	}
}
