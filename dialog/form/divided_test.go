package form_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// TestDividedText: the rest of a long text that an app has divided is judged with the part
// that was refused; another message is an answer of its own.
func TestDividedText(t *testing.T) {
	type part struct {
		text string
		sent int64 // unix seconds
	}
	long := strings.Repeat("x", 2048)
	for name, x := range map[string]struct {
		parts  []part
		series [2]string // of the first and the last part
		alone  bool
	}{
		"divided":              {[]part{{long, 10}, {"rest", 12}}, [2]string{"chat", "chat"}, false},
		"in UTF-16 units":      {[]part{{strings.Repeat("😀", 1024), 10}, {"rest", 10}}, [2]string{"chat", "chat"}, false},
		"of four parts":        {[]part{{long + long, 10}, {long + long, 11}, {long + long, 12}, {"rest", 13}}, [2]string{"chat", "chat"}, false},
		"later":                {[]part{{long, 10}, {"rest", 13}}, [2]string{"chat", "chat"}, true},
		"short":                {[]part{{long[1:], 10}, {"rest", 10}}, [2]string{"chat", "chat"}, true},
		"elsewhere":            {[]part{{long, 10}, {"rest", 10}}, [2]string{"chat", "other"}, true},
		"without numbers":      {[]part{{long, 10}, {"rest", 10}}, [2]string{"", ""}, true},
		"more than is kept":    {[]part{{long + long, 10}, {long + long, 10}, {long + long, 10}, {long + long[:2044], 10}, {"other", 10}}, [2]string{"chat", "chat"}, false},
		"many parts":           {[]part{{long + long, 10}, {long + long, 10}, {long + long, 10}, {long + long, 10}, {long + long, 10}, {"rest", 10}}, [2]string{"chat", "chat"}, false},
		"in Cyrillic":          {[]part{{strings.Repeat("я", 4096), 10}, {strings.Repeat("я", 4096), 10}, {"rest", 10}}, [2]string{"chat", "chat"}, false},
		"in Chinese":           {[]part{{strings.Repeat("漢", 4096), 10}, {strings.Repeat("漢", 4096), 10}, {"rest", 10}}, [2]string{"chat", "chat"}, false},
		"more, and later":      {[]part{{strings.Repeat("漢", 4096), 10}, {strings.Repeat("漢", 4096), 10}, {"rest", 13}}, [2]string{"chat", "chat"}, true},
		"exactly the most":     {[]part{{long + long, 10}, {long + long, 10}, {long + long, 10}, {long + long[:2044], 10}, {"rest", 10}}, [2]string{"chat", "chat"}, false},
		"nothing was refused ": {[]part{{"rest", 10}}, [2]string{"chat", "chat"}, true},
	} {
		f := form.Form[Order]{Name: "pizza", Version: 1, Review: true, Submit: func(Order, *dialog.Turn) string { return "" },
			Questions: []form.Question[Order]{form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }, func(s string) error {
				if len(s) > 6 {
					return form.Refuse("too_long", "over", "1")
				}
				return nil
			})}}
		k := dialogtest.NewTalk(dialog.NewMemory(), f)
		k.Quiet = true
		k.Say("/create")
		for i, p := range x.parts {
			in := dialog.Input{Kind: dialog.KindText, Text: p.text, Serial: dialog.Serial{Series: x.series[0], Number: int64(i + 1), Sent: p.sent}}
			if i == len(x.parts)-1 {
				in.Serial.Series = x.series[1]
			}
			k.Handle(in)
		}
		if alone := k.Record.Step == "review"; alone != x.alone {
			t.Errorf("%s: judged alone %t, want %t", name, alone, x.alone)
		}
		k.Close()
	}
}
