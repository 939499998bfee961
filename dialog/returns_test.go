package dialog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// errands is a flow that asks for the effect that is typed.
type errands struct {
	effects dialog.Effects
	heard   func(in dialog.Input)
}

func (errands) FlowName() string              { return "errands" }
func (e errands) EffectFuncs() dialog.Effects { return e.effects }
func (e errands) Decide(t *dialog.Turn)       { e.decide(t) }
func (errands) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: r.Step}
}

func (e errands) decide(t *dialog.Turn) {
	switch in := t.Input; in.Kind {
	case dialog.KindText:
		t.Record.Draft = "draft"
		t.Do(in.Text, "argument")
	case dialog.KindResult:
		e.heard(*in)
	}
}

// TestEffectEnds: an effect gives back a value, or the text of an error that no retry
// will mend, within 4 KiB.
func TestEffectEnds(t *testing.T) {
	big := strings.Repeat("é", 3000)
	effects := dialog.Effects{
		"nothing": dialog.Effect(func(context.Context, string, string) error { return nil }),
		"value": dialog.EffectResult(func(_ context.Context, arg, _ string) (map[string]string, error) {
			return map[string]string{"got": arg}, nil
		}),
		"failed": dialog.EffectResult(func(context.Context, string, string) (int, error) { return 0, dialog.Forever(errors.New("sold out")) }),
		"wrapped": func(context.Context, *dialog.Record, json.RawMessage, string) error {
			return fmt.Errorf("book: %w", dialog.Forever(errors.New("sold out")))
		},
		"returned": func(context.Context, *dialog.Record, json.RawMessage, string) error { return dialog.Returns(7) },
		"big":      dialog.EffectResult(func(context.Context, string, string) (string, error) { return big, nil }),
		"long":     dialog.Effect(func(context.Context, string, string) error { return dialog.Forever(errors.New(big)) }),
		"func":     dialog.EffectResult(func(context.Context, string, string) (any, error) { return func() {}, nil }),
		"argument": dialog.Effect(func(context.Context, int, string) error { return nil }),
	}
	for name, want := range map[string]struct {
		failed bool
		text   string // its beginning
	}{
		"nothing": {false, ""}, "value": {false, `{"got":"argument"}`}, "failed": {true, "sold out"}, "wrapped": {true, "book: sold out"},
		"returned": {false, "7"}, "big": {true, "the effect returns 6002 bytes of JSON"}, "long": {true, "éééé"}, "func": {true, "json: unsupported type"}, "argument": {true, "json: cannot unmarshal"},
	} {
		heard := make(chan dialog.Input, 1)
		cfg := dialog.Config{Recorder: dialog.Recorder{Trouble: func(string, error) {}}}
		bot, err := dialog.New(dialog.NewMemory(), cfg, errands{effects, func(in dialog.Input) { heard <- in }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bot.Handle(t.Context(), dialog.Input{ID: "1", Kind: dialog.KindText, Owner: "tty:ann", Text: name}); err != nil {
			t.Fatal(err)
		}
		select {
		case in := <-heard:
			text := in.Text
			if want.failed {
				text = in.Error
			}
			if (in.Text == dialog.FailedText) != want.failed || !strings.HasPrefix(text, want.text) || want.text == "" && text != "" || len(text) > 4096 || in.Name != name {
				t.Errorf("%s ends as %+v, want %+v", name, in, want)
			}
			if draft, _, _ := strings.Cut(in.Value, "."); draft != "draft" {
				t.Errorf("the key of %s is %q", name, in.Value)
			}
		case <-time.After(patience):
			t.Errorf("%s does not end", name)
		}
		_ = bot.Close(context.Background())
	}
}

// TestMisspeltEffect: an effect that its flow does not have is a defect of the turn. The
// turn is not committed, also where it starts another conversation, and is told at once.
func TestMisspeltEffect(t *testing.T) {
	var mu sync.Mutex
	var told []string
	cfg := dialog.Config{Recorder: dialog.Recorder{Trouble: func(what string, err error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, what+": "+err.Error())
	}}}
	for _, flow := range []dialog.Flow{errands{}, errands{effects: dialog.Effects{"print": func(context.Context, *dialog.Record, json.RawMessage, string) error { return nil }}}} {
		told = nil
		bot, err := dialog.New(dialog.NewMemory(), cfg, flow)
		if err != nil {
			t.Fatal(err)
		}
		_, err = bot.Handle(t.Context(), dialog.Input{ID: "1", Kind: dialog.KindText, Owner: "tty:ann", Text: "pirnt"})
		rec, _, _ := bot.Hydrate(t.Context(), dialog.Key{Bot: "bot", Flow: "errands", ID: "tty:ann"})
		mu.Lock()
		if !errors.Is(err, dialog.ErrSchemaNewer) || rec.Version != 0 || len(told) != 1 || !strings.Contains(told[0], `no effect "pirnt"`) {
			t.Errorf("%v, version %d, told %q", err, rec.Version, told)
		}
		mu.Unlock()
		_ = bot.Close(context.Background())
	}
}

// TestTroubleIsLogged: without a Recorder, an effect that fails is a line of the log.
func TestTroubleIsLogged(t *testing.T) {
	was := slog.Default()
	t.Cleanup(func() { slog.SetDefault(was) })
	out := &syncBuffer{}
	slog.SetDefault(slog.New(slog.NewTextHandler(out, nil)))
	bot, err := dialog.New(dialog.NewMemory(), dialog.Config{}, errands{effects: dialog.Effects{"print": dialog.Effect(func(context.Context, string, string) error { return errors.New("no paper") })}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bot.Close(context.Background()) }()
	if _, err := bot.Handle(t.Context(), dialog.Input{ID: "1", Kind: dialog.KindText, Owner: "tty:ann", Text: "print"}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); !strings.Contains(out.String(), `what="effect print" error="no paper"`); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the log has %q", out)
		}
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
