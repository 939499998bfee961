package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/insight/report"
)

// TestSimulate: a month in which restarts lose answers says so, each time in the same words.
func TestSimulate(t *testing.T) {
	args := []string{"simulate", "--creations", "300", "--days", "2", "--mode", "lightweight", "--restart-every", "1h", "--kill"}
	text := says(t, exitDone, "", args...)
	if !strings.HasPrefix(text, "Simulated: ") || !strings.Contains(text, "Decision: Move all drafts to the database.\n  ") {
		t.Errorf("it says\n%s", text)
	}
	if again := says(t, exitDone, "", args...); again != text {
		t.Errorf("another month:\n%s\n%s", text, again)
	}
	var x report.Document
	if err := json.Unmarshal([]byte(says(t, exitDone, "", "simulate", "--creations", "100", "--days", "2", "--leave", "description_input=60", "--outage-every", "9h", "--format", "json")), &x); err != nil {
		t.Fatal(err)
	}
	if x.Decision != "ux" || x.Step != "description_input" || x.Lost != 0 || x.Mode != "database" {
		t.Errorf("%+v", x)
	}
	for _, args := range [][]string{
		{"--leave", "40"}, {"--leave", "size=1"}, {"--leave", "description_input=x"}, {"--leave", "description_input=101"}, {"--pause", "-1"}, {"--harm", "NaN"}, {"--restart-every", "1m"},
		{"--creations", "0"}, {"--mode", "redis", "--redis-url", "redis://127.0.0.1:1"},
	} {
		says(t, exitUsage, "", append([]string{"simulate"}, args...)...)
	}
}
