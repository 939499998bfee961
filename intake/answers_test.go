package intake_test

import (
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

func TestSellerIsWhoeverTheyAreKnownAs(t *testing.T) {
	for typed, shown := range map[string]string{
		"@anna_ceramics": "@anna_ceramics", "Anna_Ceramics": "@Anna_Ceramics", "https://t.me/anna_ceramics": "@anna_ceramics",
		"+49 1511 2345678": "+49 1511 2345678", "Anna@Example.com": "Anna@Example.com",
	} {
		begin(t).say("/create").say(typed).step(intake.StepAmount).expect("Seller: " + shown)
	}
}

func TestSellerThatIsNoneKeepsTheStepAndSaysWhy(t *testing.T) {
	for typed, why := range map[string]string{
		"@boris_k":      "That is you. Who is the other side?",
		"t.me/Boris_K":  "That is you. Who is the other side?",
		"1000001":       "That is you. Who is the other side?",
		"100":           "“100” looks like an amount. That comes next; first, who is selling?",
		"@ann":          "“@ann” is too short. A Telegram name has 4 to 32 characters.",
		"anna@":         "“anna@” is not a whole email address.",
		"0151 2345":     "“0151 2345” is not a whole phone number.",
		"моя подруга 🌷": "“моя подруга 🌷” does not say who.",
		"0x52908400098527886E0F7030069857D2E4169EE7": "This is where money goes: a wallet or an account. We need a person: a Telegram name, phone or email.",
		"   ": "Nothing was written. Write your answer here.",
	} {
		begin(t).say("/create").say(typed).did(dialog.DidRefuse).step(intake.StepSeller).expect("✗ "+why, "["+typed+"]")
	}
}

func TestAmountIsWhatPeopleType(t *testing.T) {
	for typed, shown := range map[string]string{
		"$1,250.50": "$1,250.50", "1250,50 eur": "€1,250.50", "1.5k usd": "$1,500.00", "0.05 btc": "0.05 BTC", "250": "€250.00", "٢٥٠": "€250.00",
	} {
		begin(t).say("/create").say("@anna_ceramics").say(typed).step(intake.StepDescription).expect("Price: " + shown)
	}
}

func TestAmountThatIsNoneKeepsTheStepAndSaysWhy(t *testing.T) {
	for typed, why := range map[string]string{
		"12.500":    "“12.500” can mean 12,500 or 12.5. Write 12500 EUR or 12.50 EUR.",
		"1.250":     "“1.250” can mean 1,250 or 1.25. Write 1250 EUR: deals here are 10 to 20,000 EUR.",
		"5 mBTC":    "“5 mBTC”: before BTC, m can mean thousandths or millions. Write, for example, 0.005 BTC.",
		"2\n500":    "“2 500” is not clear as an amount. Write a number and its currency, for example 1250.50 EUR.",
		"1250 chf":  "“1250 chf”: we do not hold CHF. Here: EUR, USD, BTC.",
		"5 eur":     "5 EUR is too little. Deals here are 10 to 20,000 EUR.",
		"50000":     "50,000 EUR is too much. Deals here are 10 to 20,000 EUR.",
		"много":     "“много” is not clear as an amount.",
		"0.005 usd": "“0.005 usd” has too many decimals: USD has 2.",
	} {
		begin(t).say("/create").say("@anna_ceramics").say(typed).did(dialog.DidRefuse).step(intake.StepAmount).expect(why, "["+typed+"]")
	}
}

func TestQuickAmountsAreInTheOperatorsCurrency(t *testing.T) {
	k := begin(t)
	k.say("/create").say("@anna_ceramics").tap("amount:100").step(intake.StepDescription).expect("Price: €100.00")
	k.tap("back").step(intake.StepAmount).expect("amount:50 ", "[100.00 EUR]")
	k.say("100 usd").tap("back").tap("amount:250.USD").expect("Price: $250.00")
	// a value that no button offers
	k.tap("back")
	c := k.card()
	for _, value := range []string{"amount:5", "amount:100.CHF", "amount:", "amount:x", "amount:.EUR", "amount:1.2.3"} {
		k.input(press(c.Data(dialog.Button{Action: value})))
		k.did(dialog.DidRefuse).step(intake.StepAmount)
		c = k.card()
	}
}

func TestDescriptionLengthCountsCharactersNotBytes(t *testing.T) {
	k := begin(t)
	k.say("/create").say("@anna_ceramics").say("100 eur")
	k.say("plates").did(dialog.DidRefuse).expect("“plates” is too short: write at least 10 characters.")
	long := strings.Repeat("блюдо 🍽️ ", 77)
	k.say(long).did(dialog.DidRefuse).expect("characters too long. All of it is still here.", "["+long+"]")
	k.say("👨‍👩‍👧‍👦 семья!").did(dialog.DidRefuse)
	for _, blank := range []string{"", " \n\t "} {
		k.say(blank).did(dialog.DidRefuse).expect("✗ Nothing was written. Write your answer here.")
	}
	k.say("чашка, 2 шт ☕").step(intake.StepDelivery)
}

func TestDeliveryIsTappedOrTyped(t *testing.T) {
	at := func() *talk {
		return begin(t).say("/create").say("@anna_ceramics").say("100 eur").say("Two cups, without a crack").step(intake.StepDelivery)
	}
	for typed, shown := range map[string]string{"36": "36 hours", "36h": "36 hours", "3 days": "72 hours", "1": "1 hour", "a week": "168 hours"} {
		at().say(typed).step(intake.StepReview).expect("Delivery: " + shown + "\nCounted from your payment")
	}
	for typed, why := range map[string]string{
		"200": "200 hours is too long. Write 1 to 168 hours.", "0": "0 hours is too short. Write 1 to 168 hours.",
		"friday": "“friday” depends on when you pay. Write hours or days, for example 72h.", "скоро 🙏": "“скоро 🙏” is not clear as whole hours or days.",
	} {
		at().say(typed).did(dialog.DidRefuse).step(intake.StepDelivery).expect(why)
	}
	k := at()
	before := k.out.Record.Revision
	k.tap("delivery:custom").step(intake.StepDelivery).expect("! Write it in hours or days.", "delivery:24")
	if k.out.Record.Revision != before || k.out.Toast == nil {
		t.Error("another time changed more than a word")
	}
	k.say("60h").step(intake.StepReview)
}

func TestWhatCannotBeReadGetsAKindAnswerAndTheSameCard(t *testing.T) {
	k := begin(t)
	k.say("/create").say("@anna_ceramics")
	for _, kind := range []string{"sticker", "photo", "voice", "edited", "poll", "something new"} {
		k.input(dialog.Input{Kind: dialog.KindOther, Name: kind})
		k.did(dialog.DidRefuse).step(intake.StepAmount).expect(stepOf(2), "# How much is the deal?", "✗ ")
	}
	k.input(dialog.Input{Kind: dialog.KindOther, Name: "sticker"})
	k.expect("We cannot read a sticker as an answer. Write it in words.")
	k.say("/settings now").did(dialog.DidRefuse).expect("We do not know that command.")
	k.say("/amount 100").step(intake.StepAmount)
}

func TestAWithoutADraft(t *testing.T) {
	k := begin(t)
	k.say("hello").expect("There is no draft here.", "create")
	k.input(dialog.Input{Kind: dialog.KindOther, Name: "sticker"})
	k.expect("There is no draft here.")
	for _, command := range []string{"/resume", "/cancel", "/back", "/restart"} {
		k.say(command).step("").expect("There is no draft here.", "/create starts a deal")
	}
	k.say("/help").expect("/status lists your escrows", "A person answers at @bay_help.")
}

// Back leaves an unwanted Edit; from the review itself it walks back question by question.
func TestBackFromAnEditIsTheReview(t *testing.T) {
	k := begin(t).review()
	for edit, step := range map[string]string{"seller": intake.StepSeller, "amount": intake.StepAmount,
		"description": intake.StepDescription, "delivery": intake.StepDelivery, "fee": intake.StepReview} {
		k.tap("edit:"+edit).step(step).tap("back").step(intake.StepReview).expect("# Is this right?", "Price: €1,250.00")
		k.tap("edit:" + edit).say("/back").step(intake.StepReview)
	}
	k.tap("edit:amount").say("5 eur").did(dialog.DidRefuse).tap("back").step(intake.StepReview).expect("Price: €1,250.00")
	k.tap("edit:amount").say("/create").tap("continue").step(intake.StepAmount).tap("continue").step(intake.StepReview)
	k.tap("back").step(intake.StepDelivery).tap("back").step(intake.StepDescription)
	k.say("Handmade dinner set, 12 pieces").step(intake.StepReview)
	k.tap("edit:seller").tap("back").tap("confirm").did(dialog.DidApply).step("")
}

func TestBackEditAndKeep(t *testing.T) {
	k := begin(t).review()
	k.tap("edit:amount").step(intake.StepAmount).expect("[1250.00 EUR]", "continue", "Seller: @anna_ceramics")
	if c := k.card(); c.Keep == nil || dialog.Plain(c.Keep.Label) != "Keep €1,250.00" {
		t.Errorf("keep is %+v", c.Keep)
	}
	k.tap("continue").step(intake.StepReview).expect("Price: €1,250.00")
	k.tap("edit:seller").say("@ann").did(dialog.DidRefuse).say("@piotr_books").step(intake.StepReview).expect("Seller: @piotr_books")
	k.tap("edit:description").say("Handmade dinner set, 12 pieces").step(intake.StepReview).expect("For: Handmade dinner set, 12 pieces")
	k.tap("edit:delivery").tap("delivery:24").step(intake.StepReview).expect("Delivery: 24 hours")
	k.tap("back").step(intake.StepDelivery).tap("back").step(intake.StepDescription).tap("back").tap("back").step(intake.StepSeller)
	if _, ok := k.find("back"); ok {
		t.Error("the first question has Back")
	}
	k.say("/back").step(intake.StepSeller)
	k.tap("continue").step(intake.StepReview)
}

func TestFeePayerChangesWhoPaysWhat(t *testing.T) {
	k := begin(t).review()
	for payer, lines := range map[string][]string{
		"buyer":  {"Fee: You", "Fee: €31.25", "You pay: €1,281.25", "Seller gets: €1,250.00"},
		"seller": {"Fee: Seller", "You pay: €1,250.00", "Seller gets, after €31.25 fee: €1,218.75"},
		"split":  {"Fee: Half each", "Your half of the fee: €15.63", "You pay: €1,265.63", "Seller gets, after €15.62 fee: €1,234.38"},
	} {
		k.tap("edit:fee").expect("Who pays the fee of €31.25?", "Delivery: 72 hours").tap("fee:" + payer).step(intake.StepReview).expect(lines...)
	}
	k.tap("edit:fee").say("nobody").did(dialog.DidRefuse).expect("“nobody” is not offered. Here: Half each, You, Seller.")
	k.say("half EACH").step(intake.StepReview).expect("Fee: Half each") // as its button is labelled
	k.tap("edit:fee").say("Seller").step(intake.StepReview).expect("Fee: Seller")
	k.tap("edit:fee")
	c := k.card()
	for _, b := range c.Choices {
		if b.Chosen != (b.Action == "fee:seller") {
			t.Errorf("%s chosen: %v", b.Action, b.Chosen)
		}
	}
	page := k.bot.Render(k.out.Record, dialog.View{Lang: "en", Place: dialog.Place{Channel: "web"}, Field: true, Details: true, Visited: true})
	if l := dialog.Plain(page.Choices[2].Label); l != "Seller (now)" {
		t.Errorf("on a page the answer that holds is %q", l)
	}
}

func TestTextAtTheReviewIsQuotedAndChangesNothing(t *testing.T) {
	begin(t).review().say("ну ок 👌").did(dialog.DidRefuse).step(intake.StepReview).expect("“ну ок 👌” is not saved", "confirm")
}

func TestButtonsFromEarlierCards(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics")
	old := k.pressed("amount:50")
	k.say("100 eur")
	k.input(old)
	k.did(dialog.DidStale).step(intake.StepDescription).expect("! That button is from an earlier step.", "Price: €100.00")
	if k.out.Toast == nil {
		t.Error("no word for the tap")
	}
}

// A button that no card has is not called an earlier one, whatever its revision.
func TestUnknownButtons(t *testing.T) {
	k := begin(t).say("/create").say("@anna_ceramics")
	r := k.out.Record
	for _, name := range []string{"foo", "unknown", "edit:foo", "confirm_order_12", ""} {
		action, value, _ := strings.Cut(name, ":")
		for _, in := range []dialog.Input{
			{Kind: dialog.KindTap, Name: action, Value: value},
			{Kind: dialog.KindTap, Name: action, Value: value, Bound: true, Draft: r.Draft, Revision: k.out.Record.Revision},
		} {
			k.input(in)
			k.did(dialog.DidStale).step(intake.StepAmount).expect("! We do not know that button.", "Seller: @anna_ceramics")
		}
	}
	k.input(dialog.Input{Kind: dialog.KindTap, Name: "delivery", Value: "24", Bound: true, Draft: r.Draft, Revision: r.Revision})
	k.did(dialog.DidStale).expect("! That button is from an earlier step.")
	k = begin(t).review().tap("confirm")
	k.open(k.out.Record.Started)
	k.input(dialog.Input{Kind: dialog.KindTap, Name: "foo", Bound: true, Draft: k.out.Record.Draft, Revision: k.out.Record.Revision})
	k.did(dialog.DidStale).step("payment_pending").expect("! We do not know that button.")
}

// TestNothingVisible: at each question a text that shows nothing is told so, and is not quoted.
func TestNothingVisible(t *testing.T) {
	for _, step := range []string{intake.StepSeller, intake.StepAmount, intake.StepDescription, intake.StepDelivery} {
		for _, text := range []string{"\u200b", strings.Repeat("\u200d", 12), strings.Repeat("\u3164", 12), " \u2060 \ufeff\n", "\u2800\u2800", "\u00ad", "\u202e\u2066", "\u115f\u1160\ufe0f"} {
			at(t, euros(), "en", step).say(text).did(dialog.DidRefuse).step(step).expect("✗ Nothing visible was written. Write your answer here.")
		}
	}
}

// TestRepeatedAnswers: an answer that comes a second time, in whatever spelling, is told to be saved; another answer of its
// kind is not.
func TestRepeatedAnswers(t *testing.T) {
	saved := "is saved already, and this question is still open."
	walk := func() *talk { return begin(t).say("/create").say("@anna_ceramics").say("360 eur") }
	for _, text := range []string{"360 eur", "360", "€360", "360,00 EUR", "@anna_ceramics", "@Anna_Ceramics", "t.me/anna_ceramics"} {
		want := saved
		if text == "@Anna_Ceramics" { // names keep their case
			want = "does not say what you are buying"
		}
		walk().say(text).did(dialog.DidRefuse).step(intake.StepDescription).expect("✗ “"+text+"” ", want)
	}
	for _, text := range []string{"400 eur", "36h", "@boris_x", "365"} {
		walk().say(text).did(dialog.DidRefuse).step(intake.StepDescription).expect("“" + text + "” does not say what you are buying")
	}
	walk().say("plates").did(dialog.DidRefuse).expect("“plates” is too short")
	begin(t).say("/create").say("@anna_ceramics").say("@anna_ceramics").did(dialog.DidRefuse).expect(saved)
	begin(t).say("/create").say("@anna_ceramics").say("@anna_ceramics 50 eur").did(dialog.DidRefuse).expect("is not clear as an amount")
	begin(t).say("/create").say("+49 1511 2345678").say("+49 1511 2345678").did(dialog.DidRefuse).expect(saved)
	k := walk().say("Two cups, without a crack")
	for _, text := range []string{"Two cups, without a crack", "360 eur", "@anna_ceramics"} {
		k.say(text).did(dialog.DidRefuse).step(intake.StepDelivery).expect(saved)
	}
	k.say("360").did(dialog.DidRefuse).expect("360 hours is too long")
}

// TestCardInADescription: a description with the number of a card is asked back, and the number is kept nowhere.
func TestCardInADescription(t *testing.T) {
	k := at(t, euros(), "en", intake.StepDescription)
	k.say("Two cups, charge 4111\u00a01111\u00a01111\u00a01111 please").did(dialog.DidRefuse).step(intake.StepDescription)
	k.expect("✗ This holds the number of a bank card, which we never keep.", "[Two cups, charge … please]")
	k.say("Two cups, without a crack").step(intake.StepDelivery)
	k = at(t, euros(), "en", intake.StepDescription).say(strings.Repeat("x", dialog.TextMost-8) + " 4111 1111 1111 1111").did(dialog.DidRefuse)
	if typed := k.out.Record.Said; typed != nil && strings.Contains(typed.Typed, "4111") {
		t.Errorf("a text that was cut keeps a part of the number: %q", typed.Typed[len(typed.Typed)-40:])
	}
}

// TestEndlessDescription: a description that is longer than any message is refused with the length that a description may
// have, also in the parts into which an app divides it.
func TestEndlessDescription(t *testing.T) {
	for _, n := range []int{dialog.TextMost + 1, 20_000} {
		k := at(t, euros(), "en", intake.StepDescription)
		k.say(strings.Repeat("cup ", n/4+1)).did(dialog.DidRefuse).step(intake.StepDescription).expect("at most 500 characters")
	}
	k := at(t, euros(), "en", intake.StepDescription)
	for i := range 6 {
		k.out = k.input(dialog.Input{Kind: dialog.KindText, Text: strings.Repeat("x", dialog.TextMost), Serial: dialog.Serial{Series: "chat", Number: int64(i + 1), Sent: 10}})
	}
	k.did(dialog.DidRefuse).expect("at most 500 characters")
}
