// Package terminal holds the conversations of a dialog engine where you sit: it
// prints the card, takes a line, and prints the card again. It is made for
// trying and for demos; what is answered is as safe as on any other channel.
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

	"golang.org/x/term"

	"github.com/lockbay/lockbay/dialog"
)

// lineMax is the longest line that is read, in bytes.
const lineMax = 1 << 20

// Terminal is one person at one terminal. The zero value of every field but
// Engine and Owner works.
type Terminal struct {
	Engine *dialog.Engine
	Owner  string       // whose conversation it is, tty:USER
	In     io.Reader    // defaults to os.Stdin
	Out    io.Writer    // defaults to os.Stdout
	Lang   string       // BCP 47. Defaults to the engine's own English
	Words  dialog.Words // of the short answers to buttons. Defaults to plain English

	color   bool
	session string // makes input ids unique
	lines   int
	taps    []dialog.Input // what the numbers do
}

// Run holds a conversation until in or ctx ends.
func Run(ctx context.Context, engine *dialog.Engine, in io.Reader, out io.Writer, owner string) error {
	return (&Terminal{Engine: engine, In: in, Out: out, Owner: owner}).Run(ctx)
}

// Run holds a conversation until In or ctx ends. When ctx ends first, one read
// of In is left behind.
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
	rec, _, err := t.Engine.Hydrate(ctx, t.Engine.Route(&dialog.Input{Owner: t.Owner}))
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	t.show(ctx, rec)
	lines, failed := t.read(ctx)
	var open *dialog.Input // was not committed yet
	for {
		select {
		case <-ctx.Done():
			return nil
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
			if s := t.Words.Text(dialog.View{Lang: t.Lang, Now: t.Engine.Now(), Zone: t.Engine.Zone()}, out.Toast); s != "" {
				t.print(dim, s)
			}
			if out.Record != nil {
				t.show(ctx, out.Record)
			}
		}
	}
}

// read reads lines beside the loop, so that ctx can end it.
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

// input understands a line: the number of a button, a command, or an answer. A
// space before a number makes it an answer.
func (t *Terminal) input(line string) (in dialog.Input, ok bool) {
	text := strings.TrimSpace(line)
	if text == "" {
		return in, false
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimRight(line, " \r\t"), ")")); err == nil && n >= 1 && n <= len(t.taps) {
		in = t.taps[n-1]
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
