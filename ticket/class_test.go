package ticket

import (
	"testing"

	"github.com/lockbay/lockbay/texts"
)

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
