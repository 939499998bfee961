package main

import (
	"strings"
	"testing"
)

// TestLinksOfSellers: the page is a place to lead to where its address is one that people reach, and doctor says where
// sellers come.
func TestLinksOfSellers(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", "[::1]:8080": "http://[::1]:8080", "192.0.2.7:80": "http://192.0.2.7:80", "pay.local:80": "http://pay.local:80",
		"0.0.0.0:8080": "", "[::]:8080": "", ":8080": "", "x": "",
	} {
		if got := concrete(addr); got != want {
			t.Errorf("%s is at %q, want %q", addr, got, want)
		}
	}
	for _, c := range []struct{ listen, public, token, note, mend string }{
		{"127.0.0.1:8080", "", "", "a link to http://127.0.0.1:8080", "LOCKBAY_TELEGRAM_TOKEN"},
		{"127.0.0.1:0", "", "", "a link to the address that serve prints", "--public-url"},
		{":8080", "", "", "no link", "--public-url"},
		{":8080", "https://pay.example", "", "https://pay.example", "LOCKBAY_TELEGRAM_TOKEN"},
		{":8080", "https://pay.example", "1:a", "https://pay.example", ""},
		{":8080", "", "1:a", "into the chat", ""},
	} {
		k := (&Settings{Listen: c.listen, PublicURL: c.public, TelegramToken: Secret(c.token)}).checkLinks()
		if !k.OK || !strings.Contains(k.Note, c.note) || !strings.Contains(k.Mend, c.mend) || c.mend == "" && k.Mend != "" {
			t.Errorf("%+v: %+v", c, k)
		}
	}
}
