package terminal

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
)

type order struct {
	Size  string `json:"size"`
	Count int    `json:"count"`
	Name  string `json:"name"`
}

func orders() dialog.Flow {
	return form.Form[order]{
		Name: "pizza", Version: 1, Review: true,
		Questions: []form.Question[order]{
			form.Choose("size", "What size?", func(o *order) *string { return &o.Size }, "small", "large"),
			form.Number("count", "How many?", func(o *order) *int { return &o.Count }, form.Between(1, 20)),
			form.Text("name", "For whom?", func(o *order) *string { return &o.Name }, form.Length(2, 50)),
		},
		Submit: func(o order, _ *dialog.Turn) string { return "Coming, " + o.Name },
	}
}

// session runs the lines through a terminal and returns what it printed.
func session(t *testing.T, store dialog.Store, lines ...string) string {
	t.Helper()
	e, err := dialog.New(store, dialog.Config{}, orders())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	var out bytes.Buffer
	if err := Run(context.Background(), e, strings.NewReader(strings.Join(lines, "\n")+"\n"), &out, "tty:me"); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

func inOrder(t *testing.T, got string, want ...string) {
	t.Helper()
	rest := got
	for _, w := range want {
		_, after, ok := strings.Cut(rest, w)
		if !ok {
			t.Fatalf("no %q in the rest of\n%s", w, got)
		}
		rest = after
	}
}

func TestConversation(t *testing.T) {
	store := dialog.NewMemory()
	out := session(t, store, "/create", "b", "A)", "a ", "2", "Аня \x1b[31m👩‍🎨")
	inOrder(t, out,
		"What size?\n", "a) small\nb) large\n", "c) Cancel\n> ",
		"Size  large\n", "How many?\n", "a) Back   b) Cancel\n",
		"What size?\n", "a) Keep large\n", // a was Back
		"How many?\n",
		"Count  2\n", // no button: numbers are answers
		"Name   Аня [31m👩‍🎨", "Is this right?\n",
	)
	if strings.ContainsAny(out, "\x1b\u2068\u2069") {
		t.Errorf("marks or escapes in %q", out)
	}
}

func TestSurvivesRestart(t *testing.T) {
	store := dialog.NewMemory()
	session(t, store, "/create", "large", "5")
	out := session(t, store, "Anna")
	inOrder(t, out, "Size   large", "Count  5", "For whom?", "Anna", "Is this right?")
	out = session(t, store, "/help")
	if !strings.Contains(out, "Is this right?") {
		t.Errorf("the conversation is lost:\n%s", out)
	}
}

// shaky is a store whose next commits fail.
type shaky struct {
	dialog.Store
	down int // commits that will still fail
}

func (s *shaky) Commit(ctx context.Context, b *dialog.Batch) (dialog.Committed, error) {
	if s.down > 0 && len(b.Writes) > 0 {
		s.down--
		return dialog.Committed{}, dialog.ErrUnavailable
	}
	return s.Store.Commit(ctx, b)
}

func TestNotSavedYet(t *testing.T) {
	out := session(t, &shaky{Store: dialog.NewMemory(), down: 2}, "/create", "", "")
	inOrder(t, out, "Not saved yet.", "Not saved yet.", "What size?")
}

func TestEndsWithContext(t *testing.T) {
	e, err := dialog.New(dialog.NewMemory(), dialog.Config{}, orders())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := Run(ctx, e, r, io.Discard, "tty:me"); err != nil {
		t.Fatal(err)
	}
}

// A letter presses a button only if the card has that button, and never after a
// space.
func TestLetters(t *testing.T) {
	out := session(t, dialog.NewMemory(), "/create", "large", "20", " a", "x", " ab")
	inOrder(t, out, "For whom?", "For whom?", "For whom?", "Name   ab")
	for n, want := range map[int]string{0: "a", 25: "z", 26: "aa", 51: "az", 52: "ba", 701: "zz", 702: "aaa"} {
		if got := letters(n); got != want {
			t.Errorf("button %d is %q, want %q", n, got, want)
		}
	}
}

// The terminal shows another process's commit by itself.
func TestLooksAgain(t *testing.T) {
	store := dialog.NewMemory()
	flow := waiting{}
	mine, err := dialog.New(store, dialog.Config{}, flow)
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close(context.Background())
	other, err := dialog.New(store, dialog.Config{}, flow)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	in, w := io.Pipe()
	defer w.Close()
	out := &shared{}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- Run(ctx, mine, in, out, "tty:me") }()
	if _, err := io.WriteString(w, "begin\n"); err != nil {
		t.Fatal(err)
	}
	out.await(ctx, t, "said: begin")
	if _, err := other.Handle(ctx, dialog.Input{ID: "1", Kind: dialog.KindText, Owner: "tty:me", Text: "from elsewhere"}); err != nil {
		t.Fatal(err)
	}
	out.await(ctx, t, "said: from elsewhere")
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What a timer or an effect says shows between the prompts.
func TestTimersShow(t *testing.T) {
	flow := orders().(form.Form[order])
	flow.Wake = func(order, string, *dialog.Turn) string { return "Has it arrived?" }
	flow.Effects = dialog.Effects{"bake": dialog.EffectResult(func(context.Context, any, string) (string, error) { return "an hour", nil })}
	flow.Result = func(_ *order, r form.Result, _ *dialog.Turn) string {
		var took string
		if err := r.Value(&took); err != nil {
			return err.Error()
		}
		return "It took " + took
	}
	for want, ask := range map[string]func(t *dialog.Turn){
		"Has it arrived?": func(t *dialog.Turn) { t.Wake("arrived?", time.Millisecond) },
		"It took an hour": func(t *dialog.Turn) { t.Do("bake", nil) },
	} {
		flow.Submit = func(_ order, t *dialog.Turn) string { ask(t); return "Coming" }
		e, err := dialog.New(dialog.NewMemory(), dialog.Config{}, flow)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		swept, done := make(chan struct{}), make(chan error, 1)
		go func() { defer close(swept); _ = e.Run(ctx) }()
		in, w := io.Pipe()
		out := &shared{}
		go func() { done <- Run(ctx, e, in, out, "tty:me") }()
		if _, err := io.WriteString(w, "/create\nlarge\n2\nAnna\n/confirm\n"); err != nil {
			t.Fatal(err)
		}
		out.await(ctx, t, want)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		<-swept
		w.Close()
		e.Close(context.Background())
	}
}

// waiting is a conversation that others change.
type waiting struct{}

func (waiting) FlowName() string { return "waiting" }

func (waiting) Decide(t *dialog.Turn) {
	t.Record.Step, t.Record.Open = "waiting", t.Input.Text
	t.Applied()
}

func (waiting) Render(r *dialog.Record, _ dialog.View) dialog.Card {
	return dialog.Card{Question: "said: " + r.Open}
}

// shared is a terminal's output, readable during the run.
type shared struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *shared) await(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	for ctx.Err() == nil {
		s.mu.Lock()
		got := s.b.String()
		s.mu.Unlock()
		if strings.Contains(got, text) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("no %q in\n%s", text, &s.b)
}
