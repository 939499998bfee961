package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestStrategy: each row of strategy.md names a test that is in its file, and files that are there.
func TestStrategy(t *testing.T) {
	text := read(t, "strategy.md")
	rows := 0
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| the strategy") {
			continue
		}
		rows++
		test := regexp.MustCompile("`(Test[A-Za-z0-9]+)` in `([a-z0-9_/]+\\.go)`").FindStringSubmatch(line)
		if test == nil {
			t.Errorf("a row without a test: %s", line)
			continue
		}
		if code, err := os.ReadFile(filepath.Join("..", test[2])); err != nil || !strings.Contains(string(code), "func "+test[1]+"(") {
			t.Errorf("%s has no %s", test[2], test[1])
		}
	}
	if rows < 20 {
		t.Errorf("only %d statements", rows)
	}
	for _, file := range regexp.MustCompile("`([a-z0-9_]+(?:/[a-z0-9_]+)*\\.go)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("..", file[1])); err != nil {
			t.Errorf("there is no %s", file[1])
		}
	}
}
