// Package views holds the strategy's tables as SQL views over conversations and
// events, so that its queries work: users (with conversation_state),
// escrow_drafts, escrows and escrow_funnel. They are migrations that the
// application hands to its store. They are for reading: nothing can be written
// through them. Rows whose answers cannot be read have null in their place.
// Programs list through the store, not through views.
package views

import (
	"embed"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql
var files embed.FS

// SQLite are the views for SQLite.
func SQLite() fs.FS { return sub("sqlite") }

// Postgres are the views for PostgreSQL.
func Postgres() fs.FS { return sub("postgres") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // a constant path
	}
	return f
}
