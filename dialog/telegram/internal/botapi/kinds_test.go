package botapi

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-telegram/bot/models"
)

// misspelt are names of the library that the Bot API does not have.
var misspelt = []string{"reply_to_store", "update_id"}

// schema reads the names of the schema: those in testdata, and those of the library,
// which is newer or older.
func schema(t *testing.T) (updates, fields map[string]bool) {
	t.Helper()
	raw, err := os.ReadFile("testdata/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	updates, fields = map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(raw)) {
		switch kind, name, _ := strings.Cut(strings.TrimSpace(line), " "); kind {
		case "update":
			updates[name] = true
		case "message":
			fields[name] = true
		}
	}
	if len(updates) < 20 || len(fields) < 100 {
		t.Fatalf("%d updates and %d fields in testdata", len(updates), len(fields))
	}
	for of, names := range map[reflect.Type]map[string]bool{reflect.TypeFor[models.Update](): updates, reflect.TypeFor[models.Message](): fields} {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if !slices.Contains(misspelt, name) {
				names[name] = true
			}
		}
	}
	return updates, fields
}

// Each kind of update and each field of a message has its role, and no others have one: a
// new kind in a new version of the schema needs its role in the tables.
func TestEveryKindHasARole(t *testing.T) {
	updates, fields := schema(t)
	same := func(what string, table, schema []string) {
		t.Helper()
		for _, name := range schema {
			if !slices.Contains(table, name) {
				t.Errorf("%s %q has no role: decide whether it is read, content (answered), a service message (silent) or unread", what, name)
			}
		}
		for _, name := range table {
			if !slices.Contains(schema, name) {
				t.Errorf("%s %q has a role, and the schema lacks it", what, name)
			}
		}
	}
	same("the update", slices.Collect(maps.Keys(Updates)), slices.Collect(maps.Keys(updates)))
	same("the message field", slices.Collect(maps.Keys(Fields)), slices.Collect(maps.Keys(fields)))
	for name, f := range Fields {
		if (f.Name != "") != (f.Role == Content) {
			t.Errorf("%s is %v and has the name %q", name, f.Role, f.Name)
		}
	}
}

// Content with what the server adds for old clients has one name, in any order.
func TestContentHasOneName(t *testing.T) {
	for raw, want := range map[string]string{
		`{"animation":{},"document":{}}`: "animation", `{"document":{},"animation":{}}`: "animation", `{"document":{}}`: "document",
		`{"venue":{},"location":{"latitude":1}}`: "location", `{"live_photo":{},"photo":[{}]}`: "photo", `{"photo":[]}`: "photo",
		`{"sticker":null}`: "", `{"contact":null,"location":null}`: "", `{"hologram":{}}`: "",
	} {
		u, err := Parse([]byte(`{"update_id":1,"message":` + raw + `}`))
		if err != nil || u.Message.What != want {
			t.Errorf("%s: %q, %v", raw, u.Message.What, err)
		}
	}
}
