package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/insight"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// timeline looks once for each letter: x is wrong, - is right, ? is unsure, a space is nothing. It writes a capital where people
// are told: F that it fires, R that it is over.
func timeline(name, looks string, every time.Duration) string {
	var s State
	var b strings.Builder
	now := noon
	for _, look := range looks {
		next, told := s.Next(&Seen{Name: name, Over: look == 'x', Unsure: look == '?'}, now)
		switch now = now.Add(every); {
		case look == ' ':
			b.WriteRune(' ')
			continue
		case told && next.Firing:
			b.WriteByte('F')
		case told:
			b.WriteByte('R')
		default:
			b.WriteByte('.')
		}
		s = next
	}
	return b.String()
}

func TestTimelines(t *testing.T) {
	half := 30 * time.Minute
	for _, x := range []struct {
		name, looks, want string
		every             time.Duration
	}{
		{NameLost, "---xxx---x-", "...F..R..FR", time.Minute},
		{NameInputs, "xx??--??xx", "F...R...F.", time.Minute},
		{NameAbandonment, "xxxxxxxx", "......F.", half},                          // after three hours, exactly
		{NameAbandonment, "xxxxxx-xxxxxxx", ".............F", half},              // one look at which it is right begins anew
		{NameStep + ".amount_input", "x     x", ".     F", half},                 // nobody looked in between
		{NameStep + ".amount_input", "xxx???x", "......F", half},                 // nothing new was known in between
		{NameStep + ".amount_input", "x-x-x-x-x-x-x-x", "...............", half}, // flapping
		{NameAbandonment, "xxxx" + strings.Repeat("-", 26) + "x", "...F" + strings.Repeat(".", 24) + "R..", time.Hour},
		{NameAbandonment, "xxxx" + strings.Repeat("-", 24) + "x" + strings.Repeat("-", 25), "...F" + strings.Repeat(".", 49) + "R", time.Hour}, // just below a day
		{NameTyped, "x------", "F....R.", 15 * time.Minute},
		{"rollout.tenth", "x-", "FR", time.Minute},
	} {
		if got := timeline(x.name, x.looks, x.every); got != x.want {
			t.Errorf("%s, each %s:\n%q is told\n%q, want\n%q", x.name, x.every, x.looks, got, x.want)
		}
	}
}

// TestClockSetBack: time that a clock takes back is no patience.
func TestClockSetBack(t *testing.T) {
	var s State
	look := func(after time.Duration) (told bool) {
		s, told = s.Next(&Seen{Name: NameAbandonment, Over: true}, noon.Add(after))
		return told
	}
	for _, after := range []time.Duration{0, 2 * time.Hour, -time.Hour, time.Hour, 2*time.Hour - time.Second} {
		if look(after) {
			t.Fatalf("told at %s", after)
		}
	}
	if !look(2 * time.Hour) {
		t.Error("not told three hours after the clock was set back")
	}
}

// TestWhatFires: while it fires the newest figures are known, and once it is over they stay.
func TestWhatFires(t *testing.T) {
	var s State
	look := func(n int, over bool) {
		s, _ = s.Next(&Seen{Name: NameLost, Over: over, What: said("alert.lost", counts{"n": n}.args(), noon)}, noon.Add(time.Duration(n)*time.Minute))
	}
	look(1, true)
	look(3, true)
	look(0, false)
	if s.Firing || s.What.Args["n"] != "3" || s.Since != noon.UnixMilli() {
		t.Errorf("the state is %+v", s)
	}
}

func TestLost(t *testing.T) {
	lost := func(mode, draft string, ago time.Duration) dialog.Event {
		return dialog.Event{Kind: dialog.EventLost, Mode: mode, Draft: draft, At: noon.Add(-ago)}
	}
	for _, x := range []struct {
		events []dialog.Event
		n      int
		since  time.Duration
	}{
		{nil, 0, 0},
		{[]dialog.Event{lost("lightweight", "a", time.Minute), lost("redis", "b", time.Minute)}, 0, 0},
		{[]dialog.Event{lost("database", "a", time.Minute), lost("hybrid", "b", time.Hour), lost("database", "a", 2*time.Hour)}, 2, 2 * time.Hour},
		{[]dialog.Event{lost("database", "a", 24*time.Hour)}, 1, 24 * time.Hour},
		{[]dialog.Event{lost("database", "a", 24*time.Hour+time.Millisecond)}, 0, 0},
		{[]dialog.Event{lost("database", "a", -time.Hour)}, 1, -time.Hour}, // the clock was set back since
		{[]dialog.Event{{Kind: dialog.EventStarted, Mode: "database", Draft: "a", At: noon}}, 0, 0},
	} {
		got := Lost(x.events, noon)
		if got.Over != (x.n > 0) || got.What.Args["n"] != fmt.Sprint(x.n) || x.n > 0 && !got.What.Times["since"].Time().Equal(noon.Add(-x.since)) {
			t.Errorf("%+v: %+v", x.events, got)
		}
	}
}

func TestRestarts(t *testing.T) {
	crash := func(ago time.Duration, host string) insight.Up {
		return insight.Up{At: noon.Add(-ago), Instance: host + "." + ago.String(), Crash: true}
	}
	const m = time.Minute
	felt := func(ago time.Duration) insight.Up { return insight.Up{At: noon.Add(-ago), Instance: "a.b", Felt: true} }
	stop := func(ago time.Duration) insight.Up { return insight.Up{At: noon.Add(-ago), Instance: "a.b"} }
	for _, x := range []struct {
		what string
		ups  []insight.Up
		code string
		n    string
	}{
		{"nothing", nil, "", ""},
		{"three in ten minutes", []insight.Up{crash(12*m, "a"), crash(7*m, "a"), crash(2*m, "a")}, "alert.restarts", "3"},
		{"a second more", []insight.Up{crash(12*m+time.Second, "a"), crash(7*m, "a"), crash(2*m, "a")}, "", ""},
		{"four of five", []insight.Up{crash(30*m, "a"), crash(9*m, "a"), crash(6*m, "a"), crash(3*m, "a"), crash(0, "a")}, "alert.restarts", "4"},
		{"of three hosts", []insight.Up{crash(4*m, "a"), crash(3*m, "b"), crash(2*m, "c")}, "", ""},
		{"updates", []insight.Up{stop(4 * m), stop(3 * m), stop(2 * m), stop(m)}, "", ""},
		{"an hour ago", []insight.Up{crash(70*m, "a"), crash(65*m, "a"), crash(60*m, "a")}, "alert.restarts", "3"},
		{"more than an hour ago", []insight.Up{crash(70*m, "a"), crash(65*m, "a"), crash(60*m+1, "a")}, "", ""},
		{"the clock was set back", []insight.Up{crash(-20*m, "a"), crash(-25*m, "a"), crash(-30*m, "a")}, "alert.restarts", "3"},
		{"one felt", []insight.Up{felt(20 * time.Hour)}, "", ""},
		{"one episode", []insight.Up{felt(time.Hour), felt(50 * m), stop(40 * m), felt(30 * m)}, "", ""},
		{"ten minutes apart", []insight.Up{felt(40 * m), felt(30 * m)}, "", ""},
		{"more than ten minutes apart", []insight.Up{felt(40*m + time.Second), felt(30 * m)}, "alert.felt", "2"},
		{"two episodes", []insight.Up{felt(24 * time.Hour), stop(22 * time.Hour), felt(time.Hour)}, "alert.felt", "2"},
		{"the first a day ago", []insight.Up{felt(24*time.Hour + 1), felt(time.Hour)}, "", ""},
	} {
		got := Restarts(x.ups, noon, 1)
		if got.Over != (x.code != "") || got.What.Code != x.code || got.What.Args["n"] != x.n {
			t.Errorf("%s: %+v", x.what, got)
		}
	}
}

// TestSinceWhen: it is told since when: of equal bursts since the newest one, of felt restarts since the first.
func TestSinceWhen(t *testing.T) {
	up := func(ago time.Duration, host string) insight.Up {
		return insight.Up{At: noon.Add(-ago * time.Minute), Instance: host + "." + ago.String(), Crash: host != "felt", Felt: host == "felt"}
	}
	for range 20 { // hosts come in any order
		for _, x := range []struct {
			ups   []insight.Up
			since time.Duration
		}{
			{[]insight.Up{up(40, "a"), up(39, "a"), up(38, "a"), up(30, "b"), up(29, "b"), up(28, "b")}, 30},
			{[]insight.Up{up(30, "a"), up(29, "a"), up(28, "a"), up(40, "b"), up(39, "b"), up(38, "b")}, 30},
			{[]insight.Up{up(40, "a"), up(39, "a"), up(38, "a"), up(37, "a"), up(30, "b"), up(29, "b"), up(28, "b")}, 40},
			{[]insight.Up{up(90, "felt"), up(60, "felt"), up(30, "felt")}, 90},
		} {
			if got := Restarts(x.ups, noon, 1).What.Times["since"].Time(); !got.Equal(noon.Add(-x.since * time.Minute)) {
				t.Errorf("%+v: since %s, want %d minutes ago", x.ups, got, x.since)
			}
		}
	}
}

func TestTypedAgain(t *testing.T) {
	slot := func(ago time.Duration, typed, creations int) insight.Slot {
		return insight.Slot{At: insight.SlotOf(noon.Add(-ago)), Counts: insight.Counts{"typed": typed, "creations": creations, "asked/amount_input": 7}.String()}
	}
	for _, x := range []struct {
		what  string
		slots []insight.Slot
		over  bool
	}{
		{"nobody", nil, false},
		{"many, still", []insight.Slot{slot(3*time.Hour, 0, 30), slot(time.Hour, 8, 70), slot(0, 9, 70)}, true},
		{"many, no longer", []insight.Slot{slot(2*time.Hour, 30, 100), slot(time.Hour, 0, 70)}, false},
		{"few people", []insight.Slot{slot(time.Hour, 20, 49)}, false},
		{"just enough people", []insight.Slot{slot(time.Hour, 20, 50)}, true},
		{"not surely", []insight.Slot{slot(time.Hour, 6, 100)}, false},
		{"a day ago", []insight.Slot{slot(24*time.Hour+time.Minute, 0, 1000), slot(time.Hour, 20, 100)}, true},
	} {
		got := TypedAgain(x.slots, noon, .05)
		if got.Over != x.over {
			t.Errorf("%s: %+v", x.what, got)
		}
	}
	got := TypedAgain([]insight.Slot{slot(3*time.Hour, 0, 30), slot(time.Hour, 8, 70), slot(0, 9, 70)}, noon, .05).What
	back := TypedAgain([]insight.Slot{slot(0, 5, 70), slot(time.Hour, 1, 10), slot(2*time.Hour, 30, 70), slot(3*time.Hour, 1, 30)}, noon, .01).What
	if back.Args["n"] != "37" || back.Args["of"] != "180" || !back.Times["since"].Time().Equal(noon.Add(-3*time.Hour)) {
		t.Errorf("in any order, and since one person, it says %+v", back)
	}
	if got.Args["n"] != "17" || got.Args["of"] != "140" || got.Args["percent"] != "12" || !got.Times["since"].Time().Equal(noon.Add(-time.Hour)) {
		t.Errorf("it says %+v", got)
	}
}

func TestLeaving(t *testing.T) {
	rate := func(x, n int, verdict insight.Verdict) insight.Rate {
		return insight.Rate{X: x, N: n, Interval: insight.Wilson(x, n, 1), Verdict: verdict}
	}
	step := func(name string, x, n int, verdict insight.Verdict) insight.StepFigures {
		return insight.StepFigures{Step: name, Left: rate(x, n, verdict), Asked: n}
	}
	now := &insight.Figures{Abandoned: rate(240, 1000, insight.Over), Steps: []insight.StepFigures{
		step("seller_input", 20, 49, insight.Over), step("description_input", 96, 400, insight.Over), step("amount_input", 10, 50, insight.NotSure),
	}}
	before := &insight.Figures{Abandoned: rate(9, 49, insight.NotSure), Steps: []insight.StepFigures{step("description_input", 36, 400, insight.Under), step("gone_input", 90, 100, insight.Over)}}
	list := Leaving(now, before)
	if len(list) != 5 {
		t.Fatalf("%+v", list)
	}
	for i, want := range []string{
		"abandonment true alert.abandonment map[high:27 low:21 percent:24]",
		"step.amount_input false  map[]",
		"step.description_input true alert.step.was map[before:9 high:28 low:20 percent:24 step:description_input]",
		"step.gone_input false  map[]",   // so that its alert ends
		"step.seller_input false  map[]", // few people were asked
	} {
		if got := fmt.Sprint(list[i].Name, " ", list[i].Over, " ", list[i].What.Code, " ", list[i].What.Args); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	before.Abandoned = rate(9, 50, insight.NotSure)
	now.Steps = append(now.Steps, step("delivery_input", 30, 50, insight.Over))
	for _, one := range Leaving(now, before) {
		switch want := map[string]string{NameAbandonment: "alert.abandonment.was 18", NameStep + ".delivery_input": "alert.step "}[one.Name]; want {
		case "", one.What.Code + " " + one.What.Args["before"]:
		default:
			t.Errorf("where fifty were asked %s is told as %+v", one.Name, one.What)
		}
	}
	if list := Leaving(&insight.Figures{}, nil); len(list) != 1 || list[0].Over {
		t.Errorf("of nothing: %+v", list)
	}
}

func TestTickets(t *testing.T) {
	slot := func(ago time.Duration, n, lost int) insight.Slot {
		return insight.Slot{At: insight.SlotOf(noon.Add(-ago)), Counts: insight.Counts{"ticket/progress": n, "ticket/payment": 9, "hurt/progress": lost}.String()}
	}
	week := 7 * 24 * time.Hour
	for _, x := range []struct {
		slots []insight.Slot
		over  bool
		says  string
	}{
		{nil, false, "map[lost:0 n:0]"},
		{[]insight.Slot{slot(week, 1, 0), slot(time.Hour, 2, 1)}, false, "map[lost:1 n:3]"},
		{[]insight.Slot{slot(week, 1, 0), slot(time.Hour, 3, 0)}, true, "map[lost:0 n:4]"},
		{[]insight.Slot{slot(week+time.Minute, 1, 0), slot(0, 3, 0)}, false, "map[lost:0 n:3]"},
	} {
		if got := Tickets(x.slots, noon, 3); got.Over != x.over || fmt.Sprint(got.What.Args) != x.says {
			t.Errorf("%+v", got)
		}
	}
}

// TestSame: a look that finds other figures or another text has changed something.
func TestSame(t *testing.T) {
	of := func(code, n string, since time.Time, turning int64) *State {
		return &State{Turning: turning, What: said(code, map[string]string{"n": n}, since)}
	}
	for i, other := range []*State{of("a", "1", noon, 0), of("b", "1", noon, 0), of("a", "2", noon, 0), of("a", "1", noon.Add(time.Minute), 0), of("a", "1", noon, 1)} {
		if got := other.same(of("a", "1", noon, 0)); got != (i == 0) {
			t.Errorf("%+v is the same: %v", other, got)
		}
	}
}

// TestNothingToShow: an alert that was never told, or that a newer version wrote, shows nothing.
func TestNothingToShow(t *testing.T) {
	f := New(Config{})
	for schema, answers := range map[int]string{0: "", Version: "{}", Version + 1: `{"since":1,"firing":true,"what":{"c":"alert.lost"}}`} {
		r := &dialog.Record{Head: dialog.Head{Key: Key("bot", NameLost), Version: 1}}
		r.SetDraft([]byte(answers), nil)
		r.Schema = schema
		if c := f.Render(r, dialog.View{Lang: "en", Now: noon}); c.Question != "" || !c.Ended {
			t.Errorf("of version %d, %s, it shows %+v", schema, answers, c)
		}
	}
}
