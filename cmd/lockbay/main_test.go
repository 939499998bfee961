package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram in the environment makes the test binary the program itself.
const asProgram = "LOCKBAY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE")) // else the race detector lets each program wait for a second at its end
	testscript.Main(m, map[string]func(){"lockbay": main})
}

// TestCommandLine plays the scripts: each is a person at a prompt.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":   exits,
			"oneline": oneLine,
			"mode":    fileMode,
			"field":   field,
			"head":    head,
		},
	})
}

// exits STATUS COMMAND… wants this exit status.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// oneline FILE wants exactly one line.
func oneLine(ts *testscript.TestScript, _ bool, args []string) {
	if s := ts.ReadFile(args[0]); strings.Count(s, "\n") != 1 || !strings.HasSuffix(s, "\n") {
		ts.Fatalf("want one line, got %q", s)
	}
}

// mode FILE OCTAL wants these permissions.
func fileMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

// field FILE NAME VARIABLE sets a variable to the first field of this name in a JSON array.
func field(ts *testscript.TestScript, _ bool, args []string) {
	var list []map[string]any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	ts.Check(d.Decode(&list))
	if d.More() || len(list) == 0 {
		ts.Fatalf("want one array that is not empty")
	}
	v, ok := list[0][args[1]].(string)
	if !ok {
		ts.Fatalf("no field %s", args[1])
	}
	ts.Setenv(args[2], v)
}

// head FILE NEW BYTES cuts a file.
func head(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	b := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b[:n]), 0o600))
}

// Every setting is in a group of the help, and shows its default once.
func TestSettingsHelp(t *testing.T) {
	for _, f := range model(t).Flags {
		if len(f.Envs) > 0 && f.Group == nil {
			t.Errorf("--%s stands in no group of the help", f.Name)
		}
		if regexp.MustCompile(`\(default: `).MatchString(f.Help) && f.Default != "" {
			t.Errorf("--%s tells its default twice", f.Name)
		}
	}
}
