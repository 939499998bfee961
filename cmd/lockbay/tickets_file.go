package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lockbay/lockbay/ticket"
)

// ticketFile reads the tickets of a CSV file, row by row.
type ticketFile struct {
	file    *os.File
	csv     *csv.Reader
	columns map[string]int // name → place
	now     time.Time
	seen    map[string]int // the line of an id
}

// ticketRow is a row of such a file.
type ticketRow struct {
	ticket.Ticket
	line   int
	source string // names it
	cut    bool   // its text was too long
}

// ticketColumns are the columns of a file, with their other names. The first two must be there.
var ticketColumns = [][]string{{"text", "description"}, {"written_at", "created_at"}, {"id"}, {"owner"}, {"class"}}

// openTicketFile opens a file and reads its first line, which has the names of the columns.
func openTicketFile(path string, now time.Time) (*ticketFile, error) {
	file, err := os.Open(path) //nolint:gosec // the operator's own
	if err != nil {
		return nil, err
	}
	f := &ticketFile{file: file, now: now, columns: map[string]int{}, seen: map[string]int{}}
	if err := f.head(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func (f *ticketFile) Close() error { return f.file.Close() }

// head reads the names of the columns. A byte order mark is no part of them, and they may be divided by semicolons or tabs.
func (f *ticketFile) head() error {
	r := bufio.NewReaderSize(f.file, 1<<16)
	begin, err := r.Peek(1 << 12)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	if bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")) {
		return errors.New("this is UTF-16: save it as CSV in UTF-8")
	}
	if bytes.HasPrefix(begin, []byte("\ufeff")) {
		_, _ = r.Discard(len("\ufeff"))
	}
	f.csv = csv.NewReader(r)
	f.csv.ReuseRecord = true
	first, _, _ := bytes.Cut(begin, []byte("\n"))
	for _, comma := range ";\t" {
		if bytes.ContainsRune(first, comma) && !bytes.ContainsRune(first, ',') {
			f.csv.Comma = comma
		}
	}
	names, err := f.csv.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty; its first line has the names of the columns")
	}
	if err != nil {
		return err
	}
	return f.name(names)
}

// name finds the columns by their names.
func (f *ticketFile) name(names []string) error {
	for i, column := range ticketColumns {
		for place, name := range names {
			if !slices.Contains(column, strings.ToLower(strings.TrimSpace(name))) {
				continue
			}
			if _, twice := f.columns[column[0]]; twice {
				return fmt.Errorf("two columns are the %s: leave one", column[0])
			}
			f.columns[column[0]] = place
		}
		if _, ok := f.columns[column[0]]; !ok && i < 2 {
			return fmt.Errorf("no column is called %s; the first line has the names: text, written_at, and if you have them id, owner and class", strings.Join(column, " or "))
		}
	}
	return nil
}

// errRow is the error of one row; the next ones can be read.
type errRow struct{ error }

// next reads a row; io.EOF: there is no other one.
func (f *ticketFile) next() (row ticketRow, err error) {
	fields, err := f.csv.Read()
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad) && errors.Is(bad.Err, csv.ErrFieldCount):
		return row, errRow{fmt.Errorf("line %d has %d columns, and the first line %d", bad.StartLine, len(fields), f.csv.FieldsPerRecord)}
	case errors.As(err, &bad):
		return row, fmt.Errorf("line %d, column %d: %w; what follows cannot be read", bad.StartLine, bad.Column, bad.Err)
	case err != nil:
		return row, err
	}
	row.line, _ = f.csv.FieldPos(0)
	if err := f.fill(&row, fields); err != nil {
		return row, errRow{fmt.Errorf("line %d: %w", row.line, err)}
	}
	return row, nil
}

// fill reads the fields of a row.
func (f *ticketFile) fill(row *ticketRow, fields []string) (err error) {
	of := func(column string) string {
		if place, ok := f.columns[column]; ok {
			return fields[place]
		}
		return ""
	}
	if !utf8.ValidString(strings.Join(fields, "")) {
		return errors.New("it is not UTF-8: save the file as CSV in UTF-8")
	}
	if row.Text, row.cut = ticket.Clean(of("text")); row.Text == "" {
		return errors.New("the text is empty")
	}
	written, err := ticketTime(of("written_at"))
	if err != nil {
		return err
	}
	if written.After(f.now.Add(24 * time.Hour)) {
		return fmt.Errorf("written_at %q is in the future", of("written_at"))
	}
	row.At, row.Owner, row.Class = written.UnixMilli(), strings.TrimSpace(of("owner")), ticket.Class(strings.TrimSpace(of("class")))
	switch {
	case row.Owner != "" && !ticketOwner.MatchString(row.Owner):
		return fmt.Errorf("owner %q is no key of a person, such as tg:1000001", row.Owner)
	case row.Class != "" && !ticket.IsClass(string(row.Class)):
		return fmt.Errorf("class %q is none of %s", string(row.Class), classes())
	}
	return f.identify(row, strings.Clone(strings.TrimSpace(of("id"))))
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
