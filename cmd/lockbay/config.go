package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// fileSettings are the entries of the configuration file. Flags win over the environment, the environment over the file.
type fileSettings struct {
	name, text string
	entries    map[string]any // :: setting → value
}

// loadFile is kong's loader of --config.
func (p *program) loadFile(r io.Reader) (kong.Resolver, error) {
	v, err := readSettings(r)
	p.read = v
	return v, err
}

// readSettings reads a configuration file.
func readSettings(r io.Reader) (v fileSettings, err error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return v, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	v = fileSettings{name: "file", text: string(text), entries: map[string]any{}}
	if f, ok := r.(*os.File); ok {
		v.name = f.Name()
	}
	if err := toml.Unmarshal(text, &v.entries); err != nil {
		line := 0
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, _ = at.Position()
		}
		return v, v.at(line, strings.TrimPrefix(err.Error(), "toml: "))
	}
	return v, nil
}

// secrets are the settings whose values only the operator may read. A database's URL may have a password.
var secrets = []string{"telegram-token", "telegram-webhook-secret", "operator-token", "database-url", "database-direct-url", "redis-url", "notify"}

// check is doctor's check of the file at path: others must not change it, nor read its secrets.
func (v fileSettings) check(path string) check {
	k := check{Name: "config", OK: true, Note: path}
	info, err := os.Stat(path)
	if err != nil {
		return k
	}
	has := ""
	for _, name := range secrets {
		if _, there := v.entries[name]; there && has == "" {
			has = name
		}
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o002 != 0:
		k.OK, k.Note = false, fmt.Sprintf("%s has mode %04o: everybody on this machine may change it", path, mode)
	case mode&0o004 != 0 && has != "":
		k.OK, k.Note = false, fmt.Sprintf("%s has mode %04o: everybody on this machine may read its %s", path, mode, has)
	}
	if !k.OK {
		k.Mend = "chmod 600 " + path
	}
	return k
}

// checkSecretFiles is doctor's check of the files that hold one secret each. One that everybody may read is only told: in a container
// nobody else is there, and some of them write such files so.
func (p *program) checkSecretFiles() check {
	k := check{Name: "secrets", OK: true}
	var open []string
	for _, name := range slices.Sorted(maps.Keys(p.paths)) {
		setting := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, "LOCKBAY_"), "_FILE"), "_", "-"))
		info, err := os.Stat(p.paths[name])
		if err != nil || !slices.Contains(secrets, setting) {
			continue
		}
		k.Note = "only their owner and group read the files with secrets"
		if mode := info.Mode().Perm(); mode&0o006 != 0 {
			open = append(open, fmt.Sprintf("%s (%s) has mode %04o", p.paths[name], name, mode))
			k.Mend = strings.TrimPrefix(k.Mend+" "+p.paths[name], " ")
		}
	}
	if len(open) > 0 {
		k.Note, k.Mend = strings.Join(open, ", ")+": everybody on this machine may read it", "chmod 600 "+k.Mend
	}
	return k
}

// at is an error in a line of the file; line 0 is unknown.
func (v fileSettings) at(line int, what string) error {
	where := ""
	if line > 0 {
		where = fmt.Sprintf("line %d: ", line)
	}
	return badSetting("config", v.name, where+what)
}

// lineOf is the line in which an entry begins, or 0 if unknown.
func (v fileSettings) lineOf(key string) int {
	begins := regexp.MustCompile(`(?m)^[ \t]*\[*[ \t]*["']?` + regexp.QuoteMeta(key) + `["']?[ \t]*[=.\]]`)
	at := begins.FindStringIndex(v.text)
	if at == nil {
		return 0
	}
	return strings.Count(v.text[:at[0]], "\n") + 1
}

// Resolve returns the file's value of a setting, unless the environment sets it.
func (v fileSettings) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	if len(f.Envs) == 0 { // a flag of a command
		return nil, nil
	}
	for _, e := range f.Envs {
		if os.Getenv(e) != "" {
			return nil, nil
		}
	}
	switch x := v.entries[f.Name].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		if f.Target.Type() == reflect.TypeFor[howToPay]() {
			return x, nil // its texts may have commas
		}
		return flat(x), nil
	case []any:
		var parts []string
		for _, p := range x {
			parts = append(parts, scalar(p))
		}
		return strings.Join(parts, ","), nil
	default:
		return scalar(x), nil
	}
}

// scalar writes a value as people do: 1000000.0 is 1000000, not 1e+06.
func scalar(x any) string {
	if f, ok := x.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(x)
}

// flat writes a table as name=value,…, the form of flags and the environment.
func flat(table map[string]any) string {
	var parts []string
	for k, x := range table {
		switch x := x.(type) {
		case map[string]any:
			for k2, y := range x {
				parts = append(parts, k+"."+k2+"="+scalar(y))
			}
		case []any:
			if len(x) != 2 { // rules rejects this value
				parts = append(parts, k+"="+fmt.Sprint(x...))
			} else {
				parts = append(parts, k+"="+scalar(x[0])+".."+scalar(x[1]))
			}
		default:
			parts = append(parts, k+"="+scalar(x))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Validate rejects unknown entries.
func (v fileSettings) Validate(app *kong.Application) error {
	known := slices.Sorted(maps.Values(settingsOf(app)))
	for _, k := range slices.Sorted(maps.Keys(v.entries)) {
		if !slices.Contains(known, k) {
			return v.at(v.lineOf(k), "unknown setting "+k+unknownSetting(k, known, func(s string) string { return s }))
		}
	}
	return nil
}

// unknownSetting ends the error about an unknown setting: it names the nearest setting, as spelled writes it, or the
// command that lists them.
func unknownSetting(typed string, known []string, spelled func(setting string) string) string {
	found := meant(strings.ToLower(strings.ReplaceAll(typed, "_", "-")), known)
	if found == "" {
		return "; lockbay help serve lists the settings"
	}
	return ", did you mean " + spelled(found) + "?"
}

// settingsOf are the settings :: environment variable → flag.
func settingsOf(app *kong.Application) map[string]string {
	known := map[string]string{}
	for _, f := range app.Flags {
		for _, e := range f.Envs {
			known[e] = f.Name
		}
	}
	return known
}

// foreign matches other programs' variables with their values: those of tests, and those that Kubernetes sets for services
// with a name such as lockbay or lockbay-postgres.
var foreign = regexp.MustCompile(`^LOCKBAY_(TEST_.*|SHOTS|(.*_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|` +
	`PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)))=|^LOCKBAY_(.*_)?PORT(_\d+_(TCP|UDP|SCTP))?=(tcp|udp|sctp)://`)

// readFile reads a file that a setting names, without the byte order mark of some editors.
func readFile(name string) ([]byte, error) {
	b, err := os.ReadFile(name) //nolint:gosec // the operator names it
	return bytes.TrimPrefix(b, []byte("\ufeff")), err
}

// prepareEnvironment unsets empty variables (compose files write them) and reads values from files: LOCKBAY_X_FILE names
// the file with the value of LOCKBAY_X. It fails for an unknown LOCKBAY_ variable, since that is a mistake. fromFile maps
// LOCKBAY_X to LOCKBAY_X_FILE, and paths that to the file.
func prepareEnvironment(app *kong.Application) (fromFile, paths map[string]string, err error) {
	known := settingsOf(app)
	fromFile, paths = map[string]string{}, map[string]string{}
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "LOCKBAY_") || foreign.MatchString(kv) {
			continue
		}
		if value == "" {
			if os.Getenv(name) == "" { // a file may have set it meanwhile
				_ = os.Unsetenv(name)
			}
			continue
		}
		if known[name] != "" {
			continue
		}
		plain, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || known[plain] == "" {
			return nil, nil, unknownVariable(plain, isFile, known)
		}
		if os.Getenv(plain) != "" {
			return nil, nil, fmt.Errorf("%s and %s are both set: use one", plain, name)
		}
		b, err := readFile(value)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %q cannot be read: want the path of a file", name, value)
		}
		_ = os.Unsetenv(name)
		if text := strings.TrimSpace(string(b)); text != "" { // an empty file is as an empty variable
			_ = os.Setenv(plain, text)
			fromFile[plain], paths[name] = name, value
		}
	}
	return fromFile, paths, nil
}

// unknownVariable is the error about a variable that is not a setting.
func unknownVariable(plain string, isFile bool, known map[string]string) error {
	end := ""
	if isFile {
		end = "_FILE"
	}
	if plain == "LOCKBAY_CONFIG" && !isFile {
		return errors.New("unknown setting LOCKBAY_CONFIG in the environment: use the flag --config")
	}
	return fmt.Errorf("unknown setting %s%s in the environment%s", plain, end,
		unknownSetting(strings.TrimPrefix(plain, "LOCKBAY_"), slices.Sorted(maps.Values(known)), func(setting string) string { return variable(setting) + end }))
}

// variable is the environment variable of a setting.
func variable(setting string) string {
	return "LOCKBAY_" + strings.ToUpper(strings.ReplaceAll(setting, "-", "_"))
}

// blamed matches the setting at the start of an error.
var blamed = regexp.MustCompile(`^--([a-z-]+)\b`)

// comingFrom adds the variable that set the wrong setting of an error line, unless a flag set it.
func (p *program) comingFrom(line string) string {
	m := blamed.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	name := variable(m[1])
	if where := p.read.where(m[1], line); where != "" && os.Getenv(name) == "" && !p.isFlag(m[0]) {
		return line + " (" + where + ")"
	}
	line, known := strings.CutSuffix(line, " ("+name+")") // added by the parser
	if !known && (os.Getenv(name) == "" || p.isFlag(m[0])) {
		return line
	}
	if file := p.fromFile[name]; file != "" {
		name = file
	}
	return line + " (" + name + ")"
}

// isFlag reports whether this flag was given.
func (p *program) isFlag(flag string) bool {
	return slices.ContainsFunc(p.args, func(a string) bool { return a == flag || strings.HasPrefix(a, flag+"=") })
}

// wrongEntry matches the entry of a table at the start of an error's value: "percent=lots", "minimum.USD=x", "EUR=a.txt".
var wrongEntry = regexp.MustCompile(`^--[a-z-]+: "?(?:[a-z]+\.)?([A-Za-z]+)\b`)

// where says where the file has the wrong value of an error line: file and line. It is empty if the file does not have the
// setting.
func (v fileSettings) where(setting, line string) string {
	entry, there := v.entries[setting]
	if !there {
		return ""
	}
	at := v.lineOf(setting)
	if _, table := entry.(map[string]any); table && at > 0 {
		if m := wrongEntry.FindStringSubmatch(line); m != nil {
			rest := v
			rest.text = strings.Join(strings.Split(v.text, "\n")[at-1:], "\n")
			if found := rest.lineOfEntry(m[1]); found > 0 {
				at += found - 1
			}
		}
	}
	if at == 0 {
		return v.name
	}
	return fmt.Sprintf("%s, line %d", v.name, at)
}

// lineOfEntry is the first line that sets key, also within a line of a table, or 0.
func (v fileSettings) lineOfEntry(key string) int {
	at := regexp.MustCompile(`(?im)(?:^|[{,.])[ \t]*["']?` + regexp.QuoteMeta(key) + `["']?[ \t]*=`).FindStringIndex(v.text)
	if at == nil {
		return 0
	}
	return strings.Count(v.text[:at[0]], "\n") + 1
}

var (
	notOneOf  = regexp.MustCompile(`^(?:(--[a-z-]+)(?:=\S*)?|"?<([a-z-]+)>"?) must be one of (.*) but got (".*")$`)
	missing   = regexp.MustCompile(`^expected "(<.*>)"$`)
	fromEnv   = regexp.MustCompile(` \(from envar (\w+)=.*\)$`)
	noConfig  = regexp.MustCompile(`^(?:open|read) (.*): ([a-z ]+)$`)
	noFile    = regexp.MustCompile(`^<file>: .*?(/.*): ([a-z ]+)$`)
	wantValue = regexp.MustCompile(`expected (.*) value but got .*$`)
)

// plainly rewords the parser's errors: setting, value, accepted values.
func plainly(line string) string {
	line = fromEnv.ReplaceAllString(line, " ($1)") // without the value: it may be a secret
	if m := noConfig.FindStringSubmatch(line); m != nil {
		return "--config: " + strconv.Quote(m[1]) + ": " + m[2] + ": want a readable TOML file"
	}
	if m := noFile.FindStringSubmatch(line); m != nil {
		return strconv.Quote(m[1]) + ": " + m[2]
	}
	if m := notOneOf.FindStringSubmatch(line); m != nil {
		return m[1] + m[2] + ": " + m[4] + ": want " + strings.ReplaceAll(strings.TrimSuffix(m[3], `,""`), `","`, `", "`)
	}
	if m := missing.FindStringSubmatch(line); m != nil {
		return "want " + strings.ToUpper(strings.NewReplacer("<", "", ">", "").Replace(m[1]))
	}
	if m := wantValue.FindStringSubmatch(line); m != nil { // the value may be a secret
		return wantValue.ReplaceAllString(line, "want a "+m[1])
	}
	return line
}
