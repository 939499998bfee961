package ticket

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/texts"
)

// TestParseID: an id in any case and with spaces around it is read, and that of an escrow is none.
func TestParseID(t *testing.T) {
	id := NewID(12345)
	for text, ok := range map[string]bool{id: true, " tck" + id[3:] + "\n": true, "\u2068" + id + "\u2069": true, "ESC" + id[3:]: false, "XYZ" + id[3:]: false, "TCK": false, "T": false, "": false, id + "0": false} {
		if got, err := ParseID(text); (err == nil) != ok || ok && got != id {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}

// TestTakes: what of a person is for the operator.
func TestTakes(t *testing.T) {
	asked := &dialog.Record{Asks: &dialog.Asks{Key: dialog.Key{Flow: FlowName}}}
	other := &dialog.Record{Asks: &dialog.Asks{Key: dialog.Key{Flow: "deal"}}}
	for _, x := range []struct {
		in     dialog.Input
		always bool // else only while it is asked for
		asked  bool
	}{
		{dialog.Input{Kind: dialog.KindCommand, Name: "support"}, true, true},
		{dialog.Input{Kind: dialog.KindTap, Name: "support"}, true, true},
		{dialog.Input{Kind: dialog.KindText, Name: "support", Text: "It hangs"}, true, true},
		{dialog.Input{Kind: dialog.KindTap, Name: "as", Value: "support"}, true, true},
		{dialog.Input{Kind: dialog.KindTap, Name: "as", Value: "amount"}, false, false},
		{dialog.Input{Kind: dialog.KindTap, Name: "status"}, false, false},
		{dialog.Input{Kind: dialog.KindOrder, Name: "support"}, false, false},
		{dialog.Input{Kind: dialog.KindWake, Name: "support"}, false, false},
		{dialog.Input{Kind: dialog.KindCommand, Name: "status"}, false, false},
		{dialog.Input{Kind: dialog.KindText, Text: "It hangs"}, false, true},
		{dialog.Input{Kind: dialog.KindText, Text: "It hangs", Edit: true}, false, false},
	} {
		for r, want := range map[*dialog.Record]bool{{}: x.always, other: x.always, asked: x.asked} {
			if _, got := New(Config{}).Takes(r, &x.in); got != want {
				t.Errorf("%+v with %+v: %v", x.in, r.Asks, got)
			}
		}
	}
}

func TestClassify(t *testing.T) {
	for text, want := range map[string]struct {
		class  Class
		phrase string
	}{
		"":                               {Other, ""},
		"Hello, how are you?":            {Other, ""},
		"I had to START,  over\nagain":   {Progress, "start over"},
		"It wasn’t saved!":               {Progress, "wasn't saved"},
		"You lost my answers":            {Progress, "lost my answer*"},
		"I paid, and everything is gone": {Progress, "everything is gone"},
		"I lost my money":                {Payment, "money"},
		"I paid and it never arrived":    {Dispute, "never arrived"},
		"The seller is a scammer":        {Dispute, "scam*"},
		"Where is the refund?":           {Payment, "refund*"},
		"repay":                          {Other, ""},
		"A moneybag":                     {Other, ""},
		"ضاعت إجاباتي":                   {Other, ""},
		"\u202bStart \u200fover\u202c from the beginning": {Progress, "from the beginning"},
	} {
		if class, phrase := classify(text, texts.Phrases); class != want.class || phrase != want.phrase {
			t.Errorf("%q is %s by %q, want %s by %q", text, class, phrase, want.class, want.phrase)
		}
	}
	arabic := func(class string) []string {
		return map[string][]string{"progress": {"من جديد", "*إجاباتي"}}[class]
	}
	if class, phrase := classify("لقد ضاعت وإجاباتي", arabic); class != Progress || phrase != "*إجاباتي" {
		t.Errorf("%s by %q", class, phrase)
	}
}
