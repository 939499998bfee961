package deal

import (
	"embed"
	"io/fs"

	"github.com/lockbay/lockbay/dialog"
)

var _ dialog.Waiter = (*Flow)(nil)

// Waits implements dialog.Waiter: a deal may wait for an operator for as long as it takes, also
// where nobody is reminded of it. Since its row stays due within dialog.WaitMost, a list of what
// waits leaves out the deals that have ended, however many there are: those are due when their
// people are to be forgotten.
func (*Flow) Waits(r *dialog.Record) bool {
	e, err := Escrow(r)
	return err == nil && e.Waits()
}

//go:embed migrations
var migrations embed.FS

// SQLite returns the migrations of deals for SQLite, a component of its own beside the store's.
func SQLite() fs.FS { return component("sqlite") }

// Postgres returns the migrations of deals for PostgreSQL.
func Postgres() fs.FS { return component("postgres") }

func component(dir string) fs.FS {
	f, err := fs.Sub(migrations, "migrations/"+dir)
	if err != nil {
		panic(err) // a constant path
	}
	return f
}
