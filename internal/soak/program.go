package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// kind names a program that instances run.
type kind string

const (
	today kind = ""                        // built from today's source
	older kind = "older"                   // today's, or the program of -older
	newer kind = "newer"                   // the version after older
	reads kind = "reading"                 // today's, which also reads drafts of newer
	clock kind = "with a clock of its own" // today's, with its clock wrong by wrongBy
)

// wrongBy is the environment variable with the clock's error in seconds, for kind clock. It lacks the prefix of settings,
// since the program rejects unknown settings.
const wrongBy = "SOAK_CLOCK_WRONG_BY"

// Programs builds the programs of instances, each once, at its first use.
type Programs struct {
	built map[kind]func() (string, error)
}

// NewPrograms builds from the module at root into dir. binary, if given, replaces today's program. release, if given, is
// the older program, and today's is then the newer.
func NewPrograms(root, dir, binary, release string) *Programs {
	build := func(e edition) func() (string, error) {
		return sync.OnceValues(func() (string, error) { return e.build(root, dir) })
	}
	given := func(path string) func() (string, error) { return func() (string, error) { return path, nil } }
	p := &Programs{built: map[kind]func() (string, error){today: build(edition{name: "lockbay"}), newer: build(nextVersion), reads: build(readsNext), clock: build(ownClock)}}
	if binary != "" {
		p.built[today] = given(binary)
	}
	p.built[older] = p.built[today]
	if release != "" {
		p.built[older], p.built[newer] = given(release), p.built[today]
	}
	return p
}

// of is the path of a program.
func (p *Programs) of(k kind) (string, error) { return p.built[k]() }

// edition is the program built from today's source with edits. The compiler reads the edited copies through an overlay;
// the source files stay as they are.
type edition struct {
	name  string
	edits []edit
}

// edit replaces a piece of text.
type edit struct {
	file string // in the module; below std/, in the standard library
	was  string // occurs once; empty: the file is new
	is   string
}

// nextVersion is the version after today's. It has another format of drafts, migrates the old one, and adds a column to
// the store.
var nextVersion = edition{name: "lockbay-newer", edits: []edit{
	{"intake/intake.go", "const Version = lockbay.Format\n", "const Version = lockbay.Format + 1\n"},
	{"intake/intake.go", "Name: FlowName, Version: Version, ", "Name: FlowName, Migrate: describedAnew, Version: Version, "},
	{"terms.go", "const Reads = Format\n", "const Reads = Format + 1\n"},
	{"dialog/pgstore/migrations/9999_next.sql", "", nextColumn},
	{"dialog/sqlitestore/migrations/9999_next.sql", "", nextColumn},
	{"intake/next.go", "", `package intake

import "encoding/json"

type plain Draft

type next struct {
	plain
	What string ` + "`json:\"what,omitempty\"`" + `
}

func (d Draft) MarshalJSON() ([]byte, error) {
	is := next{plain(d), d.Description}
	is.Description = ""
	return json.Marshal(is)
}

func (d *Draft) UnmarshalJSON(b []byte) error {
	var is next
	if err := json.Unmarshal(b, &is); err != nil {
		return err
	}
	*d = Draft(is.plain)
	d.Description = is.What
	return nil
}

// describedAnew gives the description its new name.
func describedAnew(_ int, old []byte) ([]byte, error) {
	var d map[string]json.RawMessage
	if err := json.Unmarshal(old, &d); err != nil {
		return nil, err
	}
	if text, ok := d["d"]; ok {
		d["what"] = text
		delete(d, "d")
	}
	return json.Marshal(d)
}
`},
}}

// readsNext is the first of the two releases of a new format. It writes today's format, with the new name beside the old
// one, and reads both formats.
var readsNext = edition{name: "lockbay-reads", edits: []edit{
	{"terms.go", "const Reads = Format\n", "const Reads = Format + 1\n"},
	{"intake/both.go", "", `package intake

import "encoding/json"

type plain Draft

type both struct {
	plain
	What string ` + "`json:\"what,omitempty\"`" + `
}

func (d Draft) MarshalJSON() ([]byte, error) { return json.Marshal(both{plain(d), d.Description}) }

func (d *Draft) UnmarshalJSON(b []byte) error {
	var is both
	if err := json.Unmarshal(b, &is); err != nil {
		return err
	}
	*d = Draft(is.plain)
	if is.What != "" {
		d.Description = is.What
	}
	return nil
}
`},
}}

// nextColumn expands the tables: older programs write rows without knowing it.
const nextColumn = "alter table conversations add column next text not null default 'none';\n"

// ownClock is a program whose wall clock is wrong from the start by a constant. Its monotonic clock is right.
var ownClock = edition{name: "lockbay-clock", edits: []edit{
	{"std/time/time.go", "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n", "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n\tsec += wrongBy\n"},
	{"std/time/wrong.go", "", `package time

import "syscall"

var wrongBy = func() (sec int64) {
	text, _ := syscall.Getenv("` + wrongBy + `")
	sign := int64(1)
	for _, c := range text {
		if c == '-' {
			sign = -1
		} else {
			sec = 10*sec + int64(c-'0')
		}
	}
	return sign * sec
}()
`},
}}

// build builds the program and returns its path.
func (e edition) build(root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, e.name)
	args := []string{"build", "-o", out}
	if len(e.edits) > 0 {
		overlay, err := e.overlay(root, out+".source")
		if err != nil {
			return "", fmt.Errorf("%s: %w", e.name, err)
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.Command("go", append(args, "./cmd/lockbay")...) // #nosec G204 -- our own source
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // the same build with and without the race detector
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", e.name, err, output)
	}
	return out, nil
}

// overlay writes the edited copies and the list of them, and returns the path of the list.
func (e edition) overlay(root, dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	std, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	texts := map[string]string{}
	for _, edit := range e.edits {
		path := filepath.Join(root, edit.file)
		if file, ok := strings.CutPrefix(edit.file, "std/"); ok {
			path = filepath.Join(strings.TrimSpace(string(std)), "src", file)
		}
		text, seen := texts[path]
		if !seen {
			b, err := os.ReadFile(path) // #nosec G304 -- our own source
			if err != nil && (edit.was != "" || !errors.Is(err, os.ErrNotExist)) {
				return "", err
			}
			text = string(b)
		}
		if texts[path], err = edit.apply(text); err != nil {
			return "", err
		}
	}
	replace := map[string]string{}
	for path, text := range texts {
		replace[path] = filepath.Join(dir, fmt.Sprintf("%d-%s", len(replace), filepath.Base(path)))
		if err := os.WriteFile(replace[path], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// apply edits a text. It fails if the text has changed, so that an edition never silently equals today's program.
func (e edit) apply(text string) (string, error) {
	if n := strings.Count(text, e.was); e.was != "" && n != 1 {
		return "", fmt.Errorf("%s has %q %d times, want once: adapt the edit to the source", e.file, e.was, n)
	}
	if e.was == "" {
		if text != "" {
			return "", fmt.Errorf("%s exists already", e.file)
		}
		return e.is, nil
	}
	return strings.Replace(text, e.was, e.is, 1), nil
}
