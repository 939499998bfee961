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
	boris.Say("/start")
	first := boris.WaitText(patience, "Your words are")
	for _, s := range []struct{ say, want string }{
		{"/create", stepOf(1)}, {seller, stepOf(2)}, {"1250 eur", stepOf(3)}, {"Столовый сервиз 🍽️, 24 предмета", stepOf(4)}, {"72h", atReview()},
	} {
		boris.Say(s.say)
		boris.WaitText(patience, s.want)
	}
	tap(boris, "confirm")
	card := boris.WaitText(patience, "ESC-")
	if two := regexp.MustCompile(`\w+ \w+\x{2069}\. Who asks`).FindString(first.Text); two == "" || !strings.Contains(card.Text, strings.TrimSuffix(two, "\u2069. Who asks")) {
		t.Errorf("the words %q are not in\n%s", two, card.Text)
	}
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

// TestTwoAccounts: buyer and seller, each in their own chat, from the link to the money sent, over two restarts.
func TestTwoAccounts(t *testing.T) {
	t.Parallel()
	twoAccounts(t, withTelegram(t))
}

// TestTwoAccountsByWebhook: the same, over two kills.
func TestTwoAccountsByWebhook(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	twoAccounts(t, withTelegram(t, "--listen", addr, "--public-url", "http://"+addr))
}

func twoAccounts(t *testing.T, w *world) {
	t.Helper()
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
	tapTwice(anna, "where")
	anna.WaitText(patience, "Where shall we send it?")
	anna.Say("LT60 1010 0123 4567 8901")
	anna.WaitText(patience, "8901")
	if out := w.must("escrows", "show", id, "--json"); !strings.Contains(out, "LT60 1010 0123 4567 8901") {
		t.Errorf("where to: %s", out)
	}
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
	for _, secret := range []string{"anna_Ceramics", "2000002", "mallory", "LT60", link, strings.TrimPrefix(link, "s_")[10:]} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
}

// TestSellerOnThePage: a seller named by e-mail joins on the page. Opening the link writes nothing, and one joins.
func TestSellerOnThePage(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	w := withTelegram(t, "--listen", addr, "--public-url", "http://"+addr, "--telegram-updates", "polling")
	boris, id := w.bought(t, "anna@example.com")
	var link *url.URL
	for _, row := range boris.Last().Rows {
		for _, b := range row {
			if to, err := url.Parse(b.URL); err == nil && b.URL != "" {
				link, _ = url.Parse(to.Query().Get("url"))
			}
		}
	}
	if link == nil || link.Host != addr || !strings.HasPrefix(link.Path, "/s/") {
		t.Fatalf("the link is %v:\n%s", link, boris.Last())
	}
	shown := func() string { return w.must("escrows", "show", id, "--json") }
	before := shown()
	v, other := visit(t, w.served), visit(t, w.served)
	for range 3 {
		v.open(link.Path)
		if v.status != 200 || !strings.Contains(v.page, "Sell this for") || !strings.Contains(v.page, `action="`+link.Path+`"`) || v.header.Get("X-Robots-Tag") == "" {
			t.Fatalf("status %d:\n%s", v.status, v.page)
		}
	}
	if now := shown(); now != before {
		t.Errorf("opening the link has changed\n%s\nto\n%s", before, now)
	}
	for _, path := range []string{"/s/", "/s/x", link.Path + "x", link.Path + "/", link.Path[:len(link.Path)-1], "/s/0000001AW/" + link.Path[14:]} {
		if other.open(path); other.status != 404 || !strings.Contains(other.page, "Ask the buyer for a new one") {
			t.Errorf("%s has status %d", path, other.status)
		}
	}
	var form url.Values
	join := func(v *visitor, csrf string) {
		v.open(link.Path)
		form = url.Values{"action": {"accept:" + v.match(`value="accept:([^"]*)"`)}, "input_id": {v.match(`name="input_id" value="([^"]*)"`)}, "csrf": {csrf}}
		if csrf == "" {
			form.Set("csrf", v.match(`name="csrf" value="([^"]*)"`))
		}
		v.read(v.client.PostForm(w.URL(link.Path), form))
	}
	if join(other, "wrong"); other.status != 403 {
		t.Errorf("a form of another site has status %d", other.status)
	}
	if join(v, ""); v.status != 303 {
		t.Fatalf("joined: status %d\n%s", v.status, v.page)
	}
	v.get().at("payment_pending")
	if !strings.Contains(v.page, "Accepted. Not paid yet") {
		t.Errorf("after joining:\n%s", v.page)
	}
	boris.WaitText(patience, "has accepted")
	if v.read(v.client.PostForm(w.URL(link.Path), form)); v.status != 303 {
		t.Errorf("the form again: status %d\n%s", v.status, v.page)
	}
	if v.open(link.Path); v.status != 303 {
		t.Errorf("the link again: status %d\n%s", v.status, v.page)
	}
	if other.open(link.Path); other.status != 404 {
		t.Errorf("the used link has status %d", other.status)
	}
	w.restart()
	v.get()
	if v.open("/list"); !strings.Contains(v.page, "Selling, ") {
		t.Errorf("the list:\n%s", v.page)
	}
}

// TestSellerOfTheChat: a seller named by @name is led from the page to the chat, and cannot join on it.
func TestSellerOfTheChat(t *testing.T) {
	t.Parallel()
	w := withTelegram(t)
	boris, _ := w.bought(t, "@anna_ceramics")
	id, token, _ := strings.Cut(strings.TrimPrefix(linkOf(t, boris), "s_"), "_")
	v := visit(t, w.served).open("/s/" + id + "/" + token)
	if v.status != 200 || !strings.Contains(v.page, "?start=s_"+id+"_"+token) || strings.Contains(v.page, `value="join"`) {
		t.Errorf("status %d:\n%s", v.status, v.page)
	}
	v.read(v.client.PostForm(w.URL("/s/"+id+"/"+token), url.Values{"action": {"join"}, "csrf": {v.match(`name="csrf" value="([^"]*)"`)}}))
	if v.status != 404 {
		t.Errorf("joined: status %d", v.status)
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
