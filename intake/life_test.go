package intake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/intake"
)

// The page tells the lifetime of its own drafts.
func TestPageSaysHowLongDraftsAreKept(t *testing.T) {
	for ttl, want := range map[time.Duration]string{0: "24 hours", 30 * 24 * time.Hour: "24 hours", 6 * time.Hour: "6 hours", time.Hour: "1 hour", 20 * time.Minute: "20 minutes", time.Second: "1 minute"} {
		f := intake.New(intake.Config{Start: deal.Start, DraftTTL: ttl})
		told := false
		for _, w := range f.Help("en") {
			told = told || strings.Contains(w.Answer, "A draft is kept for "+want+" after your last answer.")
		}
		if !told {
			t.Errorf("%v: %v", ttl, f.Help("en"))
		}
	}
}
