package deploy

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestAlerts: the rules say what prometheus/alerts_test.yml has written out, and each metric that they ask for is one of
// docs/interface.md, or Prometheus's own.
func TestAlerts(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not installed: the Debian package prometheus has it")
	}
	c := exec.CommandContext(t.Context(), promtool, "test", "rules", "alerts_test.yml")
	c.Dir = "prometheus"
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	rules, page := read(t, "prometheus/alerts.yml"), read(t, "../docs/interface.md")
	names := regexp.MustCompile(`\blockbay_\w+`).FindAllString(rules, -1)
	if len(names) == 0 {
		t.Error("the rules ask for no metric of ours")
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if !strings.Contains(page, "| `"+name+"` |") {
			t.Errorf("the rules ask for %s, which docs/interface.md lacks", name)
		}
	}
	for _, alert := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1) {
		if n := strings.Count(read(t, "prometheus/alerts_test.yml"), "alertname: "+alert[1]+"\n"); n == 0 {
			t.Errorf("no test lets %s fire", alert[1])
		}
	}
}
