// Package views has the strategy's tables as SQL views over conversations and
// events, so that its queries work: users (with conversation_state),
// escrow_drafts, escrows and escrow_funnel. The view ledger has the books of all
// deals, a row for each posting. The application passes them to its store as
// migrations. The views are read-only. A row with unreadable answers has null in
// the columns of its answers, and none in the ledger. Programs use the store's
// lists instead of the views.
package views

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite returns the views for SQLite.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres returns the views for PostgreSQL.
func Postgres() fs.FS { return sub("postgres") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // a constant path
	}
	return f
}
