package lockbay

import (
	"slices"
	"strings"
	"unicode"

	iso "github.com/bojanz/currency"
)

// coin is a currency outside ISO 4217.
type coin struct {
	digits int // decimals kept: at most 8, so that an int64 of minor units holds 92 billion
	show   int // the fewest decimals shown
}

// coins are the supported coins. Some networks have more than 8 decimals (ETH 18, TON and SOL 9, XMR 12, DAI 18); deals
// use the decimals given here.
var coins = map[string]coin{
	"BTC": {8, 0}, "BCH": {8, 0}, "LTC": {8, 0}, "DOGE": {8, 0}, "ETH": {8, 0}, "BNB": {8, 0}, "TON": {8, 0},
	"SOL": {8, 0}, "XMR": {8, 0}, "TRX": {6, 0}, "XRP": {6, 0}, "USDT": {6, 2}, "USDC": {6, 2}, "DAI": {6, 2},
}

// Digits returns the number of decimals of a currency: ISO 4217 minor units, or those of a supported coin.
func Digits(currency string) (digits int, ok bool) {
	if c, ok := coins[currency]; ok {
		return c.digits, true
	}
	d, ok := iso.GetDigits(currency)
	return int(d), ok
}

// IsCoin reports whether a currency is a coin: no bank keeps it.
func IsCoin(currency string) bool {
	_, ok := coins[currency]
	return ok
}

// NamesCurrency reports whether a text for people names a currency: its code in capitals, its sign or its name.
func NamesCurrency(text, currency string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Sc, r)
	})
	return slices.ContainsFunc(words, func(w string) bool {
		return w == currency || slices.Contains(currencyWords[strings.ToLower(w)], currency)
	})
}

// currencyWords maps signs and names (lower case, spaces removed) to currencies, the usual one first. A sign has all
// currencies that CLDR writes with it in any language. A word with several currencies is clear only if exactly one of them
// is offered, or one is the default.
var currencyWords = words(`
$ USD CAD AUD NZD MXN SGD HKD ARS CLP COP BBD BMD BND BSD BZD CUP DOP FJD GYD JMD KYD LRD NAD SBD SRD TTD TWD UYU XCD
us$ USD|$us USD|usdollar USD|usdollars USD|бакс USD|баксов USD|баксів USD
dollar USD CAD AUD NZD SGD HKD|dollars USD CAD AUD NZD SGD HKD|bucks USD
доллар USD|доллара USD|долларов USD|долл USD|долар USD|долари USD|доларів USD
ca$ CAD|c$ CAD NIO|a$ AUD|au$ AUD|nz$ NZD|mx$ MXN|s$ SGD|hk$ HKD|r$ BRL|nt$ TWD
€ EUR|euro EUR|euros EUR|евро EUR|євро EUR
£ GBP EGP FKP GIP SHP SSP SYP|£gb GBP|uk£ GBP|gb£ GBP|pound GBP EGP|pounds GBP EGP|quid GBP|фунт GBP|фунтов GBP|фунтів GBP
₴ UAH|hryvnia UAH|hryvnias UAH|hryvnya UAH|hrn UAH|грн UAH|гривна UAH|гривны UAH|гривен UAH|гривня UAH|гривні UAH|гривень UAH
₦ NGN|naira NGN|nairas NGN
₽ RUB|руб RUB|рубль RUB|рубля RUB|рублей RUB|р RUB BYN|ruble RUB|rubles RUB
¥ JPY CNY|jp¥ JPY|cn¥ CNY|円 JPY|元 CNY|yen JPY|yuan CNY|rmb CNY
₹ INR|rs INR PKR LKR MUR NPR SCR|rupee INR PKR LKR|rupees INR PKR LKR
₺ TRY|tl TRY|lira TRY|₩ KRW KPW|won KRW|₪ ILS|₫ VND|₱ PHP CUP|₸ KZT|тенге KZT|₼ AZN|₾ GEL|฿ THB|₵ GHS|gh₵ GHS|cedi GHS|cedis GHS
kr SEK NOK DKK ISK|zł PLN|zl PLN|zloty PLN|kč CZK|ft HUF|lei RON MDL|leu RON MDL|fr CHF RWF|sfr CHF|rp IDR|rm MYR|ksh KES
real BRL|reais BRL|rupiah IDR|franc CHF|francs CHF|rand ZAR|shilling KES UGX TZS|shillings KES UGX TZS
peso MXN PHP ARS CLP COP|pesos MXN PHP ARS CLP COP|dirham AED MAD|dirhams AED MAD
₿ BTC|bitcoin BTC|bitcoins BTC|биткоин BTC|биткоинов BTC|xbt BTC|ξ ETH|ether ETH|ethereum ETH|litecoin LTC|ł LTC
₮ USDT MNT|usd₮ USDT|usd₮0 USDT|tether USDT|toncoin TON|gram TON|dogecoin DOGE|monero XMR`)

// subunits are the named parts of a currency, with their number of decimals: a satoshi is 0.00000001 BTC.
var subunits = map[string]struct {
	currency string
	decimals int
}{"sat": {"BTC", 8}, "sats": {"BTC", 8}, "satoshi": {"BTC", 8}, "satoshis": {"BTC", 8}, "сатоши": {"BTC", 8}, "сатоші": {"BTC", 8}}

// writtenInCents reports whether people write at most two decimals of a currency, so that three digits behind a comma are
// a group of thousands.
func writtenInCents(currency string) bool {
	if c, ok := coins[currency]; ok {
		return c.show == 2
	}
	digits, _ := Digits(currency)
	return digits <= 2
}

// symbols replace codes where the locale data has no symbol.
var symbols = map[string]string{"UAH": "₴", "NGN": "₦", "KZT": "₸", "GEL": "₾", "AZN": "₼"}

func words(table string) map[string][]string {
	m := make(map[string][]string)
	for entry := range strings.FieldsFuncSeq(table, func(r rune) bool { return r == '|' || r == '\n' }) {
		f := strings.Fields(entry)
		m[f[0]] = f[1:]
	}
	return m
}

// called returns the currencies that a lower-case word may mean, the usual one first. An unknown word gives nil.
func called(word string) []string {
	if c, ok := currencyWords[word]; ok {
		return c
	}
	if len(word) < 3 || len(word) > 5 {
		return nil
	}
	if code := strings.ToUpper(word); code != "" {
		if _, ok := Digits(code); ok {
			return []string{code}
		}
	}
	// A sign beside its code or another name: "$usd", "cad$".
	for _, sign := range []string{"$", "€", "£", "₴", "₦", "¥"} {
		rest, cut := strings.CutPrefix(word, sign)
		if !cut {
			rest, cut = strings.CutSuffix(word, sign)
		}
		if cut {
			return both(called(sign), called(rest))
		}
	}
	return nil
}

// both returns the elements that two lists share, in the order of the first.
func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(c string) bool { return !slices.Contains(b, c) })
}
