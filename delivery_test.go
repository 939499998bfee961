package lockbay

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var deliveries = []struct {
	typed string
	hours int
	code  string
}{
	{"36", 36, ""},
	{"36h", 36, ""},
	{"36 h.", 36, ""},
	{"36 hours", 36, ""},
	{"36 Hrs", 36, ""},
	{"1", 1, ""},
	{"168", 168, ""},
	{"3 days", 72, ""},
	{"5 days", 120, ""},
	{"2d", 48, ""},
	{"3-day", 72, ""},
	{"three days", 72, ""},
	{"a day", 24, ""},
	{"three", 3, ""},
	{"1 1/2 days", 36, ""},
	{"1/2 day", 12, ""},
	{"3/4 day", 18, ""},
	{"1½ days", 36, ""},
	{"½ day", 12, ""},
	{"1 week 1 day", 0, DeliveryLong},
	{"6 days 23 hours", 167, ""},
	{"3 days from your payment", 72, ""},
	{"36 hours, counted from payment", 36, ""},
	{"1 week", 168, ""},
	{"a week", 168, ""},
	{"1.5 days", 36, ""},
	{"1,5 days", 36, ""},
	{"0.5 day", 12, ""},
	{"1 day 12 hours", 36, ""},
	{"1d12h", 36, ""},
	{"3 days, 12 hours", 84, ""},
	{"2 days and 2 hours", 50, ""},
	{"within 3 days", 72, ""},
	{"Up to 3 days!", 72, ""},
	{"at most 36h", 36, ""},
	{"24 hours to 48 hours", 0, DeliveryUnclear},
	{"max. 3 days", 72, ""},
	{"٣ days", 72, ""},
	{"３６", 36, ""},
	{" 36\u200b h ", 36, ""},

	{"0", 0, DeliveryShort},
	{"0 days", 0, DeliveryShort},
	{"169", 0, DeliveryLong},
	{"200", 0, DeliveryLong},
	{"200 hours", 0, DeliveryLong},
	{"8 days", 0, DeliveryLong},
	{"2 weeks", 0, DeliveryLong},
	{"a month", 0, DeliveryLong},
	{"99999999999999999999 weeks", 0, DeliveryUnclear}, {"9999999", 0, DeliveryUnclear},

	{"friday", 0, DeliveryDate},
	{"by Friday", 0, DeliveryDate},
	{"next friday 17:00", 0, DeliveryDate},
	{"tomorrow", 0, DeliveryDate},
	{"next week", 0, DeliveryDate},
	{"5 dec", 0, DeliveryDate},
	{"dec 5", 0, DeliveryDate},
	{"17:00", 0, DeliveryDate},
	{"5pm", 0, DeliveryDate},
	{"5/12", 0, DeliveryDate},
	{"05.12", 0, DeliveryDate},
	{"05.12.2026", 0, DeliveryDate},
	{"2026-12-05", 0, DeliveryDate},

	{"20261205", 0, DeliveryDate}, {"05122026", 0, DeliveryDate}, {"20261399", 0, DeliveryUnclear},
	{"next monday", 0, DeliveryDate},
	{"tomorrow 9:30", 0, DeliveryDate}, {"9:30 am", 0, DeliveryDate}, {"13:00", 0, DeliveryDate}, {"23:59", 0, DeliveryDate},
	{"sat", 0, DeliveryDate},
	{"5 may", 0, DeliveryDate},
	{"5 pm", 0, DeliveryDate},
	{"by the 5 of may", 0, DeliveryDate},

	// a number is needed
	{"day", 0, DeliveryUnclear}, {"days", 0, DeliveryUnclear}, {"week", 0, DeliveryUnclear}, {"a", 0, DeliveryUnclear}, {"an", 0, DeliveryUnclear},
	{"within days", 0, DeliveryUnclear}, {"in a", 0, DeliveryUnclear}, {"max hours", 0, DeliveryUnclear},
	// units fall, and come once
	{"2 days, 48 hours", 0, DeliveryUnclear}, {"2 days 24 hours", 0, DeliveryUnclear}, {"12 hours 1 day", 0, DeliveryUnclear},
	{"1 day 1 day", 0, DeliveryUnclear}, {"3 hours 4 hours", 0, DeliveryUnclear}, {"1 week 7 days", 0, DeliveryUnclear}, {"a day a day", 0, DeliveryUnclear},
	// these depend on nothing
	{"24.5", 0, DeliveryUnclear}, {"24:00", 0, DeliveryUnclear}, {"1.5", 0, DeliveryUnclear}, {"48:00", 0, DeliveryUnclear}, {"72:30", 0, DeliveryUnclear}, {"36.00", 0, DeliveryUnclear},
	{"1:30", 0, DeliveryUnclear}, {"0:30", 0, DeliveryUnclear}, {"12:59", 0, DeliveryUnclear}, {"24/7", 0, DeliveryUnclear}, {"7/24", 0, DeliveryUnclear},
	{"1 1/2", 0, DeliveryUnclear}, {"1½", 0, DeliveryUnclear}, {"½", 0, DeliveryUnclear}, {"2 3/4", 0, DeliveryUnclear}, {"25h30m", 0, DeliveryMinutes},
	{"1/2", 0, DeliveryDate}, {"40/50", 0, DeliveryUnclear}, {"1 1/3 days", 0, DeliveryUnclear}, {"24-48", 0, DeliveryUnclear},
	{"I am not sure", 0, DeliveryUnclear}, {"it may take long", 0, DeliveryUnclear}, {"this is hard to say", 0, DeliveryUnclear},
	{"1:30:00", 0, DeliveryUnclear}, {"99.99.99", 0, DeliveryUnclear},

	{"", 0, DeliveryUnclear},
	{"3 дня", 0, DeliveryUnclear},
	{"в пятницу", 0, DeliveryUnclear},
	{"soon", 0, DeliveryUnclear},
	{"h", 0, DeliveryUnclear},
	{"-5", 0, DeliveryUnclear},
	{"3-5 days", 0, DeliveryUnclear},
	{"24 48", 0, DeliveryUnclear},
	{"3 days 12", 0, DeliveryUnclear},
	{"1.5 hours", 0, DeliveryUnclear},
	{"1.25 days", 0, DeliveryUnclear},
	{"half a day", 12, ""}, {"half day", 12, ""}, {"within half a day", 12, ""}, {"half past two", 0, DeliveryUnclear}, {"2 half days", 0, DeliveryUnclear},
	{"minutes", 0, DeliveryUnclear}, {"a few minutes", 0, DeliveryUnclear}, {"5 min walk", 0, DeliveryUnclear},
	{"30 minutes", 0, DeliveryMinutes}, {"30 min", 0, DeliveryMinutes}, {"90 minutes", 0, DeliveryMinutes}, {"45m", 0, DeliveryMinutes}, {"30-minute", 0, DeliveryMinutes},
	{"half an hour", 0, DeliveryMinutes}, {"½ hour", 0, DeliveryMinutes}, {"1 1/2 hours", 0, DeliveryMinutes}, {"1h 30m", 0, DeliveryMinutes}, {"within ten minutes", 0, DeliveryMinutes},
	{"5 business days", 0, DeliveryUnclear},
	{"maybe 5 days", 0, DeliveryUnclear},
	{"100 usd", 0, DeliveryUnclear},
	{"🙂", 0, DeliveryUnclear},
	{"36 " + strings.Repeat("h", 64), 0, DeliveryUnclear},
	{strings.Repeat("3 days ", 10_000), 0, DeliveryUnclear},
}

func TestParseDelivery(t *testing.T) {
	r := DefaultRules()
	for _, c := range deliveries {
		hours, err := r.ParseDelivery(c.typed)
		if code, _ := refused(t, err); hours != c.hours || code != c.code {
			t.Errorf("%.80q: got %d %s, want %d %s", c.typed, hours, code, c.hours, c.code)
		}
	}
	_, args := refused(t, second(r.ParseDelivery("200 hours")))
	if args["hours"] != "200" || args["low"] != "1" || args["high"] != "168" {
		t.Errorf("arguments %v", args)
	}
	r.DeliveryMax = 48
	if _, args := refused(t, second(r.ParseDelivery("Friday"))); args["typed"] != "Friday" || args["example"] != "48h" {
		t.Errorf("arguments %v", args)
	}
}

// TestDeliveryAdviceIsAllowed: what a refusal advises is understood, whatever the limits are.
func TestDeliveryAdviceIsAllowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := DefaultRules()
		r.DeliveryMin = rapid.IntRange(1, deliveryLongest).Draw(t, "least")
		r.DeliveryMax = rapid.IntRange(r.DeliveryMin, deliveryLongest).Draw(t, "most")
		for _, typed := range []string{"soon", "friday", "0", "9999", "30 min"} {
			_, args := refused(t, second(r.ParseDelivery(typed)))
			for _, name := range []string{"example", "low", "high"} {
				for _, unit := range []string{"", " hours"} {
					if args[name] == "" || name == "example" && unit != "" {
						continue
					}
					if _, err := r.ParseDelivery(args[name] + unit); err != nil {
						t.Fatalf("%q advises %q: %v", typed, args[name]+unit, err)
					}
				}
			}
		}
	})
}

func checkDelivery(t rapid.TB, text string) {
	r := DefaultRules()
	hours, err := r.ParseDelivery(text)
	if code, _ := refused(t, err); (code == "") != (hours >= 1 && hours <= 168) {
		t.Errorf("%q: %d %s", text, hours, code)
	}
}

func TestAnyTextAsDelivery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkDelivery(t, rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9.,:-]{0,5} ?(h|days|week|часов|friday)?[ ,.]{0,2}[0-9]{0,2}[hd]?`)).Draw(t, "text"))
	})
}

func FuzzParseDelivery(f *testing.F) {
	for _, c := range deliveries {
		f.Add(c.typed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkDelivery(t, text) })
}
