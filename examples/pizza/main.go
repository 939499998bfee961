// Command pizza is a whole bot in a page of code: three questions, a ticket
// printed once, and a timer. Kill it at any moment and continue where you were.
//
//	go run ./examples/pizza                        # in this terminal
//	go run ./examples/pizza -listen 127.0.0.1:8081 # in the browser
//	PIZZA_TOKEN=… go run ./examples/pizza          # on Telegram
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/lockbay/lockbay/dialog"
	"github.com/lockbay/lockbay/dialog/form"
	"github.com/lockbay/lockbay/dialog/sqlitestore"
	"github.com/lockbay/lockbay/dialog/telegram"
	"github.com/lockbay/lockbay/dialog/terminal"
	"github.com/lockbay/lockbay/dialog/web"
)

// Order is the draft: plain data, saved with every answer.
type Order struct {
	Size    string `json:"size"`
	Count   int    `json:"count"`
	Address string `json:"address"`
}

var pizza = form.Form[Order]{
	Name: "pizza", Version: 1, Review: true,
	Questions: []form.Question[Order]{
		form.Choose("size", "What size?", func(o *Order) *string { return &o.Size }, "small", "medium", "large"),
		form.Number("count", "How many?", func(o *Order) *int { return &o.Count }, form.Between(1, 20)),
		form.Text("address", "Where to?", func(o *Order) *string { return &o.Address }, form.Length(5, 200)),
	},
	Submit: func(o Order, t *dialog.Turn) string { // pure
		t.Do("print", o)                   // after the commit, until it has succeeded
		t.Wake("arrived?", 40*time.Minute) // a timer that survives everything
		return fmt.Sprintf("%d %s for %s: coming!", o.Count, o.Size, o.Address)
	},
	Wake:    func(Order, string, *dialog.Turn) string { return "Has it arrived?" },
	Effects: dialog.Effects{"print": dialog.Effect(printTicket)},
	Extra:   shareOne, // /two: see two.go
}

// printTicket may run again after a crash, with the same key.
func printTicket(_ context.Context, o Order, key string) error {
	_, err := fmt.Fprintf(os.Stderr, "[ticket %s] %d %s\n", key, o.Count, o.Size)
	return err
}

func main() {
	file := flag.String("db", "pizza.db", "SQLite file")
	listen := flag.String("listen", "", "serve a page at this address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, *listen, os.Getenv("PIZZA_TOKEN")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, file, listen, token string) error {
	store, err := sqlitestore.Open(ctx, file)
	if err != nil {
		return err
	}
	defer store.Close()
	bot, err := open(store, dialog.Config{Bot: "pizza"})
	if err != nil {
		return err
	}
	defer bot.Close(context.WithoutCancel(ctx))
	ctx, stop := context.WithCancel(ctx) // the channel may end first: by Ctrl+D
	swept := make(chan struct{})
	go func() { defer close(swept); _ = bot.Run(ctx) }() // timers, and what a crash left undone
	defer func() { stop(); <-swept }()
	switch {
	case token != "":
		channel := telegram.New(telegram.Config{Engine: bot, Token: token})
		bot.Attach(channel)
		return channel.Run(ctx)
	case listen != "":
		return web.Run(ctx, bot, listen)
	default:
		return terminal.Run(ctx, bot, os.Stdin, os.Stdout, "tty:me")
	}
}
