package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/intake"
)

type doctorCmd struct {
	JSON bool `name:"json" help:"one JSON object"`
}

// check is the result of one check.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Note string `json:"note"`           // what was found
	Mend string `json:"mend,omitempty"` // how to fix it
}

// Run checks everything that serve needs. It tries the real thing if that leaves no trace.
func (c *doctorCmd) Run(p *program, set *Settings) error {
	if err := set.checkOffer(); err != nil {
		return err
	}
	checks := []check{
		set.checkDatabase(p.ctx), set.checkListen(p.ctx), set.checkTelegram(p.ctx), set.checkLinks(), set.checkPayment(), set.checkRedis(p.ctx), set.checkAdmin(), set.checkClock(), set.checkDesk(),
	}
	if kind, _, _ := set.database(); kind == "postgres" && checks[0].OK {
		checks = slices.Insert(checks, 1, set.checkNotices(p.ctx))
	}
	if p.config != "" {
		checks = append(checks, p.read.check(p.config))
	}
	rules, err := set.rules()
	if err != nil {
		return usageError{err}
	}
	bad := 0
	for _, k := range checks {
		if !k.OK {
			bad++
		}
	}
	if c.JSON {
		if err := writeJSON(p.out, map[string]any{"ok": bad == 0, "checks": checks, "in_force": inForce(set, rules)}); err != nil {
			return err
		}
	} else {
		for _, k := range checks {
			mark := "ok  "
			if !k.OK {
				mark = "MEND"
			}
			fmt.Fprintf(p.out, "%s  %-9s %s\n", mark, k.Name, k.Note)
			if k.Mend != "" {
				fmt.Fprintf(p.out, "      %-9s → %s\n", "", k.Mend)
			}
		}
		fmt.Fprintln(p.out, "\nIn force:")
		for _, line := range inForceLines(set, rules) {
			fmt.Fprintln(p.out, "  "+line)
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks failed", bad, len(checks))
	}
	return nil
}

func (s *Settings) checkListen(ctx context.Context) check {
	k := check{Name: "listen", Note: "http://" + s.Listen}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.Listen)
	switch {
	case err == nil:
		_ = l.Close()
		k.OK = true
	case serving(ctx, s):
		k.OK, k.Note = true, k.Note+" (an instance serves there now)"
	default:
		k.Note += ": " + err.Error()
		k.Mend = "stop the program that uses it, or let --listen 127.0.0.1:0 pick a free port"
	}
	if nets, _ := s.proxies(); slices.ContainsFunc(nets, func(n netip.Prefix) bool { return n.Bits() == 0 }) {
		k.Mend = "--trusted-proxies trusts every address: list only your proxies"
	}
	if trouble := s.proxyTrouble(); k.OK && k.Mend == "" && trouble != "" {
		k.Mend = trouble
	}
	if k.OK && !s.loopback() && s.PublicURL == "" {
		k.Mend = "set --public-url to the https:// address of your proxy, so that cookies are kept and links are right"
	}
	return k
}

func (s *Settings) checkTelegram(ctx context.Context) check {
	k := check{Name: "telegram"}
	if s.TelegramToken == "" {
		k.OK, k.Note = true, "no token: the browser only"
		k.Mend = "ask @BotFather for a token and set LOCKBAY_TELEGRAM_TOKEN (optional)"
		return k
	}
	api := s.TelegramAPIURL
	if api == "" {
		api = "https://api.telegram.org"
	}
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(api, "/")+"/bot"+string(s.TelegramToken)+"/getMe", nil)
	if err != nil {
		k.Note = "the address of the Bot API is invalid"
		return k
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		k.Note = "the Bot API cannot be reached" // the error contains the token
		k.Mend = "check that this machine reaches " + api
		return k
	}
	defer res.Body.Close()
	var me struct {
		OK     bool
		Result struct{ Username string }
	}
	if json.NewDecoder(res.Body).Decode(&me) != nil || !me.OK {
		k.Note = fmt.Sprintf("the Bot API rejects the token (%d)", res.StatusCode)
		k.Mend = "copy the token from @BotFather again"
		return k
	}
	k.OK, k.Note = true, "@"+me.Result.Username+", updates by "+s.updates()
	if s.updates() == "webhook" && s.PublicURL == "" {
		k.Mend = "no --public-url: set the webhook yourself, to https://YOUR-HOST/telegram/webhook with the secret"
	}
	return k
}

func (s *Settings) checkPayment() check {
	k := check{Name: "payment", OK: true, Note: "instructions for every currency"}
	offered, _ := s.Instructions.payable(s.currencies())
	text := s.Instructions.texts()
	switch what, mend := s.paymentTrouble(); {
	case !s.Instructions.isGiven():
		k.OK, k.Note, k.Mend = s.Support != "", what, mend // people may ask the support contact
	case what != "":
		k.OK, k.Note, k.Mend = false, what, mend
	default:
		if i := slices.IndexFunc(offered, func(c string) bool { return !tellsApart(text(c)) }); i >= 0 {
			k.Mend = "write both {amount} and {id} into the text for " + offered[i] + ": without them payments look alike"
		}
	}
	if s.Support == "" {
		k.Note += "; no --support contact"
	}
	for _, currency := range offered {
		if short := tooShort(text(currency), s.PaymentWindow.of(currency)); short != "" {
			k.Mend = strings.TrimPrefix(k.Mend+"; "+short, "; ")
			break
		}
	}
	if w := slices.Min(append(slices.Collect(maps.Values(s.PaymentWindow.each)), s.PaymentWindow.usual)); w < time.Minute {
		k.OK, k.Mend = false, "a --payment-window of "+tidy(w)+" is for trials; 60m is usual"
	}
	return k
}

// tellsApart reports whether payments by these instructions can be told apart.
func tellsApart(text string) bool {
	return strings.Contains(text, "{amount}") && strings.Contains(text, "{id}")
}

func (s *Settings) checkAdmin() check {
	k := check{Name: "metrics", OK: true}
	switch {
	case s.AdminListen != "":
		k.Note = "http://" + s.AdminListen + "/metrics"
	case s.metricsHere():
		k.Note = "http://" + s.Listen + "/metrics"
	case s.loopback():
		k.Note = "off, since a proxy leads from " + s.PublicURL + " to " + s.Listen
		k.Mend = "set --admin-listen 127.0.0.1:9090"
	default:
		k.Note = "off, since other machines reach " + s.Listen
		k.Mend = "set --admin-listen 127.0.0.1:9090"
	}
	return k
}

func (s *Settings) checkClock() check {
	return check{Name: "clock", OK: true, Note: time.Now().In(s.zone()).Format("Mon 2 Jan 2006, 15:04 MST")}
}

// inForce are the rules in force, for programs.
func inForce(s *Settings, r *lockbay.Rules) map[string]any {
	limits := map[string]map[string]string{}
	for _, c := range r.Currencies {
		l := r.Limits[c]
		limits[c] = map[string]string{"low": lockbay.Money{Minor: l.Min, Currency: c}.Major(), "high": lockbay.Money{Minor: l.Max, Currency: c}.Major(),
			"least_fee": lockbay.Money{Minor: r.Fee.Minimum[c], Currency: c}.Major()}
	}
	return map[string]any{"mode": s.Mode, "currency": r.Default, "currencies": r.Currencies, "limits": limits, "fee_percent": float64(r.Fee.BasisPoints) / 100,
		"fee_payer": r.FeePayer, "fee_refund": refund(r), "accept": accepts(r), "draft_ttl": tidy(s.DraftTTL), "page_draft_ttl": tidy(intake.PageLife(s.DraftTTL)), "payment_window": s.PaymentWindow.String(), "open_escrows": s.openEscrows(), "session_gap": tidy(s.SessionGap), "time_zone": s.TimeZone}
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
	if r.AcceptFirst {
		lines = append(lines, fmt.Sprintf("the seller accepts first, within %s; then the buyer pays", tidy(r.Times.AcceptWithin())))
	}
	if r.Fee.Keep {
		lines[1] += ", and kept when the buyer cancels after paying"
	}
	for _, c := range slices.Sorted(slices.Values(r.Currencies)) {
		l := r.Limits[c]
		lines = append(lines, fmt.Sprintf("%-4s %s to %s, fee at least %s", c, lockbay.Money{Minor: l.Min, Currency: c}.Number("en"),
			lockbay.Money{Minor: l.Max, Currency: c}.Number("en"), lockbay.Money{Minor: r.Fee.Minimum[c], Currency: c}.Number("en")))
	}
	return lines
}
