package pgstore

import (
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// rowParams are the parameters for the key and turnColumns.
func rowParams(rows []*dialog.Row) [][]byte {
	n := len(rows)
	text := func(of func(r *dialog.Row) string) []byte {
		return textArray(n, func(i int) string { return of(rows[i]) })
	}
	number := func(of func(r *dialog.Row) int64) []byte {
		return int8Array(n, func(i int) int64 { return of(rows[i]) })
	}
	null := func(of func(r *dialog.Row) int64) []byte {
		return int8NullArray(n, func(i int) int64 { return of(rows[i]) })
	}
	data := func(of func(r *dialog.Row) []byte) []byte {
		return byteaArray(n, func(i int) []byte { return of(rows[i]) })
	}
	return [][]byte{
		text(func(r *dialog.Row) string { return r.Key.String() }),
		text(func(r *dialog.Row) string { return r.Owner }),
		text(func(r *dialog.Row) string { return r.Step }),
		text(func(r *dialog.Row) string { return r.Draft }),
		number(func(r *dialog.Row) int64 { return r.Version }),
		number(func(r *dialog.Row) int64 { return r.Tag }),
		number(func(r *dialog.Row) int64 { return r.DraftTag }),
		number(func(r *dialog.Row) int64 { return r.Revision }),
		null(func(r *dialog.Row) int64 { return millis(r.Created) }),
		null(func(r *dialog.Row) int64 { return millis(r.Updated) }),
		null(func(r *dialog.Row) int64 { return millis(r.Expires) }),
		null(func(r *dialog.Row) int64 { return r.Due }),
		number(func(r *dialog.Row) int64 { return int64(r.Schema) }),
		number(func(r *dialog.Row) int64 { return int64(r.Format) }),
		number(func(r *dialog.Row) int64 { return int64(r.Where) }),
		data(func(r *dialog.Row) []byte { return r.Answers }),
		data(func(r *dialog.Row) []byte { return r.State }),
		data(func(r *dialog.Row) []byte { return r.Seen }),
		textNullArray(n, func(i int) string { return rows[i].Guest }),
	}
}

func shownParam(rows []*dialog.Row) []byte {
	return byteaArray(len(rows), func(i int) []byte { return rows[i].Shown })
}

// eventParams are the parameters for eventColumns.
func eventParams(list []dialog.Event) [][]byte {
	n := len(list)
	text := func(of func(e *dialog.Event) string) []byte {
		return textNullArray(n, func(i int) string { return of(&list[i]) })
	}
	return [][]byte{
		int8Array(n, func(i int) int64 { return list[i].At.UnixMilli() }),
		textArray(n, func(i int) string { return string(list[i].Kind) }),
		textArray(n, func(i int) string { return list[i].Key }),
		text(func(e *dialog.Event) string { return e.Draft }),
		text(func(e *dialog.Event) string { return e.Step }),
		text(func(e *dialog.Event) string { return e.Mode }),
		text(func(e *dialog.Event) string { return e.Variant }),
		text(func(e *dialog.Event) string { return e.Instance }),
		text(func(e *dialog.Event) string { return e.Cause }),
		text(func(e *dialog.Event) string { return e.Source }),
		int8NullArray(n, func(i int) int64 { return list[i].Took.Microseconds() }),
	}
}

// millis is t in unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
