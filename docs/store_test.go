package docs

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/internal/treetest"
)

const storePage, storePatch = "write-a-store.md", "testdata/bbolt-store.patch"

// TestWriteAStore: the page's store passes the suite, in a copy of the tree
// with the page's diff, and the page names each case of the suite.
func TestWriteAStore(t *testing.T) {
	tree := treetest.Copy(t)
	files := tree.Apply(storePatch)
	tree.Go("vet", "./dialog/bboltstore")
	out := tree.Go("test", "-v", "-timeout", "10m", "-run", "TestStore|TestArrows", "./dialog/bboltstore", "./internal/arch")
	page := read(t, storePage)
	for _, name := range files {
		if !strings.Contains(page, "`"+name+"`") && !strings.Contains(page, "`"+filepath.Base(name)+"`") {
			t.Errorf("%s does not mention %s of its diff", storePage, name)
		}
	}
	ran := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^    --- PASS: TestStore/(\S+)`).FindAllStringSubmatch(out, -1) {
		ran[strings.ReplaceAll(m[1], "_", " ")] = true
	}
	told := map[string]bool{}
	for _, row := range table(page, "| case |") {
		told[strings.Trim(row[0], "`")] = true
	}
	if !maps.Equal(ran, told) || len(ran) < 20 {
		t.Errorf("the suite has %q\n%s has %q", slices.Sorted(maps.Keys(ran)), storePage, slices.Sorted(maps.Keys(told)))
	}
	quoted(t, tree, page)
}

// quoted wants each Go block of the page to be in the tree.
func quoted(t *testing.T, tree *treetest.Tree, page string) {
	t.Helper()
	var code strings.Builder
	for _, pattern := range []string{"dialog/*.go", "dialog/bboltstore/*.go"} {
		names, err := filepath.Glob(filepath.Join(tree.Dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			code.WriteString(read(t, name))
		}
	}
	for _, block := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		if !strings.Contains(code.String(), block[1]) {
			t.Errorf("%s quotes code that the tree lacks:\n%s", storePage, block[1])
		}
	}
}

// mistakes are the mistakes of the page: a file of its store, the right text,
// and the wrong one.
var mistakes = map[string][3]string{
	"a column is left out": {"row.go",
		`DraftTag: r.DraftTag, `, ``},
	"the version is compared without the tag": {"commit.go",
		`stamp(found) != w.Before`, `stamp(found).Version != w.Before.Version`},
	"a row is created over another": {"commit.go",
		`stamp(found) != w.Before`, `w.Before != (dialog.Stamp{}) && stamp(found) != w.Before`},
	"a lost turn is called a conflict, whatever it lost to": {"commit.go",
		`dialog.Judge(w, found)`, `dialog.Conflicts`},
	"a conflict fails the batch": {"commit.go",
		`return dialog.Judge(w, found), nil`, `return dialog.Judge(w, found), dialog.ErrConflict`},
	"a start is written over the row that is there": {"commit.go",
		`found != nil || slices`, `found == w.After || slices`},
	"one turn starts the same key twice": {"commit.go",
		`keys = append(keys, r.Key)`, ``},
	"events of a lost turn are written": {"commit.go",
		`return dialog.Judge(w, found), nil`, `return dialog.Judge(w, found), log(tx, w.Events)`},
	"a turn writes what is shown": {"commit.go",
		`row.Shown = found.Shown`, `row.Shown = w.After.Shown`},
	"a mark is written over what is there": {"commit.go",
		`!bytes.Equal(found.Shown, m.Had) ||`, `m.Had == nil && !bytes.Equal(found.Shown, m.Had) ||`},
	"a mark is not held against the version of its row": {"commit.go",
		` || found.Version < m.Least`, ``},
	"a due mark moves a row that has gone on": {"commit.go",
		`found == nil || found.Version != m.Version`, `found == nil`},
	"the old index entry stays": {"row.go",
		`tx.Bucket(due).Delete(dueKey(r.Due, r.Key.String()))`, `error(nil)`},
	"Until is taken as exclusive": {"read.go",
		`q.Until.UnixMilli() + 1`, `q.Until.UnixMilli()`},
	"a page begins at the time alone": {"read.go",
		`dueKey(q.After, q.AfterKey)`, `dueKey(q.After, "")`},
	"what is due of every flow is returned": {"read.go",
		`Flow: q.Flow, Deep`, `Deep`},
	"a page of a list begins with the row before": {"read.go",
		`q.After+"\x00"`, `q.After`},
	"the person's own conversation is in the list": {"row.go",
		`if r.Key.ID == r.Owner {`, `if false {`},
	"the guest is left out": {"row.go",
		`[]string{r.Owner, r.Guest}`, `[]string{r.Owner}`},
	"a page of the newest begins at the time alone": {"read.go",
		`newestKey(of, q.AfterCreated, q.After)`, `newestKey(of, q.AfterCreated, "")`},
	"an old entry of the newest stays": {"row.go",
		`tx.Bucket(newest).Delete(k)`, `tx.Bucket(newest).Delete(k[1:])`},
	"people's own conversations are in everyone's list": {"row.go",
		`if r.Key.ID != r.Owner {`, `if true {`},
	"an old entry of everyone's stays": {"row.go",
		`tx.Bucket(everyone).Delete(flowKey(r))`, `error(nil)`},
	"a lease from before the clock was set back blocks": {"lease.go",
		` && l.Until <= now.Add(dialog.LeaseMost+time.Second).UnixMilli()`, ``},
	"the clock is finer than a millisecond": {"store.go",
		`return time.UnixMilli(s.now().UnixMilli()).UTC()`, `return s.now()`},
	"who comes later gets a secret of their own": {"lease.go",
		`if look(tx) == nil {`, `if false {`},
	"Prune has no bound": {"event.go",
		` && len(old) < pruneMost`, ``},
	"leases of machines that are gone stay": {"event.go",
		`return pruneLeases(tx, before)`, `return nil`},
	"the context is not asked": {"store.go",
		"	if err := ctx.Err(); err != nil {\n		return err\n	}\n	return failed(verb, s.db.Update(fn))", "	return failed(verb, s.db.Update(fn))"},
	"a database that is away is an error without a name": {"store.go",
		`%w: %w", verb, dialog.ErrUnavailable, err)`, `%w", verb, err)`},
}

// TestStoreMistakes: each mistake of the page fails the case that the page
// names.
func TestStoreMistakes(t *testing.T) {
	if testing.Short() {
		t.Skip("-short skips the mistakes")
	}
	told := map[string]string{}
	for _, row := range table(read(t, storePage), "| mistake |") {
		told[row[0]] = strings.Trim(row[1], "`")
	}
	if want, got := slices.Sorted(maps.Keys(mistakes)), slices.Sorted(maps.Keys(told)); !slices.Equal(want, got) {
		t.Fatalf("the test makes %q\n%s has %q", want, storePage, got)
	}
	tree := treetest.Copy(t)
	tree.Apply(storePatch)
	binaries := map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(mistakes)) {
		binaries[name] = fmt.Sprintf("wrong%02d", i)
		plant(t, tree, binaries[name], mistakes[name])
	}
	tree.Go("test", "-c", "-ldflags=-s -w", "-o", "bin/", "./dialog/wrong/...")
	for name, binary := range binaries {
		t.Run(name, func(t *testing.T) {
			part := strings.ReplaceAll(told[name], " ", "_")
			out, err := tree.Try(filepath.Join(tree.Dir, "bin", binary+".test"), "-test.timeout=2m", "-test.run=^TestStore$/^"+part+"$")
			if err == nil || !strings.Contains(out, "--- FAIL: TestStore/"+part) {
				t.Errorf("the case %q does not see it: %v\n%s", told[name], err, out)
			}
		})
	}
}

// plant copies the store and adds one mistake.
func plant(t *testing.T, tree *treetest.Tree, name string, mistake [3]string) {
	t.Helper()
	from, to := filepath.Join(tree.Dir, "dialog/bboltstore"), filepath.Join(tree.Dir, "dialog/wrong", name)
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(to, mistake[0])
	good := read(t, file)
	bad := strings.Replace(good, mistake[1], mistake[2], 1)
	if bad == good {
		t.Fatalf("%s has no %q", mistake[0], mistake[1])
	}
	if err := os.WriteFile(file, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
}

// table returns the rows of the table whose head begins with head, without the
// head.
func table(page, head string) (rows [][]string) {
	_, rest, _ := strings.Cut(page, "\n"+head)
	for i, line := range strings.Split(rest, "\n") {
		if i < 2 {
			continue
		}
		if !strings.HasPrefix(line, "|") {
			break
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
