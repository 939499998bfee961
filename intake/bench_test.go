package intake_test

import (
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// BenchmarkTurn measures the pure part of a turn of the whole flow: deciding, and rendering the card.
func BenchmarkTurn(b *testing.B) {
	rules := euros()
	flow := intake.New(intake.Config{Rules: func() *lockbay.Rules { return rules }, Start: deal.Start})
	now := time.Date(2026, 11, 24, 14, 32, 0, 0, time.UTC)
	place := dialog.Place{Channel: "tg", Address: "1", Lang: "en", Push: true}
	view := dialog.View{Place: place, Lang: "en", Now: now.Add(time.Minute)}
	text := func(s string) *dialog.Input {
		return &dialog.Input{Kind: dialog.KindText, Owner: "tg:1", Text: s, Place: place}
	}
	rec := &dialog.Record{Head: dialog.Head{Key: dialog.Key{Bot: "b", Flow: intake.FlowName, ID: "tg:1"}, Owner: "tg:1"}}
	for _, x := range []struct {
		name string
		in   *dialog.Input
	}{
		{"create", &dialog.Input{Kind: dialog.KindCommand, Owner: "tg:1", Name: "create", Place: place}},
		{"seller", text("@anna_ceramics")},
		{"refused", text("1.250 eur")},
		{"amount", text("1250 eur")},
		{"description", text("Handmade dinner set, 24 pieces, celadon glaze, two spare plates")},
		{"delivery", &dialog.Input{Kind: dialog.KindTap, Owner: "tg:1", Name: "delivery", Value: "72", Place: place}},
		{"confirm", &dialog.Input{Kind: dialog.KindTap, Owner: "tg:1", Name: "confirm", Place: place}},
	} {
		decide := func() *dialog.Record {
			after := *rec
			t := &dialog.Turn{Before: rec, Record: &after, Input: x.in, Now: now}
			flow.Decide(t)
			return t.Record
		}
		b.Run(x.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				flow.Render(decide(), view)
			}
		})
		b.Run(x.name+"/decide", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				decide()
			}
		})
		rec = decide()
		rec.Updated = now
	}
}
