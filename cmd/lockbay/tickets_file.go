package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/lockbay/lockbay/ticket"
)

// ticketFile reads the tickets of a CSV file, row by row.
type ticketFile struct {
	*table
	file *os.File
	now  time.Time
	seen map[string]int // the line of an id
}

// ticketRow is a row of such a file.
type ticketRow struct {
	ticket.Ticket
	line   int
	source string // names it
	cut    bool   // its text was too long
}

// ticketColumns are the columns of a file.
var ticketColumns = tableColumns{
	names:  [][]string{{"text", "description"}, {"written_at", "created_at"}, {"id"}, {"owner"}, {"class"}},
	needed: 2,
	want:   "text, written_at, and if you have them id, owner and class",
}

// openTicketFile opens a file and reads its first line, which has the names of the columns.
func openTicketFile(path string, now time.Time) (*ticketFile, error) {
	file, err := os.Open(path) //nolint:gosec // the operator's own
	if err != nil {
		return nil, err
	}
	f := &ticketFile{file: file, now: now, seen: map[string]int{}}
	if f.table, err = openTable(file, ticketColumns); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f *ticketFile) Close() error { return f.file.Close() }

// next reads a row; io.EOF: there is no other one.
func (f *ticketFile) next() (row ticketRow, err error) {
	if err := f.table.next(); err != nil {
		return row, err
	}
	row.line = f.line
	if err := f.fill(&row); err != nil {
		return row, f.wrong(err)
	}
	return row, nil
}

// fill reads the fields of a row.
func (f *ticketFile) fill(row *ticketRow) (err error) {
	if row.Text, row.cut = ticket.Clean(f.of("text")); row.Text == "" {
		return errors.New("the text is empty")
	}
	written, err := ticketTime(f.of("written_at"))
	if err != nil {
		return err
	}
	if written.After(f.now.Add(24 * time.Hour)) {
		return fmt.Errorf("written_at %q is in the future", f.of("written_at"))
	}
	row.At, row.Owner, row.Class = written.UnixMilli(), f.of("owner"), ticket.Class(f.of("class"))
	switch {
	case row.Owner != "" && !ticketOwner.MatchString(row.Owner):
		return fmt.Errorf("owner %q is no key of a person, such as tg:1000001", row.Owner)
	case row.Class != "" && !ticket.IsClass(string(row.Class)):
		return fmt.Errorf("class %q is none of %s", string(row.Class), classes())
	}
	return f.identify(row, strings.Clone(f.of("id")))
}

// ticketOwner is the key of a person.
var ticketOwner = regexp.MustCompile(`^(tg:[1-9][0-9]{0,18}|web:[0-9a-z]{24}|tty:[^\s]{1,64})$`)

// identify names the row by its id, else by all that it has.
func (f *ticketFile) identify(row *ticketRow, id string) error {
	row.source = cmp.Or(id, fmt.Sprint(row.At, "\x00", row.Owner, "\x00", row.Text))
	if id == "" {
		return nil
	}
	if line := f.seen[id]; line > 0 {
		return fmt.Errorf("id %q stands in line %d, too", id, line)
	}
	f.seen[id] = row.line
	return nil
}

// ticketTimes are the forms of a time in such a file; without a zone it is UTC.
var ticketTimes = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", time.DateOnly}

func ticketTime(text string) (time.Time, error) {
	for _, form := range ticketTimes {
		if at, err := time.Parse(form, strings.TrimSpace(text)); err == nil && (!strings.Contains(form, "MST") || at.Location() == time.UTC) {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("written_at %q is no time such as 2026-11-30T14:05:00Z or 2026-11-30 14:05", text)
}
