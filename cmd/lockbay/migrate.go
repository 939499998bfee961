package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/lockbay/lockbay/dialog"
)

type migrateCmd struct {
	Status migrateStatusCmd `cmd:"" help:"how far the tables are, without changing anything"`
	Up     migrateUpCmd     `cmd:"" help:"bring them up to date, as serve does by itself"`
	Copy   migrateCopyCmd   `cmd:"" help:"copy all conversations into another database; may be cut off and run again"`
}

// noteOf says what is to be known of a component, if anything; ok is false where
// this program cannot use the tables.
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

// migrationStatus by kind of database.
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
		return fmt.Errorf("%w: there is no %s; lockbay serve makes it", errNoDatabase, where)
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
