package terminal

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

type order struct {
	Size  string `json:"size"`
	Count int    `json:"count"`
	Name  string `json:"name"`
}

func form() dialog.Flow {
	return dialog.Form[order]{
		Name: "pizza", Version: 1, Review: true,
		Questions: []dialog.Question[order]{
			dialog.Choose("size", "What size?", func(o *order) *string { return &o.Size }, "small", "large"),
			dialog.Number("count", "How many?", func(o *order) *int { return &o.Count }, dialog.Between(1, 20)),
			dialog.Text("name", "For whom?", func(o *order) *string { return &o.Name }, dialog.Length(2, 50)),
		},
		Submit: func(o order, _ *dialog.Turn) string { return "Coming, " + o.Name },
	}
}

// session runs the lines through a terminal and returns what it printed.
func session(t *testing.T, store dialog.Store, lines ...string) string {
	t.Helper()
	e, err := dialog.New(store, dialog.Config{}, form())
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
	out := session(t, store, "/create", "2", "1", "1", " 2", "Аня \x1b[31m👩‍🎨")
	inOrder(t, out,
		"What size?\n", "1) small\n2) large\n", ") Cancel\n> ",
		"size: large\n", "How many?\n", "1) Back\n",
		"What size?\n", "1) Keep large\n", // 1 was Back
		"How many?\n",
		"count: 2\n", // with a space it is an answer
		"name: Аня [31m👩‍🎨\n", "Is this right?\n",
	)
	if strings.ContainsAny(out, "\x1b\u2068\u2069") {
		t.Errorf("marks or escapes in %q", out)
	}
}

func TestSurvivesRestart(t *testing.T) {
	store := dialog.NewMemory()
	session(t, store, "/create", "large", " 5")
	out := session(t, store, "Anna")
	inOrder(t, out, "size: large", "count: 5", "For whom?", "Anna", "Is this right?")
	out = session(t, store, "/help")
	if !strings.Contains(out, "Is this right?") {
		t.Errorf("the conversation is gone:\n%s", out)
	}
}

// shaky is a store that is away while down is set.
type shaky struct {
	dialog.Store
	down int // so many commits fail
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
	e, err := dialog.New(dialog.NewMemory(), dialog.Config{}, form())
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
