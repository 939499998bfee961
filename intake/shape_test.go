package intake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/intake"
)

// TestShapeOfADraft: the JSON of a draft changes only together with lockbay.Reads. testdata/draft-VERSION.json is the JSON of each version; -update writes that of a new one.
func TestShapeOfADraft(t *testing.T) {
	d := intake.Draft{Shown: 1<<64 - 1, Pays: 5132} // without Bare, which an older program may drop
	for _, f := range lockbay.Fields {
		f.Sample(&d.Terms, 1)
	}
	for _, of := range []reflect.Value{reflect.ValueOf(d), reflect.ValueOf(d.Terms)} {
		for i := range of.NumField() {
			if of.Field(i).IsZero() && of.Type().Field(i).Name != "Bare" {
				t.Errorf("%s.%s has no value here, so its JSON is not compared", of.Type(), of.Type().Field(i).Name)
			}
		}
	}
	got, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", fmt.Sprintf("draft-%d.json", lockbay.Reads))
	if _, err := os.Stat(file); *update && errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; a new version is written by -update", err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Errorf("a draft of version %d is\n%s, and was\n%s\nRaise lockbay.Reads, or lockbay.Format: a program of the old version would drop what it does not know.", lockbay.Reads, got, want)
	}
	for version := 1; version <= lockbay.Reads; version++ {
		reads(t, fmt.Sprintf("draft-%d.json", version), new(intake.Draft))
	}
}

// reads wants a stored value to be read without loss: no key of the draft hides a key of the terms.
func reads(t *testing.T, name string, into any) {
	t.Helper()
	was, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(was))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if now, err := json.Marshal(into); err != nil || !bytes.Equal(bytes.TrimSpace(was), now) {
		t.Errorf("%s was\n%s and is read as\n%s (%v)", name, was, now, err)
	}
}
