package dialog

import (
	"encoding/binary"
	"errors"
	"time"
)

// copyFormat is the version of the encoding of a row's copy. Format 1 had a checksum in
// place of a seal.
const (
	copyFormat   = 2
	unsealedCopy = 1
)

var errGarbage = errors.New("not a copy of this row")

// encodeCopy encodes a whole row for the draft store, in little more than half the
// bytes of JSON (base64 alone costs a third) and in a twentieth of the time.
func encodeCopy(row *Row) []byte {
	b := make([]byte, 0, 192+len(row.Key.ID)+len(row.Answers)+len(row.State)+len(row.Seen)+len(row.Shown))
	b = append(b, copyFormat)
	for _, s := range []string{row.Key.Bot, row.Key.Flow, row.Key.ID, row.Owner, row.Guest, row.Draft, row.Step} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, n := range []int64{row.Version, row.Tag, row.DraftTag, row.Revision, int64(row.Schema), int64(row.Format),
		int64(row.Where), millis(row.Created), millis(row.Updated), millis(row.Expires), row.Due} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [][]byte{row.Answers, row.State, row.Seen, row.Shown} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

// decodeCopy decodes the bytes of encodeCopy, which a seal protects. Bytes of another format
// or length are errGarbage. The row shares its bytes with b.
func decodeCopy(b []byte) (*Row, error) {
	if len(b) == 0 || b[0] != copyFormat {
		return nil, errGarbage
	}
	rest := b[1:]
	broken := false
	chunk := func() []byte {
		n, used := binary.Uvarint(rest)
		if used <= 0 || n > uint64(len(rest)-used) {
			broken, rest = true, nil
			return nil
		}
		c := rest[used : used+int(n) : used+int(n)]
		rest = rest[used+int(n):]
		if n == 0 {
			return nil
		}
		return c
	}
	number := func() int64 {
		n, used := binary.Varint(rest)
		if used <= 0 {
			broken, rest = true, nil
			return 0
		}
		rest = rest[used:]
		return n
	}
	row := &Row{}
	for _, s := range []*string{&row.Key.Bot, &row.Key.Flow, &row.Key.ID, &row.Owner, &row.Guest, &row.Draft, &row.Step} {
		*s = string(chunk())
	}
	row.Version, row.Tag, row.DraftTag, row.Revision = number(), number(), number(), number()
	row.Schema, row.Format, row.Where = int(number()), int(number()), Where(number())
	row.Created, row.Updated, row.Expires, row.Due = fromMillis(number()), fromMillis(number()), fromMillis(number()), number()
	row.Answers, row.State, row.Seen, row.Shown = chunk(), chunk(), chunk(), chunk()
	if broken || len(rest) > 0 {
		return nil, errGarbage
	}
	return row, nil
}

// millis is t in unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
