package main

import (
	"net"
	"strings"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
)

// concrete is the address of the page at a listener, for people on its machine or network. It is empty for a listener at
// every address of the machine: nobody knows which of them people reach.
func concrete(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		return ""
	}
	return "http://" + addr
}

// pageHere is where the page of this process listens, see [deal.Config].
func (a *app) pageHere() string {
	if page := a.page.Load(); page != nil {
		return *page
	}
	return ""
}

// dealConfig is the configuration of deals without their secrets.
func (a *app) dealConfig(detached bool) (cfg deal.Config, err error) {
	cfg = deal.Config{
		Rules: func() *lockbay.Rules { return a.rules }, Detached: detached, Instructions: a.set.Instructions.texts(),
		PublicURL: a.set.PublicURL, Support: a.set.Support, Hours: a.operator.Hours, Page: a.pageHere, Write: true,
	}
	if a.set.TelegramToken != "" {
		cfg.Bot = a.username
	}
	if cfg.Keep, err = a.set.keep(); err != nil {
		return cfg, err
	}
	cfg.Desk, cfg.Operators, err = a.set.desk()
	return cfg, err
}

// checkLinks is doctor's check of the links by which sellers come.
func (s *Settings) checkLinks() check {
	k := check{Name: "sellers", OK: true}
	here := concrete(s.Listen)
	if strings.HasSuffix(here, ":0") {
		here = "the address that serve prints"
	}
	switch {
	case s.TelegramToken != "" && s.PublicURL != "":
		k.Note = "come by a link into the chat, those named by e-mail to " + s.PublicURL
	case s.TelegramToken != "":
		k.Note = "come by a link into the chat"
	case s.PublicURL != "":
		k.Note = "named by e-mail come by a link to " + s.PublicURL + "; there is no link for others"
		k.Mend = "set LOCKBAY_TELEGRAM_TOKEN for sellers with a @name or a phone number"
	case here != "":
		k.Note = "named by e-mail come by a link to " + here + ", which only this machine or network opens; there is no link for others"
		k.Mend = "set --public-url for links that everybody opens, and LOCKBAY_TELEGRAM_TOKEN for sellers with a @name or a phone number"
	default:
		k.Note = "get no link: nobody knows which address of this machine they reach"
		k.Mend = "set --public-url or LOCKBAY_TELEGRAM_TOKEN"
	}
	return k
}
