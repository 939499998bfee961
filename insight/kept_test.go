package insight_test

import (
	"slices"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
	"github.com/lockbay/lockbay/insight/insighttest"
)

// keptEvents are of one creation to which most things happen, of its escrow, of a ticket, and of the instance.
func keptEvents() []dialog.Event {
	start := time.Date(2026, 11, 20, 10, 10, 0, 0, time.UTC)
	var all []dialog.Event
	add := func(after time.Duration, e dialog.Event) {
		if e.At = start.Add(after); e.Key == "" {
			e.Key, e.Draft, e.Mode, e.Variant = "lockbay:escrow:tg:1", "d", "lightweight", "new"
		}
		e.Instance = "host"
		all = append(all, e)
	}
	add(0, dialog.Event{Kind: dialog.EventStarted})
	add(0, dialog.Event{Kind: "asked", Cause: "seller_input"})
	add(time.Minute, dialog.Event{Kind: dialog.EventRefused, Step: "seller_input", Cause: "too short"})
	add(2*time.Minute, dialog.Event{Kind: "answered", Step: "seller_input"})
	add(2*time.Minute, dialog.Event{Kind: "asked", Cause: "amount_input"})
	add(5*time.Minute, dialog.Event{Key: "-", Kind: dialog.EventDown})
	add(5*time.Minute+2*time.Second, dialog.Event{Key: "-", Kind: dialog.EventUp, Cause: "stop"})
	add(10*time.Minute, dialog.Event{Kind: dialog.EventRehydrated, Step: "amount_input", Cause: "restart", Source: "none", Took: 1500 * time.Microsecond})
	add(10*time.Minute, dialog.Event{Kind: dialog.EventLost, Step: "amount_input", Cause: "memory"})
	add(40*time.Minute, dialog.Event{Kind: dialog.EventRehydrated, Step: "amount_input", Cause: "eviction", Source: "none", Took: 50 * time.Microsecond})
	add(40*time.Minute, dialog.Event{Kind: "answered", Step: "amount_input"})
	add(40*time.Minute, dialog.Event{Kind: "asked", Cause: "trade_review"})
	add(41*time.Minute, dialog.Event{Kind: "cancelled", Step: "trade_review"})
	add(42*time.Minute, dialog.Event{Kind: "undone", Step: "trade_review"})
	add(50*time.Minute, dialog.Event{Kind: "confirmed", Step: "trade_review", Cause: "ESC-1"})
	add(60*time.Minute, dialog.Event{Key: "lockbay:deal:ESC-1", Draft: "ESC-1", Kind: "paid"})
	add(70*time.Minute, dialog.Event{Kind: "ticketed", Source: "TCK-1", Cause: "progress"})
	return all
}

// TestKept: counts of half hours are kept for good, and each later version reads them, so their text stays.
func TestKept(t *testing.T) {
	f := collect(keptEvents())
	f.Settle()
	want := []insight.Slot{
		{At: 997316, Mode: "lightweight", Variant: "new", Counts: `answer/amount_input/98 1
answer/seller_input/81 1
asked/amount_input 1
asked/seller_input 1
asked/trade_review 1
cause/eviction 1
cause/restart 1
code/seller_input/too_short 1
creations 1
end/confirmed 1
exposed/amount_input/10m 1
first/amount_input/81 1
first/seller_input/0 1
first/trade_review/99 1
lost 1
paid 1
read/0 1
read/1 1
refused/seller_input 1
rehydrated 1
soon/0 1
source/none 1
took/none/0 1
took/none/16 1
typed 1
`},
		{At: 997318, Counts: "hurt/progress 1\nticket/progress 1\n"},
	}
	if got := f.Slots(); !slices.Equal(got, want) {
		t.Errorf("the counts are\n%v, want\n%v", got, want)
	}
}

// TestStored: a creation that was kept beside its counts is the same afterwards, in all that figures are made of.
func TestStored(t *testing.T) {
	for seed := range uint64(3) {
		f := collect(insighttest.Random(seed, 150, 5, at))
		f.Settle()
		for draft, c := range f.Creations() {
			text, err := c.Stored()
			if err != nil {
				t.Fatal(err)
			}
			again, err := insight.Restored(draft, text)
			if err != nil {
				t.Fatal(err)
			}
			again.Owner = c.Owner
			if twice, err := again.Stored(); err != nil || twice != text {
				t.Errorf("%s is kept again as %s, %v", text, twice, err)
			}
			one, other := insight.Collect(config), insight.Collect(config)
			one.Know(c)
			other.Know(again)
			if a, b := one.Slots(), other.Slots(); !slices.Equal(a, b) {
				t.Errorf("%s counts as %v, want %v", text, b, a)
			}
		}
	}
	for _, text := range []string{"no text", `{"s":1,"t":[],"i":[[1,0]]}`, `{"s":1,"t":[],"h":["a"],"i":[[1,1]]}`, `{"s":1,"t":[],"h":["a"],"i":[[1,-1]]}`} {
		if _, err := insight.Restored("d", text); err == nil {
			t.Errorf("%s is a creation", text)
		}
	}
}
