package dialog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

func TestCodeWithoutATextIsSaidAsWhatStandsBeforeItsDot(t *testing.T) {
	words := dialog.Words(func(_, code string, _ map[string]string) string {
		return map[string]string{"unusable": "Not that."}[code]
	})
	for code, want := range map[string]string{"unusable.poll": "Not that.", "unusable": "Not that.", "amount.hint": "", "newer": ""} {
		if got := words.Tell(dialog.View{}, &dialog.Said{Code: code}); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// A value is never filled in itself: what is typed comes out as it was typed.
func TestFill(t *testing.T) {
	args := map[string]string{"typed": "{low} and {typed}", "low": "{high}", "high": "5", "": "?"}
	for text, want := range map[string]string{
		"“{typed}” is under {low}.": "“{low} and {typed}” is under {high}.",
		"{low}{high}{typed}":        "{high}5{low} and {typed}",
		"{nobody} {high}":           "{nobody} 5",
		"{ {high}":                  "{ 5",
		"{high":                     "{high",
		"}{high}{":                  "}5{",
		"{{high}}":                  "{5}",
		"plain":                     "plain",
		"":                          "",
	} {
		for range 20 { // maps have no order
			if got := dialog.Fill(text, args); got != want {
				t.Fatalf("%q: %q, want %q", text, got, want)
			}
		}
	}
}

func TestTimesWithoutWordsAreFigures(t *testing.T) {
	var none dialog.Words
	v := dialog.View{Now: time.Date(2026, 11, 27, 14, 0, 0, 0, time.UTC)}
	for at, want := range map[time.Duration]string{time.Hour: "15:00 UTC", 48 * time.Hour: "2026-11-29 14:00 UTC"} {
		if got := none.Clock(v, v.Now.Add(at)); got != want {
			t.Errorf("in %s: %q, want %q", at, got, want)
		}
	}
	for age, want := range map[time.Duration]string{time.Hour: "13:00 UTC", 9 * 24 * time.Hour: "2026-11-18"} {
		if got := none.Ago(v, v.Now.Add(-age)); got != want {
			t.Errorf("%s ago: %q, want %q", age, got, want)
		}
	}
}

// A text that is kept has the year of its time, also of this year.
func TestClockYear(t *testing.T) {
	words := dialog.Words(func(_, code string, args map[string]string) string {
		if code != "clock.year" {
			return ""
		}
		return args["day"] + "/" + args["month"] + "/" + args["year"] + " " + args["time"]
	})
	at := time.Date(2026, 11, 24, 14, 41, 0, 0, time.UTC)
	v := dialog.View{Now: at}
	if got := words.ClockYear(v, at); got != "24/11/2026 14:41 UTC" {
		t.Errorf("it is written %q", got)
	}
	if got := dialog.Words(nil).ClockYear(v, at); got != "2026-11-24 14:41 UTC" {
		t.Errorf("in figures it is written %q", got)
	}
}

// Each time of day has its zone, in any zone, at any time of the year.
func TestTimeOfDayHasItsZone(t *testing.T) {
	for name, want := range map[string][2]string{ // winter, summer
		"UTC": {"UTC", "UTC"}, "Europe/Vilnius": {"UTC+2", "UTC+3"}, "America/New_York": {"UTC\u22125", "UTC\u22124"}, "Asia/Kolkata": {"UTC+5:30", "UTC+5:30"},
		"America/St_Johns": {"UTC\u22123:30", "UTC\u22122:30"}, "Pacific/Kiritimati": {"UTC+14", "UTC+14"}, "Europe/London": {"UTC", "UTC+1"},
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, month := range []time.Month{time.January, time.July} {
			v := dialog.View{Now: time.Date(2026, month, 10, 12, 0, 0, 0, time.UTC), Zone: zone}
			words := dialog.Words(func(_, code string, args map[string]string) string { return code + " " + args["time"] })
			for _, in := range []time.Duration{0, 24 * time.Hour, 30 * 24 * time.Hour} {
				at := v.Now.Add(in)
				said := &dialog.Said{Code: "x", Times: map[string]dialog.Moment{"t": dialog.At(at)}}
				told := dialog.Words(func(lang, code string, args map[string]string) string {
					if code == "x" {
						return args["t_at"] + "|" + args["t_near"]
					}
					return words(lang, code, args)
				}).Tell(v, said)
				for text := range strings.SplitSeq(dialog.Plain(words.Clock(v, at)+"|"+told), "|") {
					if clock := at.In(zone).Format("15:04"); !strings.HasSuffix(text, clock+" "+want[i]) {
						t.Errorf("%s in %s: %q, want it to end with %s %s", name, month, text, clock, want[i])
					}
				}
			}
		}
	}
}
