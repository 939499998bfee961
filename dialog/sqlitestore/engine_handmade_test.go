package sqlitestore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// words is a flow whose draft is what was typed.
type words struct{}

func (words) FlowName() string { return "words" }

func (words) Decide(t *dialog.Turn) {
	if t.Input.Kind == dialog.KindWake {
		t.Say("woken", nil)
		return
	}
	t.Record.Step, t.Record.Draft = "open", "d"
	t.Record.Answers = append([]byte(string(t.Record.Answers)), t.Input.Text+" "...)
	t.Wake("later", time.Hour)
	t.Applied()
}

func (words) Render(*dialog.Record, dialog.View) dialog.Card { return dialog.Card{} }

// An operator's json_set costs nobody an answer or a timer, and rows that cannot be read
// hold up no timer of others.
func TestEngineWithHandmadeRows(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	told := 0
	s := openAt(t, filepath.Join(t.TempDir(), "test.db"), WithNow(clock), WithTrouble(func(string, error) { told++ }))
	bot, err := dialog.New(s, dialog.Config{Now: clock}, words{})
	must(t, err)
	defer bot.Close(t.Context())
	n := 0
	say := func(who, text string) (dialog.Outcome, error) {
		n++
		return bot.Handle(t.Context(), dialog.Input{ID: fmt.Sprint(n), Kind: dialog.KindText, Owner: who, Text: text})
	}
	for _, who := range []string{"a", "b", "c"} {
		_, err := say(who, "one")
		must(t, err)
	}
	s.sql(t, `update conversations set answers = cast(answers as text), state = json_set(state, '$.x1', 2), seen = cast(seen as text)`)
	s.sql(t, `update conversations set owner = x'00' where key = 'bot:words:b'`)
	s.sql(t, `insert into conversations (key, owner, conversation_state, draft_id, version, tag, draft_tag, revision, schema, format, draft_at, due)
		values ('oops', '', '', '', 1, 1, 1, 1, 1, 1, 0, 1)`)
	bot.Evict()
	out, err := say("a", "two")
	must(t, err)
	if got := string(out.Record.Answers); got != "one two " {
		t.Errorf("answers %q", got)
	}
	for range 100 { // for longer than the sender is told to come again
		if out, err = say("b", "two"); err == nil {
			break
		}
		now, n = now.Add(time.Second), n-1
	}
	if err != nil || out.Did != dialog.DidPark {
		t.Errorf("the person of a row that cannot be read: %v, %v", out.Did, err)
	}
	now = now.Add(2 * time.Hour)
	for range 3 {
		_, err = bot.Sweep(t.Context(), 0)
		must(t, err)
	}
	for _, who := range []string{"a", "c"} {
		r, _, err := bot.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: "words", ID: who})
		if err != nil || r.Said == nil || r.Said.Code != "woken" {
			t.Errorf("the timer of %s: %+v, %v", who, r.Said, err)
		}
	}
	if told != 2 {
		t.Errorf("%d rows were told, want 2", told)
	}
}
