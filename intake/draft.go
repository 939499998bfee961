package intake

import "github.com/lockbay/lockbay"

// Draft is the answers so far, stored as short JSON. The draft's own keys differ from those of the terms.
type Draft struct {
	lockbay.Terms
	Shown uint64 `json:"q,omitempty"` // hash of the quote on the review
	Pays  int64  `json:"p,omitempty"` // what the buyer pays by that quote, in minor units
}
