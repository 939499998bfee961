package texts

import (
	"slices"
	"testing"
	"testing/fstest"
)

// TestPhrases: every language has phrases of each class that a text can tell, and the list of a class is the caller's own.
func TestPhrases(t *testing.T) {
	for _, lang := range Languages() {
		name := "phrases/" + lang + ".toml"
		raw, err := phraseFiles.ReadFile(name)
		if err != nil {
			t.Errorf("%s has no phrases: %v", lang, err)
			continue
		}
		all, err := loadPhrases(fstest.MapFS{name: {Data: raw}})
		for _, class := range []string{"progress", "dispute", "payment"} {
			if len(all[class]) == 0 || err != nil {
				t.Errorf("%s: no phrases of %s, %v", lang, class, err)
			}
		}
	}
	first := Phrases("progress")
	if !slices.IsSorted(first) || len(Phrases("nonsense")) != 0 {
		t.Errorf("the phrases are %q", first)
	}
	was := first[0]
	first[0] = "changed"
	if Phrases("progress")[0] != was {
		t.Error("a caller has changed the phrases of all")
	}
}

// TestPhrasesOfManyLanguages: they are one list, and a file that is wrong is refused.
func TestPhrasesOfManyLanguages(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	all, err := loadPhrases(fstest.MapFS{"phrases/en.toml": file(`progress = ["start over", "again*"]`), "phrases/ar.toml": file(`progress = ["*إجاباتي", "start over"]`)})
	if err != nil || !slices.Equal(all["progress"], []string{"*إجاباتي", "again*", "start over"}) {
		t.Errorf("%q, %v", all, err)
	}
	for name, text := range map[string]string{
		"phrases/nowhere-at-all-1.toml": `progress = ["x"]`, "phrases/en.toml": `progress = ["Start over"]`, "phrases/de.toml": `progress = [" von vorn"]`, "phrases/fr.toml": `progress = ["*"]`,
		"phrases/it.toml": `progress = [""]`, "phrases/es.toml": `progress = "x"`, "phrases/pt.toml": `progress = [`,
	} {
		if all, err := loadPhrases(fstest.MapFS{name: file(text)}); err == nil {
			t.Errorf("%s with %s: %q", name, text, all)
		}
	}
}
