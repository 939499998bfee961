package lockbay_test

import (
	"errors"
	"fmt"

	"github.com/lockbay/lockbay"
)

// From typed answers to what each side pays.
func Example() {
	rules := lockbay.DefaultRules()
	seller, _ := lockbay.ParseParty("https://t.me/anna_ceramics", lockbay.Self{Username: "buyer_one"})
	amount, _ := rules.ParseMoney("1250,50 eur", "en")
	description, _ := rules.CleanDescription("Handmade dinner set, 24 pieces, celadon glaze")
	hours, _ := rules.ParseDelivery("3 days")

	terms := lockbay.Terms{Seller: seller, Amount: amount, Description: description, DeliveryHours: hours, FeePayer: lockbay.PayerSplit}
	quote := rules.Quote(terms)
	for _, field := range lockbay.Fields {
		if err := field.Check(&terms, rules); err != nil {
			fmt.Println(field.Name, err)
		}
	}
	fmt.Println(terms.Seller, rules.Format(terms.Amount, "en"), terms.DeliveryHours)
	fmt.Println(rules.Sum(quote, quote.BuyerPays, "en"), rules.Sum(quote, quote.SellerGets, "en"))
	fmt.Println(lockbay.NewEscrowID(0x3a61549afa))
	// Output:
	// @anna_ceramics €1,250.50 72
	// €1,281.77 €1,219.24
	// ESC-79GN-96QT3
}

// A refusal is a code for a catalogue, with what its text needs.
func ExampleRefusal() {
	rules := lockbay.DefaultRules()
	_, err := rules.ParseMoney("9.500 eur", "en")
	var refusal *lockbay.Refusal
	if errors.As(err, &refusal) {
		args := rules.Written(refusal.Args, "en")
		fmt.Println(refusal.Code, args["a"], args["b"], args["write_b"])
	}
	// Output: amount.ambiguous 9,500 9.5 9.50 EUR
}
