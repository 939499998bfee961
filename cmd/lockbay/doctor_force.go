package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/intake"
)

// inForce are the rules in force, for programs.
func inForce(s *Settings, r *lockbay.Rules) map[string]any {
	limits := map[string]map[string]string{}
	for _, c := range r.Currencies {
		l := r.Limits[c]
		limits[c] = map[string]string{"low": lockbay.Money{Minor: l.Min, Currency: c}.Major(), "high": lockbay.Money{Minor: l.Max, Currency: c}.Major(),
			"least_fee": lockbay.Money{Minor: r.Fee.Minimum[c], Currency: c}.Major()}
	}
	operator, _ := s.operator()
	cost, _ := s.cost()
	return map[string]any{"mode": s.Mode, "currency": r.Default, "currencies": r.Currencies, "limits": limits, "fee_percent": float64(r.Fee.BasisPoints) / 100,
		"fee_payer": r.FeePayer, "fee_refund": refund(r), "accept": accepts(r), "draft_ttl": tidy(s.DraftTTL), "page_draft_ttl": tidy(intake.PageLife(s.DraftTTL)), "payment_window": s.PaymentWindow.String(), "open_escrows": s.openEscrows(), "session_gap": tidy(s.SessionGap), "time_zone": s.TimeZone,
		"accept_within": tidy(r.Times.AcceptWithin()), "late": tidy(r.Times.LateFor()), "inspection": tidy(r.Times.InspectedFor()), "answer": tidy(r.Times.AnswersIn()), "decision_delay": tidy(r.Times.DecisionWaits()),
		"operator": operator.Name, "hours": operator.Hours, "cost": cost.Month, "cost_increase": cost.Most}
}

// tidy writes a duration without zero parts: 168h, not 168h0m0s.
func tidy(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func inForceLines(s *Settings, r *lockbay.Rules) []string {
	onPage := ""
	if kept := intake.PageLife(s.DraftTTL); kept < s.DraftTTL {
		onPage = " (on the page " + tidy(kept) + ")"
	}
	lines := []string{
		fmt.Sprintf("mode %s, times in %s, an amount without a currency is in %s", s.Mode, s.TimeZone, r.Default),
		fmt.Sprintf("fee %g %%, %s unless chosen otherwise", float64(r.Fee.BasisPoints)/100, map[string]string{
			lockbay.PayerSplit: "half each", lockbay.PayerBuyer: "paid by the buyer", lockbay.PayerSeller: "paid by the seller"}[r.FeePayer]),
		fmt.Sprintf("drafts are kept for %s%s, buyers have %s to pay, and after a pause of %s the bot sends its message again", tidy(s.DraftTTL), onPage, windowsInWords(s.PaymentWindow), tidy(s.SessionGap)),
	}
	t := r.Times
	lines = append(lines, fmt.Sprintf("a seller has %s to accept, a late delivery waits %s, a buyer checks for %s, each answer in a dispute waits %s, and a decision %s", tidy(t.AcceptWithin()), tidy(t.LateFor()), tidy(t.InspectedFor()),
		tidy(t.AnswersIn()), tidy(t.DecisionWaits())))
	if operator, _ := s.operator(); operator.Name != "" {
		lines = append(lines, strings.TrimSuffix("run by "+operator.Name+", who answers "+operator.Hours, ", who answers "))
	}
	if r.AcceptFirst {
		lines = append(lines, "the seller accepts first; then the buyer pays")
	}
	if r.Fee.Keep {
		lines[1] += ", and kept when the buyer cancels after paying"
	}
	lines = append(lines, s.costLine())
	for _, c := range slices.Sorted(slices.Values(r.Currencies)) {
		l := r.Limits[c]
		lines = append(lines, fmt.Sprintf("%-4s %s to %s, fee at least %s", c, lockbay.Money{Minor: l.Min, Currency: c}.Number("en"),
			lockbay.Money{Minor: l.Max, Currency: c}.Number("en"), lockbay.Money{Minor: r.Fee.Minimum[c], Currency: c}.Number("en")))
	}
	return lines
}
