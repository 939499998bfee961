package dialog

import (
	"context"
	"reflect"
	"strings"
	"testing"
)

// parcels are conversations of their own, which pass on their button "again".
type parcels struct{ silent }

func (parcels) FlowName() string      { return "parcels" }
func (parcels) Match(id string) bool  { return strings.HasPrefix(id, "P-") }
func (parcels) Passes(in *Input) bool { return in.Name == "again" }

// TestRoute: an input goes to the conversation that its draft or value names. A button that a
// flow passes on goes to the person, unbound and with the id as its value, and its message
// stays the other conversation's. A caller's key comes first.
func TestRoute(t *testing.T) {
	e, err := New(NewMemory(), Config{Bot: "bot"}, silent{}, parcels{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	person, parcel := Key{"bot", silent{}.FlowName(), "tg:1"}, Key{"bot", "parcels", "P-1"}
	for name, c := range map[string]struct{ in, want Input }{
		"a text":                       {Input{Text: "P-1"}, Input{Key: person, Text: "P-1"}},
		"a button of the person's":     {Input{Name: "open", Bound: true, Draft: "D-1"}, Input{Key: person, Name: "open", Bound: true, Draft: "D-1"}},
		"one that others would pass":   {Input{Name: "again", Bound: true, Draft: "D-1"}, Input{Key: person, Name: "again", Bound: true, Draft: "D-1"}},
		"a button of another's":        {Input{Name: "open", Bound: true, Draft: "P-1"}, Input{Key: parcel, Name: "open", Bound: true, Draft: "P-1"}},
		"a value":                      {Input{Name: "open", Value: "P-1"}, Input{Key: parcel, Name: "open", Value: "P-1"}},
		"a value beside a draft":       {Input{Name: "open", Draft: "D-1", Value: "P-1"}, Input{Key: person, Name: "open", Draft: "D-1", Value: "P-1"}},
		"passed on":                    {Input{Name: "again", Bound: true, Draft: "P-1", Revision: 3, Message: "7"}, Input{Key: person, Name: "again", Value: "P-1", Message: "7", atAnother: true}},
		"passed on, without a message": {Input{Name: "again", Bound: true, Draft: "P-1", Value: "x"}, Input{Key: person, Name: "again", Value: "P-1"}},
		"passed on, and unbound":       {Input{Name: "again", Draft: "P-1", Message: "7"}, Input{Key: person, Name: "again", Draft: "P-1", Message: "7"}},
		"a caller's key":               {Input{Name: "again", Key: parcel, Bound: true, Draft: "P-1"}, Input{Key: parcel, Name: "again", Bound: true, Draft: "P-1"}},
	} {
		c.in.Owner, c.want.Owner = "tg:1", "tg:1"
		if e.address(&c.in); !reflect.DeepEqual(c.in, c.want) {
			t.Errorf("%s: %+v, want %+v", name, c.in, c.want)
		}
	}
}
