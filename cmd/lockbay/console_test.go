package main

import (
	"context"
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

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/intake"
)

const operatorToken = "a-long-token-of-operators"

// desktop is an operator's browser.
type desktop struct {
	t      *testing.T
	client *http.Client
	base   string
	status int
	page   string
	header http.Header
}

// operate opens a browser at an address.
func operate(t *testing.T, base string) *desktop {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &desktop{t: t, base: "http://" + base, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (d *desktop) read(res *http.Response, err error) *desktop {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	d.status, d.page, d.header = res.StatusCode, string(b), res.Header
	return d
}

func (d *desktop) get(path string) *desktop {
	d.t.Helper()
	return d.read(d.client.Get(d.base + path))
}

// post sends a form with the hidden words of the present page.
func (d *desktop) post(path string, pairs ...string) *desktop {
	d.t.Helper()
	form := url.Values{}
	for _, name := range []string{"csrf", "form", "id", "stage"} {
		if m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(d.page); m != nil {
			form.Set(name, html.UnescapeString(m[1]))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return d.read(d.client.PostForm(d.base+path, form))
}

// is wants this status and these texts.
func (d *desktop) is(status int, texts ...string) *desktop {
	d.t.Helper()
	shown := html.UnescapeString(d.page)
	if d.status != status {
		d.t.Fatalf("status %d, want %d:\n%s", d.status, status, shown)
	}
	for _, text := range texts {
		if !strings.Contains(shown, text) {
			d.t.Errorf("no %q in\n%s", text, shown)
		}
	}
	return d
}

func (d *desktop) signIn() *desktop {
	d.t.Helper()
	return d.get("/console").is(200, "operator token").post("/console", "token", operatorToken).is(http.StatusSeeOther)
}

// draftedBy makes a draft of a person of Telegram, which is at the description.
func draftedBy(t *testing.T, a *app, owner string) (draft string) {
	t.Helper()
	key := dialog.Key{Bot: botName, Flow: intake.FlowName, ID: owner}
	var out dialog.Outcome
	for i, in := range []dialog.Input{
		{Kind: dialog.KindCommand, Name: "create"}, {Kind: dialog.KindText, Text: "@Anna_ceramics"}, {Kind: dialog.KindText, Text: "1250.50 EUR"},
	} {
		in.Key, in.Owner, in.ID, in.Place = key, owner, string(rune('a'+i)), dialog.Place{Channel: "terminal", Address: owner}
		var err error
		if out, err = a.engine.Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if out.Record.Step != "description_input" {
		t.Fatalf("at %q", out.Record.Step)
	}
	return out.Record.Draft
}

// TestConsole: an operator signs in, reads the figures, finds a person's draft, and sees its answers once a reason is in the log.
// Another instance on the same database takes the same cookie and the same form.
func TestConsole(t *testing.T) {
	t.Parallel()
	set := settings(t, "--operator-token", operatorToken, "--time-zone", "Asia/Kathmandu")
	s, log, _ := inProcess(t, set)
	const owner = "tg:4829142"
	draft := draftedBy(t, s.app, owner)
	o := operate(t, s.addr)
	for _, path := range []string{"/console/report.json", "/console/conversations", "/console/audit", "/console/none"} {
		if o.get(path); o.status != http.StatusSeeOther || o.header.Get("Location") != "/console" {
			t.Errorf("%s without a cookie: %d to %q", path, o.status, o.header.Get("Location"))
		}
	}
	o.signIn()
	soon(t, "figures", func() bool {
		o.get("/console")
		return o.status == 200 && strings.Contains(o.page, "What needs you")
	})
	o.is(200, "Typed again", "Known since", "Times are Asia/Kathmandu, UTC+05:45")
	sameReport(t, o, set, s)

	o.get("/console/conversations").is(200).post("/console/conversations", "q", owner).is(http.StatusSeeOther)
	at := o.header.Get("Location")
	if strings.Contains(at, "4829142") {
		t.Errorf("the address names the person: %s", at)
	}
	other := *set
	other.Listen = "localhost:0" // another name
	second, _, _ := inProcess(t, &other)
	o.get(at).is(200, draft, "Answered amount", "Answers are hidden")
	if strings.Contains(o.page, "4829142") || strings.Contains(o.page, "Anna") || strings.Contains(o.page, "1,250") {
		t.Errorf("the page tells the answers without a reason:\n%s", o.page)
	}
	o.base = "http://127.0.0.1:" + second.addr[strings.LastIndex(second.addr, ":")+1:]
	o.post(at, "reason", "curiosity").is(http.StatusUnprocessableEntity, "Choose a reason")
	if list := orders(t, s.app); len(list) != 1 || list[0].Cause != "signed_in" {
		t.Errorf("before a reason the log has %+v", list)
	}
	o.post(at, "reason", "dispute").is(200, owner, "@Anna_ceramics", "1,250.50")
	if list := orders(t, s.app); len(list) != 2 || list[1].Cause != "reveal:dispute" || list[1].Source != "console" || list[1].Draft == "" {
		t.Errorf("the log has %+v", list)
	}
	o.get("/console/audit").is(200, "Show the answers, because of dispute", "tg:48…42")
	o.get("/console/stores").is(200, "database", "SQLite "+strings.TrimPrefix(set.DatabaseURL, "sqlite:"), "counts")
	if strings.Contains(o.page, "mend") {
		t.Errorf("a store is to be mended:\n%s", o.page)
	}
	o.get("/console/tickets").is(200, "No tickets.")
	if text := log.String(); strings.Contains(text, operatorToken) || strings.Contains(text, "Anna") {
		t.Errorf("the log has a secret:\n%s", text)
	}
}

// orders are the operators' orders in the log of events.
func orders(t *testing.T, a *app) []dialog.Event {
	t.Helper()
	list, err := a.store.(dialog.EventLog).Events(context.WithoutCancel(t.Context()), dialog.EventQuery{Kind: dialog.EventOrdered})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sameReport wants the JSON of the console to be that of the command.
func sameReport(t *testing.T, o *desktop, set *Settings, s *server) {
	t.Helper()
	var here, there any
	soon(t, "a report of the same half hour", func() bool { // the console keeps one for a minute
		at := time.UnixMilli(s.metrics.counted.Load()).UTC().Format(time.RFC3339)
		o.get("/console/report.json").is(200)
		if err := json.Unmarshal([]byte(o.page), &here); err != nil {
			t.Fatal(err)
		}
		text := says(t, exitDone, "", "report", "--format", "json", "--database-url", set.DatabaseURL, "--at", at)
		if err := json.Unmarshal([]byte(text), &there); err != nil {
			t.Fatal(err)
		}
		a, b := here.(map[string]any), there.(map[string]any)
		return a["until"] == b["until"] && a["under_way"] == b["under_way"]
	})
	if a, b := written(t, here), written(t, there); a != b {
		t.Errorf("the console has\n%s\nthe command\n%s", a, b)
	}
}

func written(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestConsoleIsWhereMetricsAre: without a token it is nowhere, and with one only where no stranger comes.
func TestConsoleIsWhereMetricsAre(t *testing.T) {
	t.Parallel()
	token := []string{"--operator-token", operatorToken}
	for name, c := range map[string]struct {
		flags       []string
		page, admin int
		greeting    string
		doctor      check
	}{
		"no token":   {nil, 404, 0, "", check{OK: true, Note: "off: no --operator-token"}},
		"loopback":   {token, 200, 0, "The console is at http://127.0.0.1:", check{OK: true, Note: "http://127.0.0.1:0/console"}},
		"the world":  {append([]string{"--listen", "0.0.0.0:0"}, token...), 404, 0, "The console is off, since other machines reach", check{Note: "off, since other machines reach 0.0.0.0:0"}},
		"a proxy":    {append([]string{"--public-url", "https://pay.example"}, token...), 404, 0, "The console is off, since a proxy leads", check{Note: "off, since a proxy leads from https://pay.example to 127.0.0.1:0"}},
		"its own":    {append([]string{"--public-url", "https://pay.example", "--admin-listen", "127.0.0.1:0"}, token...), 404, 200, "The console is at http://127.0.0.1:", check{OK: true, Note: "http://127.0.0.1:0/console"}},
		"only there": {[]string{"--admin-listen", "127.0.0.1:0"}, 404, 404, "", check{OK: true, Note: "off: no --operator-token"}},
	} {
		set := settings(t, c.flags...)
		s, _, stop := inProcess(t, set)
		for _, path := range []string{"/console", "/console/"} {
			if got := status(t, "http://"+reachable(s.addr)+path); got != c.page {
				t.Errorf("%s: %s of the page: %d, want %d", name, path, got, c.page)
			}
			if s.admin != "" {
				if got := status(t, "http://"+s.admin+path); got != c.admin {
					t.Errorf("%s: %s of its own address: %d, want %d", name, path, got, c.admin)
				}
			}
		}
		if c.page == 200 {
			for _, header := range [][]string{{"X-Forwarded-For", "203.0.113.7"}, {"Host", "evil.example"}} {
				if got := status(t, "http://"+s.addr+"/console", header...); got == 200 {
					t.Errorf("%s: it answers a request with %v", name, header)
				}
			}
		}
		if text := strings.Join(s.greeting(), "\n"); c.greeting == "" && strings.Contains(text, "console") || !strings.Contains(text, c.greeting) {
			t.Errorf("%s: the greeting is\n%s", name, text)
		}
		if got := set.checkConsole(); got.OK != c.doctor.OK || got.Note != c.doctor.Note || got.OK == (got.Mend != "" && !strings.Contains(got.Mend, "optional")) {
			t.Errorf("%s: doctor says %+v", name, got)
		}
		stop()
	}
}

// TestConsoleOrders: a rollout that a command began is on the page, which gives it orders; the command shows them.
func TestConsoleOrders(t *testing.T) {
	t.Parallel()
	set := settings(t, "--operator-token", operatorToken)
	s, _, _ := inProcess(t, set)
	o := operate(t, s.addr).signIn()
	o.get("/console/rollouts").is(200, "No rollout.")
	command := func(args ...string) string {
		t.Helper()
		return says(t, exitDone, "", append([]string{"rollout"}, append(args, "--database-url", set.DatabaseURL)...)...)
	}
	command("start", "slower", "--mode", "lightweight", "--reason", "a trial")
	const page = "/console/rollouts/slower"
	o.get(page).is(200, "Rollout slower is at 10%", "Mode lightweight. Goal safe: no harm.", "a trial", "cli")
	o.post(page, "order", "pause").is(http.StatusUnprocessableEntity, "Want a reason, which is kept with the figures.")
	sent := o.page
	for range 2 { // sent twice
		o.page = sent
		o.post(page, "order", "pause", "reason", "it rains").is(http.StatusSeeOther)
	}
	o.get(page).is(200, "Rollout slower is paused at 10%", "An operator did that: it rains.")
	o.post(page, "order", "pause", "reason", "me, too").is(http.StatusSeeOther) // of another window: it is so already
	if text := command("status", "slower"); !strings.Contains(text, "it rains") || strings.Count(text, "console") != 1 {
		t.Errorf("the command says\n%s", text)
	}
	command("resume", "slower", "--reason", "it is dry")
	o.page = sent
	o.post(page, "order", "pause", "reason", "it rains").is(http.StatusSeeOther) // it was taken already
	o.get(page).is(200, "Rollout slower is at 10%")
	o.page = sent // by Back, another button
	o.post(page, "order", "revert", "reason", "enough").is(http.StatusSeeOther)
	o.get(page).is(200, "Rollout slower is reverted", "No more orders")
	o.get("/console/audit").is(200, "Revert", "Pause", "console", `<th scope="col">About</th>`, `href="`+page+`"`)
	if n := len(orders(t, s.app)); n != 5 { // a sign-in, start, pause, resume, revert
		t.Errorf("%d orders in the log: %+v", n, orders(t, s.app))
	}
}
