package insightdb

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

// TestRecent: the newest half hours and starts are there, also those that no window of figures has yet.
func TestRecent(t *testing.T) {
	both(t, func(t *testing.T, log *clocked, open func() *DB) {
		events := month(5, 800, 6)
		for _, e := range events { // soon after a start
			if e.Kind == dialog.EventLost && e.At.After(end.Add(-4*24*time.Hour)) {
				events = append(events, dialog.Event{Kind: dialog.EventUp, Instance: "h.1", Cause: "crash", At: e.At.Add(-time.Minute)})
			}
		}
		log.put(t, events)
		d := open()
		if _, err := d.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		since := end.Add(-5 * 24 * time.Hour)
		got, err := d.Recent(t.Context(), since)
		if err != nil {
			t.Fatal(err)
		}
		f, _ := counted(events, end)
		want := slices.DeleteFunc(f.Slots(), func(s insight.Slot) bool { return s.At < insight.SlotOf(since) })
		if len(want) == 0 || !reflect.DeepEqual(got.Slots, want) {
			t.Errorf("%d half hours, want %d", len(got.Slots), len(want))
		}
		felt, ups := 0, 0
		for _, l := range f.Lives() {
			if l.Up && !l.At.Before(since) {
				ups++
			}
		}
		for _, up := range got.Ups {
			if up.Felt {
				felt++
			}
			if up.At.Before(since) || up.Instance == "" || up.Crash != slices.ContainsFunc(f.Lives(), func(l insight.Life) bool { return l.Up && l.Crash && l.At.Equal(up.At) }) {
				t.Errorf("%+v", up)
			}
		}
		if len(got.Ups) != ups || ups == 0 || felt == 0 {
			t.Errorf("%d starts of which %d felt, want %d", len(got.Ups), felt, ups)
		}
	})
}
