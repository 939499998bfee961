package intake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// The start page says what the service does, how a deal goes, who runs it and what it costs, by the rules in force.
func TestStartPageAnswersAVisitor(t *testing.T) {
	for support, who := range map[string]string{"@bay_help": "@bay_help", "": "Whoever gave you this address"} {
		rules := euros()
		f := intake.New(intake.Config{Start: deal.Start, Support: support, Rules: func() *lockbay.Rules { return rules }})
		c := f.Render(&dialog.Record{}, dialog.View{Lang: "en", Now: time.Now(), Visited: true, Field: true})
		if len(c.Next) != 4 || c.Hint == "" || c.After != "Four questions, then all sums. Answering costs nothing." {
			t.Errorf("support %q: %+v", support, c)
		}
		want := []string{"Run by: " + who, "Fee: 2.5% of the price, at least €1.00", "€31.26 for €1,250.50", "Deals: €10 to €20,000", "Also in USD, BTC"}
		var all strings.Builder
		for _, x := range c.About {
			all.WriteString(x.Label + ": " + x.Value + "\n" + x.Note + "\n")
		}
		for _, n := range c.Next {
			all.WriteString(n.Who + "\n" + n.When + "\n")
		}
		text := dialog.Plain(all.String())
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("support %q: no %q in\n%s", support, part, text)
			}
		}
		if strings.ContainsAny(text, "{}") {
			t.Errorf("a placeholder is left:\n%s", text)
		}
		for _, w := range f.Help("en") {
			if w.Ask == "" || w.Answer == "" || strings.ContainsAny(w.Ask+w.Answer, "{}") {
				t.Errorf("support %q: %+v", support, w)
			}
		}
	}
	if c := intake.New(intake.Config{Start: deal.Start}).Render(&dialog.Record{}, dialog.View{Lang: "en"}); len(c.About)+len(c.Next) > 0 {
		t.Errorf("a chat has the start page: %+v", c)
	}
}
