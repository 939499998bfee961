package lockbay

import (
	"math"
	"strings"
	"testing"
	"unicode"

	iso "github.com/bojanz/currency"
	"pgregory.net/rapid"
)

// wide offers many currencies within wide limits, so that tables test only reading.
func wide() *Rules {
	r := DefaultRules()
	r.Currencies = append(r.Currencies, "JPY", "KWD", "ETH", "LTC", "INR", "SEK")
	for _, c := range r.Currencies {
		r.Limits[c] = Range{1, math.MaxInt64 / 4}
	}
	return r
}

var amounts = []struct{ typed, want, code string }{
	// what people type
	{"$1,250.50", "1250.50 USD", ""},
	{"1250,50 eur", "1250.50 EUR", ""},
	{"1.5k usd", "1500.00 USD", ""},
	{"₦5,000", "5000.00 NGN", ""},
	{"0.05 btc", "0.05 BTC", ""},
	{"1250", "1250.00 USD", ""},
	{"100", "100.00 USD", ""},
	{"100.", "100.00 USD", ""}, {"100,- €", "100.00 EUR", ""}, {"€ 100.–", "100.00 EUR", ""}, {"100,-5 €", "", AmountUnclear},
	{"1,250", "1250.00 USD", ""},
	{"1250.50 EUR", "1250.50 EUR", ""},
	{"EUR 1250.50", "1250.50 EUR", ""},
	{"eur1250", "1250.00 EUR", ""},
	{"€1.250,50", "1250.50 EUR", ""},
	{"1 250,50 €", "1250.50 EUR", ""},
	{"1\u00a0250,50\u00a0€", "1250.50 EUR", ""},
	{"1\u202f250,50 €", "1250.50 EUR", ""},
	{"CHF 1'250.50", "", AmountCurrency},
	{"1’250.50 usd", "1250.50 USD", ""},
	{"1,250,000.00 ngn", "1250000.00 NGN", ""},
	{"1.250.000 ngn", "1250000.00 NGN", ""},
	{"1,00,000 inr", "100000.00 INR", ""},
	{"12,34,567.89 ₹", "1234567.89 INR", ""},
	{".5 btc", "0.5 BTC", ""},
	{"$.50", "0.50 USD", ""},
	{"0,5 btc", "0.5 BTC", ""},
	{"0,050 btc", "0.05 BTC", ""},
	{"0.500 eur", "0.50 EUR", ""},
	{"0.00000001 btc", "0.00000001 BTC", ""},
	{"1.2550 btc", "1.2550 BTC", ""},
	{"1.2550 kwd", "1.2550 KWD", ""},
	{"100 usdt", "100.00 USDT", ""},
	{"100 USD₮", "100.00 USDT", ""},
	{"US$100", "100.00 USD", ""},
	{"$100 USD", "100.00 USD", ""},
	{"$usd 100", "100.00 USD", ""},
	{"100 us dollars", "100.00 USD", ""},
	{"100 dollars", "100.00 USD", ""},
	{"50 pounds", "50.00 GBP", ""},
	{"2 bitcoin", "2 BTC", ""},
	{"5000 naira", "5000.00 NGN", ""},
	{"₿0.05", "0.05 BTC", ""},
	{"1.5kusd", "1500.00 USD", ""},
	{"$1.5k", "1500.00 USD", ""},
	{"1.5 k usd", "1500.00 USD", ""},
	{"1.2345k", "1234.50 USD", ""},
	{"2m ngn", "2000000.00 NGN", ""},
	{"3 thousand naira", "3000.00 NGN", ""},
	{"1250.00 jpy", "1250 JPY", ""},
	{"1.250 jpy", "1250 JPY", ""},
	{"¥1,250", "1250 JPY", ""},
	{"100 kr", "100.00 SEK", ""},
	// Cyrillic, other digits, invisible characters
	{"500 грн", "500.00 UAH", ""},
	{"500 грн.", "500.00 UAH", ""},
	{"5 тыс. гривен", "5000.00 UAH", ""},
	{"5к грн", "5000.00 UAH", ""},
	{"100 долларов", "100.00 USD", ""},
	{"100 евро", "100.00 EUR", ""},
	{"٥٠٠ usd", "500.00 USD", ""},
	{"١٬٢٥٠٫٥٠ €", "1250.50 EUR", ""},
	{"\u200f١٬٢٥٠٫٥٠\u00a0€", "1250.50 EUR", ""},
	{"१,२५० ₹", "1250.00 INR", ""},
	{"１２５０ eur", "1250.00 EUR", ""},
	{"\u2068€1,250.50\u2069", "1250.50 EUR", ""},
	// two readings
	{"1.250", "", AmountAmbiguous},
	{"1.250 eur", "", AmountAmbiguous},
	{"1,250 kwd", "", AmountAmbiguous},
	{"1.250 kwd", "", AmountAmbiguous},
	{"5,000 btc", "", AmountAmbiguous},
	{"1.250k ngn", "", AmountAmbiguous},
	// too many decimals
	{"10.005 eur", "10005.00 EUR", ""}, // ten and a twentieth of a cent is impossible
	{"1.255", "1255.00 USD", ""},
	{"1.234 €", "1234.00 EUR", ""},
	{"1,234 €", "1234.00 EUR", ""},
	{"1.899,-", "1899.00 USD", ""},
	{"1,899.--", "1899.00 USD", ""},
	{"1.250,- eur", "1250.00 EUR", ""},
	{"12.50,-", "", AmountUnclear},
	{"kr 1.250:-", "1250.00 SEK", ""},
	{"1250.555", "", AmountPrecision},
	{"0.001 usd", "", AmountPrecision},
	{"0.123456789 btc", "", AmountPrecision},
	{"1.5 jpy", "", AmountPrecision},
	{"1,2500 usd", "", AmountPrecision},
	{"1.23456k usd", "1234.56 USD", ""},
	{"1.234567k usd", "", AmountPrecision},
	// blanks that group, and blanks that do not
	{"2\n500", "", AmountUnclear}, {"2\t500", "", AmountUnclear}, {"2\r\n500 usd", "", AmountUnclear}, {"1\u2028250", "", AmountUnclear},
	{"2\u2009500 usd", "2500.00 USD", ""}, {"2\u3000500 usd", "2500.00 USD", ""}, {"250\nusd", "250.00 USD", ""}, {" 250 \n", "250.00 USD", ""},
	{"1，250．50 usd", "1250.50 USD", ""}, {"1،250 usd", "1250.00 USD", ""},
	// thousandths of coins, and satoshi
	{"5 mBTC", "", AmountMilli}, {"0.0000001 mbtc", "", AmountMilli}, {"5m eth", "", AmountMilli}, {"5 m usdt", "", AmountMilli},
	{"5 mln usdt", "5000000.00 USDT", ""}, {"5 msats", "", AmountMilli}, {"5 µBTC", "", AmountUnclear},
	{"5000 sats", "0.00005 BTC", ""}, {"1,000 sats", "0.00001 BTC", ""}, {"100k sat", "0.001 BTC", ""}, {"1 satoshi", "0.00000001 BTC", ""},
	{"0.5 sats", "", AmountPrecision}, {"5 sats usd", "", AmountUnclear},
	// a stablecoin is written in cents
	{"10,000 usdt", "10000.00 USDT", ""}, {"10.000 usdt", "", AmountAmbiguous},
	// not offered, not known, not a number
	{"1250 chf", "", AmountCurrency},
	{"100 rub", "", AmountCurrency},
	{"100 ₽", "", AmountCurrency},
	{"CA$100", "", AmountCurrency},
	{"$100 cad", "", AmountCurrency},
	{"5 doge", "", AmountCurrency},
	{"€100 usd", "", AmountUnclear},
	{"100 apples", "", AmountUnclear},
	{"100 🍎", "", AmountUnclear},
	{"10 usd 5", "", AmountUnclear},
	{"1e5", "", AmountUnclear},
	{"0x529", "", AmountUnclear},
	{"-5", "", AmountUnclear},
	{"100-200", "", AmountUnclear},
	{"50%", "", AmountUnclear},
	{"1,25,00", "", AmountUnclear},
	{"1,250,50", "", AmountUnclear},
	{"1.250,000.50", "", AmountUnclear},
	{"1 25", "", AmountUnclear},
	{"1..5", "", AmountUnclear},
	{"1.5kk", "", AmountUnclear},
	{"0.500.000", "", AmountUnclear},
	{"a lot", "", AmountUnclear},
	{"", "", AmountUnclear},
	{"/cancel", "", AmountUnclear},
	{"\xff100", "", AmountUnclear},
	{strings.Repeat("9", 200), "", AmountUnclear},
	// limits and overflow
	{"0", "", AmountTooSmall},
	{"9223372036854775807", "", AmountTooLarge},
	{"92233720368547758.08", "", AmountTooLarge},
	{"99999999999999999999999999 btc", "", AmountTooLarge},
	{"9223372036854776k", "", AmountTooLarge},
}

func TestParseMoney(t *testing.T) {
	r := wide()
	for _, c := range amounts {
		m, err := r.ParseMoney(c.typed, "en")
		code, _ := refused(t, err)
		got := ""
		if !m.IsZero() {
			got = m.Plain()
		}
		if code != c.code || got != c.want {
			t.Errorf("%q: got %q %s, want %q %s", c.typed, got, code, c.want, c.code)
		}
	}
}

func TestParseMoneyTellsWhatToType(t *testing.T) {
	r := DefaultRules()
	r.Currencies, r.Default = []string{"EUR", "USD", "CAD", "BTC"}, "EUR"
	r.Limits["CAD"], r.Limits["EUR"] = Range{1000, 2000000}, Range{1000, 2000000}
	for _, c := range []struct {
		typed, lang, code string
		args              map[string]string
	}{
		{"1.250", "en", AmountAmbiguousOne, args("typed", "1.250", "a", "1250 EUR", "b", "1.25 EUR", "write", "1250 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
		{"12.500", "en", AmountAmbiguous, args("typed", "12.500", "a", "12500 EUR", "b", "12.5 EUR", "write_a", "12500 EUR", "write_b", "12.50 EUR")},
		{"1,250", "de", AmountAmbiguousOne, args("typed", "1,250", "a", "1250 EUR", "b", "1.25 EUR", "write", "1250 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
		{"1.255 btc", "en", AmountAmbiguousNone, args("typed", "1.255 btc", "a", "1255 BTC", "b", "1.255 BTC", "low", "0.0001 BTC", "high", "0.2 BTC", "currency", "BTC")},
		{"5 mbtc", "en", AmountMilli, args("typed", "5 mbtc", "currency", "BTC", "write", "0.005 BTC")},
		{"0.1 mbtc", "en", AmountMilli, args("typed", "0.1 mbtc", "currency", "BTC", "write", "0.0001 BTC")},
		{"5000 mbtc", "en", AmountMilli, args("typed", "5000 mbtc", "currency", "BTC", "write", "0.01 BTC")},
		{"$100", "en", AmountSign, args("typed", "$100", "sign", "$", "currencies", "USD, CAD", "write", "100 USD")},
		{"1250 chf", "en", AmountCurrency, args("typed", "1250 chf", "currency", "CHF", "currencies", "EUR, USD, CAD, BTC")},
		{"$1.250", "en", AmountSign, args("typed", "$1.250", "sign", "$", "currencies", "USD, CAD", "write", "1250.50 USD")},
		{"$1", "en", AmountSign, args("typed", "$1", "sign", "$", "currencies", "USD, CAD", "write", "1250.50 USD")},
		{"5 eur", "en", AmountTooSmall, args("amount", "5 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
		{"50000,50", "de", AmountTooLarge, args("amount", "50000.5 EUR", "low", "10 EUR", "high", "20000 EUR", "currency", "EUR")},
		{"0.005", "en", AmountPrecision, args("typed", "0.005", "currency", "EUR", "digits", "2")},
		{"a\nlot", "en", AmountUnclear, args("typed", "a lot", "example", "1250.50 EUR", "currencies", "EUR, USD, CAD, BTC")},
	} {
		_, err := r.ParseMoney(c.typed, c.lang)
		code, got := refused(t, err)
		if code != c.code || len(got) != len(c.args) {
			t.Errorf("%q: %s %v", c.typed, code, got)
		}
		for k, v := range c.args {
			if got[k] != v {
				t.Errorf("%q: %s is %q, want %q", c.typed, k, got[k], v)
			}
		}
	}
	r.Default = "USD"
	if m, err := r.ParseMoney("$100", "en"); err != nil || m.Currency != "USD" {
		t.Errorf("a shared sign is not the default: %v %v", m, err)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		m           Money
		lang, want  string
		short, bare string
	}{
		{Money{125000, "EUR"}, "en", "€1,250.00", "€1,250", "1,250"},
		{Money{126563, "EUR"}, "en", "€1,265.63", "€1,265.63", "1,265.63"},
		{Money{500000, "NGN"}, "en", "₦5,000.00", "₦5,000", "5,000"},
		{Money{500000, "UAH"}, "en", "₴5,000.00", "₴5,000", "5,000"},
		{Money{5, "USD"}, "en", "$0.05", "$0.05", "0.05"},
		{Money{5000000, "BTC"}, "en", "0.05 BTC", "0.05 BTC", "0.05"},
		{Money{1, "BTC"}, "en", "0.00000001 BTC", "0.00000001 BTC", "0.00000001"},
		{Money{200000000, "BTC"}, "en", "2 BTC", "2 BTC", "2"},
		{Money{1250000000, "USDT"}, "en", "1,250.00 USDT", "1,250 USDT", "1,250"},
		{Money{125000, "JPY"}, "en", "¥125,000", "¥125,000", "125,000"},
		{Money{-125050, "EUR"}, "en", "-€1,250.50", "-€1,250.50", "-1,250.50"},
		{Money{125050, "EUR"}, "", "€1,250.50", "€1,250.50", "1,250.50"},
		{Money{125050, "EUR"}, "_\x86l", "€1,250.50", "€1,250.50", "1,250.50"},
		{Money{125050, "EUR"}, "de", "1.250,50\u00a0€", "1.250,50\u00a0€", "1.250,50"},
		{Money{125050, "USD"}, "ru", "1\u00a0250,50\u00a0$", "1\u00a0250,50\u00a0$", "1\u00a0250,50"},
		{Money{125050, "EUR"}, "es", "1250,50\u00a0€", "1250,50\u00a0€", "1250,50"},
		{Money{12345678, "INR"}, "hi", "₹1,23,456.78", "₹1,23,456.78", "1,23,456.78"},
		{Money{5000000, "BTC"}, "de", "0,05\u00a0BTC", "0,05\u00a0BTC", "0,05"},
		{Money{125050, "EUR"}, "ar-EG", "\u200f١٬٢٥٠٫٥٠\u00a0€", "\u200f١٬٢٥٠٫٥٠\u00a0€", "١٬٢٥٠٫٥٠"},
		{Money{math.MaxInt64, "BTC"}, "en", "92,233,720,368.54775807 BTC", "92,233,720,368.54775807 BTC", "92,233,720,368.54775807"},
		{Money{math.MinInt64, "USD"}, "en", "-$92,233,720,368,547,758.08", "-$92,233,720,368,547,758.08", "-92,233,720,368,547,758.08"},
	} {
		if got := new(Rules).Format(c.m, c.lang); got != c.want {
			t.Errorf("%+v in %q: %q, want %q", c.m, c.lang, got, c.want)
		}
		if got := new(Rules).Short(c.m, c.lang); got != c.short {
			t.Errorf("%+v short in %q: %q, want %q", c.m, c.lang, got, c.short)
		}
		if got := c.m.Number(c.lang); got != c.bare {
			t.Errorf("%+v number in %q: %q, want %q", c.m, c.lang, got, c.bare)
		}
	}
}

// The locale data is the oracle of the learnt layouts.
func TestFormatAgreesWithLocaleData(t *testing.T) {
	for _, lang := range []string{"en", "de", "ru", "uk", "ar", "ar-EG", "es", "pt", "pt-PT", "id", "fr", "hi", "fa", "de-CH", "tr", "pl", "zz"} {
		f := iso.NewFormatter(iso.NewLocale(lang))
		for code, s := range symbols {
			f.SymbolMap[code] = s
		}
		for _, code := range []string{"USD", "EUR", "GBP", "UAH", "NGN", "JPY", "INR", "CHF"} {
			for _, minor := range []int64{0, 1, 99, 100, 12345, 99999, 100000, 123456, 999999, 1000000, 123456789, math.MaxInt64} {
				a, err := iso.NewAmountFromInt64(minor, code)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := new(Rules).Format(Money{minor, code}, lang), f.Format(a); got != want {
					t.Errorf("%d %s in %s: %q, want %q", minor, code, lang, got, want)
				}
			}
		}
	}
}

func TestLayoutsAreBounded(t *testing.T) {
	defer layouts.known.Store(nil)
	full := make(map[layoutKey]*layout)
	for i := range layoutsMax {
		full[layoutKey{string(rune(i)), "x"}] = plainLayout
	}
	layouts.known.Store(&full)
	if got := new(Rules).Format(Money{125050, "EUR"}, "de"); got != "1.250,50\u00a0€" {
		t.Error(got)
	}
	if n := len(*layouts.known.Load()); n != layoutsMax {
		t.Errorf("%d layouts", n)
	}
}

func TestMoneyOf(t *testing.T) {
	for _, c := range []struct{ major, currency, want string }{
		{"100", "USD", "100.00 USD"}, {"0.001", "BTC", "0.001 BTC"}, {"5000", "NGN", "5000.00 NGN"}, {"1.250", "USD", "1.25 USD"},
		{"1.255", "USD", ""}, {"1,5", "USD", ""}, {"-1", "USD", ""}, {"+1", "USD", ""}, {"", "USD", ""}, {".5", "USD", ""}, {"5.", "USD", ""},
		{"1", "XYZ", ""}, {"1", "", ""}, {"1", "usd", ""}, {"99999999999999999999", "USD", ""},
	} {
		m, err := MoneyOf(c.major, c.currency)
		if code, _ := refused(t, err); (code == "") != (c.want != "") || code == "" && m.Plain() != c.want {
			t.Errorf("%q %s: %v %s", c.major, c.currency, m, code)
		}
	}
}

// checkMoney checks the properties of any text.
func checkMoney(t rapid.TB, text, lang string) {
	r := DefaultRules()
	m, err := r.ParseMoney(text, lang)
	switch code, args := refused(t, err); code {
	case "":
		if r.CheckAmount(m) != nil {
			t.Errorf("%q: %v passes", text, m)
		}
		if again, err := r.ParseMoney(m.Plain(), lang); err != nil || again != m {
			t.Errorf("%q: %v, typed again %v %v", text, m, again, err)
		}
		if !strings.ContainsFunc(text, unicode.IsDigit) {
			t.Errorf("%q: %v out of nothing", text, m)
		}
	default:
		if !m.IsZero() {
			t.Errorf("%q: %v beside %s", text, m, code)
		}
		checkAdvice(t, r, args, lang)
		if code == AmountAmbiguous && args["write_a"] == args["write_b"] {
			t.Errorf("%q: both suggestions are %q", text, args["write_a"])
		}
	}
}

func TestAnyTextAsMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[$€₦]?[0-9., ']{0,14}[km]? ?(usd|eur|btc|ngn|chf)?`)).Draw(t, "text")
		checkMoney(t, text, rapid.SampledFrom([]string{"en", "de"}).Draw(t, "lang"))
	})
}

func FuzzParseMoney(f *testing.F) {
	for _, c := range amounts {
		f.Add(c.typed, "en")
		f.Add(c.typed, "de")
	}
	f.Fuzz(func(t *testing.T, text, lang string) { checkMoney(t, text, lang) })
}

func BenchmarkFormat(b *testing.B) {
	for _, lang := range []string{"en", "de", "ar-EG"} {
		b.Run(lang, func(b *testing.B) {
			b.ReportAllocs()
			m, r := Money{125050, "EUR"}, DefaultRules()
			for b.Loop() {
				r.Format(m, lang)
			}
		})
	}
}

func BenchmarkParseMoney(b *testing.B) {
	r := DefaultRules()
	for _, text := range []string{"100", "$1,250.50", "1.5k usd"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.ParseMoney(text, "en"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
