package arch

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// grows is the head of the table of everything that grows with people.
const grows = "| what grows | bound | tests |"

// TestBoundsAreTested: each bound of the table names tests, and they exist.
func TestBoundsAreTested(t *testing.T) {
	page, err := fs.ReadFile(house(t), "docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := table(string(page), grows)
	if len(rows) < 20 {
		t.Errorf("the table has %d rows", len(rows))
	}
	for _, fault := range untested(rows, house(t)) {
		t.Error(fault)
	}
	at := fstest.MapFS{"dialog/a_test.go": {Data: []byte("package a\n\nfunc TestRow(t *testing.T) {\n}\n")}, "dialog/web/a.go": {Data: []byte("package web\n\nfunc TestBounded() {}\n")}}
	for name, c := range map[string]struct {
		page string
		want int
	}{
		"a test":                {"| a row | 64 KiB | `dialog` TestRow |", 0},
		"no test":               {"| a row | 64 KiB | |", 1},
		"a test that is gone":   {"| a row | 64 KiB | `dialog` TestRow TestRows |", 1},
		"the beginning of one":  {"| a row | 64 KiB | `dialog` TestRo |", 1},
		"in another package":    {"| a row | 64 KiB | `dialog/web` TestRow |", 1},
		"a function of no test": {"| a row | 64 KiB | `dialog/web` TestBounded |", 1},
		"without a package":     {"| a row | 64 KiB | TestRow |", 1},
	} {
		if got := untested(table(grows+"\n|---|---|---|\n"+c.page+"\n\n| another | table | |", grows), at); len(got) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// table returns the cells of the rows below a table's head.
func table(page, head string) (rows [][]string) {
	_, rest, _ := strings.Cut("\n"+page, "\n"+head+"\n")
	for n, line := range strings.Split(rest, "\n") {
		switch {
		case !strings.HasPrefix(line, "|"):
			return rows
		case n > 0: // below the line of dashes
			rows = append(rows, strings.Split(strings.Trim(line, "|"), "|"))
		}
	}
	return rows
}

// untested lists rows without tests, and named tests that the house lacks.
func untested(rows [][]string, house fs.FS) (faults []string) {
	words := regexp.MustCompile("`[^`]+`|Test\\w+")
	for _, row := range rows {
		folder, tests := "", 0
		for _, word := range words.FindAllString(row[len(row)-1], -1) {
			if word[0] == '`' {
				folder = strings.Trim(word, "`")
				continue
			}
			if tests++; folder == "" || !hasTest(house, folder, word) {
				faults = append(faults, "docs/architecture.md: "+folder+" has no "+word)
			}
		}
		if tests == 0 {
			faults = append(faults, "docs/architecture.md: no test of"+row[0])
		}
	}
	return faults
}

// hasTest reports whether a folder has a test of this name.
func hasTest(house fs.FS, folder, name string) bool {
	entries, _ := fs.ReadDir(house, folder)
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		if !strings.HasSuffix(e.Name(), "_test.go") {
			return false
		}
		text, err := fs.ReadFile(house, path.Join(folder, e.Name()))
		return err == nil && strings.Contains(string(text), "\nfunc "+name+"(")
	})
}
