package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/console"
	"github.com/lockbay/lockbay/insight/report"
)

// TestGoNoGo: each decision has its document, with all parts, in words that are the same each time; the page has each line of it.
func TestGoNoGo(t *testing.T) {
	people := report.People{Escalation: []string{"Mia @mia", "Jo @jo"}, Interviews: []string{"TCK-1", "TCK-2"}}
	for name, s := range samples() {
		r := reports()[name]
		asked := people
		if name == "no-creations" {
			asked = report.People{}
		}
		g := r.GoNoGo(asked)
		var b, page bytes.Buffer
		if err := g.Text(&b); err != nil {
			t.Fatal(err)
		}
		same(t, name+".go-no-go", b.String())
		if err := console.WriteHTML(&page, r, time.UTC, g); err != nil {
			t.Fatal(err)
		}
		plain := strings.NewReplacer("&#39;", "'", "&gt;", ">", "&lt;", "<", "&#43;", "+", "&amp;", "&").Replace(page.String())
		for _, p := range g.Parts {
			for _, line := range append(p.List, p.Name, p.Says) {
				if !strings.Contains(plain, line) {
					t.Errorf("%s: the page has no %q", name, line)
				}
			}
		}
		if goes, want := g.Title == "Go", s.leaf == "persist" && name != "persist-met" && name != "mode-no-longer-there"; goes != want {
			t.Errorf("%s: %s", name, g.Title)
		}
	}
}
