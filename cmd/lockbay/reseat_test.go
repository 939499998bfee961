package main

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// TestReseatByCommandLine: a seller of the page whose cookie is gone goes on with a new visit, whose account drafts list
// names. The visit before sees the deal no more.
func TestReseatByCommandLine(t *testing.T) {
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
	before, now := visit(t, w.served), visit(t, w.served)
	before.open(link.Path)
	before.read(before.client.PostForm(w.URL(link.Path), url.Values{"action": {"accept:" + before.match(`value="accept:([^"]*)"`)},
		"input_id": {before.match(`name="input_id" value="([^"]*)"`)}, "csrf": {before.match(`name="csrf" value="([^"]*)"`)}}))
	if before.open("/list"); !strings.Contains(before.page, "Selling, ") {
		t.Fatalf("the seller has not joined: status %d\n%s", before.status, before.page)
	}
	now.get().tap("create")
	var drafts []struct{ Key string }
	if err := json.Unmarshal([]byte(w.must("drafts", "list", "--json")), &drafts); err != nil {
		t.Fatal(err)
	}
	account := ""
	for _, d := range drafts {
		if a, is := strings.CutPrefix(d.Key, "escrow/"); is && strings.HasPrefix(a, "web:") {
			account = a
		}
	}
	if out, err := w.run("escrows", "reseat", id, "--seller", "anna"); err == nil || !strings.Contains(out+err.Error(), "want an account") {
		t.Errorf("no account: %s, %v", out, err)
	}
	for _, want := range []string{"is now to be paid", "already"} {
		if out := w.must("escrows", "reseat", id, "--seller", account); !strings.Contains(out, want) {
			t.Errorf("reseat says %q, want %q", out, want)
		}
	}
	boris.WaitText(patience, "uses another account now")
	if now.open("/list"); !strings.Contains(now.page, "Selling, ") {
		t.Errorf("the new visit has no deal:\n%s", now.page)
	}
	if before.open("/list"); strings.Contains(before.page, "Selling, ") {
		t.Errorf("the visit before still has the deal:\n%s", before.page)
	}
	if out := w.must("escrows", "show", id); !strings.Contains(out, "reseat") || !strings.Contains(out, account) {
		t.Errorf("the log does not say it:\n%s", out)
	}
}
