package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/lockbay/lockbay/bench"
	"github.com/lockbay/lockbay/insight/report"
	"github.com/lockbay/lockbay/intake"
)

// interfacePage lists the names that scripts and people rely on. The tests here compare it with the code in both
// directions: each name of the code is on the page, and each name on the page is in the code.
const interfacePage = "../../docs/interface.md"

// told is a section of the page: the code spans of its table's cells.
type told [][][]string

var codeSpan = regexp.MustCompile("`([^`]+)`")

// readPage reads the tables of the page :: heading → table.
func readPage(t *testing.T) map[string]told {
	t.Helper()
	text, err := os.ReadFile(interfacePage)
	if err != nil {
		t.Fatal(err)
	}
	page, heading, line := map[string]told{}, "", 0
	for l := range strings.SplitSeq(string(text), "\n") {
		if name, ok := strings.CutPrefix(l, "## "); ok {
			heading, line = name, 0
		}
		if !strings.HasPrefix(l, "|") {
			continue
		}
		if line++; line <= 2 { // the head of the table
			continue
		}
		var row [][]string
		for cell := range strings.SplitSeq(strings.Trim(l, "|"), "|") {
			var spans []string
			for _, m := range codeSpan.FindAllStringSubmatch(cell, -1) {
				spans = append(spans, m[1])
			}
			row = append(row, spans)
		}
		page[heading] = append(page[heading], row)
	}
	return page
}

// names are the code spans of the first cells.
func (p told) names() (names []string) {
	for _, row := range p {
		names = append(names, row[0]...)
	}
	return names
}

// rows are the code spans of the second cells, by the first span of the first one.
func (p told) rows() map[string][]string {
	rows := map[string][]string{}
	for _, row := range p {
		if len(row[0]) > 0 {
			rows[row[0][0]] = row[1]
		}
	}
	return rows
}

// same wants the page to have the names of the code, and no others.
func same(t *testing.T, what string, page, code []string) {
	t.Helper()
	slices.Sort(page)
	slices.Sort(code)
	page, code = slices.Compact(page), slices.Compact(code)
	for _, name := range code {
		if !slices.Contains(page, name) {
			t.Errorf("%s: the code has %q, %s does not", what, name, filepath.Base(interfacePage))
		}
	}
	for _, name := range page {
		if !slices.Contains(code, name) {
			t.Errorf("%s: %s has %q, the code does not", what, filepath.Base(interfacePage), name)
		}
	}
}

// sameRows is same for tables whose second cell lists the parts of the first.
func sameRows(t *testing.T, what string, page, code map[string][]string) {
	t.Helper()
	same(t, what, slices.Collect(maps.Keys(page)), slices.Collect(maps.Keys(code)))
	for name := range code {
		if _, ok := page[name]; ok {
			same(t, what+" "+name, page[name], code[name])
		}
	}
}

// sections are the headings of the page, each with its test.
var sections = map[string]func(t *testing.T, page told, s *source){
	"Settings":           settingsSection,
	"Commands":           commandsSection,
	"Exit statuses":      exitsSection,
	"JSON":               jsonSection,
	"Paths":              pathsSection,
	"HTTP statuses":      statusesSection,
	"HTTP headers":       headersSection,
	"The page":           pageSection,
	"Buttons":            buttonsSection,
	"Commands in a chat": chatSection,
	"Links into a chat":  linksSection,
	"Placeholders":       placeholdersSection,
	"States":             statesSection,
	"Log lines":          logLinesSection,
	"Log keys":           logKeysSection,
	"Log words":          logWordsSection,
	"Metrics":            metricsSection,
	"Tables and views":   tablesSection,
	"Events":             eventsSection,
	"Redis":              redisSection,
	"Files":              filesSection,
}

func TestInterface(t *testing.T) {
	page, s := readPage(t), readSource(t)
	same(t, "sections", slices.Collect(maps.Keys(page)), slices.Collect(maps.Keys(sections)))
	for name, check := range sections {
		t.Run(name, func(t *testing.T) { check(t, page[name], s) })
	}
}

// model is the command line.
func model(t *testing.T) *kong.Application {
	t.Helper()
	k, err := (&program{out: io.Discard, err: io.Discard}).newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	return k.Model
}

// settingsSection: flag, variable, default and words of each setting.
func settingsSection(t *testing.T, page told, _ *source) {
	var code []string
	rows := map[string][][]string{}
	for _, row := range page {
		rows[row[0][0]] = row
	}
	for _, f := range model(t).Flags {
		if len(f.Envs) == 0 {
			continue
		}
		code = append(code, "--"+f.Name)
		row := rows["--"+f.Name]
		if row == nil {
			continue
		}
		if !slices.Equal(row[1], f.Envs) || f.Envs[0] != variable(f.Name) {
			t.Errorf("--%s: the page has %q, the code %q; want %q", f.Name, row[1], f.Envs, variable(f.Name))
		}
		if f.Default != "" && !slices.Equal(row[2], []string{f.Default}) {
			t.Errorf("--%s: the page has the default %q, the code %q", f.Name, row[2], f.Default)
		}
		words := slices.DeleteFunc(strings.Split(f.Enum, ","), func(w string) bool { return w == "" })
		if len(words) > 0 {
			same(t, "--"+f.Name, row[3], words)
		}
	}
	same(t, "settings", page.names(), code)
}

// commandsSection: each command with its arguments and flags. The row "lockbay" has the flags of all commands.
func commandsSection(t *testing.T, page told, _ *source) {
	flags := func(list []*kong.Flag) (names []string) {
		for _, f := range list {
			if len(f.Envs) == 0 {
				names = append(names, "--"+f.Name)
			}
		}
		return names
	}
	app := model(t)
	code := map[string][]string{"lockbay": flags(app.Flags)}
	for _, leaf := range app.Leaves(false) {
		line := leaf.Path()
		for _, arg := range leaf.Positional {
			line += " " + strings.ToUpper(arg.Name)
		}
		code[line] = flags(leaf.Flags)
	}
	sameRows(t, "commands", page.rows(), code)
}

func exitsSection(t *testing.T, page told, _ *source) {
	same(t, "exit statuses", page.names(), []string{fmt.Sprint(exitDone), fmt.Sprint(exitFailed), fmt.Sprint(exitUsage), fmt.Sprint(exitNoDB)})
}

// jsonSection: the members of each command's JSON. All commands but bench run here.
func jsonSection(t *testing.T, page told, _ *source) {
	ran := jsonRuns(t)
	code := map[string][]string{}
	for _, leaf := range model(t).Leaves(false) {
		for _, f := range leaf.Flags {
			if f.Name != "json" {
				continue
			}
			if ran[leaf.Path()] == nil {
				t.Errorf("%s --json is not tried", leaf.Path())
			}
			code[leaf.Path()] = members(ran[leaf.Path()], "")
		}
	}
	code["report"] = members(ran["report"], "") // by --format json
	sameRows(t, "JSON of", page.rows(), code)
}

// jsonRuns runs the commands on stored conversations :: command → its output.
func jsonRuns(t *testing.T) map[string]any {
	dir := t.TempDir()
	file := filepath.Join(dir, "lockbay.db")
	if err := os.WriteFile(file, storedBytes(t, "main-2026-11.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A backup before an update leaves the file for the older program that serves it.
	says(t, exitDone, "Backed up", "backup", filepath.Join(dir, "before.db"), "--database-url", "sqlite:"+file)
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, storedBytes(t, "main-2026-11.db")) {
		t.Fatalf("backup changed the file: %v", err)
	}
	ran := map[string]any{}
	do := func(command string, args ...string) {
		var out, errs bytes.Buffer
		args = append(append(strings.Fields(command), args...), "--json", "--database-url", "sqlite:"+file, "--listen", "127.0.0.1:0")
		code := run(args, strings.NewReader(""), &out, &errs)
		var v any
		if err := json.Unmarshal(out.Bytes(), &v); err != nil || code != exitDone && command != "doctor" {
			t.Fatalf("%q: status %d, %v\n%s%s", args, code, err, &out, &errs)
		}
		ran[command] = v
	}
	says(t, exitDone, "", "migrate", "up", "--database-url", "sqlite:"+file)
	do("version")
	do("doctor")
	do("migrate status")
	do("escrows list")
	pending := ""
	for _, e := range ran["escrows list"].([]any) {
		if e := e.(map[string]any); e["status"] == "payment_pending" {
			pending = e["id"].(string)
		}
	}
	do("escrows show", pending)
	do("escrows mark-paid", pending)
	do("explain", pending)
	for name, v := range filled(reflect.TypeFor[storyJSON]()).(map[string]any) { // of a draft
		ran["explain"].(map[string]any)[name] = v
	}
	ran["explain"].(map[string]any)["turns"] = []any{filled(reflect.TypeFor[turnJSON]())}
	do("drafts list")
	for _, d := range ran["drafts list"].([]any) {
		if d := d.(map[string]any); d["mode"] == "database" {
			do("drafts show", d["key"].(string))
			break
		}
	}
	do("drafts prune", "--dry-run")
	do("migrate copy", "--from", "sqlite:"+file, "--to", "sqlite:"+filepath.Join(dir, "copy.db"))
	for _, verb := range []string{"cancel", "received", "nothing", "move", "decide", "sending", "sent", "failed", "chargeback", "hold", "resume", "reseat"} {
		ran["escrows "+verb] = ran["escrows mark-paid"] // the same command with another verb
	}
	do("ledger balance")
	do("ledger verify")
	ran["ledger verify"].(map[string]any)["wrong"] = []any{filled(reflect.TypeFor[wrongBooks]())}
	lists := filled(reflect.TypeFor[reconcileReport]()).(map[string]any)
	lists["not_in_books"], lists["not_in_list"] = []any{filled(reflect.TypeFor[notInBooks]())}, []any{filled(reflect.TypeFor[notInList]())}
	ran["ledger reconcile"] = lists
	do("tickets list")
	ran["tickets list"] = []any{filled(reflect.TypeFor[ticketJSON]())}
	ran["tickets show"] = filled(reflect.TypeFor[shownTicket]())
	ran["tickets show"].(map[string]any)["before"] = []any{filled(reflect.TypeFor[shownMoment]())}
	ran["rollout status"] = []any{filled(reflect.TypeFor[rolloutJSON]())}
	ran["rollout status"].([]any)[0].(map[string]any)["guardrails"] = []any{filled(reflect.TypeFor[guardJSON]())}
	ran["rollout status"].([]any)[0].(map[string]any)["changes"] = []any{filled(reflect.TypeFor[changeJSON]())}
	ran["bench"] = filled(reflect.TypeFor[bench.Report]())
	told := filled(reflect.TypeFor[report.Document]()).(map[string]any)
	for name, of := range map[string]reflect.Type{
		"why": reflect.TypeFor[report.Question](), "steps": reflect.TypeFor[report.Step](), "refusals": reflect.TypeFor[report.Refusal](), "modes": reflect.TypeFor[report.Mode](),
		"days": reflect.TypeFor[report.Day](), "took": reflect.TypeFor[report.Took](),
	} {
		told[name] = []any{filled(of)}
	}
	ran["report"] = told
	return ran
}

// filled is a struct as JSON, with a value in every member.
func filled(of reflect.Type) any {
	v := reflect.New(of).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Int, reflect.Int64:
			f.SetInt(1)
		case reflect.Float64:
			f.SetFloat(1)
		}
	}
	text, _ := json.Marshal(v.Interface())
	var back any
	_ = json.Unmarshal(text, &back)
	return back
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3,4}$`)

// members are the names of a JSON value's members; a point joins nested names. The answers of a draft belong to the form
// and are left out.
func members(v any, before string) (names []string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			names = append(names, members(x, before)...)
		}
	case map[string]any:
		for name, x := range v {
			if currencyCode.MatchString(name) {
				name = "CODE"
			}
			inside := members(x, before+name+".")
			if len(inside) == 0 || name == "answers" {
				inside = []string{before + name}
			}
			names = append(names, inside...)
		}
	}
	return names
}

// pathsSection: each path with its methods. A handler that judges the method is called.
func pathsSection(t *testing.T, page told, s *source) {
	r := newRig(t, clockAt(time.Now()))
	operated, _, _ := inProcess(t, settings(t, "--operator-token", operatorToken))
	code := map[string][]string{"/assets/…": {http.MethodGet, http.MethodHead}}
	routes := s.routes(t)
	routes["/s/ID/TOKEN"], routes["/in/TOKEN"] = "", ""
	for path, methods := range routes {
		if methods == "" {
			addr := r.s.addr
			if strings.HasPrefix(path, "/console") {
				addr = operated.addr
			}
			req, err := http.NewRequestWithContext(r.ctx, http.MethodTrace, "http://"+addr+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			methods = res.Header.Get("Allow")
		}
		code[path] = strings.Split(methods, ", ")
	}
	sameRows(t, "paths", page.rows(), code)
}

func statusesSection(t *testing.T, page told, s *source) {
	numbers := map[string]string{}
	for n := range 600 {
		if text := http.StatusText(n); text != "" {
			numbers[strings.ReplaceAll(text, " ", "")] = fmt.Sprint(n)
		}
	}
	code := []string{numbers["TemporaryRedirect"]} // http.ServeMux answers with it, see docs/interface.md
	for _, name := range s.statuses() {
		code = append(code, numbers[name])
	}
	same(t, "HTTP statuses", page.names(), code)
}

func headersSection(t *testing.T, page told, s *source) {
	read, set := s.headers(t)
	rows := page.rows()
	same(t, "headers of requests", rows["request"], read)
	same(t, "headers of answers", rows["answer"], set)
}

// pageSection: the attributes of the template and the fields of its form.
func pageSection(t *testing.T, page told, s *source) {
	html, err := os.ReadFile("../../dialog/web/page.html")
	if err != nil {
		t.Fatal(err)
	}
	code := s.formFields()
	for _, m := range regexp.MustCompile(`\b(data-[a-z]+)=`).FindAllSubmatch(html, -1) {
		code = append(code, string(m[1]))
	}
	same(t, "the page", page.names(), code)
	for _, m := range regexp.MustCompile(` name="([a-z_]+)" value=`).FindAllSubmatch(html, -1) {
		if !slices.Contains(code, string(m[1])) {
			t.Errorf("the page posts %s, which nobody reads", m[1])
		}
	}
}

// buttonsSection: the names of actions, and the values of edit and fee.
func buttonsSection(t *testing.T, page told, s *source) {
	var names []string
	values := map[string][]string{}
	for _, action := range page.names() {
		name, value, _ := strings.Cut(action, ":")
		names = append(names, name)
		values[name] = append(values[name], value)
	}
	code := s.actions()
	for _, q := range intake.New(intake.Config{}).Questions {
		if q.Options != nil { // the form makes their buttons
			code = append(code, q.Name)
		}
	}
	same(t, "actions", names, code)
	same(t, "edit", values["edit"], s.constants("intake", "ask"))
	same(t, "fee", values["fee"], s.constants(".", "Payer"))
}

func chatSection(t *testing.T, page told, _ *source) {
	code := []string{"/start"} // Telegram's own
	for _, c := range commands() {
		code = append(code, "/"+c.Name)
	}
	same(t, "commands in a chat", page.names(), code)
}

func linksSection(t *testing.T, page told, s *source) {
	var code []string
	for _, name := range s.payloads() {
		switch {
		case name == "s_":
			name += "ID_TOKEN"
		case strings.HasSuffix(name, "_"):
			name += "NAME"
		}
		code = append(code, "?start="+name)
	}
	same(t, "links", page.names(), code)
}

func placeholdersSection(t *testing.T, page told, s *source) {
	same(t, "placeholders", page.names(), s.placeholders())
}

// statesSection: the steps of a draft and the statuses of a deal.
func statesSection(t *testing.T, page told, s *source) {
	code := s.constants("intake", "Step")
	for _, leaf := range model(t).Leaves(false) {
		for _, f := range leaf.Flags {
			if leaf.Path() == "escrows list" && f.Name == "status" {
				code = append(code, slices.DeleteFunc(strings.Split(f.Enum, ","), func(w string) bool { return w == "" })...)
			}
		}
	}
	same(t, "states", page.names(), code)
}
