package intake_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

const hour = time.Hour

func TestStartAndItsPayloads(t *testing.T) {
	begin(t).say("/start").step("").expect("We hold the money until both have what they agreed", "/create starts a deal, /resume goes on with one.")
	begin(t).say("/start create").step(intake.StepSeller)
	begin(t).say("/start seller_anna_ceramics").step(intake.StepAmount).expect("Seller: @anna_ceramics")
	begin(t).say("/start resume").step("").expect("There is no draft here.")
	begin(t).say("/start status").step("").expect("You have no escrows yet.")
	for _, odd := range []string{"seller_", "seller_ab", "seller_boris_k", "zzz", "again-ESC-0000-00000", strings.Repeat("x", 64)} {
		begin(t).say("/start " + odd).step("").expect("We hold the money")
	}
	k := begin(t).say("/create").say("@anna_ceramics")
	k.say("/start").step(intake.StepAmount).expect("Seller: @anna_ceramics")
	k.say("/start seller_piotr_books").expect("Go on with this draft?", "Seller: @anna_ceramics")
	k.tap("restart").step(intake.StepAmount).expect("Seller: @piotr_books")
	k.say("/start seller_piotr_books").step(intake.StepAmount).expect("# How much") // repeated: the draft stays
}

func TestSecondCreateAsksOverAnswersOnly(t *testing.T) {
	k := begin(t).say("/create")
	draft := k.out.Record.Draft
	for range 5 {
		k.say("/create").step(intake.StepSeller)
	}
	if k.out.Record.Draft != draft {
		t.Error("five creates made more than one draft")
	}
	k.say("@anna_ceramics").say("100 eur").after(2 * hour).say("/create")
	k.expect("You already have a draft", "# Go on with this draft?", "Starting over deletes these two answers.", "Seller: @anna_ceramics", "Price: €100.00", "continue restart")
	k.say("/create").tap("continue").step(intake.StepDescription)
	k.say("/create").say("Two cups, without a crack").step(intake.StepDelivery) // a text goes on as well
	k.say("/create").tap("restart").step(intake.StepSeller)
	if k.out.Record.Draft == draft || strings.Contains(k.text(), "Seller: ") {
		t.Error("start over kept the old draft")
	}
}

func TestCancelAndUndo(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("100 eur").tap("cancel").step("")
	k.expect("# This draft is cancelled", "Nothing was charged, and the seller was not told.", "Undo brings your answers back until tomorrow, 14:32 UTC.", "create undo")
	k.after(23*hour).tap("undo").step(intake.StepDescription).expect("Seller: @anna_ceramics", "Price: €100.00")
	k.tap("cancel").after(25 * hour).say("/start").step("")
	if _, ok := k.find("undo"); ok {
		t.Error("Undo after its time")
	}
	k.say("/create").say("@anna_ceramics").tap("cancel").tap("create").step(intake.StepSeller)
	if strings.Contains(k.text(), "Seller: ") {
		t.Error("a new draft has answers of the cancelled one")
	}
}

func TestWelcomeBackAfterAGapOrARestart(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("1250 eur").say("Handmade dinner set, 24 pieces")
	k.after(2 * hour).say("/start")
	k.expect("! Welcome back: "+strings.ToLower(stepOf(4))+", saved 2 hours ago", "Your three answers are here. Delivery is still open.", "Seller: @anna_ceramics", "# How long may delivery take?")
	k.after(hour).say("3 days").step(intake.StepReview).expect("! Welcome back: "+strings.ToLower(atReview())+", saved 1 hour ago", "Your four answers are here. Only your confirmation is still open.")
	k.after(3 * 24 * hour).say("/resume").expect("saved 3 days ago")
	k = begin(t).say("/create").say("@anna_ceramics").say("1250 eur")
	k.restart()
	k.after(time.Minute).say("/resume").expect("! Welcome back: "+strings.ToLower(stepOf(3))+", saved 1 minute ago", "Your two answers are here. The description is still open.", "Price: €1,250.00")
	k.say("Handmade dinner set").step(intake.StepDelivery)
	if c := k.card(); c.Band != nil {
		t.Error("welcomed back without having been away")
	}
}

func TestRulesThatChangedAreAskedAgainWithTheReason(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("0.05 btc").say("Handmade dinner set, 24 pieces")
	k.rules = euros()
	k.rules.Currencies = []string{"EUR", "USD"}
	k.after(3 * 24 * hour).say("/resume").step(intake.StepAmount)
	k.expect("! Welcome back: "+strings.ToLower(stepOf(2))+", saved 3 days ago", "BTC is no longer offered here, so the amount is asked again.", "For: Handmade dinner set")
	if k.card().Keep != nil {
		t.Error("an answer that does not hold can be kept")
	}
	k.say("1250 eur").step(intake.StepDelivery).tap("delivery:72").step(intake.StepReview)
	k.rules = euros()
	low := k.rules.Limits["EUR"]
	low.Max = 500_00
	k.rules.Limits["EUR"] = low
	k.tap("confirm").step(intake.StepAmount).expect("One answer is asked again", "1,250 EUR is too much. Deals here are 10 to 500 EUR.")
	if len(k.deals()) != 0 {
		t.Error("a deal that the rules forbid")
	}
}

func TestReminderRenewAndExpiry(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics").say("1250 eur")
	k.after(84 * hour)
	k.wake("remind")
	k.step(intake.StepDescription).expect("! Your draft is kept until Tue 1 Dec, 14:32 UTC.", "Renew keeps it 7 more days.", "renew", "Price: €1,250.00")
	k.tap("renew").step(intake.StepDescription).expect("! Renewed", "This draft is kept until Sat 5 Dec, 02:32 UTC.")
	k.after(84 * hour)
	k.wake("remind")
	k.after(84 * hour)
	k.wake("expire")
	k.step("").expect("# This draft expired on 5 Dec", "We kept it for 7 days after your last answer, then deleted it.", "Nothing was charged, and the seller was not told.", "create")
	if len(k.out.Record.Answers) != 0 {
		t.Error("the answers of an expired draft are still there")
	}
	k.say("/start").step("").expect("We hold the money")
}

func TestDraftsOfVisitorsLiveADay(t *testing.T) {
	k := begin(t)
	k.owner = "visitor:7f00"
	k.say("/create").say("@anna_ceramics")
	if got := k.out.Record.Expires.Sub(k.now); got != 24*hour {
		t.Errorf("a visitor's draft is kept for %s", got)
	}
	k.after(25*hour).say("/resume").step("").expect("This draft expired", "We kept it for 24 hours after your last answer")
}

func TestAnswersThatAreGoneAreAskedForAndTheNewOneIsKept(t *testing.T) {
	k := begin(t)
	k.mode = dialog.Lightweight
	k.restart()
	k.say("/create").say("@anna_ceramics")
	k.restart()
	gone := []string{"! Your earlier answers are gone.", "They cannot be brought back: go on here, and we ask for them again."}
	k.mine().expect(append(gone, "# How much is the deal?")...).mine().expect(gone...) // a page that is only opened
	if saved := k.card().SavedAs; saved != "No answers kept" {
		t.Errorf("after a loss the page says %q", saved)
	}
	k.say("100 EUR").step(intake.StepSeller).expect("! We kept your place and the 100 EUR you just wrote.", "Your earlier answers are gone: who is selling?", "Price: €100.00")
	k.say("@anna_ceramics").step(intake.StepDescription)
	if k.mine(); strings.Contains(k.text(), "cannot be brought back") {
		t.Errorf("it says so for good:\n%s", k.text())
	}
	k.say("Two cups, without a crack").tap("delivery:24").step(intake.StepReview)
	// lost at the review in another conversation: the card has the first question, and accepts its answer
	k.owner = "tg:2"
	k.name = "olena"
	k.review()
	k.restart()
	k.mine().expect(append(gone, stepOf(1), "# Who is selling?")...)
	k.say("@anna_ceramics").step(intake.StepAmount).expect("Seller: @anna_ceramics")
}

func TestEveryRecordEverStoredCanBeShown(t *testing.T) {
	k := begin(t).review()
	whole := k.out.Record
	answers := map[string][]byte{"none": nil, "empty": []byte(`{}`), "seller": []byte(`{"s":"@anna_ceramics"}`), "amount": []byte(`{"a":{"m":100,"c":"BTC"}}`),
		"unknown currency": []byte(`{"s":"@anna_ceramics","a":{"m":100,"c":"ZZZ"},"d":"Handmade dinner set","h":72}`), "no currency": []byte(`{"a":{"m":100,"c":""},"h":-3}`),
		"garbage": []byte(`{"s":7`), "whole": whole.Answers}
	steps := []string{"", intake.StepSeller, intake.StepAmount, intake.StepDescription, intake.StepDelivery, intake.StepReview, "a later step"}
	opens := []string{"", "fee", "choose", "choose:again-ESC-0000-00000", "cancelled", "expired", "done", "unheard of"}
	for what, raw := range answers {
		for _, step := range steps {
			for _, open := range opens {
				for _, schema := range []int{0, 1, 2} {
					r := &dialog.Record{Head: whole.Head, Answers: raw, Open: open, Started: "ESC-0000-00000"}
					r.Step, r.Schema = step, schema
					for _, said := range []*dialog.Said{nil, {Code: "escrows.list", Items: [][]string{{"x"}, nil}, Args: map[string]string{"n": "1"}}, {Code: "rule_changed"}, {Code: "nobody knows", Refusal: true}} {
						r.Said = said
						if c := k.bot.Render(r, dialog.View{Lang: "en"}); c.Question == "" {
							t.Fatalf("%s at %q %q of version %d has no question", what, step, open, schema)
						}
					}
				}
			}
		}
	}
}

func TestDraftIsSmall(t *testing.T) {
	k := begin(t).review()
	if n := len(k.out.Record.Answers) - len("Handmade dinner set, 24 pieces, celadon glaze, two spare plates"); n > 130 {
		t.Errorf("a draft has %d bytes beside its description: %s", n, k.out.Record.Answers)
	}
}

// A page has buttons instead of commands, so its texts name no command.
func TestPageNamesNoCommands(t *testing.T) {
	k := begin(t)
	for _, say := range []string{"/start", "/help", "/status", "/resume", "/create", "/help", "/status", "/cancel", "/help"} {
		k.say(say)
		page := k.bot.Render(k.out.Record, dialog.View{Lang: "en", Place: dialog.Place{Channel: "web"}, Field: true, Details: true, Visited: true})
		if text := flat(page); strings.Contains(text, "/") {
			t.Errorf("after %s the page says\n%s", say, text)
		}
		for _, b := range buttons(page) {
			if b.Action == "help" {
				t.Errorf("after %s the page has Help beside that of its foot", say)
			}
		}
	}
}

// Start over asks once, whether by button or command; nothing is lost by one tap in the menu.
func TestRestartAsksOverAnswers(t *testing.T) {
	k := begin(t).say("/create").say("/restart").step(intake.StepSeller) // nothing to lose
	k.say("@anna_ceramics").say("100 eur")
	draft := k.out.Record.Draft
	k.say("/restart").expect("You already have a draft", "# Go on with this draft?", "Starting over deletes these two answers.", "continue restart")
	k.tap("continue").step(intake.StepDescription).expect("Seller: @anna_ceramics", "Price: €100.00")
	k.say("/restart").say("Two cups, without a crack").step(intake.StepDelivery) // a text goes on as well
	if k.out.Record.Draft != draft {
		t.Error("the draft is another one")
	}
	k.say("/restart").say("/restart").step(intake.StepSeller)
	if k.out.Record.Draft == draft || strings.Contains(k.text(), "Seller: ") {
		t.Error("Start over kept the old draft")
	}
	begin(t).review().say("/restart").expect("# Go on with this draft?").tap("restart").step(intake.StepSeller)
}

// A draft's life is told in a unit that fits it.
func TestLifeInUnits(t *testing.T) {
	for life, want := range map[time.Duration][2]string{
		70 * time.Second:     {"70 more seconds", "70 seconds"},
		90 * time.Minute:     {"90 more minutes", "90 minutes"},
		36 * time.Hour:       {"36 more hours", "36 hours"},
		7 * 24 * time.Hour:   {"7 more days", "7 days"},
		24 * time.Hour:       {"24 more hours", "24 hours"},
		250 * 24 * time.Hour: {"250 more days", "250 days"},
	} {
		k := begin(t)
		k.life = life
		k.restart()
		k.say("/create").say("@anna_ceramics").after(life / 2).wake("remind").expect("Renew keeps it " + want[0] + ".")
		k.after(life/2 + time.Second).wake("expire").step("").expect("We kept it for " + want[1] + " after your last answer")
	}
}
