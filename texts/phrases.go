package texts

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/language"
)

//go:embed phrases/*.toml
var phraseFiles embed.FS

var phrases = mustPhrases(phraseFiles)

// Phrases are those by which a message of a person tells its class, such as progress: of all languages, sorted. A phrase is
// words in lower case with one space between them. A star at its end stands for the rest of a word, one at its beginning for
// the first part of one. An unknown class has none.
func Phrases(class string) []string { return slices.Clone(phrases[class]) }

func mustPhrases(fsys fs.FS) map[string][]string {
	all, err := loadPhrases(fsys)
	if err != nil {
		panic("texts: " + err.Error()) // the files are part of the program
	}
	return all
}

// loadPhrases reads the phrases of every language :: class → phrases.
func loadPhrases(fsys fs.FS) (map[string][]string, error) {
	names, err := fs.Glob(fsys, "phrases/*.toml")
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, name := range names {
		if _, err := language.Parse(strings.TrimSuffix(path.Base(name), ".toml")); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var classes map[string][]string
		if err := toml.Unmarshal(raw, &classes); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for class, list := range classes {
			for _, phrase := range list {
				if phrase == "" || phrase != strings.Join(strings.Fields(strings.ToLower(phrase)), " ") || strings.Trim(phrase, "*") == "" {
					return nil, fmt.Errorf("%s: %s: %q is not a phrase of words in lower case", name, class, phrase)
				}
			}
			all[class] = append(all[class], list...)
		}
	}
	for class, list := range all {
		slices.Sort(list)
		all[class] = slices.Compact(list)
	}
	return all, nil
}
