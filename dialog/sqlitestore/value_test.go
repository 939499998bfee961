package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// handmade are values of every type, as SQL.
var handmade = []string{`'word'`, `''`, `x'00'`, `x''`, `x'7a6f'`, `1.5`, `1e300`, `9223372036854775807`, `-7`, `'12'`, `char(0)`, `null`}

// set writes a value by hand; false: SQLite rejects it.
func (s *Store) set(t *testing.T, column, value, where string) bool {
	t.Helper()
	c, err := s.writer.take(context.Background())
	must(t, err)
	defer s.writer.put(c)
	return c.script(context.Background(), `update conversations set `+column+` = `+value+` where `+where) == nil
}

// image is a row as it lies in the file.
func (s *Store) image(t *testing.T, where string) string {
	t.Helper()
	var list []string
	for _, c := range columnNames {
		list = append(list, `quote(`+c+`)`)
	}
	return fmt.Sprint(s.sql(t, `select `+strings.Join(list, ` || ' ' || `)+` from conversations where `+where))
}

// A value of any type in any column ends no call of another row: it is read, or its row
// is left out, told and left as it is.
func TestHandmadeValues(t *testing.T) {
	for _, column := range columnNames {
		for _, value := range handmade {
			t.Run(column+" "+value, func(t *testing.T) {
				var told []string
				s := openAt(t, filepath.Join(t.TempDir(), "test.db"), WithTrouble(func(what string, _ error) { told = append(told, what) }))
				must(t, put(s, "a", "b", "c"))
				s.sql(t, `update conversations set due = 1`)
				if !s.set(t, column, value, `key = 'bot:flow:b'`) {
					return // SQLite rejects it: no row has this value
				}
				mine := `key <> 'bot:flow:a' and key <> 'bot:flow:c'`
				before := s.image(t, mine)
				_, errHead := s.Head(t.Context(), key("b"))
				row, err := s.Load(t.Context(), key("b"))
				for _, err := range []error{errHead, err} {
					if err != nil && !errors.Is(err, dialog.ErrSchemaNewer) && !errors.Is(err, dialog.ErrNotFound) || errors.Is(err, dialog.ErrUnavailable) {
						t.Errorf("load: %v", err)
					}
				}
				for page := 1; page <= 3; page++ {
					var due, listed []string
					for q := (dialog.DueQuery{Until: time.UnixMilli(1), Limit: page}); ; {
						rows, err := s.Due(t.Context(), q)
						must(t, err)
						for _, r := range rows {
							due = append(due, r.Key.ID)
							q.After, q.AfterKey = r.Due, r.Key.String()
						}
						if len(rows) < page {
							break
						}
					}
					for q := (dialog.Query{Bot: "bot", Limit: page, Deep: true}); ; {
						rows, err := s.List(t.Context(), q)
						must(t, err)
						for _, r := range rows {
							listed = append(listed, r.Key.ID)
							q.After = r.Key.String()
						}
						if len(rows) < page {
							break
						}
					}
					for what, list := range map[string][]string{"due": due, "listed": listed} {
						if !slices.Contains(list, "a") || !slices.Contains(list, "c") || column != "key" && column != "due" && slices.Contains(list, "b") != (err == nil) {
							t.Errorf("%s %q; row b: %v", what, list, err)
						}
					}
				}
				if err != nil && column != "key" && column != "due" && len(told) != 1 {
					t.Errorf("told %q", told)
				}
				if after := s.image(t, mine); after != before {
					t.Errorf("changed:\n%s\n%s", before, after)
				}
				mark := dialog.ShownMark{Key: key("b"), New: []byte("[]"), Least: 1}
				if row != nil {
					mark.Had, mark.Least = row.Shown, row.Version
				}
				other, errOther := s.Load(t.Context(), key("a"))
				must(t, errOther)
				next := *other
				next.Version, next.Tag = 2, 2
				done, errCommit := s.Commit(t.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: other.Stamp(), After: &next}},
					Shown: []dialog.ShownMark{mark}, Due: []dialog.DueMark{{Key: key("b"), Version: 1, Due: 1}}})
				if errCommit != nil || done.Verdicts[0] != dialog.Applied || row != nil && !done.Marked[0].Applied {
					t.Errorf("commit: %+v, %v", done, errCommit)
				}
			})
		}
	}
}

// Bytes written by hand as text, or as a number, are read.
func TestHandmadeBytes(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	must(t, put(s, "a"))
	s.sql(t, `update conversations set answers = json_set('{"size":"large"}', '$.count', 2), state = cast(x'7b7d' as text), seen = 'seenseen', shown = 5`)
	r, err := s.Load(t.Context(), key("a"))
	must(t, err)
	if got := fmt.Sprintf("%s %s %s %s", r.Answers, r.State, r.Seen, r.Shown); got != `{"size":"large","count":2} {} seenseen 5` {
		t.Errorf("read %s", got)
	}
	s.sql(t, `insert into secrets (name, value) values ('key', 'secret')`)
	if secret, err := s.Secret(t.Context(), "key", []byte("other")); err != nil || string(secret) != "secret" {
		t.Errorf("%s, %v", secret, err)
	}
}

// The condition of lists is the one of the reader, for any key.
func TestReadableKeys(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	must(t, put(s, "a"))
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		k := ""
		for range rnd.IntN(9) {
			k += string(":::ab*?[\n"[rnd.IntN(9)])
		}
		s.sql(t, `update conversations set key = ?`, k)
		_, err := dialog.ParseKey(k)
		rows, errList := s.List(t.Context(), dialog.Query{})
		must(t, errList)
		if (err == nil) != (len(rows) == 1) {
			t.Errorf("key %q: %v, %d rows", k, err, len(rows))
		}
	}
}

// A copy of all rows says which one it cannot read.
func TestStrictList(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"))
	must(t, put(s, "a", "b"))
	s.sql(t, `update conversations set owner = x'00' where key = 'bot:flow:b'`)
	if rows, err := s.List(t.Context(), dialog.Query{Strict: true}); !errors.Is(err, dialog.ErrSchemaNewer) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
