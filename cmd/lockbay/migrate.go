package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/lockbay/lockbay/dialog"
)

type migrateCmd struct {
	Status migrateStatusCmd `cmd:"" help:"show the versions of the tables"`
	Up     migrateUpCmd     `cmd:"" help:"update the tables, as serve does at its start"`
	Copy   migrateCopyCmd   `cmd:"" help:"copy all conversations into another database; may be interrupted and run again"`
}

// noteOf is a remark about the tables of a component, or "". ok is false if this program cannot use them.
func noteOf(m dialog.Migration) (text string, ok bool) {
	switch {
	case m.Check() != nil:
		return fmt.Sprintf("%s is at version %d, newer than this program", m.Component, m.Have), false
	case m.Have > m.Want:
		return fmt.Sprintf("%s is at version %d, this program knows %d: works, update when convenient", m.Component, m.Have, m.Want), true
	case m.Have < m.Want:
		return fmt.Sprintf("%s goes from version %d to %d at the next start", m.Component, m.Have, m.Want), true
	}
	return "", true
}

// migrationStatus reads the versions of the tables, by kind of database.
var migrationStatus = map[string]func(ctx context.Context, where string) ([]dialog.Migration, error){
	"sqlite":   sqliteStatus,
	"postgres": postgresStatus,
}

type migrateStatusCmd struct {
	JSON bool `name:"json" help:"one JSON array"`
}

func (c *migrateStatusCmd) Run(p *program, set *Settings) error {
	kind, where, err := set.database()
	if err != nil {
		return usageError{err}
	}
	list, err := migrationStatus[kind](p.ctx, where)
	if errors.Is(err, errNoFile) {
		return fmt.Errorf("%w: %s does not exist; lockbay serve creates it", errNoDatabase, where)
	}
	if err != nil {
		return set.databaseTrouble(err)
	}
	if c.JSON {
		return writeJSON(p.out, list)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TABLES OF\tVERSION\tKNOWN HERE")
	for _, m := range list {
		fmt.Fprintf(w, "%s\t%d\t%d\n", m.Component, m.Have, m.Want)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, m := range list {
		if text, _ := noteOf(m); text != "" {
			fmt.Fprintln(p.out, text)
		}
	}
	return nil
}
