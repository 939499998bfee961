package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"

	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/views"
)

type migrateCmd struct {
	Status migrateStatusCmd `cmd:"" help:"how far the tables are, without changing anything"`
	Up     migrateUpCmd     `cmd:"" help:"bring them up to date, as serve does by itself"`
}

// sqliteOptions hand the store the application's own migrations: the
// strategy's tables as views.
func sqliteOptions() []sqlitestore.Option {
	return []sqlitestore.Option{sqlitestore.WithMigrations("views", views.SQLite())}
}

// migration is one line of migrate status.
type migration struct {
	Component string `json:"component"`
	Have      int    `json:"have"`
	Want      int    `json:"want"`
}

// migrationStatus by kind of database.
var migrationStatus = map[string]func(ctx context.Context, where string) ([]migration, error){
	"sqlite": func(ctx context.Context, path string) ([]migration, error) {
		list, err := sqlitestore.Status(ctx, path, sqliteOptions()...)
		out := []migration{}
		for _, m := range list {
			out = append(out, migration{m.Component, m.Have, m.Want})
		}
		return out, err
	},
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
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s is not there yet; lockbay serve makes it", errNoDatabase, set.databaseName())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDatabase, err)
	}
	if c.JSON {
		return writeJSON(p.out, list)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TABLES OF\tVERSION\tKNOWN HERE")
	for _, m := range list {
		fmt.Fprintf(w, "%s\t%d\t%d\n", m.Component, m.Have, m.Want)
	}
	return w.Flush()
}

type migrateUpCmd struct{}

func (c *migrateUpCmd) Run(p *program, set *Settings) error {
	st, err := set.openStore(p.ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	fmt.Fprintln(p.out, "Up to date:", set.databaseName())
	return nil
}
