package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram"
	"github.com/lockbay/lockbay/dialog/web"
	"github.com/lockbay/lockbay/rollout"
	"github.com/lockbay/lockbay/ticket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are the metrics of /metrics. Labels are codes, never ids.
type metrics struct {
	reg        *prometheus.Registry
	turns      map[dialog.Did]prometheus.Counter
	took       prometheus.Observer
	rehydrated *prometheus.CounterVec
	rehydrate  prometheus.Observer
	shown      map[string]prometheus.Counter
	showed     prometheus.Observer
	swept      map[string]prometheus.Counter
	conflicts  prometheus.Counter
	trouble    *prometheus.CounterVec
	drafts     *prometheus.HistogramVec
	overdue    prometheus.Gauge         // see watchOverdue
	overdueIDs atomic.Pointer[[]string] // the newest first; nil before the first count
	late       prometheus.Counter
	counted    atomic.Int64 // unix milliseconds: up to when events are counted; 0: unknown
	inputs     map[string]prometheus.Counter
	minutes    alert.Counter // of inputs, see watchInputs
	lost       *prometheus.CounterVec
	starts     *prometheus.CounterVec
	tickets    map[string]prometheus.Counter
	shares     *prometheus.GaugeVec
}

func newMetrics() *metrics {
	m := &metrics{reg: prometheus.NewRegistry(), turns: map[dialog.Did]prometheus.Counter{}, shown: map[string]prometheus.Counter{}, swept: map[string]prometheus.Counter{}}
	m.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.reg.MustRegister(v)
		return v
	}
	hist := func(name, help string) prometheus.Observer {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16)})
		m.reg.MustRegister(h)
		return h
	}
	turns := vec("lockbay_turns_total", "Inputs handled, by what they did.", "did")
	for d := dialog.DidNothing; d <= dialog.DidPark; d++ {
		m.turns[d] = turns.WithLabelValues(d.String())
	}
	inputs := vec("lockbay_inputs_total", "Inputs of people and operators; failed: it got no turn, and nothing of it was kept.", "outcome")
	m.inputs = map[string]prometheus.Counter{inputOK: inputs.WithLabelValues(inputOK), inputFailed: inputs.WithLabelValues(inputFailed)}
	m.lost = vec("lockbay_lost_answers_total", "Drafts whose answers were gone, by the mode that they were written in, and why.", "mode", "cause")
	m.starts = vec("lockbay_starts_total", "Starts of this process, by how the one before on this host ended: stop, crash, or none.", "after")
	m.took = hist("lockbay_turn_seconds", "From the input until its commit.")
	m.rehydrated = vec("lockbay_rehydrations_total", "Contexts rebuilt, by source, cause and whose input it was.", "source", "cause", "by")
	m.rehydrate = hist("lockbay_rehydration_seconds", "Time to rebuild a context.")
	shown := vec("lockbay_cards_total", "Cards sent or edited, by outcome.", "outcome")
	m.shown["ok"], m.shown["failed"] = shown.WithLabelValues("ok"), shown.WithLabelValues("failed")
	m.showed = hist("lockbay_card_seconds", "Time of one call that shows a card.")
	conflicts := prometheus.NewCounter(prometheus.CounterOpts{Name: "lockbay_conflicts_total", Help: "Commits that lost to another one, whose turns were decided again."})
	m.reg.MustRegister(conflicts)
	m.conflicts = conflicts
	swept := vec("lockbay_swept_total", "Rows that the sweeper looked at, woke and deleted, and old events that it deleted.", "what")
	for _, what := range []string{"looked", "woken", "forgotten", "events"} {
		m.swept[what] = swept.WithLabelValues(what)
	}
	tickets := vec("lockbay_tickets_total", "What people wrote to the operator, by the class that its text told.", "class")
	m.tickets = map[string]prometheus.Counter{}
	for _, class := range ticket.Classes {
		m.tickets[string(class)] = tickets.WithLabelValues(string(class))
	}
	m.shares = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "lockbay_rollout_share_ratio", Help: "Share of people who have the new mode by a rollout, from 0 to 1; 0: it was reverted."}, []string{"rollout"})
	m.reg.MustRegister(m.shares)
	m.trouble = vec("lockbay_trouble_total", "Failures outside of an input, by kind; most are tried again.", "what")
	m.drafts = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lockbay_redis_seconds", Help: "Calls to Redis.", Buckets: prometheus.ExponentialBuckets(0.0001, 2, 12)}, []string{"op", "outcome"})
	m.overdue = prometheus.NewGauge(prometheus.GaugeOpts{Name: "lockbay_deals_overdue", Help: "Escrows that have waited for an operator too long, counted each minute; NaN before the first count."})
	m.overdue.Set(math.NaN())
	m.late = prometheus.NewCounter(prometheus.CounterOpts{Name: "lockbay_insight_late_total", Help: "Drafts whose counts the nightly recount mended: their events came more than 15 minutes after their time."})
	lag := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "lockbay_insight_lag_seconds", Help: "Age of the newest counts of events; NaN before the first."}, m.lag)
	m.reg.MustRegister(m.drafts, m.overdue, m.late, lag)
	return m
}

// rollouts publishes the shares of all rollouts.
func (m *metrics) rollouts(list []rollout.State) {
	for i := range list {
		m.shares.WithLabelValues(list[i].Name).Set(float64(list[i].Share()) / 100)
	}
}

// lag is the age of the newest counts in seconds.
func (m *metrics) lag() float64 {
	at := m.counted.Load()
	if at == 0 {
		return math.NaN()
	}
	return max(0, time.Since(time.UnixMilli(at)).Seconds())
}

// watch publishes the engine's statistics.
func (m *metrics) watch(e *dialog.Engine) { m.reg.MustRegister(newEngineStats(e.Stats)) }

// watchDesk publishes whether the bot can write to the desk's group. Without a group there is nothing to tell.
func (m *metrics) watchDesk(tg *telegram.Channel) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "lockbay_desk_unreachable", Help: "1 while the bot cannot write to the group where the desk is."}, func() float64 {
		if tg != nil && slices.ContainsFunc(tg.Groups(), func(x telegram.Group) bool { return x.Trouble != "" }) {
			return 1
		}
		return 0
	}))
}

// watchPages publishes how many pages hear of changes.
func (m *metrics) watchPages(page *web.Site) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "lockbay_live_pages", Help: "Open pages that hear of changes at once."}, func() float64 { return float64(page.LivePages()) }))
}

// engineStats collects the engine's statistics: one snapshot for each scrape.
type engineStats struct {
	stats                          func() dialog.Stats
	records, bytes, batches, turns *prometheus.Desc
	couriers                       *prometheus.Desc
}

func newEngineStats(stats func() dialog.Stats) *engineStats {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &engineStats{
		stats:    stats,
		records:  desc("lockbay_cached_records", "Conversations in memory."),
		bytes:    desc("lockbay_cached_bytes", "Estimated memory of these conversations, in bytes."),
		batches:  desc("lockbay_batches_total", "Transactions written since the start."),
		turns:    desc("lockbay_batched_turns_total", "Turns in them."),
		couriers: desc("lockbay_couriers", "Cards and effects under way, waiting retries included."),
	}
}

// Describe implements prometheus.Collector.
func (c *engineStats) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.records, c.bytes, c.batches, c.turns, c.couriers} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *engineStats) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	out <- prometheus.MustNewConstMetric(c.records, prometheus.GaugeValue, float64(s.CachedRecords))
	out <- prometheus.MustNewConstMetric(c.bytes, prometheus.GaugeValue, float64(s.CachedBytes))
	out <- prometheus.MustNewConstMetric(c.batches, prometheus.CounterValue, float64(s.Batches))
	out <- prometheus.MustNewConstMetric(c.turns, prometheus.CounterValue, float64(s.Turns))
	out <- prometheus.MustNewConstMetric(c.couriers, prometheus.GaugeValue, float64(s.Couriers))
}

func (m *metrics) handler() http.Handler { return promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{}) }

// redis observes a call to Redis.
func (m *metrics) redis(op string, took time.Duration, err error) {
	outcome := "ok"
	switch {
	case errors.Is(err, dialog.ErrNotFound):
		outcome = "missing"
	case err != nil:
		outcome = "failed"
	}
	m.drafts.WithLabelValues(op, outcome).Observe(took.Seconds())
}

// recorder feeds metrics and log. Each rehydration by a person has a log line with the strategy's markers; turns have none.
func (m *metrics) recorder(log *slog.Logger) dialog.Recorder {
	quiet := &everyMinute{last: map[string]time.Time{}}
	return dialog.Recorder{
		Turn: func(_ dialog.Key, kind dialog.Kind, did dialog.Did, took time.Duration) {
			m.turns[did].Inc()
			m.took.Observe(took.Seconds())
			if kind.FromPerson() || kind == dialog.KindOrder {
				m.inputs[inputOK].Inc()
				m.minutes.Add(alert.Minute{OK: 1}, time.Now())
			}
		},
		Failed: func(_ dialog.Key, _ dialog.Kind, why string) {
			m.inputs[inputFailed].Inc()
			failed := alert.Minute{Failed: 1}
			if why == "unavailable" {
				failed.Away = 1
			}
			m.minutes.Add(failed, time.Now())
		},
		Logged: m.logged,
		Rehydrated: func(_ dialog.Key, r dialog.Rehydration) {
			m.rehydrated.WithLabelValues(string(r.Source), string(r.Cause), r.By).Inc()
			m.rehydrate.Observe(r.Took.Seconds())
			if r.By != dialog.ByPerson {
				return
			}
			log.LogAttrs(context.Background(), slog.LevelInfo, "ESCROW_CONTEXT: Rehydrated",
				slog.String("marker", r.Marker()), slog.String("draft", r.Draft), slog.String("source", string(r.Source)), slog.String("cause", string(r.Cause)),
				slog.String("state", r.State), slog.Int64("version", r.Version),
				slog.String("age", r.Age.Round(time.Millisecond).String()), slog.String("took", r.Took.Round(time.Microsecond).String()))
		},
		Showed: func(_ dialog.Key, channel string, err error, took time.Duration) {
			if err != nil {
				m.shown["failed"].Inc()
				var pause *dialog.RetryAfter
				usual := errors.As(err, &pause) || errors.Is(err, dialog.ErrBlocked) || errors.Is(err, dialog.ErrGone)
				if !usual && quiet.may("show "+channel) {
					log.Warn("showing a card failed, tried again later", "channel", channel, "err", err)
				}
			} else {
				m.shown["ok"].Inc()
			}
			m.showed.Observe(took.Seconds())
		},
		Conflict: func(dialog.Key) { m.conflicts.Inc() },
		Swept: func(did dialog.Swept) {
			m.swept["looked"].Add(float64(did.Looked))
			m.swept["woken"].Add(float64(did.Woken))
			m.swept["forgotten"].Add(float64(did.Forgotten))
			m.swept["events"].Add(float64(did.Pruned))
		},
		Trouble: func(what string, err error) {
			if row, ok := strings.CutPrefix(what, "row "); ok { // of a store, once for each row
				m.trouble.WithLabelValues("row").Inc()
				log.Error("a row cannot be read and stays as it is", "row", row, "err", err)
				return
			}
			m.trouble.WithLabelValues(what).Inc()
			if quiet.may(what) {
				log.Warn("trouble", "what", what, "err", err)
			}
		},
	}
}

// The outcomes of inputs.
const (
	inputOK     = "ok"
	inputFailed = "failed"
)

// logged counts the events that are metrics.
func (m *metrics) logged(e *dialog.Event) {
	switch e.Kind {
	case dialog.EventLost:
		m.lost.WithLabelValues(e.Mode, e.Cause).Inc()
	case dialog.EventUp:
		m.starts.WithLabelValues(cmp.Or(e.Cause, "none")).Inc()
	case ticket.EventTicketed:
		if of := m.tickets[e.Cause]; of != nil {
			of.Inc()
		}
	}
}

// everyMinute allows one log line of a kind each minute.
type everyMinute struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (e *everyMinute) may(what string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Since(e.last[what]) < time.Minute {
		return false
	}
	e.last[what] = time.Now()
	return true
}
