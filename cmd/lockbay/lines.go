package main

import (
	"fmt"
	"io"
	"strings"
)

// lines writes a list one thing after the other: a JSON array, or a table.
type lines[T any] struct {
	out    io.Writer
	json   bool
	none   string       // instead of an empty table
	object func(*T) any // in JSON
	table  func([]T) error
	n      int
	page   []T // waits for its table
}

// tablePage is how many lines of a table share their widths.
const tablePage = 500

func (l *lines[T]) add(t *T) error {
	l.n++
	if !l.json {
		if l.page = append(l.page, *t); len(l.page) < tablePage {
			return nil
		}
		return l.flush()
	}
	begin := ",\n  "
	if l.n == 1 {
		begin = "[\n  "
	}
	var b strings.Builder
	if err := writeJSONIn(&b, "  ", l.object(t)); err != nil {
		return err
	}
	_, err := io.WriteString(l.out, begin+strings.TrimSuffix(b.String(), "\n"))
	return err
}

func (l *lines[T]) flush() error {
	err := l.table(l.page)
	l.page = l.page[:0]
	return err
}

func (l *lines[T]) end() error {
	var err error
	switch {
	case l.json && l.n == 0:
		_, err = io.WriteString(l.out, "[]\n")
	case l.json:
		_, err = io.WriteString(l.out, "\n]\n")
	case l.n == 0:
		_, err = fmt.Fprintln(l.out, l.none)
	case len(l.page) > 0:
		err = l.flush()
	}
	return err
}
