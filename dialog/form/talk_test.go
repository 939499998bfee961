package form_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lockbay/lockbay/dialog"
)

// talk sends lines to a bot, one after another, and prints the cards.
type talk struct {
	bot *dialog.Engine
	now time.Time
	n   int
	rec *dialog.Record
}

func newTalk(store *dialog.Memory, flows ...dialog.Flow) *talk {
	k := &talk{now: time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)}
	store.SetNow(func() time.Time { return k.now })
	bot, err := dialog.New(store, dialog.Config{Now: func() time.Time { return k.now }}, flows...)
	if err != nil {
		panic(err)
	}
	k.bot = bot
	return k
}

func (k *talk) say(line string) {
	k.n++
	in := dialog.Input{ID: fmt.Sprint(k.n), Kind: dialog.KindText, Owner: "tty:ann", Text: line}
	if name, ok := strings.CutPrefix(line, "/"); ok {
		in.Kind, in.Name, in.Text = dialog.KindCommand, name, ""
	}
	out, err := k.bot.Handle(context.Background(), in)
	if err != nil {
		panic(err)
	}
	k.rec = out.Record
	k.show()
}

func (k *talk) show() {
	c := k.bot.Render(k.rec, dialog.View{})
	switch {
	case c.Refusal != "":
		fmt.Println("!", c.Refusal)
	case c.Band != nil:
		fmt.Println("*", strings.TrimSpace(c.Band.Strong+" "+c.Band.Text))
	}
	fmt.Println(c.Question)
}
