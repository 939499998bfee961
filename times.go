package lockbay

import "time"

// Times are the times of a deal that its operator chose, in minutes. 0 is the usual time, so a deal with the usual times
// stores none. A deal keeps those of its Confirm.
type Times struct {
	Accept     int `json:"a,omitempty"` // see [AcceptWithin]
	Late       int `json:"l,omitempty"` // see [Late]
	Inspection int `json:"i,omitempty"` // see [Inspection]
	Answer     int `json:"w,omitempty"` // see [Answer]
	Decision   int `json:"d,omitempty"` // see [DecisionDelay]
}

// chosen is a time in minutes, or the usual one.
func chosen(minutes int, usual time.Duration) time.Duration {
	if minutes == 0 {
		return usual
	}
	return time.Duration(minutes) * time.Minute
}

// AcceptWithin is the time of the seller to accept, from the payment.
func (t Times) AcceptWithin() time.Duration { return chosen(t.Accept, AcceptWithin) }

// LateFor is the time after the time to deliver, until all goes back by itself.
func (t Times) LateFor() time.Duration { return chosen(t.Late, Late) }

// InspectedFor is the time of the buyer to check.
func (t Times) InspectedFor() time.Duration { return chosen(t.Inspection, Inspection) }

// AnswersIn is the time of a party to answer in a dispute.
func (t Times) AnswersIn() time.Duration { return chosen(t.Answer, Answer) }

// DecisionWaits is the time between an operator's decision and its payout.
func (t Times) DecisionWaits() time.Duration { return chosen(t.Decision, DecisionDelay) }
