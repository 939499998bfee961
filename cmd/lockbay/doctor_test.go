package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// TestDoctor checks doctor against running servers: the token, the port, a serving instance.
func TestDoctor(t *testing.T) {
	t.Parallel()
	api := telegramtest.New(telegramtest.Options{Token: testToken})
	defer api.Close()
	i := serve(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	const wrong = "7654321:AAanotherdistinctivetoken"
	for _, c := range []struct {
		name string
		args []string
		want []string
		fail bool
	}{
		{"serving", []string{"--listen", i.Addr}, []string{"ok    listen    http://" + i.Addr + " (an instance serves there now)"}, false},
		{"token", []string{"--listen", i.Addr, "--telegram-api-url", api.URL(), "--telegram-token", testToken}, []string{"ok    telegram  @" + api.BotUsername() + ", updates by polling"}, false},
		{"webhook", []string{"--listen", i.Addr, "--telegram-api-url", api.URL(), "--telegram-token", testToken, "--telegram-updates", "webhook"}, []string{"updates by webhook", "→ no --public-url"}, false},
		{"wrong token", []string{"--listen", i.Addr, "--telegram-api-url", api.URL(), "--telegram-token", wrong}, []string{"MEND  telegram  the Bot API rejects the token (401)", "→ copy the token"}, true},
		{"port", []string{"--listen", other.Addr().String()}, []string{"MEND  listen", "address already in use", "→ stop the program that uses it"}, true},
	} {
		out, err := i.run(append([]string{"doctor", "--support", "@bay_help"}, c.args...)...)
		if (err != nil) != c.fail || err != nil && !strings.Contains(err.Error(), "exit status 1: lockbay: 1 of 12 checks failed") {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", c.name, want, out)
			}
		}
		if strings.Contains(out, "distinctive") || err != nil && strings.Contains(err.Error(), "distinctive") {
			t.Errorf("%s: the token is told", c.name)
		}
	}
}

// TestServeTrouble: calls to Telegram fail in every way. People still get their card, and the log has neither their
// answers nor the token.
func TestServeTrouble(t *testing.T) {
	t.Parallel()
	w := withTelegram(t)
	boris := w.api.Person(1000001, "boris_k", "Борис")
	w.api.FailNext("sendMessage", telegramtest.Dropped(), telegramtest.LostAnswer())
	boris.Say("/create")
	boris.WaitText(patience, stepOf(1))
	boris.Say("@Anna_ceramics")
	boris.WaitText(patience, stepOf(2))
	w.api.FailNext("editMessageText", telegramtest.Refused("message can't be edited"), telegramtest.TooManyRequests(1))
	w.api.FailNext("getUpdates", telegramtest.BadGateway())
	tap(boris, "back")
	boris.WaitText(patience, stepOf(1))
	w.relisten(t)
	boris.Say("anna@example.com")
	boris.WaitText(patience, stepOf(2))
	w.stop()
	discreet(t, w.served)
	t.Log(&w.log)
	if !strings.Contains(w.log.String(), "WARN") {
		t.Errorf("no word of what failed:\n%s", &w.log)
	}
}

func TestTidy(t *testing.T) {
	for d, want := range map[time.Duration]string{168 * time.Hour: "168h", time.Hour: "1h", 90 * time.Minute: "1h30m", 30 * time.Minute: "30m", 90 * time.Second: "1m30s", 10 * time.Second: "10s", 100 * time.Hour: "100h"} {
		if got := tidy(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
