package lockbay

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func plates() Terms {
	return Terms{
		Seller: Party{KindTelegram, "anna_ceramics"}, Amount: Money{125000, "EUR"},
		Description: "Handmade dinner set, 24 pieces", DeliveryHours: 72, FeePayer: PayerSplit,
	}
}

func TestQuote(t *testing.T) {
	r := DefaultRules()
	r.Fee.BasisPoints = 250
	for payer, want := range map[string]Quote{
		PayerSplit:  {Fee: 3125, BuyerFee: 1563, SellerFee: 1562, BuyerPays: 126563, SellerGets: 123438},
		PayerBuyer:  {Fee: 3125, BuyerFee: 3125, BuyerPays: 128125, SellerGets: 125000},
		PayerSeller: {Fee: 3125, SellerFee: 3125, BuyerPays: 125000, SellerGets: 121875},
	} {
		terms := plates()
		terms.FeePayer = payer
		got := r.Quote(terms)
		want.Currency, want.Amount, want.Hash = "EUR", 125000, got.Hash
		if got != want || got.Hash == 0 {
			t.Errorf("%s: %+v, want %+v", payer, got, want)
		}
	}
	q := r.Quote(Terms{Amount: Money{125000, "EUR"}})
	if q.BuyerFee != 1563 || r.Format(q.Money(q.BuyerPays), "en") != "€1,265.63" {
		t.Errorf("with the amount alone: %+v", q)
	}
}

func TestFee(t *testing.T) {
	f := FeeRule{BasisPoints: 500, Minimum: map[string]int64{"USD": 100}}
	for amount, want := range map[int64]int64{
		2000: 100, 2010: 101, 2009: 100, 2030: 102, // half a cent is rounded up
		500: 100, 100000: 5000,
		60: 60, // never more than the deal
		0:  0, -5: 0,
		math.MaxInt64: 461168601842738790,
	} {
		if got := f.Of(Money{amount, "USD"}); got != (Money{want, "USD"}) {
			t.Errorf("of %d: %d, want %d", amount, got.Minor, want)
		}
	}
	if got := f.Of(Money{60, "EUR"}); got.Minor != 3 {
		t.Errorf("without a minimum: %d", got.Minor)
	}
}

func TestFeeAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := wide()
		m := drawMoney(t, wide())
		r.Fee.BasisPoints = rapid.IntRange(0, basisPointsMax).Draw(t, "basis points")
		r.Fee.Minimum[m.Currency] = rapid.Int64Range(0, 1000).Draw(t, "minimum")
		q := r.Quote(Terms{Amount: m, FeePayer: rapid.SampledFrom(Payers).Draw(t, "payer")})
		if q.Fee != q.BuyerFee+q.SellerFee || q.BuyerPays != m.Minor+q.BuyerFee || q.SellerGets != m.Minor-q.SellerFee ||
			q.BuyerPays-q.SellerGets != q.Fee {
			t.Fatalf("%+v does not add up", q)
		}
		if q.Fee < 0 || q.BuyerFee < 0 || q.SellerFee < 0 || q.SellerGets < 0 || q.Fee > m.Minor {
			t.Fatalf("%+v has a sum below zero", q)
		}
		if q.SellerFee != 0 && q.BuyerFee != 0 && q.BuyerFee-q.SellerFee > 1 {
			t.Fatalf("%+v is no even split", q)
		}
		share := new(big.Int).Mul(big.NewInt(m.Minor), big.NewInt(int64(r.Fee.BasisPoints)))
		share.Add(share, big.NewInt(5000)).Div(share, big.NewInt(10000))
		if want := min(max(share.Int64(), r.Fee.Minimum[m.Currency]), m.Minor); q.Fee != want {
			t.Fatalf("fee %d, want %d", q.Fee, want)
		}
	})
}

// TestQuoteHash: the terms, the sums and their rules change the hash; another currency's rules leave it.
func TestQuoteHash(t *testing.T) {
	shown := DefaultRules().Quote(plates()).Hash
	if shown != DefaultRules().Quote(plates()).Hash {
		t.Error("not the same twice")
	}
	if was := uint64(12450625713014105678); shown != was {
		t.Errorf("hash is %d, was %d: drafts of the running version would be shown again", shown, was)
	}
	for name, change := range map[string]func(*Rules, *Terms){
		"seller":      func(_ *Rules, t *Terms) { t.Seller.Value = "anna_ceramics2" },
		"kind":        func(_ *Rules, t *Terms) { t.Seller.Kind = KindEmail },
		"amount":      func(_ *Rules, t *Terms) { t.Amount.Minor++ },
		"currency":    func(_ *Rules, t *Terms) { t.Amount.Currency = "USD" },
		"description": func(_ *Rules, t *Terms) { t.Description += "." },
		"delivery":    func(_ *Rules, t *Terms) { t.DeliveryHours++ },
		"payer":       func(_ *Rules, t *Terms) { t.FeePayer = PayerBuyer },
		"fee":         func(r *Rules, _ *Terms) { r.Fee.BasisPoints++ },
		"minimum":     func(r *Rules, _ *Terms) { r.Fee.Minimum["EUR"]++ },
		"low":         func(r *Rules, _ *Terms) { r.Limits["EUR"] = Range{501, 1000000} },
		"high":        func(r *Rules, _ *Terms) { r.Limits["EUR"] = Range{500, 1000001} },
		"first":       func(r *Rules, _ *Terms) { r.AcceptFirst = true },
		"kept":        func(r *Rules, _ *Terms) { r.Fee.Keep = true },
		"window":      func(r *Rules, _ *Terms) { r.PaymentWindow += time.Minute },
		"its window":  func(r *Rules, t *Terms) { r.PaymentWindows = map[string]time.Duration{t.Amount.Currency: time.Minute} },
	} {
		r, terms := DefaultRules(), plates()
		change(r, &terms)
		if r.Quote(terms).Hash == shown {
			t.Errorf("%s: the same hash", name)
		}
	}
	r := DefaultRules()
	r.Limits["NGN"], r.Currencies = Range{1, 2}, []string{"EUR"}
	if r.Quote(plates()).Hash != shown {
		t.Error("another currency's limits changed the hash")
	}
}

func TestQuoteIsKept(t *testing.T) {
	q := DefaultRules().Quote(plates())
	b, _ := json.Marshal(q)
	var back Quote
	if err := json.Unmarshal(b, &back); err != nil || back != q {
		t.Errorf("%s came back as %+v, %v", b, back, err)
	}
}

func BenchmarkQuote(b *testing.B) {
	r, t := DefaultRules(), plates()
	b.ReportAllocs()
	for b.Loop() {
		r.Quote(t)
	}
}

// The sums of a receipt have one number of decimals, in every currency, and all that they need.
func TestSumsOfAReceiptHaveTheSameDecimals(t *testing.T) {
	rules := DefaultRules()
	decimals := func(s string) int {
		_, frac, _ := strings.Cut(strings.TrimRight(s, " BTCUSDENG"), ".")
		return len(frac)
	}
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom(rules.Currencies).Draw(t, "currency")
		limits := rules.Limits[currency]
		terms := Terms{Amount: Money{rapid.Int64Range(limits.Min, limits.Max).Draw(t, "amount"), currency}, FeePayer: rapid.SampledFrom(Payers).Draw(t, "payer")}
		q := rules.Quote(terms)
		want := decimals(rules.Sum(q, q.Amount, "en"))
		for _, sum := range []int64{q.Fee, q.BuyerFee, q.SellerFee, q.BuyerPays, q.SellerGets} {
			if text := rules.Sum(q, sum, "en"); decimals(text) != want {
				t.Fatalf("%s beside %s", text, rules.Sum(q, q.Amount, "en"))
			}
		}
	})
	q := rules.Quote(Terms{Amount: Money{12_345_67, "BTC"}, FeePayer: PayerSplit})
	for sum, want := range map[int64]string{q.Amount: "0.01234567 BTC", q.Fee: "0.00061728 BTC", q.BuyerFee: "0.00030864 BTC", 1_000_000: "0.01000000 BTC"} {
		if got := rules.Sum(q, sum, "en"); got != want {
			t.Errorf("%d: %s, want %s", sum, got, want)
		}
	}
}

func TestPercentAsPeopleReadIt(t *testing.T) {
	for points, want := range map[int][2]string{250: {"2.5%", "2,5%"}, 500: {"5%", "5%"}, 0: {"0%", "0%"}, 33: {"0.33%", "0,33%"}} {
		for i, lang := range []string{"en", "de"} {
			if got := (FeeRule{BasisPoints: points}).Percent(lang); got != want[i] {
				t.Errorf("%d in %s: %s, want %s", points, lang, got, want[i])
			}
		}
	}
}

// TestQuoteKey: with a key, nobody else makes the hash.
func TestQuoteKey(t *testing.T) {
	seen := map[uint64]bool{}
	for _, key := range []string{"", "a", "b"} {
		r := DefaultRules()
		r.QuoteKey = []byte(key)
		seen[r.Quote(plates()).Hash] = true
		terms := plates()
		terms.Amount.Minor++
		seen[r.Quote(terms).Hash] = true
	}
	if len(seen) != 6 {
		t.Errorf("three keys and two quotes have %d hashes", len(seen))
	}
}

// TestFeeIsKept: with the rule, the fee stays ours after the buyer's cancel of a paid deal that waits for its seller, and
// after no other move. The sums are exact, also of the smallest deals.
func TestFeeIsKept(t *testing.T) {
	late := noon.Add(AcceptWithin)
	for _, payer := range Payers {
		for _, amount := range []int64{1, 2, 3, 125000, 1<<40 + 1} {
			for name, c := range map[string]struct {
				way  []Act
				kept bool
			}{
				"cancelled":           {[]Act{{Role: Buyer, Move: MoveCancel}}, true},
				"with a surplus":      {[]Act{cameAs(7, "R-2"), {Role: Buyer, Move: MoveCancel}}, true},
				"the seller silent":   {[]Act{{Role: Clock, Move: MoveOver, At: late}}, false},
				"silent, then cancel": {[]Act{{Role: Buyer, Move: MoveCancel, At: late}}, false},
				"declined":            {[]Act{{Role: Seller, Move: MoveDecline}}, false},
				"given back":          {[]Act{accepts, {Role: Seller, Move: MoveGiveBack}}, false},
				"late":                {[]Act{accepts, {Role: Buyer, Move: MoveTakeBack, At: noon.Add(72 * time.Hour)}}, false},
				"late by itself":      {[]Act{accepts, {Role: Clock, Move: MoveOver, At: noon.Add(72*time.Hour + Late)}}, false},
				"delivered, back":     {[]Act{accepts, delivers, {Role: Seller, Move: MoveGiveBack}}, false},
				"disputed, back":      {[]Act{accepts, disputes, {Role: Seller, Move: MoveGiveBack}}, false},
				"decided":             {[]Act{decides(0)}, false},
			} {
				for _, keep := range []bool{true, false} {
					rules, terms := DefaultRules(), plates()
					rules.Fee = FeeRule{BasisPoints: basisPointsMax, Keep: keep}
					terms.Amount.Minor, terms.FeePayer = amount, payer
					e := NewEscrow(NewEscrowID(42), "draft", "tg:1", terms, rules.Quote(terms), noon, time.Hour)
					e.moved(t, paidAll)
					for _, a := range c.way {
						e.moved(t, a)
					}
					want := int64(0)
					if c.kept && keep {
						want = e.Quote.Fee
					}
					b := e.Balances()
					if b.Owed(AccountFee) != want || e.KeptFee() != want || b.Owed(AccountBuyer) != b.Of(AccountCash)-want || b.Owed(AccountSeller) != 0 {
						t.Errorf("%s, %s of %d, keep %t: %v, want a fee of %d", name, payer, amount, keep, b, want)
					}
					for range 2 { // the smallest deal may owe nobody anything
						if e.Status != Settling {
							break
						}
						later := noon.Add(1000 * time.Hour)
						e.moved(t, Act{Role: Desk, Move: MoveSending, At: later})
						e.moved(t, Act{Role: Desk, Move: MoveSent, Ref: "R-78", At: later})
					}
					if e.Status != Refunded || e.Verify() != nil {
						t.Errorf("%s, %s of %d, keep %t: it ends as %s, %v", name, payer, amount, keep, e.Status, e.Verify())
					}
				}
			}
		}
	}
}

// TestFeeOfNothing: a fee of 0 is not kept, so nobody reads of it.
func TestFeeOfNothing(t *testing.T) {
	r := DefaultRules()
	r.Fee = FeeRule{Keep: true}
	if q := r.Quote(plates()); q.Keep {
		t.Errorf("a fee of %d is kept", q.Fee)
	}
}
