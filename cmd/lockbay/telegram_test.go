package main

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
	"github.com/lockbay/lockbay/intake"
)

const testToken = "7654321:AAdistinctivetokenDistinctiveToken00"

// world is the program and a fake Bot API.
type world struct {
	*served
	api *telegramtest.Server
}

func withTelegram(t *testing.T, flags ...string) *world {
	t.Helper()
	return withPrivacy(t, false, flags...)
}

// withPrivacy is withTelegram with the bot's privacy mode on or off.
func withPrivacy(t *testing.T, privacy bool, flags ...string) *world {
	t.Helper()
	api := telegramtest.New(telegramtest.Options{
		Strict: true, Privacy: privacy, Token: testToken, RetryScale: 0.01, Fail: func(f string, args ...any) { t.Helper(); t.Fatalf(f, args...) },
		OnViolation: func(v telegramtest.Violation) { t.Errorf("violation: %v", v) },
	})
	t.Cleanup(api.Close)
	w := &world{serve(t, append([]string{"--telegram-token", testToken, "--telegram-api-url", api.URL()}, flags...)...), api}
	if !api.WaitBot(patience) {
		t.Fatalf("no bot listens:\n%s", &w.log)
	}
	return w
}

// relisten is a kill -9 and a start. A poller is stopped gracefully, since the lease of a killed one lasts some seconds.
func (w *world) relisten(t *testing.T) {
	t.Helper()
	if url, _ := w.api.Webhook(); url == "" {
		w.stop()
		w.start()
	} else {
		w.noted(t)
		w.tidy(t)
		before := w.api.Count("setWebhook")
		w.restart()
		// The server gives up the posts that are under way when the webhook is set, and with them the removals in their answers.
		soon(t, "the webhook is set", func() bool { return w.api.Count("setWebhook") > before })
	}
	if !w.api.WaitBot(patience) {
		t.Fatalf("no bot listens:\n%s", &w.log)
	}
}

// noted waits until the rows have the message ids of all cards.
func (w *world) noted(t *testing.T) {
	t.Helper()
	set := Settings{DatabaseURL: "sqlite:" + w.database()}
	st, err := set.openStore(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	soon(t, "what is shown is written", func() bool {
		rows, err := st.List(t.Context(), dialog.Query{Deep: true, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(rows, func(row *dialog.Row) bool {
			r, err := dialog.Decode(row)
			return err != nil || r.Undelivered()
		})
	})
}

// tidy waits until only the live card of each chat has buttons: a card is removed after the row has forgotten it, and a
// kill in between leaves it to the first tap.
func (w *world) tidy(t *testing.T) {
	t.Helper()
	soon(t, "no earlier card can be tapped", func() bool {
		all := w.api.Messages(1000001)
		return len(all) == 0 || !slices.ContainsFunc(all[:len(all)-1], func(m telegramtest.Message) bool { return m.FromBot && len(m.Rows) > 0 })
	})
}

func TestServePolling(t *testing.T) {
	t.Parallel()
	wholeChat(t, withTelegram(t))
}

func TestServeWebhook(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	w := withTelegram(t, "--listen", addr, "--public-url", "http://"+addr, "--telegram-webhook-secret", "distinctive-secret")
	if url, secret := w.api.Webhook(); url != "http://"+addr+"/telegram/webhook" || secret != "distinctive-secret" {
		t.Errorf("webhook at %q", url)
	}
	wholeChat(t, w)
}

// button finds the button of an action.
func button(m telegramtest.Message, action string) (data string, ok bool) {
	for _, row := range m.Rows {
		for _, b := range row {
			if strings.HasPrefix(b.Data, action+"|") {
				return b.Data, true
			}
		}
	}
	return action, false
}

func tap(p *telegramtest.Person, action string) {
	data, _ := button(p.Last(), action)
	p.Tap(data)
}

func tapTwice(p *telegramtest.Person, action string) {
	data, _ := button(p.Last(), action)
	p.TapTwice(data)
}

// wholeChat is a realistic purchase: typed and tapped, in Cyrillic, with mistakes, doubled taps, a restart, and an edit of
// every answer.
func wholeChat(t *testing.T, w *world) {
	const wait = patience
	boris := w.api.Person(1000001, "boris_k", "Борис")
	defer func() {
		if t.Failed() {
			t.Log(w.api.Transcript(1000001))
		}
		if folder := os.Getenv("LOCKBAY_SHOTS"); folder != "" {
			_ = os.MkdirAll(folder, 0o755)
			_ = os.WriteFile(folder+"/"+t.Name()+".txt", []byte(w.api.Transcript(1000001)), 0o600)
		}
	}()
	boris.Say("/start")
	boris.WaitText(wait, "We hold the money")
	tapTwice(boris, "create")
	boris.WaitText(wait, stepOf(1))
	boris.SendSticker()
	boris.WaitText(wait, stepOf(1))
	boris.Say("boris_k") // oneself
	boris.WaitText(wait, stepOf(1))
	boris.Say("@Anna_ceramics")
	boris.WaitText(wait, stepOf(2))
	tap(boris, "back")
	boris.WaitText(wait, stepOf(1))
	tap(boris, "continue")
	boris.WaitText(wait, stepOf(2))
	boris.Say("1 731,57 грн")
	boris.WaitText(wait, stepOf(3))

	w.relisten(t)
	boris.Say("Столовый сервиз 🍽️ на шесть персон, 24 предмета")
	boris.WaitText(wait, stepOf(4))
	w.relisten(t)
	boris.Say("/resume")
	welcome := boris.WaitText(wait, stepOf(4))
	if !strings.Contains(welcome.Text, "Welcome back") || !strings.Contains(welcome.Text, "сервиз 🍽️ на шесть") {
		t.Errorf("after a restart:\n%s", welcome)
	}
	tapTwice(boris, "delivery:48")
	boris.WaitText(wait, atReview())

	for _, e := range []struct{ button, say, tap, want string }{
		{button: "edit:seller", say: "anna@example.com", want: "anna@example.com"},
		{button: "edit:amount", tap: "continue", want: "1,731.57"},
		{button: "edit:amount", say: "2468.13 uah", want: "2,468.13"},
		{button: "edit:description", say: "Чайный сервиз ☕ на двоих", want: "Чайный сервиз ☕ на двоих"},
		{button: "edit:delivery", say: "3 days", want: "72 hours"},
		{button: "edit:fee", tap: "fee:buyer", want: "You pay"},
	} {
		before := boris.WaitText(wait, atReview())
		tap(boris, e.button)
		if !boris.WaitFor(wait, func(list []telegramtest.Message) bool {
			last := list[len(list)-1]
			return last.Text != before.Text && (e.button == "edit:fee" || !strings.Contains(last.Text, atReview()))
		}) {
			t.Fatalf("%s opened nothing", e.button)
		}
		if e.say != "" {
			boris.Say(e.say)
		} else {
			tap(boris, e.tap)
		}
		if !boris.WaitFor(wait, func(list []telegramtest.Message) bool {
			last := list[len(list)-1]
			_, review := button(last, "confirm")
			return review && strings.Contains(last.Text, e.want)
		}) {
			t.Fatalf("after %s: no %q in the review:\n%s", e.button, e.want, boris.Last())
		}
	}
	tap(boris, "cancel")
	undo := boris.WaitText(wait, "ancelled")
	if _, ok := button(undo, "undo"); !ok {
		t.Fatalf("no Undo:\n%s", undo)
	}
	tap(boris, "undo")
	boris.WaitText(wait, atReview())
	boris.Say("/status")
	boris.WaitText(wait, atReview())
	boris.SayInGroup(-1000000000777, "/create@"+w.api.BotUsername())
	boris.SayInGroup(-1000000000777, "and this is nobody's business")

	tapTwice(boris, "confirm")
	card := boris.WaitText(wait, "ESC-")
	id := regexp.MustCompile(`ESC-\w{4}-\w{5}`).FindString(card.Text)
	if !w.api.WaitDelivered(wait) {
		t.Error("updates are still pending")
	}
	group := w.api.Messages(-1000000000777)
	if len(group) != 3 || !slices.ContainsFunc(group, func(m telegramtest.Message) bool {
		return m.FromBot && len(m.Rows) == 1 && strings.Contains(m.Rows[0][0].URL, w.api.BotUsername())
	}) {
		t.Errorf("in the group:\n%v", group)
	}
	w.tidy(t)
	w.relisten(t)

	// another process marks it as paid, and the card changes by itself
	began := time.Now()
	w.must("escrows", "mark-paid", id)
	boris.WaitText(patience, "Paid")
	t.Logf("the card followed after %v", time.Since(began).Round(10*time.Millisecond))

	var list []escrowLine
	if err := json.Unmarshal([]byte(w.must("escrows", "list", "--json")), &list); err != nil || len(list) != 1 {
		t.Fatalf("%d escrows, want one (%v)", len(list), err)
	}
	if e := list[0]; e.Buyer != "tg:1000001" || e.Seller != "anna@example.com" || e.AmountMinor != 246813 || e.Currency != "UAH" ||
		e.Description != "Чайный сервиз ☕ на двоих" || e.DeliveryHours != 72 || e.FeePayer != "buyer" || e.Status != "payment_confirmed" {
		t.Errorf("not what was said: %+v", e)
	}
	boris.Say("/create")
	boris.WaitText(wait, stepOf(1))
	w.stop()
	discreet(t, w.served)
}

// An unpaid escrow lapses by itself, and offers the same terms again.
func TestServeLapse(t *testing.T) {
	t.Parallel()
	w := withTelegram(t, "--payment-window", "2s")
	anna := w.api.Person(1000002, "anna_k", "Anna")
	for _, s := range []struct{ say, want string }{
		{"/create", stepOf(1)}, {"+380 44 555 12 34", stepOf(2)}, {"0.05 btc", stepOf(3)}, {"One bicycle, blue, 54 cm", stepOf(4)}, {"36h", atReview()},
	} {
		anna.Say(s.say)
		anna.WaitText(patience, s.want)
	}
	tap(anna, "confirm")
	anna.WaitText(patience, "ESC-")
	lapsed := anna.WaitText(patience, "No payment came by")
	if _, ok := button(lapsed, "again"); !ok {
		t.Fatalf("the terms are not offered again:\n%s", lapsed)
	}
	tap(anna, "again")
	review := anna.WaitText(patience, atReview())
	if !strings.Contains(review.Text, "One bicycle, blue, 54 cm") || !strings.Contains(review.Text, "0.05") {
		t.Errorf("other terms:\n%s", review)
	}
	// a late payment revives it, and the card says that
	var list []escrowLine
	if err := json.Unmarshal([]byte(w.must("escrows", "list", "--json")), &list); err != nil || len(list) != 1 || list[0].Status != "payment_lapsed" {
		t.Fatalf("%+v, %v", list, err)
	}
	if out := w.must("escrows", "mark-paid", list[0].ID); !strings.Contains(out, "had lapsed; it is revived") {
		t.Errorf("paid after its time: %s", out)
	}
	if !anna.WaitFor(patience, func(list []telegramtest.Message) bool {
		for _, m := range list {
			if strings.Contains(m.Text, "Paid") {
				return true
			}
		}
		return false
	}) {
		t.Errorf("nothing was said of the payment:\n%s", w.api.Transcript(anna.ID))
	}
}

// stepOf is the progress on the card of the n-th step.
func stepOf(n int) string { return intake.New(intake.Config{}).Progress("en", n) }

// atReview is the progress on the card of the review.
func atReview() string { return stepOf(intake.New(intake.Config{}).Steps()) }

// discreet wants no personal data and no secrets in the log.
func discreet(t *testing.T, i *served) {
	t.Helper()
	log := i.log.String()
	for _, secret := range []string{
		testToken, "AAdistinctive", "distinctive-secret", "boris_k", "Борис", "Anna_ceramics", "anna@example.com", "сервиз", "1731,57", "1731.57", "1,731.57", "173157", "2468.13", "246813", "1000001",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log:\n%s", secret, log)
		}
	}
	turns := strings.Count(log, "\n")
	if turns > 60 {
		t.Errorf("%d lines of log: is there one per turn?\n%s", turns, log)
	}
	found := i.lines("ESCROW_CONTEXT: Rehydrated")
	if len(found) == 0 {
		t.Errorf("no rehydration is in the log:\n%s", log)
	}
	for _, line := range found {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m["marker"] != "DEEP_REHYDRATION" && m["marker"] != "LIGHTWEIGHT_REHYDRATION" {
			t.Errorf("no marker: %s", line)
		}
		for _, k := range []string{"time", "level", "msg", "marker", "draft", "source", "cause", "state", "version", "age", "took"} {
			if _, ok := m[k]; !ok {
				t.Errorf("no %s: %s", k, line)
			}
			delete(m, k)
		}
		if len(m) > 0 {
			t.Errorf("more than is promised: %s", line)
		}
	}
}
