package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"
)

// fileSettings are the entries of the configuration file. Flags win over the
// environment, that over the file.
type fileSettings map[string]any

// loadFile is kong's loader of --config.
func loadFile(r io.Reader) (kong.Resolver, error) {
	v := fileSettings{}
	if err := toml.NewDecoder(r).Decode(&v); err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return v, nil
}

// Resolve gives the file's value of a flag that the environment does not set.
func (v fileSettings) Resolve(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
	for _, e := range f.Envs {
		if os.Getenv(e) != "" {
			return nil, nil
		}
	}
	switch x := v[f.Name].(type) {
	case nil:
		return nil, nil
	case map[string]any:
		return flat(x), nil
	case []any:
		var parts []string
		for _, p := range x {
			parts = append(parts, fmt.Sprint(p))
		}
		return strings.Join(parts, ","), nil
	default:
		return fmt.Sprint(x), nil
	}
}

// flat writes a table as name=value,…: the form of flag and environment.
func flat(table map[string]any) string {
	var parts []string
	for k, x := range table {
		switch x := x.(type) {
		case map[string]any:
			for k2, y := range x {
				parts = append(parts, fmt.Sprintf("%s.%s=%v", k, k2, y))
			}
		case []any:
			if len(x) == 2 {
				parts = append(parts, fmt.Sprintf("%s=%v..%v", k, x[0], x[1]))
			}
		default:
			parts = append(parts, fmt.Sprintf("%s=%v", k, x))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

// Validate refuses entries that are no setting.
func (v fileSettings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(n kong.Visitable, next kong.Next) error {
		if f, ok := n.(*kong.Flag); ok {
			known[f.Name] = true
		}
		return next(nil)
	})
	for k := range v {
		if !known[k] || k == "config" || k == "help" {
			return fmt.Errorf("unknown setting %s in the configuration file; lockbay serve --help lists them", k)
		}
	}
	return nil
}

// prepareEnvironment unsets empty variables (compose files write them) and
// reads secrets from files: LOCKBAY_X_FILE stands for LOCKBAY_X. An unknown
// LOCKBAY_ variable is a mistake that would otherwise go unseen.
func prepareEnvironment(known map[string]bool) error {
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "LOCKBAY_") || strings.HasPrefix(name, "LOCKBAY_TEST_") {
			continue
		}
		if value == "" {
			_ = os.Unsetenv(name)
			continue
		}
		if known[name] {
			continue
		}
		plain, isFile := strings.CutSuffix(name, "_FILE")
		if !isFile || !known[plain] {
			return fmt.Errorf("unknown setting %s in the environment; lockbay serve --help lists them", name)
		}
		if os.Getenv(plain) != "" {
			return fmt.Errorf("%s and %s are both set: use one", plain, name)
		}
		b, err := os.ReadFile(value)
		if err != nil {
			return fmt.Errorf("%s: %q cannot be read: want the path of a file", name, value)
		}
		_ = os.Setenv(plain, strings.TrimSpace(string(b)))
		_ = os.Unsetenv(name)
	}
	return nil
}
