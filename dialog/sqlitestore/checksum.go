package sqlitestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// A backup has a checksum of its rows in a table of its own. Open drops the
// table: the rows of a database in use change.
const checksumTable = "backup_checksum"

// ErrDamaged is the error of Check for a backup whose rows are not those that
// were backed up.
var ErrDamaged = errors.New("its checksum differs: it is damaged")

// Check compares the rows of the backup at path with its checksum. A database
// without a checksum passes. The file stays as it is.
func Check(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return failed("check "+path, err)
	}
	c, err := open(path, &reading)
	if err != nil {
		return failed("check "+path, err)
	}
	err = c.checkSum(ctx)
	return failed("check "+path, errors.Join(err, c.close()))
}

func (c *conn) checkSum(ctx context.Context) error {
	if has, err := c.hasChecksum(); err != nil || !has {
		return err
	}
	var want []byte
	if err := c.query(`select value from `+checksumTable, nil, func(v []driver.Value) error {
		b, _ := v[0].([]byte)
		want = bytes.Clone(b)
		return nil
	}); err != nil {
		return err
	}
	got, err := c.checksum(ctx)
	if err == nil && !bytes.Equal(got, want) {
		err = ErrDamaged
	}
	return err
}

func (c *conn) hasChecksum() (has bool, err error) {
	err = c.query(`select 1 from sqlite_schema where type = 'table' and name = '`+checksumTable+`'`, nil, func([]driver.Value) error {
		has = true
		return nil
	})
	return has, err
}

// putChecksum adds the checksum to a backup.
func (c *conn) putChecksum(ctx context.Context) error {
	if err := c.dropChecksum(); err != nil {
		return err
	}
	sum, err := c.checksum(ctx)
	if err != nil {
		return err
	}
	if err := c.run(`create table ` + checksumTable + ` (value blob not null)`); err != nil {
		return err
	}
	return c.run(`insert into `+checksumTable+` (value) values (?1)`, sum)
}

func (c *conn) dropChecksum() error {
	has, err := c.hasChecksum()
	if err != nil || !has {
		return err
	}
	return c.run(`drop table ` + checksumTable)
}

// checksum is a hash of all rows of all tables. Pages, indexes and free space do
// not count: restoring builds them anew.
func (c *conn) checksum(ctx context.Context) ([]byte, error) {
	var tables []string
	if err := c.query(`select name from sqlite_schema where type = 'table' and name not like 'sqlite!_%' escape '!' and name <> '`+checksumTable+`' order by name`, nil,
		func(v []driver.Value) error {
			tables = append(tables, fmt.Sprint(v[0]))
			return nil
		}); err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, name := range tables {
		fmt.Fprintf(h, "table %q\n", name)
		if err := c.query(`select * from "`+strings.ReplaceAll(name, `"`, `""`)+`" not indexed`, nil, func(v []driver.Value) error {
			for _, x := range v {
				switch x := x.(type) {
				case []byte:
					fmt.Fprintf(h, "blob %d:", len(x))
					h.Write(x)
				case string:
					fmt.Fprintf(h, "text %d:%s", len(x), x)
				default:
					fmt.Fprintf(h, "%T %v;", x, x)
				}
			}
			h.Write([]byte("\n"))
			return ctx.Err()
		}); err != nil {
			return nil, err
		}
	}
	return h.Sum(nil), nil
}
