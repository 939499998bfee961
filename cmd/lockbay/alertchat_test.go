package main

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// TestAlertInTheChat: the operator reads an alert at the desk, once, over a 429 and restarts.
func TestAlertInTheChat(t *testing.T) {
	t.Parallel()
	w := withTelegram(t, "--operators", "7000007")
	olga := w.api.Person(7000007, "olga", "Olga")
	defer func() {
		if t.Failed() {
			t.Log(w.api.Transcript(7000007))
		}
	}()
	olga.Say("/start")
	olga.WaitText(patience, "Your words are")
	within(t, "sqlite:"+w.database(), func(st store) {
		lost := dialog.Event{Kind: dialog.EventLost, Key: "lockbay:escrow:tg:1000001", Draft: "d1", Mode: "database", Instance: "a.b", At: time.Now().Add(-time.Minute)}
		if _, err := st.Commit(t.Context(), &dialog.Batch{Events: []dialog.Event{lost}}); err != nil {
			t.Fatal(err)
		}
	})
	w.api.FailNext("sendMessage", telegramtest.TooManyRequests(1))
	w.relisten(t)
	olga.WaitText(patience, "1 draft lost answers since")
	w.noted(t)
	for range 2 {
		w.relisten(t)
		counted := func() bool {
			_, text := w.fetch("/metrics")
			return strings.Contains(text, "\nlockbay_insight_lag_seconds ") && !strings.Contains(text, "\nlockbay_insight_lag_seconds NaN")
		}
		soon(t, "counts", counted)
	}
	if said, _, _ := strings.Cut(olga.Transcript(), "--- now:"); strings.Count(said, "1 draft lost answers") != 1 || strings.Contains(said, "1000001") {
		t.Errorf("the desk reads\n%s", said)
	}
}
