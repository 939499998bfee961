package dialog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/dialogtest"
	"github.com/lockbay/lockbay/dialog/form"
)

// essay is a draft of long texts.
type essay struct{ A, B, C, D string }

// wide is a form whose answers, effects, timers and notices are as large as they may be.
func wide(done *bool) form.Form[essay] {
	long := form.Length(1, dialog.TextMost)
	return form.Form[essay]{Name: "essay", Version: 1, Review: true,
		Questions: []form.Question[essay]{
			form.Text("a", "First?", func(d *essay) *string { return &d.A }, long),
			form.Text("b", "Second?", func(d *essay) *string { return &d.B }, long),
			form.Text("c", "Third?", func(d *essay) *string { return &d.C }, long),
			form.Text("d", "Last?", func(d *essay) *string { return &d.D }, long),
		},
		Submit: func(_ essay, t *dialog.Turn) string {
			t.Wake("arrived", time.Hour)
			if len(t.Record.Pending) == 0 {
				t.Do("print", strings.Repeat("x", 15<<10))
			}
			return strings.Repeat("thanks ", 500)
		},
		Wake: func(essay, string, *dialog.Turn) string { return strings.Repeat("arrived ", 1000) },
		Effects: dialog.Effects{"print": func(context.Context, *dialog.Record, json.RawMessage, string) error {
			if *done {
				return nil
			}
			return errors.New("no paper")
		}},
	}
}

// crowd is a person with more places than a record keeps, whose names are as long as the
// engine accepts.
type crowd struct {
	*testing.T
	r      *rand.Rand
	clock  *dialogtest.Clock
	memory *dialog.Memory
	bot    *dialog.Engine
	places []dialog.Place
	owner  string
	inputs int
	last   *dialog.Record
}

func newCrowd(t *testing.T, seed uint64) *crowd {
	c := &crowd{T: t, r: rand.New(rand.NewPCG(seed, 1)), clock: dialogtest.NewClock(time.Time{}), memory: dialog.NewMemory()}
	c.memory.SetNow(c.clock.Now)
	c.owner = c.name("o")
	for n := range 12 {
		c.places = append(c.places, dialog.Place{Channel: c.name("c"), Address: c.name(fmt.Sprint("a", n)), Thread: c.name("t"), Lang: strings.Repeat("l", 64), Push: c.r.IntN(2) == 0})
	}
	done := false
	bot, err := dialog.New(c.memory, dialog.Config{Now: c.clock.Now, Detached: true, Random: c.r.Uint64}, wide(&done))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close(context.Background()) })
	c.bot = bot
	return c
}

// name is as long as a name may be.
func (c *crowd) name(begins string) string { return begins + strings.Repeat("n", 256-len(begins)) }

func (c *crowd) key() dialog.Key { return dialog.Key{Bot: "bot", Flow: "essay", ID: c.owner} }

// typed is a text that costs up to six bytes a character.
func (c *crowd) typed() string {
	pieces := []string{"<", "\"", "\\", "\n", "\u2028", "😀", "é", "a"}
	piece := pieces[c.r.IntN(len(pieces))]
	return strings.Repeat(piece, 1+c.r.IntN(2*dialog.TextMost))
}

// next is a random input.
func (c *crowd) next() dialog.Input {
	c.inputs++
	in := dialog.Input{ID: fmt.Sprint(c.inputs), Owner: c.owner, Place: c.places[c.r.IntN(len(c.places))], Message: c.name("m"),
		Serial: dialog.Serial{Series: c.name(fmt.Sprint("s", c.r.IntN(5))), Number: 1<<50 + int64(c.inputs)<<20, Sent: c.clock.Now().Unix()}}
	actions := []string{"create", "restart", "continue", "undo", "back", "cancel", "confirm", "edit", "start", "resume"}
	switch n := c.r.IntN(10); {
	case n < 5:
		in.Kind, in.Text = dialog.KindText, c.typed()
	case n < 6:
		in.Kind, in.Name, in.Key = dialog.KindBlock, "blocked", c.key()
	default:
		in.Kind, in.Name, in.Message = dialog.KindCommand, actions[c.r.IntN(len(actions))], ""
		if in.Name == "edit" || in.Name == "create" {
			in.Value = string(rune('a' + c.r.IntN(4)))
		}
		if c.last != nil && c.r.IntN(4) > 0 {
			in.Kind, in.Bound, in.Draft, in.Revision = dialog.KindTap, true, c.last.Draft, c.last.Revision
		}
	}
	return in
}

// spoil makes the stored draft unreadable, and leaves its size.
func (c *crowd) spoil() {
	row, err := c.memory.Load(c.Context(), c.key())
	if err != nil || len(row.Answers) == 0 {
		return
	}
	before := row.Stamp()
	row.Answers = []byte(strings.Repeat("{", len(row.Answers)))
	row.Version, row.Tag = row.Version+1, row.Tag+1
	if _, err := c.memory.Commit(c.Context(), &dialog.Batch{Writes: []*dialog.Write{{Before: before, After: row}}}); err != nil {
		c.Fatal(err)
	}
	c.bot.Evict()
}

// size is what the row has in all its columns.
func (c *crowd) size() int {
	row, err := c.memory.Load(c.Context(), c.key())
	if errors.Is(err, dialog.ErrNotFound) {
		return 0
	}
	if err != nil {
		c.Fatal(err)
	}
	return len(row.Key.String()) + len(row.Owner) + len(row.Guest) + len(row.Draft) + len(row.Step) +
		len(row.Answers) + len(row.State) + len(row.Seen) + len(row.Shown)
}

// TestRowsStaySmall: whatever a person sends, each input is handled, and the row has at
// most 64 KiB.
func TestRowsStaySmall(t *testing.T) {
	largest := 0
	for seed := range uint64(20) {
		c := newCrowd(t, seed)
		for range 150 {
			if c.r.IntN(25) == 0 {
				c.spoil()
			}
			c.clock.Advance(time.Duration(c.r.IntN(20)) * time.Minute)
			in := c.next()
			out, err := c.bot.Handle(t.Context(), in)
			if err != nil || out.Did == dialog.DidPark {
				t.Fatalf("seed %d: %s %s with a row of %d bytes: %v, %v", seed, in.Kind, in.Name, c.size(), out.Did, err)
			}
			c.last = out.Record
			n := c.size()
			if largest = max(largest, n); n > 64<<10 {
				t.Fatalf("seed %d: after %s %s the row has %d bytes", seed, in.Kind, in.Name, n)
			}
		}
	}
	if largest < 56<<10 {
		t.Errorf("the largest row had %d bytes: no row was near the bound", largest)
	}
}
