package lockbay

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestDefaultRules(t *testing.T) {
	r := DefaultRules()
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if got := r.offered(); got != "USD, EUR, GBP, UAH, NGN, BTC, USDT" || r.Default != "USD" {
		t.Errorf("offered %s, default %s", got, r.Default)
	}
	if r.Limits["USD"] != (Range{500, 1000000}) || r.Fee.Minimum["USD"] != 100 || r.Fee.BasisPoints != 500 {
		t.Errorf("%+v", r)
	}
	for _, typed := range []string{"$1,250.50", "1250,50 eur", "1.5k usd", "₦5,000", "0.05 btc", "100 usdt", "500 грн"} {
		if m, err := r.ParseMoney(typed, "en"); err != nil {
			t.Errorf("%q: %v %v", typed, m, err)
		}
	}
}

// TestUsual: the defaults of each currency are valid rules.
func TestUsual(t *testing.T) {
	r := DefaultRules()
	for c := range usual {
		if _, ok := r.Limits[c]; !ok {
			r.Currencies = append(r.Currencies, c)
			r.Limits[c], r.Fee.Minimum[c], _ = Usual(c)
		}
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	for c := range usual {
		quick := r.QuickAmounts(c)
		if len(quick) != 4 {
			t.Errorf("%s: %v", c, quick)
		}
		for _, m := range quick {
			if back, err := MoneyOf(m.Major(), c); err != nil || back != m || r.CheckAmount(m) != nil {
				t.Errorf("%s: %v does not come back", c, m)
			}
		}
	}
	if _, _, ok := Usual("MRU"); ok || DefaultRules().QuickAmounts("CHF") != nil {
		t.Error("limits out of nothing")
	}
	r.Limits["USD"] = Range{10000, 25000}
	if quick := r.QuickAmounts("USD"); len(quick) != 2 || quick[0].Major() != "100" || quick[1].Major() != "250" {
		t.Errorf("beyond the limits: %v", quick)
	}
}

func TestCurrencyWordsMeanCurrencies(t *testing.T) {
	for word, codes := range currencyWords {
		for _, c := range codes {
			if _, ok := Digits(c); !ok {
				t.Errorf("%s: %s is no currency", word, c)
			}
		}
		if len(codes) == 0 || word != strings.ToLower(word) {
			t.Errorf("%q: %v", word, codes)
		}
	}
	for c, coin := range coins {
		if coin.digits > 8 || coin.show > coin.digits {
			t.Errorf("%s: %+v", c, coin)
		}
	}
}

func TestValidateNamesTheSetting(t *testing.T) {
	for want, spoil := range map[string]func(*Rules){
		"currencies: the list is empty": func(r *Rules) { r.Currencies = nil },
		`currencies: "usd"`:             func(r *Rules) { r.Currencies[0] = "usd" },
		"currencies: EUR":               func(r *Rules) { r.Currencies[0] = "EUR" },
		`currency: "CHF"`:               func(r *Rules) { r.Default = "CHF" },
		"limits: CHF":                   func(r *Rules) { r.Currencies = append(r.Currencies, "CHF") },
		"limits: USD from 0 to 1":       func(r *Rules) { r.Limits["USD"] = Range{0, 100} },
		"limits: USD from 2 to 1":       func(r *Rules) { r.Limits["USD"] = Range{200, 100} },
		"limits: USD to 92":             func(r *Rules) { r.Limits["USD"] = Range{100, math.MaxInt64} },
		"fee: 60 %":                     func(r *Rules) { r.Fee.BasisPoints = 6000 },
		"fee: -0.01 %":                  func(r *Rules) { r.Fee.BasisPoints = -1 },
		"fee: at least 6 USD":           func(r *Rules) { r.Fee.Minimum["USD"] = 600 },
		"fee: at least -1 USD":          func(r *Rules) { r.Fee.Minimum["USD"] = -100 },
		`fee payer: "nobody"`:           func(r *Rules) { r.FeePayer = "nobody" },
		"delivery: 0 to 168":            func(r *Rules) { r.DeliveryMin = 0 },
		"delivery: 1 to 100000":         func(r *Rules) { r.DeliveryMax = 100000 },
		"description: 600 to 500":       func(r *Rules) { r.DescriptionMin = 600 },
		"payment window: 0s":            func(r *Rules) { r.PaymentWindow = 0 },
		"payment window: 10000h0m0s":    func(r *Rules) { r.PaymentWindow = 10000 * time.Hour },
		"payment window: EUR=1s":        func(r *Rules) { r.PaymentWindows = map[string]time.Duration{"EUR": time.Second} },
	} {
		r := DefaultRules()
		spoil(r)
		if err := r.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %s…", err, want)
		}
	}
}
