package sqlitestore

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// SQLite keeps the type of each value, not of its column: a value written by hand may
// have any type. Bytes are read from every type. A row whose other columns have the wrong
// type cannot be read: it is dialog.ErrSchemaNewer, lists leave it out, and it stays as
// it is.

// readable is the condition of rows that row can read.
var readable = `typeof(key) = 'text' and key glob '[^:]*:[^:]*:?*' and flow <> ''` +
	typed(`text`, `owner draft_id conversation_state`) +
	typed(`integer`, `version tag draft_tag revision schema format draft_at`) +
	typed(`integer', 'null`, `created updated expires due`) +
	typed(`text', 'null`, `guest`)

func typed(types, columns string) (condition string) {
	for _, c := range strings.Fields(columns) {
		condition += ` and typeof(` + c + `) in ('` + types + `')`
	}
	return condition
}

// values reads columns; err is the first that has the wrong type.
type values struct {
	v   []driver.Value
	err error
}

var columnNames = strings.Split(rowColumns, ", ")

func (c *values) wrong(i int, want string) {
	if c.err == nil {
		c.err = fmt.Errorf("column %s is no %s: %w", columnNames[i], want, dialog.ErrSchemaNewer)
	}
}

func (c *values) text(i int) string {
	s, ok := c.v[i].(string)
	if !ok {
		c.wrong(i, "text")
	}
	return s
}

func (c *values) number(i int) int64 {
	n, ok := c.v[i].(int64)
	if !ok {
		c.wrong(i, "integer")
	}
	return n
}

// orNull is 0 for null.
func (c *values) orNull(i int) int64 {
	if c.v[i] == nil {
		return 0
	}
	return c.number(i)
}

func (c *values) time(i int) time.Time {
	if c.v[i] == nil {
		return time.Time{}
	}
	return time.UnixMilli(c.number(i)).UTC()
}

// blob is a value of any type as bytes, as SQLite casts it.
func blob(v driver.Value) []byte {
	switch v := v.(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	case int64:
		return strconv.AppendInt(nil, v, 10)
	case float64:
		return strconv.AppendFloat(nil, v, 'g', -1, 64)
	}
	return nil
}
