package dialog

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
)

// contract ends the name of a migration that older programs cannot live with: it
// drops or changes what they use. Every other migration only expands.
var contract = regexp.MustCompile(`\.contract(?:-(\d+))?\.sql$`)

// Schema is one component of a store's tables, made by migrations that are
// numbered by themselves: the n-th file, by name, makes version n.
//
// Migrations expand: what they add, programs that do not know it leave alone, so
// that older instances go on, start again, and may come back for good. One that
// takes something away ends in ".contract-N.sql": programs that do not know version
// N are shut out. N is the version that the first release had which uses the old
// no more, so that this one still runs beside the contract. Without -N every
// program is shut out that does not know the contract itself.
type Schema struct {
	Name  string
	files fs.FS
	steps []string // in order; the n-th makes version n
}

// NewSchema takes the files *.sql of files for the migrations of a component.
func NewSchema(name string, files fs.FS) Schema {
	steps, _ := fs.Glob(files, "*.sql") // sorted; the pattern is well-formed
	return Schema{name, files, steps}
}

// Version is the newest that this program knows.
func (s Schema) Version() int { return len(s.steps) }

// Step is the migration that makes version n, which is from 1 to Version.
func (s Schema) Step(n int) (name, sql string, err error) {
	b, err := fs.ReadFile(s.files, s.steps[n-1])
	return s.steps[n-1], string(b), err
}

// NeedsName is the component under which a store keeps, beside the version of
// its tables, the lowest version that a program must know to use them. It is
// never lowered.
func (s Schema) NeedsName() string { return s.Name + " needs" }

// State compares what a store has stored with what this program knows: have is
// the version of the tables, 0 for none, and needs what is stored under
// NeedsName, 0 for nothing. Tables without it may be of a time that knew no
// contracts: only a program that knows all of them can use them.
func (s Schema) State(have, needs int) Migration {
	if needs == 0 {
		needs = have
	}
	return Migration{Component: s.Name, Have: have, Want: s.Version(), Needs: needs}
}

// Needs is what a store keeps under NeedsName once all that m lacks is applied.
func (s Schema) Needs(m Migration) int {
	needs := max(m.Needs, 1)
	for n := m.Have + 1; n <= s.Version(); n++ {
		if m := contract.FindStringSubmatch(s.steps[n-1]); m != nil {
			least, err := strconv.Atoi(m[1])
			if err != nil || least > n {
				least = n
			}
			needs = max(needs, least)
		}
	}
	return needs
}

// Migration tells how far one component of a store's tables is.
type Migration struct {
	Component string `json:"component"`
	Have      int    `json:"have"`  // version in the database; 0: none of it
	Want      int    `json:"want"`  // version that this program knows
	Needs     int    `json:"needs"` // lowest version that a program must know to use the tables; 0: none are there
}

// Check is ErrSchemaNewer for tables that this program cannot use.
func (m Migration) Check() error {
	if m.Want < m.Needs {
		return fmt.Errorf("the tables of %q are at version %d, this program knows %d: %w", m.Component, m.Have, m.Want, ErrSchemaNewer)
	}
	return nil
}

// NeedsMigration reports whether there is something to apply to any of them. Tables
// that this program cannot use are an error, see [Migration.Check].
func NeedsMigration(list []Migration) (bool, error) {
	missing := false
	for _, m := range list {
		if err := m.Check(); err != nil {
			return false, err
		}
		missing = missing || m.Have < m.Want
	}
	return missing, nil
}
