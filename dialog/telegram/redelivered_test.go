package telegram

import (
	"testing"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/telegram/telegramtest"
)

// The process dies after it handled 40 messages of one person and before it
// confirmed them: the next process receives all of them again and applies none.
func TestBacklogComesAgain(t *testing.T) {
	t.Parallel()
	r := start(t, false, nil)
	updates := []telegramtest.Update{r.anna.Say("/start"), r.anna.Say("Anna")}
	for range 38 {
		updates = append(updates, r.anna.Say("green"))
	}
	handled := func() bool { return len(r.Pending()) == 0 && len(r.rows()) == 0 }
	r.eventually("all is confirmed", handled)
	r.settled()
	r.end()
	before := r.record()
	for _, u := range updates {
		r.Redeliver(u)
	}
	r.bot(false, nil)
	r.eventually("all is confirmed again", handled)
	if after := r.record(); after.Stamp() != before.Stamp() || after.Draft != before.Draft {
		t.Errorf("version %d of draft %s has become %d of %s", before.Version, before.Draft, after.Version, after.Draft)
	}
}

// A new token belongs to another bot, which counts its messages from 1.
func TestNewToken(t *testing.T) {
	mem := dialog.NewMemory()
	first := bare(t, mem, nil)
	for n := range int64(50) {
		post(first, secret, text(n, 1+n, "/start"))
	}
	second := bare(t, mem, func(c *Config) { c.Token = "2:T" })
	post(second, secret, text(9, 1, "Beth"))
	row, err := mem.Load(t.Context(), dialog.Key{Bot: "bot", Flow: "quiz", ID: "tg:1000001"})
	if err != nil || string(row.Answers) != "Beth" {
		t.Errorf("the first message of the new token is not heard: %q, %v", row.Answers, err)
	}
}
