package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/report"
)

// Report is what was counted of a window, and what to do about it.
type Report = report.Report

// reports keeps the last report of each window for a minute, so that a reload costs nothing. Safe for concurrent use.
type reports struct {
	read func(ctx context.Context, window time.Duration) (*Report, error)
	now  func() time.Time
	mu   sync.Mutex
	kept map[time.Duration]*kept
}

type kept struct {
	mu sync.Mutex // whoever asks meanwhile waits for the same report
	at time.Time
	r  *Report
}

const reportFor = time.Minute

func (s *reports) of(ctx context.Context, window time.Duration) (*Report, error) {
	s.mu.Lock()
	if s.kept == nil {
		s.kept = map[time.Duration]*kept{}
	}
	k := s.kept[window]
	if k == nil {
		k = &kept{}
		s.kept[window] = k
	}
	s.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.r != nil && s.now().Sub(k.at).Abs() < reportFor {
		return k.r, nil
	}
	r, err := s.read(ctx, window)
	if err != nil {
		return nil, err
	}
	k.at, k.r = s.now(), r
	return r, nil
}

// windows are those that the console offers.
var windows = []struct {
	name string
	d    time.Duration
}{{"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}, {"90d", 90 * 24 * time.Hour}}

// windowOf is the window that a request asks for.
func windowOf(r *http.Request) time.Duration {
	for _, w := range windows {
		if r.URL.Query().Get("window") == w.name {
			return w.d
		}
	}
	return windows[1].d
}

// readFor bounds the time of counting a window.
const readFor = 30 * time.Second

// current is the report of the window that a request asks for. nil: an answer was given.
func (c *Console) current(v *visit) *Report {
	ctx, cancel := context.WithTimeout(v.r.Context(), readFor)
	defer cancel()
	r, err := c.reports.of(ctx, windowOf(v.r))
	switch {
	case errors.Is(err, ErrNotCounted):
		c.send(v, http.StatusOK, "told", "Nothing is counted yet", "", time.Time{}, told{"Nothing is counted yet", "The figures come within a minute of the first start, and after a rebuild of the counts. Load this page again then."})
		return nil
	case err != nil:
		c.away(v, "report", err)
		return nil
	}
	return r
}

// report is the monthly report, as one file.
func (c *Console) report(v *visit) {
	r := c.current(v)
	if r == nil {
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	if err := WriteHTML(v.w, r, c.cfg.Zone, nil); err != nil {
		c.cfg.Slog.Warn("console: report", "err", err)
	}
}

// WriteHTML writes a report as one file without outside resources. The same report gives the same text. next is the document
// of a go/no-go, or nil.
func WriteHTML(w io.Writer, r *Report, zone *time.Location, next *GoNoGo) error {
	var text strings.Builder
	if err := r.Text(&text); err != nil {
		return err
	}
	x := overviewOf(r, zone)
	x.Open = true
	return templates.ExecuteTemplate(w, "file", struct {
		*overview
		Sheet any
		Zone  string
		AsOf  string
		Next  *GoNoGo
		Text  string
	}{x, inlineSheet(), zoneOf(zone, r.At), r.At.In(zone).Format("2 January 2006, 15:04"), next, text.String()})
}

// number writes 4,812, and things 1 creation or 2 creations.
var number, things = insight.Number, insight.Things

// percent writes a rate as 6.2%, and a whole one as 5%.
func percent(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return strings.TrimSuffix(points(v), ".0") + "%"
}

// points writes a rate in percent, with one decimal.
func points(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

// numerals are small numbers at the begin of a sentence.
var numerals = []string{"None", "One", "Two", "Three", "Four", "Five"}

// stepNames :: question → its name.
var stepNames = map[string]string{
	"seller_input": "Seller", "amount_input": "Amount", "description_input": "Description", "delivery_time": "Delivery", "trade_review": "Review",
}

// stepName is the name of a question for people.
func stepName(step string) string {
	if name := stepNames[step]; name != "" {
		return name
	}
	return plainWords(step)
}

// plainWords writes a code as words.
func plainWords(code string) string {
	if code == "" {
		return "none"
	}
	return strings.ReplaceAll(code, "_", " ")
}

// refusalWords writes the code of a refusal as words.
func refusalWords(code string) string {
	what, unusable := strings.CutPrefix(code, "unusable.")
	switch {
	case code == "unusable":
		return "nothing that is an answer"
	case what == "command" && unusable:
		return "an unknown command"
	case what == "edited" && unusable:
		return "an edited message"
	case unusable:
		return "a message without words: " + what
	}
	return strings.ReplaceAll(plainWords(code), ".", " ")
}

// readable writes a time as people tell it.
func readable(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}
