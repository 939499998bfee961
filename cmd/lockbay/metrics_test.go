package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/ticket"
)

// What only grows is a counter, and a rehydration is counted by whose input it was. The log tells of persons alone.
func TestMetricsTellWhatTheyCount(t *testing.T) {
	m := newMetrics()
	var log bytes.Buffer
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, intake.New(intake.Config{Start: deal.Start}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	m.watch(bot)
	rec := m.recorder(slog.New(slog.NewTextHandler(&log, nil)))
	for _, by := range []string{dialog.ByPerson, dialog.ByTimer, dialog.ByTimer} {
		rec.Rehydrated(dialog.Key{}, dialog.Rehydration{Source: dialog.FromDatabase, Cause: dialog.CauseRestart, By: by})
	}
	if n := strings.Count(log.String(), "ESCROW_CONTEXT"); n != 1 {
		t.Errorf("%d log lines of one person: %s", n, &log)
	}
	rec.Turn(dialog.Key{}, dialog.KindText, dialog.DidApply, 0)
	rec.Turn(dialog.Key{}, dialog.KindWake, dialog.DidApply, 0)
	rec.Turn(dialog.Key{}, dialog.KindOrder, dialog.DidApply, 0)
	rec.Failed(dialog.Key{}, dialog.KindTap, "unavailable")
	rec.Logged(&dialog.Event{Kind: dialog.EventLost, Mode: "lightweight", Cause: "memory"})
	rec.Logged(&dialog.Event{Kind: dialog.EventUp, Cause: "crash"})
	rec.Logged(&dialog.Event{Kind: dialog.EventUp})
	rec.Logged(&dialog.Event{Kind: ticket.EventTicketed, Cause: "progress"})
	page := httptest.NewRecorder()
	m.handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		"# TYPE lockbay_batches_total counter", "# TYPE lockbay_batched_turns_total counter",
		`lockbay_rehydrations_total{by="person",cause="restart",source="database"} 1`,
		`lockbay_rehydrations_total{by="timer",cause="restart",source="database"} 2`,
		`lockbay_inputs_total{outcome="ok"} 2`, `lockbay_inputs_total{outcome="failed"} 1`,
		`lockbay_lost_answers_total{cause="memory",mode="lightweight"} 1`, `lockbay_starts_total{after="crash"} 1`, `lockbay_starts_total{after="none"} 1`,
		`lockbay_tickets_total{class="progress"} 1`, `lockbay_tickets_total{class="other"} 0`,
	} {
		if !strings.Contains(page.Body.String(), want+"\n") {
			t.Errorf("no %s in\n%s", want, page.Body)
		}
	}
}

// A scrape has one snapshot of the engine: its numbers belong together.
func TestScrapeAsksTheEngineOnce(t *testing.T) {
	m, asked := newMetrics(), 0
	m.reg.MustRegister(newEngineStats(func() dialog.Stats { asked++; return dialog.Stats{Batches: 3, Turns: 7} }))
	page := httptest.NewRecorder()
	m.handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if body := page.Body.String(); asked != 1 || !strings.Contains(body, "\nlockbay_batches_total 3\n") || !strings.Contains(body, "\nlockbay_batched_turns_total 7\n") {
		t.Errorf("%d snapshots in\n%s", asked, body)
	}
}
