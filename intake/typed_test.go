package intake_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
	"github.com/lockbay/lockbay/texts"
)

// at is a talk with these rules at a question, in a language.
func at(t *testing.T, rules *lockbay.Rules, lang, step string) *talk {
	k := begin(t)
	k.rules, k.lang = rules, lang
	return k.to(step)
}

// to begins a draft and answers up to a question.
func (k *talk) to(step string) *talk {
	k.t.Helper()
	k.say("/create")
	for _, answer := range []string{"@anna_ceramics", k.rules.Example(k.rules.Default).Plain(), "Two cups, without a crack", k.rules.ExampleHours(36)} {
		if k.out.Record.Step == step {
			break
		}
		k.say(answer)
	}
	return k.step(step)
}

// offers are rules in which examples and limits differ from the usual.
func offers() map[string]*lockbay.Rules {
	with := func(change func(r *lockbay.Rules)) *lockbay.Rules {
		r := lockbay.DefaultRules()
		change(r)
		return r
	}
	return map[string]*lockbay.Rules{
		"default": lockbay.DefaultRules(), "euros": euros(),
		"bitcoin": with(func(r *lockbay.Rules) { r.Default = "BTC" }),
		"naira":   with(func(r *lockbay.Rules) { r.Currencies, r.Default = []string{"NGN"}, "NGN" }),
		"dollars": with(func(r *lockbay.Rules) {
			r.Currencies, r.Default = []string{"EUR", "USD", "CAD"}, "EUR"
			r.Limits["CAD"] = lockbay.Range{Min: 1, Max: 1_000_000_00}
		}),
		"canada": with(func(r *lockbay.Rules) {
			r.Currencies, r.Default = []string{"USD", "CAD"}, "CAD"
			r.Limits["CAD"] = lockbay.Range{Min: 5_00, Max: 10_000_00}
		}),
		"dinars": with(func(r *lockbay.Rules) {
			r.Currencies, r.Default = []string{"KWD", "JPY"}, "KWD"
			r.Limits["KWD"], r.Limits["JPY"] = lockbay.Range{Min: 1_500, Max: 2_000_000}, lockbay.Range{Min: 1000, Max: 9_999_999}
		}),
		"narrow": with(func(r *lockbay.Rules) {
			r.Limits["USD"] = lockbay.Range{Min: 1234_56, Max: 1234_57}
			r.DeliveryMin, r.DeliveryMax = 5, 12
		}),
		"slow": with(func(r *lockbay.Rules) { r.DeliveryMin, r.DeliveryMax = 200, 1000 }),
		"odd":  with(func(r *lockbay.Rules) { r.DeliveryMin, r.DeliveryMax = 25, 47 }),
	}
}

// unusual are texts that each question refuses in one way or another.
var unusual = map[string][]string{
	intake.StepSeller: {"100", "@ann", "maria", "cancel", "Anna from the market", "0151 2345", "anna@", "o’brien@example.com", "аnna@example.com", "@1durov",
		"@анна", "@boris_k", "@BotFather", "@anna_k and @piotr_k", "DE89370400440532013000", "4111 1111 1111 1111", "vitalik.eth", "@a_name_that_is_much_too_long_for_anybody", "t.me/share?url=x", " "},
	intake.StepAmount: {"a lot", "1.250", "1,250", "12.500", "1.234", "0.005", "1", "5,500", "999999999", "1 chf", "$100", "$1.250", "100 $", "5 mBTC", "5m", "2\n500", "1.2505 btc", "0.000000001 btc", "1.250 kwd",
		"1,250 jpy", "0.5 sats", "99999999999999999999999", "50", "50 eur", "100 cad", " "},
	intake.StepDescription: {"plates", ". . . . . . . . .", "👨‍👩‍👧‍👦👨‍👩‍👧‍👦", strings.Repeat("x", 3000), " "},
	intake.StepDelivery:    {"0", "99999", "friday", "soon", "days", "24.5", "48:00", "2 days, 48 hours", "a", "1 1/3 days", " "},
}

// said are arguments that a sentence names without advising to type them.
var said = []string{"typed", "a", "b", "sign", "currencies", "amount", "value"}

var isolated = regexp.MustCompile("\u2068([^\u2068\u2069]*)\u2069")

// advised are the texts that a sentence tells a person to type: all that it isolates, and the limits of amounts.
func advised(sentence string, args map[string]string) (list []string) {
	for _, m := range isolated.FindAllStringSubmatch(sentence, -1) {
		if !slices.ContainsFunc(said, func(name string) bool { return args[name] == m[1] }) {
			list = append(list, m[1])
		}
	}
	for _, name := range []string{"low", "high"} {
		if c := args["currency"]; c != "" && args[name] != "" {
			list = append(list, args[name]+" "+c)
		}
	}
	return list
}

// TestWhatIsAdvisedIsUnderstood: in every language and under many rules, whatever a hint or a refusal advises, and whatever
// a card offers, is an answer when it is typed. Languages without texts of their own read English, with English numbers.
func TestWhatIsAdvisedIsUnderstood(t *testing.T) {
	tried := 0
	for name, rules := range offers() {
		if err := rules.Validate(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, lang := range append(texts.Languages(), "de", "hi") {
			bot, people := begin(t), 0
			bot.rules, bot.lang = rules, lang
			for step, typed := range unusual {
				somebody := func() *talk { // at the question
					people++
					bot.owner = fmt.Sprint("tg:", 1_000_001+people)
					return bot.to(step)
				}
				known := map[string]bool{}
				try := func(text, from string) {
					tried++
					if known[text] {
						return
					}
					known[text] = true
					if k := somebody(); k.say(text).out.Did != dialog.DidApply || k.out.Record.Step == step {
						t.Errorf("%s, %s, %s: %q is advised by %q and refused:\n%s", name, lang, step, text, from, k.text())
					}
				}
				c := somebody().card()
				for _, text := range advised(c.Hint, nil) {
					try(text, c.Hint)
				}
				for _, b := range append(c.Picks, c.Choices...) {
					if !strings.HasSuffix(b.Action, ":custom") {
						try(dialog.Plain(b.Label), "a button")
					}
				}
				for _, text := range typed {
					k := somebody().say(text)
					c := k.card()
					if k.out.Did != dialog.DidRefuse {
						for _, f := range c.Facts[len(c.Facts)-1:] {
							if v := dialog.Plain(f.Value); k.out.Record.Step != intake.StepReview {
								try(v, "the line of the answer "+text)
							}
						}
						continue
					}
					if c.Refusal == "" || strings.Contains(c.Refusal, "{") {
						t.Errorf("%s, %s: %q is refused with %q", name, lang, text, c.Refusal)
					}
					args := rules.Written(k.out.Record.Said.Args, c.Lang)
					for _, advice := range advised(c.Refusal, args) {
						try(advice, c.Refusal)
					}
				}
			}
		}
	}
	if tried < 800 {
		t.Errorf("only %d texts were advised", tried)
	}
}

// TestNumbersAreInTheLanguageOfTheSentence: beside English words numbers are English, for people of every language, and
// are read so on each channel.
func TestNumbersAreInTheLanguageOfTheSentence(t *testing.T) {
	for _, lang := range []string{"de", "ru", "ar-EG", "es", "en-IN", ""} {
		k := at(t, lockbay.DefaultRules(), lang, intake.StepAmount)
		k.expect("for example 1,250.50 USD")
		if c := k.card(); c.Lang != "en" {
			t.Errorf("%s: the card is in %q", lang, c.Lang)
		}
		k.say("3").expect("3 USD is too little. Deals here are 5 to 10,000 USD.")
		k.say("10,000 USD").step(intake.StepDescription).expect("Price: $10,000.00")
		k.tap("back").say("5,500 eur").step(intake.StepDescription).expect("Price: €5,500.00")
	}
}

// TestConfirmAsksAgainWhoIsSelling: names change hands between an answer and Confirm.
func TestConfirmAsksAgainWhoIsSelling(t *testing.T) {
	k := begin(t).review()
	k.name = "Anna_Ceramics"
	k.tap("confirm").did(dialog.DidRefuse).step(intake.StepSeller).expect("That is you. Who is the other side?", "[@anna_ceramics]")
	k.tap("back").step(intake.StepReview).tap("confirm").did(dialog.DidRefuse).step(intake.StepSeller)
	if len(k.deals()) != 0 {
		t.Fatal("a deal with oneself")
	}
	k.say("@piotr_books").step(intake.StepReview).tap("confirm").step("")
	if d := k.deals(); len(d) != 1 || d[0].Terms.Seller.Value != "piotr_books" {
		t.Errorf("the deals are %+v", d)
	}
}

// TestSellerThatCanNeverBe: the bot, the operator and Telegram's own accounts are no sellers, and a word is asked back.
func TestSellerThatCanNeverBe(t *testing.T) {
	for typed, why := range map[string]string{
		"@bayescrowbot": "“@bayescrowbot” cannot be the other side of a deal.", "t.me/BayEscrowBot": "cannot be the other side of a deal.",
		"@Bay_Help": "cannot be the other side of a deal.", "@BotFather": "cannot be the other side of a deal.",
		"hello": "“hello” may be a word or a name. If it is their Telegram name, write @hello. If not, write their phone or email.",
	} {
		begin(t).say("/create").say(typed).did(dialog.DidRefuse).step(intake.StepSeller).expect(why)
	}
	k := begin(t).say("/create").say("Maria").did(dialog.DidRefuse).say("@Maria").step(intake.StepAmount).expect("Seller: @Maria")
	k.say("/start seller_botfather").step(intake.StepAmount)
}

// TestCardNumberIsNeitherQuotedNorKept: wherever it is typed, it is in no record.
func TestCardNumberIsNeitherQuotedNorKept(t *testing.T) {
	const number = "4111 1111 1111 1111"
	check := func(k *talk, where string) {
		t.Helper()
		raw, err := json.Marshal(k.out.Record)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), "1111 1111") || strings.Contains(k.text(), "1111 1111") {
			t.Errorf("%s: the number is in %s\n%s", where, raw, k.text())
		}
	}
	check(begin(t).say(number), "without a draft")
	for _, step := range []string{intake.StepSeller, intake.StepAmount, intake.StepDelivery} {
		check(at(t, euros(), "en", step).say(number).did(dialog.DidRefuse), step)
	}
	begin(t).say("/create").say(number).expect("This is where money goes: a wallet or an account. We need a person")
	check(begin(t).review().say("charge "+number), "at the review")
}

// TestCardNumberIsNotQuotedInPart: wherever a quote of a typed text ends, it has no part of a card's number.
func TestCardNumberIsNotQuotedInPart(t *testing.T) {
	anew := func(step string) *talk { return at(t, euros(), "en", step) }
	talks := map[string]*talk{"without a draft": begin(t), "at the review": begin(t).review(), "with an escrow": begin(t)}
	talks["with an escrow"].confirmed()
	talks["with an escrow"].mine()
	for _, step := range []string{intake.StepSeller, intake.StepAmount, intake.StepDescription, intake.StepDelivery} {
		talks[step] = anew(step)
	}
	names := slices.Sorted(maps.Keys(talks))
	rapid.Check(t, func(t *rapid.T) {
		where := rapid.SampledFrom(names).Draw(t, "where")
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "my", "card:", "24", "—", "☕", "\n", "             "}), 0, 30)
		group := rapid.SampledFrom([]string{"", " ", "-", "  ", "\n"}).Draw(t, "between groups")
		text := strings.Join(words.Draw(t, "before"), " ") + ", " + strings.Join([]string{"4111", "1111", "1111", "1111"}, group) + ", " + strings.Join(words.Draw(t, "behind"), " ")
		in := dialog.Input{Kind: dialog.KindText, Text: text}
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			in = dialog.Input{Kind: dialog.KindCommand, Name: "status", Text: text}
		case 1:
			in.Text, in.Mentioned = "the seller", text
		}
		k := talks[where]
		if k.input(in); k.out.Did == dialog.DidApply && k.out.Record.Said == nil { // it became an answer
			talks[where] = anew(where)
			return
		}
		said, err := json.Marshal(k.out.Record.Said)
		if err != nil {
			t.Fatal(err)
		}
		for _, shown := range []string{string(said), k.text()} {
			if strings.Contains(shown, "4111") {
				t.Fatalf("%s, “%s”: a part of the number is in %s", where, text, shown)
			}
		}
	})
}

// TestCurrencyThatIsWithdrawn: example, buttons and readings are of the offered currencies, and a bare number is asked
// back beside an answer in another currency.
func TestCurrencyThatIsWithdrawn(t *testing.T) {
	k := begin(t).review()
	k.tap("edit:amount").say("0.01 btc").step(intake.StepReview)
	k.tap("edit:amount").expect("for example 0.01 BTC").say("50").did(dialog.DidRefuse).
		expect("“50” in which currency? Write, for example, 0.01 BTC or 50 EUR.").tap("back").step(intake.StepReview)

	rules := euros()
	rules.Currencies = []string{"EUR", "USD"} // the limits still have BTC
	k.rules = rules
	k.restart()
	k.tap("confirm").step(intake.StepAmount).expect("BTC is no longer offered here", "for example 1,250.50 EUR", "amount:100 ", "[]")
	k.say("50").did(dialog.DidRefuse).expect("“50” in which currency? Write, for example, 50 EUR.")
	k.say("0.01 btc").did(dialog.DidRefuse).expect("we do not hold BTC. Here: EUR, USD.")
	k.tap("amount:100").step(intake.StepReview).expect("Price: €100.00")
	k.tap("edit:amount").say("50").step(intake.StepReview).expect("Price: €50.00")
}

// TestAnAmountIsNoDescription: also a short one, and one that is asked back.
func TestAnAmountIsNoDescription(t *testing.T) {
	for _, typed := range []string{"1250.60 EUR", "50 eur", "12.500 euro", "1.250 dollars", "0.005 mbtc", "5000000 eur", "0.0005 euro", "1250.00 chf"} {
		at(t, euros(), "en", intake.StepDescription).say(typed).did(dialog.DidRefuse).expect("does not say what you are buying")
	}
}
