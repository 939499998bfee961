package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/alert"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/internal/testdb"
	"github.com/lockbay/lockbay/rollout"
)

// everything is all that the tables of conversations and events have.
func everything(t *testing.T, url string) string {
	t.Helper()
	var all bytes.Buffer
	within(t, url, func(st store) {
		rows, err := st.List(t.Context(), dialog.Query{Deep: true, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			fmt.Fprintf(&all, "%s %q %q %q %s %s %s\n", r.Key, r.Owner, r.Guest, r.Step, r.Answers, r.State, r.Shown)
		}
		events, err := st.(dialog.EventLog).Events(t.Context(), dialog.EventQuery{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			fmt.Fprintf(&all, "%+v\n", e)
		}
	})
	return all.String()
}

// confirms makes an escrow, and returns its id.
func (p *chatter) confirms() string {
	p.r.t.Helper()
	p.tap("create")
	p.say("@anna_ceramics")
	p.say("50")
	p.say("the blue vase of my grandmother")
	p.tap("delivery:24")
	p.tap("confirm")
	p.r.settle()
	rec, _ := p.r.load(p.key())
	return rec.Started
}

// TestForget: all flows of the program forget a person by one command: what holds money stays and is told, the books of
// what has ended stay, and no name, id or text of the person is left in the database, its events and the log. An instance
// serves meanwhile.
func TestForget(t *testing.T) {
	for name, url := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db"), "postgres": testdb.Postgres(t)} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, clockAt(time.Now()), "--database-url", url, "--operators", "400200300", "--desk=-1001234567890", "--public-url", "https://pay.example")
			p := &chatter{r: r, id: 400_200_300, name: "Ada", lang: "en"}
			cmd := func(code int, want string, args ...string) {
				t.Helper()
				if got := says(t, code, "", append(args, "--database-url", url)...); !strings.Contains(got, want) {
					t.Errorf("%q says %q, want %q", args, got, want)
				}
			}
			paid, lapsed := p.confirms(), p.confirms()
			for _, x := range []string{"received ID --amount 20 --ref FROM-ADA", "mark-paid ID", "move ID accept --as seller", "move ID delivered --as seller --text post-office",
				"move ID release --as buyer", "sending ID --where IBAN-OF-ANNA"} {
				cmd(exitDone, "", append([]string{"escrows"}, strings.Fields(strings.ReplaceAll(x, "ID", paid))...)...)
			}
			p.tap("create") // a draft of hers, with an answer
			p.say("@next_seller")
			r.settle()
			cmd(exitFailed, "Kept: deal/"+paid+": "+paid+" is settling: we hold its money, so it is kept until it has ended; it ends when everything is sent", "forget", p.owner())
			cmd(exitFailed, "is payment_pending: money may be on its way, so it is kept until it has ended; by itself it goes on at ", "forget", lapsed)
			cmd(exitFailed, "we hold its money", "drafts", "forget", "deal/"+paid)
			if _, err := r.s.app.engine.Sweep(t.Context(), 0); err != nil { // the desk is called
				t.Fatal(err)
			}
			r.settle()
			if out, err := r.s.app.engine.Handle(t.Context(), dialog.Input{ID: "at the desk", Kind: dialog.KindTap, Name: "sent", Value: "seller", Draft: paid + "~desk", Revision: 1, Bound: true,
				Owner: p.owner(), Profile: dialog.Profile{Username: "ada_grandmother"}, Group: true, Place: dialog.Place{Channel: "tg", Address: "-1001234567890", Push: true}}); err != nil || out.Record.Asks == nil {
				t.Fatalf("she is not asked at the desk: %+v %v", out, err) // her question in the group
			}
			cmd(exitDone, "", "escrows", "sent", paid, "--ref", "TO-ANNA-77")
			cmd(exitDone, "", "escrows", "cancel", lapsed)
			p.say("/start")
			p.say("/web") // a browser of hers
			p.say("/support You lost my grandmother's vase")
			r.settle()
			now := r.s.app.engine.Now()
			start := rollout.Order{Verb: rollout.Start, Mode: "lightweight", Goal: rollout.Safe, Plan: rollout.DefaultPlan()} // which holds no person
			if _, err := r.s.app.engine.Handle(t.Context(), start.Input(botName, "tenth", "1")); err != nil {
				t.Fatal(err)
			}
			seen := alert.Lost([]dialog.Event{{Kind: dialog.EventLost, Key: p.key().String(), Draft: "abcdef", At: now, Mode: dialog.Database.String()}}, now)
			if err := alert.Tell(t.Context(), r.s.app.engine, &seen); err != nil { // of her loss
				t.Fatal(err)
			}
			r.settle()
			flows := map[string]bool{} // :: flow → it has something
			for _, line := range strings.Split(everything(t, url), "\n") {
				if key, err := dialog.ParseKey(strings.Fields(line + " -")[0]); err == nil {
					flows[key.Flow] = true
				}
			}
			for _, f := range r.s.app.flows {
				if !flows[f.FlowName()] {
					t.Errorf("the flow %s has nothing: let something happen there first", f.FlowName())
				}
			}
			var books bytes.Buffer
			books.WriteString(says(t, exitDone, "", "ledger", "balance", "--json", "--database-url", url))

			var out, log bytes.Buffer
			if code := run([]string{"forget", p.owner(), "--database-url", url}, nil, &out, &log); code != exitDone {
				t.Fatalf("status %d: %s%s", code, &out, &log)
			}
			if !strings.Contains(out.String(), "Forgotten: deal/"+paid+"; its books stay") || !strings.Contains(out.String(), "Forgotten: deal/"+lapsed+"\n") ||
				!strings.Contains(out.String(), "Forgotten: escrow/"+p.owner()+"\n") || !strings.Contains(out.String(), "Forgotten: ticket/") || !strings.Contains(out.String(), "Forgotten: device/") {
				t.Errorf("it says %s", &out)
			}
			left := everything(t, url) + log.String()
			for _, word := range []string{"400200300", "Ada", "anna", "ANNA", "next_seller", "vase", "FROM-", "IBAN", "post-office", "cli", "grandmother", "TCK-"} {
				if strings.Contains(left, word) {
					t.Errorf("%q is left in\n%s", word, left)
				}
			}
			if got := says(t, exitDone, "", "ledger", "balance", "--json", "--database-url", url); strings.ReplaceAll(got, `"deals": 1`, "") != strings.ReplaceAll(books.String(), `"deals": 2`, "") {
				t.Errorf("the books are %s, and were %s", got, &books)
			}
			cmd(exitDone, "1 escrow, 1 with books, 0 wrong.", "ledger", "verify")
			cmd(exitDone, "forgotten", "escrows", "show", paid)
			cmd(exitDone, paid, "escrows", "list")
			cmd(exitDone, "Nothing is known of "+p.owner(), "forget", p.owner())
			cmd(exitDone, "its books stay", "forget", strings.ToLower(paid))
			cmd(exitFailed, "there is no escrow "+lapsed, "forget", lapsed)
			cmd(exitUsage, "neither a person", "forget", "Ada")
			cmd(exitUsage, "neither a person", "forget", "tg:")
			p.say("/status") // she is welcome again
			r.settle()
			if rec, _ := r.load(p.key()); rec.Version == 0 {
				t.Error("the bot does not answer her any more")
			}
		})
	}
}

// TestForgetAtOnce: several operators forget the same person at once.
func TestForgetAtOnce(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "lockbay.db")
	id := unpaid(t, url, 5)
	for _, args := range []string{"mark-paid ID", "move ID decline --as seller", "sending ID", "sent ID --ref R-1"} {
		says(t, exitDone, "", append(append([]string{"escrows"}, strings.Fields(strings.ReplaceAll(args, "ID", id))...), "--database-url", url)...)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { says(t, exitDone, "", "forget", "tg:1", "--database-url", url) })
		group.Go(func() { says(t, exitDone, "", "forget", id, "--database-url", url) })
	}
	group.Wait()
	if left := everything(t, url); strings.Contains(left, "tg:1") || strings.Contains(left, "seller_1") || !strings.Contains(left, id) {
		t.Errorf("what is left is %s", left)
	}
	says(t, exitDone, "", "ledger", "verify", "--database-url", url)
}

// TestKeepSetting: people=90d,books=10y, and what is wrong in one line.
func TestKeepSetting(t *testing.T) {
	day := 24 * time.Hour
	for text, want := range map[string]lockbay.Keep{"": {People: 90 * day, Books: 3660 * day}, "people=1d": {People: day, Books: 3660 * day},
		"books=100y, people=720h": {People: 30 * day, Books: 36600 * day}, "people=2y,books=2y": {People: 732 * day, Books: 732 * day}} {
		if got, err := (&Settings{Keep: text}).keep(); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"people", "people=1h", "people=-90d", "books=101y", "books=9e99y", "people=soon", "people=1y,books=90d", "names=90d", "people=1d,people=2d", "books=0"} {
		got := says(t, exitUsage, "", "escrows", "list", "--keep", text, "--database-url", "sqlite:"+filepath.Join(t.TempDir(), "lockbay.db"))
		if !strings.HasPrefix(got, "lockbay: --keep: ") || strings.Count(got, "\n") != 1 || !strings.Contains(got, "want") && !strings.Contains(got, "twice") {
			t.Errorf("%q: %s", text, got)
		}
	}
}
