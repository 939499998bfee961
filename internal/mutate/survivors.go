package main

import (
	"fmt"
	"os"
	"strings"
)

// readSurvivors reads the list of accepted survivors: the key of a mutant on a line, its
// reason on indented lines below. Lines that begin with # are comments.
func readSurvivors(path string) (reasons map[string]string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	reasons = map[string]string{}
	key := ""
	for i, line := range strings.Split(string(text), "\n") {
		words := strings.TrimSpace(line)
		switch {
		case words == "" || strings.HasPrefix(line, "#"):
		case words == line:
			key = line
			if _, twice := reasons[key]; twice {
				return nil, fmt.Errorf("%s:%d: %s is listed twice", path, i+1, key)
			}
			reasons[key] = ""
		default:
			reasons[key] = strings.TrimSpace(reasons[key] + " " + words)
		}
	}
	for key, reason := range reasons {
		if reason == "" || key == "" {
			return nil, fmt.Errorf("%s: %q has no reason", path, key)
		}
	}
	return reasons, nil
}
