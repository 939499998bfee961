package pgstore

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// statement is a statement of the hot path. It is prepared once a connection under its
// name, if the connection's mode allows that.
type statement struct{ name, sql string }

// script is a list of statements that share one round trip. Parameters and results are
// binary, and are encoded here: pgx's encoding of arrays costs more than all the rest of
// a commit in this process.
type script struct {
	conn     *pgconn.PgConn
	pipe     *pgconn.Pipeline
	prepared map[string]bool // by name, of the connection; nil: statements are not prepared
	pending  []string        // being prepared by this script
	sent     []sent
}

type sent struct {
	each func(row [][]byte) // nil: rows are ignored. row is valid during the call only
	tag  string             // the server's command tag
}

const preparedKey = "dialog/pgstore"

func newScript(ctx context.Context, c *pgx.Conn) *script {
	x := &script{conn: c.PgConn()}
	if c.Config().DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		data := x.conn.CustomData()
		x.prepared, _ = data[preparedKey].(map[string]bool)
		if x.prepared == nil {
			x.prepared = map[string]bool{}
			data[preparedKey] = x.prepared
		}
	}
	x.pipe = x.conn.StartPipeline(ctx)
	return x
}

var binaryFormat = []int16{1}

// send queues a statement and returns its number.
func (x *script) send(st *statement, each func(row [][]byte), params ...[]byte) int {
	x.sent = append(x.sent, sent{each: each})
	var formats []int16
	if len(params) > 0 {
		formats = binaryFormat
	}
	if x.prepared == nil {
		x.pipe.SendQueryParams(st.sql, params, nil, formats, binaryFormat)
		return len(x.sent) - 1
	}
	if !x.prepared[st.name] {
		x.pipe.SendPrepare(st.name, st.sql, nil)
		x.prepared[st.name] = true // for the rest of this script; undone if preparing fails
		x.pending = append(x.pending, st.name)
	}
	x.pipe.SendQueryPrepared(st.name, params, formats, binaryFormat)
	return len(x.sent) - 1
}

// run sends the queued statements and reads the answers. After an error, at is the number
// of the statement that failed; all before it were done. A transaction that an error
// leaves open is rolled back.
func (x *script) run(ctx context.Context) (at int, err error) {
	err = x.pipe.Sync()
	for more := err == nil; more; {
		var e error
		if more, e = x.answer(&at, err == nil); e == nil {
			continue
		}
		if err == nil {
			err = e
		}
		more = more || code(e) != "" // the remaining answers follow an error of the server
	}
	for _, name := range x.pending {
		delete(x.prepared, name)
	}
	if e := x.pipe.Close(); err == nil {
		err = e
	}
	if err != nil && !x.conn.IsClosed() && x.conn.TxStatus() != 'I' {
		if _, e := x.conn.Exec(ctx, "rollback").ReadAll(); e != nil {
			err = errors.Join(err, e)
		}
	}
	return at, err
}

// answer reads one answer; more is false after the last. While well, at counts the
// statements that are done.
func (x *script) answer(at *int, well bool) (more bool, err error) {
	result, err := x.pipe.GetResults()
	if err != nil {
		return false, err
	}
	switch result := result.(type) {
	case nil:
		return false, nil
	case *pgconn.StatementDescription:
		x.pending = x.pending[1:]
	case *pgconn.ResultReader:
		s := &x.sent[*at]
		for result.NextRow() {
			if s.each != nil {
				s.each(result.Values())
			}
		}
		tag, err := result.Close()
		if err != nil {
			return false, err
		}
		s.tag = tag.String()
		if well {
			*at++
		}
	}
	return true, nil
}

func int8Param(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func boolParam(v bool) []byte {
	if v {
		return []byte{1}
	}
	return []byte{0}
}

// byteaParam encodes no bytes as null.
func byteaParam(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func int8Value(b []byte) int64 {
	if len(b) != 8 {
		return 0 // null
	}
	return int64(binary.BigEndian.Uint64(b))
}

// array encodes n elements. each appends element i to b, or reports that it is null.
func array(oid uint32, n int, each func(b []byte, i int) (with []byte, null bool)) []byte {
	b := make([]byte, 0, 20+n*24)
	for _, word := range []uint32{1, 1, oid, uint32(n), 1} { // dimensions, nulls, element, length, first index
		b = binary.BigEndian.AppendUint32(b, word)
	}
	for i := range n {
		at := len(b)
		b = append(b, 0, 0, 0, 0)
		with, null := each(b, i)
		size := uint32(len(with) - at - 4)
		if null {
			with, size = with[:at+4], ^uint32(0)
		}
		binary.BigEndian.PutUint32(with[at:], size)
		b = with
	}
	return b
}

func int8Array(n int, each func(i int) int64) []byte {
	return array(pgtype.Int8OID, n, func(b []byte, i int) ([]byte, bool) {
		return binary.BigEndian.AppendUint64(b, uint64(each(i))), false
	})
}

// int8NullArray encodes 0 as null.
func int8NullArray(n int, each func(i int) int64) []byte {
	return array(pgtype.Int8OID, n, func(b []byte, i int) ([]byte, bool) {
		v := each(i)
		return binary.BigEndian.AppendUint64(b, uint64(v)), v == 0
	})
}

func textArray(n int, each func(i int) string) []byte {
	return array(pgtype.TextOID, n, func(b []byte, i int) ([]byte, bool) { return append(b, each(i)...), false })
}

// textNullArray encodes the empty string as null.
func textNullArray(n int, each func(i int) string) []byte {
	return array(pgtype.TextOID, n, func(b []byte, i int) ([]byte, bool) {
		v := each(i)
		return append(b, v...), v == ""
	})
}

// byteaArray encodes no bytes as null.
func byteaArray(n int, each func(i int) []byte) []byte {
	return array(pgtype.ByteaOID, n, func(b []byte, i int) ([]byte, bool) {
		v := each(i)
		return append(b, v...), len(v) == 0
	})
}
