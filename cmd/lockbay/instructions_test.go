package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstructionsFit(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("ж", longestHow):        "",
		strings.Repeat("ж", longestHow+1):      "it has 2001 characters: want at most 2000",
		strings.Repeat("x", 5*longestHow):      "want a text of at most 2000 characters",
		"Send {amount}\xff":                    "want a text in UTF-8",
		"Send {amount}\x00":                    "want a text in UTF-8",
		" \n\t":                                "the file is empty",
		"Pay {ammount} for {id}":               "{ammount} is not a placeholder: did you mean {amount}? The placeholders are {id} {amount} {expires}",
		"Pay {amount} {ID}":                    "{ID} is not a placeholder: did you mean {id}?",
		"Pay { amount }":                       "did you mean {amount}?",
		"Pay {amount} to {name}":               "{name} is not a placeholder: the placeholders are {id} {amount} {expires}",
		"Pay {amount} {not in cash} {}":        "",
		"https://pay.example/{id}?s={summ}":    "{summ} is not a placeholder",
		"Оплата: https://pay.example/{id} ☕\n": "",
	} {
		path := filepath.Join(t.TempDir(), "pay.txt")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := checkInstructions("", path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

// TestInstructionsByCurrency: a currency is offered only if there are instructions for it. Each row is a configuration
// file, with the offered currencies, the currency of a bare number, and what doctor and the log of serve say.
func TestInstructionsByCurrency(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bank := file("bank.txt", "Send {amount} to LT12 7300 0101 2345 6789, reference {id}, by {expires}.\n")
	short := file("short.txt", "Send {amount} to account number 1234, sort code 20-30-40, reference {id}.")
	link := file("link.txt", "https://pay.example/{id}?sum={amount}, in BTC, USDT or by LT12 7300 0101 2345 6789")
	both := file("both.txt", "Send {amount} to LT12 7300 0101 2345 6789 or to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq: {id}")
	words := file("words.txt", "Ask @bay_help how to pay {amount} for {id}. We take no bank transfers: no IBAN, no SWIFT, no SEPA.")
	named := file("named.txt", "Send {amount} to IBAN:LT121000011101001000 or BTC:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq, with {id}")
	help := file("help.txt", "Send {amount} to LT12 7300 0101 2345 6789, reference {id}. Questions: https://bay.example/help")
	other := file("other.txt", "PayPal: pay@bay.example, {amount} with {id}")
	coin := file("coin.txt", "Bitcoin: send {amount} to bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq with {id}")
	tether := file("tether.txt", "Tether on TRON: TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE, {amount}, {id}. Or €, Wise @bay")
	official := "USD EUR GBP UAH NGN"
	all := official + " BTC USDT"
	for name, c := range map[string]struct{ toml, offered, bare, told string }{
		"none":         {"", all, "USD", "no payment instructions: "},
		"a link":       {`payment-instructions = "` + link + `"`, all, "USD", ""},
		"both":         {`payment-instructions = "` + both + `"`, official, "USD", "no payment instructions for BTC, USDT: "},
		"words":        {`payment-instructions = "` + words + `"`, official, "USD", "no payment instructions for BTC, USDT: "},
		"named":        {`payment-instructions = "` + named + `"`, official + " BTC", "USD", "no payment instructions for USDT: "},
		"a help page":  {`payment-instructions = "` + help + `"`, official, "USD", "no payment instructions for BTC, USDT: "},
		"other":        {`payment-instructions = "` + other + `"`, official, "USD", "no payment instructions for BTC, USDT: "},
		"a coin":       {"currencies = [\"BTC\", \"EUR\"]\ncurrency = \"BTC\"\npayment-instructions = \"" + coin + `"`, "BTC", "BTC", "no payment instructions for EUR: not offered, since " + coin + " does not name them"},
		"tether":       {`payment-instructions = "` + tether + `"`, "EUR USDT", "EUR", "no payment instructions for USD, GBP, UAH, NGN, BTC: "},
		"a bank":       {`payment-instructions = "` + bank + `"`, official, "USD", "no payment instructions for BTC, USDT: not offered, since " + bank + " does not name them"},
		"a short one":  {`payment-instructions = "` + short + `"`, official, "USD", "no payment instructions for BTC, USDT: "},
		"no coin":      {"currencies = [\"EUR\", \"USD\"]\npayment-instructions = \"" + bank + `"`, "EUR USD", "USD", ""},
		"two of three": {"currencies = [\"USD\", \"EUR\", \"BTC\"]\n[payment-instructions]\nUSD = \"" + link + "\"\nEUR = \"" + bank + `"`, "USD EUR", "USD", "no payment instructions for BTC: not offered"},
		"without the usual one": {"[payment-instructions]\nBTC = \"Send {amount}, or less, to bc1q for {id}\"\neur = \"" + bank + `"`, "EUR BTC", "EUR",
			"no payment instructions for USD, GBP, UAH, NGN, USDT: not offered, and an amount without a currency is in EUR, not USD"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := filepath.Join(t.TempDir(), "lockbay.toml")
			if err := os.WriteFile(conf, []byte(c.toml), 0o600); err != nil {
				t.Fatal(err)
			}
			set := settings(t, "--config", conf)
			r, err := set.rules()
			if err != nil || strings.Join(r.Currencies, " ") != c.offered || r.Default != c.bare {
				t.Errorf("offered are %v, a bare number is in %s, %v", r.Currencies, r.Default, err)
			}
			what, mend := set.paymentTrouble()
			if !strings.HasPrefix(what, c.told) || (what == "") != (c.told == "") || (what == "") != (mend == "") {
				t.Errorf("told: %q %q", what, mend)
			}
			if k := set.checkPayment(); k.OK != (c.told == "") || !strings.HasPrefix(k.Note, c.told) {
				t.Errorf("doctor: %+v", k)
			}
			text := set.Instructions.texts()
			for _, currency := range r.Currencies {
				if text(currency) == "" && c.toml != "" {
					t.Errorf("%s is offered without instructions", currency)
				}
			}
		})
	}
}

// TestInstructionsSpelling: the table is the same in the file, in the environment and as a flag.
func TestInstructionsSpelling(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{"eur.txt": "Euros {amount} {id}", "b c.txt": "Coins {amount} {id}"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for flag, want := range map[string]map[string]string{
		"eur.txt":                       {"EUR": "Euros {amount} {id}", "USD": "Euros {amount} {id}"},
		"EUR=eur.txt":                   {"EUR": "Euros {amount} {id}", "USD": ""},
		"eur = eur.txt , BTC=b c.txt":   {"EUR": "Euros {amount} {id}", "BTC": "Coins {amount} {id}", "USD": ""},
		"USD=Cash, {amount}, to Joe":    {"USD": "Cash, {amount}, to Joe", "EUR": ""},
		"USD=Cash, now,EUR=Pay {id} us": {"USD": "Cash, now", "EUR": "Pay {id} us"},
	} {
		text := settings(t, "--payment-instructions", flag).Instructions.texts()
		for currency, how := range want {
			if got := text(currency); got != how {
				t.Errorf("%s in %q: %q, want %q", currency, flag, got, how)
			}
		}
	}
	for flag, want := range map[string]string{
		"EUR=nowhere.txt":                   `"EUR=nowhere.txt": want a readable file, or a text`,
		"EUR=/no where.txt":                 `"EUR=/no where.txt": want a readable file, or a text`,
		"EURO=eur.txt":                      `"EURO": is not a currency`,
		"EUR=eur.txt,EUR=eur.txt":           `"EUR": is given twice`,
		"EUR=eur.txt,eur=eur.txt":           `"EUR": is given twice`,
		"EUR=":                              `"EUR": is empty`,
		"EUR=Send {ammount} to us":          "{ammount} is not a placeholder: did you mean {amount}?",
		"PLN=eur.txt":                       `"PLN": want instructions that name at least one of USD, EUR`,
		"EUR=" + strings.Repeat("ж ", 1001): "it has 2001 characters: want at most 2000",
	} {
		var out, errs strings.Builder
		if code := run([]string{"doctor", "--listen", "127.0.0.1:0", "--payment-instructions", flag}, strings.NewReader(""), &out, &errs); code != exitUsage ||
			!strings.HasPrefix(errs.String(), "lockbay: --payment-instructions: ") || !strings.Contains(errs.String(), want) || strings.Count(errs.String(), "\n") != 1 || errs.Len() > 300 {
			t.Errorf("%.40q: status %d, %s", flag, code, &errs)
		}
	}
}

// TestServeSaysWhatIsMissing: the start says how buyers learn to pay.
func TestServeSaysWhatIsMissing(t *testing.T) {
	_, log, _ := inProcess(t, settings(t))
	soon(t, "the start says that there are no instructions", func() bool { return strings.Contains(log.String(), "no payment instructions") })
}
