package device_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/lockbay/lockbay"
	"github.com/lockbay/lockbay/deal"
	"github.com/lockbay/lockbay/device"
	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/intake"
)

// world is a script's store and flows. Effects reach the store by an engine that never dies; whether they are done is up to
// the script's own.
func world(t testing.TB) dialogtest.Options {
	t.Helper()
	store, clock := dialog.NewMemory(), dialogtest.NewClock(begun)
	store.SetNow(clock.Now)
	rules := lockbay.DefaultRules()
	of := func() *lockbay.Rules { return rules }
	registry := &device.Registry{}
	devices := device.New(device.Config{Key: key, PublicURL: public, SignOut: func(ctx context.Context, owner, which, keep string, before int64) error {
		return registry.SignOut(ctx, owner, which, keep, before)
	}})
	flows := []dialog.Flow{intake.New(intake.Config{Rules: of, Start: deal.Start, Devices: devices}), deal.New(deal.Config{Rules: of}), devices}
	e, err := dialog.New(store, dialog.Config{Now: clock.Now, Instance: "other.1"}, flows...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	registry.Engine, registry.Flow = e, devices
	return dialogtest.Options{Store: store, Flows: flows, Start: begun}
}

// linkIn is the token of the newest link in a script's chat.
func linkIn(s *dialogtest.Script) (token string) {
	for _, m := range s.Chat().Messages("1") {
		for _, b := range m.Card.Alt {
			if after, ok := strings.CutPrefix(b.URL, public+"/in/"); ok && !m.Removed {
				token = after
			}
		}
	}
	return token
}

// Wherever the process dies between the link and the told sign-in, the device is active once, and the chat has heard of it.
func TestSignInCrashes(t *testing.T) {
	first, second := device.HashOf("first"), device.HashOf("second")
	dialogtest.CrashPoints(t, world, func(s *dialogtest.Script) {
		s.Command("/web")
		token := linkIn(s)
		s.Send(device.SigningIn("bot", "chat:1", token, "form", first))
		s.Redeliver()
		s.Send(device.SigningIn("bot", "chat:1", token, "another form", second))
		told := func(m dialogtest.Message) bool {
			return strings.Contains(dialog.Plain(m.Card.Question), "Firefox on Linux was signed in as you")
		}
		if !slices.ContainsFunc(s.Chat().Messages("1"), told) {
			t.Errorf("the chat was not told:\n%s", s.Transcript())
		}
	})
}

// Wherever the process dies while all links are dropped, no row of a device is left. An active device differs by its message alone,
// which stays in the chat: it says what happened.
func TestSignOutCrashes(t *testing.T) {
	dialogtest.CrashPoints(t, world, func(s *dialogtest.Script) {
		s.Command("/web")
		s.Command("/devices")
		s.Tap("out:all")
		s.Expect("You are signed out everywhere but in this chat")
	})
}
