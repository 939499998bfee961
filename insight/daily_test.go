package insight_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestDays: each rehydration and each episode is on one day, whatever the zone; a clock change leaves no day out.
func TestDays(t *testing.T) {
	p := plant(4)
	p.Mode, p.Pauses, p.Loses, p.Pace = "lightweight", .3, .5, 4*time.Minute
	for day := 1; day < 30; day++ {
		p.Restarts = append(p.Restarts, at.AddDate(0, 0, -day-1).Add(time.Duration(day)*17*time.Minute))
	}
	events, _ := p.Events()
	for _, zone := range []string{"UTC", "Asia/Kathmandu", "Pacific/Pago_Pago", "America/Asuncion", "Asia/Beirut"} {
		where, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		f := insight.Collect(insight.Config{Flow: "escrow", Horizon: horizon, Zone: where})
		for i := range events {
			f.Add(&events[i])
		}
		x := f.Figures(at, 30*24*time.Hour, insight.DefaultThresholds())
		var read, soon, episodes, felt int
		for i, d := range x.Days {
			read, soon, episodes, felt = read+d.ReadBack, soon+d.Soon, episodes+d.Episodes, felt+d.Felt
			if i > 0 && d.Day <= x.Days[i-1].Day {
				t.Errorf("%s: %s after %s", zone, d.Day, x.Days[i-1].Day)
			}
		}
		if len(x.Days) != 31 || read != x.AfterStart.N || soon != x.AfterStart.X || episodes != x.Episodes || felt != x.Felt || felt == 0 || soon == 0 {
			t.Errorf("%s: %d days with %d, %d soon, %d episodes, %d felt; %v, %d, %d", zone, len(x.Days), read, soon, episodes, felt, x.AfterStart, x.Episodes, x.Felt)
		}
		if first := x.From.In(where).Format(time.DateOnly); x.Days[0].Day != first {
			t.Errorf("%s: begins on %s, want %s", zone, x.Days[0].Day, first)
		}
	}
}

// TestBesideTheMeasures: the rate of each mode, what questions did not accept, once for each creation, and the newest
// drafts that lost something.
func TestBesideTheMeasures(t *testing.T) {
	start := at.Add(-72 * time.Hour)
	ev := func(draft, mode string, kind dialog.EventKind, step, cause string, after time.Duration) dialog.Event {
		return dialog.Event{Kind: kind, Key: "lockbay:escrow:tg:" + draft, Draft: draft, Mode: mode, Step: step, Cause: cause, At: start.Add(after)}
	}
	var all []dialog.Event
	for _, d := range []struct{ name, mode string }{{"a", "database"}, {"b", "lightweight"}, {"c", "lightweight"}} {
		all = append(all, ev(d.name, d.mode, dialog.EventStarted, "", "", 0), ev(d.name, d.mode, "asked", "", "seller_input", 0),
			ev(d.name, d.mode, dialog.EventRefused, "seller_input", "short", time.Second), ev(d.name, d.mode, dialog.EventRefused, "seller_input", "short", 2*time.Second),
			ev(d.name, d.mode, "answered", "seller_input", "seller_input", 3*time.Second))
	}
	all = append(all, ev("b", "lightweight", dialog.EventRehydrated, "amount_input", "restart", time.Minute), ev("b", "lightweight", dialog.EventLost, "amount_input", "memory", time.Minute), ev("c", "lightweight", dialog.EventLost, "amount_input", "memory", time.Hour),
		ev("c", "lightweight", "confirmed", "trade_review", "ESC-1", 2*time.Hour), ev("a", "database", dialog.EventRefused, "seller_input", "range", time.Minute))
	x := collect(all).Figures(at, 30*24*time.Hour, insight.DefaultThresholds())
	if len(x.Modes) != 2 || x.Modes[0].Mode != "database" || x.Modes[0].TypedAgain.X != 0 || x.Modes[0].TypedAgain.N != 1 || x.Modes[1].TypedAgain.X != 2 || x.Modes[1].TypedAgain.N != 2 {
		t.Errorf("modes: %+v", x.Modes)
	}
	if len(x.Refusals) != 2 || x.Refusals[0] != (insight.Refusal{Step: "seller_input", Code: "short", N: 3}) || x.Refusals[1] != (insight.Refusal{Step: "seller_input", Code: "range", N: 1}) || x.Steps[0].Refused != 3 {
		t.Errorf("refused: %+v, %+v", x.Refusals, x.Steps)
	}
	if len(x.LostDrafts) != 2 || x.LostDrafts[0].Draft != "c" || x.LostDrafts[0].Left || x.LostDrafts[1].Draft != "b" || !x.LostDrafts[1].Left || !x.LostDrafts[1].At.Equal(start.Add(time.Minute)) {
		t.Errorf("lost: %+v", x.LostDrafts)
	}
}
