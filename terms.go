package lockbay

// Format is the version of stored [Terms]. Drafts and deals contain terms and carry the version. A new or changed field
// raises it, so that an older program leaves the row to a newer one.
const Format = 1

// Reads is the newest format of [Terms] that this program continues. It is above Format in the first of the two releases
// that bring a new format: see Reads of form.Form.
const Reads = Format

// Terms are what buyer and seller agree on. Drafts and deals store them as short JSON without empty terms. Each field has
// its row in [Fields].
type Terms struct {
	Seller        Party  `json:"s,omitzero"`
	Amount        Money  `json:"a,omitzero"`
	Description   string `json:"d,omitempty"`
	DeliveryHours int    `json:"h,omitempty"` // hours, counted from payment
	FeePayer      string `json:"f,omitempty"` // PayerBuyer, PayerSeller, PayerSplit; empty in a draft: [Rules.FeePayer]
}

// The fields of [Terms], by the names that cards and lists show.
const (
	FieldSeller      = "seller"
	FieldAmount      = "amount"
	FieldDescription = "description"
	FieldDelivery    = "delivery"
	FieldFeePayer    = "fee_payer"
)

// Fields are the fields of [Terms], in the order of the questions. A term is declared here alone: the quote's hash, the
// checks, the deal's card, the lists, the benchmark and the soak walk it.
var Fields = []*Field{
	{
		Name: FieldSeller, Key: "s", Personal: true, founding: true,
		text:   func(t *Terms) string { return t.Seller.Canonical() },
		shown:  func(t *Terms) string { return t.Seller.String() },
		check:  func(t *Terms, _ *Rules) error { return t.Seller.Check() },
		sample: func(t *Terms, n int) { t.Seller = Party{KindTelegram, sampleName(n)} },
		read:   func(t *Terms, text string, _ int64) error { return t.Seller.UnmarshalText([]byte(text)) },
	},
	{
		Name: FieldAmount, Key: "a", Number: "amount_minor", Text: "currency", InSums: true, founding: true,
		number: func(t *Terms) int64 { return t.Amount.Minor },
		text:   func(t *Terms) string { return t.Amount.Currency },
		check:  func(t *Terms, r *Rules) error { return r.CheckAmount(t.Amount) },
		sample: func(t *Terms, n int) { t.Amount = Money{int64(5001 + n*131%90_000), "USD"} },
		read:   func(t *Terms, text string, number int64) error { t.Amount = Money{number, text}; return nil },
	},
	{
		Name: FieldDescription, Key: "d", Long: true, Personal: true, founding: true,
		text:   func(t *Terms) string { return t.Description },
		check:  func(t *Terms, r *Rules) error { return r.CheckDescription(t.Description) },
		sample: func(t *Terms, n int) { t.Description = sampleText(n) },
		read:   func(t *Terms, text string, _ int64) error { t.Description = text; return nil },
	},
	{
		Name: FieldDelivery, Key: "h", Number: "delivery_hours", Unit: "h", founding: true,
		number: func(t *Terms) int64 { return int64(t.DeliveryHours) },
		check:  func(t *Terms, r *Rules) error { return r.CheckDelivery(t.DeliveryHours) },
		sample: func(t *Terms, n int) { t.DeliveryHours = [...]int{24, 48, 72}[n%3] },
		read:   func(t *Terms, _ string, number int64) error { t.DeliveryHours = int(number); return nil },
	},
	{
		Name: FieldFeePayer, Key: "f", Options: Payers, InSums: true, founding: true,
		word: func(t *Terms) *string { return &t.FeePayer },
	},
}
