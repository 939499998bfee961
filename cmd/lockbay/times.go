package main

import (
	"time"

	"github.com/lockbay/lockbay"
)

// times are the times of deals that begin now: the setting accept_within=24h,late=72h,inspection=72h,answer=72h,decision_delay=24h.
func (s *Settings) times() (t lockbay.Times, err error) {
	given, err := pairs("deal", s.Deal)
	if err != nil {
		return t, err
	}
	for name, text := range given {
		if name == "accept" { // see acceptFirst
			continue
		}
		into, usual := &t.Accept, lockbay.AcceptWithin
		switch name {
		case "accept_within":
		case "late":
			into, usual = &t.Late, lockbay.Late
		case "inspection":
			into, usual = &t.Inspection, lockbay.Inspection
		case "answer":
			into, usual = &t.Answer, lockbay.Answer
		case "decision_delay":
			into, usual = &t.Decision, lockbay.DecisionDelay
		default:
			return t, badSetting("deal", name, "want accept, accept_within, late, inspection, answer or decision_delay")
		}
		d, err := readDuration(text)
		if err != nil || d < time.Minute || d > longestPayment || d%time.Minute != 0 {
			return t, badSetting("deal", name+"="+text, "want a time from 1m to 720h in whole minutes, for example inspection=72h")
		}
		if d != usual { // a deal stores what differs
			*into = int(d / time.Minute)
		}
	}
	return t, nil
}

// When the seller accepts: the setting accept of --deal.
const (
	acceptAny   = "any"   // before the payment or after it
	acceptFirst = "first" // before the buyer is asked to pay
)

// setAccept reads when the seller accepts into r.
func (s *Settings) setAccept(r *lockbay.Rules) error {
	given, err := pairs("deal", s.Deal)
	if err != nil {
		return err
	}
	switch when, is := given["accept"]; {
	case is && when != acceptAny && when != acceptFirst:
		return badSetting("deal", "accept="+when, "want any or first")
	case is:
		r.AcceptFirst = when == acceptFirst
	}
	return nil
}

// accepts is the setting in force.
func accepts(r *lockbay.Rules) string {
	if r.AcceptFirst {
		return acceptFirst
	}
	return acceptAny
}
