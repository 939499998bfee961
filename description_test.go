package lockbay

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

const family = "👨\u200d👩\u200d👧\u200d👦"

func TestCleanDescription(t *testing.T) {
	r := DefaultRules()
	for _, c := range []struct{ typed, want, code string }{
		{"Handmade dinner set, 24 pieces", "Handmade dinner set, 24 pieces", ""},
		{"  Handmade\t dinner set\r\n\r\n\r\n\r\n24 pieces \n", "Handmade dinner set\n\n24 pieces", ""},
		{"line one\u2028line two", "line one\nline two", ""},
		{"Тарелки 24", "Тарелки 24", ""},
		{"Сервиз 🍽️ на 24 персоны", "Сервиз 🍽️ на 24 персоны", ""},
		{"mug" + strings.Repeat(family, 7), "mug" + strings.Repeat(family, 7), ""},
		{"cups of England 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "cups of England 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", ""},
		{"two cups\U000e0070\U000e0061\U000e0079, blue \U000e0001", "two cups, blue", ""},
		{"🏴\U000e0067\U000e007f\U000e0068 two cups", "🏴\U000e0067\U000e007f two cups", ""},
		{"a\x00b\x1b[31mc defghij\xff", "ab[31mc defghij", ""},
		{"paid to \u202emoc.live\u202c, 10 pieces", "paid to moc.live, 10 pieces", ""},
		{"می\u200cخواهم ده بشقاب", "می\u200cخواهم ده بشقاب", ""},
		{strings.Repeat("x", 500), strings.Repeat("x", 500), ""},
		{strings.Repeat("я", 500), strings.Repeat("я", 500), ""},

		{"plates", "plates", DescriptionShort},
		{"", "", DescriptionShort},
		{"a                  b", "a b", DescriptionShort},
		{strings.Repeat("\u200b", 20), "", DescriptionShort},
		{"a" + strings.Repeat("\u200b", 20) + "b", "a" + strings.Repeat("\u200b", 20) + "b", DescriptionShort},
		{strings.Repeat("\u3164", 20), strings.Repeat("\u3164", 20), DescriptionShort},
		{strings.Repeat(family, 9), strings.Repeat(family, 9), DescriptionShort},
		{strings.Repeat(family, 10), strings.Repeat(family, 10), DescriptionLetters},
		{strings.Repeat("\ufffd", 12), strings.Repeat("\ufffd", 12), DescriptionLetters},
		{". . . . . . . .", ". . . . . . . .", DescriptionLetters},
		{strings.Repeat("?", 20), strings.Repeat("?", 20), DescriptionLetters},
		{"https://shop.example/cups?set=24", "https://shop.example/cups?set=24", DescriptionLink},
		{"(HTTPS://shop.example/cups) \nwww.shop.example", "(HTTPS://shop.example/cups)\nwww.shop.example", DescriptionLink},
		{"shop.example/cups/24-pieces :-)", "shop.example/cups/24-pieces :-)", DescriptionLink},
		{"it: t.me/cups/24 магазин.рф:8080/чашки", "it: t.me/cups/24 магазин.рф:8080/чашки", DescriptionLink},
		{"24 cups: https://shop.example/cups", "24 cups: https://shop.example/cups", ""},
		{"https://shop.example/cups 24件", "https://shop.example/cups 24件", ""},
		{"marketplace.example", "marketplace.example", ""}, // a domain is sold
		{"Cups/saucers, 24 pieces", "Cups/saucers, 24 pieces", ""},
		{"--------- 1 -", "--------- 1 -", DescriptionLetters},
		{strings.Repeat("ـ", 12), strings.Repeat("ـ", 12), DescriptionLetters},
		{strings.Repeat("ʼ", 12), strings.Repeat("ʼ", 12), DescriptionLetters},
		{strings.Repeat("ー", 12), strings.Repeat("ー", 12), DescriptionLetters},
		{"ーコーヒーカップ ー 二つ", "ーコーヒーカップ ー 二つ", ""},
		{"pay 4111 1111 1111 1111, please", "pay 4111 1111 1111 1111, please", DescriptionCard},
		{"12345 4111\u00a01111\u00a01111\u00a01111", "12345 4111 1111 1111 1111", DescriptionCard},
		{"phone +4111111111111111, 24 cups", "phone +4111111111111111, 24 cups", ""},
	} {
		got, err := r.CleanDescription(c.typed)
		if code, _ := refused(t, err); got != c.want || code != c.code {
			t.Errorf("%q: got %q %s, want %q %s", c.typed, got, code, c.want, c.code)
		}
	}
	for typed, over := range map[string]string{
		strings.Repeat("x", 612):                                        "112",
		strings.Repeat("🙂", 501):                                        "1",
		strings.Repeat(family, 500):                                     "340", // 4,000 bytes hold 160 families
		strings.Repeat("x", 200) + "e" + strings.Repeat("\u0301", 5000): "1",
	} {
		_, args := refused(t, second(r.CleanDescription(typed)))
		if args["over"] != over {
			t.Errorf("%.20q: %q too many, want %s", typed, args["over"], over)
		}
	}
}

func TestAnyTextAsDescription(t *testing.T) {
	r := DefaultRules()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringN(0, 600, -1), rapid.StringMatching("[a-z \\n\\r\\t\u200b\u0301]{0,40}")).Draw(t, "text")
		clean, err := r.CleanDescription(text)
		code, _ := refused(t, err)
		again, err := r.CleanDescription(clean)
		if code2, _ := refused(t, err); again != clean || code2 != code {
			t.Fatalf("%q became %q %s, and that %q %s", text, clean, code, again, code2)
		}
		if !utf8.ValidString(clean) || strings.ContainsAny(clean, "\x00\r\x1b") || strings.TrimSpace(clean) != clean ||
			code == "" && len(clean) > clusterBytes*r.DescriptionMax {
			t.Fatalf("%q became %q", text, clean)
		}
	})
}

// TestQuotedAsTyped: a quote keeps the joiners of emoji and of scripts, and drops what hides or disguises.
func TestQuotedAsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		family:                            family,
		"می\u200cخواهم":                   "می\u200cخواهم",
		"क्\u200dष":                       "क्\u200dष",
		" a\n\tb ":                        "a b",
		"a\u202eb\u2066c":                 "abc",
		"a\U000e0070b":                    "ab",
		"pay 4111 1111 1111 1111, please": "pay …, please",
	} {
		if got := quoted(typed); got != want {
			t.Errorf("%q is quoted as %q, want %q", typed, got, want)
		}
	}
	if got := quoted(strings.Repeat(family, 70)); got != strings.Repeat(family, 38)+"…" && !strings.HasSuffix(got, family+"…") {
		t.Errorf("a family is cut: %q", got)
	}
}

// TestOnlyLettersThatTell: letters that modify others are no words in any script, however many they are.
func TestOnlyLettersThatTell(t *testing.T) {
	r := DefaultRules()
	for _, table := range unicode.Lm.R16 {
		for c := rune(table.Lo); c <= rune(table.Hi); c += rune(table.Stride) {
			if err := r.CheckDescription(strings.Repeat(string(c)+" ", r.DescriptionMin)); err == nil {
				t.Errorf("%U is a word", c)
			}
		}
	}
}
