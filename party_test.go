package lockbay

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var self = Self{Username: "@Buyer_One", TelegramID: 1000001, Phone: "+16502530000", Email: "me@example.com",
	Service: []Party{{KindTelegram, "bay_help"}, {KindEmail, "help@bay.example"}}}

var parties = []struct{ typed, want, code string }{
	// Telegram names, and links to them
	{"@anna_ceramics", "@anna_ceramics", ""},
	{"anna_ceramics", "@anna_ceramics", ""},
	{"  @Anna_Ceramics \n", "@Anna_Ceramics", ""},
	{"@ anna_ceramics", "@anna_ceramics", ""},
	{"＠anna＿ceramics", "@anna_ceramics", ""},
	{"https://t.me/Anna_Ceramics", "@Anna_Ceramics", ""},
	{"http://www.t.me/anna_ceramics/", "@anna_ceramics", ""},
	{"HTTPS://T.ME/anna_ceramics", "@anna_ceramics", ""},
	{"t.me/anna_ceramics?start=1", "@anna_ceramics", ""},
	{"t.me/@anna_ceramics", "@anna_ceramics", ""},
	{"telegram.me/anna_ceramics", "@anna_ceramics", ""},
	{"anna_ceramics.t.me", "@anna_ceramics", ""},
	{"tg://resolve?domain=anna_ceramics", "@anna_ceramics", ""},
	{"\u2068@anna_ceramics\u2069", "@anna_ceramics", ""},
	{"@abcd", "@abcd", ""},
	{"@" + strings.Repeat("a", 32), "@" + strings.Repeat("a", 32), ""},
	{"@usd100", "@usd100", ""},
	{"@MyLongestUsernameEver1999", "@MyLongestUsernameEver1999", ""},
	{"@talbot", "@talbot", ""},

	// the one name in a sentence
	{"Pavel @durov", "@durov", ""},
	{"The seller is @durov.", "@durov", ""},
	{"@durov, please", "@durov", ""},
	{"@durov (Pavel)", "@durov", ""},
	{"Pavel (@durov) or @Durov", "@durov", ""},
	{"@durov's friend told me", "", SellerLetters},
	{"a friend of @durov's", "", SellerLetters},
	{"Pavel: t.me/durov", "@durov", ""},
	{"write to https://t.me/durov, thanks", "@durov", ""},
	{"Anna <anna@example.com>", "anna@example.com", ""},
	{"mail anna@example.com!", "anna@example.com", ""},
	{"mail anna+12345678@example.com", "anna+12345678@example.com", ""},
	{"anna at wa.me/4915123456789", "+4915123456789", ""},
	{"@anna_k and @boris_k", "", SellerSeveral},
	{"anna@example.com, eve@example.com", "", SellerSeveral},
	{"@anna_k or anna@example.com", "", SellerSeveral},
	{"@anna ceramics", "", SellerPart},
	{"@anna 1990", "", SellerPart}, {"@anna _ceramics", "", SellerPart},
	{"@anna 50 eur camera", "", SellerPart}, {"anna@example.com, 50 eur", "", SellerPart}, {"anna@example.com 50 eur camera", "", SellerPart},
	{"t.me/anna camera 50", "", SellerPart}, {"+49 1512 3456789 camera 50 eur", "", SellerPart}, {"@ann 50 eur camera", "", SellerShort},
	{"my seller is Anna, +49 30 123456 24/7", "", SellerSeveral}, {"Anna +49 30 123456 2 plates", "", SellerSeveral},
	{"send to @anna_ceramics", "@anna_ceramics", ""}, {"add @anna_ceramics", "@anna_ceramics", ""}, {"chat with @anna_ceramics", "@anna_ceramics", ""},
	{"Pavel @ home", "", SellerEmail},
	{"@durov Pavel", "@durov", ""},
	{"@durov is selling", "@durov", ""},
	{"Pavel, +49 1512 3456789", "+4915123456789", ""},
	{"call (+49) 1512-345-6789 please", "+4915123456789", ""},
	{"+49 1512 3456789 or +49 1512 3456780", "", SellerPhone},
	{"Pavel @durov, +49 1512 3456789", "", SellerSeveral},

	// phone numbers, with the marks of libphonenumber
	{"+49 1512 3456789", "+4915123456789", ""},
	{"0049 (1512) 345-6789", "+4915123456789", ""},
	{"(+49) 1512 3456789", "+4915123456789", ""},
	{"(0049) 1512 3456789", "+4915123456789", ""},
	{"＋49 1512 3456789", "+4915123456789", ""},
	{"＋４９１５１２３４５６７８９", "+4915123456789", ""},
	{"+49\u22121512\u22123456789", "+4915123456789", ""},
	{"+49\u2013151\u20142345\u30fc6789", "+4915123456789", ""},
	{"+49/1512/3456789", "+4915123456789", ""},
	{"+49.1512.345.67.89", "+4915123456789", ""},
	{"+49 (0) 1512 3456789", "+4915123456789", ""},
	{"+49~1512~3456789", "+4915123456789", ""},
	{"+49\u00a01512\u00ad3456\u2060789", "+4915123456789", ""},
	{"tel:+4915123456789", "+4915123456789", ""},
	{"tel:+49-1512-345-6789", "+4915123456789", ""},
	{"sms:+4915123456789?body=hi", "+4915123456789", ""},
	{"t.me/+4915123456789", "+4915123456789", ""},
	{"tg://resolve?phone=4915123456789", "+4915123456789", ""},
	{"wa.me/4915123456789", "+4915123456789", ""},
	{"https://wa.me/+4915123456789?text=hi", "+4915123456789", ""},
	{"https://api.whatsapp.com/send?phone=4915123456789&text=hi", "+4915123456789", ""},
	{"whatsapp://send?phone=+4915123456789", "+4915123456789", ""},
	{"viber://chat?number=%2B4915123456789", "+4915123456789", ""},
	{"https://signal.me/#p/+4915123456789", "+4915123456789", ""},
	{"+٤٩ ١٥١٢ ٣٤٥٦٧٨٩", "+4915123456789", ""},
	{"+380 67 123 4567", "+380671234567", ""},
	{"+234 803 123 4567", "+2348031234567", ""},
	{"+888 0123 4567", "+88801234567", ""},
	{"+888 8 123", "+8888123", ""},
	{"+52 1 55 1234 5678", "+525512345678", ""},
	{"+52 55 1234 5678", "+525512345678", ""},

	{"anna@example.com", "anna@example.com", ""},
	{"Anna_K+shop@Example.co.uk", "Anna_K+shop@Example.co.uk", ""},
	{"+anna@example.com", "+anna@example.com", ""},
	{"mailto:anna@example.com", "anna@example.com", ""},
	{"mailto:anna@example.com?subject=hi", "anna@example.com", ""},
	{"o'brien@example.com", "o'brien@example.com", ""},
	{"анна@пример.рф", "анна@пример.рф", ""},
	{"анна@example.com", "анна@example.com", ""},
	{"佐藤さん@例え.テスト", "佐藤さん@例え.テスト", ""},
	{"anna＠example．com", "anna@example.com", ""},

	{"@buyer_one", "", SellerOneself},
	{"BUYER_ONE", "", SellerOneself},
	{"t.me/Buyer_one", "", SellerOneself},
	{"I am @buyer_one", "", SellerOneself},
	{"1000001", "", SellerOneself},
	{"+1 650-253-0000", "", SellerOneself},
	{"ME@example.com", "", SellerOneself},

	// who can never be the other side
	{"@BotFather", "", SellerNobody}, {"@botfather", "", SellerNobody}, {"t.me/BotFather", "", SellerUnknown}, {"botfather", "", SellerNobody},
	{"@SpamBot", "", SellerNobody}, {"@Telegram", "", SellerNobody}, {"@gif", "", SellerShort}, {"@anna_bot", "", SellerNobody}, {"@AnnaBot", "", SellerNobody},
	{"@bay_help", "", SellerNobody}, {"t.me/Bay_Help", "", SellerNobody}, {"bay_help", "", SellerNobody}, {"help@bay.example", "", SellerNobody},

	// words
	{"cancel", "", SellerBare}, {"hello", "", SellerBare}, {"nobody", "", SellerBare}, {"Maria", "", SellerBare}, {"k1000", "", SellerBare},
	{"DEUTDEFF500", "", SellerBare}, {"no", "", SellerShort},

	{"0x52908400098527886E0F7030069857D2E4169EE7", "", SellerWallet},
	{"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "", SellerWallet},
	{"BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ", "", SellerWallet},
	{"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "", SellerWallet},
	{"1BoatSLRHtKNngkdXEeobR76b53LETtp", "", SellerWallet},
	{"3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "", SellerWallet},
	{"@3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "", SellerWallet},
	{"TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", "", SellerWallet},
	{"EQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqB2N", "", SellerWallet},
	{"UQBFXxM-0pIkmk8pJ2gKz9vYVmQBZZUnuHLmnhcRbPHvXv9T", "", SellerWallet},
	{"ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "", SellerWallet},
	{"7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV", "", SellerWallet},
	{"bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa?amount=1", "", SellerWallet},
	{"vitalik.eth", "", SellerWallet},
	{"my wallet is 0x52908400098527886E0F7030069857D2E4169EE7.", "", SellerWallet},
	{"GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7", "", SellerWallet},
	{"lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqf", "", SellerWallet},
	{"paypal.me/anna", "", SellerWallet}, {"https://cash.app/$anna", "", SellerWallet},

	{"100", "", SellerNumber},
	{"$100", "", SellerNumber},
	{"1.5k", "", SellerNumber},
	{"1.5k usd", "", SellerNumber},
	{"₦5,000", "", SellerNumber},
	{"0.05 btc", "", SellerNumber},
	{"١٠٠", "", SellerNumber},
	{"@1234567", "", SellerNumber},
	{"1.234.567.890", "", SellerNumber},

	{"@ann", "", SellerShort},
	{"ann", "", SellerShort},
	{"t.me/ann", "", SellerShort},
	{"@" + strings.Repeat("a", 33), "", SellerLong},
	{"@анна_керамика", "", SellerLetters},
	{"@anna-maria", "", SellerLetters},
	{"@anna🙂", "", SellerLetters},
	{"@_____", "", SellerForm}, {"@1durov", "", SellerForm}, {"@abcde_", "", SellerForm}, {"@_abcde", "", SellerForm}, {"@anna__ceramics", "", SellerForm},

	{"015123456789", "", SellerPhone},
	{"06.12.34.56.78", "", SellerPhone},
	{"861234567", "", SellerPhone}, {"8 612 34567", "", SellerPhone}, {"612 34567", "", SellerPhone}, {"612-34567", "", SellerPhone}, {"12 500 000", "", SellerNumber}, {"1250000", "", SellerNumber},
	{"06-12-34-56-78", "", SellerPhone},
	{"(0151) 234.567.89", "", SellerPhone},
	{"4915123456789", "", SellerPlus}, {"370 612 34567", "", SellerPlus}, {"37061234567", "", SellerPlus}, {"(49) 1512 3456789", "", SellerPlus},
	{"+1250", "", SellerPhone},
	{"+1 650 253 0000 ext 5", "", SellerPart},
	{"+49 2153 4515121689", "", SellerPhone}, // 16 digits
	{"+1-800-FLOWERS", "", SellerPhone},
	{"+49 1512 3456789;ext=5", "", SellerPhone},
	{"+49+1512 3456789", "", SellerPhone},
	{"+888 12", "", SellerPhone},
	{"wa.me/123", "", SellerPhone},
	{"wa.me/message/ABC", "", SellerPhone},

	{"anna@", "", SellerEmail},
	{"anna@example", "", SellerEmail},
	{"anna@example..com", "", SellerEmail},
	{"anna@-example.com", "", SellerEmail},
	{"anna@[127.0.0.1]", "", SellerEmail},
	{"anna@127.0.0.1", "", SellerEmail},
	{"o\u2019brien@example.com", "", SellerSign},
	{"o\u02bcbrien@example.com", "", SellerSign},
	{"anna\u2010maria@example.com", "", SellerSign},
	{"anna@ex\u2013ample.com", "", SellerSign},
	{"аnna@example.com", "", SellerAlphabet}, // the first letter is Cyrillic
	{"anna@exаmple.com", "", SellerAlphabet},
	{"anna@example.cοm", "", SellerAlphabet}, // Greek
	{"анна@пpимер.рф", "", SellerAlphabet},

	{"mailto:anna%2Bshop@example.com", "anna+shop@example.com", ""},
	{"wa.me/4915112345678", "+4915112345678", ""},
	{"https://api.whatsapp.com/send?phone=4915112345678", "+4915112345678", ""},
	{"tel:+4915112345678", "+4915112345678", ""},
	{"4915112345678", "", SellerPlus},
	{"ﬁnn@example.com", "", SellerSign},
	{"𝐚nna@example.com", "", SellerSign},
	{"", "", SellerUnknown},
	{"@", "", SellerUnknown},
	{"Анна", "", SellerUnknown},
	{"Anna from the market", "", SellerUnknown},
	{"https://t.me/+AbCdEfGh", "", SellerUnknown},
	{"t.me/joinchat/AbCdEf", "", SellerUnknown},
	{"t.me/channel/123", "", SellerUnknown},
	{"t.me/share?url=https://example.com", "", SellerUnknown},
	{"https://t.me/share/url?url=x", "", SellerUnknown},
	{"t.me/addstickers", "", SellerUnknown}, {"t.me/proxy?server=x", "", SellerUnknown}, {"t.me/$abc", "", SellerUnknown},
	{"t.me/s/channel", "", SellerUnknown}, {"t.me/c/12/3", "", SellerUnknown},
	{"tg://msg?text=hi", "", SellerUnknown}, {"tg://user?id=1", "", SellerUnknown},
	{"https://example.com/anna", "", SellerUnknown},
	{"🙂🙂🙂🙂🙂", "", SellerUnknown},
}

// TestPartyBetweenMarks: marks around the one name, number or address, and words beside a number, change nothing.
func TestPartyBetweenMarks(t *testing.T) {
	for _, one := range []string{"@anna_k", "t.me/anna_k", "anna@example.com", "+49 1512 3456789"} {
		want, err := ParseParty(one, self)
		if err != nil {
			t.Fatal(err)
		}
		for _, around := range []string{"%s,", "(%s)", `"%s"`, "“%s”", "«%s»", "„%s“", "%s!", "%s?", "%s please", "Anna %s", "%s, Anna", "to %s.", "%s."} {
			typed := strings.Replace(around, "%s", one, 1)
			if around == "%s please" && one[0] == '@' || around == "%s." && one[1:] == "nna@example.com" { // may be a name of two words; no address ends so
				continue
			}
			if got, err := ParseParty(typed, self); got != want {
				t.Errorf("%q is %q, %v", typed, got.Canonical(), err)
			}
		}
	}
	if p, err := ParseParty("+49 1512 3456789 ext 12", self); err == nil {
		t.Errorf("an extension is left out: %q", p)
	}
}

// TestPartyBesideAmount: a sum beside the seller, before or behind, is not dropped.
func TestPartyBesideAmount(t *testing.T) {
	for _, one := range []string{"@anna_k", "t.me/anna_k", "anna@example.com"} {
		for _, sum := range []string{"50 eur", "300$", "€50", "1.5k usd", "50 грн"} {
			for _, typed := range []string{one + " " + sum, sum + " " + one, sum + ", " + one + "."} {
				if p, err := ParseParty(typed, self); p != (Party{}) {
					t.Errorf("%q is read as %s", typed, p)
				} else if code, _ := refused(t, err); code != SellerPart {
					t.Errorf("%q: %s", typed, code)
				}
			}
		}
	}
}

// TestInvisibleInAName: what a reader does not see is left out around a name, and inside it makes another name.
func TestInvisibleInAName(t *testing.T) {
	for _, hidden := range []rune{0xad, 0x200b, 0x200c, 0x200d, 0x200e, 0x2060, 0x2066, 0x202e, 0xfeff} {
		h := string(hidden)
		if p, err := ParseParty(h+"@anna_k"+h, self); err != nil || p.Value != "anna_k" {
			t.Errorf("%U around: %s, %v", hidden, p, err)
		}
		for _, typed := range []string{"@anna" + h + "_k", "t.me/anna" + h + "_k", "it is @an" + h + "na_k"} {
			if p, err := ParseParty(typed, self); err == nil {
				t.Errorf("%U inside %q: %s", hidden, typed, p)
			}
		}
	}
}

// TestLostCharacter: U+FFFD stands for a character that was lost, so the name around it is nobody's.
func TestLostCharacter(t *testing.T) {
	for _, typed := range []string{"@ann\ufffd_k", "ann\ufffda@example.com", "anna@exam\ufffdple.com", "+49 1512 345\ufffd6789", "t.me/ann\ufffd_k", "@ann\xe9_k", "ann\xe9a@example.com"} {
		if p, err := ParseParty(typed, self); err == nil {
			t.Errorf("%q is taken as %q", typed, p)
		}
	}
	if hours, err := DefaultRules().ParseDelivery("1\ufffd2 days"); err == nil {
		t.Errorf("a time with a lost character is %d h", hours)
	}
}

func TestParseParty(t *testing.T) {
	for _, c := range parties {
		p, err := ParseParty(c.typed, self)
		code, _ := refused(t, err)
		if code != c.code || p.Canonical() != c.want {
			t.Errorf("%q: got %q %s, want %q %s", c.typed, p.Canonical(), code, c.want, c.code)
		}
	}
	if _, a := refused(t, second(ParseParty("@ann", self))); a["typed"] != "@ann" || a["low"] != "4" || a["high"] != "32" {
		t.Errorf("arguments %v", a)
	}
	if p, err := ParseParty("anyone_else", Self{}); err != nil || p.IsZero() {
		t.Errorf("an unknown buyer refused: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPartyShownAndKept(t *testing.T) {
	for typed, shown := range map[string]string{
		"t.me/Anna_Ceramics": "@Anna_Ceramics",
		"00380671234567":     "+380 67 123 4567",
		"Anna@example.com":   "Anna@example.com",
	} {
		p, err := ParseParty(typed, self)
		if err != nil || p.String() != shown || p.String() != shown {
			t.Errorf("%q is shown as %q, %v", typed, p, err)
		}
		b, _ := json.Marshal(p)
		var back Party
		if err := json.Unmarshal(b, &back); err != nil || back != p || len(b) != len(p.Canonical())+2 {
			t.Errorf("%s came back as %+v, %v", b, back, err)
		}
		if err := p.Check(); err != nil {
			t.Errorf("%v: %v", p, err)
		}
	}
	var p Party
	if p.UnmarshalText([]byte("anna")) == nil {
		t.Error("a party without a kind was read")
	}
	if p.UnmarshalText(nil) != nil || !p.IsZero() {
		t.Error("nobody was not read")
	}
	for _, bad := range []Party{{}, {KindTelegram, "ab"}, {KindPhone, "+"}, {KindPhone, "+49x15123456"}, {KindEmail, "x"}, {9, "y"}} {
		if bad.Check() == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

func TestPhonesRememberedAreBounded(t *testing.T) {
	for i := range spacedMax + 10 {
		_ = Party{KindPhone, "+99" + string(rune('a'+i%26)) + strings.Repeat("1", i%50) + string(rune(i))}.String()
	}
	if n := len(spaced.known); n > spacedMax {
		t.Errorf("%d remembered", n)
	}
}

// checkParty checks the properties of any text.
func checkParty(t rapid.TB, text string) {
	p, err := ParseParty(text, self)
	if code, args := refused(t, err); code != "" {
		if !p.IsZero() {
			t.Errorf("%q: a party beside %s", text, code)
		}
		if q := args["typed"]; !utf8.ValidString(q) || len(q) > 4096 || strings.ContainsAny(q, "\n\x00") {
			t.Errorf("%q quoted as %q", text, q)
		}
		return
	}
	if err := p.Check(); err != nil {
		t.Errorf("%q: %+v: %v", text, p, err)
	}
	if again, err := ParseParty(p.String(), Self{}); err != nil || again != p {
		t.Errorf("%q: %+v, typed as it is shown: %+v %v", text, p, again, err)
	}
	var back Party
	if b, _ := p.MarshalText(); back.UnmarshalText(b) != nil || back != p {
		t.Errorf("%q: kept as %+v", text, back)
	}
}

func TestAnyTextAsParty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`(@|https://t\.me/|\+|00)?[a-zA-Z0-9_.+ @-]{0,40}`)).Draw(t, "text")
		checkParty(t, text)
	})
}

func FuzzParseParty(f *testing.F) {
	for _, c := range parties {
		f.Add(c.typed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkParty(t, text) })
}

// TestPartiesIn: each contact in a text is found, as it is read alone.
func TestPartiesIn(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"the office, 9 to 5":                 "",
		"@bay_help":                          "@bay_help",
		"@bay_help or help@bay.example":      "@bay_help help@bay.example",
		"[@a_one @b_two]":                    "@a_one @b_two",
		"https://bay.example/help":           "",
		"t.me/bay_help, +49 1512 3456789":    "@bay_help +4915123456789",
		"Call +4915123456789 (or @bay_help)": "@bay_help +4915123456789",
	} {
		var got []string
		for _, p := range PartiesIn(text) {
			got = append(got, p.Canonical())
		}
		slices.Sort(got)
		list := strings.Fields(want)
		slices.Sort(list)
		if !slices.Equal(got, list) {
			t.Errorf("%q: %q, want %q", text, got, list)
		}
	}
}
