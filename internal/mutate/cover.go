package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// hits are the blocks of a file with the count of their runs.
type hits []block

type block struct {
	fromLine, fromColumn, toLine, toColumn int
	n                                      int
}

// count is how often the code at a position ran: that of the smallest block around it.
func (h hits) count(line, column int) (n int) {
	best := -1
	for _, b := range h {
		before := b.fromLine < line || b.fromLine == line && b.fromColumn <= column
		after := b.toLine > line || b.toLine == line && b.toColumn > column
		if size := (b.toLine-b.fromLine)*1000 + b.toColumn - b.fromColumn; before && after && (best < 0 || size < best) {
			best, n = size, b.n
		}
	}
	return n
}

// readProfile reads what a test binary wrote for -test.coverprofile: file, as an import
// path → its blocks.
func readProfile(r io.Reader) (map[string]hits, error) {
	out := map[string]hits{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		line := lines.Text()
		colon := strings.LastIndexByte(line, ':')
		if strings.HasPrefix(line, "mode:") || colon < 0 {
			continue
		}
		var b block
		var statements int
		if _, err := fmt.Sscanf(line[colon+1:], "%d.%d,%d.%d %d %d",
			&b.fromLine, &b.fromColumn, &b.toLine, &b.toColumn, &statements, &b.n); err != nil {
			return nil, fmt.Errorf("coverage %q: %w", line, err)
		}
		out[line[:colon]] = append(out[line[:colon]], b)
	}
	return out, nil
}
