package form_test

import (
	"encoding/json"
	"errors"
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
		"5. December": "2026-12-05", "1 Nov": "2027-11-01", "29 feb": "2028-02-29", "24.12.": "2026-12-24", "२४.१२.": "2026-12-24", "۲۰۲۶-۱۲-۲۴": "2026-12-24", "５ Dec": "2026-12-05", "in ٣ days": "2026-11-27", "24.12": "2026-12-24", "24/12": "2026-12-24", "12/24": "2026-12-24",
		"5.12.26": "2026-12-05", "2026-12-05": "2026-12-05", "2026/12/05": "2026-12-05", "6/6": "2027-06-06", "Sat 5 Dec": "2026-12-05", "Sat, 5 Dec 2026": "2026-12-05",
		"Fri 5 Dec": "", "tuesday": "", "31 feb": "", "5/12": "", "soon": "", "5": "", "": "", "next friday": "", "5 6 7 8": "", "in days": "", "-1": "", "0.0.": "", "32.1.": "",
		"1.2.3.4": "", "1/2/0": "", "99999-12-05": "", "5 ma": "", "😀": "",
		"day after tomorrow": "2026-11-26", "the day after tomorrow": "2026-11-26", "in 1 day": "2026-11-25", "in 0 days": "2026-11-24", "in 5000 days": "2040-08-02", "in 5001 days": "", "after 3 days": "", "in 3 weeks": "",
		"1st dec": "2026-12-01", "2nd dec": "2026-12-02", "3rd dec": "2026-12-03", "sept 4": "2027-09-04", "5 sep.": "2027-09-05", "24 nov": "2026-11-24", "23 nov": "2027-11-23",
		"0 dec": "", "32 dec": "", "31 dec": "2026-12-31", "1 jan": "2027-01-01", "29 feb 2027": "", "29 feb 2028": "2028-02-29", "5 dec 26": "", "5 dec 2026 please": "", "dec": "", "5 5": "",
		"1.12": "2026-12-01", "1.1.": "2027-01-01", "1.13.": "", "0/5": "", "13/13": "", "24/12/2026": "2026-12-24", "12/24/2026": "2026-12-24", "5/6/2026": "", "5.6.2027": "2027-06-05", "24-12": "2026-12-24", "5-6": "",
		"1.1.99": "2099-01-01", "1.1.100": "", "1.1.999": "", "1.1.1000": "1000-01-01", "2026-12": "", "2026-12-0": "", "2026-13-01": "", "x/5": "", "5/x": "", "5/6/x": "",
		"24.12.20266": "", "00024.12.": "", "in 00003 days": "", "24.12.0": "", "5 dec 0000": "", "0000-12-24": "", "abcd-12-24": "", "2026-x-24": "", "2026-12-x": "", "xx dec": "", "dec xx": "", "5 dec abcd": "", "in x days": "",
		"Sat 5/12": "2026-12-05", "Wed. 5/12": "2027-05-12", "Thu 5/12": "", "Sat": "2026-11-28", "Mon": "2026-11-30", "Wed": "2026-11-25", "sa": "", "\u20685 Dec\u2069": "2026-12-05",
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

// A day may be typed as its button says it, in any language. A question that offers no
// buttons takes the words for days.
func TestDaysByTheirLabels(t *testing.T) {
	visit := visits()
	visit.Words = func(_, code string, args map[string]string) string {
		if code == "day" {
			return dialog.Fill("день {day}", args)
		}
		return ""
	}
	bare := visits()
	bare.Questions[0].Options = nil
	for text, want := range map[string][2]string{"день 27": {"2026-11-27", ""}, " ДЕНЬ 27": {"2026-11-27", ""}, "день 13": {"", ""}, "friday": {"2026-11-27", "2026-11-27"}} {
		for i, f := range []form.Form[Visit]{visit, bare} {
			k := dialogtest.NewTalk(dialog.NewMemory(), f)
			k.Quiet = true
			k.Say("/create")
			k.Say(text)
			var v Visit
			if err := json.Unmarshal(k.Record.Answers, &v); err != nil {
				t.Fatal(err)
			}
			got := ""
			if !v.Day.IsZero() {
				got = v.Day.Format(time.DateOnly)
			}
			if got != want[i] {
				t.Errorf("%q at form %d is %q, want %q", text, i, got, want[i])
			}
			k.Close()
		}
	}
}

// The 29th of February may be eight years away.
func TestLeapDay(t *testing.T) {
	type D struct{ Day time.Time }
	q := form.Date("day", "?", func(d *D) *time.Time { return &d.Day })
	var d D
	now := time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC)
	if took := q.Take(form.Answer[D]{Draft: &d, Text: "29 feb", Now: now}); !took.OK() || d.Day.Format(time.DateOnly) != "2104-02-29" {
		t.Errorf("it is %v", d.Day)
	}
}

// The next seven days that the checks accept are offered, of the next year.
func TestDaysOffered(t *testing.T) {
	type D struct{ Day time.Time }
	view := dialog.View{Now: time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)}
	weekends := func(day, _ time.Time) error {
		if day.Weekday() != time.Sunday {
			return form.Refuse("not_sunday")
		}
		return nil
	}
	for name, x := range map[string]struct {
		check func(day, today time.Time) error
		want  []string
	}{
		"from tomorrow": {form.Days(1, 3), []string{"2026-11-25", "2026-11-26", "2026-11-27"}},
		"a year ahead":  {form.Days(365, 500), []string{"2027-11-24"}},
		"later":         {form.Days(366, 500), nil},
		"sundays":       {weekends, []string{"2026-11-29", "2026-12-06", "2026-12-13", "2026-12-20", "2026-12-27", "2027-01-03", "2027-01-10"}},
	} {
		q := form.Date("day", "?", func(d *D) *time.Time { return &d.Day }, x.check)
		var got []string
		for _, o := range q.Options(&D{}, view) {
			got = append(got, o.Value)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}

// A check counts its bounds in, and the refusal says them.
func TestBounds(t *testing.T) {
	text, number := form.Length(2, 4), form.Between(-1, 20)
	days, today := form.Days(1, 60), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		err  error
		want string
	}{
		"short": {text("é"), "too_short map[low:2 typed:é]"}, "shortest": {text("éé"), ""}, "longest": {text("éééé"), ""}, "long": {text("éééééé"), "too_long map[over:2]"},
		"below": {number(-2), "not_between map[high:20 low:-1 typed:-2]"}, "lowest": {number(-1), ""}, "highest": {number(20), ""}, "above": {number(21), "not_between map[high:20 low:-1 typed:21]"},
		"today": {days(today, today), "not_between map[high:2027-01-23 low:2026-11-25 typed:2026-11-24]"}, "first": {days(today.AddDate(0, 0, 1), today), ""},
		"last": {days(today.AddDate(0, 0, 60), today), ""}, "after": {days(today.AddDate(0, 0, 61), today), "not_between map[high:2027-01-23 low:2026-11-25 typed:2027-01-24]"},
	} {
		got := ""
		if r := (*form.Refusal)(nil); errors.As(x.err, &r) {
			got = fmt.Sprint(r.Code, " ", r.Args)
		}
		if got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
}

// What each kind of question makes of a text, and why it refuses one.
func TestKindsTake(t *testing.T) {
	type D struct {
		Text  string
		Count int
		Rooms *int
		Yes   *bool
		Size  string
	}
	questions := map[string]form.Question[D]{
		"text":   form.Text("text", "?", func(d *D) *string { return &d.Text }),
		"number": form.Number("count", "?", func(d *D) *int { return &d.Count }, form.Between(1, 20)),
		"rooms":  form.Number("rooms", "?", func(d *D) **int { return &d.Rooms }, form.Between(0, 20)),
		"yes":    form.YesNo("yes", "?", func(d *D) **bool { return &d.Yes }),
		"choose": form.Choose("size", "?", func(d *D) *string { return &d.Size }, "small", "Large"),
	}
	for typed, want := range map[string]string{
		"text: two words ": `{"Text":"two words"`, "text: ": "empty", "text:\u200b\u2060": "empty", "number:0": "not_between", "rooms:0": `"Rooms":0`, "rooms:20": `"Rooms":20`, "rooms:-1": "not_between", "number: 12 ": `"Count":12`, "number:१२": `"Count":12`, "rooms:１９": `"Rooms":19`, "rooms:−1": "not_between", "number:1.5": "not_number", "number:": "not_number",
		"yes:y": `"Yes":true`, "yes:NO": `"Yes":false`, "yes: N": `"Yes":false`, "yes:Yes": `"Yes":true`, "yes:maybe": "not_offered", "yes:": "not_offered",
		"choose:SMALL ": `"Size":"small"`, "choose:large": `"Size":"Large"`, "choose:huge": "not_offered",
	} {
		kind, text, _ := strings.Cut(typed, ":")
		q := questions[kind]
		f := form.Form[D]{Name: "kinds", Version: 1, Review: true, Questions: []form.Question[D]{q}, Submit: func(D, *dialog.Turn) string { return "" }}
		k := dialogtest.NewTalk(dialog.NewMemory(), f)
		k.Quiet = true
		k.Say("/create")
		if c := k.Card(); c.Field != nil && c.Field.Value != "" || c.Keep != nil {
			t.Errorf("%s: an open question has the answer %+v", typed, c.Field)
		}
		k.Handle(dialog.Input{Kind: dialog.KindText, Text: text})
		got := string(k.Record.Answers)
		if k.Record.Said != nil {
			got = k.Record.Said.Code
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", typed, got, want)
		}
		k.Close()
	}
}

// An answer that the question offers no longer is asked again; a skipped question has no
// answer to check.
func TestAnswersNoLongerOffered(t *testing.T) {
	f := visits()
	q := &f.Questions[2]
	now := time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	until := *q
	until.Until = func(*Visit, time.Time) error { return errors.New("too late") }
	until.Confirm = func(*Visit, *dialog.Input) error { return errors.New("not for you") }
	late := form.Optional(until, skippedOf)
	for name, x := range map[string]struct {
		err  error
		want bool
	}{
		"offered":             {q.Check(&Visit{Extras: []string{"wash"}}), true},
		"one is not":          {q.Check(&Visit{Extras: []string{"wash", "iron"}}), false},
		"skipped":             {q.Check(&Visit{Extras: []string{"iron"}, Skipped: form.Skipped{"extras"}}), true},
		"another is skipped":  {q.Check(&Visit{Extras: []string{"iron"}, Skipped: form.Skipped{"note"}}), false},
		"late":                {late.Until(&Visit{}, now), false},
		"late, but skipped":   {late.Until(&Visit{Skipped: form.Skipped{"extras"}}, now), true},
		"theirs":              {late.Confirm(&Visit{}, &dialog.Input{}), false},
		"theirs, but skipped": {late.Confirm(&Visit{Skipped: form.Skipped{"extras"}}, &dialog.Input{}), true},
	} {
		if (x.err == nil) != x.want {
			t.Errorf("%s: %v", name, x.err)
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
