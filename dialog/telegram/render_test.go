package telegram

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

var rewrite = flag.Bool("update", false, "write the golden files anew")

func tapOn(action, label string) dialog.Button { return dialog.Button{Action: action, Label: label} }

func edit(what string) *dialog.Button {
	return &dialog.Button{Action: "edit:" + what, Label: "Edit", Aria: "Edit " + what}
}

// golden are cards of the escrow bot.
var golden = map[string]dialog.Card{
	"question": {
		Draft: "d7kq2mx9", Revision: 3, Progress: "Step 2 of 5",
		Facts:    []dialog.Fact{{Label: "Seller", Value: dialog.Isolate("@anna_ceramics"), Fresh: true}},
		Question: "How much is the deal?", Hint: "An amount with its currency, for example \u20681,250.50 EUR\u2069",
		Field: &dialog.Field{Continue: "Continue"},
		Picks: []dialog.Button{tapOn("amount:50", "€50"), tapOn("amount:100", "€100"), tapOn("amount:250", "€250"), tapOn("amount:500", "€500"), tapOn("amount:900", "€900")},
		Quiet: []dialog.Button{tapOn("back", "Back"), tapOn("cancel", "Cancel")},
	},
	"refused": {
		Draft: "d7kq2mx9", Revision: 3, Progress: "Step 2 of 5",
		Facts:    []dialog.Fact{{Label: "Seller", Value: dialog.Isolate("<b>&amp;</b> \"x\"")}},
		Question: "How much is the deal?", Hint: "not shown", Refusal: "“1.250 < x & y” can mean 1,250 or 1.25.",
		Quiet: []dialog.Button{tapOn("back", "Back"), tapOn("cancel", "Cancel")},
	},
	"review": {
		Draft: "d7kq2mx9", Revision: 10, Progress: "Step 5 of 5", Review: true,
		Facts: []dialog.Fact{
			{Label: "Seller", Value: dialog.Isolate("@anna_ceramics"), Edit: edit("seller")},
			{Label: "Price", Value: dialog.Isolate("€1,250.00"), Edit: edit("amount")},
			{Label: "For", Value: dialog.Isolate("Handmade dinner set 🍽️, 24 pieces\ntwo spare plates"), Edit: edit("what you are buying")},
			{Label: "Delivery", Value: "72 hours", Note: "Counted from your payment", Edit: edit("delivery time")},
			{Label: "Fee", Value: "Half each", Edit: edit("who pays the fee")},
		},
		Question: "Is this right?", After: "Nothing is charged by confirming.",
		Sums: []dialog.Sum{
			{Label: "Price", Value: "€1,250.00"}, {Label: "Your half of the fee", Value: "€15.63"},
			{Label: "You pay", Value: "€1,265.63", Total: true}, {Label: "Seller gets, after €15.62 fee", Value: "€1,234.38", Part: true},
		},
		Primary: &dialog.Button{Action: "confirm", Label: "Confirm escrow"},
		Ahead:   "What happens next",
		Next:    []dialog.Next{{Who: "You pay into escrow", When: "Within 60 minutes. Until then you can cancel for free."}, {Who: "\u2068@anna_ceramics\u2069 delivers", When: "Within 72 hours of your payment."}},
		Quiet:   []dialog.Button{tapOn("back", "Back"), tapOn("cancel", "Cancel")},
	},
	"fee": {
		Draft: "d7kq2mx9", Revision: 9, Progress: "Step 5 of 5", Question: "Who pays the fee of €31.25?",
		Keep:    &dialog.Button{Action: "continue", Label: "Keep half each"},
		Choices: []dialog.Button{tapOn("fee:buyer", "You"), tapOn("fee:seller", "Seller"), {Action: "fee:split", Label: "Half each", Chosen: true}},
		Quiet:   []dialog.Button{tapOn("back", "Back"), tapOn("cancel", "Cancel")},
	},
	"pending": {
		Draft: "ESC-7K4M-92QXA", Revision: 1, Progress: "Confirmed. Waiting for your payment",
		Facts:    []dialog.Fact{{Label: "Escrow", Value: dialog.Isolate("ESC-7K4M-92QXA"), Mono: true}, {Label: "Seller", Value: dialog.Isolate("@anna_ceramics")}},
		Question: "Pay €1,265.63 by 15:41", Sums: []dialog.Sum{{Label: "Reference", Value: "ESC-7K4M-92QXA", Mono: true}},
		Body:  []string{"Send it to \u2068LT12 7300 0101 2345 6789\u2069, Bay Escrow.", "Write to \u2068@bay_help\u2069 if you cannot pay."},
		Quiet: []dialog.Button{{Action: "create", Label: "New escrow", Free: true}, tapOn("cancel", "Cancel escrow")},
	},
	"welcome-back": {
		Draft: "d7kq2mx9", Revision: 7, Progress: "Step 4 of 5",
		Band:     &dialog.Band{Strong: "Welcome back: step 4 of 5, saved 2 hours ago", Text: "Your three answers are here. Delivery is still open."},
		Question: "How long may delivery take?", Hint: "For example 36h or 5 days, counted from your payment",
		Choices: []dialog.Button{tapOn("delivery:24", "24 hours"), tapOn("delivery:48", "48 hours")},
		Alt:     []dialog.Button{tapOn("renew", "Renew")},
		Others:  []dialog.Button{{Action: "status:ESC-7K4M-92QXA", Label: "ESC-7K4M-92QXA", Free: true}},
		Quiet:   []dialog.Button{tapOn("back", "Back"), tapOn("cancel", "Cancel")},
	},
	"arabic": {
		Draft: "d7kq2mx9", Revision: 7, Progress: "الخطوة 4 من 5", Lang: "ar",
		Facts: []dialog.Fact{
			{Label: "البائع", Value: dialog.Isolate("@anna_ceramics")}, {Label: "المبلغ", Value: dialog.Isolate("€1,250.00")},
			{Label: "الوصف", Value: dialog.Isolate("طقم عشاء 👩🏽‍🎨 <يدوي> & مزجج")},
		},
		Question: "كم قد يستغرق التسليم؟",
		Choices:  []dialog.Button{tapOn("delivery:24", "24 ساعة")},
		Quiet:    []dialog.Button{tapOn("back", "رجوع"), tapOn("cancel", "إلغاء")},
	},
	"menu":  {Question: "", Body: []string{"LockBay holds the buyer's money until both have what they agreed."}, Primary: &dialog.Button{Action: "create", Label: "Create escrow", Free: true}},
	"empty": {},
	"too-long-data": {
		Draft: "d7kq2mx9", Revision: 7, Question: "Which?",
		Choices: []dialog.Button{tapOn("amount:"+strings.Repeat("1", 60), "gone"), tapOn("amount:1", "kept")},
	},
}

func picture(c *dialog.Card) string {
	text, k := render(c)
	var b strings.Builder
	b.WriteString(text + "\n--\n")
	for i, x := range k.buttons {
		switch {
		case i == 0:
		case x.Row != k.buttons[i-1].Row:
			b.WriteString("\n")
		default:
			b.WriteString(" ")
		}
		b.WriteString("[" + x.Text + "](" + x.Data + ")")
	}
	return b.String() + "\n"
}

func TestRender(t *testing.T) {
	for name, c := range golden {
		file := filepath.Join("testdata", name+".html")
		got := picture(&c)
		if *rewrite {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

func TestLongestFactIsCut(t *testing.T) {
	c := golden["review"]
	c.Facts = append([]dialog.Fact(nil), c.Facts...)
	for n := 3000; n < 9000; n += 397 {
		for _, unit := range []string{"x", "🦕", "<", "é", "👩🏽‍🎨 "} {
			c.Facts[2].Value = dialog.Isolate(strings.Repeat(unit, n/len(utf16.Encode([]rune(unit)))))
			text, _ := render(&c)
			seen := visible(text)
			if len(utf16.Encode([]rune(seen))) > textMax {
				t.Fatalf("%d × %q: too long", n, unit)
			}
			for _, keep := range []string{"@anna_ceramics", "Is this right?", "You pay: €1,265.63", "Within 72 hours of your payment."} {
				if !strings.Contains(seen, keep) {
					t.Fatalf("%d × %q: %q is gone", n, unit, keep)
				}
			}
			if strings.Count(seen, fsi) != strings.Count(seen, pdi) {
				t.Fatalf("%d × %q: an isolate is open", n, unit)
			}
			if n > textMax && len(utf16.Encode([]rune(seen))) < textMax-40 {
				t.Errorf("%d × %q: cut to %d", n, unit, len(seen))
			}
		}
	}
}

// TestFactWithoutLabel: a fact that has no label is its value alone.
func TestFactWithoutLabel(t *testing.T) {
	text, _ := render(&dialog.Card{Question: "Where?", Facts: []dialog.Fact{{Value: "here"}, {Label: "At", Value: "there"}, {Value: "x", Mono: true}}})
	if seen := visible(text); !strings.Contains(seen, "\nhere\nAt: there\n"+fsi+"x"+pdi) && !strings.HasPrefix(seen, "here\nAt: there\n"+fsi+"x"+pdi) {
		t.Errorf("%q", seen)
	}
}

// visible returns the text that a person reads.
func visible(html string) string {
	for _, tag := range []string{"<b>", "</b>", "<code>", "</code>"} {
		html = strings.ReplaceAll(html, tag, "")
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(html)
}

// The server accepts every card.
func FuzzRender(f *testing.F) {
	f.Add("Seller", "@anna", "How <b>much</b>?", "hint & more", 3)
	f.Add("", "\xff\xfe\x00", "\u2068\u2068👩🏽‍🎨", strings.Repeat("🦕", 5000), 200)
	f.Add("a", strings.Repeat("<", 9000), strings.Repeat("q", 9000), strings.Repeat("&", 9000), 3000)
	api := telegramtest.New(telegramtest.Options{Strict: true, Now: (&clock{}).Now})
	f.Cleanup(api.Close)
	api.Person(1, "a", "A")
	c := bare(f, dialog.NewMemory(), func(cfg *Config) { cfg.Token, cfg.APIURL = api.Token(), api.URL() })
	f.Fuzz(func(t *testing.T, label, value, question, hint string, n int) {
		card := dialog.Card{Draft: "d", Question: question, Hint: hint, Sums: []dialog.Sum{{Label: label, Value: value, Total: true}, {Value: value, Mono: true}}}
		for range min(max(n, 0), 1000) {
			card.Facts = append(card.Facts, dialog.Fact{Label: label, Value: value, Mono: n%2 == 0})
		}
		if _, err := c.Show(t.Context(), dialog.Showing{Place: dialog.Place{Address: "1"}, Card: card}); err != nil {
			t.Fatalf("%v (%s)", err, api.Violations())
		}
		if v := api.Violations(); len(v) > 0 {
			t.Fatal(v)
		}
	})
}
