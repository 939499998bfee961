package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// table reads a CSV file, row by row. Its first line has the names of the columns. What is in a field is text: a formula is
// no more than its characters.
type table struct {
	csv     *csv.Reader
	columns map[string]int // name → place
	fields  []string       // of the row
	line    int            // of the row
}

// tableColumns are the columns of a table, each with its other names.
type tableColumns struct {
	names  [][]string
	needed int    // the first ones must be there
	want   string // what the first line may have, for people
}

// openTable reads the first line. A byte order mark is no part of a name, and columns may be divided by semicolons or tabs.
func openTable(file io.Reader, columns tableColumns) (*table, error) {
	r := bufio.NewReaderSize(file, 1<<16)
	begin, err := r.Peek(1 << 12)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	if bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")) {
		return nil, errors.New("this is UTF-16: save it as CSV in UTF-8")
	}
	if bytes.HasPrefix(begin, []byte("\ufeff")) {
		_, _ = r.Discard(len("\ufeff"))
	}
	t := &table{csv: csv.NewReader(r), columns: map[string]int{}}
	t.csv.ReuseRecord = true
	first, _, _ := bytes.Cut(begin, []byte("\n"))
	for _, comma := range ";\t" {
		if bytes.ContainsRune(first, comma) && !bytes.ContainsRune(first, ',') {
			t.csv.Comma = comma
		}
	}
	names, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty; its first line has the names of the columns")
	}
	if err != nil {
		return nil, err
	}
	return t, t.name(names, columns)
}

// name finds the columns by their names.
func (t *table) name(names []string, columns tableColumns) error {
	for i, column := range columns.names {
		for place, name := range names {
			if !slices.Contains(column, strings.ToLower(strings.TrimSpace(name))) {
				continue
			}
			if _, twice := t.columns[column[0]]; twice {
				return fmt.Errorf("two columns are the %s: leave one", column[0])
			}
			t.columns[column[0]] = place
		}
		if !t.has(column[0]) && i < columns.needed {
			return fmt.Errorf("no column is called %s; the first line has the names: %s", strings.Join(column, " or "), columns.want)
		}
	}
	return nil
}

// has reports whether there is such a column.
func (t *table) has(column string) bool {
	_, ok := t.columns[column]
	return ok
}

// of is the row's field of a column, without spaces around it; empty without such a column.
func (t *table) of(column string) string {
	if place, ok := t.columns[column]; ok {
		return strings.TrimSpace(t.fields[place])
	}
	return ""
}

// errRow is the error of one row; the next ones can be read.
type errRow struct{ error }

// wrong is an error of the row.
func (t *table) wrong(err error) error { return errRow{fmt.Errorf("line %d: %w", t.line, err)} }

// next reads a row; io.EOF: there is no other one.
func (t *table) next() (err error) {
	t.fields, err = t.csv.Read()
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad) && errors.Is(bad.Err, csv.ErrFieldCount):
		return errRow{fmt.Errorf("line %d has %d columns, and the first line %d", bad.StartLine, len(t.fields), t.csv.FieldsPerRecord)}
	case errors.As(err, &bad):
		return fmt.Errorf("line %d, column %d: %w; what follows cannot be read", bad.StartLine, bad.Column, bad.Err)
	case err != nil:
		return err
	}
	if t.line, _ = t.csv.FieldPos(0); !utf8.ValidString(strings.Join(t.fields, "")) {
		return t.wrong(errors.New("it is not UTF-8: save the file as CSV in UTF-8"))
	}
	return nil
}
