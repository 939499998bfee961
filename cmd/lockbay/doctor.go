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
		set.checkDatabase(p.ctx), set.checkListen(p.ctx), set.checkTelegram(p.ctx), set.checkLinks(), set.checkPayment(), set.checkRedis(p.ctx), set.checkAdmin(), set.checkConsole(), set.checkClock(), set.checkDesk(p.ctx), set.checkNotify(), set.checkRollouts(p.ctx),
	}
	if kind, _, _ := set.database(); kind == "postgres" && checks[0].OK {
		checks = slices.Insert(checks, 1, set.checkNotices(p.ctx))
	}
	if p.config != "" {
		checks = append(checks, p.read.check(p.config))
	}
	if k := p.checkSecretFiles(); k.Note != "" {
		checks = append(checks, k)
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
