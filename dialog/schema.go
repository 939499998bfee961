package dialog

import (
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
)

// contract ends the name of a migration that drops or changes what older programs use.
// Every other migration only adds.
var contract = regexp.MustCompile(`\.contract(?:-(\d+))?\.sql$`)

// Schema is one component of a store's tables, made by numbered migrations: the n-th
// file, by name, makes version n.
//
// Most migrations add. Older programs ignore the additions, so they go on, may restart,
// and a rollback to them works. The name of a migration that takes something away ends
// in ".contract-N.sql": programs that do not know version N are shut out. N is the
// version of the first release that does not use what goes, so that release still runs
// beside the contract. Without -N the contract shuts out every program that does not know
// it.
type Schema struct {
	Name  string
	files fs.FS
	steps []string // in order; the n-th makes version n
}

// NewSchema makes a component whose migrations are the files *.sql of files.
func NewSchema(name string, files fs.FS) Schema {
	steps, _ := fs.Glob(files, "*.sql") // sorted; the pattern is well-formed
	return Schema{name, files, steps}
}

// Version is the newest version that this program knows.
func (s Schema) Version() int { return len(s.steps) }

// Step is the migration that makes version n, from 1 to Version.
func (s Schema) Step(n int) (name, sql string, err error) {
	b, err := fs.ReadFile(s.files, s.steps[n-1])
	return s.steps[n-1], string(b), err
}

// NeedsName is the component under which a store keeps the lowest version that a program
// must know to use the tables. That version is never lowered.
func (s Schema) NeedsName() string { return s.Name + " needs" }

// State compares the tables of a store with this program: have is the version of the
// tables, 0 for none, and needs the version stored under NeedsName, 0 for none. Tables
// without a stored needs want a program that knows all of have.
func (s Schema) State(have, needs int) Migration {
	if needs == 0 {
		needs = have
	}
	return Migration{Component: s.Name, Have: have, Want: s.Version(), Needs: needs}
}

// Needs is the version to store under NeedsName once all that m lacks is applied.
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

// Migration is the state of one component of a store's tables.
type Migration struct {
	Component string `json:"component"`
	Have      int    `json:"have"`  // version in the database; 0: no tables
	Want      int    `json:"want"`  // version that this program knows
	Needs     int    `json:"needs"` // lowest version that a program must know to use the tables; 0: no tables
}

// Check returns ErrSchemaNewer for tables that this program cannot use.
func (m Migration) Check() error {
	if m.Want < m.Needs {
		return fmt.Errorf("the tables of %q are at version %d, this program knows %d: %w", m.Component, m.Have, m.Want, ErrSchemaNewer)
	}
	return nil
}

// NeedsMigration reports whether a component lacks a migration. Tables that this program
// cannot use are an error, see [Migration.Check].
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
