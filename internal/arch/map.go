// Package arch keeps the map of the house: which package may import which.
// docs/architecture.md shows the same map; its test reads the source itself.
package arch

import "strings"

// module is the import path of the root package.
const module = "github.com/lockbay/lockbay"

// everything in a rule allows all packages of ours, except commands.
const everything = "*"

// rules are :: package folder → folders of ours that its code may import ("."
// is the root package). Test files may import anything. A name that ends in
// "/..." stands for every package below that folder.
var rules = map[string][]string{
	// The domain and plain data import none of our packages. The domain reads digits as forms do.
	".":      {"internal/decimal"},
	"dialog": {},
	"texts":  {},
	"views":  {},

	// The usual flow, stores, channels and the authors' tools know dialog, never each other.
	"dialog/copystore":             {"dialog"},
	"dialog/dialogtest":            {"dialog"},
	"dialog/form":                  {"dialog", "internal/decimal"},
	"dialog/internal/limit":        {},
	"dialog/pgstore":               {"dialog"},
	"dialog/redisdrafts":           {"dialog"},
	"dialog/sqlitestore":           {"dialog"},
	"dialog/telegram":              {"dialog", "dialog/internal/limit", "dialog/telegram/internal/..."},
	"dialog/telegram/internal/...": {},
	"dialog/telegram/telegramtest": {},
	"dialog/terminal":              {"dialog"},
	"dialog/web":                   {"dialog", "dialog/internal/limit"},

	// Figures of events are pure.
	"insight":             {"dialog"},
	"insight/insighttest": {"dialog"},
	"insight/insightdb":   {"dialog", "insight"},
	"insight/report":      {"insight"},
	"rollout":             {"dialog", "insight"},

	// What the figures find is told to operators.
	"alert": {"dialog", "insight", "texts"},

	"intake": {".", "dialog", "dialog/form", "texts"},
	"deal":   {".", "dialog", "texts"},
	"ticket": {".", "dialog", "texts"},
	"device": {"dialog", "texts"},

	// Operators' pages look like people's.
	"console": {"dialog", "dialog/web", "insight", "insight/report", "rollout"},

	// Packages that put the rest together.
	"bench":       {everything},
	"cmd/lockbay": {everything},
	"simulate":    {".", "deal", "dialog", "intake"},

	// Tests of the deployment files and of the documents; nothing imports them.
	"deploy": {everything},
	"docs":   {},

	// Examples use the public packages of the library only.
	"examples/...": {"dialog", "dialog/..."},

	"internal/arch":     {},
	"internal/browser":  {},
	"internal/decimal":  {},
	"internal/instance": {},
	"internal/mutate":   {},
	"internal/soak":     {everything},
	"internal/testdb":   {},
	"internal/treetest": {},
}

// standardOnly are packages whose code imports the standard library and nothing else.
var standardOnly = []string{"dialog", "internal/arch"}

// ruleOf finds the rule for a package folder.
func ruleOf(folder string) (allowed []string, known bool) {
	if allowed, known = rules[folder]; known {
		return allowed, true
	}
	for name, allowed := range rules {
		if below, ok := strings.CutSuffix(name, "/..."); ok && strings.HasPrefix(folder, below+"/") {
			return allowed, true
		}
	}
	return nil, false
}

// permits reports whether a rule lets its package import another folder of
// ours.
func permits(allowed []string, folder string) bool {
	if strings.HasPrefix(folder, "cmd/") { // no package imports a command
		return false
	}
	for _, a := range allowed {
		below, deep := strings.CutSuffix(a, "/...")
		if a == everything || a == folder || deep && strings.HasPrefix(folder, below+"/") {
			return true
		}
	}
	return false
}
