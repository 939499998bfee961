package main

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// bought is a confirmed escrow of boris for a seller.
func (w *world) bought(t *testing.T, seller string) (boris *telegramtest.Person, id string) {
	t.Helper()
	boris = w.api.Person(1000001, "boris_k", "Борис")
	for _, s := range []struct{ say, want string }{
		{"/create", stepOf(1)}, {seller, stepOf(2)}, {"1250 eur", stepOf(3)}, {"Столовый сервиз 🍽️, 24 предмета", stepOf(4)}, {"72h", atReview()},
	} {
		boris.Say(s.say)
		boris.WaitText(patience, s.want)
	}
	tap(boris, "confirm")
	card := boris.WaitText(patience, "ESC-")
	return boris, regexp.MustCompile(`ESC-\w{4}-\w{5}`).FindString(card.Text)
}

// linkOf is the payload of the link on the buyer's newest message.
func linkOf(t *testing.T, p *telegramtest.Person) string {
	t.Helper()
	for _, row := range p.Last().Rows {
		for _, b := range row {
			if to, err := url.Parse(b.URL); err == nil && b.URL != "" {
				link, _ := url.Parse(to.Query().Get("url"))
				return link.Query().Get("start")
			}
		}
	}
	t.Fatalf("no link:\n%s", p.Last())
	return ""
}

// TestTwoAccounts: buyer and seller, each in their own chat, from the link to the money sent, over two kills.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	w := withTelegram(t)
	boris, id := w.bought(t, "@Anna_ceramics")
	anna := w.api.Person(2000002, "anna_Ceramics", "Anna")
	mallory := w.api.Person(3000003, "mallory", "M")
	defer func() {
		if t.Failed() {
			t.Log(w.api.Transcript(1000001), w.api.Transcript(2000002), w.api.Transcript(3000003))
		}
	}()
	link := linkOf(t, boris)
	mallory.Say("/start " + link)
	mallory.WaitText(patience, "and you are \u2068@mallory\u2069 here")
	anna.Say("/start " + link)
	anna.WaitText(patience, "Sell this for")
	boris.WaitText(patience, "has joined")
	mallory.Say("/start " + link)
	mallory.WaitText(patience, "works once")
	w.relisten(t)
	tapTwice(anna, "accept:"+acceptOf(t, anna))
	anna.WaitText(patience, "Do not deliver yet")
	boris.WaitText(patience, "has accepted")
	w.must("escrows", "mark-paid", id)
	anna.WaitText(patience, "Deliver by")
	boris.WaitText(patience, "delivers by")
	w.relisten(t)
	tapTwice(anna, "delivered")
	anna.WaitText(patience, "You are paid by")
	boris.WaitText(patience, "Check it by")
	tap(boris, "release")
	boris.WaitText(patience, "This is final")
	tapTwice(boris, "release:yes")
	boris.WaitText(patience, "Done on your side")
	anna.WaitText(patience, "is yours")
	w.must("escrows", "sending", id)
	w.must("escrows", "sent", id, "--ref", "R-77")
	anna.WaitText(patience, "Done. You were paid")
	boris.WaitText(patience, "was paid")
	anna.Say("/status")
	anna.WaitText(patience, "You have 1 escrow.")
	if out := w.must("ledger", "verify"); !strings.Contains(out, "1") {
		t.Errorf("verify: %s", out)
	}
	w.stop()
	log := w.log.String()
	for _, secret := range []string{"anna_Ceramics", "2000002", "mallory", link, strings.TrimPrefix(link, "s_")[10:]} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
}

// acceptOf is the hash on the button of the seller's newest message.
func acceptOf(t *testing.T, p *telegramtest.Person) string {
	t.Helper()
	for _, row := range p.Last().Rows {
		for _, b := range row {
			if hash, ok := strings.CutPrefix(b.Data, "accept:"); ok {
				hash, _, _ = strings.Cut(hash, "|")
				return hash
			}
		}
	}
	t.Fatalf("nothing to accept:\n%s", p.Last())
	return ""
}
