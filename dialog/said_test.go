package dialog

import (
	"reflect"
	"testing"
	"time"
)

// Times, reasons and items of records before format 3 are read from their arguments, and the kind from the code.
func TestSaidOfOldRows(t *testing.T) {
	row := func(format int, state string) *Row {
		return &Row{Head: Head{Key: Key{"bot", "escrow", "tg:1"}, Version: 1, Tag: 1, Format: format}, State: []byte(state)}
	}
	for state, want := range map[string]*Said{
		`{"s":{"c":"reminder","a":{"days":"7","until_at":"1764547200000","until_near":"1764547200000","expired_on":"1764547200000"}}}`: {
			Code: "reminder", Kind: "reminder", Args: map[string]string{"days": "7"}, Times: map[string]Moment{"until": 1764547200000, "expired": 1764547200000}},
		`{"s":{"c":"rule_changed","a":{"step":"2","of":"5","saved_ago":"1764547200000","open":"amount","code":"amount_high","r.amount":"$9","r.most":"$5","r.until_at":"1764547200000"}}}`: {
			Code: "rule_changed", Kind: "rule_changed", Args: map[string]string{"step": "2", "of": "5", "open": "amount", "code": "amount_high"}, Times: map[string]Moment{"saved": 1764547200000},
			Reason: &Said{Code: "amount_high", Args: map[string]string{"amount": "$9", "most": "$5"}, Times: map[string]Moment{"until": 1764547200000}}},
		`{"s":{"c":"escrows.list","a":{"0":"ESC-1 100 USD paid","1":"ESC-2 5 EUR lapsed","n":"2"}}}`: {
			Code: "escrows.list", Kind: "escrows.list", Args: map[string]string{"n": "2"}, Items: [][]string{{"ESC-1", "100", "USD", "paid"}, {"ESC-2", "5", "EUR", "lapsed"}}},
		`{"s":{"c":"amount_low","a":{"typed":"1","look_at":"the limits"},"t":"1","r":true}}`: {
			Code: "amount_low", Kind: "amount_low", Args: map[string]string{"typed": "1", "look_at": "the limits"}, Typed: "1", Refusal: true},
		`{"s":{"c":"no_draft"}}`: {Code: "no_draft", Kind: "no_draft"},
		`{}`:                     nil,
	} {
		for format := range recordFormat {
			r, err := row(format, state).record()
			if err != nil || !r.Said.same(want) {
				t.Errorf("format %d: %s is read as %+v, %v; want %+v", format, state, r.Said, err, want)
			}
			again, err := r.row(0)
			if err != nil || again.Format != recordFormat {
				t.Fatalf("written in format %d, %v", again.Format, err)
			}
			if back, err := again.record(); err != nil || !reflect.DeepEqual(back.Said, r.Said) {
				t.Errorf("%+v comes back as %+v, %v", r.Said, back.Said, err)
			}
		}
	}
	// In format 3 a name with such an ending is an argument like any other.
	r, err := row(3, `{"s":{"c":"x","a":{"until_at":"1764547200000","0":"a","code":"b"}}}`).record()
	if err != nil || len(r.Said.Args) != 3 || r.Said.Times != nil || r.Said.Items != nil || r.Said.Reason != nil {
		t.Errorf("format 3: %+v, %v", r.Said, err)
	}
}

func TestTimesAndReasonInATextOfWords(t *testing.T) {
	words := Words(func(_, code string, args map[string]string) string {
		return Fill(map[string]string{
			"moved":    "Saved {saved_ago}, kept until {until_near} ({until_on})\n{reason}",
			"too_high": "{most} at most.\nWrite less.", "ago.hour": "{n} h ago", "tomorrow": "tomorrow at {time}", "date": "{day}/{month}",
		}[code], args)
	})
	now := time.Date(2026, 11, 27, 14, 0, 0, 0, time.UTC)
	said := &Said{Code: "moved", Times: map[string]Moment{"saved": At(now.Add(-3 * time.Hour)), "until": At(now.Add(24 * time.Hour))},
		Reason: &Said{Code: "too_high", Args: map[string]string{"most": "{saved_ago}"}}}
	if got, want := words.Tell(View{Now: now}, said), "Saved 3 h ago, kept until \u2068tomorrow at 14:00 UTC\u2069 (\u206828/11\u2069)\n{saved_ago} at most. Write less."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// An unknown value is shown as its number, without a panic.
func TestUnknownValuesAsText(t *testing.T) {
	for _, s := range []interface{ String() string }{Where(99), Did(99), Kind(99), Verdict(99), Mode(99), fit(99)} {
		if got := s.String(); got != "99" {
			t.Errorf("%T: %q", s, got)
		}
	}
}
