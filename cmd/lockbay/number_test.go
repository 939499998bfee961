package main

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNumbersOfCommands: no command takes 0 or a negative number for one that it needs, and the refusal names the flag, the
// value and what to give.
func TestNumbersOfCommands(t *testing.T) {
	k, err := (&program{}).newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	numbers := []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[float64](), reflect.TypeFor[time.Duration]()}
	var tried []string
	for _, node := range leaves(k.Model.Node) {
		own, _ := flagsOf(node)
		for _, f := range own {
			if !slices.Contains(numbers, f.Target.Type()) {
				continue
			}
			tried = append(tried, f.Name)
			for _, value := range []string{"0", "-1", "-5s"} {
				for _, given := range [][]string{{"--" + f.Name, value}, {"--" + f.Name + "=" + value}} {
					var out, errw bytes.Buffer
					args := append(strings.Fields(strings.TrimPrefix(node.FullPath(), "lockbay ")), given...)
					code := run(args, strings.NewReader(""), &out, &errw)
					if want := fmt.Sprintf("lockbay: --%s: %q: want ", f.Name, value); code != exitUsage || !strings.HasPrefix(errw.String(), want) || strings.Count(errw.String(), "\n") != 1 {
						t.Errorf("%q: exit status %d, %q, want %d, %s…", args, code, &errw, exitUsage, want)
					}
				}
			}
		}
	}
	if !slices.Contains(tried, "users") || !slices.Contains(tried, "limit") {
		t.Errorf("tried %q", tried)
	}
}
