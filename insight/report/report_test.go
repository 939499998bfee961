package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
	"github.com/lockbay/lockbay/insight/report"
)

var rewrite = flag.Bool("update", false, "write the golden files anew")

var at = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

const (
	horizon = 24 * time.Hour
	month   = 30 * 24 * time.Hour
)

// sample is a month, and what is set.
type sample struct {
	plant insighttest.Plant
	more  []dialog.Event
	now   string // the mode in which drafts are written now; empty: as ever
	many  bool   // people are to go on at another device
	costs map[string]float64
	leaf  insight.Leaf
	does  string // of the strategy
}

// usual is a month of people who leave at the usual rates.
func usual(change func(*insighttest.Plant)) insighttest.Plant {
	p := insighttest.Plant{Seed: 1, N: 3000, Days: 30, End: at.Add(-horizon), Mode: "database", Leaves: []float64{.02, .02, .03, .01, .01}, Pauses: .04, Refuses: .03, Cancels: .3, Blocks: .05, Late: .05, Pays: .8}
	change(&p)
	return p
}

// everyOtherDay are restarts, of which some meet people in the middle.
func everyOtherDay() (list []time.Time) {
	for day := 1; day < 30; day += 2 {
		first := at.AddDate(0, 0, -day-1).Add(time.Duration(day) * 17 * time.Minute)
		list = append(list, first, first.Add(7*time.Hour))
	}
	return list
}

// twiceADay are kills in which each time somebody loses an answer.
func twiceADay() (list []dialog.Event) {
	for i := range 60 {
		up := at.Add(-horizon - month + time.Duration(i)*12*time.Hour + time.Hour)
		list = append(list, dialog.Event{Kind: dialog.EventUp, Instance: "host", Cause: "crash", At: up})
		e := dialog.Event{Key: fmt.Sprintf("lockbay:escrow:tg:9%d", i), Draft: fmt.Sprintf("k%d", i), Mode: "lightweight", At: up.Add(-2 * time.Minute)}
		for _, x := range []dialog.Event{{Kind: "started"}, {Kind: "answered", Step: "seller_input"}, {Kind: "lost", Cause: "memory"}, {Kind: "rehydrated", Cause: "restart", Source: "head", Instance: "host"}, {Kind: "confirmed"}} {
			x.Key, x.Draft, x.Mode, x.At = e.Key, e.Draft, e.Mode, e.At
			if x.Kind == "confirmed" {
				x.Cause = "ESC-" + e.Draft
			}
			list = append(list, x)
			if e.At = e.At.Add(time.Second); x.Kind == "answered" {
				e.At = up.Add(time.Second)
			}
		}
	}
	return list
}

// tickets are those of a person a day, who lost answers if hurt.
func tickets(hurt bool) (list []dialog.Event) {
	for day := range 30 {
		e := dialog.Event{Key: fmt.Sprintf("lockbay:escrow:tg:8%d", day), Draft: fmt.Sprintf("w%d", day), Mode: "lightweight", At: at.Add(-horizon-month).AddDate(0, 0, day)}
		for _, x := range []dialog.Event{{Kind: "started"}, {Kind: "answered", Step: "seller_input"}, {Kind: "lost", Cause: "memory"}, {Kind: "rehydrated", Cause: "restart", Source: "head"}, {Kind: "confirmed", Cause: "ESC-" + e.Draft}, {Kind: "ticketed", Cause: "progress", Source: "TCK-" + e.Draft}} {
			if x.Kind == "lost" && !hurt {
				continue
			}
			x.Key, x.Draft, x.Mode, x.At = e.Key, e.Draft, e.Mode, e.At
			e.At = e.At.Add(time.Second)
			list = append(list, x)
		}
	}
	return list
}

// samples :: name of the golden file → month. Each leaf and each row of the strategy is there, and what may be odd of a window.
func samples() map[string]sample {
	memory := func(p *insighttest.Plant) { p.Mode = "lightweight" }
	harm := usual(memory)
	harm.N, harm.Pace, harm.Restarts, harm.Harm = 20000, 4*time.Minute, everyOtherDay(), .6
	harm.Leaves = []float64{.04, .04, .04, .03, .03}
	loses := usual(func(p *insighttest.Plant) { p.Mode, p.Pauses, p.Loses = "lightweight", .3, .5 })
	none := usual(func(p *insighttest.Plant) { p.N = 0 })
	return map[string]sample{
		"defect":               {plant: usual(func(p *insighttest.Plant) { p.Loses = .1 }), leaf: insight.Defect},
		"wait":                 {plant: usual(func(p *insighttest.Plant) { p.N = 40 }), leaf: insight.Wait},
		"keep":                 {plant: usual(func(*insighttest.Plant) {}), costs: map[string]float64{"database": 1250.5}, leaf: insight.KeepOn},
		"keep-few-rehydrated":  {plant: usual(func(p *insighttest.Plant) { p.Pauses = .002 }), leaf: insight.KeepOn},
		"persist-investigate":  {plant: loses, leaf: insight.Persist, does: "Investigate root cause first"},
		"persist-redis":        {plant: harm, leaf: insight.Persist, does: "Implement Redis persistence"},
		"persist-database":     {plant: usual(memory), more: tickets(true), costs: map[string]float64{"lightweight": 0, "database": 150}, leaf: insight.Persist, does: "Implement database backup"},
		"persist-hybrid":       {plant: usual(memory), more: twiceADay(), costs: map[string]float64{"lightweight": 0, "database": 100}, leaf: insight.Persist, does: "Implement hybrid approach"},
		"persist-full":         {plant: usual(memory), many: true, leaf: insight.Persist, does: "Implement full deep hydration"},
		"persist-met":          {plant: usual(func(*insighttest.Plant) {}), many: true, leaf: insight.Persist, does: "Implement full deep hydration"},
		"ux":                   {plant: usual(func(p *insighttest.Plant) { p.Leaves[2], p.Pauses = .4, .01 }), leaf: insight.UX},
		"performance":          {plant: usual(func(p *insighttest.Plant) { p.Leaves = []float64{.08, .08, .08, .08, .08} }), leaf: insight.Performance},
		"complaints-of-none":   {plant: usual(func(*insighttest.Plant) {}), more: tickets(false), leaf: insight.Performance},
		"no-creations":         {plant: none, leaf: insight.Wait},
		"one-creation":         {plant: usual(func(p *insighttest.Plant) { p.N = 1 }), leaf: insight.Wait},
		"all-abandoned":        {plant: usual(func(p *insighttest.Plant) { p.N, p.Leaves = 400, []float64{1, 0, 0, 0, 0} }), leaf: insight.UX},
		"mode-no-longer-there": {plant: loses, now: "database", costs: map[string]float64{"lightweight": 5}, leaf: insight.Persist, does: "Investigate root cause first"},
	}
}

// reports are those of the samples, made once.
var reports = sync.OnceValue(func() map[string]*report.Report {
	all := map[string]*report.Report{}
	for name, s := range samples() {
		all[name] = s.report()
	}
	return all
})

func (s sample) report() *report.Report {
	limits := insight.DefaultThresholds()
	limits.MultiDevice = s.many
	events, _ := s.plant.Events()
	f := insight.Collect(insight.Config{Flow: "escrow", Horizon: horizon})
	since := time.Time{}
	for _, e := range append(events, s.more...) {
		f.Add(&e)
		if since.IsZero() || e.At.Before(since) {
			since = e.At
		}
	}
	mode := s.plant.Mode
	if s.now != "" {
		mode = s.now
	}
	r := report.Of(f.Figures(at, month, limits), limits, mode, at, since)
	r.Costs.Month = s.costs
	return r
}

// same compares a text with its golden file.
func same(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s (go test ./insight/report -update writes it anew): %v\n%s", path, err, got)
	}
}

// TestText: each leaf and each row of the strategy has its text, and so has each odd window. The same events give the same text. Its document can be written,
// and its lists are lists.
func TestText(t *testing.T) {
	reached := map[string]bool{}
	for name, s := range samples() {
		r := reports()[name]
		does := ""
		if r.Action != nil {
			does = r.Action.Does
		}
		if r.Leaf != s.leaf || does != s.does {
			t.Errorf("%s: %s %s, want %s %s: %+v", name, r.Leaf, does, s.leaf, s.does, r.Asked)
		}
		reached[string(r.Leaf)], reached[does] = true, true
		var b bytes.Buffer
		if err := r.Text(&b); err != nil {
			t.Fatal(err)
		}
		same(t, name+".txt", b.String())
		if document, err := json.Marshal(r.Document()); err != nil || strings.Contains(string(document), "null") {
			t.Errorf("%s: %v, or a list is none: %s", name, err, document)
		}
	}
	for _, want := range []string{"defect", "wait", "keep", "persist", "ux", "performance"} {
		if !reached[want] {
			t.Errorf("no month comes to %s: %v", want, slices.Sorted(maps.Keys(reached)))
		}
	}
	for _, row := range insight.Options() {
		if !reached[row.Does] {
			t.Errorf("no month comes to %s", row.Does)
		}
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) != len(samples()) {
		t.Errorf("%d golden files of %d months: %v", len(files), len(samples()), err)
	}
}
