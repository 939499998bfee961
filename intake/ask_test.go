package intake_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

// TestEveryTermIsAsked: the table of terms and the form have the same fields in the same order.
func TestEveryTermIsAsked(t *testing.T) {
	var asked, terms []string
	for _, q := range intake.New(intake.Config{}).Questions {
		asked = append(asked, q.Field)
	}
	for _, f := range lockbay.Fields {
		terms = append(terms, f.Name)
	}
	if !slices.Equal(asked, terms) {
		t.Errorf("asked are %q, the terms are %q", asked, terms)
	}
}

// TestFormTellsHowToAnswer: a simulated person who answers by the form's Asks gets the intended escrow, with taps and with
// texts. The cards agree with the form.
func TestFormTellsHowToAnswer(t *testing.T) {
	for n := range 4 {
		for _, tapped := range []bool{false, true} {
			k := begin(t)
			k.rules = lockbay.DefaultRules()
			form := k.form()
			k.say("/create")
			var want lockbay.Terms
			for i, ask := range form.Asks() {
				ask.Field.Sample(&want, n)
				k.expect(form.Progress("en", i+1))
				if action := ask.Button(&want); tapped && action != "" {
					k.tap(action)
				} else {
					k.say(ask.Typed(&want))
				}
				k.did(dialog.DidApply).expect(": " + ask.Shown("en", &want))
			}
			k.step(intake.StepReview).expect(form.Progress("en", form.Steps()))
			k.tap("confirm")
			want = k.rules.Filled(want)
			if d := k.deals(); len(d) != 1 || d[0].Terms != want {
				t.Errorf("sample %d, tapped %v: %+v, want %+v", n, tapped, d, want)
			}
		}
	}
}

// TestAskKnowsItsButtons: a button without an answer is left out.
func TestAskKnowsItsButtons(t *testing.T) {
	asks := intake.New(intake.Config{}).Asks()
	at := slices.IndexFunc(asks, func(a *intake.Ask) bool { return a.Name == "delivery" })
	for hours, want := range map[int]string{24: "delivery:24", 72: "delivery:72", 36: "", 0: ""} {
		if got := asks[at].Button(&lockbay.Terms{DeliveryHours: hours}); got != want {
			t.Errorf("%d hours: %q, want %q", hours, got, want)
		}
	}
	if !asks[at].Choice || asks[0].Choice {
		t.Error("of the delivery one chooses, the seller is typed")
	}
}

// TestDraftOfTheFirstFormatConfirms: the hash in a stored draft equals the hash of its quote today.
func TestDraftOfTheFirstFormatConfirms(t *testing.T) {
	k := begin(t).review()
	const stored = `{"s":"@anna_ceramics","a":{"m":125000,"c":"EUR"},"d":"Handmade dinner set, 24 pieces, celadon glaze, two spare plates","h":72,"q":6963548883078271790,"p":126563}`
	if now := strings.Replace(string(k.out.Record.Answers), `,"b":"EUR"`, "", 1); now != stored { // a later field: Draft.Bare
		t.Errorf("a draft at its review was\n%s and is\n%s", stored, now)
	}
}
