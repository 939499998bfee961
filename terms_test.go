package lockbay

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTermsUnderTodaysRules(t *testing.T) {
	if invalid := plates().Validate(DefaultRules(), "en"); invalid != nil {
		t.Fatalf("%+v", invalid)
	}
	for want, change := range map[string]func(*Rules, *Terms){
		"amount amount.withdrawn":       func(r *Rules, _ *Terms) { r.Currencies = []string{"USD"} },
		"amount amount.too_small":       func(r *Rules, _ *Terms) { r.Limits["EUR"] = Range{200000, 300000} },
		"amount amount.too_large":       func(r *Rules, _ *Terms) { r.Limits["EUR"] = Range{100, 200} },
		"delivery delivery.long":        func(r *Rules, _ *Terms) { r.DeliveryMax = 48 },
		"delivery delivery.short":       func(_ *Rules, t *Terms) { t.DeliveryHours = 0 },
		"description description.short": func(r *Rules, _ *Terms) { r.DescriptionMin = 100 },
		"description description.long":  func(r *Rules, _ *Terms) { r.DescriptionMax = 20 },
		"seller seller.unknown":         func(_ *Rules, t *Terms) { t.Seller = Party{} },
		"seller seller.short":           func(_ *Rules, t *Terms) { t.Seller.Value = "ann" },
		"fee_payer fee_payer.unknown":   func(_ *Rules, t *Terms) { t.FeePayer = "me" },
	} {
		r, terms := DefaultRules(), plates()
		change(r, &terms)
		invalid := terms.Validate(r, "en")
		if len(invalid) != 1 {
			t.Errorf("%s: %d invalid", want, len(invalid))
			continue
		}
		if code, _ := refused(t, invalid[0].Refusal); invalid[0].Field+" "+code != want {
			t.Errorf("got %s %s, want %s", invalid[0].Field, code, want)
		}
	}
	var fields []string
	for _, i := range (Terms{}).Validate(DefaultRules(), "en") {
		fields = append(fields, i.Field)
	}
	if got := strings.Join(fields, " "); got != "seller amount description delivery fee_payer" {
		t.Errorf("nothing answered: %s", got)
	}
}

func TestTermsAreKeptShort(t *testing.T) {
	b, err := json.Marshal(plates())
	const want = `{"s":"@anna_ceramics","a":{"m":125000,"c":"EUR"},"d":"Handmade dinner set, 24 pieces","h":72,"f":"split"}`
	if string(b) != want || err != nil {
		t.Errorf("%s %v", b, err)
	}
	var back Terms
	if err := json.Unmarshal(b, &back); err != nil || back != plates() {
		t.Errorf("%+v %v", back, err)
	}
}
