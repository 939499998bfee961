package form_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// Visit is a draft with a question of each kind.
type Visit struct {
	Day      time.Time    `json:"day,omitzero"`
	First    *bool        `json:"first,omitempty"`
	Extras   []string     `json:"extras,omitempty"`
	Note     string       `json:"note,omitempty"`
	Skipped  form.Skipped `json:"skipped,omitempty"`
	Reminder int          `json:"reminder,omitempty"`
}

func skippedOf(v *Visit) *form.Skipped { return &v.Skipped }

func visits() form.Form[Visit] {
	return form.Form[Visit]{
		Name: "visit", Version: 1, Review: true,
		Questions: []form.Question[Visit]{
			form.Date("day", "Which day?", func(v *Visit) *time.Time { return &v.Day }, form.Days(1, 60)),
			form.YesNo("first_time", "Is it your first visit?", func(v *Visit) **bool { return &v.First }),
			form.Optional(form.Many("extras", "Anything else?", func(v *Visit) *[]string { return &v.Extras }, "wash", "dry", "colour, dark"), skippedOf),
			form.Optional(form.Text("note", "A note for us?", func(v *Visit) *string { return &v.Note }, form.Length(3, 50)), skippedOf),
		},
		Submit: func(v Visit, _ *dialog.Turn) string {
			raw, _ := json.Marshal(v)
			return string(raw)
		},
	}
}

// buttons are the buttons of a card, the chosen ones with a point before them.
func buttons(c dialog.Card) (list []string) {
	if c.Keep != nil {
		list = append(list, c.Keep.Label)
	}
	for _, b := range slices.Concat(c.Choices, c.Alt) {
		if b.Chosen {
			b.Label = "• " + b.Label
		}
		list = append(list, b.Label)
	}
	return list
}

// The usual questions: a day, yes or no, some of many, and questions that may be skipped.
func Example_kinds() {
	k := dialogtest.NewTalk(dialog.NewMemory(), visits())
	defer k.Close()
	show := func() { fmt.Printf("%q\n", buttons(k.Card())) }
	k.Say("/create")
	show()
	k.Say("5/6")
	k.Say("friday")
	show()
	k.Say("yes")
	k.Tap("extras:wash")
	show()
	k.Tap("extras:dry")
	k.Tap("extras:wash")
	k.Tap("continue")
	k.Tap("note:#skip")
	for _, f := range k.Card().Facts {
		fmt.Println(f.Label+":", f.Value)
	}
	k.Tap("confirm")
	// Output:
	// Which day?
	// ["Wed 25 Nov" "Thu 26 Nov" "Fri 27 Nov" "Sat 28 Nov" "Sun 29 Nov" "Mon 30 Nov" "Tue 1 Dec"]
	// ! “5/6” can be 2027-06-05 or 2027-05-06. Write one of them.
	// Which day?
	// Is it your first visit?
	// ["Yes" "No"]
	// Anything else?
	// Anything else?
	// ["Go on with wash" "• wash" "dry" "colour, dark" "Skip"]
	// Anything else?
	// Anything else?
	// A note for us?
	// Is this right?
	// Day: Fri 27 Nov
	// First time: Yes
	// Extras: dry
	// Note: Not given
	// * {"day":"2026-11-27T00:00:00Z","first":true,"extras":["dry"],"skipped":["note"]}
	// Done
}

// A day that has passed is asked again, in the zone of the cards.
func TestDayPasses(t *testing.T) {
	k := dialogtest.NewTalk(dialog.NewMemory(), visits())
	defer k.Close()
	for _, line := range []string{"/create", "tomorrow", "no", "dry", "nothing"} {
		k.Say(line)
	}
	k.Pass(48 * time.Hour)
	k.Say("/confirm")
	if c := k.Card(); c.Question != "Which day?" || c.Band == nil || !strings.Contains(c.Band.Text, "2026-11-25 is not between 2026-11-27 and 2027-01-25") || c.Keep != nil {
		t.Errorf("the card is %+v", c)
	}
	k.Say("28 Nov")
	if c := k.Card(); c.Question != "Is this right?" {
		t.Errorf("the card is %+v", c)
	}
}

// Whatever a card shows or advises as a day is understood when it is typed.
func TestDaysReadBack(t *testing.T) {
	type D struct{ Day time.Time }
	zones := []string{"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Kyiv"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "now"), 0).In(zone)
		today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
		f := form.Form[D]{Questions: []form.Question[D]{form.Date("day", "?", func(d *D) *time.Time { return &d.Day })}}
		q := &f.Questions[0]
		take := func(text string) (D, form.Taken) {
			var d D
			return d, q.Take(form.Answer[D]{Draft: &d, Text: text, Now: now})
		}
		view := dialog.View{Now: now.UTC(), Zone: zone}
		for _, o := range q.Options(&D{}, view) {
			d, took := take(o.Value)
			if back, tookBack := take(f.Shown(q, &d, view)); !took.OK() || !tookBack.OK() || back != d {
				t.Fatalf("%s is shown as %s, which is %v", o.Value, f.Shown(q, &d, view), back)
			}
		}
		ahead := rapid.IntRange(0, 3000).Draw(t, "ahead")
		day := D{today.AddDate(0, 0, ahead)}
		for _, text := range []string{q.Typed(&day), f.Shown(q, &day, view), day.Day.Format("2 January 2006"), day.Day.Format("Jan 2 2006"), day.Day.Format("02.01.2006"), fmt.Sprintf("in %d days", ahead)} {
			if back, took := take(text); !took.OK() || back != day {
				t.Fatalf("on %s %q is read as %v, want %v", today, text, back, day)
			}
		}
	})
}

func TestDaysAsTyped(t *testing.T) {
	type D struct{ Day time.Time }
	q := form.Date("day", "?", func(d *D) *time.Time { return &d.Day })
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC) // a Tuesday
	for text, want := range map[string]string{
		"today": "2026-11-24", "Tomorrow": "2026-11-25", "fri": "2026-11-27", "FRIDAY": "2026-11-27", "5 dec": "2026-12-05", "Dec 5th": "2026-12-05",
		"5. December": "2026-12-05", "1 Nov": "2027-11-01", "29 feb": "2028-02-29", "24.12.": "2026-12-24", "24.12": "2026-12-24", "24/12": "2026-12-24", "12/24": "2026-12-24",
		"5.12.26": "2026-12-05", "2026-12-05": "2026-12-05", "2026/12/05": "2026-12-05", "6/6": "2027-06-06", "Sat 5 Dec": "2026-12-05", "Sat, 5 Dec 2026": "2026-12-05",
		"Fri 5 Dec": "", "tuesday": "", "31 feb": "", "5/12": "", "soon": "", "5": "", "": "", "next friday": "", "5 6 7 8": "", "in days": "", "-1": "", "0.0.": "", "32.1.": "",
		"1.2.3.4": "", "1/2/0": "", "99999-12-05": "", "5 ma": "", "😀": "",
	} {
		var d D
		took, got := q.Take(form.Answer[D]{Draft: &d, Text: text, Now: now}), ""
		if took.OK() {
			got = d.Day.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// Taps and typed lists lead to the same answers, in the order of the options.
func TestManyTapsAndTexts(t *testing.T) {
	options := []string{"wash", "dry", "colour, dark"}
	rapid.Check(t, func(t *rapid.T) {
		k := dialogtest.NewTalk(dialog.NewMemory(), visits())
		defer k.Close()
		k.Quiet = true
		for _, line := range []string{"/create", "tomorrow", "y"} {
			k.Say(line)
		}
		want := map[string]bool{}
		for _, o := range rapid.SliceOfN(rapid.SampledFrom(options), 0, 8).Draw(t, "taps") {
			for _, b := range k.Card().Choices {
				if b.Label == o {
					k.Tap(b.Action)
				}
			}
			want[o] = !want[o]
		}
		var chosen, marked []string
		for _, o := range options {
			if want[o] {
				chosen = append(chosen, o)
			}
		}
		for _, b := range k.Card().Choices {
			if b.Chosen {
				marked = append(marked, b.Label)
			}
		}
		c := k.Card()
		if c.Question != "Anything else?" || !slices.Equal(marked, chosen) || (c.Keep != nil) != (len(chosen) > 0) {
			t.Fatalf("chosen are %q, the card marks %q: %+v", chosen, marked, c)
		}
		k.Say("/continue")
		if c := k.Card(); len(chosen) == 0 && (c.Refusal != "Choose at least one." || c.Question != "Anything else?") || len(chosen) > 0 && c.Question != "A note for us?" {
			t.Fatalf("after Continue with %q: %+v", chosen, c)
		}
	})
	for text, want := range map[string]string{"dry, wash": `["wash","dry"]`, "colour, dark": `["colour, dark"]`, " WASH ": `["wash"]`, "wash;dry;": `["wash","dry"]`, "wash, iron": "", ",": ""} {
		k := dialogtest.NewTalk(dialog.NewMemory(), visits())
		k.Quiet = true
		for _, line := range []string{"/create", "tomorrow", "y", text} {
			k.Say(line)
		}
		if got := string(k.Record.Answers); (want == "") != (k.Card().Refusal != "") || !strings.Contains(got, want) {
			t.Errorf("%q: %s, %q", text, got, k.Card().Refusal)
		}
		k.Close()
	}
}

// A skipped question is answered, shows so, and an answer takes the place of the skip.
func TestOptional(t *testing.T) {
	for _, skip := range []string{"skip", " SKIP ", "/skip"} {
		k := dialogtest.NewTalk(dialog.NewMemory(), visits())
		k.Quiet = true
		for _, line := range []string{"/create", "tomorrow", "n", "dry", "hello", "/back", skip} {
			k.Say(line)
		}
		last := func() dialog.Fact { f := k.Card().Facts; return f[len(f)-1] }
		if f := last(); k.Card().Question != "Is this right?" || f.Value != "Not given" || f.Edit == nil || strings.Contains(string(k.Record.Answers), "hello") {
			t.Errorf("%s: %+v, %s", skip, k.Card(), k.Record.Answers)
		}
		k.Tap("edit:note")
		if c := k.Card(); c.Field.Value != "" || c.Keep == nil || c.Keep.Label != "Keep Not given" {
			t.Errorf("%s: opened again: %+v, %+v", skip, c.Field, c.Keep)
		}
		k.Say("hi!")
		if f := last(); dialog.Plain(f.Value) != "hi!" || strings.Contains(string(k.Record.Answers), `"note"]`) {
			t.Errorf("%s: %+v, %s", skip, f, k.Record.Answers)
		}
		k.Say("/back")
		k.Close()
	}
	// /skip is no answer to a question that must be answered
	k := dialogtest.NewTalk(dialog.NewMemory(), visits())
	defer k.Close()
	k.Say("/create")
	k.Say("/skip")
	if c := k.Card(); c.Question != "Which day?" || c.Refusal == "" {
		t.Errorf("the card is %+v", c)
	}
}
