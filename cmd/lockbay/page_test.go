package main

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// visitor drives the page as a plain HTTP client.
type visitor struct {
	t      testing.TB
	i      *served
	client *http.Client
	status int
	header http.Header
	page   string
	last   url.Values
	once   bool // takes 503 as an answer
}

func visit(t testing.TB, i *served) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, i: i, client: &http.Client{Jar: jar, Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.get()
	return v
}

func (v *visitor) get() *visitor {
	v.t.Helper()
	return v.until(func() { v.read(v.client.Get(v.i.URL("/"))) })
}

// until does as the page asks where a slow machine takes longer than the server's bound: it sends the same again.
func (v *visitor) until(send func()) *visitor {
	v.t.Helper()
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		send()
		if v.status != http.StatusServiceUnavailable || v.once || time.Since(began) > patience {
			return v
		}
	}
}

// open asks for another page.
func (v *visitor) open(path string) *visitor {
	v.t.Helper()
	return v.read(v.client.Get(v.i.URL(path)))
}

func (v *visitor) read(res *http.Response, err error) *visitor {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.header, v.page = res.StatusCode, res.Header, string(b)
	return v
}

// match is the first group of a pattern in the page, or "".
func (v *visitor) match(pattern string) string {
	if m := regexp.MustCompile(pattern).FindStringSubmatch(v.page); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

func (v *visitor) step() string  { return v.match(`<main[^>]* data-step="([^"]*)"`) }
func (v *visitor) draft() string { return v.match(`<main[^>]* data-draft="([^"]*)"`) }

func (v *visitor) field(name string) string {
	m := regexp.MustCompile(`(?s)<dd data-field="` + name + `"[^>]*>(.*?)(?:<small>|</dd>)`).FindStringSubmatch(v.page)
	if m == nil {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1], "")))
}

// post sends the form of the current page, and follows the redirect.
func (v *visitor) post(name, value string) *visitor {
	v.t.Helper()
	form := url.Values{name: {value}}
	for _, hidden := range []string{"draft", "revision", "input_id", "csrf", "question"} {
		form.Set(hidden, v.match(`name="`+hidden+`" value="([^"]*)"`))
	}
	v.last = form
	to := "/"
	if m := regexp.MustCompile(`name="` + name + `" value="` + regexp.QuoteMeta(value) + `" formaction="([^"]*)"`).FindStringSubmatch(v.page); m != nil {
		to = m[1]
	}
	v.until(func() { v.read(v.client.PostForm(v.i.URL(to), form)) })
	if v.status == http.StatusSeeOther {
		v.get()
	}
	return v
}

func (v *visitor) say(text string) *visitor   { v.t.Helper(); return v.post("text", text) }
func (v *visitor) tap(action string) *visitor { v.t.Helper(); return v.post("action", action) }

// at wants this step.
func (v *visitor) at(step string) *visitor {
	v.t.Helper()
	if v.step() != step {
		v.t.Fatalf("at %q (status %d), want %q:\n%s", v.step(), v.status, step, v.page)
	}
	return v
}

// has wants these answers: field, value, …
func (v *visitor) has(want ...string) *visitor {
	v.t.Helper()
	for n := 0; n < len(want); n += 2 {
		if got := v.field(want[n]); got != want[n+1] {
			v.t.Fatalf("%s is %q, want %q:\n%s", want[n], got, want[n+1], v.page)
		}
	}
	return v
}

// The whole way to an escrow, by a plain HTTP client, with a kill -9 before and after every step: acknowledged answers
// survive, and there is one escrow.
func TestServePage(t *testing.T) {
	i := serve(t)
	v := visit(t, i)
	if v.status != http.StatusOK || v.step() != "" || v.draft() != "" {
		t.Fatalf("at %q with %q", v.step(), v.draft())
	}
	die := func() {
		t.Helper()
		i.restart()
		before := v.page
		v.get()
		if strip(before) != strip(v.page) {
			t.Fatalf("another card after a kill:\n%s\n\nbefore:\n%s", strip(v.page), strip(before))
		}
	}
	const what = "Столовый сервиз 🍽️ на шесть персон <b>"
	die()
	v.tap("create").at("seller_input")
	die()
	v.say("me@")
	if v.status != http.StatusUnprocessableEntity || v.match(`(role="alert")`) == "" || v.match(`id="text" name="text" value="([^"]*)"`) != "me@" {
		t.Fatalf("a refusal has status %d:\n%s", v.status, v.page)
	}
	v.get().say("@Anna_ceramics").at("amount_input").has("seller", "@Anna_ceramics")
	die()
	v.say("1.250,50 eur").at("description_input").has("seller", "@Anna_ceramics", "amount", "€1,250.50")
	die()
	v.say(what).at("delivery_time").has("description", what)
	die()
	first := v.last
	v.tap("delivery:48").at("trade_review")
	die()
	v.tap("edit:amount").at("amount_input")
	die()
	v.say("900 eur").at("trade_review").has("seller", "@Anna_ceramics", "amount", "€900.00", "description", what)
	die()
	v.tap("edit:fee").tap("fee:seller").at("trade_review")
	die()
	v.read(v.client.PostForm(i.URL("/"), first)) // a late duplicate
	if v.status != http.StatusSeeOther {
		t.Fatalf("a known input has status %d", v.status)
	}
	old := v.get().post("action", "confirm").last
	v.at("payment_pending")
	id := v.draft()
	v.read(v.client.PostForm(i.URL("/"), old))
	v.get().at("payment_pending")
	if v.draft() != id {
		t.Fatalf("confirmed twice: %s and %s", id, v.draft())
	}
	i.restart()
	v.get().at("payment_pending")

	var list []escrowLine
	if err := json.Unmarshal([]byte(i.must("escrows", "list", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d escrows, want one", len(list))
	}
	e := list[0]
	if e.ID != id || e.Seller != "@Anna_ceramics" || e.AmountMinor != 90000 || e.Currency != "EUR" || e.Description != what || e.DeliveryHours != 48 ||
		e.FeePayer != "seller" || e.FeeMinor != 4500 || e.BuyerPaysMinor != 90000 || e.SellerGetsMinor != 85500 || e.Status != "payment_pending" {
		t.Errorf("not what was said: %+v", e)
	}
	for _, at := range []string{e.CreatedAt, e.ExpiresAt} {
		if when, err := time.Parse(time.RFC3339, at); err != nil || when.Location() != time.UTC {
			t.Errorf("%q is no time in UTC", at)
		}
	}

	// another process marks it as paid; the page shows that
	i.must("escrows", "mark-paid", id)
	v.get().at("payment_confirmed")
	if v.tap("help").at("payment_confirmed"); !strings.Contains(v.page, "Your money is with us") {
		t.Fatalf("after I need help:\n%s", v.page)
	}
	v.tap("create").at("seller_input").say("/status " + id)
	if v.at("seller_input"); !strings.Contains(v.page, id+"</span></bdi> is yours.") {
		t.Fatalf("/status in a field:\n%s", v.page)
	}
}

// strip is a page without the parts that change with every rendering.
func strip(page string) string {
	page = regexp.MustCompile(`name="input_id" value="[^"]*"`).ReplaceAllString(page, "")
	page = regexp.MustCompile(` data-(live|state)="[^"]*"`).ReplaceAllString(page, "") // a visitor's first page has no data-live
	page = regexp.MustCompile(` class="(fresh|saved[^"]*)"`).ReplaceAllString(page, "")
	return regexp.MustCompile(`(?s)<p class="saved.*?</p>|<p role="status">.*?</p>|<header.*?</header>`).ReplaceAllString(page, "")
}

// Two instances on one file: the second logs that, and inputs may go to either.
func TestServeSecond(t *testing.T) {
	t.Parallel()
	one := serve(t)
	two := newServed(t, one.Env)
	t.Cleanup(two.kill)
	two.start()
	soon(t, "the second says so", func() bool { return len(two.lines("another process has this database file open")) == 1 })
	if len(one.lines("another process")) != 0 {
		t.Errorf("who says that there are two?\nfirst:\n%s\nsecond:\n%s", &one.log, &two.log)
	}
	v := visit(t, one)
	other := func() *visitor {
		if v.i == one {
			v.i = two
		} else {
			v.i = one
		}
		return v.get()
	}
	v.tap("create").at("seller_input")
	other().say("anna@example.com").at("amount_input")
	other().say("100").at("description_input")
	other().say("A dinner set, 24 pieces").at("delivery_time")
	other().say("3 days").at("trade_review").has("seller", "anna@example.com", "amount", "$100.00")
	other().tap("confirm").at("payment_pending")
	id := v.draft()
	if other().at("payment_pending"); v.draft() != id {
		t.Errorf("two escrows: %s and %s", id, v.draft())
	}
	if _, err := one.run("restore", "--force", one.database()); err == nil || !strings.Contains(err.Error(), "another process has") {
		t.Errorf("a database that is served was replaced: %v", err)
	}
	one.must("backup", one.database()+".copy")
	one.stop()
	two.stop()
	one.must("restore", "--force", one.database()+".copy")
}

// Help tells the shorter lifetime of the page's drafts.
func TestHelpOfThePage(t *testing.T) {
	t.Parallel()
	i := serve(t)
	v := visit(t, i)
	v.read(v.client.Get(i.URL("/help")))
	if v.status != http.StatusOK || !strings.Contains(v.page, "24 hours after your last answer") {
		t.Errorf("%d:\n%s", v.status, v.page)
	}
}
