package intake

import "github.com/lockbay/lockbay"

// Draft is the answers so far, stored as short JSON. The draft's own keys differ from those of the terms.
type Draft struct {
	lockbay.Terms
	Shown uint64 `json:"q,omitempty"` // hash of the quote on the review
	Pays  int64  `json:"p,omitempty"` // what the buyer pays by that quote, in minor units

	// Bare is the currency of a number alone, as the quick amounts have it: the default when the draft began, whatever the
	// default is later. Empty: unknown, since the draft was lost or an older program wrote it. Then a number alone is asked
	// back, so an older program does no harm if it drops this field.
	Bare string `json:"b,omitempty"`
}
