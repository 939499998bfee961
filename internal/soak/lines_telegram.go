package soak

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

var ofTelegram = []string{"database", "hybrid", "lightweight"}

func telegramLines() []*line {
	return []*line{
		{name: "Telegram: 429 storms", modes: ofTelegram, trouble: func(ctx context.Context, w *world) {
			w.calls(ctx, 40, telegramtest.TooManyRequests(1))
		}},
		{name: "Telegram: errors 500 and 502", modes: ofTelegram, trouble: func(ctx context.Context, w *world) {
			w.calls(ctx, 30, telegramtest.InternalError(), telegramtest.BadGateway(), telegramtest.Dropped())
		}},
		{name: "Telegram: done, but the answer is lost", modes: ofTelegram, trouble: func(ctx context.Context, w *world) {
			w.calls(ctx, 30, telegramtest.LostAnswer())
		}},
		{name: "Telegram: answers late and out of order", modes: ofTelegram, trouble: func(ctx context.Context, w *world) {
			w.calls(ctx, 40, telegramtest.Late(50*time.Millisecond), telegramtest.Late(300*time.Millisecond), telegramtest.Late(time.Second))
		}},
		{name: "Telegram: edits and removals refused", modes: ofTelegram, trouble: func(ctx context.Context, w *world) {
			w.calls(ctx, 40, telegramtest.Refused("message can't be edited"), telegramtest.Refused("message can't be deleted for everyone"))
		}},
		{name: "people block and unblock the bot", modes: ofTelegram, blocks: true},
		{name: "Telegram: answers lost, two instances, one killed", modes: []string{"database", "hybrid"}, instances: 2, trouble: func(ctx context.Context, w *world) {
			together(func() { killing(ctx, w) }, func() { w.calls(ctx, 20, telegramtest.LostAnswer(), telegramtest.Late(200*time.Millisecond)) })
		}},
	}
}

// calls lets that percentage of calls fail until ctx ends.
func (w *world) calls(ctx context.Context, percent int, faults ...telegramtest.Fault) {
	for _, f := range faults {
		f.Match = func(telegramtest.Call) bool {
			if rand.IntN(100) >= max(percent/len(faults), 1) { // #nosec G404 -- not a secret
				return false
			}
			w.struck()
			return true
		}
		defer w.api.FailAlways("", f)()
	}
	pause(ctx, time.Until(w.until))
}

// inputLines are inputs that arrive twice, late or out of order.
func inputLines() []*line {
	change := map[string]string{"lightweight": ofInstance}
	return []*line{
		{name: "inputs doubled, late, out of order", copies: true},
		{name: "the same on two instances", copies: true, instances: 2, loses: change},
		{name: "the same on two instances, one killed", copies: true, instances: 2, loses: change, trouble: killing},
		{name: "two devices answer at once", devices: true, copies: true, instances: 2, loses: change},
	}
}
