package intake

import "github.com/lockbay/lockbay"

// Draft is the answers so far, as they are stored: the JSON is short. The draft's own keys are none of the terms'.
type Draft struct {
	lockbay.Terms
	Shown uint64 `json:"q,omitempty"` // hash of the quote that the review showed
	Pays  int64  `json:"p,omitempty"` // what it said that the buyer pays, in minor units
}
