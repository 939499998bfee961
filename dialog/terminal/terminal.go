// Package terminal is a channel at your own terminal: it prints the card, reads
// a line, and prints the card again. It is made for trials and demos; answers
// are as safe as on any other channel.
package terminal

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/lockbay/lockbay/dialog"
)

// lineMax is the longest input line, in bytes.
const lineMax = 1 << 20

// Terminal is one person at one terminal. The zero value of every field but
// Engine and Owner works.
type Terminal struct {
	Engine *dialog.Engine
	Owner  string       // of the conversation, tty:USER
	In     io.Reader    // defaults to os.Stdin
	Out    io.Writer    // defaults to os.Stdout
	Lang   string       // BCP 47. Defaults to the default language of Words
	Words  dialog.Words // short answers to buttons. Defaults to those of the flows
	Width  int          // columns of a line. Defaults to the terminal's; other output is not wrapped

	color   bool
	columns int    // of a line; 0: lines are not wrapped
	session string // makes input ids unique
	lines   int
	taps    []dialog.Input // inputs of the buttons, by letter

	own   dialog.Key           // the person's own conversation
	shown map[dialog.Key]int64 // version of the last printed card
	key   dialog.Key           // of the last printed card
}

// lookEvery is how often a card is looked at: timers, effects, operators and other
// devices change it.
const lookEvery = 2 * time.Second

// Run holds a conversation until in or ctx ends. What timers and effects change is shown
// between the prompts, while Engine.Run fires the timers.
func Run(ctx context.Context, engine *dialog.Engine, in io.Reader, out io.Writer, owner string) error {
	return (&Terminal{Engine: engine, In: in, Out: out, Owner: owner}).Run(ctx)
}

// Run holds a conversation until In or ctx ends. When ctx ends first, one
// pending read of In stays behind.
func (t *Terminal) Run(ctx context.Context) error {
	if t.In == nil {
		t.In = os.Stdin
	}
	if t.Out == nil {
		t.Out = os.Stdout
	}
	if f, ok := t.Out.(*os.File); ok {
		t.color = os.Getenv("NO_COLOR") == "" && term.IsTerminal(int(f.Fd()))
	}
	t.session = rand.Text()
	t.own = t.Engine.Route(&dialog.Input{Owner: t.Owner})
	rec, _, err := t.Engine.Hydrate(ctx, t.own)
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	t.measure()
	t.print(dim, "A letter presses its button, everything else is an answer or a /command. Ctrl+D leaves.")
	t.show(ctx, rec)
	lines, failed := t.read(ctx)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var open *dialog.Input // input without a commit
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(t.Out) // end the line of the prompt
			return nil
		case <-look.C:
			t.look(ctx)
		case line, ok := <-lines:
			if !ok {
				fmt.Fprintln(t.Out)
				return <-failed
			}
			in, ok := t.input(line)
			if !ok && open == nil {
				continue
			}
			if ok {
				open = &in
			}
			out, err := t.Engine.Handle(ctx, *open)
			if err != nil {
				if !errors.Is(err, dialog.ErrUnavailable) && !errors.Is(err, dialog.ErrSchemaNewer) {
					return fmt.Errorf("terminal: %w", err)
				}
				t.print(red, "Not saved yet. Press Enter to try again, or answer anew.")
				continue
			}
			open = nil
			if s := t.Engine.TextLine(dialog.View{Lang: t.Lang, Now: t.Engine.Now(), Zone: t.Engine.Zone()}, t.Words, out.Toast); s != "" {
				t.print(dim, s)
			}
			if out.Record != nil {
				t.show(ctx, out.Record)
			}
		}
	}
}

// look prints a card that has changed: of the conversation that was printed last, and of
// the person's own. While the store is away, the next look tries again.
func (t *Terminal) look(ctx context.Context) {
	keys := []dialog.Key{t.key}
	if t.own != t.key {
		keys = append(keys, t.own)
	}
	for _, key := range keys {
		head, err := t.Engine.Peek(ctx, key)
		if err != nil || head.Version <= t.shown[key] {
			continue
		}
		r, _, err := t.Engine.Hydrate(ctx, key)
		if err != nil {
			continue
		}
		r, _ = r.AsOf(t.Owner)
		if r.Card <= t.shown[key] {
			t.shown[key] = r.Version // nothing that is to be seen
			continue
		}
		fmt.Fprintln(t.Out)
		t.show(ctx, r)
	}
}

// read reads lines in a goroutine, so that ctx can end the loop.
func (t *Terminal) read(ctx context.Context) (<-chan string, <-chan error) {
	lines, failed := make(chan string), make(chan error, 1)
	go func() {
		defer close(lines)
		s := bufio.NewScanner(t.In)
		s.Buffer(make([]byte, 0, 4096), lineMax)
		for s.Scan() {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				failed <- nil
				return
			}
		}
		failed <- s.Err()
	}()
	return lines, failed
}

// input parses a line: the letter of a button, a command, or an answer. Numbers
// are answers. A space before a letter makes an answer, too.
func (t *Terminal) input(line string) (in dialog.Input, ok bool) {
	text := strings.TrimSpace(line)
	if text == "" {
		return in, false
	}
	if n := t.pressed(strings.TrimRight(line, " \r\t")); n >= 0 {
		in = t.taps[n]
	} else if name, arg, _ := strings.Cut(text, " "); len(name) > 1 && name[0] == '/' && !strings.ContainsRune(name[1:], '/') {
		in.Kind, in.Name, in.Text = dialog.KindCommand, strings.ToLower(name[1:]), strings.TrimSpace(arg)
	} else {
		in.Kind, in.Text = dialog.KindText, text
	}
	t.lines++
	in.ID = "l:" + t.session + ":" + strconv.Itoa(t.lines)
	in.Owner = t.Owner
	in.Place = dialog.Place{Channel: "tty", Address: t.Owner, Lang: t.Lang}
	return in, true
}
