package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// coverage is what each test ran: an import path → the blocks of that file.
type coverage map[string]hits

// hits are the blocks of a file.
type hits map[span]*block

type span struct{ fromLine, fromColumn, toLine, toColumn int }

// block is code without a branch.
type block struct {
	n     int     // how often all tests ran it
	tests []*test // that ran it
}

// at is the smallest block around a position; without one, a block that nothing ran.
func (h hits) at(line, column int) *block {
	best, least := &block{}, -1
	for s, b := range h {
		before := s.fromLine < line || s.fromLine == line && s.fromColumn <= column
		after := s.toLine > line || s.toLine == line && s.toColumn > column
		if size := (s.toLine-s.fromLine)*1000 + s.toColumn - s.fromColumn; before && after && (least < 0 || size < least) {
			best, least = b, size
		}
	}
	return best
}

// read adds what a test binary wrote for -test.coverprofile when it ran one test.
func (c coverage) read(r io.Reader, by *test) error {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := lines.Text()
		colon := strings.LastIndexByte(line, ':')
		if strings.HasPrefix(line, "mode:") || colon < 0 {
			continue
		}
		var s span
		var statements, n int
		if _, err := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d",
			&s.fromLine, &s.fromColumn, &s.toLine, &s.toColumn, &statements, &n); err != nil {
			return fmt.Errorf("coverage %q: %w", line, err)
		}
		file := c[line[:colon]]
		if file == nil {
			file = hits{}
			c[line[:colon]] = file
		}
		b := file[s]
		if b == nil {
			b = &block{}
			file[s] = b
		}
		if n > 0 {
			b.n += n
			b.tests = append(b.tests, by)
		}
	}
	return nil
}
