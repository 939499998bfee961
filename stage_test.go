package lockbay

import (
	"testing"
	"time"
)

func TestAheadTellsWhoDoesWhatNext(t *testing.T) {
	rules := DefaultRules()
	terms := Terms{Seller: Party{KindTelegram, "anna_ceramics"}, Amount: Money{125_000, "EUR"}, DeliveryHours: 72, FeePayer: PayerSplit}
	quote := rules.Quote(terms)
	for status, want := range map[Status][]string{
		"":               {"next.pay", "next.deliver", "next.release"},
		PaymentPending:   {"next.deliver", "next.release"},
		PaidBefore:       {"next.delivers", "next.check"},
		PaymentConfirmed: {"next.accepts", "next.delivers", "next.release"},
		Active:           {"next.release", "next.late"},
		Delivered:        {"next.wrong"},
		Completed:        nil,
		PaymentLapsed:    nil,
		Cancelled:        nil,
	} {
		ahead := rules.Ahead(status, terms, quote, "@bay_help", "en")
		if len(ahead) != len(want) {
			t.Fatalf("%q: %d stages, want %d", status, len(ahead), len(want))
		}
		for i, s := range ahead {
			if s.Who != want[i] || s.When == "" {
				t.Errorf("%q: stage %d is %q when %q, want %q", status, i, s.Who, s.When, want[i])
			}
		}
	}
	rules.AcceptFirst = true
	first := rules.Ahead("", terms, quote, "@bay_help", "en")
	if len(first) != 4 || first[0].Who != "next.accept_first" || first[0].When+first[0].Args["n"] != "next.accept_first.hours24" || first[1].When+first[1].Args["n"] != "next.pay_then.minutes60" {
		t.Errorf("a seller who accepts first: %+v", first)
	}
	last := rules.Ahead(PaymentPending, terms, quote, "@bay_help", "en")[1]
	if got := last.Args["gets"]; got != "€1,218.75" {
		t.Errorf("the seller gets %s, want €1,218.75", got)
	}
}

// A service without a support contact has texts of its own where a person must be asked.
func TestAheadNamesThePersonToAsk(t *testing.T) {
	terms, quote := Terms{Seller: Party{KindTelegram, "anna_ceramics"}, DeliveryHours: 72}, Quote{Currency: "EUR"}
	for _, status := range []Status{PaidBefore} {
		for support, want := range map[string]string{"@bay_help": "next.check.then", "": "next.check.then.nobody"} {
			ahead := DefaultRules().Ahead(status, terms, quote, support, "en")
			if last := ahead[len(ahead)-1]; last.When != want || last.Args["support"] != support {
				t.Errorf("%q with %q: %+v, want %s", status, support, last, want)
			}
		}
	}
}

func TestTimeToPayIsToldInMinutesOrHours(t *testing.T) {
	for window, want := range map[time.Duration]string{
		time.Hour: "next.pay.minutes 60", 90 * time.Minute: "next.pay.minutes 90", 2 * time.Hour: "next.pay.hours 2", 150 * time.Minute: "next.pay.minutes 150", 24 * time.Hour: "next.pay.hours 24",
		20 * time.Second: "next.pay.minutes 1", 25*time.Hour + 30*time.Minute: "next.pay.hours 25", 179 * time.Minute: "next.pay.minutes 179", 4*time.Hour - time.Second: "next.pay.hours 3",
	} {
		rules := &Rules{PaymentWindow: window}
		s := rules.Ahead("", Terms{}, Quote{Currency: "EUR"}, "", "en")[0]
		if got := s.When + " " + s.Args["n"]; got != want {
			t.Errorf("%s: %s, want %s", window, got, want)
		}
	}
}
