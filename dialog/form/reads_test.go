package form_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// The formats of an order of pizza: in the second, size is called diameter.
type (
	orderV1 struct {
		Size    string `json:"size"`
		Address string `json:"address"`
	}
	orderV2 struct {
		Diameter string `json:"diameter"`
		Address  string `json:"address"`
	}
	// orderBoth decodes both formats, and encodes for both.
	orderBoth struct {
		orderV1
	}
)

func (o orderBoth) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"size": o.Size, "diameter": o.Size, "address": o.Address})
}

func (o *orderBoth) UnmarshalJSON(b []byte) error {
	var v2 orderV2
	if err := errors.Join(json.Unmarshal(b, &o.orderV1), json.Unmarshal(b, &v2)); err != nil {
		return err
	}
	o.Size = cmp.Or(v2.Diameter, o.Size)
	return nil
}

// The releases, oldest first.
var (
	release1 = form.Form[orderV1]{Name: "pizza", Version: 1, Review: true,
		Questions: []form.Question[orderV1]{
			form.Text("size", "What size?", func(o *orderV1) *string { return &o.Size }),
			form.Text("address", "Where to?", func(o *orderV1) *string { return &o.Address }),
		},
		Submit: func(o orderV1, _ *dialog.Turn) string { return fmt.Sprint(o) },
	}
	release2 = form.Form[orderBoth]{Name: "pizza", Version: 1, Reads: 2, Review: true,
		Questions: []form.Question[orderBoth]{
			form.Text("size", "What size?", func(o *orderBoth) *string { return &o.Size }),
			form.Text("address", "Where to?", func(o *orderBoth) *string { return &o.Address }),
		},
		Submit: func(o orderBoth, _ *dialog.Turn) string { return fmt.Sprint(o.orderV1) },
	}
	release3 = form.Form[orderV2]{Name: "pizza", Version: 2, Review: true,
		Questions: []form.Question[orderV2]{
			form.Text("size", "What diameter?", func(o *orderV2) *string { return &o.Diameter }),
			form.Text("address", "Where to?", func(o *orderV2) *string { return &o.Address }),
		},
		Submit: func(o orderV2, _ *dialog.Turn) string { return fmt.Sprint(o) },
		Migrate: func(_ int, old []byte) ([]byte, error) {
			var o orderV1
			err := json.Unmarshal(old, &o)
			return []byte(fmt.Sprintf(`{"diameter":%q,"address":%q}`, o.Size, o.Address)), err
		},
	}
)

// A new format in two releases: a draft continues at instances of the first and of
// the second.
func ExampleForm_reads() {
	store := dialog.NewMemory()
	first, second := dialogtest.NewTalk(store, release2), dialogtest.NewTalk(store, release3)
	defer first.Close()
	defer second.Close()

	second.Say("/create")
	second.Say("30 cm")
	fmt.Println(second.Record.Schema, string(second.Record.Answers))
	first.Say("1 Infinite Loop")
	fmt.Println(first.Record.Schema, string(first.Record.Answers))
	second.Say("/confirm")
	// Output:
	// What diameter?
	// Where to?
	// 2 {"diameter":"30 cm","address":""}
	// Is this right?
	// 2 {"address":"1 Infinite Loop","diameter":"30 cm","size":"30 cm"}
	// * {30 cm 1 Infinite Loop}
	// Done
}

// TestOnlyOldDraftsMigrate: a draft in the current format is read as it is.
func TestOnlyOldDraftsMigrate(t *testing.T) {
	for schema, want := range map[int]string{1: `{30 cm here}`, 2: `{40 cm there}`} {
		r := &dialog.Record{Answers: []byte(map[int]string{1: `{"size":"30 cm","address":"here"}`, 2: `{"diameter":"40 cm","address":"there"}`}[schema])}
		r.Schema = schema
		if d, err := release3.Draft(r); err != nil || fmt.Sprint(*d) != want {
			t.Errorf("version %d: %v, %v", schema, d, err)
		}
	}
}

// TestReads: which release continues which draft, and in which format the draft stays.
func TestReads(t *testing.T) {
	release4 := release3
	release4.Version = 3
	flows := []dialog.Flow{1: release1, 2: release2, 3: release3, 4: release4}
	const park = -1
	for _, c := range []struct {
		name  string
		lines []string // the release, and its input
		want  []int    // the format after each input; park: ErrSchemaNewer
		holds string   // part of the last answers
	}{
		{"old, and all after it", []string{"1 /create", "1 large", "2 here", "1 /edit", "3 /confirm"}, []int{1, 1, 1, 1, 1}, ""},
		{"begun by the first of two", []string{"2 /create", "2 large", "1 here"}, []int{1, 1, 1}, `{"size":"large","address":"here"}`},
		{"migrated, and back", []string{"2 /create", "2 large", "3 here", "2 /back", "2 there", "3 /resume"}, []int{1, 1, 2, 2, 2, 2}, `"diameter":"large"`},
		{"begun by the second", []string{"3 /create", "2 large", "3 here"}, []int{2, 2, 2}, `{"diameter":"large","address":"here"}`},
		{"rolled back to stay", []string{"3 /create", "3 large", "2 here", "2 /confirm", "2 /create", "2 small"}, []int{2, 2, 2, 2, 1, 1}, `"size":"small"`},
		{"begun anew", []string{"3 /create", "3 large", "2 /create", "2 /restart", "1 small"}, []int{2, 2, 2, 1, 1}, `"size":"small"`},
		{"without the first", []string{"3 /create", "1 large", "3 /resume"}, []int{2, park, 2}, ""},
		{"beyond what it reads", []string{"4 /create", "2 large", "3 large", "4 large"}, []int{3, park, park, 3}, `"diameter":"large"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := dialog.NewMemory()
			bots := make([]*dialogtest.Talk, len(flows))
			for i, f := range flows[1:] {
				bots[i+1] = dialogtest.NewTalk(store, f)
				defer bots[i+1].Bot.Close(context.Background())
			}
			var rec *dialog.Record
			for i, line := range c.lines {
				who, text, _ := strings.Cut(line, " ")
				in := dialog.Input{ID: fmt.Sprint(i), Kind: dialog.KindText, Owner: "tty:ann", Text: text}
				if name, ok := strings.CutPrefix(text, "/"); ok {
					in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
				}
				out, err := bots[who[0]-'0'].Bot.Handle(t.Context(), in)
				if c.want[i] == park {
					if !errors.Is(err, dialog.ErrSchemaNewer) {
						t.Fatalf("%s: %v, want ErrSchemaNewer", line, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", line, err)
				}
				if rec = out.Record; rec.Schema != c.want[i] {
					t.Errorf("%s: left in format %d, want %d", line, rec.Schema, c.want[i])
				}
				card := bots[who[0]-'0'].Bot.Render(rec, dialog.View{})
				if strings.Contains(fmt.Sprint(card), "newer") {
					t.Errorf("%s: the card is %+v", line, card)
				}
			}
			if !strings.Contains(string(rec.Answers), c.holds) {
				t.Errorf("answers %s, want %s", rec.Answers, c.holds)
			}
		})
	}
	// A damaged draft of a known format does not count as newer.
	damaged := &dialog.Record{Head: dialog.Head{Step: "size", Schema: 2}, Answers: []byte(`{"size":1}`)}
	if c := release2.Render(damaged, dialog.View{}); c.Ended || c.Question != "What size?" {
		t.Errorf("the card of a damaged draft: %+v", c)
	}
}
