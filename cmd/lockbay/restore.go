package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/lockbay/lockbay/dialog/sqlitestore"
)

// onlyOurs removes the parts of the database at part that LockBay did not make: triggers, and the tables, views,
// indexes and columns that a new database in folder room lacks. From a newer program's database it removes triggers
// only, because its tables are unknown here. LockBay has no triggers.
func onlyOurs(ctx context.Context, room, part string) error {
	pattern := filepath.Join(room, "pattern.db")
	st, err := sqlitestore.Open(ctx, pattern, sqliteOptions()...)
	if err != nil {
		return err
	}
	if err := st.Close(); err != nil {
		return err
	}
	ours, err := partsOf(ctx, pattern)
	if err != nil {
		return err
	}
	there, err := partsOf(ctx, part)
	if err != nil {
		return err
	}
	list, err := sqliteStatus(ctx, part)
	if err != nil {
		return err
	}
	newer := false
	for _, m := range list {
		newer = newer || m.Have > m.Want
	}
	db, err := sql.Open("sqlite", part)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, kind := range []string{"trigger", "view", "index", "table", "column"} { // none needs one that comes later
		for _, p := range there {
			if p.kind != kind || has(ours, p) || newer && kind != "trigger" || kind == "column" && !has(ours, schemaPart{"table", p.table, p.table}) {
				continue
			}
			if _, err := db.ExecContext(ctx, p.drop()); err != nil {
				return fmt.Errorf("%s %s of somebody else: %w", p.kind, p.name, err)
			}
		}
	}
	return db.Close()
}

// schemaPart is a part of a database's schema. Its kind is trigger, view, index, table or column.
type schemaPart struct{ kind, name, table string }

func has(list []schemaPart, p schemaPart) bool {
	for _, x := range list {
		if x.kind == p.kind && strings.EqualFold(x.name, p.name) && (p.kind != "column" || strings.EqualFold(x.table, p.table)) {
			return true
		}
	}
	return false
}

// drop is the statement that takes the part away.
func (p schemaPart) drop() string {
	quoted := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	if p.kind == "column" {
		return "alter table " + quoted(p.table) + " drop column " + quoted(p.name)
	}
	return "drop " + p.kind + " " + quoted(p.name)
}

// partsOf reads the schema of the database at path, without SQLite's own parts.
func partsOf(ctx context.Context, path string) (list []schemaPart, err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, `select type, name, tbl_name from sqlite_schema where name not like 'sqlite\_%' escape '\'
		union all select 'column', c.name, t.name from sqlite_schema t, pragma_table_xinfo(t.name) c where t.type = 'table' and t.name not like 'sqlite\_%' escape '\'`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p schemaPart
		if err := rows.Scan(&p.kind, &p.name, &p.table); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}
